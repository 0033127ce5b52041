use super::*;
use crate::domain::{Address, DeliveryState, SmsBody};
use crate::engine::samples;

fn now(ms: i64) -> Now {
    Now {
        wall: Millis(ms),
        tick: Tick(ms),
    }
}

fn outbox() -> Outbox {
    let settings = samples::settings(vec![samples::gateway("g")]);
    Outbox::new(&settings, OutboxId(0), Tick(0))
}

fn row(id: OutboxId) -> OutboxRow {
    samples::outbox_row(id.0)
}

/// A search through all of them for each would take minutes.
#[test]
fn fifty_thousand_are_given_up_and_queued_again_at_once() {
    const COUNT: usize = 50_000;
    let mut outbox = outbox();
    for _ in 0..COUNT {
        let id = outbox.next_id();
        outbox.queue(now(0), row(id));
    }
    outbox.handle_timeout(now(Millis::DAY));
    assert_eq!((outbox.ages.len(), outbox.take_failed().len()), (0, COUNT));
    let failed: Vec<_> = outbox.rows().cloned().collect();
    for row in failed {
        outbox.queue(now(Millis::DAY), row);
    }
    assert_eq!(outbox.ages.len(), COUNT);
    let gateway = GatewayName::new("g");
    assert_eq!(outbox.waiting(&gateway), COUNT);
    outbox.link_up(&gateway, 1);
    let mut left = 0;
    loop {
        let leaving = outbox.pump(now(Millis::DAY));
        if leaving.is_empty() {
            break;
        }
        for (_, sms) in leaving {
            left += 1;
            let id = sms.id;
            assert!(outbox.submitted(now(Millis::DAY), (&gateway, 1), id, Ok(format!("{id}"))));
        }
    }
    assert_eq!((left, outbox.ages.len()), (COUNT, 0));
    assert_eq!(outbox.rows().count(), SETTLED_HELD);
    assert_eq!(outbox.by_message_id.len(), SETTLED_HELD);
}

/// It was given up while a gateway had it, and left once more for a phone that asked a moment later.
#[test]
fn what_a_gateway_has_is_not_given_up() {
    let mut outbox = outbox();
    let gateway = GatewayName::new("g");
    let ids = [(); 2].map(|()| outbox.next_id());
    for id in ids {
        outbox.queue(now(0), row(id));
    }
    outbox.link_up(&gateway, 1);
    let late = Millis::DAY - 1_000;
    assert_eq!(outbox.pump(now(late)).len(), 2);
    outbox.handle_timeout(now(Millis::DAY));
    assert_eq!(outbox.take_failed(), []);
    let awake = outbox.deadline(Tick(Millis::DAY));
    assert!(awake.is_none_or(|due| due > Tick(Millis::DAY)), "{awake:?}");
    assert!(outbox.submitted(now(Millis::DAY), (&gateway, 1), ids[0], Ok("a".to_owned())));
    outbox.submitted(
        now(Millis::DAY),
        (&gateway, 1),
        ids[1],
        Err(SubmitFault::Timeout),
    );
    outbox.handle_timeout(now(Millis::DAY));
    assert_eq!(outbox.take_failed(), [ids[1]]);
}

fn counts(outbox: &Outbox) -> (usize, usize, usize, usize) {
    let tally = outbox.tally();
    let (waiting, sending) = (tally.waiting(), tally.sending());
    (waiting, sending, tally.failed().len(), outbox.ages.len())
}

fn queued(outbox: &mut Outbox, count: usize) -> Vec<OutboxId> {
    let ids = (0..count).map(|at| {
        let id = outbox.next_id();
        let at = i64::try_from(at).unwrap();
        outbox.queue(now(at), row(id));
        id
    });
    ids.collect()
}

/// Queues answers and hands them to a gateway.
fn handed(outbox: &mut Outbox, count: usize) -> (GatewayName, Vec<OutboxId>) {
    let ids = queued(outbox, count);
    let gateway = GatewayName::new("g");
    outbox.link_up(&gateway, 1);
    outbox.pump(now(10));
    (gateway, ids)
}

fn turn_down(outbox: &mut Outbox, gateway: &GatewayName, id: OutboxId) {
    let fault = SubmitFault::Status(0x0B);
    outbox.submitted(now(11), (gateway, 1), id, Err(fault));
}

