use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use proptest::prelude::*;

use super::*;
use crate::domain::{
    Action, Address, AlarmId, AlarmKind, AnswerKind, BindFault, CopyFault, Counter, Country,
    DayBudget, DeskAct, DeviceId, Digest, DownCause, EmployeeId, Entry, GatewayName, LinkFaults,
    MarkRow, MessageRow, Millis, Msisdn, NoteRow, Operator, OutboxId, OutboxState, Outcome,
    OverBound, Part, Presence, PresenceSource, Priority, RawBody, SendError, SmsBody, TlsFault,
    UnreadableReason,
};
use crate::store::GatewayCounters;

const KEY: RowKey = [7, 8, 9];
const AT: Millis = Millis(1_795_168_681_123);

fn operator() -> Operator {
    Operator {
        user: "ayse".to_owned(),
        desk: "reception".to_owned(),
    }
}

fn ledger(entry: Entry) -> LedgerRow {
    LedgerRow {
        seq: Seq(300),
        logged_at: AT,
        entry,
    }
}

fn message() -> LedgerRow {
    ledger(Entry::Message(Box::new(MessageRow {
        received_at: AT,
        gateway: GatewayName::new("reception"),
        sender: Address::international("+989102211824"),
        destination: Address::plain("1000"),
        outcome: Outcome::Unreadable(UnreadableReason::Malformed),
        at: Some(AT),
        delayed: true,
        link_gap: false,
        clock_off: true,
        weak: false,
        employee: Some(EmployeeId(3)),
        device: Some(DeviceId(2_417_839_106)),
        counter: Some(Counter(65_535)),
        action: Some(Action::Out),
        claimed_at: Some(Millis(-1)),
        note: "سلام".to_owned(),
        digest: Some(Digest([0xd1; 16])),
        answer: Some(OutboxId(5)),
        retry_of: Some(Seq(299)),
        raw: Some(RawBody {
            octets: vec![1, 2, 3],
            data_coding: 8,
        }),
    })))
}

fn mark() -> LedgerRow {
    ledger(Entry::Mark(MarkRow {
        by: operator(),
        employee: EmployeeId(3),
        action: Action::In,
        at: AT,
        marked_at: AT,
        reason: "forgot".to_owned(),
        reverses: Some(Seq(1)),
    }))
}

fn note() -> NoteRow {
    NoteRow {
        by: operator(),
        employee: Some(EmployeeId(3)),
        about: Some(Seq(299)),
        text: "rang".to_owned(),
        reverses: Some(Seq(7)),
    }
}

fn desk(act: DeskAct) -> LedgerRow {
    let by = operator();
    ledger(Entry::Desk { by, act })
}

fn down(cause: DownCause) -> LedgerRow {
    ledger(Entry::LinkDown {
        gateway: GatewayName::new("reception"),
        cause,
        heard_at: AT,
    })
}

fn over_bound() -> LedgerRow {
    ledger(Entry::OverBound(OverBound {
        since: AT,
        unreadable: 470,
        copies: 2,
    }))
}

fn outbox() -> OutboxRow {
    OutboxRow {
        id: OutboxId(5),
        seq: Seq(300),
        kind: AnswerKind::Refusal,
        employee: EmployeeId(3),
        device: Some(DeviceId(7)),
        gateway: GatewayName::new("reception"),
        to: Address::international("+989102211824"),
        from: Address::default(),
        body: SmsBody::Text("HZ1".to_owned()),
        parts: 1,
        priority: Priority::Excess,
        state: OutboxState::Failed,
        attempts: 4,
        answered: 2,
        queued_at: AT,
        next_at: Some(AT),
        sent_at: Some(AT),
        message_id: Some("abc".to_owned()),
        error: Some(SendError::Status(88)),
    }
}

fn decided() -> Decision {
    let row = DecidedRow {
        digest: Digest([0xd1; 16]),
        seq: Seq(300),
        answer: Some(OutboxId(5)),
        copies: 9,
    };
    Decision {
        device: DeviceId(7),
        kind: 0x11,
        counter: Counter(65_535),
        number: 300,
        row: Some(row),
    }
}

fn employee() -> Employee {
    Employee {
        id: EmployeeId(3),
        name: "آیدا رستمی".to_owned(),
        short: "Ayda".to_owned(),
        phone: Msisdn::parse("+989102211824", Country::default()).unwrap(),
        team: Some("desk".to_owned()),
        shift: None,
        legacy: true,
        suspended: false,
    }
}

