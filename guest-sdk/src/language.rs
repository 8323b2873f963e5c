//! Dates, times, numbers and money as people of a language write them.
//!
//! ```
//! use flowhost_sdk::language::{HINDI, INDONESIAN, PORTUGUESE};
//! use flowhost_sdk::money::{Currency, Money};
//! use flowhost_sdk::time::Date;
//!
//! let day: Date = "2026-11-23".parse()?;
//! assert_eq!(PORTUGUESE.long_date(day), "segunda-feira, 23 de novembro de 2026");
//! assert_eq!(INDONESIAN.date(day), "23 Nov 2026");
//!
//! let price = Money::new(123_456_750, Currency::INR);
//! assert_eq!(HINDI.money(price), "₹12,34,567.50");
//! assert_eq!(PORTUGUESE.number(1234.5), "1.234,5");
//! # Ok::<(), flowhost_sdk::time::DateError>(())
//! ```
//!
//! A component has the languages that it names, 1.5 KiB each, and nothing of the others. The
//! known ones are written as in the Unicode CLDR 48; only times have a plain space before what CLDR
//! sets apart with a narrow one.
//!
//! **Your own language** is a constant. What it shares with another can come from there:
//!
//! ```
//! use flowhost_sdk::language::{Language, PORTUGUESE, SPANISH_MEXICO, SymbolPlace};
//! use flowhost_sdk::money::{Currency, Money};
//!
//! const SPANISH_ARGENTINA: Language = Language {
//!     code: "es-AR",
//!     decimal: ',',
//!     group: '.',
//!     place: SymbolPlace::BeforeWithSpace,
//!     symbols: &[("ARS", "$"), ("USD", "US$")],
//!     ..SPANISH_MEXICO
//! };
//! assert_eq!(SPANISH_ARGENTINA.money(Money::new(123_450, Currency::ARS)), "$\u{a0}1.234,50");
//! ```
//!
//! A client does not tell its language. Let the sender of the message attach it to the flow token
//! ([`Session::context`](crate::Session::context)), keep it in the flow's settings, or let the user
//! choose; [`choose`] finds the language by its code. The cookbook has a recipe.

mod known;
mod money;

use crate::Number;
use crate::time::Date;

pub use self::known::{
    ENGLISH, ENGLISH_INDIA, ENGLISH_UK, HINDI, INDONESIAN, PORTUGUESE, SPANISH, SPANISH_MEXICO,
};