#[test]
fn what_is_told_of_the_outbox_is_what_stands_in_it() {
    let mut outbox = outbox();
    let ids = queued(&mut outbox, 5);
    assert_eq!(counts(&outbox), (5, 0, 0, 5));
    assert_eq!(outbox.oldest(), Some(Millis(0)));
    let gateway = GatewayName::new("g");
    outbox.link_up(&gateway, 1);
    outbox.pump(now(10));
    assert_eq!(counts(&outbox), (0, 5, 0, 5));
    assert_eq!(outbox.in_flight(&gateway), (5, 10));
    outbox.submitted(now(11), (&gateway, 1), ids[0], Ok("a".into()));
    turn_down(&mut outbox, &gateway, ids[1]);
    outbox.submitted(now(11), (&gateway, 1), ids[2], Err(SubmitFault::Timeout));
    assert_eq!(counts(&outbox), (1, 2, 1, 3));
    assert_eq!(outbox.oldest(), Some(Millis(2)));
    outbox.link_down(Tick(12), &gateway);
    assert_eq!(counts(&outbox), (3, 0, 1, 3));
    let failed = outbox.get(ids[1]).cloned().unwrap();
    outbox.queue(now(12), failed);
    assert_eq!(counts(&outbox), (4, 0, 0, 4));
    outbox.handle_timeout(now(2 * Millis::DAY));
    assert_eq!(counts(&outbox), (0, 0, 4, 0));
    assert_eq!(outbox.oldest(), None);
}

#[test]
fn what_somebody_gives_up_is_settled_and_raises_nothing() {
    let mut outbox = outbox();
    let ids = queued(&mut outbox, 3);
    let gateway = GatewayName::new("g");
    assert!(outbox.give_up(ids[0]));
    outbox.link_up(&gateway, 1);
    assert_eq!(outbox.pump(now(10)).len(), 2);
    assert!(!outbox.give_up(ids[1]), "it is being sent");
    outbox.submitted(now(11), (&gateway, 1), ids[1], Err(SubmitFault::Timeout));
    turn_down(&mut outbox, &gateway, ids[2]);
    assert!(outbox.give_up(ids[1]));
    assert_eq!(outbox.take_failed(), [ids[2]]);
    assert!(outbox.give_up(ids[2]));
    assert!(!outbox.give_up(ids[2]), "it is given up already");
    assert!(outbox.take_failed().is_empty());
    assert_eq!(counts(&outbox), (0, 0, 0, 0));
    for id in ids {
        let row = outbox.get(id).unwrap();
        assert!(row.is_settled());
        assert_eq!(row.error, Some(SendError::ByHand));
    }
}

#[test]
fn a_screen_begins_with_all_that_is_not_settled() {
    let mut outbox = outbox();
    let (gateway, ids) = handed(&mut outbox, 10);
    for id in &ids[2..] {
        outbox.submitted(now(11), (&gateway, 1), *id, Ok(id.to_string()));
    }
    turn_down(&mut outbox, &gateway, ids[1]);
    let shown = |most| -> Vec<_> { outbox.latest(most).map(|row| row.id).collect() };
    assert_eq!(shown(4), [ids[0], ids[1], ids[8], ids[9]]);
    assert_eq!(shown(1), [ids[1]]);
    assert_eq!(shown(99), ids);
    let unsettled = |after| -> Vec<_> { outbox.unsettled(after).map(|row| row.id).collect() };
    assert_eq!(unsettled(OutboxId(0)), [ids[0], ids[1]]);
    assert_eq!(unsettled(ids[0]), [ids[1]]);
    assert!(unsettled(ids[1]).is_empty());
}

#[test]
fn a_screen_begins_with_what_failed_however_much_waits() {
    let mut outbox = outbox();
    let (gateway, ids) = handed(&mut outbox, 1);
    turn_down(&mut outbox, &gateway, ids[0]);
    let waiting = queued(&mut outbox, 9);
    let shown: Vec<_> = outbox.latest(3).map(|row| row.id).collect();
    assert_eq!(shown, [ids[0], waiting[7], waiting[8]]);
}

#[test]
fn what_is_sent_again_does_not_hide_what_was_sent() {
    let mut outbox = outbox();
    let (gateway, ids) = handed(&mut outbox, 3);
    for id in &ids {
        outbox.submitted(now(11), (&gateway, 1), *id, Ok(id.to_string()));
    }
    let again = outbox.get(ids[1]).cloned().unwrap();
    outbox.queue(now(12), again);
    let shown: Vec<_> = outbox.latest(99).map(|row| row.id).collect();
    assert_eq!(shown, ids);
    assert_eq!(outbox.settled, [ids[0], ids[2]]);
}

fn report(id: &str, state: DeliveryState) -> DeliveryReport {
    DeliveryReport {
        message_id: id.to_owned(),
        recipient: Address::default(),
        state,
        stat: "UNDELIV".to_owned(),
    }
}

