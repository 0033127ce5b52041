//! Long ledgers, page by page: the log, what arrived, and what a console begins with.

use hazir::api::{
    Arrivals, Ask, LogFilter, LogKind, LogLine, LogWhat, PAGE, Query, Reply, Request,
};
use hazir::domain::{
    Action, Address, Country, Employee, EmployeeId, Entry, GatewayName, LedgerRow, MarkRow,
    MessageRow, Millis, Msisdn, Operator, Outcome, Seq, UnreadableReason,
};
use hazir::engine::{Engine, Entropy, Now, Receipts, Rules, Settings, Tick};
use hazir::protocol::StoreKey;
use hazir::store::{Batch, RedbStore, Store as _};
use redb::backends::InMemoryBackend;

/// The first row is written at this moment, and each of the others a minute after the one before.
const BEGIN: i64 = 1_795_152_600_000;
/// So many rows; some queries need more than one look at them.
const ROWS: u64 = 3_000;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0);
    }
}

fn mina() -> Operator {
    Operator {
        user: "mina".into(),
        desk: "front".into(),
    }
}

fn at(seq: u64) -> Millis {
    Millis(BEGIN + i64::try_from(seq).unwrap() * Millis::MINUTE)
}

fn message(seq: u64, outcome: Outcome) -> Entry {
    Entry::Message(Box::new(MessageRow {
        received_at: at(seq),
        gateway: GatewayName::new("g"),
        sender: Address::plain("+989121111111"),
        destination: Address::plain("1000"),
        outcome,
        at: (outcome == Outcome::Recorded).then_some(at(seq)),
        delayed: false,
        link_gap: false,
        clock_off: false,
        weak: false,
        employee: (outcome == Outcome::Recorded).then_some(EmployeeId(1)),
        device: None,
        counter: None,
        action: (outcome == Outcome::Recorded).then_some(Action::In),
        claimed_at: None,
        note: String::new(),
        digest: None,
        answer: None,
        retry_of: None,
        raw: None,
    }))
}

/// Rows 10 and 1,024 are marks, the rows after them take them back; every 100th is a check-in, every 50th one is a copy; the others cannot be read.
fn entry(seq: u64) -> Entry {
    let mark = |reverses| {
        Entry::Mark(MarkRow {
            by: mina(),
            employee: EmployeeId(1),
            action: Action::In,
            at: at(10).max(at(seq - 1)),
            marked_at: at(seq),
            reason: "no phone".into(),
            reverses,
        })
    };
    match seq {
        10 | 1_024 => mark(None),
        11 => mark(Some(Seq(10))),
        // On the next page.
        1_025 => mark(Some(Seq(1_024))),
        _ if seq.is_multiple_of(100) => message(seq, Outcome::Recorded),
        _ if seq.is_multiple_of(50) => message(seq, Outcome::Duplicate),
        _ => message(seq, Outcome::Unreadable(UnreadableReason::NotAFrame)),
    }
}

struct Desk {
    engine: Engine,
    store: RedbStore,
    now: Now,
}

impl Desk {
    fn with(rows: u64, people: u32) -> Self {
        Self::with_clock(rows, people, at)
    }

    /// A desk whose rows are written when `logged` says.
    fn with_clock(rows: u64, people: u32, logged: impl Fn(u64) -> Millis) -> Self {
        let mut store = RedbStore::with_backend(InMemoryBackend::new()).unwrap();
        let mut batch = Batch::default();
        for id in (1..=people).map(EmployeeId) {
            let phone = format!("+98912{:07}", id.0);
            let card = Employee {
                id,
                name: format!("Person {id}"),
                short: format!("P{id}"),
                phone: Msisdn::parse(&phone, Country::default()).unwrap(),
                team: None,
                shift: None,
                legacy: false,
                suspended: false,
            };
            batch.employees.insert(id, card);
        }
        for seq in 1..=rows {
            let logged_at = logged(seq);
            batch.ledger.push(LedgerRow {
                seq: Seq(seq),
                logged_at,
                entry: entry(seq),
            });
            if batch.ledger.len() == 10_000 {
                store.commit(&std::mem::take(&mut batch)).unwrap();
            }
        }
        store.commit(&batch).unwrap();
        let settings = Settings {
            time_zone: jiff::tz::TimeZone::UTC,
            country: Country::default(),
            day_starts: jiff::civil::time(4, 0, 0, 0),
            rules: Rules::default(),
            receipts: Receipts::default(),
            gateways: Vec::new(),
            released_at: Millis(0),
            version: "test".into(),
        };
        let now = Now {
            wall: at(rows + 1),
            tick: Tick(0),
        };
        let loaded = store.load().unwrap();
        let key = StoreKey::from_octets([7; 32]);
        let engine = Engine::new(settings, key, loaded, Box::new(Zeros), now).unwrap();
        Self { engine, store, now }
    }