/// How a language is written. See the [module](self) for the known ones and for making one.
///
/// In its patterns, these names stand for parts of a date or a time; what is not a name stays as it
/// is.
///
/// | name | of 2026-03-05, 09:07 |
/// | --- | --- |
/// | `{weekday}`, `{short_weekday}` | Thursday, Thu |
/// | `{day}`, `{dd}` | 5, 05 |
/// | `{month}`, `{short_month}` | March, Mar |
/// | `{m}`, `{mm}` | 3, 03 |
/// | `{year}` | 2026 |
/// | `{hour}`, `{hh}` | 9, 09 (of 24) |
/// | `{hour12}`, `{half}` | 9, AM |
/// | `{minute}` | 07 |
#[derive(Clone, Debug, PartialEq)]
pub struct Language {
    /// Its code in BCP 47, such as `pt-BR`.
    pub code: &'static str,
    /// The months as in a date, January first.
    pub months: [&'static str; 12],
    /// The months in short.
    pub short_months: [&'static str; 12],
    /// The days of the week, Monday first.
    pub weekdays: [&'static str; 7],
    /// The days of the week in short.
    pub short_weekdays: [&'static str; 7],
    /// The first and the second half of a day, if hours count to 12.
    pub halves: [&'static str; 2],
    /// The pattern of [`Language::long_date`].
    pub long_date: &'static str,
    /// The pattern of [`Language::date`].
    pub date: &'static str,
    /// The pattern of [`Language::short_date`].
    pub short_date: &'static str,
    /// The pattern of [`Language::day`].
    pub day: &'static str,
    /// The pattern of [`Language::time`].
    pub time: &'static str,
    /// What stands before the fraction of a number.
    pub decimal: char,
    /// What stands between the groups of a number's digits.
    pub group: char,
    /// How digits are grouped.
    pub grouping: Grouping,
    /// Where the symbol of a currency stands.
    pub place: SymbolPlace,
    /// The symbols of currencies, by their codes in ISO 4217. A currency that is not among them is
    /// written by its code.
    pub symbols: &'static [(&'static str, &'static str)],
}

/// How the digits before the point are grouped, counted from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Three, then two each, as lakhs and crores: `12,34,567`.
    Lakhs,
    /// Three each: `1,234` and `1,234,567`.
    Thousands,
    /// Three each, but four digits stay together: `1234` and `12.345`.
    ThousandsFromFive,
}

/// Where the symbol of a currency stands. A symbol that ends with a letter, such as `Rp` and all
/// codes, has a space between it and the amount in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolPlace {
    /// After the amount and a space: `12,50 €`.
    After,
    /// Before the amount: `$12.50`.
    Before,
    /// Before the amount and a space: `R$ 12,50`.
    BeforeWithSpace,
}

/// The language of `known` with this code: the same code, `_` counting as `-`, else the first of
/// the same language in another country. `None` if there is neither.
///
/// ```
/// use flowhost_sdk::language::{self, ENGLISH, PORTUGUESE};
///
/// let language = language::choose("pt_PT", &[&ENGLISH, &PORTUGUESE]).unwrap_or(&ENGLISH);
/// assert_eq!(language.code, "pt-BR");
/// ```
pub fn choose(code: &str, known: &[&'static Language]) -> Option<&'static Language> {
    let code = code.replace('_', "-");
    let root = |code: &str| code.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let same = known.iter().find(|language| language.code.eq_ignore_ascii_case(&code));
    let alike = || known.iter().find(|language| root(language.code) == root(&code));
    same.or_else(alike).copied()
}

impl Language {
    /// The day with its weekday: `Monday, November 23, 2026`.
    pub fn long_date(&self, date: Date) -> String {
        self.filled(self.long_date, date)
    }

    /// The day with its year: `Nov 23, 2026`.
    pub fn date(&self, date: Date) -> String {
        self.filled(self.date, date)
    }

    /// The day in numbers: `11/23/2026`.
    pub fn short_date(&self, date: Date) -> String {
        self.filled(self.short_date, date)
    }

    /// The day with its weekday and without its year, for days to choose from: `Mon, Nov 23`.
    pub fn day(&self, date: Date) -> String {
        self.filled(self.day, date)
    }

    /// The time of day, from the hour (0 to 23) and the minute, as
    /// [`Timestamp::hour_and_minute`](crate::time::Timestamp::hour_and_minute) gives them: `9:30
    /// AM`.
    pub fn time(&self, (hour, minute): (u8, u8)) -> String {
        fill(self.time, |name, text| {
            match name {
                "hour" => *text += &hour.to_string(),
                "hh" => *text += &format!("{hour:02}"),
                "hour12" => *text += &((hour + 11) % 12 + 1).to_string(),
                "half" => *text += self.halves[usize::from(hour >= 12)],
                "minute" => *text += &format!("{minute:02}"),
                _ => return false,
            }
            true
        })
    }

    /// The number with its digits in groups. Fractions have as many digits as the number needs; for
    /// amounts of money there is [`Language::money`].
    pub fn number(&self, number: impl Into<Number>) -> String {
        self.grouped(&number.into().to_string(), self.grouping)
    }

    fn filled(&self, pattern: &str, date: Date) -> String {
        let month = usize::from(date.month() - 1);
        let weekday = date.weekday() as usize;
        fill(pattern, |name, text| {
            match name {
                "weekday" => *text += self.weekdays[weekday],
                "short_weekday" => *text += self.short_weekdays[weekday],
                "day" => *text += &date.day().to_string(),
                "dd" => *text += &format!("{:02}", date.day()),
                "month" => *text += self.months[month],
                "short_month" => *text += self.short_months[month],
                "m" => *text += &date.month().to_string(),
                "mm" => *text += &format!("{:02}", date.month()),
                "year" => *text += &date.year().to_string(),
                _ => return false,
            }
            true
        })
    }

    /// Writes a decimal number such as `-1234.5` with this language's separators.
    fn grouped(&self, number: &str, grouping: Grouping) -> String {
        let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
        let (whole, fraction) = number
            .split_once('.')
            .map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut text = sign.to_owned();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && grouping.splits(whole.len(), whole.len() - index) {
                text.push(self.group);
            }
            text.push(digit);
        }
        if let Some(fraction) = fraction {
            text.push(self.decimal);
            text += fraction;
        }
        text
    }
}

impl Grouping {
    /// The same groups, also of four digits: people may write a group that is not due.
    fn always(self) -> Self {
        match self {
            Grouping::ThousandsFromFive => Grouping::Thousands,
            other => other,
        }
    }

    /// Whether a separator stands before the last `left` of `all` digits.
    fn splits(self, all: usize, left: usize) -> bool {
        match self {
            Grouping::Lakhs => left == 3 || (left > 3 && (left - 3).is_multiple_of(2)),
            Grouping::Thousands => left.is_multiple_of(3),
            Grouping::ThousandsFromFive => all > 4 && left.is_multiple_of(3),
        }
    }
}

/// Replaces the names in a pattern. `write` says whether it knows a name.
fn fill(pattern: &str, write: impl Fn(&str, &mut String) -> bool) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text += before;
        rest = match after.split_once('}') {
            Some((name, after)) if write(name, &mut text) => after,
            _ => {
                text.push('{');
                after
            }
        };
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_stays_in_a_pattern() {
        let odd = Language { date: "{day} {Day} {{day}} } {m", ..ENGLISH };

        assert_eq!(odd.date("2026-11-23".parse().unwrap()), "23 {Day} {23} } {m");
    }

    #[test]
    fn hours_count_to_twelve_where_a_pattern_says_so() {
        for (time, text) in [
            ((0, 0), "12:00 AM"),
            ((1, 5), "1:05 AM"),
            ((12, 0), "12:00 PM"),
            ((13, 30), "1:30 PM"),
            ((23, 59), "11:59 PM"),
        ] {
            assert_eq!(ENGLISH.time(time), text);
        }
    }

    #[test]
    fn a_language_is_found_by_its_code_or_by_its_root() {
        let known = [&PORTUGUESE, &SPANISH, &SPANISH_MEXICO, &ENGLISH_UK];
        for (code, found) in [
            ("pt-BR", Some("pt-BR")),
            ("pt_br", Some("pt-BR")),
            ("pt", Some("pt-BR")),
            ("es_MX", Some("es-MX")),
            ("es-AR", Some("es")),
            ("en_US", Some("en-GB")),
            ("hi", None),
            ("", None),
        ] {
            assert_eq!(choose(code, &known).map(|language| language.code), found, "{code}");
        }
    }

    #[test]
    fn numbers_of_any_size_have_groups() {
        assert_eq!(HINDI.number(i64::MIN), "-92,23,37,20,36,85,47,75,808");
        assert_eq!(PORTUGUESE.number(0.001), "0,001");
        assert_eq!(PORTUGUESE.number(f64::NAN), "NaN");
        assert_eq!(SPANISH.number(-1234), "-1234");
    }
}
