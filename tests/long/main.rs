//! Tests that take long: `cargo test --test long`.

#[cfg(test)]
#[path = "../it/screens/fixture.rs"]
mod fixture;
#[cfg(test)]
#[path = "../it/screens/shot.rs"]
mod shot;
#[cfg(test)]
mod peek {
    use hazir::ui::Look;
    #[test]
    fn peek() {
        for (c, r) in [(80, 24), (120, 40), (60, 16), (200, 60)] {
            let mut model = super::fixture::office(Look::default(), c, r);
            model.lists.live = model.facts.log.keys().rev().copied().collect();
            model.lists.log = model.lists.live.clone();
            model.lists.alarms = model.facts.alarms.iter().map(|a| a.id).collect();
            model.lists.outbox = model.facts.outbox.keys().copied().collect();
            model.lists.links = model.facts.links.iter().map(|a| a.gateway.clone()).collect();
            let page = super::fixture::page(&model, 4, false);
            model.lists.history = page.history.iter().map(|l| l.seq).collect();
            model.person = Some(page);
            let b = super::shot::draw(&model);
            println!("{}", super::shot::text(&b));
            println!("{}", super::shot::looks(&b));
        }
    }
}
