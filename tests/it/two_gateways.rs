//! The real binary at two gateways that bring the same messages, and of which one dies.

use std::io::{BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::office::{Office, now, stop};
use super::pdu::{Address, Submitted};
use super::phone::{Heard, Phone};
use super::smsc::{DESK, SOON, Sms, Smsc};

const OTHER: &str = "+989102211825";

/// A desk at two gateways, `first` and `second`, and a phone.
fn open() -> (Office, Smsc, Phone) {
    let office = Office::open();
    let (second, mut phones) = staff(&office, office.smsc.port(), 1);
    (office, second, phones.remove(0))
}

/// Puts a desk between a gateway at `first` and another one, with so many phones.
fn staff(office: &Office, first: u16, phones: u32) -> (Smsc, Vec<Phone>) {
    let second = Smsc::start();
    let gateway = |name: &str, port, source| {
        format!(
            "[[gateway]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {port}\nsystem_id = \"smppuser\"\n\
             password = \"secret\"\nsource_address = \"{source}\"\nenquire_link_s = 1\nresponse_timeout_s = 1\n\n"
        )
    };
    let text = [
        "[site]\nname = \"Head office\"\ntime_zone = \"Asia/Tehran\"\ncountry = \"IR\"\n\n",
        &gateway("first", first, DESK),
        &gateway("second", second.port(), OTHER),
        "[receipts]\nretry_after_s = [2]\nother_gateway_after_s = 1\n",
    ];
    office.configure(&text.concat());
    (second, office.staff(phones))
}

fn outcomes(office: &Office) -> Vec<String> {
    let lines = office.json(&["feed"]);
    let outcome = |line: &serde_json::Value| line["outcome"].as_str().unwrap().to_owned();
    lines.iter().map(outcome).collect()
}

fn sms(phone: &Phone, text: &str) -> Sms {
    Sms::text(Address::number(&phone.number), text)
}

#[test]
fn two_gateways_that_deliver_the_same_message_make_one_record() {
    let (office, second, mut phone) = open();
    let engine = office.serve();
    office.wait_linked();
    for counter in 1..=3 {
        let message = phone.check_in(1, now(), "");
        let by_first = office.smsc.deliver(sms(&phone, &message.text));
        let by_second = second.deliver(sms(&phone, &message.text));
        for (smsc, id) in [(&office.smsc, by_first), (&second, by_second)] {
            let answer = smsc.wait(SOON, |s| s.answer_of(id));
            assert_eq!(answer, Some(0), "both are answered OK");
        }
        let entries = office.json_until(&["outbox"], |entries| {
            entries.len() == counter && entries.iter().all(|entry| entry["state"] == "sent")
        });
        assert_eq!(entries.len(), counter);
    }
    let mut outcomes = outcomes(&office);
    outcomes.sort();
    assert_eq!(outcomes, [&["duplicate"; 3][..], &["recorded"; 3]].concat());
    let sent = |smsc: &Smsc| -> Vec<String> {
        smsc.read(|s| s.submitted.iter().map(Submitted::text).collect())
    };
    let receipts: Vec<String> = [sent(&office.smsc), sent(&second)].concat();
    assert_eq!(receipts.len(), 3, "one receipt each");
    for text in receipts {
        assert!(matches!(phone.hear(&text), Heard::Receipt(_)));
    }
    let pdus = office.json_until(&["link", "--pdus", "second"], |pdus| {
        let answered = pdus
            .iter()
            .filter(|pdu| pdu["command"] == "deliver_sm_resp");
        answered.count() == 3
    });
    assert_eq!(pdus[0]["command"], "bind_transceiver");
    assert_eq!(pdus[0]["direction"], "out");
    assert!(
        pdus.iter().all(|pdu| pdu["status"] == "ESME_ROK"),
        "{pdus:?}"
    );
    stop(engine);
    office.smsc.assert_no_faults();
    second.assert_no_faults();
}

#[test]
fn one_record_is_made_also_where_one_gateway_dies_between_and_the_receipt_goes_round() {
    let (mut office, second, mut phone) = open();
    let engine = office.serve();
    office.wait_linked();
    // Its gateway takes the message, turns the receipt down for now, and is gone.
    office.smsc.answer_submits_with(&[0x58; 100]);
    let message = phone.check_in(1, now(), "");
    office.send(&phone, &message.text);
    office.json_until(&["outbox"], |entries| {
        entries.iter().any(|entry| entry["state"] == "deferred")
    });
    drop(std::mem::replace(&mut office.smsc, Smsc::start()));
    let by_second = second.wait(SOON, |s| {
        s.submitted.first().map(|sms| (sms.text(), sms.from.text()))
    });
    let (text, from) = by_second.expect("the receipt goes by the other gateway");
    assert_eq!(from, OTHER);
    assert_eq!(phone.hear(&text), Heard::Receipt(message.counter));
    // The network hands the same message to the other one, too.
    assert_eq!(second.deliver_and_wait(sms(&phone, &message.text)), 0);
    assert_eq!(outcomes(&office), ["recorded", "duplicate"]);
    let entry = office.json(&["outbox"]).remove(0);
    assert_eq!(
        (&entry["state"], &entry["gateway"]),
        (&"sent".into(), &"second".into())
    );
    assert_eq!(
        second.read(|s| s.submitted.len()),
        1,
        "nothing leaves twice"
    );
    stop(engine);
    second.assert_no_faults();
}

/// A gateway in a process of its own, so that it can be killed.
struct Killable {
    process: Child,
    says: BufReader<ChildStdout>,
    port: u16,
}

impl Killable {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "two_gateways::is_a_gateway_where_it_is_told_to",
                "--nocapture",
            ])
            .env("HAZIR_TEST_GATEWAY", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let port = number_after("port ", &mut says);
        let port = u16::try_from(port).unwrap();
        Self {
            process,
            says,
            port,
        }
    }

    /// Hands a message on. Returns the status that answered it.
    fn deliver(&mut self, phone: &Phone, text: &str) -> u32 {
        let stdin = self.process.stdin.as_mut().unwrap();
        writeln!(stdin, "{} {text}", phone.number).unwrap();
        number_after("status ", &mut self.says)
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads lines up to one that holds `word`, and gives the number behind it.
fn number_after(word: &str, says: &mut impl std::io::BufRead) -> u32 {
    loop {
        let mut line = String::new();
        assert!(says.read_line(&mut line).unwrap() > 0, "it ended");
        if let Some((_, number)) = line.split_once(word) {
            return number.trim().parse().unwrap();
        }
    }
}

/// The other half of [`Killable`]: takes no receipt, and hands on what stands on its stdin.
#[test]
fn is_a_gateway_where_it_is_told_to() {
    if std::env::var_os("HAZIR_TEST_GATEWAY").is_none() {
        return;
    }
    let smsc = Smsc::start();
    smsc.answer_submits_with(&[0x58; 1_000]);
    println!("\nport {}", smsc.port());
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (number, text) = line.split_once(' ').unwrap();
        let status = smsc.deliver_and_wait(Sms::text(Address::number(number), text));
        println!("\nstatus {status}");
    }
}

