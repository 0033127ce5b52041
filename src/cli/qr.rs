use qrcode::types::{Color, QrError};
use qrcode::{EcLevel, QrCode};
use zeroize::Zeroizing;

use super::error::CliError;

/// Modules of light around a code, which scanners need: ISO/IEC 18004 section 9.1.
const QUIET: usize = 4;

/// Modules above and below where four would push something off a window.
const QUIET_SQUEEZED: usize = 2;

/// Colours of ECMA-48 section 8.3.117, the white one as most terminals have it.
const WHITE_ON_BLACK: &str = "\x1b[97;40m";
const PLAIN: &str = "\x1b[0m";

/// How much light stands above and below a code.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// As much as scanners want.
    Full,
    /// As much as they get by with.
    Squeezed,
}

impl Quiet {
    const fn modules(self) -> usize {
        match self {
            Self::Full => QUIET,
            Self::Squeezed => QUIET_SQUEEZED,
        }
    }
}

/// A QR code that is drawn with half blocks, two modules a character, one above the other.
pub struct Code(QrCode);

impl Code {
    /// Makes the code of `text`.
    ///
    /// # Errors
    /// [`CliError::TooLongForQr`] past the largest code.
    pub fn of(text: &str) -> Result<Self, CliError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L);
        code.map(Self).map_err(|_: QrError| CliError::TooLongForQr)
    }

    /// How many cells each line has.
    pub fn columns(&self) -> usize {
        self.0.width() + 2 * QUIET
    }

    /// How many lines it has.
    pub fn lines(&self, quiet: Quiet) -> usize {
        (self.0.width() + 2 * quiet.modules()).div_ceil(2)
    }

    /// Draws it.
    ///
    /// Light modules are drawn and dark ones left out: on a dark terminal that is dark on light, as scanners want it. With
    /// colour it is so on every terminal.
    pub fn half_blocks(&self, quiet: Quiet, has_colour: bool) -> Zeroizing<String> {
        let (width, above) = (self.0.width(), quiet.modules());
        let is_light = |x: usize, y: usize| {
            let place = x.checked_sub(QUIET).zip(y.checked_sub(above));
            place.is_none_or(|(x, y)| x >= width || y >= width || self.0[(x, y)] == Color::Light)
        };
        let (begin, end) = if has_colour {
            (WHITE_ON_BLACK, PLAIN)
        } else {
            ("", "")
        };
        let line_octets = begin.len() + 3 * self.columns() + end.len() + 1;
        // Room for all of it: what grows leaves parts of a key behind in freed memory.
        let mut drawn = Zeroizing::new(String::with_capacity(self.lines(quiet) * line_octets));
        for line in 0..self.lines(quiet) {
            drawn.push_str(begin);
            for x in 0..self.columns() {
                drawn.push(match (is_light(x, 2 * line), is_light(x, 2 * line + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            drawn.push_str(end);
            drawn.push('\n');
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, quiet: Quiet, has_colour: bool) -> Zeroizing<String> {
        Code::of(text).ok().unwrap().half_blocks(quiet, has_colour)
    }

    #[test]
    fn what_is_drawn_is_the_code() {
        let text = "HZK.test";
        let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
        for (quiet, above) in [(Quiet::Full, 4), (Quiet::Squeezed, 2)] {
            let drawn = drawn(text, quiet, false);
            let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
            assert_eq!(rows.len(), Code::of(text).ok().unwrap().lines(quiet));
            for y in 0..code.width() + 2 * above {
                for x in 0..code.width() + 2 * QUIET {
                    let upper = y % 2 == 0;
                    let light = match rows[y / 2][x] {
                        '█' => true,
                        '▀' => upper,
                        '▄' => !upper,
                        other => other != ' ',
                    };
                    let inside = (QUIET..QUIET + code.width()).contains(&x)
                        && (above..above + code.width()).contains(&y);
                    let dark = inside && code[(x - QUIET, y - above)] == Color::Dark;
                    assert_eq!(light, !dark, "{x} {y}");
                }
            }
        }
    }

    #[test]
    fn colour_frames_every_line_and_changes_none() {
        let plain = drawn("HZK.test", Quiet::Full, false);
        let coloured = drawn("HZK.test", Quiet::Full, true);
        assert!(!plain.contains('\x1b'));
        for (line, plain) in coloured.lines().zip(plain.lines()) {
            assert_eq!(line, format!("\x1b[97;40m{plain}\x1b[0m"));
        }
    }

    #[test]
    fn a_code_is_drawn_without_growing() {
        for has_colour in [false, true] {
            let drawn = drawn(&"a".repeat(300), Quiet::Full, has_colour);
            assert!(drawn.capacity() < drawn.len() * 2);
        }
    }

    #[test]
    fn too_much_is_an_error() {
        assert!(Code::of(&"a".repeat(3_000)).is_err());
    }
}
