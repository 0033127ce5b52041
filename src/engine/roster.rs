use std::collections::BTreeMap;

use super::core::StartError;
use super::window::CounterWindow;
use crate::domain::{
    Address, Country, DeviceId, DeviceRow, Employee, EmployeeId, Fingerprint, Msisdn, Series,
};
use crate::protocol::{DeviceKeys, Kind, RootKey, StoreKey};
use crate::store::Loaded;

/// Cards and phones.
#[derive(Default)]
pub(super) struct Roster {
    pub(super) employees: BTreeMap<EmployeeId, Employee>,
    pub(super) devices: BTreeMap<DeviceId, Device>,
    by_phone: BTreeMap<Msisdn, EmployeeId>,
}

/// A phone and what it has sent.
pub(super) struct Device {
    pub(super) row: DeviceRow,
    pub(super) keys: DeviceKeys,
    pub(super) fingerprint: Fingerprint,
    windows: BTreeMap<u8, CounterWindow>,
}

impl Device {
    pub(super) fn new(row: DeviceRow, root: &RootKey) -> Self {
        Self {
            keys: DeviceKeys::derive(root),
            fingerprint: root.fingerprint(row.id),
            row,
            windows: BTreeMap::new(),
        }
    }

    /// The counters of one kind of message.
    pub(super) fn window(&mut self, kind: Kind) -> &mut CounterWindow {
        self.windows.entry(kind.number()).or_default()
    }

    /// The counters of its check-ins, where there were any.
    pub(super) fn attendance(&self) -> Option<&CounterWindow> {
        self.windows.get(&Kind::ATTENDANCE.number())
    }
}

impl Roster {
    /// Takes cards and phones over from the store and opens the keys.
    pub(super) fn load(loaded: &mut Loaded, store_key: &StoreKey) -> Result<Self, StartError> {
        let mut roster = Self::default();
        for employee in std::mem::take(&mut loaded.employees).into_values() {
            roster.put(employee);
        }
        for row in std::mem::take(&mut loaded.devices).into_values() {
            let root = store_key.open(row.id, &row.sealed_key);
            let root = root.map_err(|_| StartError::DeviceKey(row.id))?;
            roster.devices.insert(row.id, Device::new(row, &root));
        }
        for ((Series { device, kind }, counter), row) in std::mem::take(&mut loaded.decided) {
            if let Some(device) = roster.devices.get_mut(&device) {
                device
                    .windows
                    .entry(kind)
                    .or_default()
                    .restore(counter, &row);
            }
        }
        Ok(roster)
    }

    /// Adds a card, or replaces the one of the same number.
    pub(super) fn put(&mut self, employee: Employee) {
        if let Some(old) = self.employees.get(&employee.id) {
            self.by_phone.remove(&old.phone);
        }
        self.by_phone.insert(employee.phone.clone(), employee.id);
        self.employees.insert(employee.id, employee);
    }

    /// Whose number it is.
    pub(super) fn by_phone(&self, phone: &Msisdn) -> Option<EmployeeId> {
        self.by_phone.get(phone).copied()
    }

    /// The number of the next new card.
    pub(super) fn next_id(&self) -> EmployeeId {
        EmployeeId(self.employees.last_key_value().map_or(0, |(id, _)| id.0) + 1)
    }

    pub(super) fn name(&self, id: EmployeeId) -> Option<String> {
        self.employees
            .get(&id)
            .map(|employee| employee.name.clone())
    }
}

/// The number behind an address, however a gateway writes it; `None` for names and short codes.
pub(super) fn number_of(address: &Address, country: Country) -> Option<Msisdn> {
    let text = std::str::from_utf8(&address.octets).ok()?;
    if text.is_empty() || text.chars().any(char::is_alphabetic) {
        return None;
    }
    let as_written = Msisdn::parse(text, country);
    let international = || Msisdn::parse(&format!("+{text}"), country);
    as_written.or_else(|_| international()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_matched_however_they_are_written() {
        let iran = Country::parse("IR").unwrap();
        let number = |text: &str| number_of(&Address::plain(text), iran);
        for text in [
            "+989102211824",
            "00989102211824",
            "989102211824",
            "09102211824",
        ] {
            assert_eq!(number(text).unwrap().as_str(), "+989102211824", "{text}");
        }
        assert_eq!(number("905321234588").unwrap().as_str(), "+905321234588");
        for text in ["", "11111", "OZEKI", "Bank 1", "+8888888888888888888888"] {
            assert_eq!(number(text), None, "{text}");
        }
        let octets = Address {
            octets: vec![0xff, 0x31],
            ton: 5,
            npi: 0,
        };
        assert_eq!(number_of(&octets, iran), None);
    }
}
