//! Money in whole minor units (centavos, paise), so that no sum is off by one: amounts, quantities
//! and percentages with a rounding that the code says.
//!
//! ```
//! use flowhost_sdk::money::{Currency, Money, MoneyError, Percent, Rounding};
//!
//! fn total(price: Money, quantity: i64) -> Result<Money, MoneyError> {
//!     let goods = price.times(quantity)?;
//!     let discount = goods.percent(Percent::whole(10), Rounding::Down)?;
//!     goods.minus(discount)
//! }
//!
//! let price = Money::parse("19.99", Currency::BRL)?;
//! assert_eq!(total(price, 3)?.to_string(), "53.98 BRL");
//! # Ok::<(), MoneyError>(())
//! ```
//!
//! A price of your API comes best as minor units ([`Money::new`]) or as a text ([`Money::parse`]).
//! If it is a JSON number, read it as a [`Number`](crate::Number) and parse its text. What a user
//! typed is read by [`Language::parse_money`](crate::language::Language::parse_money), and what a
//! user reads is written by [`Language::money`](crate::language::Language::money).

mod currency;
mod percent;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

pub use self::currency::Currency;
pub use self::percent::{Percent, Rounding};

/// An amount of a currency, negative if it is owed the other way. Its text and its JSON are
/// `53.98 BRL`: a point, and as many digits behind it as the currency has.
///
/// Amounts of different currencies are neither equal nor ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// This many minor units of the currency: 1999 of [`Currency::BRL`] is R$ 19,99, and 1999 of
    /// `JPY`, which has none, is ¥1,999.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Money { minor, currency }
    }

    /// Parses an amount as programs write it: `19.99`, `19.9`, `19`, `-0.5`. For what people write,
    /// see [`Language::parse_money`](crate::language::Language::parse_money).
    ///
    /// # Errors
    ///
    /// [`MoneyError::NoAmount`], [`MoneyError::TooPrecise`], [`MoneyError::TooLarge`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        Ok(Money { minor: decimal(amount, currency.digits())?, currency })
    }

    /// The sum of these amounts, zero if there are none.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OtherCurrency`], [`MoneyError::TooLarge`].
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Money>,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Money::new(0, currency), Money::plus)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount as [`Money::parse`] reads it, without the currency: `19.99`.
    pub fn amount(self) -> String {
        let digits = usize::from(self.currency.digits());
        let mut text = format!("{:0width$}", self.minor.unsigned_abs(), width = digits + 1);
        if digits > 0 {
            text.insert(text.len() - digits, '.');
        }
        if self.minor < 0 {
            text.insert(0, '-');
        }
        text
    }

    /// Adds an amount of the same currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OtherCurrency`], [`MoneyError::TooLarge`].
    pub fn plus(self, other: Money) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_add(other.of(self.currency)?))
    }

    /// Subtracts an amount of the same currency.
    ///
    /// # Errors
    ///
    /// [`MoneyError::OtherCurrency`], [`MoneyError::TooLarge`].
    pub fn minus(self, other: Money) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_sub(other.of(self.currency)?))
    }

    /// Multiplies by a quantity.
    ///
    /// # Errors
    ///
    /// [`MoneyError::TooLarge`].
    pub fn times(self, quantity: i64) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(quantity))
    }

    /// This share of the amount, rounded to a minor unit.
    ///
    /// ```
    /// use flowhost_sdk::money::{Currency, Money, Percent, Rounding};
    ///
    /// let price = Money::parse("0.50", Currency::EUR)?;
    /// let tax: Percent = "23".parse()?; // 11.5 cents
    /// assert_eq!(price.percent(tax, Rounding::HalfUp)?.amount(), "0.12");
    /// assert_eq!(price.percent(tax, Rounding::Down)?.amount(), "0.11");
    /// # Ok::<(), flowhost_sdk::money::MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MoneyError::TooLarge`].
    pub fn percent(self, share: Percent, rounding: Rounding) -> Result<Self, MoneyError> {
        self.with(share.of(self.minor, rounding))
    }

    fn of(self, currency: Currency) -> Result<i64, MoneyError> {
        if self.currency == currency { Ok(self.minor) } else { Err(MoneyError::OtherCurrency) }
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        Ok(Money { minor: minor.ok_or(MoneyError::TooLarge)?, ..self })
    }
}

/// Reads a decimal number with at most `digits` digits behind the point, in units of the last one.
fn decimal(text: &str, digits: u8) -> Result<i64, MoneyError> {
    let digits = usize::from(digits);
    let (negative, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(MoneyError::NoAmount);
    }
    let fraction = if number.contains('.') { fraction } else { "" };
    if fraction.len() > digits {
        return Err(MoneyError::TooPrecise);
    }
    let zeros = std::iter::repeat_n(b'0', digits - fraction.len());
    let mut units: i64 = 0;
    for byte in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        let digit = i64::from(byte - b'0');
        let digit = if negative { -digit } else { digit };
        units = units
            .checked_mul(10)
            .and_then(|units| units.checked_add(digit))
            .ok_or(MoneyError::TooLarge)?;
    }
    Ok(units)
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount(), self.currency)
    }
}

