use jiff::civil::{Date, DateTime, Time};

/// What a text of the 2023 format says of the time, in the phone's own zone and language. It decides nothing but whether a
/// check-in is late; the office's time counts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct LegacyTime {
    /// The Gregorian date, where it can be read and has a year.
    pub date: Option<Date>,
    /// The time of day, where it can be read.
    pub time: Option<Time>,
    /// Whether a year stands in the text, in whatever calendar: then it is never written twice.
    pub has_year: bool,
}

/// Names of the months as phones write them: English, Persian (of Iran and Afghanistan), Arabic, Turkish, French, Polish,
/// Spanish, and two of German. Three letters from the beginning are enough.
const MONTHS: [&str; 12] = [
    "january ژانویه ژانویۀ جنوری يناير جانفي ocak janvier stycznia styczeń enero",
    "february فوریه فبروری فبراير فيفري شباط şubat février lutego luty febrero",
    "march مارس مارچ آذار mart mars marca marzec märz marzo",
    "april آوریل اپریل أبريل أفريل نيسان nisan avril kwietnia kwiecień abril",
    "may مه می مايو ماي أيار mayıs mai maja mayo",
    "june ژوئن جون يونيو جوان حزيران haziran juin czerwca czerwiec junio",
    "july ژوئیه ژوئيۀ جولای يوليو جويلية تموز temmuz juillet lipca lipiec julio",
    "august اوت آگوست اگست أغسطس أوت آب ağustos août sierpnia sierpień agosto",
    "september سپتامبر سپتمبر سبتمبر أيلول eylül septembre września wrzesień septiembre",
    "october اکتبر اکتوبر أكتوبر ekim octobre października październik okt octubre",
    "november نوامبر نومبر نوفمبر kasım novembre listopada listopad noviembre",
    "december دسامبر دسمبر ديسمبر aralık décembre grudnia grudzień dez diciembre",
];

/// Letters that a shortened name has at least.
const SHORT_NAME: usize = 3;

/// Marks of the half day, written as one word each.
const HALVES: [(&str, &str); 4] = [("a.m.", "am"), ("p.m.", "pm"), ("ق.ظ", "am"), ("ب.ظ", "pm")];

/// Years in which a phone can have sent this: others belong to another calendar.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2199;

impl LegacyTime {
    /// Reads what stands after the action.
    pub fn read(text: &str) -> Self {
        let mut text: String = folded(text).collect();
        for (dotted, word) in HALVES {
            text = text.replace(dotted, word);
        }
        let tokens = tokens(&text);
        let time = time(&tokens);
        Self {
            date: date(&tokens),
            time,
            has_year: tokens.iter().any(Token::is_year),
        }
    }

    /// Date and time together, where both can be read.
    pub fn at(&self) -> Option<DateTime> {
        Some(self.date?.to_datetime(self.time?))
    }
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Number { value: i16, digits: usize },
    Word(&'a str),
    Other(char),
}

impl Token<'_> {
    fn is_year(&self) -> bool {
        matches!(
            self,
            Self::Number {
                value: 1300..=2999,
                digits: 4
            }
        )
    }

    /// A number of one or two digits, as days, months, hours and minutes are.
    fn small(&self) -> Option<i8> {
        match *self {
            Self::Number {
                value,
                digits: 1 | 2,
            } => i8::try_from(value).ok(),
            Self::Number { .. } | Self::Word(_) | Self::Other(_) => None,
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same: fn(char) -> bool = match first {
            '0'..='9' => |c| c.is_ascii_digit(),
            _ if first.is_alphabetic() => char::is_alphabetic,
            _ => |_| false,
        };
        let length = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length.max(first.len_utf8()));
        rest = after;
        tokens.push(match first {
            '0'..='9' => Token::Number {
                value: run.parse().unwrap_or(i16::MAX),
                digits: run.len(),
            },
            _ if length > 0 => Token::Word(run),
            _ => Token::Other(first),
        });
    }
    tokens
}

