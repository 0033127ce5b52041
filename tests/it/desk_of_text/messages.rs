//! The verbs by which messages come.

use bytes::Bytes;
use hazir::domain::{Action, Address, Counter, InboundSms, LinkEvent, Millis, Part, Ticket};
use hazir::engine::Entropy as _;
use hazir::protocol::{Attendance, Header, Kind, Padding, envelope, frame, legacy};

use super::{DESK, Office, Seeded, span};

impl Office {
    fn bring(
        &mut self,
        gateway: &str,
        from: &str,
        (octets, data_coding): (Vec<u8>, u8),
        part: Option<Part>,
    ) {
        self.tickets += 1;
        let ticket = Ticket {
            connection: 1,
            sequence: self.tickets,
        };
        let sms = InboundSms {
            source: Address::plain(from),
            destination: Address::plain(DESK),
            octets: Bytes::from(octets),
            data_coding,
            part,
        };
        self.event(gateway, LinkEvent::Inbound { ticket, sms });
    }

    /// `deliver NAME IN|OUT [same] [counter=N] [claimed=-2h] [from=NUMBER] [note=X] [tag=wrong] [kind=N] [empty] [gateway=G]`
    /// and for a long message `parts=N [order=2,1] [cuts=5,9] [ref=N] [coding=8]`: how many parts, which of them come and
    /// in which order, after how many octets each but the last ends, their reference, and `data_coding` 8 for UCS-2.
    pub(super) fn deliver(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, action, rest @ ..] = words else {
            return Err("NAME IN|OUT".into());
        };
        let value = |key: &str| {
            rest.iter()
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        let claimed = value("claimed").map_or(Ok(0), span)?;
        let claimed_at = Millis::from_unix_s(self.now.wall.plus_ms(claimed).unix_s());
        let phone = self.phones.get_mut(*name).ok_or("no such phone")?;
        if !rest.contains(&"same") {
            let counter = match value("counter") {
                Some(counter) => counter.parse().map_err(|_| "a counter")?,
                None => phone.counter + 1,
            };
            phone.counter = phone.counter.max(counter);
            let action = if *action == "IN" {
                Action::In
            } else {
                Action::Out
            };
            let note = value("note").unwrap_or_default().to_owned();
            let content = Attendance {
                action,
                claimed_at,
                note,
            };
            let mut plaintext = content.encode(Padding::None).map_err(|e| e.to_string())?;
            if rest.contains(&"empty") {
                plaintext.clear();
            }
            let kind = Kind::new(
                value("kind")
                    .map_or(Ok(1), str::parse)
                    .map_err(|_| "a kind")?,
            );
            let header = Header {
                kind,
                device: phone.device,
                counter: Counter(counter),
            };
            let mut nonce = [0; 12];
            Seeded(u64::from(self.tickets) + 99).fill(&mut nonce);
            phone.last = envelope::seal(&phone.keys.to_desk, header, nonce, &plaintext);
        }
        let mut octets = phone.last.clone();
        if value("tag") == Some("wrong") {
            *octets.last_mut().unwrap() ^= 1;
        }
        let from = value("from").unwrap_or(&phone.number).to_owned();
        let gateway = value("gateway").unwrap_or("g");
        let mut text = frame::encode(&octets).into_bytes();
        let is_ucs2 = value("coding") == Some("8");
        if is_ucs2 {
            text = text.into_iter().flat_map(|octet| [0, octet]).collect();
        }
        let data_coding = if is_ucs2 { 8 } else { 0 };
        let Some(total) = value("parts") else {
            self.bring(gateway, &from, (text, data_coding), None);
            return Ok(());
        };
        let total = total.parse().map_err(|_| "how many parts")?;
        let reference = value("ref").map_or(Ok(7), str::parse);
        let reference = reference.map_err(|_| "a reference")?;
        let ends = match value("cuts") {
            Some(cuts) => numbers(cuts)?,
            None => (1..total).map(|n| text.len() * n / total).collect(),
        };
        let order = value("order").map_or_else(|| Ok((1..=total).collect()), numbers)?;
        for number in order {
            let part = Part::new(reference, narrow(total)?, narrow(number)?);
            let part = part.ok_or("no such part")?;
            let start = if number == 1 { 0 } else { ends[number - 2] };
            let end = ends.get(number - 1).copied().unwrap_or(text.len());
            let octets = text.get(start..end).ok_or("cuts rise")?.to_vec();
            self.bring(gateway, &from, (octets, data_coding), Some(part));
        }
        Ok(())
    }

    /// `text NUMBER WORDS…`
    pub(super) fn text(&mut self, words: &[&str]) -> Result<(), String> {
        let [from, words @ ..] = words else {
            return Err("NUMBER WORDS".into());
        };
        self.bring("g", from, (words.join(" ").into_bytes(), 0), None);
        Ok(())
    }

    /// `legacy NUMBER TEXT…`
    pub(super) fn legacy(&mut self, words: &[&str]) -> Result<(), String> {
        let [from, words @ ..] = words else {
            return Err("NUMBER TEXT".into());
        };
        self.bring(
            "g",
            from,
            (legacy::check_in(&words.join(" ")).into_bytes(), 0),
            None,
        );
        Ok(())
    }

    /// `part NUMBER REFERENCE WHICH/TOTAL WORDS…`: a part of a text.
    pub(super) fn part(&mut self, words: &[&str]) -> Result<(), String> {
        let [from, reference, which, words @ ..] = words else {
            return Err("NUMBER REFERENCE WHICH/TOTAL WORDS".into());
        };
        let reference = reference.parse().map_err(|_| "a reference")?;
        let (number, total) = which.split_once('/').ok_or("WHICH/TOTAL")?;
        let number = number.parse().map_err(|_| "which")?;
        let total = total.parse().map_err(|_| "of how many")?;
        let part = Part::new(reference, total, number).ok_or("no such part")?;
        self.bring("g", from, (words.join(" ").into_bytes(), 0), Some(part));
        Ok(())
    }
}

/// `2,1,1`
fn numbers(text: &str) -> Result<Vec<usize>, String> {
    let numbers = text.split(',').map(str::parse);
    numbers
        .collect::<Result<_, _>>()
        .map_err(|_| format!("no numbers: {text}"))
}

fn narrow(number: usize) -> Result<u8, String> {
    u8::try_from(number).map_err(|e| e.to_string())
}
