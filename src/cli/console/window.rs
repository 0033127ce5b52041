use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::config::Config;
use super::super::place::Place;
use super::super::run::now;
use super::Opening;
use super::pump::Pump;
use super::start::{Ended, Starting, last_words};
use crate::api::Ask;
use crate::ui::{
    Detached, Effect, Glyphs, Look, Message, Model, Purpose, Site, SiteGateway, Theme, Token,
    update,
};
use crate::words::Words;

/// How often the free space of the disk is looked at, in seconds.
const DISK_EVERY_S: u32 = 60;

/// How long an act that was asked for just before the window is left may take.
const LAST_ACTS: Duration = Duration::from_secs(1);

/// A console but for its terminal: the model, and what its effects do outside.
pub struct Window<'a> {
    /// The model.
    pub model: Model,
    pump: Pump,
    place: &'a Place,
    given: Vec<String>,
    starting: Option<Starting>,
    /// Whether a new alarm rings.
    rings: bool,
    ticks: u32,
    /// Since when somebody wants to leave.
    left: Option<Instant>,
    displays: Vec<Display>,
}

/// What a terminal is to do beside frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Display {
    /// Take a text for the clipboard.
    Copy(String),
    /// Ring.
    Bell,
    /// Set the title of the window.
    Title(String),
    /// Paint everything anew.
    Redraw,
}

impl<'a> Window<'a> {
    /// A window of so many columns and rows on the desk in `place`.
    pub fn open(
        place: &'a Place,
        config: &Config,
        words: &Words,
        opening: Opening,
        pump: Pump,
        (columns, rows): (u16, u16),
    ) -> Self {
        let site = site_of(config, &opening);
        let words = Arc::new(words.clone());
        let mut model = Model::new(site, words, look_of(config), now(), columns, rows);
        model.keys = config.console.keys.clone();
        let mut window = Self {
            model,
            pump,
            place,
            given: opening.given,
            starting: None,
            rings: config.console.bell,
            ticks: 0,
            left: None,
            displays: Vec::new(),
        };
        window.look_at_disk();
        window
    }

    /// Whether somebody left it. What was asked for just before, as by keys that came over a slow line together, is
    /// answered first.
    pub fn is_over(&self) -> bool {
        let is_act = |purpose: &Purpose| matches!(purpose, Purpose::Act { .. });
        let acts = self.model.waiting.values().any(is_act);
        self.left
            .is_some_and(|left| !acts || left.elapsed() >= LAST_ACTS)
    }

    /// What the terminal is to do since it was asked last.
    pub fn displays(&mut self) -> Vec<Display> {
        std::mem::take(&mut self.displays)
    }

    /// Takes a message in, and does what follows from it.
    pub fn take(&mut self, message: Message) {
        if let (Message::Attached(_), Some(starting)) = (&message, &mut self.starting) {
            starting.is_heard();
        }
        for effect in update(&mut self.model, now(), message) {
            self.act(effect);
        }
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        if let Some(ended) = self.starting.as_mut().and_then(Starting::ended) {
            self.starting = None;
            if let Ended::Failed(code) = ended {
                let said = last_words(self.place);
                self.take(Message::StartFailed(code, said));
            }
        }
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(DISK_EVERY_S) {
            self.look_at_disk();
        }
        self.take(Message::Tick);
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(token, ask) => self.ask(token, ask),
            Effect::Refresh => self.pump.refresh(),
            Effect::Start => self.start(),
            Effect::Leave => {
                self.left.get_or_insert_with(Instant::now);
            }
            Effect::Copy(text) => self.displays.push(Display::Copy(text)),
            Effect::Bell if !self.rings => {}
            Effect::Bell => self.displays.push(Display::Bell),
            Effect::Title(text) => self.displays.push(Display::Title(text)),
            Effect::Redraw => self.displays.push(Display::Redraw),
        }
    }

    fn ask(&mut self, token: Token, ask: Ask) {
        if !self.pump.ask(token, ask) {
            self.take(Message::Reply(token, None));
        }
    }

    fn start(&mut self) {
        match Starting::start(self.place, &self.given) {
            Ok(starting) => {
                self.starting = Some(starting);
                self.take(Message::Detached(Detached::Starting));
            }
            Err(error) => self.take(Message::StartFailed(None, error.to_string())),
        }
    }

    fn look_at_disk(&mut self) {
        let Ok(disk) = rustix::fs::statvfs(self.place.dir()) else {
            return;
        };
        let percent = disk
            .f_bavail
            .saturating_mul(100)
            .checked_div(disk.f_blocks)
            .and_then(|percent| u8::try_from(percent).ok());
        if let Some(percent) = percent {
            self.take(Message::DiskFree(percent));
        }
    }
}

fn site_of(config: &Config, opening: &Opening) -> Site {
    let gateways = config.gateways.iter().map(|gateway| SiteGateway {
        name: gateway.name.clone(),
        address: format!("{}:{}", gateway.host, gateway.port),
        source_address: gateway.source_address.clone(),
    });
    Site {
        name: config.site.name.clone(),
        time_zone: config.site.time_zone.clone(),
        day_starts: config.site.day_starts,
        gateways: gateways.collect(),
        desk: opening.desk.clone(),
        is_demo: opening.is_demo,
    }
}

/// Colours and characters: what the configuration says, but for NO_COLOR (<https://no-color.org>); where it says nothing
/// of characters, the locale as setlocale(3) reads it.
fn look_of(config: &Config) -> Look {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    let is_utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    Look {
        theme: if variable("NO_COLOR").is_some() {
            Theme::Mono
        } else {
            config.console.theme
        },
        glyphs: config.console.glyphs.unwrap_or(if is_utf8 {
            Glyphs::Unicode
        } else {
            Glyphs::Ascii
        }),
    }
}
