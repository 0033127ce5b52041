use ratatui::layout::Rect;

use super::pen::Pen;
use super::people::indented;
use crate::api::{LinkFact, LinkState};
use crate::domain::Millis;
use crate::ui::look::Role;
use crate::ui::model::Pane;
use crate::ui::text;

impl<'a> Pen<'a> {
    /// Draws the gateways: `rows` of them, and below them all that is known of the selected one.
    pub fn links(&mut self, place: Rect, rows: usize, is_focus: bool) {
        /// The least columns of a name.
        const NAME: usize = 16;
        /// The columns of cursor, sign, state, age and reply time.
        const BESIDE_NAME: usize = 30;
        let model = self.model;
        if model.lists.links.is_empty() {
            let text = self.nothing("empty.links");
            self.paragraph(indented(place), 1, &text, Role::Dim);
            return;
        }
        let cursor = self.cursor(Pane::Links);
        let shown = model
            .lists
            .links
            .iter()
            .enumerate()
            .skip(cursor.top)
            .take(rows);
        // What stands behind a name has room beside it.
        let names = usize::from(place.width).saturating_sub(BESIDE_NAME);
        let longest = model.lists.links.iter().map(|name| text::width(&name.0));
        let names = longest.max().unwrap_or(0).min(names).max(NAME);
        let mut below = 0;
        for (y, (index, gateway)) in shown.enumerate() {
            let is_selected = is_focus && index == cursor.index;
            let link = model
                .facts
                .links
                .iter()
                .find(|link| link.gateway == *gateway);
            if let Some(link) = link {
                self.link_row(place, y, link, names, is_selected);
            }
            if is_selected {
                self.select(place, y);
            }
            below = y + 1;
        }
        if let Some(link) = self.selected_link() {
            self.link_detail(indented(place), below + 1, link);
        }
    }

