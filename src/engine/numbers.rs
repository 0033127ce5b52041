//! The numbers behind addresses, read once: reading one takes longer than all else that a check-in needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::roster::number_of;
use super::settings::Settings;
use crate::domain::{Address, Country, Msisdn};

/// Addresses held: more than a desk has phones, and 1 MiB at most.
const HELD: usize = 4_096;
/// The longest address that is held; a number in any writing is shorter.
const LONGEST: usize = 24;

/// A number that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) number: Msisdn,
    /// Whether it is a mobile number of the site's country.
    pub(super) is_mobile: bool,
}

/// The numbers behind the addresses that were asked for lately.
#[derive(Debug)]
pub(super) struct Numbers {
    country: Country,
    /// The gateways' own, as the configuration has them.
    own: Vec<Msisdn>,
    held: BTreeMap<Vec<u8>, Option<Arc<Known>>>,
    /// The number that was written to last, which is always the same where there is one gateway.
    written_to: (Vec<u8>, Option<Arc<Known>>),
}

impl Numbers {
    pub(super) fn new(settings: &Settings) -> Self {
        let country = settings.country;
        let own = settings.gateways.iter();
        let own = own.filter_map(|gateway| gateway.source_address.as_deref());
        Self {
            country,
            own: own
                .filter_map(|own| number_of(&Address::plain(own), country))
                .collect(),
            held: BTreeMap::new(),
            written_to: (Vec::new(), None),
        }
    }

    /// Whether a number is a gateway's own, or the one that was written to: an answer to it would come back.
    pub(super) fn is_ours(&mut self, number: &Msisdn, written_to: &Address) -> bool {
        if self.written_to.0 != written_to.octets {
            self.written_to = (written_to.octets.clone(), self.of(written_to));
        }
        let is = |known: &Arc<Known>| known.number == *number;
        self.own.contains(number) || self.written_to.1.as_ref().is_some_and(is)
    }

    /// The number behind an address; `None` for names and short codes.
    pub(super) fn of(&mut self, address: &Address) -> Option<Arc<Known>> {
        if let Some(known) = self.held.get(&address.octets) {
            return known.clone();
        }
        let number = number_of(address, self.country);
        let known = number.map(|number| {
            let is_mobile = number.is_mobile_of(self.country);
            Arc::new(Known { number, is_mobile })
        });
        if self.held.len() == HELD {
            self.held.clear();
        }
        if address.octets.len() <= LONGEST {
            self.held.insert(address.octets.clone(), known.clone());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(country: &str) -> Numbers {
        Numbers {
            country: Country::parse(country).unwrap(),
            own: Vec::new(),
            held: BTreeMap::new(),
            written_to: (Vec::new(), None),
        }
    }

    #[test]
    fn what_is_held_is_what_is_read() {
        let mut numbers = numbers("IR");
        for _ in 0..2 {
            let known = numbers.of(&Address::plain("09102211824")).unwrap();
            assert_eq!(known.number.as_str(), "+989102211824");
            assert!(known.is_mobile);
            let foreign = numbers.of(&Address::plain("905321234588")).unwrap();
            assert!(!foreign.is_mobile);
            assert_eq!(numbers.of(&Address::plain("OZEKI")), None);
        }
        assert_eq!(numbers.held.len(), 3);
    }

    #[test]
    fn many_or_long_addresses_do_not_fill_the_memory() {
        let mut numbers = numbers("");
        for n in 0..3 * HELD {
            numbers.of(&Address::plain(&format!("x{n}")));
            assert!(numbers.held.len() <= HELD);
        }
        numbers.held.clear();
        numbers.of(&Address::plain(&"x".repeat(65)));
        assert!(numbers.held.is_empty());
    }
}