fn device() -> DeviceRow {
    DeviceRow {
        id: DeviceId(7),
        employee: EmployeeId(3),
        enrolled_at: AT,
        enrolled_by: operator(),
        revoked: true,
        sealed_key: vec![0x5e; 60],
    }
}

fn person() -> PersonState {
    let budget = DayBudget {
        day: 20_777,
        attendance: 3,
        repeats: 1,
    };
    PersonState {
        employee: EmployeeId(3),
        presence: Some(Presence {
            action: Action::In,
            at: AT,
            seq: Seq(300),
            device: Some((DeviceId(7), Counter(1))),
            source: PresenceSource::ByHand,
            note: "forgot".to_owned(),
            clock_off_min: -7,
        }),
        first_in: Some(Millis(AT.0 - 1)),
        budgets: BTreeMap::from([(None, budget.clone()), (Some(DeviceId(7)), budget)]),
    }
}

fn alarm() -> AlarmRow {
    AlarmRow {
        id: AlarmId(1),
        kind: AlarmKind::UnknownSenders,
        since: AT,
        count: 2,
        seen: Some((operator(), AT)),
        ended_at: Some(AT),
        shelved_until: Some(AT),
    }
}

fn part() -> PartRow {
    PartRow {
        gateway: GatewayName::new("reception"),
        source: Address::international("+989102211824"),
        destination: Address::plain("1000"),
        part: Part::new(300, 2, 1).unwrap(),
        body: RawBody {
            octets: vec![1, 2, 3],
            data_coding: 8,
        },
        received_at: AT,
    }
}

fn meta() -> Meta {
    let counters = GatewayCounters {
        received: 1,
        submitted: 2,
        drops: 3,
        last_message_at: Some(AT),
        unreadable_over_bound: 4,
        copies_over_bound: 5,
        gap_from: Some(AT),
        faults: LinkFaults {
            refused_pdus: 6,
            lenient_reads: 7,
            generic_nacks: 8,
            late_responses: 9,
            throttled: 10,
            timeouts: 11,
        },
        breaks: vec![AT],
        usual: vec![0, 16, 320],
    };
    Meta {
        key_check: vec![0xc4; 4],
        alive_at: Some(AT),
        restored_at: None,
        last_alarm: AlarmId(1),
        gateways: BTreeMap::from([(GatewayName::new("reception"), counters)]),
        history: 0x0123_4567_89ab_cdef,
        backed_up_at: Some(AT),
    }
}

/// What the first version wrote stays readable, and stays what is written until the version rises.
#[test]
fn rows_stand_as_the_first_version_wrote_them() {
    golden(
        &message(),
        concat!(
            "01ac02c6f2a186bf6800c6f2a186bf6809726563657074696f6e0d2b39383931303232313138323401010431",
            "3030300000040401c6f2a186bf68010001000103018298f5800901ffff030101010108d8b3d984d8a7d98501",
            "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1010501ab020103010203084ee60b74",
        ),
    );
    golden(
        &mark(),
        concat!(
            "01ac02c6f2a186bf6801046179736509726563657074696f6e0300c6f2a186bf68c6f2a186bf6806666f7267",
            "6f740101f6d76296",
        ),
    );
    golden(
        &down(DownCause::Bind(BindFault::Status(13))),
        "01ac02c6f2a186bf680309726563657074696f6e03030dc6f2a186bf68b44895b9",
    );
    golden(
        &over_bound(),
        "01ac02c6f2a186bf6807c6f2a186bf68d60302ba52699d",
    );
    golden(
        &outbox(),
        concat!(
            "0105ac020103010709726563657074696f6e0d2b39383931303232313138323401010000000003485a310102",
            "050402c6f2a186bf6801c6f2a186bf6801c6f2a186bf6801036162630100584dd1cb98",
        ),
    );
    golden(
        &decided(),
        "010711ffff03ac0201d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1ac020105097f635d16",
    );
    golden(&OfPerson(vec![0, 300, 4_095]), "010300ac02ff1f98f109a0");
    golden(
        &employee(),
        concat!(
            "010313d8a2db8cd8afd8a720d8b1d8b3d8aad985db8c04417964610d2b393839313032323131383234010464",
            "65736b000100c0feb6c7",
        ),
    );
    golden(
        &device(),
        concat!(
            "010703c6f2a186bf68046179736509726563657074696f6e013c5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e",
            "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5eff42",
            "9897",
        ),
    );
    golden(&Seq(300), "01ac023c502f14");
    golden(
        &part(),
        concat!(
            "0109726563657074696f6e0d2b393839313032323131383234010104313030300000ac020201030102030",
            "8c6f2a186bf6813faee6d",
        ),
    );
}

