//! A value that threads change and tests wait for.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A value with a bell: whoever changes it wakes whoever waits.
#[derive(Debug, Default)]
pub(crate) struct Watch<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watch<T> {
    /// Watches `value`.
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Condvar::new(),
        }
    }

    /// Changes the value.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Reads the value.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }

    /// Waits until `find` finds something, at most for `timeout`.
    pub(crate) fn wait<R>(
        &self,
        timeout: Duration,
        mut find: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let mut found = None;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), timeout, |value| {
                found = find(value);
                found.is_none()
            });
        drop(waited);
        found
    }

    // A test that failed while it held the lock has said so itself; the others go on.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
