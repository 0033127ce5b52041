//! The console on a running reception: keys, engine, clock and signals come through one channel in one order, and
//! frames go out as fast as the terminal takes them.

mod plain;
mod pump;
mod screen;
mod start;
mod window;

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use self::pump::Pump;
use self::screen::{Kind, Screen};
use self::window::{Display, Window};
use super::config::Config;
use super::error::CliError;
use super::place::Place;
use super::run::now;
use super::serve::{Signals, Told};
use super::wiring::{finish, runtime};
use crate::ui::Message;
use crate::ui::terminal::{self, HangUp, Input, Keys, Raw};
use crate::words::Words;

/// Messages that are taken in before a frame is drawn: what an engine at full speed tells in a frame's time.
const DRAIN: usize = 4_096;
/// The least time between two frames for what others do: 10 a second.
const FRAME: Duration = Duration::from_millis(100);
/// The least time between two frames for what the keyboard does.
const KEY_FRAME: Duration = Duration::from_millis(25);
/// How long after a key somebody waits for a reply. Others are asked for by the console itself: after a flood of events,
/// as often as it can.
const WAITS: Duration = Duration::from_secs(1);
/// How long the first frame waits for the engine.
const FIRST_FRAME: Duration = Duration::from_millis(40);
/// How long a terminal may take for what is on the way to it when the console ends.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What a console is opened with.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// Whether it is one of lines.
    pub is_plain: bool,
    /// Name of the desk that this window stands at.
    pub desk: String,
    /// Whether people and phones are invented.
    pub is_demo: bool,
    /// `--set` and the like, for a reception that this window starts.
    pub given: Vec<String>,
}

/// Opens a console on the desk in `place`, until somebody leaves it or the terminal is gone.
///
/// # Errors
/// [`CliError::ConsoleTerminal`] where standard input or output is none, [`CliError::HangUp`] where it went,
/// [`CliError::Terminal`] where it cannot be used.
pub fn console(
    place: &Place,
    config: &Config,
    words: &Words,
    opening: Opening,
) -> Result<(), CliError> {
    if opening.is_plain {
        return plain::plain(place, config, words, opening);
    }
    if !terminal::is_terminal() {
        return Err(CliError::ConsoleTerminal);
    }
    finish(runtime()?, async {
        let mut signals = Signals::catch()?;
        let resized = signal(SignalKind::window_change());
        let mut resized = resized.map_err(|cause| CliError::Talk(Box::new(cause)))?;
        let raw = Raw::enter().map_err(CliError::Terminal)?;
        let (messages_tx, messages) = mpsc::channel(DRAIN);
        watch_keyboard(messages_tx.clone())?;
        let pump = Pump::start(
            place.socket(),
            opening.desk.clone(),
            !opening.is_demo,
            messages_tx,
        );
        let (columns, rows) = terminal::size();
        let window = Window::open(place, config, words, opening, pump, (columns, rows));
        let mut console = Console {
            window,
            screen: Screen::open(columns, rows)?,
        };
        let ended = console.run(messages, &mut signals, &mut resized).await;
        // What is on the way to the terminal comes before it is given back.
        if timeout(LAST_WORDS, console.screen.writer.ready())
            .await
            .is_ok()
        {
            drop(raw);
        } else {
            raw.abandon();
        }
        ended
    })
}

/// What comes in through the one channel.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are messages: a box for each would cost more than the room"
)]
#[derive(Debug)]
enum Heard {
    /// A line was typed.
    Line(String),
    /// Something for the console.
    Message(Message),
    /// The terminal is gone.
    HangUp,
}

struct Console<'a> {
    window: Window<'a>,
    screen: Screen,
}

