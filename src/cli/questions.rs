use std::io::{self, BufRead};
use std::sync::mpsc;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::error::CliError;
use super::wiring::runtime;
use crate::words::Words;

/// Asks a person at a terminal.
pub struct Questions<'a> {
    /// Where answers come from.
    pub input: &'a mut dyn BufRead,
    /// Where questions go.
    pub err: &'a mut dyn io::Write,
    /// The language.
    pub words: &'a Words,
}

impl Questions<'_> {
    /// Asks `key`, showing `default`; an empty answer takes it. Asks again while `check` says what is wrong.
    ///
    /// # Errors
    /// [`CliError::Terminal`] where the answers end.
    pub fn ask(
        &mut self,
        key: &str,
        default: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, CliError> {
        loop {
            let question = self.words.say(key, &[]);
            if default.is_empty() {
                write!(self.err, "{question}: ")
            } else {
                write!(self.err, "{question} [{default}]: ")
            }
            .map_err(CliError::Terminal)?;
            let answer = self.line()?;
            let answer = match answer.trim() {
                "" => default,
                answer => answer,
            };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(wrong) => writeln!(self.err, "{wrong}").map_err(CliError::Terminal)?,
            }
        }
    }

    /// Asks for a password; what is typed is not shown where the input is a terminal.
    ///
    /// # Errors
    /// As [`Questions::ask`].
    pub fn ask_hidden(
        &mut self,
        key: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Zeroizing<String>, CliError> {
        loop {
            let question = self.words.say(key, &[]);
            write!(self.err, "{question}: ").map_err(CliError::Terminal)?;
            let hidden = Hidden::begin();
            let answer = self.line();
            drop(hidden);
            writeln!(self.err).map_err(CliError::Terminal)?;
            let answer = answer?;
            let answer = answer.trim_end_matches(['\r', '\n']);
            match check(answer) {
                Ok(()) => return Ok(Zeroizing::new(answer.to_owned())),
                Err(wrong) => writeln!(self.err, "{wrong}").map_err(CliError::Terminal)?,
            }
        }
    }

    fn line(&mut self) -> Result<Zeroizing<String>, CliError> {
        self.err.flush().map_err(CliError::Terminal)?;
        let mut line = Zeroizing::new(String::new());
        let octets = self.input.read_line(&mut line);
        if octets.map_err(CliError::Terminal)? == 0 {
            let end = io::ErrorKind::UnexpectedEof;
            return Err(CliError::Terminal(end.into()));
        }
        Ok(line)
    }
}

/// While it lives, the terminal does not show what is typed.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else {
            return Self(None);
        };
        if !restore_at_signals(before.clone()) {
            return Self(None);
        }
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        let set = tcsetattr(io::stdin(), OptionalActions::Flush, &quiet);
        Self(set.ok().map(|()| before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// From now on a signal that ends the program gives the terminal back as it was `before`. Whether that could be done.
fn restore_at_signals(before: Termios) -> bool {
    const ENDING: [SignalKind; 3] = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let (caught, is_caught) = mpsc::channel();
    let wait = move || -> Option<()> {
        let runtime = runtime().ok()?;
        let ended_by = runtime.block_on(async {
            let [mut int, mut term, mut hup] = ENDING.map(|kind| signal(kind).ok());
            let (int, term, hup) = (int.as_mut()?, term.as_mut()?, hup.as_mut()?);
            caught.send(()).ok()?;
            Some(tokio::select! {
                _ = int.recv() => SignalKind::interrupt(),
                _ = term.recv() => SignalKind::terminate(),
                _ = hup.recv() => SignalKind::hangup(),
            })
        })?;
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        // As a shell shows a program that a signal ended.
        std::process::exit(128 + ended_by.as_raw_value())
    };
    // It waits until the process ends.
    let waits = std::thread::Builder::new().spawn(wait);
    waits.is_ok() && is_caught.recv().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn a_wrong_answer_is_asked_again_and_none_takes_the_default() {
        let words = Words::load(Language::English);
        let (mut input, mut err) = (&b"bad\n\nnext\n"[..], Vec::new());
        let mut questions = Questions {
            input: &mut input,
            err: &mut err,
            words: &words,
        };
        let check = |text: &str| match text {
            "bad" => Err("no good".to_owned()),
            _ => Ok(()),
        };
        let answer = questions.ask("ask.name", "Here", check);
        assert_eq!(answer.unwrap(), "Here");
        assert_eq!(questions.ask("ask.name", "", check).unwrap(), "next");
        assert!(questions.ask("ask.name", "Here", check).is_err());
        let said = String::from_utf8(err).unwrap();
        assert_eq!(said.matches("[Here]").count(), 3, "{said}");
        assert!(said.contains("no good"), "{said}");
    }
}
