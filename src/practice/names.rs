//! Names of people who do not exist: ordinary first and last names, put together by dice. A name in a script that is not
//! Latin stands with its Latin letters.

use std::collections::BTreeSet;

use super::dice::Dice;

/// A name as it is written, and in Latin letters.
type Name = (&'static str, &'static str);

struct Tongue {
    first: [Name; 12],
    last: [Name; 12],
}

const fn latin(names: [&'static str; 12]) -> [Name; 12] {
    let mut both = [("", ""); 12];
    let mut at = 0;
    while at < names.len() {
        both[at] = (names[at], names[at]);
        at += 1;
    }
    both
}

/// The tongues with Latin letters come first.
const LATIN_TONGUES: usize = 4;

const TONGUES: [Tongue; 6] = [
    Tongue {
        first: latin([
            "Ayşe", "Mehmet", "Elif", "Burak", "Zeynep", "Emre", "Fatma", "Kerem", "Selin",
            "Hakan", "Derya", "Onur",
        ]),
        last: latin([
            "Kaya", "Demir", "Yıldız", "Aydın", "Çelik", "Şahin", "Arslan", "Koç", "Polat",
            "Güneş", "Toprak", "Ekinci",
        ]),
    },
    Tongue {
        first: latin([
            "Agnieszka",
            "Piotr",
            "Zofia",
            "Tomasz",
            "Ewa",
            "Marek",
            "Katarzyna",
            "Paweł",
            "Hanna",
            "Łukasz",
            "Dorota",
            "Jan",
        ]),
        last: latin([
            "Nowak",
            "Wójcik",
            "Mazur",
            "Kaczmarek",
            "Zając",
            "Sikora",
            "Baran",
            "Duda",
            "Pawlak",
            "Walczak",
            "Bąk",
            "Kubiak",
        ]),
    },
    Tongue {
        first: latin([
            "Camille", "Julien", "Élodie", "Luc", "Manon", "Antoine", "Chloé", "Bastien", "Inès",
            "Rémi", "Sophie", "Gaël",
        ]),
        last: latin([
            "Martin",
            "Lefèvre",
            "Moreau",
            "Girard",
            "Roussel",
            "Fontaine",
            "Chevalier",
            "Perrin",
            "Marchand",
            "Noël",
            "Garnier",
            "Dupuis",
        ]),
    },
    Tongue {
        first: latin([
            "Alice", "Henry", "Grace", "Oliver", "Martha", "Edwin", "Nora", "Frank", "Ruth",
            "George", "Ellen", "Simon",
        ]),
        last: latin([
            "Baker",
            "Carter",
            "Fletcher",
            "Marsh",
            "Holloway",
            "Pike",
            "Turner",
            "Whitfield",
            "Ashby",
            "Cole",
            "Dawson",
            "Reed",
        ]),
    },
    Tongue {
        first: [
            ("مریم", "Maryam"),
            ("علی", "Ali"),
            ("زهرا", "Zahra"),
            ("رضا", "Reza"),
            ("نرگس", "Narges"),
            ("حسین", "Hossein"),
            ("شیرین", "Shirin"),
            ("بهرام", "Bahram"),
            ("پریسا", "Parisa"),
            ("کاوه", "Kaveh"),
            ("لیلا", "Leila"),
            ("آرش", "Arash"),
        ],
        last: [
            ("احمدی", "Ahmadi"),
            ("رضایی", "Rezaei"),
            ("کریمی", "Karimi"),
            ("مرادی", "Moradi"),
            ("صادقی", "Sadeghi"),
            ("جعفری", "Jafari"),
            ("نوری", "Nouri"),
            ("قاسمی", "Ghasemi"),
            ("حیدری", "Heidari"),
            ("باقری", "Bagheri"),
            ("شریفی", "Sharifi"),
            ("یوسفی", "Yousefi"),
        ],
    },
    Tongue {
        first: [
            ("فاطمة", "Fatima"),
            ("أحمد", "Ahmad"),
            ("نور", "Nour"),
            ("خالد", "Khalid"),
            ("سلمى", "Salma"),
            ("يوسف", "Yusuf"),
            ("هدى", "Huda"),
            ("عمر", "Omar"),
            ("ريم", "Reem"),
            ("طارق", "Tariq"),
            ("أمل", "Amal"),
            ("سامي", "Sami"),
        ],
        last: [
            ("حداد", "Haddad"),
            ("منصور", "Mansour"),
            ("خوري", "Khoury"),
            ("نجار", "Najjar"),
            ("صالح", "Saleh"),
            ("عباس", "Abbas"),
            ("زيدان", "Zidan"),
            ("قاسم", "Qasim"),
            ("شاهين", "Shaheen"),
            ("رحال", "Rahhal"),
            ("فارس", "Faris"),
            ("بدر", "Badr"),
        ],
    },
];

/// Names for `count` people, at most [`MOST`], no two alike: as written, and short in Latin letters.
pub(super) fn draw(dice: &mut Dice, count: usize) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut taken = BTreeSet::new();
    while names.len() < count.min(MOST) {
        let tongue = dice.place(TONGUES.len());
        // Some have a father from elsewhere.
        let of_last = if tongue < LATIN_TONGUES && dice.once_in(6) {
            dice.place(LATIN_TONGUES)
        } else {
            tongue
        };
        let first = *dice.pick(&TONGUES[tongue].first);
        let last = *dice.pick(&TONGUES[of_last].last);
        let name = format!("{} {}", first.0, last.0);
        if !taken.insert(name.clone()) {
            continue;
        }
        let short = short_of(first.1, last.1, &mut taken);
        names.push((name, short));
    }
    names
}

/// Most people that there are names for: the sixth part of all pairs stays free, so that drawing never takes long.
pub(super) const MOST: usize = 800;

/// The first name with as much of the last one as tells it from the others.
fn short_of(first: &str, last: &str, taken: &mut BTreeSet<String>) -> String {
    let letters = last.chars().count();
    for count in 1..=letters {
        let begin: String = last.chars().take(count).collect();
        let dot = if count < letters { "." } else { "" };
        let short = format!("{first} {begin}{dot}");
        if taken.insert(short.clone()) {
            return short;
        }
    }
    let short = format!("{first} {last} 2");
    taken.insert(short.clone());
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike_and_short_names_are_latin() {
        let names = draw(&mut Dice::new(7, "people"), MOST);
        assert_eq!(names.len(), MOST);
        let written: BTreeSet<&String> = names.iter().map(|(name, _)| name).collect();
        let short: BTreeSet<&String> = names.iter().map(|(_, short)| short).collect();
        assert_eq!((written.len(), short.len()), (MOST, MOST));
        for short in short {
            assert!(short.chars().count() <= 24, "{short}");
            assert!(short.chars().all(|c| c < '\u{250}'), "{short}");
        }
        assert!(
            names
                .iter()
                .any(|(name, short)| name.split(' ').next() != short.split(' ').next())
        );
    }
}
