//! What a repair costs with the chosen options, in whole cents.

use flowhost_sdk::money::{Money, MoneyError, Percent, Rounding};
use flowhost_sdk::{Error, config};
use serde::{Deserialize, Serialize};

use crate::words::Words;

/// How much more a repair within two days costs.
const EXPRESS: Percent = Percent::whole(50);
/// How much more a repair with the better parts costs.
const PREMIUM: Percent = Percent::basis_points(1_250);

/// The tax on all prices: the setting `vat-percent`, else that of Portugal.
pub fn vat() -> Result<Percent, Error> {
    match config::get("vat-percent") {
        Some(percent) => Ok(percent.parse()?),
        None => Ok(Percent::whole(23)),
    }
}

/// The choice on screen PRICE.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Options {
    pub express: bool,
    pub premium: bool,
}

impl Options {
    /// From the ids that the lists have. While the user is still choosing, one may be missing.
    pub fn of(speed: Option<&str>, parts: Option<&str>) -> Self {
        Options { express: speed == Some("express"), premium: parts == Some("premium") }
    }

    pub fn speed(self) -> &'static str {
        if self.express { "express" } else { "normal" }
    }

    pub fn parts(self) -> &'static str {
        if self.premium { "premium" } else { "standard" }
    }
}

/// A price and what it consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub repair: Money,
    pub express: Option<Money>,
    pub premium: Option<Money>,
    pub vat: Money,
    pub total: Money,
}

impl Price {
    pub fn of(repair: Money, options: Options, vat: Percent) -> Result<Price, MoneyError> {
        let surcharge = |applies: bool, share| match applies {
            true => repair.percent(share, Rounding::HalfUp).map(Some),
            false => Ok(None),
        };
        let express = surcharge(options.express, EXPRESS)?;
        let premium = surcharge(options.premium, PREMIUM)?;
        let net = [Some(repair), express, premium].into_iter().flatten();
        let net = Money::sum(repair.currency(), net)?;
        let vat = net.percent(vat, Rounding::HalfUp)?;
        Ok(Price { repair, express, premium, vat, total: net.plus(vat)? })
    }

    /// Each part on a line of its own.
    pub fn lines(&self, title: &str, words: &Words) -> String {
        let parts = [
            (title, Some(self.repair)),
            (words.express, self.express),
            (words.premium, self.premium),
            (words.vat, Some(self.vat)),
            (words.total, Some(self.total)),
        ];
        let lines = parts.into_iter().filter_map(|(name, amount)| {
            Some(format!("{name}: {}", words.language.money(amount?)))
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use flowhost_sdk::money::Currency;

    use super::*;

    fn total(cents: i64, options: Options) -> String {
        let price = Price::of(Money::new(cents, Currency::EUR), options, Percent::whole(23));
        price.unwrap().total.to_string()
    }

    #[test]
    fn options_cost_a_share_of_the_repair() {
        let options = |speed, parts| Options::of(Some(speed), Some(parts));
        assert_eq!(total(2_500, options("normal", "standard")), "30.75 EUR");
        assert_eq!(total(2_500, options("express", "standard")), "46.13 EUR");
        assert_eq!(total(2_500, options("normal", "premium")), "34.60 EUR");
        assert_eq!(total(2_500, options("express", "premium")), "49.97 EUR");
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        assert_eq!(total(1, Options { express: true, premium: false }), "0.02 EUR");
    }

    #[test]
    fn a_price_beyond_all_bounds_is_an_error() {
        let most = Money::new(i64::MAX, Currency::EUR);
        let price = Price::of(most, Options::default(), Percent::whole(23));
        assert_eq!(price, Err(MoneyError::TooLarge));
    }
}
