//! A program in a pseudo-terminal, with a vt100 as its screen.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::watch::Watch;

/// A program that runs in a terminal. It is killed with its owner.
#[derive(Debug)]
pub(crate) struct Terminal {
    pid: Pid,
    keyboard: Option<Keyboard>,
    screen: Arc<Watch<Screen>>,
    ended: Arc<Watch<Option<(ExitStatus, Duration)>>>,
    reader: Option<JoinHandle<()>>,
}

/// The terminal's own end. The terminal is gone when it is dropped.
struct Keyboard {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Keyboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyboard")
    }
}

/// What the terminal shows.
struct Screen {
    parser: vt100::Parser,
    octets: u64,
    /// All that came since somebody asked.
    heard: Vec<u8>,
    /// The terminal takes nothing for now, as after Ctrl-S.
    is_held: bool,
    /// Nobody is to look any more.
    is_over: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parser.screen().contents())
    }
}

impl Terminal {
    /// Starts `command` in a terminal of `columns` times `rows`.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            builder.env("TERM", "xterm-256color");
        }
        let mut child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let pid = child.process_id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.and_then(Pid::from_raw).unwrap();
        let screen = Arc::new(Watch::new(Screen {
            parser: vt100::Parser::new(cells(rows), cells(columns), 0),
            octets: 0,
            heard: Vec::new(),
            is_held: false,
            is_over: false,
        }));
        let reader = read(pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        let ended = Arc::new(Watch::new(None));
        let tell = Arc::clone(&ended);
        std::thread::spawn(move || {
            // What it used is known until it is waited for.
            let told = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            );
            told.expect("the child is ours");
            let used = cpu_time(pid);
            let status = child.wait().expect("the child is ours");
            tell.change(|ended| *ended = Some((status, used)));
        });
        let keyboard = Keyboard {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
        };
        Self {
            pid,
            keyboard: Some(keyboard),
            screen,
            ended,
            reader: Some(reader),
        }
    }

    /// Types `keys`.
    pub(crate) fn keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("the terminal is there");
        keyboard.writer.write_all(keys.as_bytes()).unwrap();
        keyboard.writer.flush().unwrap();
    }

    /// Types `keys` again and again until the screen shows `text`: keys are dead for a moment after a question opened.
    pub(crate) fn keys_until(&mut self, keys: &str, text: &str) {
        for _ in 0..100 {
            self.keys(keys);
            if self.waits(Duration::from_millis(100), |screen| screen.contains(text)) {
                return;
            }
        }
        panic!("no '{text}' after '{keys}' on:\n{}", self.text());
    }

    /// Types `keys` again and again until the screen does not show `text` any more.
    pub(crate) fn keys_while(&mut self, keys: &str, text: &str) {
        for _ in 0..100 {
            self.keys(keys);
            if self.waits(Duration::from_millis(100), |screen| !screen.contains(text)) {
                return;
            }
        }
        panic!("'{text}' stays after '{keys}' on:\n{}", self.text());
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn shows(&self, text: &str) {
        self.shows_within(text, Duration::from_secs(20));
    }

    /// Waits until the screen does not show `text` any more.
    pub(crate) fn hides(&self, text: &str) {
        self.until(&format!("no '{text}'"), |screen| !screen.contains(text));
    }

    /// Waits until more than `octets` octets have come in all.
    pub(crate) fn writes_after(&self, octets: u64) {
        let came = self.screen.wait(Duration::from_secs(20), |screen| {
            (screen.octets > octets).then_some(())
        });
        came.expect("the program writes");
    }

    /// Waits until the screen shows `text`, at most for `timeout`.
    pub(crate) fn shows_within(&self, text: &str, timeout: Duration) {
        let came = self.waits(timeout, |screen| screen.contains(text));
        assert!(came, "'{text}' is waited for on:\n{}", self.text());
    }

    /// Waits until the screen is as wanted.
    pub(crate) fn until(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let came = self.waits(Duration::from_secs(20), is_there);
        assert!(came, "{what} is waited for on:\n{}", self.text());
    }

    /// Whether the screen is as wanted within `timeout`.
    pub(crate) fn waits(&self, timeout: Duration, is_there: impl Fn(&str) -> bool) -> bool {
        let found = self.screen.wait(timeout, |screen| {
            is_there(&screen.parser.screen().contents()).then_some(())
        });
        found.is_some()
    }

    /// What the screen shows.
    pub(crate) fn text(&self) -> String {
        self.screen.read(|screen| screen.parser.screen().contents())
    }

    /// How many octets came so far.
    pub(crate) fn octets(&self) -> u64 {
        self.screen.read(|screen| screen.octets)
    }

    /// All octets that came since this was asked last.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.screen
            .change(|screen| std::mem::take(&mut screen.heard))
    }

    /// Takes nothing any more, but for what is being read, or takes all again.
    pub(crate) fn hold(&self, is_held: bool) {
        self.screen.change(|screen| screen.is_held = is_held);
    }

    /// Whether it takes nothing now.
    pub(crate) fn is_held(&self) -> bool {
        self.screen.read(|screen| screen.is_held)
    }

    /// Looks at the screen.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&vt100::Screen) -> R) -> R {
        self.screen.read(|screen| look(screen.parser.screen()))
    }

    /// Another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.change(|screen| {
            let (rows, columns) = (cells(rows), cells(columns));
            screen.parser.screen_mut().set_size(rows, columns);
        });
        let keyboard = self.keyboard.as_ref().expect("the terminal is there");
        keyboard.master.resize(size(columns, rows)).unwrap();
    }

    /// Tells the program of another size; what is shown stays as large as it is.
    pub(crate) fn tell_size(&mut self, columns: u16, rows: u16) {
        let keyboard = self.keyboard.as_ref().expect("the terminal is there");
        keyboard.master.resize(size(columns, rows)).unwrap();
    }

    /// Whether the line is as a shell leaves it: echo and line editing on.
    pub(crate) fn is_cooked(&self) -> bool {
        let keyboard = self.keyboard.as_ref().expect("the terminal is there");
        let modes = keyboard.master.get_termios().expect("it is a terminal");
        let modes = format!("{:?}", modes.local_flags);
        modes.contains("ECHO") && modes.contains("ICANON")
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> Pid {
        self.pid
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("the child is ours");
    }

    /// Takes the terminal away, as a line that is cut. `keys` must make the program write something: the reader holds
    /// the terminal, too, and sees only then that it is to let go. A console writes once a second by itself.
    pub(crate) fn hang_up(&mut self, keys: &str) {
        self.screen.change(|screen| {
            screen.is_over = true;
            screen.is_held = false;
        });
        self.keys(keys);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.keyboard = None;
    }

    /// Waits for the end, at most for `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<ExitStatus> {
        let ended = self.ended.wait(timeout, |ended| ended.clone());
        ended.map(|(status, _)| status)
    }

    /// The time that it had a processor for so far, in all its threads, in steps of 10 ms.
    pub(crate) fn used(&self) -> Duration {
        let at_end = self
            .ended
            .read(|ended| ended.as_ref().map(|(_, used)| *used));
        at_end.unwrap_or_else(|| cpu_time(self.pid))
    }

    /// Waits for the end and for all that it wrote, and looks that the terminal is as it was.
    pub(crate) fn ends_restored(&mut self, code: u32) {
        let status = self.wait(Duration::from_secs(10));
        let status = status.unwrap_or_else(|| panic!("it still runs:\n{}", self.text()));
        assert_eq!(status.exit_code(), code, "{}", self.text());
        assert!(self.is_cooked(), "the line stays raw");
        // Nothing holds the other end any more, so the reader ends with what is left.
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.look(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen stays");
            assert!(!screen.hide_cursor(), "the cursor stays hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste stays on");
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.ended.read(Option::is_none) {
            // It may end in between.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a window has cells")
}

/// The time that a process had a processor for: fields 14 and 15 of proc(5)'s stat, in hundredths of a second.
fn cpu_time(pid: Pid) -> Duration {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let stat = std::fs::read_to_string(path).expect("the child was not waited for");
    let (_, fields) = stat.rsplit_once(") ").expect("the name stands in brackets");
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(10 * ticks)
}

fn read(mut master: Box<dyn Read + Send>, screen: Arc<Watch<Screen>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut some = [0; 4_096];
        while let Ok(count @ 1..) = master.read(&mut some) {
            let is_over = screen.change(|screen| {
                screen.parser.process(&some[..count]);
                screen.octets += count as u64;
                screen.heard.extend_from_slice(&some[..count]);
                screen.is_over
            });
            screen.wait(Duration::MAX, |screen| (!screen.is_held).then_some(()));
            if is_over {
                return;
            }
        }
        // Wakes whoever waits for what does not come any more.
        screen.change(|_| ());
    })
}