/// What the second version of a kind wrote.
#[test]
fn rows_stand_as_the_second_version_wrote_them() {
    golden(
        &person(),
        concat!(
            "02030100c6f2a186bf68ac020107010206666f72676f740d01c4f2a186bf680200d2c40203010107d2c40203",
            "01346088e8",
        ),
    );
}

/// What the fourth version of a kind wrote.
#[test]
fn rows_stand_as_the_fourth_version_wrote_them() {
    let of = |kind| AlarmRow { kind, ..alarm() };
    let old = AlarmKind::BackupOld {
        last: Some(AT),
        why: Some(CopyFault::NoRoom),
    };
    golden(
        &of(old),
        concat!(
            "04010901c6f2a186bf680100c6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801c6f2",
            "a186bf6801c6f2a186bf6870764e90",
        ),
    );
    let why = CopyFault::NotThere;
    golden(
        &of(AlarmKind::JournalStopped { why }),
        concat!(
            "04010a02c6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801c6f2a186bf6801c6f2a1",
            "86bf6850f772c4",
        ),
    );
}

/// What the third version of a kind wrote.
#[test]
fn rows_stand_as_the_third_version_wrote_them() {
    golden(
        &meta(),
        concat!(
            "0304c4c4c4c401c6f2a186bf6800010109726563657074696f6e01020301c6f2a186bf6801c6f2a186bf6804",
            "05060708090a0b01c6f2a186bf68030010c002ef9bafcdf8acd1910101c6f2a186bf6834549a8a",
        ),
    );
}

#[test]
fn what_is_done_at_a_desk_stands_as_it_was_written() {
    golden(
        &ledger(Entry::Note(note())),
        "01ac02c6f2a186bf6808046179736509726563657074696f6e010301ab020472616e670107c350eb48",
    );
    golden(
        &desk(DeskAct::GaveUp(OutboxId(5))),
        "01ac02c6f2a186bf6806046179736509726563657074696f6e0b052d0f47af",
    );
    golden(
        &desk(DeskAct::Shelved(AlarmId(1), AlarmKind::UnknownSenders, AT)),
        "01ac02c6f2a186bf6806046179736509726563657074696f6e0c0105c6f2a186bf68e1ce0f4e",
    );
    golden(
        &desk(DeskAct::Unshelved(AlarmId(1), AlarmKind::UnknownSenders)),
        "01ac02c6f2a186bf6806046179736509726563657074696f6e0d010584558d67",
    );
    golden(
        &desk(DeskAct::Unacknowledged(
            AlarmId(1),
            AlarmKind::UnknownSenders,
        )),
        "01ac02c6f2a186bf6806046179736509726563657074696f6e0e0105f795a38d",
    );
    golden(
        &desk(DeskAct::NumbersShown),
        "01ac02c6f2a186bf6806046179736509726563657074696f6e0f441fa3a0",
    );
}

#[test]
fn what_went_wrong_with_tls_stands_as_it_was_written() {
    golden(
        &down(DownCause::Tls(TlsFault::Expired)),
        "01ac02c6f2a186bf680309726563657074696f6e0900c6f2a186bf6892a25ad1",
    );
    golden(
        &down(DownCause::Tls(TlsFault::Protocol)),
        "01ac02c6f2a186bf680309726563657074696f6e090bc6f2a186bf68992a7227",
    );
}

