use std::collections::{BTreeMap, BTreeSet};

use super::Place;
use crate::engine::routes::Others;

/// What may leave, the least first, sorted by the gateways by which it may go round: which of many thousand may leave by
/// another gateway is asked at each turn while a link is down. There are few such sets of gateways.
#[derive(Debug, Default)]
pub(super) struct Ready {
    by_others: BTreeMap<Others, BTreeSet<Place>>,
}

impl Ready {
    pub(super) fn insert(&mut self, place: Place) {
        self.by_others
            .entry(place.others)
            .or_default()
            .insert(place);
    }

    pub(super) fn remove(&mut self, place: &Place) {
        if let Some(places) = self.by_others.get_mut(&place.others) {
            places.remove(place);
        }
    }

    /// What leaves first.
    pub(super) fn first(&self) -> Option<&Place> {
        self.by_others.values().filter_map(BTreeSet::first).min()
    }

    /// What leaves first of all that may go by the gateway at `other` of the configuration.
    pub(super) fn first_by(&self, other: usize) -> Option<&Place> {
        let sets = self.by_others.iter();
        let sets = sets.filter(|(others, _)| others.has(other));
        sets.filter_map(|(_, places)| places.first()).min()
    }

    pub(super) fn pop_first(&mut self) -> Option<Place> {
        let first = *self.first()?;
        self.remove(&first);
        Some(first)
    }

    pub(super) fn len(&self) -> usize {
        self.by_others.values().map(BTreeSet::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_others.values().all(BTreeSet::is_empty)
    }
}
