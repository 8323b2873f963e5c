//! What is posted, and what comes of it.

use serde_json::{Value, json};

use flowhost_client::conversation::{PickedFile, Step};

use super::browser::{fill_in, posted, tap};
use super::*;

/// Does what was posted, without files.
fn apply(conversation: &mut Conversation, form: &[(String, String)]) -> Step {
    super::apply(conversation, form, &[])
}

fn value(conversation: &Conversation, field: &str) -> Value {
    conversation.value(field).cloned().unwrap_or_default()
}

/// Enters a value as `client chat` does.
fn enter(conversation: &mut Conversation, name: &str, typed: &str) -> Step {
    let screen = conversation.screen().unwrap();
    let field = screen.fields().find(|field| field.name == name).unwrap();
    let value = field.read(typed).unwrap();
    field.check(Some(&value)).unwrap();
    conversation.enter(field, Some(value))
}

#[test]
fn a_form_that_is_filled_in_says_what_a_chat_says() {
    let (mut by_chat, mut by_browser) = (on("DETAILS"), on("DETAILS"));
    let mut form = posted(&drawn(&by_browser));
    let all: [(&str, &str, &[&str]); 14] = [
        ("name", "Ana", &["Ana"]),
        ("email", "a@b.org", &["a@b.org"]),
        ("guests", "3", &["3"]),
        ("phone", "+49 1", &["+49 1"]),
        ("pin", "4711", &["4711"]),
        ("password", "x y", &["x y"]),
        ("wishes", "a\nb", &["a\r\nb"]),
        ("place", "south", &["south"]),
        ("size", "2", &["", "m"]),
        ("extras", "1,3", &["", "tea", "wifi"]),
        ("topics", "d", &["", "d"]),
        ("day", "2026-12-01", &["2026-12-01"]),
        ("terms", "y", &["", "yes"]),
        ("news", "y", &["", "yes"]),
    ];
    for (name, typed, values) in all {
        enter(&mut by_chat, name, typed);
        fill_in(&mut form, &format!("field.{name}"), values);
    }

    let asked = apply(&mut by_browser, &tap(&form, "press"));

    assert!(matches!(asked, Step::Ask(_)), "{asked:?}");
    assert_eq!(asked, by_chat.press());
}

#[test]
fn days_and_files_are_posted_as_a_chat_types_them() {
    let (mut by_chat, mut by_browser) = (on("STAY"), on("STAY"));
    let mut form = posted(&drawn(&by_browser));
    let files = r#"[{"media_id":"1"}]"#;
    for (name, typed, values) in [
        ("arrival", "2026-12-01", &["2026-12-01"][..]),
        ("nights", "2026-12-01", &["2026-12-01", ""]),
        ("photos", files, &[files]),
    ] {
        enter(&mut by_chat, name, typed);
        fill_in(&mut form, &format!("field.{name}"), values);
    }
    assert!(!form.iter().any(|(name, _)| name == "field.code"), "it is disabled");
    let forged = [&form[..], &[("field.code".to_owned(), "FREE".to_owned())]].concat();

    assert_eq!(apply(&mut by_browser, &tap(&forged, "press")), by_chat.press());
    assert_eq!(value(&by_browser, "code"), "NORTH-7");
    assert_eq!(value(&by_browser, "photos"), json!([{"media_id": "1"}]));
}

#[test]
fn a_form_as_it_was_drawn_changes_nothing() {
    let components = json!([
        {"type": "TextInput", "name": "line", "label": "L", "init-value": "two\nlines"},
        {"type": "TextArea", "name": "text", "label": "T", "init-value": "\n a & <b> \"c\""},
        {"type": "Dropdown", "name": "gone", "label": "G", "data-source": [{"id": "a", "title": "A"}], "init-value": "b"},
        {"type": "CheckboxGroup", "name": "some", "label": "S", "data-source": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}], "init-value": ["b", "a"]},
        {"type": "DatePicker", "name": "day", "label": "D", "init-value": "soon"},
        {"type": "CalendarPicker", "name": "days", "label": "D", "mode": "range", "init-value": {"end-date": "2026-12-01"}},
        {"type": "OptIn", "name": "yes", "label": "Y", "init-value": true},
        {"type": "TextInput", "name": "number", "label": "N", "init-value": 5},
    ]);
    let mut conversation = with(components);
    let names = ["line", "text", "gone", "some", "day", "days", "yes", "number"];
    let before = names.map(|name| value(&conversation, name));
    assert_eq!(before[2], Value::Null, "it can't be picked");

    let form = posted(&drawn(&conversation));
    let step = apply(&mut conversation, &form);

    assert_eq!(step, Step::Nothing);
    assert_eq!(names.map(|name| value(&conversation, name)), before);
    for screen in every_component().screens() {
        let mut conversation = on(screen.id);
        let form = posted(&drawn(&conversation));
        assert_eq!(apply(&mut conversation, &form), Step::Nothing, "{}", screen.id);
    }
}

