//! Percentages, and how what they give is rounded.

use std::fmt;
use std::str::FromStr;

use super::{MoneyError, decimal};

/// A percentage, exact to four digits behind the point. Parses `23`, `18.5` and `9.975`; 10 % off
/// is the amount minus 10 % of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(i64);

/// What becomes of the part of a minor unit that a percentage gives. Which one is due is a rule of
/// the law or of your bookkeeping, so nothing is a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: 11.9 is 11.
    Down,
    /// To the nearest, and a half to the even one, as banks do: 11.5 is 12, and 12.5 is 12.
    HalfEven,
    /// To the nearest, and a half away from zero, as in shops: 11.5 is 12, and -11.5 is -12.
    HalfUp,
    /// Away from zero: 11.1 is 12.
    Up,
}

impl Percent {
    /// This many percent.
    pub const fn whole(percent: i16) -> Self {
        Percent(percent as i64 * PER_PERCENT)
    }

    /// This many hundredths of a percent: 1850 is 18.5 %.
    pub const fn basis_points(points: i32) -> Self {
        Percent(points as i64 * (PER_PERCENT / 100))
    }

    /// This share of a number, `None` if it does not fit. The number is divided before it is
    /// multiplied, and its rest apart, so that nothing in between overflows.
    pub(super) fn of(self, number: i64, rounding: Rounding) -> Option<i64> {
        let hundredfold = 100 * PER_PERCENT;
        // Less than 10^6 times at most 10^12.
        let rest = (number % hundredfold) * self.0;
        let whole = (number / hundredfold).checked_mul(self.0)?.checked_add(rest / hundredfold)?;
        let over = rest % hundredfold;
        let twice = 2 * over.abs();
        let up = match rounding {
            Rounding::Down => false,
            Rounding::HalfEven => twice > hundredfold || (twice == hundredfold && whole % 2 != 0),
            Rounding::HalfUp => twice >= hundredfold,
            Rounding::Up => over != 0,
        };
        if up { whole.checked_add(over.signum()) } else { Some(whole) }
    }
}

impl FromStr for Percent {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let parts = decimal(text, PERCENT_DIGITS)?;
        if parts.unsigned_abs() > MOST { Err(MoneyError::TooLarge) } else { Ok(Percent(parts)) }
    }
}

/// Writes no more digits than needed: `18.5%`.
impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.abs() / PER_PERCENT, self.0.abs() % PER_PERCENT);
        let sign = if self.0 < 0 { "-" } else { "" };
        let part = format!(".{part:04}");
        write!(formatter, "{sign}{whole}{}%", part.trim_end_matches('0').trim_end_matches('.'))
    }
}

const PERCENT_DIGITS: u8 = 4;
/// Ten to the power of [`PERCENT_DIGITS`].
const PER_PERCENT: i64 = 10_000;
/// 100 million percent. [`Percent::of`] counts on it.
const MOST: u64 = 1_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roundings_differ_at_halves_and_signs() {
        // 10 % of 115 is 11.5, and of 125 is 12.5.
        let ten = Percent::whole(10);
        for (number, down, half_even, half_up, up) in [
            (115, 11, 12, 12, 12),
            (125, 12, 12, 13, 13),
            (-115, -11, -12, -12, -12),
            (-125, -12, -12, -13, -13),
            (111, 11, 11, 11, 12),
            (119, 11, 12, 12, 12),
            (110, 11, 11, 11, 11),
            (0, 0, 0, 0, 0),
        ] {
            let rounded = |rounding| ten.of(number, rounding).unwrap();
            let all = [Rounding::Down, Rounding::HalfEven, Rounding::HalfUp, Rounding::Up];
            assert_eq!(all.map(rounded), [down, half_even, half_up, up], "{number}");
        }
    }

    #[test]
    fn shares_are_those_of_wider_integers() {
        let shares = ["0", "0.0001", "9.975", "18.5", "33.3333", "100", "150", "-10", "100000000"];
        for number in [0, 1, -1, 49, 50, 999_999, 1_000_001, 123_456_789_012, i64::MAX, i64::MIN] {
            for share in shares {
                let share: Percent = share.parse().unwrap();
                let exact = i128::from(number) * i128::from(share.0);
                let cut = i64::try_from(exact / 1_000_000).ok();
                assert_eq!(share.of(number, Rounding::Down), cut, "{share} of {number}");
            }
        }
    }

    #[test]
    fn percentages_are_read_and_written() {
        for (text, written) in
            [("23", "23%"), ("18.50", "18.5%"), ("9.975", "9.975%"), ("-0.5", "-0.5%"), ("0", "0%")]
        {
            assert_eq!(text.parse::<Percent>().unwrap().to_string(), written);
        }
        assert_eq!(Percent::basis_points(1850), "18.5".parse().unwrap());
        assert_eq!(Percent::whole(-10), "-10".parse().unwrap());
        assert_eq!("1.23456".parse::<Percent>(), Err(MoneyError::TooPrecise));
        assert_eq!("100000001".parse::<Percent>(), Err(MoneyError::TooLarge));
        assert_eq!("10%".parse::<Percent>(), Err(MoneyError::NoAmount));
    }
}
