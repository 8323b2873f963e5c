//! The known languages, judged by what ICU writes from the Unicode CLDR 48 (`languages/cldr.json`,
//! made with `Intl` of Node.js; its narrow spaces in times are plain ones there).

use flowhost_sdk::language::{
    ENGLISH, ENGLISH_INDIA, ENGLISH_UK, HINDI, INDONESIAN, Language, PORTUGUESE, SPANISH,
    SPANISH_MEXICO,
};
use flowhost_sdk::money::Money;
use flowhost_sdk::time::Date;
use serde_json::Value;

const KNOWN: [Language; 8] =
    [ENGLISH, ENGLISH_INDIA, ENGLISH_UK, HINDI, INDONESIAN, PORTUGUESE, SPANISH, SPANISH_MEXICO];

/// Compares what `ours` writes of each key of this part with what is there.
fn compare(part: &str, ours: impl Fn(&Language, &str) -> String) {
    let judge: Value = serde_json::from_str(include_str!("languages/cldr.json")).expect("JSON");
    let languages = judge["languages"].as_object().expect("languages");
    assert_eq!(languages.len(), KNOWN.len());
    for language in &KNOWN {
        let theirs = languages[language.code][part].as_object().expect("texts");
        assert!(!theirs.is_empty());
        for (key, text) in theirs {
            assert_eq!(ours(language, key), text.as_str().expect("a text"), "{}", language.code);
        }
    }
}

fn date(text: &str) -> Date {
    text.parse().expect("a day")
}

#[test]
fn dates_are_written_as_in_cldr() {
    compare("long_date", |language, day| language.long_date(date(day)));
    compare("date", |language, day| language.date(date(day)));
    compare("short_date", |language, day| language.short_date(date(day)));
    compare("day", |language, day| language.day(date(day)));
}

#[test]
fn times_are_written_as_in_cldr() {
    compare("time", |language, time| {
        let (hour, minute) = time.split_once(':').expect("a time");
        language.time((hour.parse().expect("an hour"), minute.parse().expect("a minute")))
    });
}

#[test]
fn numbers_are_written_as_in_cldr() {
    compare("number", |language, number| language.number(number.parse::<f64>().expect("a number")));
}

#[test]
fn money_is_written_as_in_cldr() {
    compare("money", |language, money| language.money(money.parse::<Money>().expect("an amount")));
}