#[test]
fn what_a_phone_would_not_let_pick_is_refused() {
    for (name, values, why) in [
        ("field.size", &["huge"][..], "Table: huge is none of the choices"),
        ("field.size", &["l"], "Table: Large can't be picked"),
        ("field.place", &["<script>"], "Branch: <script> is none of the choices"),
        ("field.extras", &["tea", "cake", "wifi"], "Extras: At most 2 choices, not 3"),
        ("field.day", &["tomorrow"], "Day: tomorrow is no day like 2026-11-23"),
    ] {
        let mut conversation = on("DETAILS");
        let mut form = posted(&drawn(&conversation));
        fill_in(&mut form, name, values);
        fill_in(&mut form, "field.news", &["", "yes"]);

        assert_eq!(
            apply(&mut conversation, &tap(&form, "press")),
            Step::Refused(vec![why.to_owned()])
        );
        assert!(
            posted(&drawn(&conversation)).iter().all(|(_, text)| !values.contains(&text.as_str()))
        );
        assert_eq!(value(&conversation, "news"), true, "the others are entered");
    }
    let mut conversation = on("DETAILS");
    let mut form = posted(&drawn(&conversation));
    fill_in(&mut form, "field.wishes", &[&"x".repeat(posted::MAX_BYTES + 1)]);
    assert!(matches!(apply(&mut conversation, &form), Step::Refused(_)));
    assert_eq!(value(&conversation, "wishes"), "");
}

#[test]
fn what_is_typed_stays_until_the_button_is_pressed() {
    let mut conversation = on("DETAILS");
    let mut form = posted(&drawn(&conversation));
    fill_in(&mut form, "field.email", &["ana@"]);
    fill_in(&mut form, "field.password", &["secret"]);

    assert_eq!(apply(&mut conversation, &tap(&form, "enter")), Step::Nothing);
    let html = drawn(&conversation);
    assert!(html.contains("value=\"ana@\""), "{html}");
    let Step::Refused(why) = apply(&mut conversation, &tap(&posted(&html), "press")) else {
        panic!("sent")
    };
    assert!(why.contains(&"Email: That is no email".to_owned()), "{why:?}");
    assert_eq!(value(&conversation, "password"), "secret", "it is posted empty");
}

#[test]
fn a_day_that_is_not_in_the_list_is_refused() {
    let picker = json!({
        "type": "CalendarPicker", "name": "day", "label": "Day", "min-date": "2026-12-01",
        "max-date": "2026-12-10", "include-days": ["Mon", "Tue"], "init-value": "2026-12-02",
    });
    let mut range = picker.clone();
    range["name"] = json!("days");
    range["mode"] = json!("range");
    range["init-value"] = json!({"start-date": "2026-12-07", "end-date": ""});
    let mut conversation = with(json!([picker, range]));
    let html = drawn(&conversation);
    assert!(html.contains("<option value=\"2026-12-02\" selected>2026-12-02 (can't be picked)"));
    assert!(html.contains(">Mon 7 December 2026<") && !html.contains(">Wed 9"), "{html}");
    assert_eq!(html.matches("value=\"2026-12-01\"").count(), 2, "none before the first day");

    for (name, days, why) in [
        ("field.day", &["2026-12-09"][..], "Day: 2026-12-09 can't be picked"),
        ("field.days", &["2026-12-03", ""], "first day – last day: 2026-12-03 can't be picked"),
    ] {
        let mut form = posted(&drawn(&conversation));
        fill_in(&mut form, name, days);
        let refused = apply(&mut conversation, &form);
        let why = why.split(": ").last().unwrap();
        assert!(matches!(&refused, Step::Refused(said) if said[0].ends_with(why)), "{refused:?}");
    }
    let mut form = posted(&drawn(&conversation));
    fill_in(&mut form, "field.day", &["2026-12-08"]);
    assert_eq!(apply(&mut conversation, &form), Step::Nothing);
    assert_eq!(value(&conversation, "day"), "2026-12-08");
}

