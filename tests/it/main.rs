//! Tests of the whole.

#[cfg(test)]
mod answer_link;
#[cfg(test)]
mod binary;
#[cfg(test)]
pub(crate) mod chaos;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod console;
#[cfg(test)]
pub(crate) mod copies;
#[cfg(test)]
mod corpus;
#[cfg(test)]
pub(crate) mod damage;
#[cfg(test)]
mod days;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod desk_of_text;
#[cfg(test)]
pub(crate) mod disk_faults;
#[cfg(test)]
mod disk_full;
#[cfg(test)]
pub(crate) mod draws;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod enrolment;
#[cfg(test)]
mod faulty_disk;
#[cfg(test)]
mod fleet;
#[cfg(test)]
pub(crate) mod forgery;
#[cfg(test)]
mod gateways;
#[cfg(test)]
pub(crate) mod hang_ups;
#[cfg(test)]
mod intake;
#[cfg(test)]
pub(crate) mod journal;
#[cfg(test)]
mod journal_of_desk;
#[cfg(test)]
mod kannel;
#[cfg(test)]
pub(crate) mod kill;
#[cfg(test)]
mod lacking;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod link_faults;
#[cfg(test)]
pub(crate) mod links;
#[cfg(test)]
mod load;
#[cfg(test)]
mod log_pages;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod network;
#[cfg(test)]
mod office;
#[cfg(test)]
pub(crate) mod office_days;
#[cfg(test)]
mod page;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pdu;
#[cfg(test)]
pub(crate) mod pdus;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod port;
#[cfg(test)]
mod practice;
#[cfg(test)]
mod process;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod session;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod smsc;
#[cfg(test)]
pub(crate) mod soak;
#[cfg(test)]
pub(crate) mod socket;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_layout;
#[cfg(test)]
mod store_model;
#[cfg(test)]
pub(crate) mod store_rows;
#[cfg(test)]
mod store_script;
#[cfg(test)]
mod strace;
#[cfg(test)]
mod supply;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod two_gateways;
#[cfg(test)]
mod watch;
#[cfg(test)]
mod wiretap;
