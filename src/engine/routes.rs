use super::roster::number_of;
use super::settings::{GatewaySettings, Settings};
use crate::domain::{Address, Country, GatewayName, OutboxRow, SmsBody};
use crate::protocol::frame;

/// Gateways by which an answer may go round, one bit each in the order of the configuration. Those after the 64th carry
/// their own alone.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Others(u64);

impl Others {
    /// Whether the gateway at `place` of the configuration is one of them.
    pub(super) const fn has(self, place: usize) -> bool {
        place < 64 && self.0 >> place & 1 == 1
    }
}

/// By which gateways answers may travel.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    gateways: Vec<GatewaySettings>,
    country: Country,
    /// How long a link is not bound before its answers go round; `None` is never.
    after_ms: Option<i64>,
}

impl Routes {
    pub(super) fn new(settings: &Settings) -> Self {
        let after_ms = settings.receipts.other_gateway_after_ms;
        Self {
            gateways: settings.gateways.clone(),
            country: settings.country,
            after_ms: (after_ms > 0 && settings.gateways.len() > 1).then_some(after_ms),
        }
    }

    /// How long a link is not bound before its answers go round; `None` is never.
    pub(super) const fn after_ms(&self) -> Option<i64> {
        self.after_ms
    }

    /// The gateways, but for its own, by which an answer may go.
    pub(super) fn others(&self, row: &OutboxRow) -> Others {
        if self.after_ms.is_none() {
            return Others::default();
        }
        let others = self.gateways.iter().enumerate().take(64);
        let others = others.filter(|(_, gateway)| gateway.name != row.gateway);
        let others = others.filter(|(_, gateway)| may_carry(gateway, row, self.country));
        Others(others.fold(0, |bits, (place, _)| bits | 1 << place))
    }

    /// The body in which an answer leaves by its gateway. Its row keeps the frame alone, so that another gateway, or a
    /// configuration that was changed, has its own link in front of it.
    pub(super) fn body_of(&self, row: &OutboxRow) -> SmsBody {
        let mut gateways = self.gateways.iter();
        let gateway = gateways.find(|gateway| gateway.name == row.gateway);
        match (&row.body, gateway.and_then(|gateway| link_of(row, gateway))) {
            (SmsBody::Text(frame), Some(link)) => SmsBody::Text([link, "#", frame].concat()),
            (body @ (SmsBody::Text(_) | SmsBody::Binary(_)), _) => body.clone(),
        }
    }

    /// The answer made anew for another gateway; `None` where the configuration has none of that name.
    pub(super) fn round_by(&self, row: &OutboxRow, gateway: &GatewayName) -> Option<OutboxRow> {
        let gateway = self.gateways.iter().find(|known| known.name == *gateway)?;
        let mut row = row.clone();
        go_by(&mut row, gateway);
        Some(row)
    }
}

/// Whether an answer may go by a gateway that its message did not come by: it reaches the number, and an answer of the
/// 2023 format comes from the number that the phone wrote to, because it takes it from no other.
pub(super) fn may_carry(gateway: &GatewaySettings, row: &OutboxRow, country: Country) -> bool {
    let reaches = || {
        let number = number_of(&row.to, country);
        number.is_some_and(|number| {
            let mut prefixes = gateway.reaches.iter();
            prefixes.any(|prefix| number.as_str().starts_with(prefix))
        })
    };
    let is_from = || {
        let source = gateway.source_address.as_deref().map(Address::plain);
        let source = source.and_then(|source| number_of(&source, country));
        source.is_some() && source == number_of(&row.from, country)
    };
    (gateway.reaches.is_empty() || reaches()) && (row.device.is_some() || is_from())
}

/// Makes an entry ready to leave by `gateway`: the way in which the answer travels, what it takes, and from which number.
pub(super) fn carry_by(entry: &mut OutboxRow, gateway: &GatewaySettings) {
    entry.gateway = gateway.name.clone();
    if let Some(number) = &gateway.source_address {
        entry.from = Address::international(number);
    }
    let carried = match (&entry.body, gateway.binary) {
        (SmsBody::Binary(envelope), false) => Some(SmsBody::Text(frame::encode(envelope))),
        (SmsBody::Text(text), true) => frame::find(text).map(SmsBody::Binary),
        (SmsBody::Binary(_), true) | (SmsBody::Text(_), false) => None,
    };
    entry.body = carried.unwrap_or_else(|| entry.body.clone());
    let link = link_of(entry, gateway).map_or(0, |link| link.len() + 1);
    entry.parts = gateway.parts(match &entry.body {
        SmsBody::Text(text) => link + text.len(),
        SmsBody::Binary(octets) => octets.len(),
    });
}

/// The link that stands in front of an answer; the phone app of 2023 takes none.
fn link_of<'a>(row: &OutboxRow, gateway: &'a GatewaySettings) -> Option<&'a str> {
    let link = gateway.answer_link.as_deref();
    link.filter(|_| row.device.is_some())
}

