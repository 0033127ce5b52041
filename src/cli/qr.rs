use qrcode::types::{Color, QrError};
use qrcode::{EcLevel, QrCode};
use zeroize::Zeroizing;

use super::error::CliError;

/// Modules of light around the code, which scanners need: ISO/IEC 18004 section 9.1.
const QUIET: usize = 4;

/// Modules above and below where four would push the text off a window of 24 lines.
const QUIET_SQUEEZED: usize = 2;

/// Lines that the code may take with its text below in a window of 24.
const LINES: usize = 21;

/// Colours of ECMA-48 section 8.3.117, the white one as most terminals have it.
const WHITE_ON_BLACK: &str = "\x1b[97;40m";
const PLAIN: &str = "\x1b[0m";

/// Draws `text` as a QR code of half blocks, two modules a character, one row a line.
///
/// Light modules are drawn and dark ones left out: on a dark terminal that is dark on light, as scanners want it. With
/// colour it is so on every terminal.
///
/// # Errors
/// [`CliError::TooLongForQr`] past the largest code.
pub fn half_blocks(text: &str, has_colour: bool) -> Result<Zeroizing<String>, CliError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L);
    let code = code.map_err(|_: QrError| CliError::TooLongForQr)?;
    let width = code.width();
    let fits = (width + 2 * QUIET).div_ceil(2) <= LINES;
    let above = if fits { QUIET } else { QUIET_SQUEEZED };
    let is_light = |x: usize, y: usize| {
        let place = x.checked_sub(QUIET).zip(y.checked_sub(above));
        place.is_none_or(|(x, y)| x >= width || y >= width || code[(x, y)] == Color::Light)
    };
    let lines = (width + 2 * above).div_ceil(2);
    let (begin, end) = if has_colour {
        (WHITE_ON_BLACK, PLAIN)
    } else {
        ("", "")
    };
    let line_octets = begin.len() + 3 * (width + 2 * QUIET) + end.len() + 1;
    let mut drawn = Zeroizing::new(String::with_capacity(lines * line_octets));
    for line in 0..lines {
        drawn.push_str(begin);
        for x in 0..width + 2 * QUIET {
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
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_a_window_with_its_text() {
        let key = format!("HZK.{}.+989102211824", "A".repeat(55));
        let drawn = half_blocks(&key, false).unwrap();
        assert!(drawn.lines().count() <= LINES);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn what_is_drawn_is_the_code() {
        let text = "HZK.test";
        let drawn = half_blocks(text, false).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
        let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        for y in 0..code.width() + 2 * QUIET {
            for x in 0..code.width() + 2 * QUIET {
                let upper = y % 2 == 0;
                let light = match rows[y / 2][x] {
                    '█' => true,
                    '▀' => upper,
                    '▄' => !upper,
                    other => other != ' ',
                };
                let inside = (QUIET..QUIET + code.width()).contains(&x)
                    && (QUIET..QUIET + code.width()).contains(&y);
                let dark = inside && code[(x - QUIET, y - QUIET)] == Color::Dark;
                assert_eq!(light, !dark, "{x} {y}");
            }
        }
    }

    #[test]
    fn colour_frames_every_line_and_changes_none() {
        let plain = half_blocks("HZK.test", false).unwrap();
        let coloured = half_blocks("HZK.test", true).unwrap();
        assert!(!plain.contains('\x1b'));
        for (line, plain) in coloured.lines().zip(plain.lines()) {
            assert_eq!(line, format!("\x1b[97;40m{plain}\x1b[0m"));
        }
    }

    #[test]
    fn too_much_is_an_error() {
        assert!(half_blocks(&"a".repeat(3_000), false).is_err());
    }
}
