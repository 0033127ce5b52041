//! Tests that take long: `cargo test --test long`.

#[cfg(test)]
#[path = "../it/chaos/mod.rs"]
mod chaos;
#[cfg(test)]
#[path = "../it/draws.rs"]
mod draws;
#[cfg(test)]
#[path = "../it/fleet.rs"]
mod fleet;
#[cfg(test)]
#[path = "../it/loopback.rs"]
mod loopback;
#[cfg(test)]
#[path = "../it/office.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod office;
#[cfg(test)]
#[path = "../it/pdu.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod pdu;
#[cfg(test)]
#[path = "../it/phone.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod phone;
#[cfg(test)]
#[path = "../it/process.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod process;
#[cfg(test)]
#[path = "../it/screens/mod.rs"]
mod screens;

#[cfg(test)]
mod sizes;
#[cfg(test)]
#[path = "../it/smsc.rs"]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod smsc;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the gate use the rest")]
mod tls;
#[cfg(test)]
#[path = "../it/watch.rs"]
mod watch;

#[cfg(test)]
mod network;
