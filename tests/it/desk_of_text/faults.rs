//! The verbs by which a link breaks under messages, and those that change desk and store behind the engine's back.

use hazir::api::{Ask, CardEdit, Command, Query, Reply};
use hazir::domain::{CopyEvent, CopyFault, GatewayName, LinkEvent, Msisdn, SubmitFault};
use hazir::store::{Batch, Store};

use super::{Office, gateway};

impl Office {
    /// `cut`: the link tells of the oldest message in flight that it broke, and not yet that it is down.
    pub(super) fn cut(&mut self) -> Result<(), String> {
        if self.in_flight.is_empty() {
            return Err("nothing is in flight".into());
        }
        let (gateway, sms) = self.in_flight.remove(0);
        let lost = LinkEvent::Submitted {
            connection: 1,
            id: sms.id,
            result: Err(SubmitFault::LinkLost),
        };
        self.event(&gateway.0, lost);
        Ok(())
    }

    /// `restored`: the engine stops, and a backup of this very state is put back now.
    pub(super) fn restored(&mut self) {
        let store = self.store.as_mut().unwrap();
        let mut meta = store.load().unwrap().meta;
        meta.restored_at = Some(self.now.wall);
        let meta = Some(meta);
        store
            .commit(&Batch {
                meta,
                ..Batch::default()
            })
            .unwrap();
        self.start();
        self.seen.clear();
    }

    /// `gateways NAME…`: what the configuration has from now on; `NAME/binary` sends octets, `NAME/+98` reaches such
    /// numbers alone, `NAME/pace=N` sends N in 30 minutes, `NAME/from=NUMBER` from another number. Restarts the engine.
    pub(super) fn gateways(&mut self, words: &[&str]) {
        let settings = words.iter().map(|word| {
            let mut words = word.split('/');
            let mut settings = gateway(words.next().unwrap_or_default());
            for word in words {
                if let Some(most) = word.strip_prefix("pace=") {
                    settings.max_per_30_min = most.parse().unwrap();
                } else if let Some(number) = word.strip_prefix("from=") {
                    settings.source_address = Some(number.to_owned());
                } else if word == "binary" {
                    settings.binary = true;
                } else {
                    settings.reaches.push(word.to_owned());
                }
            }
            settings
        });
        self.settings.gateways = settings.collect();
        self.start();
        self.seen.clear();
    }

    /// `card NAME phone NUMBER`, `card NAME legacy`.
    pub(super) fn card(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, change @ ..] = words else {
            return Err("NAME".into());
        };
        let (id, _) = *self.people.get(*name).ok_or("no such person")?;
        let mut edit = CardEdit::default();
        match change {
            ["phone", number] => {
                let number = Msisdn::parse(number, self.settings.country);
                edit.phone = Some(number.map_err(|e| e.to_string())?);
            }
            ["legacy"] => edit.legacy = Some(true),
            _ => return Err("phone or legacy".into()),
        }
        self.ask(Ask::Command(Command::EditEmployee(id, edit)));
        Ok(())
    }

    /// `told GATEWAY N`: how many wait, as the consoles were told with the link's facts.
    pub(super) fn told(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, count] = words else {
            return Err("GATEWAY N".into());
        };
        let told = self.told.get(&GatewayName::new(name));
        let waiting = told.map_or(0, |fact| fact.waiting).to_string();
        (waiting == *count)
            .then_some(())
            .ok_or(format!("is: {waiting}"))
    }

    /// `holds GATEWAY WHAT N`: what holds the N that wait for a gateway back; `nothing` where nothing does.
    pub(super) fn holds(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, what, count] = words else {
            return Err("GATEWAY WHAT N".into());
        };
        let Reply::Links(links) = self.ask(Ask::Query(Query::Links)) else {
            return Err("no links".into());
        };
        let link = links.iter().find(|link| *link.gateway.0 == **name);
        let link = link.ok_or("no such gateway")?;
        let hold = link.hold.map(|hold| format!("{hold:?}").to_lowercase());
        let is = format!("{} {}", hold.as_deref().unwrap_or("nothing"), link.waiting);
        (is == format!("{what} {count}"))
            .then_some(())
            .ok_or(format!("is: {is}"))
    }

    /// `copies made`, `failed`, `stopped`, `goes`: a backup is whole or had no room; the journal's disk is gone, or is back.
    pub(super) fn copies(&mut self, words: &[&str]) -> Result<(), String> {
        let now = self.now;
        let event = match words {
            ["made"] => CopyEvent::BackedUp { at: now.wall },
            ["failed"] => CopyEvent::BackupFailed {
                why: CopyFault::NoRoom,
            },
            ["stopped"] => CopyEvent::JournalStopped {
                why: CopyFault::NotThere,
            },
            ["goes"] => CopyEvent::JournalGoes,
            _ => return Err("made, failed, stopped or goes".into()),
        };
        self.engine.as_mut().unwrap().handle_copy(now, event);
        self.drain();
        Ok(())
    }

    /// `usual N`: each hour of the week usually brings so many messages by each gateway. Restarts the engine.
    pub(super) fn usual(&mut self, words: &[&str]) -> Result<(), String> {
        let [count] = words else {
            return Err("N".into());
        };
        let count: u16 = count.parse().map_err(|_| "a number")?;
        let store = self.store.as_mut().unwrap();
        let mut meta = store.load().unwrap().meta;
        for gateway in &self.settings.gateways {
            let counters = meta.gateways.entry(gateway.name.clone()).or_default();
            counters.usual = vec![16 * count; 168];
        }
        let meta = Some(meta);
        store
            .commit(&Batch {
                meta,
                ..Batch::default()
            })
            .unwrap();
        self.start();
        self.seen.clear();
        Ok(())
    }
}
