//! Money as a language writes it, and as its people type it.

use super::{Language, SymbolPlace};
use crate::money::{Currency, Money, MoneyError};

impl Language {
    /// The amount with all digits of its currency, and its symbol: `R$ 1.234,50`. The space does
    /// not break a line.
    pub fn money(&self, money: Money) -> String {
        self.with_symbol(&money.amount(), money.currency())
    }

    /// Like [`Language::money`], but a whole amount is written without a fraction: `Rp 12.000`.
    pub fn short_money(&self, money: Money) -> String {
        let amount = money.amount();
        let whole =
            amount.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|b| b == b'0'));
        self.with_symbol(whole.map_or(amount.as_str(), |(whole, _)| whole), money.currency())
    }

    /// Reads an amount that somebody typed: `1.234,50`, `1234,5`, `R$ 1.234`, `-12`, with or
    /// without the currency's symbol or code. Separators are the language's, or spaces between
    /// groups, and groups must be where they belong: `12.50` is refused in Portuguese, where it might
    /// be twelve and a half or a mistake.
    ///
    /// ```
    /// use flowhost_sdk::language::PORTUGUESE;
    /// use flowhost_sdk::money::{Currency, MoneyError};
    ///
    /// let price = PORTUGUESE.parse_money("R$ 1.234,5", Currency::BRL)?;
    /// assert_eq!(price.to_string(), "1234.50 BRL");
    /// assert_eq!(PORTUGUESE.parse_money("12.50", Currency::BRL), Err(MoneyError::NoAmount));
    /// # Ok::<(), MoneyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Money::parse`]. It is the user's mistake: answer with a text that shows how to write
    /// an amount.
    pub fn parse_money(&self, text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let text: String = text.trim().chars().map(plain).collect();
        let (sign, text) = text.strip_prefix('-').map_or(("", &*text), |rest| ("-", rest.trim()));
        let text = [self.symbol(&currency), currency.code()]
            .into_iter()
            .find_map(|symbol| without(text, symbol))
            .unwrap_or(text)
            .trim()
            .replace(char::is_whitespace, self.group.encode_utf8(&mut [0; 4]));
        let (whole, fraction) = match text.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, format!(".{fraction}")),
            None => (&*text, String::new()),
        };
        let digits: String = whole.chars().filter(|char| *char != self.group).collect();
        // Groups are all there, or none is.
        if digits != whole && self.grouped(&digits, self.grouping.always()) != whole {
            return Err(MoneyError::NoAmount);
        }
        Money::parse(&format!("{sign}{digits}{fraction}"), currency)
    }

    fn with_symbol(&self, amount: &str, currency: Currency) -> String {
        let symbol = self.symbol(&currency);
        let (sign, amount) = amount.strip_prefix('-').map_or(("", amount), |rest| ("-", rest));
        let amount = self.grouped(amount, self.grouping);
        match self.place {
            SymbolPlace::After => format!("{sign}{amount}\u{a0}{symbol}"),
            SymbolPlace::Before if !symbol.ends_with(char::is_alphabetic) => {
                format!("{sign}{symbol}{amount}")
            }
            SymbolPlace::Before | SymbolPlace::BeforeWithSpace => {
                format!("{sign}{symbol}\u{a0}{amount}")
            }
        }
    }

    fn symbol<'a>(&self, currency: &'a Currency) -> &'a str {
        let listed = self.symbols.iter().find(|(code, _)| *code == currency.code());
        listed.map_or(currency.code(), |(_, symbol)| symbol)
    }
}

/// Digits of Hindi and the minus of typesetters as programs write them.
fn plain(char: char) -> char {
    match char {
        '०'..='९' => char::from_digit(u32::from(char) - u32::from('०'), 10).unwrap_or(char),
        '−' => '-',
        other => other,
    }
}

/// The text without the symbol at its beginning or its end; `None` if it is at neither.
fn without<'a>(text: &'a str, symbol: &str) -> Option<&'a str> {
    let is_symbol = |part: &str| part.eq_ignore_ascii_case(symbol);
    let begins = text.split_at_checked(symbol.len()).filter(|(begin, _)| is_symbol(begin));
    let ends = || {
        let before = text.len().checked_sub(symbol.len())?;
        text.split_at_checked(before).filter(|(_, end)| is_symbol(end))
    };
    begins.map(|(_, rest)| rest).or_else(|| ends().map(|(rest, _)| rest))
}

#[cfg(test)]
mod tests {
    use super::super::{ENGLISH, HINDI, INDONESIAN, PORTUGUESE, SPANISH};
    use super::*;

    fn read(language: &Language, text: &str, currency: Currency) -> Option<i64> {
        language.parse_money(text, currency).ok().map(Money::minor)
    }

    #[test]
    fn a_whole_amount_needs_no_fraction() {
        let rupiah = |minor| INDONESIAN.short_money(Money::new(minor, Currency::IDR));

        assert_eq!(rupiah(1_200_000), "Rp\u{a0}12.000");
        assert_eq!(rupiah(1_200_050), "Rp\u{a0}12.000,50");
        assert_eq!(rupiah(0), "Rp\u{a0}0");
        let yen = Money::new(1200, Currency::new("JPY", 0));
        assert_eq!(ENGLISH.short_money(yen), "¥1,200");
    }

    #[test]
    fn amounts_are_read_as_people_type_them() {
        let brl = Currency::BRL;
        for text in [
            "1234,50",
            "1.234,50",
            "1234,5",
            " 1 234,50 ",
            "R$ 1.234,50",
            "r$1234,50",
            "1234,50 BRL",
        ] {
            assert_eq!(read(&PORTUGUESE, text, brl), Some(123_450), "{text}");
        }
        assert_eq!(read(&PORTUGUESE, "-R$ 5", brl), Some(-500));
        assert_eq!(read(&HINDI, "₹12,34,567.50", Currency::INR), Some(123_456_750));
        assert_eq!(read(&HINDI, "१२३", Currency::INR), Some(12_300));
        assert_eq!(read(&SPANISH, "1234,50 €", Currency::EUR), Some(123_450));
        assert_eq!(read(&SPANISH, "1.234,50", Currency::EUR), Some(123_450));
        assert_eq!(read(&INDONESIAN, "Rp 12.000", Currency::IDR), Some(1_200_000));
    }

    #[test]
    fn what_could_mean_two_amounts_is_refused() {
        let brl = Currency::BRL;
        for text in [
            "",
            "R$",
            "12.50",
            "1.23",
            "12.34.567",
            "1.2345",
            ".5",
            "1,2,3",
            "1,234.50",
            "doze",
            "R$R$1",
            "--1",
            "1.234567",
        ] {
            assert_eq!(PORTUGUESE.parse_money(text, brl), Err(MoneyError::NoAmount), "{text}");
        }
        assert_eq!(PORTUGUESE.parse_money("1,234", brl), Err(MoneyError::TooPrecise));
        assert_eq!(read(&ENGLISH, "12,34,567", Currency::INR), None);
        assert_eq!(read(&HINDI, "1,234,567", Currency::INR), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for language in [&ENGLISH, &HINDI, &INDONESIAN, &PORTUGUESE, &SPANISH] {
            for minor in
                [0, 5, -5, 100, 99_999, 123_456, 1_234_567, -123_456_789, i64::MAX, i64::MIN]
            {
                for currency in [Currency::BRL, Currency::EUR, Currency::CLP, Currency::IDR] {
                    let money = Money::new(minor, currency);
                    for text in [language.money(money), language.short_money(money)] {
                        assert_eq!(language.parse_money(&text, currency), Ok(money), "{text}");
                    }
                }
            }
        }
    }
}