/// As [`carry_by`], where the number that was written to is none of the gateway's: where its own is not known, it puts
/// that in itself (SMPP 3.4 section 4.4.1, `source_addr`).
pub(super) fn go_by(entry: &mut OutboxRow, gateway: &GatewaySettings) {
    entry.from = Address::default();
    carry_by(entry, gateway);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceId;
    use crate::engine::samples;

    const IRAN: &str = "+989121111111";
    const TURKEY: &str = "+905321234588";

    fn gateway(source: Option<&str>, reaches: &[&str]) -> GatewaySettings {
        GatewaySettings {
            source_address: source.map(str::to_owned),
            reaches: reaches.iter().map(|&prefix| prefix.to_owned()).collect(),
            ..samples::gateway("other")
        }
    }

    fn answer(to: &str, device: Option<u32>) -> OutboxRow {
        OutboxRow {
            to: Address::plain(to),
            from: Address::plain("+989120000001"),
            device: device.map(DeviceId),
            ..samples::outbox_row(1)
        }
    }

    #[test]
    fn a_gateway_reaches_the_numbers_that_begin_as_it_says() {
        let iran = Country::parse("IR").unwrap();
        let any = gateway(None, &[]);
        let home = gateway(None, &["+90", "+98912"]);
        for (to, reached) in [
            (IRAN, true),
            ("09121111111", true),
            (TURKEY, true),
            ("+989351111111", false),
            ("OZEKI", false),
        ] {
            let row = answer(to, Some(7));
            assert_eq!(may_carry(&home, &row, iran), reached, "{to}");
            assert!(may_carry(&any, &row, iran), "{to}");
        }
    }

    #[test]
    fn an_answer_of_the_2023_format_keeps_the_number_that_it_comes_from() {
        let iran = Country::parse("IR").unwrap();
        let row = answer(IRAN, None);
        for (source, may) in [
            (None, false),
            (Some("+989120000002"), false),
            (Some("09120000001"), true),
        ] {
            assert_eq!(may_carry(&gateway(source, &[]), &row, iran), may);
        }
    }

    #[test]
    fn a_sealed_answer_leaves_with_the_link_of_its_gateway_and_its_row_keeps_the_frame() {
        let envelope = vec![0x12; 66];
        let frame = frame::encode(&envelope);
        assert_eq!(frame.len(), 92);
        let link = |link: Option<&str>, name| GatewaySettings {
            answer_link: link.map(str::to_owned),
            ..samples::gateway(name)
        };
        let mut with = link(Some("https://a.example/p"), "with");
        with.footer_octets = 160 - 92 - 20;
        let other = link(Some("https://b.example"), "other");
        let without = link(None, "without");
        let binary = GatewaySettings {
            binary: true,
            ..link(Some("https://c.example"), "binary")
        };
        let gateways = vec![with.clone(), other.clone(), without.clone(), binary.clone()];
        let routes = Routes::new(&samples::settings(gateways));
        let text = |body: &str| SmsBody::Text(body.to_owned());
        let mut row = answer(IRAN, Some(7));
        row.body = SmsBody::Binary(envelope.clone());
        // From one gateway to the next, whatever travelled before.
        for (gateway, kept, leaves) in [
            (
                &with,
                text(&frame),
                text(&format!("https://a.example/p#{frame}")),
            ),
            (
                &other,
                text(&frame),
                text(&format!("https://b.example#{frame}")),
            ),
            (
                &binary,
                SmsBody::Binary(envelope.clone()),
                SmsBody::Binary(envelope),
            ),
            (&without, text(&frame), text(&frame)),
            (
                &with,
                text(&frame),
                text(&format!("https://a.example/p#{frame}")),
            ),
        ] {
            carry_by(&mut row, gateway);
            assert_eq!(
                (&row.body, routes.body_of(&row), row.parts),
                (&kept, leaves, 1)
            );
        }
        with.footer_octets += 1;
        carry_by(&mut row, &with);
        assert_eq!(row.parts, 2);
        row.gateway = GatewayName::new("gone");
        assert_eq!(routes.body_of(&row), text(&frame));
    }

    #[test]
    fn an_answer_of_the_2023_format_has_no_link() {
        let gateway = GatewaySettings {
            answer_link: Some("https://a.example".to_owned()),
            footer_octets: 160 - 112,
            ..samples::gateway("g")
        };
        let routes = Routes::new(&samples::settings(vec![gateway.clone()]));
        let mut row = answer(IRAN, None);
        row.body = SmsBody::Text("$".repeat(112));
        carry_by(&mut row, &gateway);
        assert_eq!((routes.body_of(&row), row.parts), (row.body.clone(), 1));
    }

    #[test]
    fn a_gateway_whose_number_is_not_known_puts_it_in_itself() {
        let mut row = answer(IRAN, Some(7));
        go_by(&mut row, &gateway(None, &[]));
        assert_eq!(row.from, Address::default());
        go_by(&mut row, &gateway(Some("+989120000002"), &[]));
        assert_eq!(row.from, Address::international("+989120000002"));
    }
}
