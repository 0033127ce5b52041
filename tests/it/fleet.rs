//! Phones that check in by themselves, and the oracle of what must hold of them in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::office::{Office, now};
use super::pdu::Address;
use super::phone::{Heard, Message, Phone};
use super::smsc::{Sms, Smsc};

/// How long nothing has to come until phones send again.
const QUIET: Duration = Duration::from_millis(700);
/// Rounds of quiet in which all phones have to settle.
const PATIENCE: usize = 60;

/// Phones and what they sent.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// The phones.
    pub(crate) phones: Vec<Phone>,
    /// Every check-in that was sealed.
    pub(crate) sealed: BTreeMap<(u32, u16), Message>,
    /// Check-ins that their phones never send again: only the gateway does.
    shy: BTreeSet<(u32, u16)>,
    heard_to: usize,
}

impl Fleet {
    /// A fleet of these phones.
    pub(crate) fn new(phones: Vec<Phone>) -> Self {
        Self {
            phones,
            sealed: BTreeMap::new(),
            shy: BTreeSet::new(),
            heard_to: 0,
        }
    }

    /// Lets a phone check in; where it is `shy`, it does not repeat.
    pub(crate) fn check_in(&mut self, smsc: &Smsc, place: usize, note: &str, shy: bool) -> u64 {
        let phone = &mut self.phones[place];
        let action = if phone.next % 2 == 1 { 1 } else { 2 };
        let message = phone.check_in(action, now(), note);
        let key = (phone.device, message.counter);
        if shy {
            self.shy.insert(key);
        }
        let sms = Sms::text(Address::number(&phone.number), &message.text);
        self.sealed.insert(key, message);
        smsc.deliver(sms)
    }

    /// Gives every phone what was submitted to it. Each answer has to be a valid receipt.
    pub(crate) fn listen(&mut self, smsc: &Smsc) {
        let new = smsc.read(|s| s.submitted[self.heard_to..].to_vec());
        self.heard_to += new.len();
        for sms in new {
            let to = sms.to.text();
            let phone = self.phones.iter_mut().find(|phone| phone.number == to);
            let phone = phone.unwrap_or_else(|| panic!("an SMS to the stranger {to}"));
            let heard = phone.hear(&sms.text());
            assert!(
                matches!(heard, Heard::Receipt(_) | Heard::Again),
                "{to}: {heard:?}"
            );
        }
    }

    /// Sends again what waits, but for what is shy.
    pub(crate) fn repeat(&self, smsc: &Smsc) {
        for phone in &self.phones {
            for message in &phone.waiting {
                if !self.shy.contains(&(phone.device, message.counter)) {
                    smsc.deliver(Sms::text(Address::number(&phone.number), &message.text));
                }
            }
        }
    }

    /// Waits until every phone holds a receipt for everything; phones repeat when nothing comes.
    pub(crate) fn settle(&mut self, smsc: &Smsc) {
        let mut quiet = 0;
        while quiet < PATIENCE {
            self.listen(smsc);
            let delivered = smsc.read(|s| s.unanswered() == 0);
            if delivered && self.phones.iter().all(|phone| phone.waiting.is_empty()) {
                return;
            }
            let heard_to = self.heard_to;
            let more = |s: &mut super::smsc::State| {
                let settled = !delivered && s.unanswered() == 0;
                (settled || s.submitted.len() > heard_to).then_some(())
            };
            if smsc.wait(QUIET, more).is_some() {
                continue;
            }
            quiet += 1;
            if delivered {
                self.repeat(smsc);
            }
        }
        let missing = self.without_receipt();
        panic!("these never got a receipt: {missing}");
    }

    /// Device, counter, and whether the phone never repeats, of what has no receipt.
    fn without_receipt(&self) -> String {
        let all = self.phones.iter().flat_map(|phone| {
            let key = |message: &Message| (phone.device, message.counter);
            phone.waiting.iter().map(key)
        });
        let shown = all.map(|key| format!("{key:?} shy: {}", self.shy.contains(&key)));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Asserts that every check-in is one record, and every receipt tells of one; gives the feed back.
    pub(crate) fn assert_nothing_lost_or_doubled(&self, office: &Office) -> Vec<Value> {
        let feed = office.json(&["feed"]);
        let mut recorded: BTreeMap<(u32, u16), &Value> = BTreeMap::new();
        for line in &feed {
            let outcome = &line["outcome"];
            assert!(outcome == "recorded" || outcome == "duplicate", "{line}");
            if outcome == "recorded" {
                let before = recorded.insert(key_of(line), line);
                assert_eq!(before, None, "counted twice: {line}");
            }
        }
        let held: BTreeMap<_, _> = self
            .phones
            .iter()
            .flat_map(|phone| {
                phone
                    .held
                    .iter()
                    .map(|(m, at)| ((phone.device, m.counter), (m, at)))
            })
            .collect();
        let lost: Vec<_> = held
            .keys()
            .filter(|key| !recorded.contains_key(key))
            .collect();
        assert!(lost.is_empty(), "receipts without a record: {lost:?}");
        for (key, line) in &recorded {
            let message = self
                .sealed
                .get(key)
                .unwrap_or_else(|| panic!("invented: {line}"));
            let action = if message.action == 1 { "in" } else { "out" };
            assert_eq!(line["action"], action, "{line}");
            assert_eq!(line["note"], message.note, "{line}");
            assert_eq!(
                unix_s(&line["claimed_at"]),
                i64::from(message.claimed_at),
                "{line}"
            );
            if let Some((_, desk_time)) = held.get(key) {
                assert_eq!(unix_s(&line["at"]), i64::from(**desk_time), "{line}");
            }
        }
        feed
    }

    /// Asserts that everybody is where the phone's last check-in says.
    pub(crate) fn assert_presence(&self, office: &Office) {
        let people = office.json(&["people"]);
        let devices = office.json(&["device", "list"]);
        for phone in &self.phones {
            let device = devices.iter().find(|line| line["device"] == phone.device);
            let owner = &device.expect("it is enrolled")["employee"];
            let person = people.iter().find(|line| line["employee"] == *owner);
            let person = person.expect("it has an owner");
            let last = phone.held.iter().map(|(m, _)| (m.counter, m.action)).max();
            let state = if last.is_some_and(|(_, action)| action == 1) {
                "in"
            } else {
                "out"
            };
            assert_eq!(person["state"], state, "{}: {person}", phone.device);
        }
    }
}

/// Device and counter of a line of the feed.
pub(crate) fn key_of(line: &Value) -> (u32, u16) {
    let number = |name: &str| line[name].as_u64().expect("a sealed message has both");
    let device = u32::try_from(number("device")).expect("a device has 32 bits");
    (
        device,
        u16::try_from(number("counter")).expect("a counter has 16 bits"),
    )
}

/// Whole seconds since the Unix epoch of a time in RFC 3339.
pub(crate) fn unix_s(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("{time} is no time"));
    let time: jiff::Timestamp = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    time.as_millisecond().div_euclid(1_000)
}
