//! Reply times of a link: a row of bars with a gap for each break, and the numbers beside it.

use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::ReplySample;
use crate::domain::GatewayName;
use crate::ui::look::Role;
use crate::ui::text;

/// The numbers of the reply times that are shown.
struct Numbers {
    last: Option<u32>,
    max: Option<u32>,
    breaks: usize,
}

impl Pen<'_> {
    /// Draws the reply times of the gateway that is selected.
    pub fn replies(&mut self, place: Rect) {
        let Some(gateway) = self.selected_link().map(|link| link.gateway.clone()) else {
            let text = self.say("empty.links", &[]);
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        };
        let inner = indented(place);
        let width = usize::from(inner.width);
        let samples = self.samples(&gateway, width);
        if samples.is_empty() {
            let text = self.say("empty.replies", &[]);
            self.paragraph(inner, 1, &text, Role::Dim);
            return;
        }
        if self.model.is_plain {
            self.replies_in_words(inner, &samples);
            return;
        }
        let numbers = numbers(&samples);
        let text = self.reply_numbers(&numbers);
        self.line(inner, 0, &text, Role::Normal);
        let height = usize::from(inner.height).saturating_sub(3).min(8);
        self.reply_bars(inner, 1, height, &samples, numbers.max.unwrap_or_default());
        if let (Some(first), Some(last)) = (samples.first(), samples.last()) {
            let (from, until) = (self.short_moment(first.at), self.short_moment(last.at));
            let mut row = self.row(inner, 1 + height);
            // Where there are too few samples for both, the last one counts.
            let before = samples.len().saturating_sub(text::width(&until));
            if text::width(&from) < before {
                row.cell(&from, before, Role::Dim);
            } else {
                row.skip(before);
            }
            row.put(&until, Role::Dim);
        }
    }

    /// What stands above the reply times.
    pub fn replies_title(&self) -> String {
        let gateway = self.selected_link().map_or("", |link| &link.gateway.0);
        self.say("pane.replies", &[("gateway", gateway)])
    }

    /// Reply times in one line of `columns` at most; empty where none are known.
    pub fn sparkline(&self, gateway: &GatewayName, columns: usize) -> String {
        let samples = self.samples(gateway, columns);
        let max = self.longest_reply(gateway);
        let bars = self.signs.bars;
        let bar = |sample: &ReplySample| match sample.reply_ms {
            None => " ",
            Some(ms) => bars[level(ms, max, bars.len() - 1)],
        };
        samples.iter().map(bar).collect()
    }

    /// The longest reply time of about the last hour.
    pub fn longest_reply(&self, gateway: &GatewayName) -> u32 {
        /// About an hour.
        const LATELY: usize = 120;
        let numbers = numbers(&self.samples(gateway, LATELY));
        numbers.max.unwrap_or_default()
    }

    /// A reply time: `41 ms`.
    pub fn reply_time(&self, ms: u32) -> String {
        self.say("reply.time", &[("ms", &ms.to_string())])
    }

    fn reply_numbers(&self, numbers: &Numbers) -> String {
        let breaks = numbers.breaks.to_string();
        let (Some(last), Some(max)) = (numbers.last, numbers.max) else {
            return self.say("reply.no_numbers", &[("breaks", &breaks)]);
        };
        let [last, max] = [last, max].map(|ms| self.reply_time(ms));
        let facts = [("last", &*last), ("max", &*max), ("breaks", &*breaks)];
        self.say("reply.numbers", &facts)
    }

    fn reply_bars(
        &mut self,
        place: Rect,
        y: usize,
        height: usize,
        samples: &[ReplySample],
        max: u32,
    ) {
        let bars = self.signs.bars;
        let steps = bars.len();
        for line in 0..height {
            let mut row = self.row(place, y + line);
            let below = (height - 1 - line) * steps;
            for sample in samples {
                let filled = sample
                    .reply_ms
                    .map_or(0, |ms| 1 + level(ms, max, height * steps - 1));
                match filled.saturating_sub(below).min(steps) {
                    0 => row.skip(1),
                    step => row.put(bars[step - 1], Role::Normal),
                }
            }
        }
    }

    fn replies_in_words(&mut self, place: Rect, samples: &[ReplySample]) {
        let text = self.reply_numbers(&numbers(samples));
        self.line(place, 0, &text, Role::Normal);
        for (at, sample) in samples.iter().rev().enumerate() {
            let text = sample
                .reply_ms
                .map_or_else(|| self.say("reply.broke", &[]), |ms| self.reply_time(ms));
            let text = format!("{}  {text}", self.moment(sample.at));
            self.line(place, at + 1, &text, Role::Normal);
        }
    }

    /// The latest reply times, oldest first.
    fn samples(&self, gateway: &GatewayName, columns: usize) -> Vec<ReplySample> {
        let Some(all) = self.model.facts.replies.get(gateway) else {
            return Vec::new();
        };
        all.iter()
            .skip(all.len().saturating_sub(columns))
            .copied()
            .collect()
    }
}

fn numbers(samples: &[ReplySample]) -> Numbers {
    let times = || samples.iter().filter_map(|sample| sample.reply_ms);
    Numbers {
        last: times().next_back(),
        max: times().max(),
        breaks: samples
            .iter()
            .filter(|sample| sample.reply_ms.is_none())
            .count(),
    }
}

/// Where `ms` stands between 0 and `most` where `max` stands at `most`.
fn level(ms: u32, max: u32, most: usize) -> usize {
    let most = u64::try_from(most).unwrap_or(0);
    let level = u64::from(ms) * most / u64::from(max.max(1));
    usize::try_from(level.min(most)).unwrap_or(0)
}
