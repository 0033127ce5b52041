//! Tests of the whole.

#[cfg(test)]
mod desk_of_text;
#[cfg(test)]
mod faulty_disk;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_model;
