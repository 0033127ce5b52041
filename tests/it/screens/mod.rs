//! What a console looks like: whole screens, compared with how they looked when somebody looked at them.

pub(crate) mod fixture;
mod foreign;
mod morning;
pub(crate) mod shot;
mod snapshots;
pub(crate) mod sweep;
