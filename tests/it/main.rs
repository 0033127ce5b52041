//! Tests of the whole.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod console;
mod copies;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod days;
mod demo;
#[cfg(test)]
mod desk_of_text;
#[cfg(test)]
mod disk_faults;
#[cfg(test)]
mod disk_full;
#[cfg(test)]
mod draws;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod faulty_disk;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod hang_ups;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod journal_of_desk;
#[cfg(test)]
mod kannel;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod lacking;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod link_faults;
#[cfg(test)]
mod links;
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
mod office_days;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pdu;
#[cfg(test)]
mod pdus;
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
mod soak;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_layout;
#[cfg(test)]
mod store_model;
#[cfg(test)]
mod store_rows;
#[cfg(test)]
mod store_script;
mod strace;
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