#[test]
fn what_was_not_delivered_does_not_hide_what_was_sent() {
    let mut outbox = outbox();
    let (gateway, ids) = handed(&mut outbox, 3);
    for (id, name) in ids.iter().zip(["a", "b", "c"]) {
        outbox.submitted(now(11), (&gateway, 1), *id, Ok(name.to_owned()));
    }
    let report = report("b", DeliveryState::Undeliverable);
    outbox.report(Tick(12), &gateway, report);
    assert_eq!(outbox.take_failed(), [ids[1]]);
    let shown: Vec<_> = outbox.latest(99).map(|row| row.id).collect();
    assert_eq!(shown, ids);
    assert_eq!(outbox.settled, [ids[0], ids[2]]);
}

#[test]
fn a_receipt_that_comes_first_waits_a_minute_for_the_response() {
    for (ms, state) in [
        (Millis::MINUTE - 1, OutboxState::Delivered),
        (Millis::MINUTE, OutboxState::Sent),
    ] {
        let mut outbox = outbox();
        let ids = queued(&mut outbox, 1);
        let gateway = GatewayName::new("g");
        outbox.link_up(&gateway, 1);
        outbox.pump(now(0));
        let report = report("a", DeliveryState::Delivered);
        outbox.report(Tick(0), &gateway, report);
        outbox.submitted(now(ms), (&gateway, 1), ids[0], Ok("a".into()));
        assert_eq!(outbox.get(ids[0]).unwrap().state, state, "{ms} ms");
    }
}

#[test]
fn each_change_is_told_once_by_number_and_as_what_matters_most() {
    let mut outbox = outbox();
    let ids = queued(&mut outbox, 2);
    let mut changed = vec![(OutboxId(99), Change::Kept)];
    let mut taken = |outbox: &mut Outbox| {
        outbox.take_changed(&mut changed);
        changed.clone()
    };
    assert_eq!(
        taken(&mut outbox),
        [(ids[0], Change::Kept), (ids[1], Change::Kept)]
    );
    assert_eq!(taken(&mut outbox), []);
    let gateway = GatewayName::new("g");
    outbox.link_up(&gateway, 1);
    outbox.pump(now(10));
    assert_eq!(
        taken(&mut outbox),
        [(ids[0], Change::Shown), (ids[1], Change::Shown)]
    );
    // It broke off, left once more, and was taken: written once, for the last of these.
    outbox.link_down(Tick(11), &gateway);
    outbox.link_up(&gateway, 2);
    outbox.pump(now(12));
    outbox.submitted(now(13), (&gateway, 2), ids[0], Ok("a".into()));
    let both = [(ids[0], Change::Kept), (ids[1], Change::Shown)];
    assert_eq!(taken(&mut outbox), both);
}

#[test]
fn a_gateway_leaves_by_the_connection_that_was_bound_last() {
    let mut outbox = outbox();
    let gateway = GatewayName::new("g");
    for connection in [7, 8] {
        outbox.link_up(&gateway, connection);
        assert_eq!(outbox.connection(&gateway), connection);
        outbox.link_down(Tick(1), &gateway);
        assert_eq!(outbox.connection(&gateway), connection);
    }
    assert_eq!(outbox.connection(&GatewayName::new("none")), 0);
}

#[test]
fn a_bound_gateway_that_takes_nothing_is_stuck() {
    let mut outbox = outbox();
    let gateway = GatewayName::new("g");
    outbox.link_up(&gateway, 1);
    queued(&mut outbox, 1);
    let long = Tick(5 * Millis::MINUTE);
    assert!(!outbox.is_stuck(&gateway, Tick(long.0 - 1)));
    assert!(outbox.is_stuck(&gateway, long));
    assert!(!outbox.is_stuck(&GatewayName::new("none"), long));
}

/// Two gateways: `g`, which is not bound, and `h`, which is.
fn two() -> (Outbox, GatewayName) {
    let gateways = ["g", "h"].map(samples::gateway);
    let settings = samples::settings(gateways.into());
    let mut outbox = Outbox::new(&settings, OutboxId(0), Tick(0));
    let helper = GatewayName::new("h");
    outbox.link_up(&helper, 1);
    (outbox, helper)
}

fn sealed(id: OutboxId) -> OutboxRow {
    OutboxRow {
        device: Some(crate::domain::DeviceId(7)),
        ..row(id)
    }
}