impl Console<'_> {
    async fn run(
        &mut self,
        mut messages: mpsc::Receiver<Heard>,
        signals: &mut Signals,
        resized: &mut Signal,
    ) -> Result<(), CliError> {
        let mut heard = Vec::with_capacity(DRAIN);
        let mut seconds = Seconds::start();
        let mut last_frame: Option<Instant> = None;
        let mut last_key: Option<Instant> = None;
        // When the next frame is due; `None` where nothing changed. The first one waits a little for the engine, so that
        // it shows the desk.
        let mut due = Some(Instant::now() + FIRST_FRAME);
        while !self.window.is_over() {
            let pause = tokio::select! {
                biased;
                told = signals.next() => match told {
                    Told::Stop => return Ok(()),
                    Told::HangUp => return Err(CliError::HangUp),
                },
                _ = resized.recv() => {
                    let (columns, rows) = terminal::size();
                    self.screen.redraw(columns, rows);
                    self.window.take(Message::Resize { columns, rows });
                    KEY_FRAME
                }
                ready = self.screen.writer.ready(), if due.is_some_and(|due| due <= Instant::now()) => {
                    if ready.is_err() {
                        return Err(CliError::HangUp);
                    }
                    crate::ui::prepare(&mut self.window.model);
                    self.screen.draw(&self.window.model);
                    last_frame = Some(Instant::now());
                    due = None;
                    continue;
                }
                () = at(due), if due.is_some_and(|due| due > Instant::now()) => continue,
                // Before what is heard: an engine at full speed does not stop the clock.
                () = seconds.next() => {
                    self.window.tick();
                    FRAME
                }
                count = messages.recv_many(&mut heard, DRAIN) => {
                    if count == 0 {
                        return Err(CliError::HangUp);
                    }
                    let mut pause = FRAME;
                    for heard in heard.drain(..) {
                        match heard {
                            Heard::HangUp => return Err(CliError::HangUp),
                            // Only a console of lines reads lines.
                            Heard::Line(_) => {}
                            Heard::Message(message) => {
                                if matches!(message, Message::Key(_) | Message::Paste(_)) {
                                    last_key = Some(Instant::now());
                                }
                                if is_urgent(&message, last_key) {
                                    pause = KEY_FRAME;
                                }
                                self.window.take(message);
                            }
                        }
                    }
                    pause
                }
            };
            self.show();
            let now = Instant::now();
            let wanted = last_frame.map_or(now, |last| (last + pause).max(now));
            due = Some(due.map_or(wanted, |due| due.min(wanted)));
        }
        Ok(())
    }

    fn show(&mut self) {
        for display in self.window.displays() {
            match display {
                Display::Copy(text) => self.screen.say(Kind::Copy, terminal::copy(&text)),
                Display::Bell => self.screen.say(Kind::Bell, terminal::bell()),
                Display::Title(text) => self.screen.say(Kind::Title, terminal::title(&text)),
                Display::Redraw => {
                    let model = &self.window.model;
                    self.screen.redraw(model.columns, model.rows);
                }
            }
        }
    }
}

/// Whether somebody waits for what a message changes, who pressed a key at `last_key`.
fn is_urgent(message: &Message, last_key: Option<Instant>) -> bool {
    let is_answer = matches!(
        message,
        Message::Key(_) | Message::Paste(_) | Message::Reply(..) | Message::Attached(_)
    );
    is_answer && last_key.is_some_and(|at| at.elapsed() < WAITS)
}

/// Reads keys, and watches for the terminal to go, each on a thread of its own: both block.
fn watch_keyboard(messages: mpsc::Sender<Heard>) -> Result<(), CliError> {
    let gone = messages.clone();
    let watch = move || {
        HangUp.wait();
        // Where nobody listens the console is ending.
        let _ = gone.blocking_send(Heard::HangUp);
    };
    let read = move || {
        while let Some(input) = Keys.next() {
            let message = match input {
                Input::Key(key) => Message::Key(key),
                Input::Paste(text) => Message::Paste(text),
            };
            if messages.blocking_send(Heard::Message(message)).is_err() {
                return;
            }
        }
        let _ = messages.blocking_send(Heard::HangUp);
    };
    spawn("hang-up", watch)?;
    spawn("keys", read)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), CliError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    let spawned = builder.spawn(work);
    spawned
        .map(drop)
        .map_err(|cause| CliError::Talk(Box::new(cause)))
}

/// Waits until `due`; for ever where nothing is due.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Seconds of the clock.
struct Seconds {
    /// When the next one begins.
    next: Instant,
}

impl Seconds {
    fn start() -> Self {
        let past = now().0.rem_euclid(1_000).unsigned_abs();
        let next = Instant::now() + Duration::from_millis(1_000 - past);
        Self { next }
    }

    /// Waits until the next one begins. A cancelled call loses nothing.
    async fn next(&mut self) {
        sleep_until(self.next).await;
        *self = Self::start();
    }
}