/// How the first gateway dies.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Death {
    Killed,
    /// It is gone, and nobody says so.
    HalfOpen,
    /// It closes, and takes no bind any more.
    Refuses,
}

/// The first gateway takes the first check-in, and turns its receipt down for now. Then it dies. What comes by the other
/// one meanwhile is answered there, and so is what the first one owes.
fn one_dies(death: Death) {
    let office = Office::open();
    let mut killable = (death == Death::Killed).then(Killable::start);
    let first = killable.as_ref().map_or(office.smsc.port(), |it| it.port);
    let (second, mut phones) = staff(&office, first, 2);
    office.smsc.answer_submits_with(&[0x58; 1_000]);
    let engine = office.serve();
    office.wait_linked();
    let owed = phones[0].check_in(1, now(), "");
    match &mut killable {
        Some(gateway) => assert_eq!(gateway.deliver(&phones[0], &owed.text), 0),
        None => office.send(&phones[0], &owed.text),
    }
    office.json_until(&["outbox"], |entries| {
        entries.iter().any(|entry| entry["state"] == "deferred")
    });
    match (death, &mut killable) {
        (Death::Killed, Some(gateway)) => gateway.kill(),
        (Death::Killed, None) => unreachable!("it was started"),
        (Death::HalfOpen, _) => office.smsc.silence(true),
        (Death::Refuses, _) => {
            office.smsc.answer_binds_with(&[0x0D; 1_000]);
            office.smsc.drop_link();
        }
    }
    let other = phones[1].check_in(1, now(), "");
    assert_eq!(second.deliver_and_wait(sms(&phones[1], &other.text)), 0);
    // The phone holds no receipt yet, and repeats; the network takes the way that there is.
    assert_eq!(second.deliver_and_wait(sms(&phones[0], &owed.text)), 0);
    for (phone, counter) in [(0, owed.counter), (1, other.counter)] {
        let number = phones[phone].number.clone();
        let receipt = second.wait(SOON, |s| {
            let mut submitted = s.submitted.iter();
            let mine = submitted.find(|it| it.to.text() == number)?;
            Some((mine.text(), mine.from.text()))
        });
        let (text, from) = receipt.expect("its receipt goes by the other gateway");
        assert_eq!(from, OTHER, "{death:?}");
        assert_eq!(phones[phone].hear(&text), Heard::Receipt(counter));
    }
    let mut outcomes = outcomes(&office);
    outcomes.sort();
    assert_eq!(outcomes, ["duplicate", "recorded", "recorded"], "{death:?}");
    office.json_until(&["outbox"], |entries| {
        entries.len() == 2 && entries.iter().all(|entry| entry["state"] == "sent")
    });
    let links = office.json(&["link"]);
    assert!(
        links
            .iter()
            .any(|link| link["gateway"] == "first" && link["state"] != "bound"),
        "{links:?}"
    );
    if death == Death::HalfOpen {
        // Back again it is used again, and nothing that it owed leaves once more.
        office.smsc.silence(false);
        office.wait_linked();
    }
    assert_eq!(second.read(|s| s.submitted.len()), 2, "{death:?}");
    assert_eq!(office.smsc.read(|s| s.submitted.len()), 0, "{death:?}");
    stop(engine);
    second.assert_no_faults();
}

#[test]
fn what_a_gateway_owes_that_is_killed_goes_by_the_other() {
    one_dies(Death::Killed);
}

#[test]
fn what_a_gateway_owes_that_vanishes_goes_by_the_other() {
    one_dies(Death::HalfOpen);
}

#[test]
fn what_a_gateway_owes_that_takes_no_bind_goes_by_the_other() {
    one_dies(Death::Refuses);
}
