//! Tests of the whole.

#[cfg(test)]
mod desk_of_text;
#[cfg(test)]
mod scenarios;
