//! `zone!`: reads a time zone's clock changes from the database and writes them down as constants.

use flowhost_flow_json::meant;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use proc_macro2::TokenStream;
use quote::quote;

use crate::argument::{self, error_expression};

/// The expansion for one time zone, or an error at the place of its name.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (span, name) = match argument::text(input, "zone!", "name") {
        Ok(found) => found,
        Err((span, mistake)) => return error_expression(span, &format!("{mistake}: {USAGE}")),
    };
    let database = TimeZoneDatabase::bundled();
    match database.get(&name) {
        Ok(zone) => Changes::of(&zone).code(&name),
        Err(_) => error_expression(span, &unknown(&name, &database)),
    }
}

/// What the clocks of a zone do from 1970 to the end of 2099. A component that has the changes
/// needs no rules, nor the code to apply them.
#[derive(Debug, PartialEq)]
struct Changes {
    /// Minutes ahead of UTC, before the first change.
    first: i16,
    /// When clocks change, in seconds since 1970: 32 bits reach to 2106.
    moments: Vec<u32>,
    /// Minutes ahead of UTC from each change on.
    offsets: Vec<i16>,
}

impl Changes {
    fn of(zone: &TimeZone) -> Self {
        let first = minutes(zone.to_offset(Timestamp::UNIX_EPOCH));
        let mut changes = Changes { first, moments: Vec::new(), offsets: Vec::new() };
        let mut now = first;
        for change in zone.following(Timestamp::UNIX_EPOCH) {
            let Some(moment) = u32::try_from(change.timestamp().as_second())
                .ok()
                .filter(|moment| *moment < YEAR_2100)
            else {
                break;
            };
            let offset = minutes(change.offset());
            // Some changes are only one of the zone's abbreviation.
            if offset != now {
                changes.moments.push(moment);
                changes.offsets.push(offset);
                now = offset;
            }
        }
        changes
    }

    fn code(&self, name: &str) -> TokenStream {
        let Changes { first, moments, offsets } = self;
        quote! {
            const { ::flowhost_sdk::time::Zone::of_changes(#name, #first, &[#(#moments),*], &[#(#offsets),*]) }
        }
    }
}

/// Since 1973 all clocks are whole minutes ahead; Monrovia's were 44:30 behind before.
fn minutes(offset: Offset) -> i16 {
    i16::try_from(offset.seconds().div_euclid(60)).unwrap_or_default()
}

/// Names the zones of the same city, as `Europe/Lisbon` for `America/Lisbon`, or else the zone whose
/// name is nearly the same, or that of the city whose name is.
fn unknown(name: &str, database: &TimeZoneDatabase) -> String {
    let known: Vec<String> = database.available().map(|known| known.to_string()).collect();
    let alike: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|known| city(known).eq_ignore_ascii_case(&city(name).replace(' ', "_")))
        .collect();
    let whole = || meant(name, known.iter().map(String::as_str));
    let by_city = || {
        let near = meant(city(name), known.iter().map(|known| city(known)))?;
        known.iter().map(String::as_str).find(|known| city(known) == near)
    };
    if !alike.is_empty() {
        format!("there is no time zone \"{name}\", but {}", alike.join(", "))
    } else if let Some(near) = whole().or_else(by_city) {
        format!("there is no time zone \"{name}\", but {near}")
    } else {
        format!("there is no time zone \"{name}\": {USAGE}")
    }
}

fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// 2100-01-01 00:00 UTC.
const YEAR_2100: u32 = 4_102_444_800;

/// The usage hint that ends most errors.
const USAGE: &str =
    "write a name of the time zone database: `flowhost_sdk::time::zone!(\"Europe/Lisbon\")`";

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(name: &str) -> Changes {
        Changes::of(&TimeZoneDatabase::bundled().get(name).unwrap())
    }

    fn expansion(input: &str) -> String {
        expand(input.parse().expect("the input is Rust")).to_string()
    }

    #[test]
    fn a_zone_without_changes_is_its_offset() {
        let expected = Changes { first: 0, moments: vec![], offsets: vec![] };
        assert_eq!(changes("UTC"), expected);
        assert_eq!(changes("Asia/Kolkata"), Changes { first: 330, ..expected });
    }

    #[test]
    fn summer_time_is_written_down_until_2099_and_no_further() {
        let lisbon = changes("Europe/Lisbon");

        // 2099-03-29 01:00 UTC and 2099-10-25 01:00 UTC, the last Sundays of their months.
        assert!(lisbon.moments.ends_with(&[4_078_429_200, 4_096_573_200]), "{lisbon:?}");
        assert!(lisbon.offsets.ends_with(&[60, 0]));
        assert_eq!(lisbon.moments.len(), lisbon.offsets.len());
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_one_that_is() {
        for (input, near) in [
            ("America/Lisbon", "but Europe/Lisbon"),
            ("Sao Paulo", "but America/Sao_Paulo"),
            ("Europe/Lissabon", "but Europe/Lisbon"),
            ("Lissabon", "but Europe/Lisbon"),
            ("Amerika/Sao_Paolo", "but America/Sao_Paulo"),
        ] {
            let expansion = expansion(&format!("{input:?}"));
            assert!(
                expansion.contains(near) && expansion.contains("there is no time zone"),
                "{input}: {expansion}"
            );
            // It stands where an expression does.
            assert!(!expansion.contains(';'), "{expansion}");
        }
        for (input, mistake) in [
            ("", "got no name"),
            ("\"Narnia\"", "there is no time zone"),
            ("LISBON", "something else than a text"),
            ("\"UTC\", 1", "more than one argument"),
        ] {
            let expansion = expansion(input);
            assert!(
                expansion.contains(mistake) && expansion.contains("Europe/Lisbon"),
                "{input}: {expansion}"
            );
        }
    }
}
