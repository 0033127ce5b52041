use std::collections::{BTreeMap, VecDeque};

use crate::api::{
    AlarmFact, Arrivals, LinkFact, LogLine, OutboxFact, PduFact, PersonFact, ReplySample, Snapshot,
    Totals,
};
use crate::domain::{EmployeeId, GatewayName, Millis, OutboxId, Seq};

/// What the engine said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The last event that is in them.
    pub revision: u64,
    /// Version of the engine.
    pub version: String,
    /// Since when it runs.
    pub started_at: Option<Millis>,
    /// Numbers of the desk.
    pub totals: Totals,
    /// People.
    pub people: BTreeMap<EmployeeId, PersonFact>,
    /// Alarms, the most urgent first.
    pub alarms: Vec<AlarmFact>,
    /// Links.
    pub links: Vec<LinkFact>,
    /// The last lines of the log.
    pub log: BTreeMap<Seq, LogLine>,
    /// The last entries of the outbox, and those that are not settled.
    pub outbox: BTreeMap<OutboxId, OutboxFact>,
    /// Reply times and breaks of each link.
    pub replies: BTreeMap<GatewayName, VecDeque<ReplySample>>,
    /// The last PDUs of links that were shown.
    pub pdus: BTreeMap<GatewayName, Vec<PduFact>>,
    /// What came in today and on the same weekday of the four weeks before, by days before today: 0, 7, 14, 21, 28.
    pub days: BTreeMap<u8, Day>,
}

/// What came in on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// When it starts.
    pub from: Option<Millis>,
    /// The counts.
    pub arrivals: Arrivals,
    /// Up to which row they were counted.
    pub up_to: Seq,
    /// Whether all of it was counted.
    pub is_whole: bool,
}

impl Facts {
    /// Whether the engine has more answers that wait or failed than are here.
    pub fn lacks_unsettled(&self) -> bool {
        let totals = &self.totals;
        let all = totals.outbox_waiting + totals.outbox_sending + totals.outbox_failed;
        let here = self.outbox.values().filter(|entry| !entry.is_settled());
        here.count() < all as usize
    }

    /// Begins anew with what the engine says.
    pub fn begin(&mut self, snapshot: Snapshot) {
        let replies = std::mem::take(&mut self.replies);
        let days = std::mem::take(&mut self.days);
        let pdus = std::mem::take(&mut self.pdus);
        *self = Self {
            revision: snapshot.revision,
            version: snapshot.version,
            started_at: Some(snapshot.started_at),
            totals: snapshot.totals,
            people: snapshot
                .people
                .into_iter()
                .map(|fact| (fact.employee, fact))
                .collect(),
            alarms: snapshot.alarms,
            links: snapshot.links,
            log: snapshot
                .log
                .into_iter()
                .map(|line| (line.seq, line))
                .collect(),
            outbox: snapshot
                .outbox
                .into_iter()
                .map(|fact| (fact.id, fact))
                .collect(),
            replies,
            pdus,
            days,
        };
    }
}