#[test]
fn files_are_picked_besides_those_that_are_there_and_taken_away() {
    let mut conversation = on("STAY");
    let file = |id: &str, media_type: &str| PickedFile {
        field: "photos".to_owned(),
        name: format!("{id}.jpg"),
        media_type: Some(media_type.to_owned()),
        bytes: 7,
        reference: json!({"media_id": id, "file_name": format!("{id}.jpg")}),
    };
    let form = posted(&drawn(&conversation));
    for id in ["a<", "b"] {
        let step = super::apply(&mut conversation, &form, &[file(id, "image/jpeg")]);
        assert_eq!(step, Step::Nothing);
    }
    let html = drawn(&conversation);
    assert!(html.contains("value=\"remove.a&lt;\" aria-label=\"Take away a&lt;.jpg\""), "{html}");

    let form = posted(&html);
    assert_eq!(apply(&mut conversation, &tap(&form, "remove.a<")), Step::Nothing);
    assert_eq!(value(&conversation, "photos"), json!([{"media_id": "b", "file_name": "b.jpg"}]));
    let form = posted(&drawn(&conversation));
    let step = super::apply(&mut conversation, &form, &[file("c", "text/plain")]);
    assert!(matches!(&step, Step::Refused(why) if why[0].ends_with("c.jpg is no picture")));
    let other = PickedFile { field: "code".to_owned(), ..file("d", "image/jpeg") };
    assert_eq!(super::apply(&mut conversation, &form, &[other]), Step::Nothing);
}

#[test]
fn a_day_that_can_not_be_picked_triggers_nothing() {
    let ask = json!({"name": "data_exchange", "payload": {"day": "${form.day}"}});
    let mut conversation = with(json!([{
        "type": "DatePicker", "name": "day", "label": "Day", "min-date": "2026-12-01", "on-select-action": ask,
    }]));
    let mut pick = |day: &str| {
        let mut form = posted(&drawn(&conversation));
        fill_in(&mut form, "field.day", &[day]);
        apply(&mut conversation, &form)
    };

    assert_eq!(pick("2026-11-30"), Step::Nothing);
    assert!(matches!(pick("2026-12-01"), Step::Ask(_)));
    assert_eq!(pick("2026-11-29"), Step::Nothing);
    assert!(drawn(&conversation).contains("value=\"2026-11-29\""), "what was typed stays");
    assert!(matches!(conversation.press(), Step::Refused(_)));
}

#[test]
fn fields_can_be_emptied() {
    let mut conversation = on("DETAILS");
    for (name, typed) in
        [("name", "Ana"), ("extras", "1"), ("terms", "y"), ("day", "2026-12-01"), ("place", "1")]
    {
        enter(&mut conversation, name, typed);
    }
    let mut form = posted(&drawn(&conversation));
    for name in ["name", "extras", "terms", "day", "place"] {
        fill_in(&mut form, &format!("field.{name}"), &[""]);
    }

    apply(&mut conversation, &form);

    let held = ["name", "extras", "terms", "day", "place"].map(|name| value(&conversation, name));
    assert_eq!(held, [json!(""), json!([]), json!(false), Value::Null, Value::Null]);
}

#[test]
fn the_first_field_that_asks_the_endpoint_ends_it() {
    let ask = json!({"name": "data_exchange", "payload": {"a": "${form.a}", "b": "${form.b}"}});
    let choices = json!([{"id": "x", "title": "X"}, {"id": "y", "title": "Y"}]);
    let group = |name: &str| json!({"type": "RadioButtonsGroup", "name": name, "label": name, "data-source": choices, "on-select-action": ask});
    let mut conversation = with(json!([group("a"), group("b")]));
    let mut form = posted(&drawn(&conversation));
    fill_in(&mut form, "field.a", &["x"]);
    fill_in(&mut form, "field.b", &["y"]);

    let Step::Ask(asked) = apply(&mut conversation, &tap(&form, "press")) else {
        panic!("not asked")
    };

    assert_eq!(asked["data"], json!({"a": "x"}));
    assert_eq!(value(&conversation, "b"), Value::Null);
}

