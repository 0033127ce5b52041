use std::collections::{BTreeMap, BTreeSet};

use super::Tick;

/// Requests that wait for a response, by sequence number.
#[derive(Debug)]
pub(super) struct Window<T> {
    size: usize,
    open: BTreeMap<u32, (T, Tick)>,
    /// When each is late: asked for at every turn.
    deadlines: BTreeSet<(Tick, u32)>,
}

impl<T> Window<T> {
    /// A window of at least one request.
    pub(super) fn new(size: u16) -> Self {
        Self {
            size: usize::from(size).max(1),
            open: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= self.size
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn holds(&self, sequence: u32) -> bool {
        self.open.contains_key(&sequence)
    }

    /// Notes a request whose response is due at `deadline`.
    pub(super) fn open(&mut self, sequence: u32, request: T, deadline: Tick) {
        self.close(sequence);
        self.open.insert(sequence, (request, deadline));
        self.deadlines.insert((deadline, sequence));
    }

    /// Takes the request that a response belongs to.
    pub(super) fn close(&mut self, sequence: u32) -> Option<T> {
        let (request, deadline) = self.open.remove(&sequence)?;
        self.deadlines.remove(&(deadline, sequence));
        Some(request)
    }

    /// Takes the only request, if there is exactly one.
    pub(super) fn close_only(&mut self) -> Option<T> {
        if self.open.len() != 1 {
            return None;
        }
        let sequence = *self.open.first_key_value()?.0;
        self.close(sequence)
    }

    /// When the first of them is late.
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes what is late at `now`.
    pub(super) fn take_late(&mut self, now: Tick) -> Vec<T> {
        let mut late = Vec::new();
        while let Some((deadline, sequence)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            late.extend(self.close(sequence));
        }
        late
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.deadlines.clear();
        let all = std::mem::take(&mut self.open);
        all.into_values().map(|(request, _)| request).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fills_and_empties() {
        let mut window = Window::new(2);
        window.open(7, 'a', Tick(10));
        assert!(!window.is_full());
        window.open(3, 'b', Tick(20));
        assert!(window.is_full());
        assert_eq!(window.deadline(), Some(Tick(10)));
        assert_eq!(window.close_only(), None);
        assert_eq!(window.take_late(Tick(9)), []);
        assert_eq!(window.take_late(Tick(10)), ['a']);
        assert_eq!(window.close(7), None);
        assert_eq!(window.close_only(), Some('b'));
        assert!(window.is_empty());
    }
}
