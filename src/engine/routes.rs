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
    entry.parts = gateway.parts(match &entry.body {
        SmsBody::Text(text) => text.len(),
        SmsBody::Binary(octets) => octets.len(),
    });
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
    fn a_gateway_whose_number_is_not_known_puts_it_in_itself() {
        let mut row = answer(IRAN, Some(7));
        go_by(&mut row, &gateway(None, &[]));
        assert_eq!(row.from, Address::default());
        go_by(&mut row, &gateway(Some("+989120000002"), &[]));
        assert_eq!(row.from, Address::international("+989120000002"));
    }
}