    fn ask(&mut self, query: Query) -> Reply {
        let ask = Ask::Query(query);
        let request = Request { by: mina(), ask };
        let handled = self.engine.handle_request(self.now, request, &self.store);
        handled.unwrap()
    }

    /// All pages of the log, each with where the next one begins.
    fn log(&mut self, filter: &LogFilter) -> Vec<(Vec<LogLine>, Option<Seq>)> {
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let filter = filter.clone();
            let Reply::Log { lines, next } = self.ask(Query::Log { before, filter }) else {
                unreachable!()
            };
            pages.push((lines, next));
            let Some(next) = next else { return pages };
            assert!(before.is_none_or(|before| next < before));
            before = Some(next);
        }
    }

    fn arrivals(&mut self, from: Millis, until: Millis) -> Arrivals {
        let mut sum = Arrivals::default();
        let mut after = Seq(0);
        loop {
            let Reply::Arrivals {
                arrivals,
                up_to,
                next,
            } = self.ask(Query::Arrivals { after, from, until })
            else {
                unreachable!()
            };
            sum.bins.resize(arrivals.bins.len(), 0);
            for (all, one) in sum.bins.iter_mut().zip(&arrivals.bins) {
                *all += one;
            }
            sum.recorded += arrivals.recorded;
            sum.copies += arrivals.copies;
            sum.problems += arrivals.problems;
            assert!(next.is_none_or(|next| next == up_to && next > after));
            let Some(next) = next else { return sum };
            after = next;
        }
    }
}

fn seqs(pages: &[(Vec<LogLine>, Option<Seq>)]) -> Vec<u64> {
    let lines = pages.iter().flat_map(|(lines, _)| lines);
    lines.map(|line| line.seq.0).collect()
}

#[test]
fn the_log_is_every_row_newest_first() {
    let mut desk = Desk::with(ROWS, 1);
    let pages = desk.log(&LogFilter::default());
    assert!(seqs(&pages).into_iter().eq((1..=ROWS).rev()));
    assert!(pages.iter().all(|(lines, _)| lines.len() <= PAGE));
    assert_eq!(pages.len(), 12);
}

#[test]
fn a_kind_that_is_rare_is_looked_for_in_steps() {
    let mut desk = Desk::with(ROWS, 1);
    let filter = LogFilter {
        kind: Some(LogKind::Desk),
        ..LogFilter::default()
    };
    let pages = desk.log(&filter);
    assert_eq!(seqs(&pages), [1_025, 1_024, 11, 10]);
    let nexts: Vec<_> = pages.iter().filter_map(|(_, next)| *next).collect();
    assert_eq!(nexts, [Seq(ROWS - 1_023), Seq(ROWS - 2_047)]);
}

#[test]
fn a_person_and_a_span_of_time_are_found_without_looking_through_all() {
    let mut desk = Desk::with(ROWS, 1);
    let of = |from, until| LogFilter {
        employee: Some(EmployeeId(1)),
        from,
        until,
        kind: None,
    };
    let pages = desk.log(&of(None, Some(at(400))));
    assert_eq!(seqs(&pages), [300, 200, 100, 11, 10]);
    let pages = desk.log(&of(Some(at(100)), Some(at(301))));
    assert_eq!(seqs(&pages), [300, 200, 100]);
    let all = LogFilter {
        from: Some(at(1_000)),
        until: Some(at(1_003)),
        ..LogFilter::default()
    };
    let pages = desk.log(&all);
    assert_eq!((seqs(&pages), pages.len()), (vec![1_002, 1_001, 1_000], 1));
    let nothing = LogFilter {
        from: Some(at(ROWS + 5)),
        ..LogFilter::default()
    };
    assert_eq!(desk.log(&nothing), [(Vec::new(), None)]);
}

