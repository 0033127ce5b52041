//! The link to a gateway, against a scripted peer that builds and reads its octets by itself.

mod bind;
mod ending;
mod inbound;
#[cfg(test)]
pub(crate) mod peer;
mod pressure;
mod reports;
mod submit;
mod timing;
mod traffic;
