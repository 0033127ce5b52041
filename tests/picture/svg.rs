use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// Width and height of a cell, and the size of letters in it.
const CELL: (u32, u32) = (9, 19);
const FONT: u32 = 15;
const MARGIN: u32 = 12;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";
/// The sixteen colours of a terminal.
const PALETTE: [&str; 16] = [
    "#2b2f38", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0",
    "#6b7280", "#ff8f98", "#b5e890", "#ffd98e", "#8cc8ff", "#e3a4f5", "#7fd7e0", "#ffffff",
];

/// How cells of one run look.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    foreground: String,
    background: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

/// Draws what a terminal shows as SVG: one text for each run of cells that look the same.
pub fn picture(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let width = u32::from(columns.get()) * CELL.0 + 2 * MARGIN;
    let height = u32::from(rows.get()) * CELL.1 + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, \
         monospace\" font-size=\"{FONT}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows.get() {
        for run in runs(screen, row, columns.get()) {
            draw(&mut svg, row, &run);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

struct Run {
    column: u16,
    cells: u16,
    text: String,
    look: Look,
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else {
            continue;
        };
        if cell.is_wide_continuation() {
            if let Some(run) = runs.last_mut() {
                run.cells += 1;
            }
            continue;
        }
        let look = look(cell);
        let text = if cell.contents().is_empty() {
            " "
        } else {
            cell.contents()
        };
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.cells += 1;
                run.text.push_str(text);
            }
            _ => runs.push(Run {
                column,
                cells: 1,
                text: text.to_owned(),
                look,
            }),
        }
    }
    runs
}

fn look(cell: &Cell) -> Look {
    let foreground = colour(cell.fgcolor());
    let background = colour(cell.bgcolor());
    let default = || FOREGROUND.to_owned();
    let (foreground, background) = if cell.inverse() {
        let behind = foreground.unwrap_or_else(default);
        (
            background.unwrap_or_else(|| BACKGROUND.to_owned()),
            Some(behind),
        )
    } else {
        (foreground.unwrap_or_else(default), background)
    };
    Look {
        foreground,
        background,
        bold: cell.bold(),
        dim: cell.dim(),
        underline: cell.underline(),
    }
}

/// `None` is the terminal's own.
fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Idx(index) => Some(indexed(index)),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// The 256 colours of xterm: 16 of the palette, a cube of 6 x 6 x 6, 24 greys.
fn indexed(index: u8) -> String {
    if let Some(named) = PALETTE.get(usize::from(index)) {
        return (*named).to_owned();
    }
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let level = |place: u8| match (index - 16) / place % 6 {
        0 => 0,
        step => 55 + 40 * step,
    };
    format!("#{:02x}{:02x}{:02x}", level(36), level(6), level(1))
}

fn draw(svg: &mut String, row: u16, run: &Run) {
    let x = MARGIN + u32::from(run.column) * CELL.0;
    let y = MARGIN + u32::from(row) * CELL.1;
    let width = u32::from(run.cells) * CELL.0;
    let look = &run.look;
    if let Some(background) = &look.background {
        let height = CELL.1;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>"
        );
    }
    if run.text.trim().is_empty() {
        return;
    }
    let mut style = format!("fill=\"{}\"", look.foreground);
    if look.bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if look.dim {
        style.push_str(" opacity=\"0.6\"");
    }
    if look.underline {
        style.push_str(" text-decoration=\"underline\"");
    }
    let text = run.text.trim_end();
    let kept = u32::from(run.cells) - u32::try_from(run.text.len() - text.len()).unwrap_or(0);
    let baseline = y + FONT;
    let length = kept * CELL.0;
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{baseline}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" {style}>{text}</text>"
    );
}
