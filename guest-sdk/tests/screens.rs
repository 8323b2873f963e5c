//! Typed screens: a plugin on the guide's `flow.json`.

use flowhost_sdk::testing::{Conversation, Failure};
use flowhost_sdk::time::Date;
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json};
use serde::{Deserialize, Serialize};

flowhost_sdk::screens!("flow.json");

use screens::{Confirm, Form, Item, Table};

struct Booking;

#[derive(Default, Deserialize, Serialize)]
struct State {
    table: Option<screens::table::Form>,
}

impl FlowPlugin for Booking {
    type State = State;

    fn init(_: &Exchange, _: &mut Session<State>) -> Result<Reply, Error> {
        Ok(Reply::show(table()))
    }

    fn submit(exchange: &Exchange, session: &mut Session<State>) -> Result<Reply, Error> {
        match exchange.form::<Form>()? {
            Form::Table(form) if form.guests == "80" => {
                Ok(Reply::show(table()).error("That is too many."))
            }
            Form::Table(form) => {
                let summary = format!("{} on {}", form.guests, form.day.title());
                session.state.table = Some(form);
                Ok(Reply::show(Confirm { summary, price: 20.into() }))
            }
            Form::Confirm(form) if form.terms => {
                Ok(Reply::complete(json!({ "table": session.state.table })))
            }
            Form::Confirm(_) => Err(Error::bad_request("Please agree to the terms.")),
        }
    }
}

fn table() -> Table {
    Table {
        sizes: vec![Item::new("2", "Two"), Item::new("4", "Four")],
        earliest: "2026-11-23".into(),
    }
}

#[test]
fn screens_and_forms_are_what_the_flow_json_says() {
    let mut chat = Conversation::<Booking>::start();

    let first = chat.init().unwrap();
    assert_eq!(first.screen(), Some("TABLE"));
    let sizes = json!([{"id": "2", "title": "Two"}, {"id": "4", "title": "Four"}]);
    assert_eq!(first.data(), &json!({"sizes": sizes, "earliest": "2026-11-23"}));

    let refused =
        chat.submit("TABLE", json!({"guests": "80", "day": "2026-11-23", "wishes": ""})).unwrap();
    assert_eq!((refused.error(), &refused.data()["sizes"]), (Some("That is too many."), &sizes));

    let next =
        chat.submit("TABLE", json!({"guests": "2", "day": "2026-11-23", "wishes": ""})).unwrap();
    assert_eq!(next.data(), &json!({"summary": "2 on Mon Nov 23 2026", "price": 20}));
    assert_eq!(
        chat.submit("CONFIRM", json!({"terms": false})).unwrap().error(),
        Some("Please agree to the terms.")
    );

    let done = chat.submit("CONFIRM", json!({"terms": true})).unwrap();
    assert_eq!(
        done.params().unwrap()["table"],
        json!({"guests": "2", "day": "2026-11-23", "wishes": null})
    );
}

#[test]
fn a_form_that_does_not_fit_is_the_authors_fault_and_names_the_field() {
    for (screen, form, words) in [
        (
            "TABLE",
            json!({"guests": "2"}),
            "field \"day\": expected a day such as 2026-11-23, but it is missing",
        ),
        (
            "TABLE",
            json!({"guests": [2], "day": "2026-11-23"}),
            "field \"guests\": expected a text, but it is an array",
        ),
        (
            "CONFIRM",
            json!({"terms": "yes"}),
            "field \"terms\": expected a boolean, but it is a text",
        ),
        (
            "TERMS",
            json!({}),
            "no form on this screen that is sent here; the screens with one: TABLE, CONFIRM",
        ),
    ] {
        let Err(Failure::Internal(message)) = Conversation::<Booking>::start().submit(screen, form)
        else {
            panic!("{screen} fits")
        };
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_form_reads_from_a_stored_state_as_from_an_exchange() {
    let stored = json!({"guests": 2, "day": "2026-11-23", "wishes": ""});
    let form: screens::table::Form = serde_json::from_value(stored).unwrap();

    assert_eq!(
        (form.guests.as_str(), form.day, form.wishes),
        ("2", Date::new(2026, 11, 23).unwrap(), None)
    );
    let error =
        serde_json::from_value::<screens::table::Form>(json!({"guests": "2", "day": "soon"}))
            .unwrap_err();
    assert!(error.to_string().contains("such as 2026-11-23"), "{error}");
}

mod every_kind {
    flowhost_sdk::screens!("macros/tests/flows/table.json");

    pub(super) use screens::*;
}

mod without_forms {
    flowhost_sdk::screens!("tests/flows/without_forms.json");

    pub(super) use screens::*;
}

/// Answers with the values of the flow of `every_kind`.
struct Kinds;

impl FlowPlugin for Kinds {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let sizes =
            vec![every_kind::Item { enabled: Some(false), ..every_kind::Item::new("2", "Two") }];
        Ok(Reply::show(every_kind::Table {
            sizes,
            r#type: 2.5.into(),
            chosen: every_kind::table::Chosen::default(),
        }))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let every_kind::Form::Table(form) = exchange.form()?;
        let photos: Vec<_> =
            form.photos.iter().map(|photo| photo.media_id().map(str::to_owned)).collect();
        match form.my_wishes {
            Some(wishes) => {
                Ok(Reply::complete(json!({ "wishes": wishes, "photos": photos, "day": form.day })))
            }
            None => Ok(Reply::show(every_kind::FormScreen {})),
        }
    }
}

#[test]
fn names_that_rust_does_not_allow_are_still_those_of_the_flow_json() {
    let mut chat = Conversation::<Kinds>::start();
    let shown = chat.init().unwrap();
    assert_eq!(
        shown.data(),
        &json!({"sizes": [{"id": "2", "title": "Two", "enabled": false}], "type": 2.5, "chosen": {}})
    );

    let last = chat.submit("TABLE", json!({"day": "2026-11-23", "my-wishes": ""})).unwrap();
    assert_eq!((last.screen(), last.data()), (Some("FORM"), &json!({})));

    let form = json!({"day": "2026-11-23", "my-wishes": "A window", "photos": [{"media_id": "7"}]});
    let params = chat.submit("TABLE", form).unwrap().params().unwrap().clone();
    assert_eq!(
        (&params["wishes"], &params["photos"], &params["day"]),
        (&json!("A window"), &json!(["7"]), &json!("2026-11-23"))
    );
}

/// A plugin that only shows information and has no form.
struct News;

impl FlowPlugin for News {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::show(without_forms::News { count: 3 }))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        match exchange.form::<without_forms::Form>()? {}
    }
}

#[test]
fn a_flow_may_have_no_forms() {
    let mut chat = Conversation::<News>::start();
    assert_eq!(chat.init().unwrap().data(), &json!({"count": 3}));

    let Err(Failure::Internal(message)) = chat.submit("NEWS", json!({})) else {
        panic!("it has one")
    };
    assert!(message.contains("no form on this screen"), "{message}");
}
