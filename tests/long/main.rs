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
            let b = super::shot::draw(&model);
            println!("{}", super::shot::text(&b));
            println!("{}", super::shot::looks(&b));
            let page = super::fixture::page(&model, 1, false);
            model.person = Some(page);
        }
    }
}
