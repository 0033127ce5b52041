//! Tests that take long: `cargo test --test long`.

#[cfg(test)]
#[path = "../it/screens/fixture.rs"]
mod fixture;
#[cfg(test)]
#[path = "../it/screens/shot.rs"]
mod shot;
#[cfg(test)]
mod peek {
    use hazir::ui::{Look, Key, Message, update};
    #[test]
    fn peek() {
        let sizes = std::env::var("SIZES").unwrap_or_else(|_| "80x24".into());
        let keys = std::env::var("KEYS").unwrap_or_default();
        for size in sizes.split(' ') {
            let (c, r) = size.split_once('x').unwrap();
            for keys in keys.split(' ') {
            let mut look = Look::default();
            if keys.starts_with('@') { look.theme = hazir::ui::Theme::Mono; look.glyphs = hazir::ui::Glyphs::Ascii; }
            let mut model = super::fixture::office(look, c.parse().unwrap(), r.parse().unwrap());
            for k in keys.trim_start_matches('@').chars() {
                let key = match k { '~' => Key::Enter, '>' => Key::Tab, '<' => Key::Esc, '_' => Key::Down, c => Key::Char(c) };
                model.now = model.now.plus_ms(1000);
                let now = model.now;
                let effects = update(&mut model, now, Message::Key(key));
                if std::env::var("EFF").is_ok() { println!("{effects:?}"); }
                super::fixture::answer(&mut model, effects);
                super::fixture::settle(&mut model);
            }
            let b = super::shot::draw(&model);
            println!("--- {keys}");
            println!("{}", super::shot::text(&b));
            if std::env::var("LOOKS").is_ok() { println!("{}", super::shot::looks(&b)); }
            }
        }
    }
}
