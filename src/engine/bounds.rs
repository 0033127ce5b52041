use std::collections::BTreeMap;

use crate::domain::{DeviceId, EmployeeId, Millis, OverBound};

/// Unreadable messages kept in an hour from one number, or naming one device.
const FROM_ONE: u32 = 30;
/// Unreadable messages kept in an hour from all numbers; frames that name a known device have as many of their own.
const FROM_ALL: u32 = 500;
/// Parts of long messages that wait, kept in an hour from one number: as many messages of two as may be unreadable. The
/// part that completes a message is not kept, and not counted.
const PARTS_FROM_ONE: u32 = 2 * FROM_ONE;
/// The same from all numbers that nobody here has; those on cards have only their own bound.
const PARTS_FROM_STRANGERS: u32 = 2 * FROM_ALL;
/// Copies of one message that are kept as rows.
pub(super) const COPIES: u16 = 10;

/// What strangers may cost: how much of it is used up in this hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    hour: i64,
    by_number: BTreeMap<Vec<u8>, u32>,
    by_device: BTreeMap<DeviceId, u32>,
    /// What a device's key opened is no stranger's: it has a quota of its own.
    replays: BTreeMap<DeviceId, u32>,
    /// Cards with the 2023 format.
    cards: BTreeMap<EmployeeId, u32>,
    strangers: u32,
    devices: u32,
    parts_by_number: BTreeMap<Vec<u8>, u32>,
    parts_of_strangers: u32,
    over: OverBound,
}

impl Bounds {
    /// Whether an unreadable message from `number`, naming a device that is known or none, is kept; counts it.
    pub(super) fn keeps(&mut self, number: &[u8], device: Option<DeviceId>) -> bool {
        let (all, one) = match device {
            Some(device) => (&mut self.devices, self.by_device.entry(device).or_default()),
            None if self.strangers >= FROM_ALL => return false,
            None => (
                &mut self.strangers,
                self.by_number.entry(number.to_vec()).or_default(),
            ),
        };
        if *all >= FROM_ALL || *one >= FROM_ONE {
            return false;
        }
        *all += 1;
        *one += 1;
        true
    }

    /// Whether a part from `number`, which somebody here has or nobody, is kept until the others come; counts it.
    pub(super) fn keeps_part(&mut self, number: &[u8], known: bool) -> bool {
        if !known && self.parts_of_strangers >= PARTS_FROM_STRANGERS {
            return false;
        }
        let one = self.parts_by_number.entry(number.to_vec()).or_default();
        if *one >= PARTS_FROM_ONE {
            return false;
        }
        *one += 1;
        self.parts_of_strangers += u32::from(!known);
        true
    }

    /// Whether a message of `device` with a counter that was used is kept; counts it.
    pub(super) fn keeps_replay(&mut self, device: DeviceId) -> bool {
        take(self.replays.entry(device).or_default())
    }

    /// Whether a message in the 2023 format from the number of `employee` is kept; counts it. Strangers who do not know
    /// the number cannot crowd it out.
    pub(super) fn keeps_legacy(&mut self, employee: EmployeeId) -> bool {
        take(self.cards.entry(employee).or_default())
    }

    /// Counts an unreadable message that is not kept.
    pub(super) fn drop_unreadable(&mut self) {
        self.over.unreadable += 1;
    }

    /// Counts a copy that is not kept.
    pub(super) fn drop_copy(&mut self) {
        self.over.copies += 1;
    }

    /// Begins a new hour where `now` lies in one. Returns what the last one did not keep, where there was any.
    pub(super) fn turn_hour(&mut self, now: Millis) -> Option<OverBound> {
        let hour = now.0.div_euclid(Millis::HOUR);
        if hour == self.hour {
            return None;
        }
        let over = self.take_over();
        *self = Self {
            hour,
            over: OverBound {
                since: now,
                ..OverBound::default()
            },
            ..Self::default()
        };
        over
    }

    /// Takes what was counted and not kept so far; `None` where there was nothing.
    pub(super) fn take_over(&mut self) -> Option<OverBound> {
        let over = std::mem::take(&mut self.over);
        (over.unreadable + over.copies > 0).then_some(over)
    }
}

fn take(one: &mut u32) -> bool {
    let is_kept = *one < FROM_ONE;
    *one += u32::from(is_kept);
    is_kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_thirty_an_hour_and_all_have_five_hundred() {
        let mut bounds = Bounds::default();
        bounds.turn_hour(Millis(1));
        assert_eq!((0..40).filter(|_| bounds.keeps(b"1", None)).count(), 30);
        let others = (0..1_000u32)
            .filter(|n| bounds.keeps(&n.to_be_bytes(), None))
            .count();
        assert_eq!(others, 470);
        assert!(bounds.by_number.len() <= 500);
    }

    #[test]
    fn strangers_do_not_crowd_out_devices() {
        let mut bounds = Bounds::default();
        for n in 0..600u32 {
            bounds.keeps(&n.to_be_bytes(), None);
        }
        assert!(bounds.keeps(b"2", Some(DeviceId(7))));
        assert_eq!(
            (0..40)
                .filter(|_| bounds.keeps(b"2", Some(DeviceId(7))))
                .count(),
            29
        );
    }

    #[test]
    fn parts_have_a_bound_of_their_own() {
        let mut bounds = Bounds::default();
        let kept = (0..100).filter(|_| bounds.keeps_part(b"1", true)).count();
        assert_eq!(kept, 60);
        let strangers = (0..2_000u32)
            .filter(|n| bounds.keeps_part(&n.to_be_bytes(), false))
            .count();
        assert_eq!(strangers, 1_000);
        assert!(bounds.parts_by_number.len() <= 1_001);
        assert!(bounds.keeps_part(b"2", true));
        assert!(bounds.keeps(b"1", None));
    }

    #[test]
    fn who_has_a_key_or_a_card_has_a_quota_that_others_cannot_use_up() {
        let mut bounds = Bounds::default();
        for n in 0..600u32 {
            bounds.keeps(&n.to_be_bytes(), None);
            bounds.keeps(b"1", Some(DeviceId(n % 20)));
        }
        let count = |keeps: &mut dyn FnMut() -> bool| (0..40).filter(|_| keeps()).count();
        assert_eq!(count(&mut || bounds.keeps_replay(DeviceId(7))), 30);
        assert_eq!(count(&mut || bounds.keeps_legacy(EmployeeId(3))), 30);
        assert!(bounds.keeps_legacy(EmployeeId(4)));
    }

    #[test]
    fn a_new_hour_starts_afresh_and_tells_what_was_dropped() {
        let mut bounds = Bounds::default();
        assert_eq!(bounds.turn_hour(Millis(Millis::HOUR)), None);
        bounds.drop_unreadable();
        bounds.drop_copy();
        assert_eq!(bounds.turn_hour(Millis(Millis::HOUR + 5)), None);
        let over = bounds.turn_hour(Millis(2 * Millis::HOUR)).unwrap();
        assert_eq!((over.unreadable, over.copies), (1, 1));
        assert_eq!(bounds.turn_hour(Millis(3 * Millis::HOUR)), None);
    }
}
