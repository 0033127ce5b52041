//! The real binary and an SMSC over a line that delays, is cut in the middle of a PDU, closes by half, and stalls. Phones
//! repeat until they hold a receipt; in the end nothing is lost and nothing counts twice.

use std::time::Duration;

use super::fleet::Fleet;
use super::office::{Office, fast_configuration};
use super::wiretap::{Trouble, Wiretap};

const PHONES: u32 = 5;
/// Octets of a bind_transceiver_resp: the first that the SMSC says.
const BIND_RESP: usize = 21;
/// Octets of a deliver_sm with a check-in: fewer than any of them has, addresses included.
const DELIVER: usize = 100;

const TROUBLES: [Trouble; 6] = [
    Trouble::Delay(Duration::from_millis(30)),
    // In the length, the header and the text of the second deliver_sm.
    Trouble::CutFromSmsc(BIND_RESP + DELIVER + 40),
    // In the middle of what the desk answers.
    Trouble::CutFromEsme(39 + 17 + 60),
    Trouble::HalfClose(BIND_RESP + DELIVER + 7),
    Trouble::Stall(BIND_RESP + 2 * DELIVER),
    // Before the bind is answered.
    Trouble::CutFromSmsc(9),
];

#[test]
fn a_line_with_all_its_troubles_loses_and_doubles_nothing() {
    let office = Office::open();
    let line = Wiretap::with(office.smsc.port(), &TROUBLES);
    let configuration = fast_configuration(line.port());
    let quick = "max_per_second = 0\nenquire_link_s = 2\nresponse_timeout_s = 1";
    office.configure(&configuration.replacen("max_per_second = 0", quick, 1));
    let mut fleet = Fleet::new(office.staff(PHONES));
    let engine = office.serve();
    // The first round is delayed and goes through; then somebody cuts it, and the others follow.
    for round in 0..TROUBLES.len() {
        for phone in 0..fleet.phones.len() {
            fleet.check_in(&office.smsc, phone, "round and round", round % 2 == 1);
        }
        fleet.settle(&office.smsc);
        if round == 0 {
            office.smsc.drop_link();
        }
    }
    let feed = fleet.assert_nothing_lost_or_doubled(&office);
    let recorded = feed.iter().filter(|line| line["outcome"] == "recorded");
    assert_eq!(recorded.count(), fleet.sealed.len());
    fleet.assert_presence(&office);
    office.wait_linked();
    let told = office.json(&["link"]).remove(0);
    // All but the last, which was never bound.
    assert_eq!(told["drops"], TROUBLES.len() - 1);
    assert_eq!(line.connections(), TROUBLES.len() + 1);
    office.stop(engine);
}