    /// The link that is selected, else the first.
    pub fn selected_link(&self) -> Option<&'a LinkFact> {
        let index = self.cursor(Pane::Links).index;
        let links = &self.model.facts.links;
        let selected = self.model.lists.links.get(index);
        let selected = selected.and_then(|name| links.iter().find(|link| link.gateway == *name));
        selected.or(links.first())
    }

    /// Host and port of a gateway; its name where the configuration does not say.
    pub fn gateway_address(&self, link: &LinkFact) -> String {
        let gateways = &self.model.site.gateways;
        let site = gateways.iter().find(|gateway| gateway.name == link.gateway);
        site.map_or_else(|| link.gateway.to_string(), |site| site.address.clone())
    }

    /// What holds the answers of a gateway back; `None` where nothing does.
    pub fn link_hold(&self, link: &LinkFact) -> Option<String> {
        let hold = link.hold?;
        let is_over = link.pace_until.is_some_and(|at| at <= self.model.now);
        let at = link.pace_until.map(|at| self.hold_moment(at));
        (!is_over).then(|| self.words().hold(hold, link.waiting, at.as_deref()))
    }

    /// A moment that is near enough to be waited for, with its seconds.
    fn hold_moment(&self, at: Millis) -> String {
        if at.ms_since(self.model.now) < Millis::MINUTE {
            self.clock_s(at)
        } else {
            self.moment(at)
        }
    }

    /// When the last message came, and how many usually come in the hours since.
    fn last_message(&self, link: &LinkFact) -> String {
        let Some(at) = link.last_message_at else {
            return self.say("link_fact.no_message", &[]);
        };
        let facts = [("at", &*self.moment(at)), ("age", &*self.age(at))];
        let mut text = self.say("link_fact.at_and_age", &facts);
        if link.expected > 0 {
            let facts = [("expected", &*link.expected.to_string())];
            text.push_str("; ");
            text.push_str(&self.say("link_fact.expected", &facts));
        }
        text
    }

    /// What was counted, and when the link broke last.
    fn link_counts(&self, link: &LinkFact) -> String {
        let [received, submitted, drops] =
            [link.received, link.submitted, link.drops].map(|count| count.to_string());
        let facts = [
            ("received", &*received),
            ("submitted", &*submitted),
            ("drops", &*drops),
        ];
        let counts = self.say("link_fact.counts_are", &facts);
        let Some(at) = link.breaks.last() else {
            return counts;
        };
        let facts = [("counts", &*counts), ("at", &*self.moment(*at))];
        self.say("link_fact.last_break", &facts)
    }

    fn link_row(
        &mut self,
        place: Rect,
        y: usize,
        link: &LinkFact,
        names: usize,
        is_selected: bool,
    ) {
        let state = self.link_state(link.state);
        let age = self.age(link.since);
        let reply = link
            .reply_ms
            .map_or_else(String::new, |ms| self.reply_time(ms));
        let cursor = if is_selected { self.signs.cursor } else { "" };
        let mut row = self.row(place, y);
        row.cell(cursor, 2, Role::Strong);
        row.cell(state.glyph, 2, state.role);
        row.cell(&link.gateway.0, names, Role::Strong);
        row.skip(1);
        row.put(&state.word, state.role);
        row.put(" ", Role::Normal);
        row.put(&age, Role::Normal);
        row.skip(3);
        row.put(&reply, Role::Normal);
    }

    fn link_detail(&mut self, place: Rect, y: usize, link: &LinkFact) {
        let mut y = y;
        if let Some(cause) = link.error {
            let words = self.words();
            let text = self.say("link_fact.why", &[("cause", &words.down_cause(cause))]);
            y = self.paragraph(place, y, &text, Role::Bad);
            y = self.paragraph(place, y, &words.down_act(cause), Role::Strong);
        }
        let site = self
            .model
            .site
            .gateways
            .iter()
            .find(|g| g.name == link.gateway);
        let source = site.and_then(|site| site.source_address.as_deref());
        let source = source.map_or_else(
            || self.say("link_fact.any_number", &[]),
            |number| self.phone(number),
        );
        let count = |n: u64| n.to_string();
        let window = self.say(
            "link_fact.window_is",
            &[
                ("flight", &link.in_flight.to_string()),
                ("window", &link.window.to_string()),
                ("waiting", &link.waiting.to_string()),
            ],
        );
        let next = self.link_hold(link);
        let next = next.unwrap_or_else(|| match link.state {
            LinkState::Bound => self.say("link_fact.pace_free", &[]),
            LinkState::Connecting | LinkState::Down => self.say("link_fact.pace_down", &[]),
        });
        let state = self.link_state(link.state);
        let since = self.say(
            "link_fact.since",
            &[
                ("word", &state.word),
                ("at", &self.moment(link.since)),
                ("age", &self.age(link.since)),
            ],
        );
        let address = self.gateway_address(link);
        let faults = self.words().link_faults(&link.faults);
        let faults = (!faults.is_empty()).then_some(("link_fact.faults", faults, Role::Warn));
        let health = [
            ("link_fact.state", since, state.role),
            ("link_fact.last", self.last_message(link), Role::Normal),
            ("link_fact.counts", self.link_counts(link), Role::Normal),
            ("link_fact.window", window, Role::Normal),
            ("link_fact.pace", next, Role::Normal),
        ];
        let site = [
            ("link_fact.address", address, Role::Normal),
            ("link_fact.source", source, Role::Normal),
        ];
        for (key, text, role) in health.into_iter().chain(faults).chain(site) {
            let label = self.say(key, &[]);
            y = self.fact(place, y, &label, &text, role);
        }
        if link.unreadable_over_bound + link.copies_over_bound > 0 {
            let facts = [
                ("unreadable", &*count(link.unreadable_over_bound)),
                ("copies", &*count(link.copies_over_bound)),
            ];
            let text = self.say("log.over_bound", &facts);
            let label = self.say("link_fact.not_kept", &[]);
            self.fact(place, y, &label, &text, Role::Warn);
        }
    }
}
