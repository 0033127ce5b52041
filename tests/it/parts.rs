//! Long messages: however their parts come, a check-in is one record.

use proptest::collection::vec;
use proptest::prelude::*;

use super::desk_of_text::Office;

/// Octets of a frame without a note: what the shortest check-in has to be cut in.
const SHORTEST: usize = 59;

fn office() -> Office {
    let mut office = Office::new();
    for line in ["+0s employee ayse 09121111111", "+0s link up"] {
        office.step(line).unwrap();
    }
    office
}

fn listed(numbers: &[usize]) -> String {
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(",")
}

/// Where a text is cut, and in which order its parts come: each once at least.
fn ways() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let cuts = vec(0..=SHORTEST, 1..16).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    });
    cuts.prop_flat_map(|cuts| {
        let total = cuts.len() + 1;
        let order = vec(1..=total, 0..8).prop_map(move |again| {
            let each = 1..=total;
            each.chain(again).collect::<Vec<_>>()
        });
        (Just(cuts), order.prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_doubling_of_any_split_is_one_record(
        (cuts, order) in ways(),
        restart in any::<prop::sample::Index>(),
        ucs2: bool,
    ) {
        let mut office = office();
        let (cuts, total) = (listed(&cuts), cuts.len() + 1);
        let coding = if ucs2 { 8 } else { 0 };
        let deliver = |order: &[usize], same: &str| {
            let order = listed(order);
            format!("+1s deliver ayse IN {same} parts={total} cuts={cuts} order={order} coding={coding}")
        };
        let (before, after) = order.split_at(1 + restart.index(order.len() - 1));
        office.step(&deliver(before, "")).unwrap();
        let decided = office.outcomes();
        office.step("+1s kill").unwrap();
        office.step(&deliver(after, "same").replace("+1s", "+2s")).unwrap();
        let outcomes = office.outcomes();
        let recorded = outcomes.iter().filter(|outcome| *outcome == "recorded").count();
        prop_assert_eq!(recorded, 1, "{:?}", outcomes);
        prop_assert!(outcomes.starts_with(&decided));

        // What a restart forgot is one row at most, and without one there is none.
        office.step("+1h person ayse in").unwrap();
        office.step("+1h waiting 0").unwrap();
        let unreadable = office.outcomes().iter().filter(|one| one.starts_with("unreadable")).count();
        prop_assert!(unreadable <= usize::from(!decided.is_empty()), "{:?}", office.outcomes());
    }

    #[test]
    fn without_a_restart_nothing_is_left_over((cuts, order) in ways()) {
        let mut office = office();
        let (cuts, total, order) = (listed(&cuts), cuts.len() + 1, listed(&order));
        let line = format!("+1s deliver ayse IN parts={total} cuts={cuts} order={order}");
        office.step(&line).unwrap();
        office.step("+1s waiting 0").unwrap();
        office.step("+1h person ayse in 09:00").unwrap();
        let outcomes = office.outcomes();
        prop_assert_eq!(&outcomes[0], "recorded");
        prop_assert!(outcomes[1..].iter().all(|one| one == "duplicate"), "{:?}", outcomes);
    }
}

#[test]
fn strangers_fill_neither_memory_nor_disk() {
    let mut office = office();
    for n in 0..1_500 {
        let line = format!("+1s part 0935{:07} 1 1/2 {n}", n % 300);
        office.step(&line).unwrap();
    }
    office.step("+1s waiting 64").unwrap();
    for n in 0..100 {
        let line = format!("+1s part 09121111111 {n} 1/2 {n}");
        office.step(&line).unwrap();
    }
    office.step("+1s waiting 64").unwrap();
    office.step("+2s deliver ayse IN").unwrap();
    office.step("+2s person ayse in").unwrap();
    let unreadable = office.outcomes().len() - 1;
    assert!((400..=500).contains(&unreadable), "{unreadable}");
    office.step("+1h waiting 0").unwrap();
}