/// Parses what [`Display`](fmt::Display) writes. The digits behind the point tell how many the
/// currency has, so also a currency of your own is read as it was written.
impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (amount, code) = text.split_once(' ').ok_or(MoneyError::NoAmount)?;
        let digits = amount.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let currency = u8::try_from(digits).ok().and_then(|digits| Currency::checked(code, digits));
        let currency = currency.ok_or(MoneyError::NoAmount)?;
        if Currency::iso(code).is_some_and(|known| known != currency) {
            return Err(MoneyError::NoAmount);
        }
        Money::parse(amount, currency)
    }
}

impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Money) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why there is no such amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The text is not an amount.
    NoAmount,
    /// Two amounts have different currencies.
    OtherCurrency,
    /// The amount does not fit in 64 bits.
    TooLarge,
    /// The text has more digits behind the point than the currency.
    TooPrecise,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            MoneyError::NoAmount => "the text is not an amount",
            MoneyError::OtherCurrency => "the amounts have different currencies",
            MoneyError::TooLarge => "the amount does not fit in 64 bits",
            MoneyError::TooPrecise => "the amount has more digits than its currency",
        })
    }
}

impl std::error::Error for MoneyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const JPY: Currency = Currency::new("JPY", 0);
    const KWD: Currency = Currency::new("KWD", 3);

    fn brl(amount: &str) -> Money {
        Money::parse(amount, Currency::BRL).unwrap()
    }

    #[test]
    fn amounts_are_read_and_written_with_the_currencys_digits() {
        for (text, currency, minor, written) in [
            ("19.99", Currency::BRL, 1999, "19.99"),
            ("19.9", Currency::BRL, 1990, "19.90"),
            ("19", Currency::BRL, 1900, "19.00"),
            ("-0.05", Currency::BRL, -5, "-0.05"),
            ("007", Currency::BRL, 700, "7.00"),
            ("1999", JPY, 1999, "1999"),
            ("0", JPY, 0, "0"),
            ("1.005", KWD, 1005, "1.005"),
            ("92233720368547758.07", Currency::BRL, i64::MAX, "92233720368547758.07"),
            ("-92233720368547758.08", Currency::BRL, i64::MIN, "-92233720368547758.08"),
        ] {
            let money = Money::parse(text, currency).unwrap();
            assert_eq!((money.minor(), money.amount().as_str()), (minor, written), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1,5", "1.2.3", "+1", " 1", "1e3", "--1", "١", "R$1"]
        {
            assert_eq!(Money::parse(text, Currency::BRL), Err(MoneyError::NoAmount), "{text}");
        }
        assert_eq!(Money::parse("1.999", Currency::BRL), Err(MoneyError::TooPrecise));
        assert_eq!(Money::parse("1.0", JPY), Err(MoneyError::TooPrecise));
        let too_large = Money::parse("92233720368547758.08", Currency::BRL);
        assert_eq!(too_large, Err(MoneyError::TooLarge));
    }

    #[test]
    fn sums_and_products_are_exact_or_refused() {
        // As floats, 0.1 + 0.2 is 0.30000000000000004.
        assert_eq!(brl("0.10").plus(brl("0.20")), Ok(brl("0.30")));
        assert_eq!(brl("1").minus(brl("1.01")), Ok(brl("-0.01")));
        assert_eq!(brl("19.99").times(3), Ok(brl("59.97")));
        assert_eq!(Money::sum(Currency::BRL, [brl("1"), brl("2.5")]), Ok(brl("3.50")));
        assert_eq!(Money::sum(JPY, []), Ok(Money::new(0, JPY)));

        let most = Money::new(i64::MAX, Currency::BRL);
        assert_eq!(most.plus(brl("0.01")), Err(MoneyError::TooLarge));
        assert_eq!(most.times(2), Err(MoneyError::TooLarge));
        assert_eq!(Money::new(i64::MIN, JPY).minus(Money::new(1, JPY)), Err(MoneyError::TooLarge));
    }

    #[test]
    fn currencies_do_not_mix() {
        let yen = Money::new(100, JPY);

        assert_eq!(brl("1").plus(yen), Err(MoneyError::OtherCurrency));
        assert_eq!(brl("1").minus(yen), Err(MoneyError::OtherCurrency));
        assert_ne!(Money::new(100, Currency::BRL), yen);
        assert_eq!(brl("1").partial_cmp(&yen), None);
        assert!(brl("1") < brl("1.01"));
    }

    #[test]
    fn a_state_keeps_an_amount_of_any_currency() {
        let points = Money::new(-120, Currency::new("PTS", 0));
        for (money, json) in [
            (brl("53.98"), r#""53.98 BRL""#),
            (Money::new(5, KWD), r#""0.005 KWD""#),
            (points, r#""-120 PTS""#),
        ] {
            assert_eq!(serde_json::to_string(&money).unwrap(), json);
            assert_eq!(serde_json::from_str::<Money>(json).unwrap(), money);
        }
        for text in [
            "53.98",
            "53.9 BRL",
            "53.980 BRL",
            "53.98 brl",
            "53.98 REAL",
            "BRL 53.98",
            "1.00001 PTS",
        ] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::NoAmount), "{text}");
        }
    }
}
