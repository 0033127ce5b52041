use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Order;
use crate::api::PersonFact;
use crate::domain::EmployeeId;
use crate::ui::keys::latin_digit;
use crate::ui::text;

/// People's names in their order, made once: sorting 5,000 people then compares numbers alone.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// In the order of the cards, as [`super::Facts::people`] has them.
    entries: Vec<IndexEntry>,
}

#[derive(Clone, Debug)]
struct IndexEntry {
    /// The place by name.
    name: u32,
    /// The place by team, then by name.
    team: u32,
    /// Name, short name and number, folded, to be looked through.
    text: Box<str>,
}

impl Index {
    /// Takes people in.
    pub fn new(people: &BTreeMap<EmployeeId, PersonFact>) -> Self {
        let names: Vec<(String, Option<String>)> = people
            .values()
            .map(|fact| (fold(shown(fact)), fact.team.as_deref().map(fold)))
            .collect();
        let mut by_name: Vec<usize> = (0..names.len()).collect();
        by_name.sort_by(|a, b| names[*a].0.cmp(&names[*b].0));
        let mut by_team = by_name.clone();
        // Who is in no team stands last.
        by_team.sort_by_key(|at| (names[*at].1.is_none(), names[*at].1.as_deref()));
        let (by_name, by_team) = (places(&by_name), places(&by_team));
        let entries = people.values().enumerate();
        let entries = entries
            .map(|(at, fact)| IndexEntry {
                name: by_name[at],
                team: by_team[at],
                text: fold(&format!("{} {} {}", fact.name, fact.short, fact.employee)).into(),
            })
            .collect();
        Self { entries }
    }

    /// The people whose name, short name or number has every word of `query`, in `order`. `attention` is who comes first.
    pub fn sorted(
        &self,
        people: &BTreeMap<EmployeeId, PersonFact>,
        order: Order,
        query: &str,
        attention: impl Fn(EmployeeId) -> bool,
    ) -> Vec<EmployeeId> {
        let sought = Sought::new(query);
        let found = people.values().zip(&self.entries);
        let found = found.filter(|(_, entry)| sought.is_in_folded(&entry.text));
        let mut keyed: Vec<(i64, u32, EmployeeId)> = found
            .map(|(fact, entry)| {
                let key = match order {
                    Order::Attention => i64::from(!attention(fact.employee)),
                    Order::Name => 0,
                    Order::Time => fact
                        .since
                        .map_or(i64::MAX, |since| since.0.saturating_neg()),
                    Order::Team => i64::from(entry.team),
                };
                (key, entry.name, fact.employee)
            })
            .collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, _, employee)| employee).collect()
    }

    /// How many people are in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The name by which a table shows somebody, and by which people are looked for from A to Z.
fn shown(fact: &PersonFact) -> &str {
    if fact.short.is_empty() || !text::is_right_to_left(&fact.name) {
        &fact.name
    } else {
        &fact.short
    }
}

/// For each entry, at which place of `order` it stands.
fn places(order: &[usize]) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (place, at) in order.iter().enumerate() {
        places[*at] = u32::try_from(place).unwrap_or(u32::MAX);
    }
    places
}

/// What is looked for: every word of a text, each folded.
#[derive(Clone, Debug, Default)]
pub struct Sought(Vec<String>);

impl Sought {
    /// Looks for the words of `text`; without any it finds all.
    pub fn new(text: &str) -> Self {
        Self(fold(text).split_whitespace().map(str::to_owned).collect())
    }

    /// Whether nothing is looked for.
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `text` has every word somewhere.
    pub fn is_in(&self, text: &str) -> bool {
        self.is_in_folded(&fold(text))
    }

    fn is_in_folded(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}

/// Folds a text so that what people take for the same letter compares the same: no marks, no capitals, one yeh and kaf,
/// Latin digits.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let letters = text.nfkd().filter(|c| !is_combining_mark(*c));
    for c in letters.flat_map(char::to_lowercase) {
        match c {
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ي' | 'ى' => folded.push('ی'),
            'ك' => folded.push('ک'),
            'ة' => folded.push('ه'),
            '\u{200c}' | '\u{200d}' | '\u{640}' | '\u{307}' => {}
            c => folded.push(latin_digit(c).unwrap_or(c)),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_letter_is_the_same() {
        for (text, folded) in [
            ("Yılmaz Ayşe", "yilmaz ayse"),
            ("İREM Öztürk", "irem ozturk"),
            ("Straße", "strasse"),
            ("Søren Łukasz", "soren lukasz"),
            ("علي كريمي", "علی کریمی"),
            ("می\u{200c}آیم", "میایم"),
            ("۰۹۱۲ ٠٩", "0912 09"),
            ("ﬁ", "fi"),
            ("Ανδρέας", "ανδρεας"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn people_stand_in_the_order_of_the_names_that_are_shown() {
        let person = |id, name: &str, short: &str| PersonFact {
            employee: EmployeeId(id),
            name: name.to_owned(),
            short: short.to_owned(),
            state: crate::api::PersonPresence::Out,
            since: None,
            first_in: None,
            seq: None,
            source: None,
            clock_off_min: 0,
            note: String::new(),
            team: None,
            suspended: false,
        };
        let people = [
            person(1, "بهرام رضایی", "Bahram R."),
            person(2, "Zeki Yavuz", "A first"),
            person(3, "Ayşe Yılmaz", "Ayşe Y."),
        ];
        let people = people.map(|fact| (fact.employee, fact)).into();
        let index = Index::new(&people);
        let found = |order, query| {
            let found = index.sorted(&people, order, query, |_| false);
            found.iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(found(Order::Name, ""), [3, 1, 2]);
        assert_eq!(found(Order::Team, ""), [3, 1, 2]);
        assert_eq!(found(Order::Name, "رضا"), [1]);
        assert_eq!(found(Order::Name, "bah"), [1]);
    }

    #[test]
    fn every_word_must_be_there() {
        let is_in = |query: &str| Sought::new(query).is_in("Yılmaz Ayşe");
        assert!(is_in("ays yil"));
        assert!(is_in(" "));
        assert!(!is_in("ays kaya"));
    }
}
