//! Currencies and how many digits their minor units have.

use std::fmt;

/// A currency: its code of three letters, and the number of digits of its minor unit, as ISO 4217
/// has them. Real, euro and rupee have 2, the yen 0, the Kuwaiti dinar 3.
///
/// ```
/// use flowhost_sdk::money::Currency;
///
/// assert_eq!(Currency::iso("KWD"), Some(Currency::new("KWD", 3)));
/// assert_eq!(Currency::iso("XYZ"), None);
/// const POINTS: Currency = Currency::new("PTS", 0); // what you count yourself
/// assert_eq!((POINTS.code(), POINTS.digits()), ("PTS", 0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    digits: u8,
}

impl Currency {
    /// Argentine peso.
    pub const ARS: Currency = Currency::new("ARS", 2);
    /// Brazilian real.
    pub const BRL: Currency = Currency::new("BRL", 2);
    /// Chilean peso, which has no minor unit.
    pub const CLP: Currency = Currency::new("CLP", 0);
    /// Colombian peso. ISO 4217 gives it 2 digits, which prices leave out.
    pub const COP: Currency = Currency::new("COP", 2);
    /// Euro.
    pub const EUR: Currency = Currency::new("EUR", 2);
    /// Pound sterling.
    pub const GBP: Currency = Currency::new("GBP", 2);
    /// Indonesian rupiah. ISO 4217 gives it 2 digits, which prices leave out.
    pub const IDR: Currency = Currency::new("IDR", 2);
    /// Indian rupee.
    pub const INR: Currency = Currency::new("INR", 2);
    /// Mexican peso.
    pub const MXN: Currency = Currency::new("MXN", 2);
    /// Peruvian sol.
    pub const PEN: Currency = Currency::new("PEN", 2);
    /// US dollar.
    pub const USD: Currency = Currency::new("USD", 2);

    /// A currency that this type has no constant for, or one of your own. See
    /// [`Currency::iso`] for a code that is known only when the plugin runs.
    ///
    /// # Panics
    ///
    /// If the code is not three capital letters, or `digits` is more than 4, which no currency has.
    /// In a constant that is an error of compilation.
    pub const fn new(code: &str, digits: u8) -> Self {
        match Currency::checked(code, digits) {
            Some(currency) => currency,
            None => panic!("a currency has a code of three capital letters and at most 4 digits"),
        }
    }

    /// The currency with this code in ISO 4217 (the list of 2025); `None` if it has none.
    pub fn iso(code: &str) -> Option<Self> {
        let listed = |codes: &str| codes.split(' ').any(|listed| listed == code);
        let digits = DIGITS.iter().find(|(_, codes)| listed(codes))?.0;
        Currency::checked(code, digits)
    }

    pub(super) const fn checked(code: &str, digits: u8) -> Option<Self> {
        let &[first, second, third] = code.as_bytes() else { return None };
        let is_code =
            first.is_ascii_uppercase() && second.is_ascii_uppercase() && third.is_ascii_uppercase();
        if is_code && digits <= MOST_DIGITS {
            Some(Currency { code: [first, second, third], digits })
        } else {
            None
        }
    }

    /// The code of three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// The number of digits behind the point: 2 where 100 minor units are a whole one.
    pub const fn digits(self) -> u8 {
        self.digits
    }
}

/// Writes the code.
impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Currency({}, {})", self.code(), self.digits)
    }
}

const MOST_DIGITS: u8 = 4;

/// The codes of ISO 4217 by the digits of their minor units, without metals and units of account.
const DIGITS: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP \
         COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES \
         KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD \
         PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD \
         TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The last one counts accounts between states.
    const WITHDRAWN: [&str; 5] = ["CUC", "HRK", "SLL", "ZWL", "XAD"];

    /// They also list metals, which have no digits, and money that is no more.
    #[test]
    fn digits_are_those_that_another_table_has() {
        let letters = || (b'A'..=b'Z').map(char::from);
        for (first, second, third) in letters().flat_map(|first| {
            letters().flat_map(move |second| letters().map(move |third| (first, second, third)))
        }) {
            let code = String::from_iter([first, second, third]);
            let theirs = iso_currency::Currency::from_code(&code);
            let digits = theirs.and_then(|theirs| theirs.exponent());
            let digits = digits.filter(|_| !WITHDRAWN.contains(&code.as_str()));
            let ours = Currency::iso(&code).map(|ours| u16::from(ours.digits()));
            assert_eq!(ours, digits, "{code}");
        }
    }

    #[test]
    fn constants_are_those_of_the_list() {
        for currency in [
            Currency::ARS,
            Currency::BRL,
            Currency::CLP,
            Currency::COP,
            Currency::EUR,
            Currency::GBP,
            Currency::IDR,
            Currency::INR,
            Currency::MXN,
            Currency::PEN,
            Currency::USD,
        ] {
            assert_eq!(Currency::iso(currency.code()), Some(currency));
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for code in ["", "BR", "brl", "BRL ", "B RL", "BRLX", "R$ ", "ÄB"] {
            assert_eq!((Currency::iso(code), Currency::checked(code, 2)), (None, None), "{code}");
        }
        assert_eq!(Currency::checked("BRL", 5), None);
    }
}