#[test]
fn fields_that_an_entry_hides_are_not_entered() {
    let choices = json!([{"id": "x", "title": "X", "on-select-action": {"name": "update_data", "payload": {"on": true}}}]);
    let mut conversation = with(json!([
        {"type": "RadioButtonsGroup", "name": "a", "label": "A", "data-source": choices},
        {"type": "TextInput", "name": "b", "label": "B", "visible": "`!${data.on}`"},
        {"type": "TextInput", "name": "c", "label": "C", "visible": "${data.on}"},
    ]));
    let mut form = posted(&drawn(&conversation));
    fill_in(&mut form, "field.a", &["x"]);
    fill_in(&mut form, "field.b", &["text"]);
    form.push(("field.c".to_owned(), "forged".to_owned()));

    assert_eq!(apply(&mut conversation, &form), Step::Moved);
    assert_eq!((value(&conversation, "b"), value(&conversation, "c")), (json!(""), json!("")));
}

#[test]
fn a_post_enters_a_hundred_fields_at_most() {
    let inputs: Vec<Value> = (0..101)
        .map(|number| json!({"type": "TextInput", "name": format!("n{number}"), "label": "N"}))
        .collect();
    let mut conversation = with(json!(inputs));
    let mut form = posted(&drawn(&conversation));
    form.iter_mut()
        .filter(|(name, _)| name.starts_with("field."))
        .for_each(|(_, text)| text.push('x'));

    apply(&mut conversation, &form);

    assert_eq!([value(&conversation, "n99"), value(&conversation, "n100")], ["x", ""]);
}

#[test]
fn buttons_go_where_their_links_lead() {
    let mut conversation = on("SHOP");
    let form = posted(&drawn(&conversation));
    assert!(form.contains(&("csrf".to_owned(), "secret".to_owned())));

    for nothing in ["close", "enter", "dance", "follow.", "follow.-1", "follow.x"] {
        assert_eq!(apply(&mut conversation, &tap(&form, nothing)), Step::Nothing, "{nothing}");
    }
    assert!(matches!(apply(&mut conversation, &tap(&form, "follow.3")), Step::Refused(_)));
    assert!(
        matches!(apply(&mut conversation, &tap(&form, "press")), Step::Refused(_)),
        "no button"
    );
    assert_eq!(apply(&mut conversation, &tap(&form, "follow.1")), Step::Moved);
    assert_eq!(conversation.screen().unwrap().name, "STAY");
    assert_eq!(
        apply(&mut conversation, &tap(&form, "follow.1")),
        Step::Nothing,
        "of another screen"
    );
    let form = posted(&drawn(&conversation));
    assert_eq!(apply(&mut conversation, &tap(&form, "back")), Step::Moved);
    assert_eq!(conversation.screen().unwrap().name, "SHOP");
    assert_eq!(apply(&mut Conversation::new(None, "t"), &form), Step::Nothing, "no screen yet");
}

#[test]
fn without_a_flow_json_data_is_posted_as_it_is() {
    let mut conversation = Conversation::new(None, "t");
    conversation.arrive("A", map(json!({"x": 1})));
    let mut form = posted(&drawn(&conversation));
    let press = |form: &[(String, String)]| apply(&mut conversation.clone(), &tap(form, "press"));

    assert_eq!(press(&form), conversation.submit(json!({})));
    fill_in(&mut form, "data", &["{\"y\": 2}"]);
    assert_eq!(press(&form), conversation.submit(json!({"y": 2})));
    for bad in ["[1]", "nonsense", "{", &"[".repeat(10_000)] {
        fill_in(&mut form, "data", &[bad]);
        assert!(matches!(press(&form), Step::Refused(_)), "{bad:.20}");
    }
    assert!(matches!(apply(&mut conversation, &tap(&form, "back")), Step::Ask(_)));
}
