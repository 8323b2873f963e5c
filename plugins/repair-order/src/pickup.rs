//! Where and when the bicycle is picked up: the check of an address, and times on Lisbon's clocks.

use flowhost_sdk::time::{Timestamp, Zone, zone};
use serde::{Deserialize, Serialize};

use crate::screens::pickup::{Errors, Form};
use crate::words::Words;

/// Where the workshop is. It sets its clocks forward in March and back in October.
const LISBON: Zone = zone!("Europe/Lisbon");
/// When the courier sets out, on the clocks there.
const HOURS: [u8; 4] = [9, 11, 14, 17];
const DAYS_AHEAD: usize = 5;

/// Where the bicycle is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Address {
    pub name: String,
    pub street: String,
    pub postcode: String,
}

impl Address {
    /// As it was typed, without white space at the ends.
    pub fn of(form: &Form) -> Address {
        let trim = |text: &str| text.trim().to_owned();
        Address {
            name: trim(&form.name),
            street: trim(&form.street),
            postcode: postcode(&form.postcode).unwrap_or_else(|| trim(&form.postcode)),
        }
    }

    /// What is wrong, at the fields where it is.
    pub fn errors(&self, words: &Words) -> Errors {
        let mut errors = Errors::default();
        if self.name.is_empty() {
            errors.name = Some(words.bad_name.into());
        }
        if self.street.chars().count() < 5 || !self.street.contains(|c: char| c.is_ascii_digit()) {
            errors.street = Some(words.bad_street.into());
        }
        match postcode(&self.postcode) {
            None => errors.postcode = Some(words.bad_postcode.into()),
            // Postcodes of Lisbon begin with 1.
            Some(postcode) if !postcode.starts_with('1') => {
                errors.postcode = Some(words.far_postcode.into());
            }
            Some(_) => {}
        }
        errors
    }
}

/// `1100-048`, of seven digits with or without the hyphen.
fn postcode(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if digits.len() != 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (area, street) = digits.split_at(4);
    Some(format!("{area}-{street}"))
}

/// When a bicycle can be picked up: on the next five weekdays.
pub fn slots() -> Vec<Timestamp> {
    let days = LISBON.today().following().filter(|day| !day.is_weekend()).take(DAYS_AHEAD);
    days.flat_map(|day| HOURS.map(|hour| LISBON.moment(day, hour, 0).usual())).collect()
}

/// The slot with this id, if it can still be had.
pub fn slot(id: &str) -> Option<Timestamp> {
    slots().into_iter().find(|slot| slot_id(*slot) == id)
}

/// How lists and forms name a slot: `2026-11-23T09:00:00Z`.
pub fn slot_id(slot: Timestamp) -> String {
    slot.to_string()
}

/// Text for people, as the clocks in Lisbon show it: `Mon, Nov 23, 9:00 AM`.
pub fn slot_title(slot: Timestamp, words: &Words) -> String {
    let (day, time) = (LISBON.date(slot), LISBON.hour_and_minute(slot));
    format!("{}, {}", words.language.day(day), words.language.time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postcodes() {
        for good in ["1100-048", "1100048", " 1100 048 "] {
            assert_eq!(postcode(good).as_deref(), Some("1100-048"), "{good}");
        }
        for bad in ["", "1100", "1100-0488", "1100-04x", "１１００-048"] {
            assert_eq!(postcode(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_wrong_field_has_its_own_text() {
        let words = Words::choose(["en"]);
        let address = |name: &str, street: &str, postcode: &str| Address {
            name: name.into(),
            street: street.into(),
            postcode: postcode.into(),
        };
        assert_eq!(address("Ana", "Rua Augusta 1", "1100-048").errors(words), Errors::default());
        let errors = address("", "Rua Augusta", "4000-123").errors(words);
        assert_eq!(errors.name.as_deref(), Some(words.bad_name));
        assert_eq!(errors.street.as_deref(), Some(words.bad_street));
        assert_eq!(errors.postcode.as_deref(), Some(words.far_postcode));
    }
}
