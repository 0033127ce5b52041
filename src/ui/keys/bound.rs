use std::collections::BTreeMap;

use super::{Intent, Key, TABLE, means};

/// Which key does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    acts: BTreeMap<Key, Intent>,
    keys: BTreeMap<Intent, Vec<Key>>,
}

/// Why keys cannot be bound as they are written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No act has this name.
    #[error("no act is called '{0}'")]
    NoAct(String),
    /// This is no key.
    #[error("'{0}' is not a key")]
    NotAKey(String),
    /// Terminals, multiplexers or browsers take this key for themselves.
    #[error("'{0}' may not be bound")]
    Never(Key),
    /// The key is bound to two acts.
    #[error("'{key}' is bound to '{first}' and '{second}'")]
    Twice {
        /// The key.
        key: Key,
        /// Name of one act.
        first: &'static str,
        /// Name of the other.
        second: &'static str,
    },
}

impl Default for Keys {
    fn default() -> Self {
        let keys = TABLE
            .iter()
            .map(|entry| (entry.intent, entry.keys.to_vec()));
        Self::of(keys.collect())
    }
}

impl Keys {
    /// The default keys with some acts bound otherwise: names as in the table (words apart by spaces, `-` or `_`), and all
    /// the keys that each shall have, as [`Key::parse`] reads them.
    ///
    /// # Errors
    /// [`KeyFault`] for a name that no act has, for what is no key, for a key that may not be bound, and for one that would
    /// do two things.
    pub fn with<N: AsRef<str>, K: AsRef<str>>(changes: &[(N, Vec<K>)]) -> Result<Self, KeyFault> {
        let mut keys = Self::default().keys;
        for (name, bound) in changes {
            let name = name.as_ref();
            let entry = TABLE.iter().find(|entry| is_name(entry.name, name));
            let entry = entry.ok_or_else(|| KeyFault::NoAct(name.to_owned()))?;
            let bound: Result<Vec<Key>, KeyFault> =
                bound.iter().map(|k| read(k.as_ref())).collect();
            keys.insert(entry.intent, bound?);
        }
        let mut taken: BTreeMap<Key, &'static str> = BTreeMap::new();
        for entry in TABLE {
            for key in keys.get(&entry.intent).into_iter().flatten() {
                let other = taken.insert(*key, entry.name);
                if let Some(first) = other.filter(|first| *first != entry.name) {
                    let (key, second) = (*key, entry.name);
                    return Err(KeyFault::Twice { key, first, second });
                }
            }
        }
        Ok(Self::of(keys))
    }

    /// What `key` does, by itself or by its place; `None` where nothing is bound to it.
    pub fn intent(&self, key: Key) -> Option<Intent> {
        means(key).find_map(|key| self.acts.get(&key).copied())
    }

    /// The keys of an act, the usual one first.
    pub fn of_intent(&self, intent: Intent) -> &[Key] {
        self.keys.get(&intent).map_or(&[], Vec::as_slice)
    }

    fn of(keys: BTreeMap<Intent, Vec<Key>>) -> Self {
        let acts = keys
            .iter()
            .flat_map(|(intent, keys)| keys.iter().map(|key| (*key, *intent)))
            .collect();
        Self { acts, keys }
    }
}

fn read(text: &str) -> Result<Key, KeyFault> {
    let key = Key::parse(text).ok_or_else(|| KeyFault::NotAKey(text.to_owned()))?;
    if key.is_never_bound() {
        return Err(KeyFault::Never(key));
    }
    Ok(key)
}

fn is_name(name: &str, written: &str) -> bool {
    let word = |c: char| matches!(c, '-' | '_' | ' ');
    name.split(' ').eq(written.trim().split(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &[&str])]) -> Result<Keys, KeyFault> {
        let changes: Vec<_> = changes
            .iter()
            .map(|(name, keys)| (*name, keys.to_vec()))
            .collect();
        Keys::with(&changes)
    }

    #[test]
    fn default_keys_do_what_the_table_says() {
        let keys = Keys::default();
        for entry in TABLE {
            assert_eq!(keys.of_intent(entry.intent), entry.keys);
            for key in entry.keys {
                assert_eq!(keys.intent(*key), Some(entry.intent));
            }
        }
        assert_eq!(keys.intent(Key::Char('ش')), Some(Intent::Acknowledge));
        assert_eq!(keys.intent(Key::Char('ؤ')), Some(Intent::AcknowledgeAll));
        assert_eq!(keys.intent(Key::Char('~')), None);
    }

    #[test]
    fn acts_are_bound_by_name() {
        let keys = with(&[
            ("retry", &["w", "F5"]),
            ("mark_in", &["i"]),
            ("acknowledge-all", &[]),
        ])
        .unwrap();
        assert_eq!(keys.intent(Key::Char('w')), Some(Intent::Retry));
        assert_eq!(keys.intent(Key::F(5)), Some(Intent::Retry));
        assert_eq!(keys.intent(Key::Char('r')), None);
        assert_eq!(keys.intent(Key::Char('A')), None);
        assert_eq!(
            keys.intent(Key::Char('i')),
            Some(Intent::MarkAs(crate::domain::Action::In))
        );
        let swapped = with(&[("retry", &["a"]), ("acknowledge", &["r"])]).unwrap();
        assert_eq!(swapped.intent(Key::Char('a')), Some(Intent::Retry));
    }

    #[test]
    fn what_cannot_be_bound_is_said() {
        let fault = |name: &str, key: &str| with(&[(name, &[key])]).unwrap_err();
        assert_eq!(fault("nothing", "b"), KeyFault::NoAct("nothing".to_owned()));
        assert_eq!(fault("retry", "bb"), KeyFault::NotAKey("bb".to_owned()));
        for key in [
            "Ctrl-A", "Ctrl-B", "Ctrl-S", "Ctrl-Q", "Ctrl-Z", "Ctrl-[", "Ctrl-W", "F10", "F11", "~",
        ] {
            assert!(matches!(fault("retry", key), KeyFault::Never(_)), "{key}");
        }
        let twice = fault("retry", "a");
        assert!(
            matches!(
                twice,
                KeyFault::Twice {
                    key: Key::Char('a'),
                    ..
                }
            ),
            "{twice}"
        );
    }
}
