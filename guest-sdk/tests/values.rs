//! Forms as phones send them: picked values, empty fields in each of their spellings, and numbers
//! in both of theirs.

use flowhost_sdk::testing::{Conversation, Failure};
use flowhost_sdk::time::{Date, PartialDateRange};
use flowhost_sdk::{Error, Exchange, FlowPlugin, Number, Reply, Session, json};
use serde_json::Value;

flowhost_sdk::screens!("tests/flows/values.json");

use screens::{Form, stay};

/// Answers with the days that it read, and with the other fields.
struct Hotel;

impl FlowPlugin for Hotel {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let days = stay::KnownDays { start_date: Some("2026-11-23".into()), end_date: None };
        let must = stay::Must { start_date: Some(true), ..stay::Must::default() };
        Ok(Reply::show(screens::Stay { guests: 2.into(), must, known: stay::Known { days } }))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let Form::Stay(form) = exchange.form()?;
        let texts = json!([form.guests, form.rooms, form.wishes, form.city, form.bed]);
        let lists =
            json!([form.extras, form.tags, form.photos.len(), form.papers.len(), form.news]);
        let days: [PartialDateRange; 2] = [form.days, form.other_days];
        let single: [Option<Date>; 3] = [form.arrival, form.day, form.birthday];
        let usual: Number = form.usual_guests;
        Ok(Reply::complete(
            json!({ "texts": texts, "lists": lists, "days": days, "single": single, "usual": usual }),
        ))
    }
}

fn read(form: Value) -> Result<Value, Failure> {
    Ok(Conversation::<Hotel>::start().submit("STAY", form)?.params().cloned().unwrap_or_default())
}

/// A form with this field and the required ones; the others are left out.
fn with(name: &str, value: Value) -> Value {
    json!({ "rooms": "1", "usual_guests": 2, name: value })
}

#[test]
fn each_day_of_a_range_may_be_left_out() {
    let (start, end) = ("2026-11-23", "2026-11-25");
    for (days, expected) in [
        (
            json!({"start-date": start, "end-date": end}),
            json!({"start-date": start, "end-date": end}),
        ),
        (json!({"start-date": start, "end-date": ""}), json!({"start-date": start})),
        (json!({"start-date": start}), json!({"start-date": start})),
        (json!({"start-date": "", "end-date": end}), json!({"end-date": end})),
        (json!({"start-date": "", "end-date": ""}), json!({})),
        (json!({"start-date": null, "end-date": null}), json!({})),
        (json!({}), json!({})),
        (json!(null), json!({})),
        (json!(""), json!({})),
    ] {
        for (at, name) in ["days", "other_days"].into_iter().enumerate() {
            assert_eq!(
                read(with(name, days.clone())).unwrap()["days"][at],
                expected,
                "{name}: {days}"
            );
        }
    }
}

#[test]
fn whatever_is_left_empty_is_read_in_every_spelling() {
    let nothing = read(with("rooms", json!("1"))).unwrap();

    assert_eq!(nothing["texts"], json!([null, "1", null, null, null]));
    assert_eq!(
        (&nothing["lists"], &nothing["single"]),
        (&json!([[], [], 0, 0, false]), &json!([null, null, null]))
    );
    for name in [
        "arrival", "day", "birthday", "guests", "wishes", "city", "bed", "extras", "tags", "news",
        "photos", "papers",
    ] {
        for empty in [json!(""), json!(null)] {
            assert_eq!(read(with(name, empty.clone())).unwrap(), nothing, "{name}: {empty}");
        }
    }
    for name in ["extras", "tags", "photos", "papers"] {
        assert_eq!(read(with(name, json!([]))).unwrap(), nothing, "{name}");
    }
    assert_eq!(read(with("news", json!(false))).unwrap(), nothing);
}

/// A phone sends an `init-value` unchanged, and typed numbers as text.
#[test]
fn a_number_comes_as_a_number_or_as_a_text() {
    for five in [json!(5), json!("5"), json!(5.0)] {
        let form = json!({ "guests": five, "rooms": five, "usual_guests": five });
        let read = read(form).unwrap();
        assert_eq!(
            (&read["texts"][0], &read["texts"][1], &read["usual"]),
            (&json!("5"), &json!("5"), &json!(5)),
            "{five}"
        );
    }
}

#[test]
fn a_screen_may_know_one_day_of_a_range() {
    let shown = Conversation::<Hotel>::start().init().unwrap();

    let expected = json!({"guests": 2, "must": {"start-date": true}, "known": {"days": {"start-date": "2026-11-23"}}});
    assert_eq!(shown.data(), &expected);
}
