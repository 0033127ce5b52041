//! The last PDUs of a link by their headers: what crossed it before it broke.

use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::PduFact;
use crate::ui::look::Role;

/// From this width on there are columns with a head.
const COLUMNS: usize = 54;

impl Pen<'_> {
    /// Draws the last PDUs of the gateway that is selected, the newest first.
    pub fn pdus(&mut self, place: Rect) {
        let model = self.model;
        let inner = indented(place);
        let pdus = self
            .selected_link()
            .and_then(|link| model.facts.pdus.get(&link.gateway));
        let Some(pdus) = pdus.filter(|pdus| !pdus.is_empty()) else {
            let text = self.say("empty.pdus", &[]);
            self.paragraph(inner, 1, &text, Role::Dim);
            return;
        };
        let head = usize::from(usize::from(inner.width) >= COLUMNS);
        if head > 0 {
            self.pdu_head(inner);
        }
        for (y, pdu) in pdus.iter().rev().enumerate() {
            self.pdu_row(inner, head + y, pdu);
        }
    }

    /// What stands above the PDUs.
    pub fn pdus_title(&self) -> String {
        let gateway = self.selected_link().map_or("", |link| &link.gateway.0);
        self.say("pane.pdus", &[("gateway", gateway)])
    }

    fn pdu_head(&mut self, place: Rect) {
        let words = self.words();
        let say = |key| words.say(key, &[]);
        let mut row = self.row(place, 0);
        row.cell(&say("column.time"), 9 + 4, Role::Dim);
        row.cell(&say("column.command"), 21, Role::Dim);
        row.cell_right(&say("column.sequence"), 11, Role::Dim);
        row.cell_right(&say("column.octets"), 7, Role::Dim);
        row.skip(1);
        row.put_whole(&say("column.status"), Role::Dim);
    }

    fn pdu_row(&mut self, place: Rect, y: usize, pdu: &PduFact) {
        /// From this width on there is a column for each.
        const ALL: usize = 72;
        let header = &pdu.header;
        let code = |code: u32| format!("{code:#010x}");
        let command = header
            .command()
            .map_or_else(|| code(header.command_id), str::to_owned);
        let status = match header.status_name() {
            Some("ESME_ROK") => String::new(),
            Some(name) => name.to_owned(),
            None => code(header.status),
        };
        let way = if header.is_ours {
            self.say("pdu.sent", &[])
        } else {
            self.say("pdu.came", &[])
        };
        let at = self.clock_s(pdu.at);
        let role = if status.is_empty() {
            Role::Normal
        } else {
            Role::Warn
        };
        let width = usize::from(place.width);
        let mut row = self.row(place, y);
        row.cell(&at, 8, Role::Dim);
        row.skip(1);
        row.cell(&way, 3, Role::Dim);
        row.skip(1);
        if width < COLUMNS {
            row.put(&command, Role::Normal);
        } else {
            row.cell(&command, 21, Role::Normal);
        }
        // Where there is not room for all, what went wrong counts more than its numbers.
        if width >= ALL || (width >= COLUMNS && status.is_empty()) {
            row.cell_right(&header.sequence.to_string(), 11, Role::Dim);
            row.cell_right(&header.octets.to_string(), 7, Role::Dim);
        }
        row.skip(1);
        row.put(&status, role);
    }
}