fn time(tokens: &[Token<'_>]) -> Option<Time> {
    let clocks = || tokens.windows(3).enumerate();
    let with_colon = clocks().find_map(|(_, clock)| match clock {
        [hour, Token::Other(':' | '：'), minute] => of_clock(*hour, *minute),
        _ => None,
    });
    let with_dot = || {
        clocks().find_map(|(at, clock)| match clock {
            [hour, Token::Other('.'), minute] if !is_in_date(tokens, at) => {
                of_clock(*hour, *minute)
            }
            _ => None,
        })
    };
    let (hour, minute) = with_colon.or_else(with_dot)?;
    let is_said = |words: &[&str]| {
        tokens
            .iter()
            .any(|token| matches!(token, Token::Word(word) if words.contains(word)))
    };
    let hour = match hour {
        12 if is_said(&["am", "قبلازظهر"]) => 0,
        1..=11 if is_said(&["pm", "بعدازظهر"]) => hour + 12,
        _ => hour,
    };
    Time::new(hour, minute, 0, 0).ok()
}

fn of_clock(hour: Token<'_>, minute: Token<'_>) -> Option<(i8, i8)> {
    let Token::Number { digits: 2, .. } = minute else {
        return None;
    };
    let (hour, minute) = (hour.small()?, minute.small()?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// Whether the two numbers at `at` are part of three, as in 4.07.2023.
fn is_in_date(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let after = tokens.get(at + 3).zip(tokens.get(at + 4));
    before == Some(&Token::Other('.'))
        || matches!(after, Some((Token::Other('.'), Token::Number { .. })))
}

fn date(tokens: &[Token<'_>]) -> Option<Date> {
    with_numbers(tokens).or_else(|| with_name(tokens))
}

/// 2023-07-04, with any of `-`, `/` and `.`: the one order of numbers that means the same everywhere.
fn with_numbers(tokens: &[Token<'_>]) -> Option<Date> {
    tokens.windows(5).find_map(|five| match five {
        [
            year,
            Token::Other(a @ ('-' | '/' | '.')),
            month,
            Token::Other(b),
            day,
        ] if a == b => of_calendar(*year, month.small()?, day.small()?),
        _ => None,
    })
}

/// 4 Jul 2023 and Jul 4, 2023. Some days of the week look like a month ("mar. 4 juil."), but they stand before it.
fn with_name(tokens: &[Token<'_>]) -> Option<Date> {
    let named = |(at, token): (usize, &Token<'_>)| match token {
        Token::Word(word) => month(word).map(|month| (at, month)),
        Token::Number { .. } | Token::Other(_) => None,
    };
    let (at, month) = tokens.iter().enumerate().rev().find_map(named)?;
    let (before, after) = tokens.split_at(at);
    let year = tokens.iter().find(|token| token.is_year())?;
    let day_before = before.iter().rev().find_map(Token::small);
    let day = day_before.or_else(|| after.iter().find_map(Token::small))?;
    of_calendar(*year, month, day)
}

fn of_calendar(year: Token<'_>, month: i8, day: i8) -> Option<Date> {
    match year {
        Token::Number { value, digits: 4 } if YEARS.contains(&value) => {
            Date::new(value, month, day).ok()
        }
        Token::Number { .. } | Token::Word(_) | Token::Other(_) => None,
    }
}

/// The month that a word names or begins; `None` where it may be more than one.
fn month(word: &str) -> Option<i8> {
    let length = word.chars().count();
    let is_name = |name: &str| {
        let mut letters = folded(name);
        let begins = letters.by_ref().take(length).eq(word.chars());
        begins && (length >= SHORT_NAME || letters.next().is_none())
    };
    let is_month = |names: &str| names.split(' ').any(is_name);
    let mut months = (1..).zip(MONTHS).filter(|(_, names)| is_month(names));
    let (number, _) = months.next()?;
    months.next().is_none().then_some(number)
}

/// Lower case, digits of ASCII, one spelling for letters that Arabic and Persian write in several ways, no marks.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase).filter_map(|c| {
        Some(match c {
            '٠'..='٩' => digit(c, '٠'),
            '۰'..='۹' => digit(c, '۰'),
            'آ' | 'أ' | 'إ' => 'ا',
            'ي' | 'ى' | 'ئ' => 'ی',
            'ك' => 'ک',
            'ة' | 'ۀ' => 'ه',
            // Combining accents, tatweel, vowel marks, joiners and directions.
            '\u{300}'..='\u{36F}' | '\u{640}' | '\u{64B}'..='\u{65F}' => return None,
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                return None;
            }
            _ => c,
        })
    })
}

fn digit(digit: char, zero: char) -> char {
    let value = u32::from(digit) - u32::from(zero);
    char::from_digit(value, 10).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_the_languages_of_phones() {
        for text in [
            "Tue, 4 Jul 2023, 22:12",
            "Tue, Jul 4, 2023, 10:12 PM",
            "tuesday 4 july 2023 10:12 p.m.",
            "سه‌شنبه, ۴ ژوئیه ۲۰۲۳, ۲۲:۱۲",
            "سه\u{200c}شنبه, ۴ ژوئیهٔ ۲۰۲۳, ۲۲:۱۲",
            "سه شنبه، ۴ ژوئيه ۲۰۲۳، ۱۰:۱۲ ب.ظ.",
            "سه‌شنبه ۴ جولای ۲۰۲۳ ۱۰:۱۲ بعدازظهر",
            "الثلاثاء, ٤ يوليو ٢٠٢٣, ٢٢:١٢",
            "\u{200f}الثلاثاء، 4 تموز 2023، 22:12",
            "Sal, 4 Tem 2023, 22:12",
            "mar., 4 juil. 2023, 22:12",
            "mar, 4 jul 2023, 22:12",
            "wt., 4 lip 2023, 22:12",
            "wtorek, 4 lipca 2023, 22.12",
            "Di., 4. Jul 2023, 22:12",
            "2023-07-04 22:12",
            "2023/7/4, 22:12:59",
            "2023.07.04 22.12",
        ] {
            let when = LegacyTime::read(text);
            assert_eq!(when.at(), Some(date(2023, 7, 4).at(22, 12, 0, 0)), "{text}");
            assert!(when.has_year, "{text}");
        }
    }

    #[test]
    fn a_month_is_known_by_its_name_and_by_a_beginning_that_no_other_has() {
        for (number, names) in (1..).zip(MONTHS) {
            for name in names.split(' ') {
                let letters: Vec<char> = folded(name).collect();
                let shortest = SHORT_NAME.min(letters.len());
                for length in shortest..=letters.len() {
                    let word: String = letters[..length].iter().collect();
                    let shared = ["jui", "ژوی"].contains(&word.as_str());
                    assert_eq!(month(&word), (!shared).then_some(number), "{word}");
                }
                let text = format!("{name} 28 2024");
                let read = LegacyTime::read(&text);
                assert_eq!(read.date, Some(date(2024, number, 28)), "{name}");
            }
        }
        for word in ["", "j", "ma", "م", "junes", "tue", "سه", "mond"] {
            assert_eq!(month(word), None, "{word}");
        }
    }

    #[test]
    fn a_month_is_known_in_the_letters_of_another_language() {
        for (text, month) in [
            ("4 اذار 2023", 3),
            ("4 اكتبر 2023", 10),
            ("4 فوریۀ 2023", 2),
            ("4 ژو\u{200c}ئیه 2023", 7),
        ] {
            let read = LegacyTime::read(text);
            assert_eq!(read.date, Some(date(2023, month, 4)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_open() {
        let cases = [
            ("", None, None, false),
            ("15.15", None, Some(time(15, 15, 0, 0)), false),
            ("9:05", None, Some(time(9, 5, 0, 0)), false),
            ("12:05 AM", None, Some(time(0, 5, 0, 0)), false),
            ("12:05 PM", None, Some(time(12, 5, 0, 0)), false),
            ("12:05", None, Some(time(12, 5, 0, 0)), false),
            ("24:00 9:60 25:10 9:05", None, Some(time(9, 5, 0, 0)), false),
            ("25:00 10:60 9:5 100:20", None, None, false),
            ("4 Jul, 22:12", None, Some(time(22, 12, 0, 0)), false),
            ("31 Feb 2023, 22:12", None, Some(time(22, 12, 0, 0)), true),
            ("4 Jul 2023", Some(date(2023, 7, 4)), None, true),
            ("4.07.2023", None, None, true),
            ("Di 4.07.2023", None, None, true),
            ("2023-07/04", None, None, true),
            ("04/07/2023 22:12", None, Some(time(22, 12, 0, 0)), true),
            ("۱۳ تیر ۱۴۰۲, ۲۲:۱۲", None, Some(time(22, 12, 0, 0)), true),
            ("1402/04/13 22:12", None, Some(time(22, 12, 0, 0)), true),
            ("4 กรกฎาคม 2566 22:12", None, Some(time(22, 12, 0, 0)), true),
            ("99999999999999999999:00 Jul 99999", None, None, false),
        ];
        for (text, date, time, has_year) in cases {
            let expected = LegacyTime {
                date,
                time,
                has_year,
            };
            assert_eq!(LegacyTime::read(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            let when = LegacyTime::read(&text);
            prop_assert!(when.has_year || when.date.is_none());
        }

        #[test]
        fn what_looks_like_a_date_never_panics(text in "[0-9۰-۹:./, -]{0,30}(jul|may|مه)?[0-9:. ]{0,20}(pm|am)?") {
            let when = LegacyTime::read(&text);
            prop_assert!(when.has_year || when.date.is_none());
        }
    }
}
