//! Tests of the whole.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod console;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod days;
mod demo;
#[cfg(test)]
mod desk_of_text;
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
mod gateways;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod kannel;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod layers;
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
mod session;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod smsc;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_layout;
#[cfg(test)]
mod store_model;
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