#[test]
fn every_line_of_a_filter_comes_once_wherever_it_begins_and_ends() {
    let mut desk = Desk::with(ROWS, 1);
    let edges = [
        0,
        1,
        9,
        12,
        256,
        257,
        1_023,
        1_025,
        ROWS - 256,
        ROWS,
        ROWS + 1,
    ];
    let edges: Vec<_> = edges.into_iter().map(at).map(Some).chain([None]).collect();
    let kinds = [
        None,
        Some(LogKind::CheckIns),
        Some(LogKind::Problems),
        Some(LogKind::Desk),
        Some(LogKind::Link),
    ];
    for (from, until) in edges
        .iter()
        .flat_map(|from| edges.iter().map(move |until| (*from, *until)))
    {
        for (kind, employee) in kinds
            .iter()
            .flat_map(|kind| [(*kind, None), (*kind, Some(EmployeeId(1)))])
        {
            let wanted = (1..=ROWS).rev().filter(|seq| {
                let entry = entry(*seq);
                from.is_none_or(|from| at(*seq) >= from)
                    && until.is_none_or(|until| at(*seq) < until)
                    && employee.is_none_or(|_| entry.employee() == employee)
                    && kind.is_none_or(|kind| kind == kind_of(&entry))
            });
            let wanted: Vec<_> = wanted.collect();
            let filter = LogFilter {
                employee,
                kind,
                from,
                until,
            };
            assert_eq!(seqs(&desk.log(&filter)), wanted, "{filter:?}");
        }
    }
}

#[test]
fn a_clock_that_was_years_ahead_hides_nothing_that_came_after() {
    let ahead = Millis(BEGIN + 3_650 * Millis::DAY);
    let mut desk = Desk::with_clock(ROWS, 1, |seq| if seq < 20 { at(seq) } else { ahead });
    let filter = LogFilter {
        from: Some(at(1_000)),
        until: Some(at(1_003)),
        ..LogFilter::default()
    };
    assert_eq!(seqs(&desk.log(&filter)), [1_002, 1_001, 1_000]);
    let arrivals = desk.arrivals(at(95), at(325));
    assert_eq!((arrivals.recorded, arrivals.copies), (3, 2));
}

/// The kind of a line, where the rows are messages and marks.
fn kind_of(entry: &Entry) -> LogKind {
    match entry.message().map(|message| message.outcome) {
        Some(Outcome::Recorded | Outcome::Duplicate) => LogKind::CheckIns,
        Some(_) => LogKind::Problems,
        None => LogKind::Desk,
    }
}

#[test]
fn arrivals_are_counted_by_the_time_that_counts() {
    let mut desk = Desk::with(ROWS, 1);
    // From row 95 to row 324, without 325.
    let arrivals = desk.arrivals(at(95), at(325));
    let bins = arrivals.bins.iter().enumerate();
    let bins: Vec<_> = bins.filter(|(_, count)| **count > 0).collect();
    assert_eq!(bins, [(0, &1), (10, &1), (20, &1)]);
    assert_eq!(arrivals.bins.len(), 23);
    assert_eq!(
        (arrivals.recorded, arrivals.copies, arrivals.problems),
        (3, 2, 225)
    );
    // A mark that was taken back is none, and 25 h are the most.
    let arrivals = desk.arrivals(at(0), at(ROWS));
    assert_eq!(arrivals.bins.len(), 150);
    assert_eq!(
        (arrivals.recorded, arrivals.copies, arrivals.problems),
        (14, 15, 1_466)
    );
}

#[test]
fn a_console_begins_with_the_last_lines_and_all_people() {
    let mut desk = Desk::with(ROWS, 40);
    let Reply::Snapshot(snapshot) = desk.ask(Query::Snapshot) else {
        unreachable!()
    };
    let log: Vec<_> = snapshot.log.iter().map(|line| line.seq.0).collect();
    assert!(log.into_iter().eq(ROWS - 99..=ROWS));
    assert!(
        snapshot
            .log
            .iter()
            .all(|line| matches!(line.what, LogWhat::Feed(_)))
    );
    assert_eq!((snapshot.people.len(), snapshot.totals.employees), (40, 40));
    assert_eq!(snapshot.started_at, desk.now.wall);
    assert_eq!(snapshot.version, "test");
}