/// Octets that the first version wrote.
#[test]
fn an_older_version_is_still_read() {
    let mut person = person();
    person.first_in = None;
    if let Some(presence) = &mut person.presence {
        presence.note.clear();
        presence.clock_off_min = 0;
    }
    older(
        &person,
        "01030100c6f2a186bf68ac02010701020200d2c40203010107d2c40203016c53c66c",
    );
    let alarm = AlarmRow {
        shelved_until: None,
        ..alarm()
    };
    older(
        &alarm,
        "010105c6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801c6f2a186bf689f5c3c1c",
    );
    // What the third version wrote.
    older(
        &self::alarm(),
        concat!(
            "030105c6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801c6f2a186bf6801c6f2a186",
            "bf6814ea22d3",
        ),
    );
    let gateway = GatewayName::new("reception");
    let deaf = AlarmKind::LinkDeaf {
        gateway,
        expected: 12,
    };
    let deaf = AlarmRow {
        kind: deaf,
        ..self::alarm()
    };
    older(
        &deaf,
        concat!(
            "03010609726563657074696f6e0cc6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801",
            "c6f2a186bf6801c6f2a186bf68c97b6879",
        ),
    );
    // What the second version wrote.
    older(
        &self::alarm(),
        concat!(
            "020105c6f2a186bf680201046179736509726563657074696f6ec6f2a186bf6801c6f2a186bf6801c6f2a186",
            "bf68fa8b3293",
        ),
    );
    let mut meta = Meta {
        history: 0,
        backed_up_at: None,
        ..meta()
    };
    older(
        &meta,
        concat!(
            "0204c4c4c4c401c6f2a186bf6800010109726563657074696f6e01020301c6f2a186bf6801c6f2a186bf6804",
            "05060708090a0b01c6f2a186bf68030010c0023f9e70c5",
        ),
    );
    for counters in meta.gateways.values_mut() {
        counters.faults = LinkFaults::default();
        counters.breaks.clear();
        counters.usual.clear();
    }
    older(
        &meta,
        concat!(
            "0104c4c4c4c401c6f2a186bf6800010109726563657074696f6e01020301c6f2a186bf6801c6f2a186bf6804",
            "058635c593",
        ),
    );
}

fn older<R: Row + Debug + PartialEq>(row: &R, hex: &str) {
    let octets = (0..hex.len()).step_by(2);
    let octets = octets.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    let octets: Vec<u8> = octets.collect();
    assert_eq!(&decode::<R>(KEY, &octets).unwrap(), row);
}

fn golden<R: Row + Debug + PartialEq>(row: &R, hex: &str) {
    let octets = encode(KEY, row).unwrap();
    let mut written = String::new();
    for octet in &octets {
        write!(written, "{octet:02x}").unwrap();
    }
    assert_eq!(written, hex, "{row:?}");
    assert_eq!(&decode::<R>(KEY, &octets).unwrap(), row);
}

#[test]
fn a_row_that_was_changed_or_moved_is_refused() {
    let octets = encode(KEY, &mark()).unwrap();
    for at in 0..octets.len() * 8 {
        let mut changed = octets.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let read = decode::<LedgerRow>(KEY, &changed);
        assert!(matches!(read, Err(RowError::Check(_))), "bit {at}");
    }
    for len in 0..octets.len() {
        let read = decode::<LedgerRow>(KEY, &octets[..len]);
        assert!(matches!(read, Err(RowError::Check(_))), "{len} octets");
    }
    assert!(decode::<LedgerRow>([7, 8, 10], &octets).is_err());
    assert!(decode::<OutboxRow>(KEY, &octets).is_err());
}

#[test]
fn a_version_that_is_not_known_is_told_from_damage() {
    let with_version = |version| {
        let mut octets = encode(KEY, &Seq(300)).unwrap();
        octets.truncate(octets.len() - CHECK_OCTETS);
        octets[0] = version;
        let check = check(Seq::KIND, KEY, &octets);
        octets.extend(check);
        StoreError::from(decode::<Seq>(KEY, &octets).unwrap_err())
    };
    assert!(matches!(
        with_version(2),
        StoreError::Newer { found: 2, known: 1 }
    ));
    assert!(matches!(with_version(0), StoreError::Damaged(_)));
}

proptest! {
    #[test]
    fn any_octets_with_the_right_check_never_panic(
        octets in prop::collection::vec(any::<u8>(), 0..300)
    ) {
        any_content::<LedgerRow>(&octets);
        any_content::<OutboxRow>(&octets);
        any_content::<Decision>(&octets);
        any_content::<OfPerson>(&octets);
        any_content::<Employee>(&octets);
        any_content::<DeviceRow>(&octets);
        any_content::<PersonState>(&octets);
        any_content::<Seq>(&octets);
        any_content::<AlarmRow>(&octets);
        any_content::<PartRow>(&octets);
        any_content::<Meta>(&octets);
    }
}

/// What reads at all is written in the same way again, or was written in a longer one.
fn any_content<R: Row>(octets: &[u8]) {
    for version in 1..=R::VERSION {
        let mut row = vec![version];
        row.extend_from_slice(octets);
        let check = check(R::KIND, KEY, &row);
        row.extend_from_slice(&check);
        if let Ok(read) = decode::<R>(KEY, &row)
            && version == R::VERSION
        {
            let again = encode(KEY, &read).unwrap();
            assert!(again.len() <= row.len());
        }
    }
}
