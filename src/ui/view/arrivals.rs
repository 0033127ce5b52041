//! Arrivals of the day in bins of 10 minutes, with the usual curve of the same weekday.

use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::domain::Millis;
use crate::ui::look::Role;

/// How long a bin is.
const BIN: i64 = 10 * Millis::MINUTE;
/// Bins of an hour.
const HOUR: usize = 6;
/// Cells left of the bars, for the numbers of the axis.
const LEFT: usize = 5;

/// What is drawn: counts by bins of `step` times 10 minutes.
struct Chart {
    from: Millis,
    step: usize,
    /// Cells of a bar.
    wide: usize,
    today: Vec<f32>,
    usual: Vec<f32>,
}

impl Pen<'_> {
    /// Draws when people came in today.
    pub fn arrivals(&mut self, place: Rect) {
        let columns = usize::from(place.width).saturating_sub(LEFT + 1);
        let Some(chart) = self.chart(columns) else {
            let text = self.nothing("empty.arrivals");
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        };
        if self.model.is_plain {
            self.arrivals_in_words(indented(place), &chart);
            return;
        }
        let height = usize::from(place.height).saturating_sub(2);
        self.bars(place, height, &chart);
        self.axis(place, height, &chart);
    }

    /// What stands above the arrivals.
    pub fn arrivals_title(&self) -> String {
        if self.model.usual().is_empty() {
            return self.say("pane.arrivals", &[]);
        }
        let day = self.weekday(self.model.now);
        let facts = [("day", &*day), ("dot", self.signs.usual)];
        self.say("pane.arrivals_usual", &facts)
    }

    /// How many came in, and when half of them had come.
    pub fn arrivals_numbers(&self) -> String {
        let Some(day) = self.model.today() else {
            return String::new();
        };
        let count: u32 = day.arrivals.bins.iter().sum();
        let count = count.to_string();
        let Some(median) = self.model.lists.median else {
            return self.say("arrivals.count", &[("count", &count)]);
        };
        let facts = [
            ("count", &*count),
            ("median", &*self.clock(median)),
            ("dot", self.signs.dot),
        ];
        self.say("arrivals.count_and_median", &facts)
    }

    /// The hours that have anything in them, in bins that fit into `columns`; `None` where nothing is known.
    fn chart(&self, columns: usize) -> Option<Chart> {
        let day = self.model.today()?;
        let from = day.from?;
        let today = &day.arrivals.bins;
        let usual = self.model.usual();
        let is_used = |bin: &usize| {
            today.get(*bin).is_some_and(|count| *count > 0)
                || usual.get(*bin).is_some_and(|count| *count > 0.0)
        };
        let bins = today.len().max(usual.len());
        let first = (0..bins).find(is_used)?;
        let last = (0..bins).rev().find(is_used)?;
        let first = first / HOUR * HOUR;
        let count = (last + 1 - first).div_ceil(HOUR) * HOUR;
        let step = count.div_ceil(columns.max(1)).max(1);
        let places = count.div_ceil(step);
        let sum = |bin: usize, of: &dyn Fn(usize) -> f32| -> f32 {
            (first + bin * step..first + (bin + 1) * step).map(of).sum()
        };
        let counted = |bin: usize| {
            let count = today.get(bin).copied().unwrap_or(0);
            f32::from(u16::try_from(count).unwrap_or(u16::MAX))
        };
        let expected = |bin: usize| usual.get(bin).copied().unwrap_or(0.0);
        let from = from.plus_ms(i64::try_from(first).unwrap_or(0) * BIN);
        Some(Chart {
            from,
            step,
            wide: (columns / places.max(1)).clamp(1, 3),
            today: (0..places).map(|bin| sum(bin, &counted)).collect(),
            usual: (0..places).map(|bin| sum(bin, &expected)).collect(),
        })
    }

    fn bars(&mut self, place: Rect, height: usize, chart: &Chart) {
        let bars = self.signs.bars;
        let top = chart.top();
        for line in 0..height {
            let level = height - 1 - line;
            let label = match level {
                _ if line == 0 => number(top),
                _ if level == height / 2 && height > 4 => number(top * half(level + 1, height)),
                _ => String::new(),
            };
            let (axis, usual_sign) = (self.signs.axis[3], self.signs.usual);
            let mut row = self.row(place, line);
            row.cell_right(&label, LEFT - 1, Role::Dim);
            row.put(axis, Role::Dim);
            for (today, usual) in chart.today.iter().zip(&chart.usual) {
                let filled =
                    eighths(*today, top, height * bars.len()).saturating_sub(level * bars.len());
                let usual = eighths(*usual, top, height * bars.len());
                let is_usual = usual > 0 && (usual - 1) / bars.len() == level;
                match filled.min(bars.len()) {
                    0 if is_usual => row.put(&usual_sign.repeat(chart.wide), Role::Dim),
                    0 => row.skip(chart.wide),
                    step => row.put(&bars[step - 1].repeat(chart.wide), Role::Normal),
                }
            }
        }
    }

    fn axis(&mut self, place: Rect, y: usize, chart: &Chart) {
        let [corner, across, tick, _] = self.signs.axis;
        let hour = (HOUR / chart.step).max(1);
        // A label takes 5 cells and needs a free one.
        let hours = [1, 2, 3, 4, 6, 12]
            .into_iter()
            .find(|hours| hours * hour * chart.wide >= 7);
        let every = hours.unwrap_or(24) * hour;
        let mut row = self.row(place, y);
        row.skip(LEFT - 1);
        row.put(corner, Role::Dim);
        for bin in 0..chart.today.len() {
            row.put(if bin % every == 0 { tick } else { across }, Role::Dim);
            row.put(&across.repeat(chart.wide - 1), Role::Dim);
        }
        let labels: Vec<String> = (0..chart.today.len())
            .step_by(every)
            .map(|bin| self.clock(chart.starts(bin)))
            .collect();
        let mut row = self.row(place, y + 1);
        row.skip(LEFT);
        for label in labels {
            if row.room() < label.len() {
                break;
            }
            row.cell(&label, every * chart.wide, Role::Dim);
        }
    }

    fn arrivals_in_words(&mut self, place: Rect, chart: &Chart) {
        let numbers = self.arrivals_numbers();
        self.line(place, 0, &numbers, Role::Normal);
        let mut y = 1;
        for (bin, (today, usual)) in chart.today.iter().zip(&chart.usual).enumerate() {
            if *today == 0.0 && *usual == 0.0 {
                continue;
            }
            let (from, until) = (
                self.clock(chart.starts(bin)),
                self.clock(chart.starts(bin + 1)),
            );
            let facts = [
                ("from", &*from),
                ("until", &*until),
                ("count", &*number(*today)),
                ("usual", &*format!("{usual:.1}")),
            ];
            let text = self.say("arrivals.bin", &facts);
            self.line(place, y, &text, Role::Normal);
            y += 1;
        }
    }
}

impl Chart {
    /// When a bin starts.
    fn starts(&self, bin: usize) -> Millis {
        let bins = i64::try_from(bin * self.step).unwrap_or(0);
        self.from.plus_ms(bins * BIN)
    }

    fn top(&self) -> f32 {
        let all = self.today.iter().chain(&self.usual);
        all.copied().fold(1.0, f32::max).ceil()
    }
}

fn number(count: f32) -> String {
    format!("{count:.0}")
}

fn half(level: usize, height: usize) -> f32 {
    let small = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    small(level) / small(height.max(1))
}

/// How many of `most` steps `value` fills where `top` fills all; anything above nothing fills one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the height of a window"
)]
fn eighths(value: f32, top: f32, most: usize) -> usize {
    if value <= 0.0 {
        return 0;
    }
    let most_f = f32::from(u16::try_from(most).unwrap_or(u16::MAX));
    ((value / top * most_f).round() as usize).clamp(1, most.max(1))
}