/// A search through all that wait at each input would take minutes.
#[test]
fn fifty_thousand_that_go_round_leave_once_each_and_oldest_first() {
    const COUNT: usize = 50_000;
    let (mut outbox, helper) = two();
    for at in 0..COUNT {
        let id = outbox.next_id();
        let row = OutboxRow {
            queued_at: Millis(i64::try_from(at).unwrap()),
            ..sealed(id)
        };
        outbox.insert(row, Tick(0), Tick(0));
    }
    let late = 2 * Millis::MINUTE;
    assert!(outbox.pump(now(late - 1)).is_empty());
    assert_eq!(outbox.deadline(Tick(late - 1)), Some(Tick(late)));
    let mut left = Vec::new();
    let mut leaving = outbox.pump(now(late));
    assert_eq!(leaving.len(), 10, "its window");
    for _ in 0..COUNT {
        assert!(outbox.pump(now(late)).is_empty());
        outbox.deadline(Tick(late));
    }
    while !leaving.is_empty() {
        for (gateway, sms) in std::mem::take(&mut leaving) {
            assert_eq!(gateway, helper);
            assert_eq!(outbox.get(sms.id).unwrap().gateway, helper);
            assert!(outbox.submitted(now(late), (&helper, 1), sms.id, Ok(sms.id.to_string())));
            left.push(sms.id.0);
        }
        leaving = outbox.pump(now(late));
    }
    let all: Vec<u64> = (1..=u64::try_from(COUNT).unwrap()).collect();
    assert!(left == all);
    assert_eq!(outbox.ages.len(), 0);
}

#[test]
fn nothing_of_its_own_passes_what_waited_longer_and_goes_round() {
    let mut gateways = ["g", "h"].map(samples::gateway);
    gateways[1].max_per_second = 2;
    let settings = samples::settings(gateways.into());
    let mut outbox = Outbox::new(&settings, OutboxId(0), Tick(0));
    let helper = GatewayName::new("h");
    outbox.link_up(&helper, 1);
    let long = OutboxRow {
        body: SmsBody::Text("x".repeat(161)),
        ..sealed(OutboxId(1))
    };
    outbox.queue(now(0), long);
    let late = 2 * Millis::MINUTE;
    let own = |id| OutboxRow {
        gateway: helper.clone(),
        ..sealed(OutboxId(id))
    };
    let left = |outbox: &mut Outbox, at: i64| -> Vec<u64> {
        let leaving = outbox.pump(now(at)).into_iter();
        leaving.map(|(_, sms)| sms.id.0).collect()
    };
    outbox.queue(now(late - 100), own(2));
    assert_eq!(left(&mut outbox, late - 100), [2]);
    outbox.queue(now(late - 50), own(3));
    // One more would fit into this second, and two do not.
    assert!(left(&mut outbox, late).is_empty());
    assert_eq!(outbox.deadline(Tick(late)), Some(Tick(late + 900)));
    assert_eq!(left(&mut outbox, late + 900), [1]);
    assert_eq!(left(&mut outbox, late + 1_900), [3]);
}

#[test]
fn what_its_own_link_tells_late_of_an_entry_that_went_round_is_nothing() {
    let (mut outbox, helper) = two();
    let own = GatewayName::new("g");
    let id = outbox.next_id();
    outbox.queue(now(0), sealed(id));
    outbox.link_up(&own, 1);
    assert_eq!(outbox.pump(now(0)).len(), 1);
    outbox.link_down(Tick(10), &own);
    let late = 10 + 2 * Millis::MINUTE;
    assert_eq!(outbox.pump(now(late))[0].0, helper);
    for result in [Ok("a".to_owned()), Err(SubmitFault::LinkLost)] {
        assert!(!outbox.submitted(now(late), (&own, 1), id, result));
    }
    assert!(outbox.is_up(&helper), "it lost nothing");
    assert_eq!(outbox.in_flight(&helper), (1, 10));
    assert!(outbox.submitted(now(late), (&helper, 1), id, Ok("b".into())));
}

#[test]
fn what_waits_goes_by_its_own_link_again_once_that_is_back() {
    let (mut outbox, helper) = two();
    let own = GatewayName::new("g");
    for _ in 0..30 {
        let id = outbox.next_id();
        outbox.queue(now(0), sealed(id));
    }
    let late = 2 * Millis::MINUTE;
    assert_eq!(outbox.pump(now(late)).len(), 10);
    assert_eq!((outbox.waiting(&own), outbox.waiting(&helper)), (20, 0));
    outbox.link_up(&own, 1);
    let left = outbox.pump(now(late + 1));
    assert_eq!(left.len(), 10);
    assert!(left.iter().all(|(gateway, _)| *gateway == own));
    assert_eq!(outbox.round_deadline(Tick(late + 1)), None);
}
