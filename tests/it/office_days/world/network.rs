//! Gateways that lose, double, delay and turn down, and links that break.

use std::collections::BTreeMap;

use bytes::Bytes;
use hazir::domain::{
    Address, DownCause, InboundSms, LinkEvent, OutboundSms, OutboxId, SmsBody, SubmitFault, Ticket,
};
use hazir::protocol::{envelope, frame};
use hazir::store::Archive;

use super::{GATEWAYS, Happening, MINUTE, SECOND, World};

/// What a gateway answers to submit_sm.
pub(super) type Response = Result<String, SubmitFault>;

/// A gateway, and the connection to it.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) is_up: bool,
    session: u32,
    sequence: u32,
    /// What came while nobody was bound.
    backlog: Vec<Sms>,
    unanswered: BTreeMap<u32, Sms>,
    in_flight: Vec<OutboxId>,
}

/// An SMS on its way to the desk.
#[derive(Clone, Debug)]
pub(super) struct Sms {
    pub(super) from: String,
    pub(super) text: String,
}

impl World {
    pub(super) fn deliver(&mut self, link: usize, sms: Sms) {
        let at = &mut self.links[link];
        if !at.is_up {
            at.backlog.push(sms);
            return;
        }
        at.sequence += 1;
        let ticket = Ticket {
            connection: at.session,
            sequence: at.sequence,
        };
        let inbound = InboundSms {
            source: Address::plain(&sms.from),
            destination: Address::plain(GATEWAYS[link].1),
            octets: Bytes::copy_from_slice(sms.text.as_bytes()),
            data_coding: 0,
            part: None,
        };
        at.unanswered.insert(ticket.sequence, sms);
        let sms = inbound;
        self.tell(link, LinkEvent::Inbound { ticket, sms });
    }

    pub(super) fn answered(&mut self, link: usize, ticket: Ticket, status: u32) {
        assert_eq!(status, 0);
        let at = &mut self.links[link];
        if ticket.connection != at.session {
            return;
        }
        let sms = at.unanswered.remove(&ticket.sequence).expect("asked once");
        let octets = frame::find(&sms.text).unwrap();
        let digest = envelope::digest(&octets);
        assert!(self.judge.has_kept(digest), "OK, and not kept");
    }

    pub(super) fn submit(&mut self, link: usize, connection: u32, sms: OutboundSms) {
        assert!(self.links[link].is_up, "left into a dead link");
        assert_eq!(connection, self.links[link].session);
        assert_eq!(sms.from.text(), GATEWAYS[link].1);
        let store = self.store.as_ref().unwrap();
        let row = store.outbox_row(sms.id).unwrap().expect("durable");
        assert!(store.ledger_row(row.seq).unwrap().is_some(), "durable");
        assert!(!self.links[link].in_flight.contains(&sms.id), "in flight");
        self.links[link].in_flight.push(sms.id);
        let to = sms.to.text();
        let phone = self.phones.iter().position(|phone| phone.number == to);
        let phone = phone.expect("to a phone of the office");
        let SmsBody::Text(text) = sms.body else {
            panic!("octets");
        };
        let fate = if self.faults { self.rng.below(20) } else { 0 };
        let (result, arrives) = match fate {
            0..=12 => (Some(Ok(format!("{:x}", sms.id.0))), true),
            13 => (Some(Ok("0".to_owned())), false),
            14 => (Some(Err(SubmitFault::Status(0x58))), false),
            15 => (Some(Err(SubmitFault::Status(0x45))), false),
            16 => (Some(Err(SubmitFault::Timeout)), true),
            17 => (Some(Err(SubmitFault::Timeout)), false),
            18 => (Some(Err(SubmitFault::Status(0x0B))), false),
            _ => (None, true),
        };
        let session = self.links[link].session;
        let after = match &result {
            Some(Err(SubmitFault::Timeout)) => 10 * SECOND,
            Some(_) => self.within(3 * SECOND),
            // The link stalls until it is cut.
            None => {
                self.later(40 * SECOND, Happening::Down(link));
                0
            }
        };
        if let Some(result) = result {
            self.later(after, Happening::Response(link, session, sms.id, result));
        }
        if arrives {
            let after = self.within(20 * SECOND);
            self.later(after, Happening::AtPhone(phone, text));
        }
    }

    pub(super) fn link_up(&mut self, link: usize) {
        let at = &mut self.links[link];
        if at.is_up {
            return;
        }
        at.is_up = true;
        at.session += 1;
        let backlog = std::mem::take(&mut at.backlog);
        let connection = at.session;
        self.tell(link, LinkEvent::Up { connection });
        for sms in backlog {
            let after = self.within(30 * SECOND);
            self.later(after, Happening::AtGateway(link, sms));
        }
    }

    pub(super) fn link_down(&mut self, link: usize) {
        if !self.links[link].is_up {
            return;
        }
        let connection = self.links[link].session;
        for id in self.cut(link) {
            let lost = LinkEvent::Submitted {
                connection,
                id,
                result: Err(SubmitFault::LinkLost),
            };
            self.tell(link, lost);
        }
        let cause = DownCause::Closed;
        let heard_ms_ago = Some(self.rng.below(45_000));
        let down = LinkEvent::Down {
            cause,
            heard_ms_ago,
        };
        self.tell(link, down);
    }

    /// The connection is gone: what was not answered is brought again on the next.
    pub(super) fn cut(&mut self, link: usize) -> Vec<OutboxId> {
        let after = SECOND + self.within(30 * MINUTE);
        self.later(after, Happening::Up(link));
        let at = &mut self.links[link];
        at.is_up = false;
        at.session += 1;
        let unanswered = std::mem::take(&mut at.unanswered);
        at.backlog.extend(unanswered.into_values());
        std::mem::take(&mut at.in_flight)
    }

    pub(super) fn respond(&mut self, link: usize, session: u32, id: OutboxId, result: Response) {
        let at = &mut self.links[link];
        if at.session == session && at.in_flight.contains(&id) {
            at.in_flight.retain(|one| *one != id);
            let event = LinkEvent::Submitted {
                connection: session,
                id,
                result,
            };
            self.tell(link, event);
        }
    }
}
