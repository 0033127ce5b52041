use std::collections::BTreeMap;

use super::Tick;

/// Requests that wait for a response, by sequence number.
#[derive(Debug)]
pub(super) struct Window<T> {
    size: usize,
    open: BTreeMap<u32, (T, Tick)>,
}

impl<T> Window<T> {
    /// A window of at least one request.
    pub(super) fn new(size: u16) -> Self {
        Self {
            size: usize::from(size).max(1),
            open: BTreeMap::new(),
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
        self.open.insert(sequence, (request, deadline));
    }

    /// Takes the request that a response belongs to.
    pub(super) fn close(&mut self, sequence: u32) -> Option<T> {
        self.open.remove(&sequence).map(|(request, _)| request)
    }

    /// Takes the only request, if there is exactly one.
    pub(super) fn close_only(&mut self) -> Option<T> {
        if self.open.len() != 1 {
            return None;
        }
        self.open.pop_first().map(|(_, (request, _))| request)
    }

    /// When the first of them is late.
    pub(super) fn deadline(&self) -> Option<Tick> {
        self.open.values().map(|(_, deadline)| *deadline).min()
    }

    /// Takes what is late at `now`.
    pub(super) fn take_late(&mut self, now: Tick) -> Vec<T> {
        let late = self
            .open
            .extract_if(.., |_, (_, deadline)| *deadline <= now);
        late.map(|(_, (request, _))| request).collect()
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Vec<T> {
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
