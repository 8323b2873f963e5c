//! Runs the fixtures in `tests/fixtures/flow_json`: valid documents, invalid documents with their
//! findings, and replies with their findings.

mod json_schema;
mod limits;
mod mistakes;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, json};

use super::*;

#[test]
fn every_valid_document_is_read() {
    let documents = documents("valid");
    assert!(documents.len() >= 30, "{}", documents.len());
    for (name, text) in documents {
        let flow = FlowJson::parse(&text).unwrap_or_else(|findings| panic!("{name}:\n{findings}"));
        assert!(name.starts_with(flow.document().version().unwrap()), "{name}");
        let entry = flow.entry_screens().next().unwrap();
        assert_eq!(flow.document().screen(entry.id), Some(entry), "{name}");
    }
}

#[test]
fn every_invalid_document_is_refused_for_what_is_wrong_with_it() {
    #[derive(Deserialize)]
    struct Expected {
        pointer: String,
        name: Option<String>,
        message: String,
    }
    let mut table: BTreeMap<String, Vec<Expected>> =
        serde_json::from_slice(&fixture("findings.json")).unwrap();
    let documents = documents("invalid");
    assert!(documents.len() >= 30, "{}", documents.len());
    for (name, text) in documents {
        let expected =
            table.remove(&name).unwrap_or_else(|| panic!("{name} is not in findings.json"));
        let Err(found) = FlowJson::parse(&text) else { panic!("{name} is taken") };
        for wanted in &expected {
            let fits = |found: &&Finding| {
                found.pointer == wanted.pointer
                    && found.name == wanted.name.as_deref()
                    && found.message.contains(&wanted.message)
            };
            assert!(
                found.of(Level::Error).any(|finding| fits(&finding)),
                "{name}: {} {:?} is not in\n{found}",
                wanted.pointer,
                wanted.name
            );
        }
        assert_eq!(found.of(Level::Error).count(), expected.len(), "{name}:\n{found}");
    }
    assert!(table.is_empty(), "there is no document for {:?}", table.keys());
}

#[test]
fn every_reply_is_taken_or_refused_as_the_phone_would() {
    #[derive(Deserialize)]
    struct Case {
        title: String,
        flow: String,
        from: Option<String>,
        reply: Value,
        findings: Vec<Expected>,
    }
    #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
    struct Expected {
        pointer: String,
        name: Option<String>,
    }
    let cases: Vec<Case> = serde_json::from_slice(&fixture("replies.json")).unwrap();
    assert!(cases.iter().filter(|case| case.findings.is_empty()).count() >= 20);
    for Case { title, flow, from, reply, mut findings } in cases {
        let flow = FlowJson::parse(&fixture(&format!("valid/{flow}.json"))).unwrap();
        let origin = from.as_deref().map_or(Origin::Init, Origin::Screen);
        let checked = flow.check_reply(origin, &reply);
        let found = checked.as_ref().err().into_iter().flatten();
        let expected = |finding: &Finding| Expected {
            pointer: finding.pointer.clone(),
            name: finding.name.map(str::to_owned),
        };
        let mut found: Vec<Expected> = found.map(expected).collect();
        found.sort();
        findings.sort();
        assert_eq!(found, findings, "{title}: {checked:?}");
        let rules = flow.into_rules();
        assert_eq!(rules.check_reply(origin, &reply), checked, "{title}");
        if let (Some(screen), Some(data)) = (reply["screen"].as_str(), reply["data"].as_object()) {
            assert_eq!(rules.check_screen(origin, screen, data), checked, "{title}");
        }
    }
}

#[test]
fn the_sample_plugins_flow_is_read_with_all_that_a_simulator_needs() {
    let text = std::fs::read(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/appointment/flow.json"),
    )
    .unwrap();
    let flow = FlowJson::parse(&text).unwrap_or_else(|findings| panic!("{findings}"));

    let document = flow.document();
    assert_eq!((document.version(), document.data_api_version()), (Some("7.3"), Some("4.0")));
    assert_eq!(
        document.screens().map(|screen| screen.id).collect::<Vec<_>>(),
        ["APPOINTMENT", "DETAILS", "SUMMARY", "TERMS"]
    );
    assert_eq!(flow.entry_screens().map(|screen| screen.id).collect::<Vec<_>>(), ["APPOINTMENT"]);
    let routes = flow.rules.routes();
    assert!(routes.lead("DETAILS", "SUMMARY") && !routes.lead("SUMMARY", "DETAILS"));
    assert!(flow.notes().is_empty(), "{}", flow.notes());
    assert_eq!(document.screen("DETAILS").unwrap().example_data()["chosen"], json!({}));
}

#[test]
fn what_comes_with_the_project_is_clean() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    for path in [
        "host/devkit/src/plugin_project/template/flow.json",
        "guest-sdk/flow.json",
        "tests/fixtures/interop/flow.json",
    ] {
        let flow = FlowJson::parse(&std::fs::read(root.join(path)).unwrap())
            .unwrap_or_else(|findings| panic!("{path}:\n{findings}"));
        assert!(flow.notes().is_empty(), "{path}:\n{}", flow.notes());
    }
}

#[test]
fn a_document_is_bounded_in_size_values_and_depth() {
    let refused = |text: &[u8], why: &str| {
        let findings = FlowJson::parse(text).unwrap_err();
        assert_eq!(findings.iter().count(), 1, "{findings}");
        let finding = findings.iter().next().unwrap();
        assert_eq!((finding.pointer.as_str(), finding.name), ("", Some("INVALID_FLOW_JSON")));
        assert!(finding.message.contains(why), "{finding}");
    };
    let valid = fixture("valid/7.3-data-api-4.json");
    let padded = |size: usize| [valid.clone(), vec![b' '; size - valid.len()]].concat();
    assert!(FlowJson::parse(&padded(10 << 20)).is_ok());
    refused(&padded((10 << 20) + 1), "10 MB");
    refused(format!("[{}0]", "0,".repeat(199_998)).as_bytes(), "is an array");
    refused(format!("[{}0]", "0,".repeat(199_999)).as_bytes(), "200000 values");
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}0{}", open.repeat(10_000), close.repeat(10_000));
        refused(deep.as_bytes(), "recursion limit");
    }
    refused(b"\xff", "is not JSON");
    let commas =
        format!(r#"{{"version":"7.3","screens":[],"note":"\"{}\","}}"#, ",[{".repeat(100_000));
    assert!(
        FlowJson::parse(commas.as_bytes())
            .unwrap_err()
            .iter()
            .any(|finding| finding.pointer == "/screens")
    );
}

#[test]
fn a_byte_order_mark_is_called_by_its_name() {
    let marked = [b"\xef\xbb\xbf", &*fixture("valid/7.3-data-api-4.json")].concat();
    let findings = FlowJson::parse(&marked).unwrap_err();
    let message = &findings.iter().next().unwrap().message;
    assert!(
        message.contains("byte order mark") && message.contains("UTF-8 without it"),
        "{findings}"
    );
}

#[test]
fn findings_stay_small_whatever_the_document_quotes() {
    let long = "x1".repeat(15_000);
    let screens: Vec<Value> =
        (0..100).map(|_| json!({"id": long, "data": {&long: {"type": long}}})).collect();
    let document =
        json!({"version": long, "screens": screens, "routing_model": {&long: [long, 5, "no"]}});

    let findings = FlowJson::parse(document.to_string().as_bytes()).unwrap_err();

    assert!([Level::Error, Level::Note].iter().all(|level| findings.of(*level).count() <= 101));
    assert!(findings.to_string().len() < 100_000, "{}", findings.to_string().len());
}

#[test]
fn schemas_that_are_too_large_to_keep_are_refused() {
    let mut document: Value =
        serde_json::from_slice(&fixture("valid/7.3-data-api-4.json")).unwrap();
    let values: Vec<String> = (0..20_000).map(|number| format!("{number:060}")).collect();
    document["screens"][0]["data"]["question"] =
        json!({"type": "string", "enum": values, "__example__": values[0]});
    let findings = FlowJson::parse(document.to_string().as_bytes()).unwrap_err();
    assert!(findings.to_string().contains("1 MiB"), "{findings}");
    document["screens"][0]["data"]["question"] =
        json!({"type": "string", "__example__": "x".repeat(5 << 20)});
    FlowJson::parse(document.to_string().as_bytes())
        .unwrap_or_else(|findings| panic!("examples are not kept: {findings}"));
}

/// A release may check more than the release that stored a document. A running flow keeps running,
/// and its replies are still checked.
#[test]
fn what_is_refused_today_and_was_stored_is_served_by_the_same_rules() {
    let kept = fixture("valid/7.1-bounds.json");
    let mut document: Value = serde_json::from_slice(&kept).unwrap();
    document["screens"][0]["title"].take();
    document["screens"][0]["layout"]["children"] = json!([{"type": "NoSuchComponent"}]);
    document["unknown"] = json!(1);
    document["routing_model"]["ORDER"] = json!(["DONE", "NOWHERE"]);
    let stored = document.to_string();
    assert!(FlowJson::parse(stored.as_bytes()).is_err());

    let (today, then) = (
        FlowJson::parse(&kept).unwrap().into_rules(),
        ReplyRules::parse(stored.as_bytes()).unwrap(),
    );

    for reply in [
        json!({"screen": "ORDER", "data": {"code": 7}}),
        json!({"screen": "ORDER", "data": {}}),
        json!({"screen": "NOWHERE", "data": {}}),
    ] {
        for origin in [Origin::Init, Origin::Screen("ORDER")] {
            assert_eq!(
                then.check_reply(origin, &reply),
                today.check_reply(origin, &reply),
                "{origin:?} {reply}"
            );
        }
    }
}

#[test]
fn what_can_not_be_read_has_no_rules() {
    for text in [&b"{"[..], b"\xff", b"[]", b"{}"] {
        assert!(ReplyRules::parse(text).is_err(), "{}", String::from_utf8_lossy(text));
    }
}

/// Places share their prefixes, and only findings that are kept are formatted.
#[test]
fn many_actions_that_are_deeply_nested_are_checked() {
    let action = json!({"type": "EmbeddedLink", "text": "x", "on-click-action": {"name": "navigate", "next": {"type": "screen", "name": "NO"}}});
    let layer =
        |inner: Vec<Value>| vec![json!({"type": "If", "condition": "${data.x}", "then": inner})];
    let nested = (0..50).fold(vec![action; 20_000], |inner, _| layer(inner));
    let layout = json!({"type": "SingleColumnLayout", "children": nested});
    let document = json!({"version": "7.3", "screens": [{"id": "A", "title": "A", "terminal": true, "layout": layout}]});

    let findings = FlowJson::parse(document.to_string().as_bytes()).unwrap_err();

    assert_eq!(findings.of(Level::Error).count(), 101);
    assert!(findings.to_string().contains("more of these"));
}

#[test]
fn examples_pass_their_own_schema() {
    let beyond = |name: &str| name == "7.3-required-beyond-the-declared";
    for (name, text) in documents("valid").into_iter().filter(|(name, _)| !beyond(name)) {
        let flow = FlowJson::parse(&text).unwrap();
        for screen in flow
            .document()
            .screens()
            .filter(|screen| screen.properties().all(|property| property.example().is_some()))
        {
            let reply = json!({"screen": screen.id, "data": screen.example_data()});
            assert_eq!(
                flow.check_reply(Origin::Screen(screen.id), &reply),
                Ok(()),
                "{name} {}",
                screen.id
            );
        }
    }
}

/// These schemas would take hours in a checker that tries patterns, alternatives or references, or
/// compares every pair.
#[test]
fn no_schema_makes_a_check_slow() {
    let names: Vec<String> = (0..3000).map(|number| format!("n{number}")).collect();
    let element = json!({"type": "object", "required": names, "properties": {"s": {"type": "string", "enum": names, "pattern": "^(a+)+$"}}});
    let mut document: Value =
        serde_json::from_slice(&fixture("valid/7.3-data-api-4.json")).unwrap();
    document["screens"][0]["data"] = json!({
        "list": {"type": "array", "uniqueItems": true, "items": element},
        "same": {"type": "array", "uniqueItems": true, "items": {"type": "string", "enum": names, "pattern": "^(a+)+$"}},
        "loop": {"type": "object", "$ref": "#", "properties": {"a": {"$ref": "http://127.0.0.1:1/schema"}}},
    });
    let rules = ReplyRules::parse(document.to_string().as_bytes())
        .unwrap_or_else(|findings| panic!("{findings}"));
    let same = vec!["n2999"; 30_000];
    let reply = json!({"screen": "HELLO", "data": {"list": vec![json!({"s": "n7"}); 20_000], "same": same, "loop": {"a": {"a": 1}}}});

    let findings = rules.check_reply(Origin::Init, &reply).unwrap_err();

    assert_eq!(findings.iter().count(), 100, "{findings}");
    assert!(findings.iter().all(|finding| finding.message.contains("lacks")));
}

#[test]
fn declared_data_that_a_reply_lacks_is_named() {
    let document = json!({
        "version": "7.2",
        "screens": [{"id": "A", "data": {"b": {"type": "string"}, "a": {"type": "string"}}, "layout": {}}]
    });
    let rules = ReplyRules::parse(document.to_string().as_bytes()).unwrap();
    let missing =
        |screen, data: Value| rules.missing_data(screen, data.as_object().unwrap()).join(" ");

    assert_eq!(missing("A", json!({})), "a b");
    assert_eq!(missing("A", json!({"a": "x", "c": 1})), "b");
    assert_eq!(missing("B", json!({})), "");
}

#[test]
fn a_reply_to_a_screen_that_is_nearly_right_is_told_which_one_there_is() {
    let rules = ReplyRules::parse(&fixture("valid/7.2-closed-objects.json")).unwrap();
    let said = |screen: &str| {
        rules.check_screen(Origin::Init, screen, &Map::new()).unwrap_err().on_one_line()
    };

    assert_eq!(
        said("FROM"),
        "/screen: there is no screen \"FROM\" in the routing model, but \"FORM\": the phone would not go there [invalid-screen-transition]"
    );
    assert_eq!(
        said("SUMMARY"),
        "/screen: there is no screen \"SUMMARY\" in the routing model: the phone would not go there [invalid-screen-transition]"
    );
}

#[test]
fn a_reply_as_deep_as_may_be_is_checked() {
    let flow = FlowJson::parse(&fixture("valid/7.2-closed-objects.json")).unwrap();
    // `json!` would copy the inner value recursively.
    let deep = (0..100_000).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    let data = Map::from_iter([("anything".to_owned(), deep)]);
    let reply = Value::Object(Map::from_iter([
        ("screen".to_owned(), json!("FORM")),
        ("data".to_owned(), Value::Object(data)),
    ]));
    assert_eq!(flow.check_reply(Origin::Init, &reply), Ok(()));
    // serde_json's own drop would recurse.
    std::mem::forget(reply);
}

#[test]
fn a_finding_shows_no_value_and_no_control_character() {
    let flow = FlowJson::parse(&fixture("valid/7.2-closed-objects.json")).unwrap();
    let reply = json!({"screen": "FORM", "data": {"person": {"a\n\u{1b}[31m": "secret"}}});
    let findings = flow.check_reply(Origin::Init, &reply).unwrap_err();
    let shown = findings.on_one_line();
    assert!(!shown.contains("secret") && !shown.contains(char::is_control), "{shown:?}");
}

/// A reply's own member names may be a customer's data.
#[test]
fn places_for_a_log_have_only_names_that_the_flow_declares() {
    let rules = ReplyRules::parse(&fixture("valid/7.2-closed-objects.json")).unwrap();
    let places =
        |reply: Value| rules.own_places(&rules.check_reply(Origin::Init, &reply).unwrap_err());

    let data =
        json!({"person": {"Ana": 3}, "counts": {"Bea": "x", "Cleo": "y"}, "error_message": 5});
    assert_eq!(
        places(json!({"screen": "FORM", "data": data})),
        "/data [finding]; /data/counts [payload-schema-error]; /data/person [payload-schema-error]"
    );
    assert_eq!(places(json!({"screen": "Ana", "data": {}})), "/screen [invalid-screen-transition]");
    assert_eq!(places(json!(["Ana"])), "the whole [finding]");
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = FlowJson::parse(&bytes);
    }

    #[test]
    fn no_json_is_a_panic(value in any_json()) {
        let _ = FlowJson::parse(value.to_string().as_bytes());
    }

    /// Puts an arbitrary value into one place of a valid document.
    #[test]
    fn no_part_of_a_document_is_a_panic(part in any_json(), place in 0..PLACES.len(), flow in 0..3_usize) {
        let name = ["7.3-data-api-4", "7.2-closed-objects", "7.0-deep-nesting"][flow];
        let mut document: Value = serde_json::from_slice(&fixture(&format!("valid/{name}.json"))).unwrap();
        if let Some(replaced) = document.pointer_mut(PLACES[place]) {
            *replaced = part;
        }
        if let Ok(flow) = FlowJson::parse(document.to_string().as_bytes()) {
            let entry = flow.entry_screens().next().unwrap();
            let _ = flow.check_reply(Origin::Init, &json!({"screen": entry.id, "data": entry.example_data()}));
        }
    }

    #[test]
    fn no_reply_is_a_panic(data in any_json(), screen in any_json(), from in "[A-Z]{0,5}") {
        let flow = FlowJson::parse(&fixture("valid/7.1-bounds.json")).unwrap();
        for reply in [data.clone(), json!({"screen": screen, "data": data}), json!({"screen": "ORDER", "data": {"code": data, "sizes": [data]}})] {
            let _ = flow.check_reply(Origin::Init, &reply);
            let _ = flow.check_reply(Origin::Screen(&from), &reply);
        }
    }
}

/// The places that receive a value.
const PLACES: [&str; 12] = [
    "/version",
    "/data_api_version",
    "/routing_model",
    "/screens",
    "/screens/0",
    "/screens/0/id",
    "/screens/0/data",
    "/screens/0/data/question",
    "/screens/0/data/person/properties",
    "/screens/0/layout",
    "/screens/0/layout/children",
    "/screens/0/layout/children/0",
];

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-zA-Z_]{0,6}",
        proptest::sample::select(vec![
            "version",
            "screens",
            "id",
            "data",
            "type",
            "string",
            "array",
            "items",
            "required",
            "properties",
            "children",
            "Footer",
            "FORM",
            "routing_model",
            "error_message",
            "enum",
            "minLength",
            "__example__",
            "navigate",
            "next",
            "name",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// All that is found in a document: its notes if it is valid.
#[test]
fn a_finding_has_its_position_also_in_what_is_no_json() {
    let position = |text: &str| {
        let found = FlowJson::parse(text.as_bytes()).unwrap_err();
        let first = found.iter().next().unwrap().clone();
        (first.position.map(|at| (at.line, at.column)), first.message)
    };

    let (at, message) = position("{\n  \"é\": 1,,\n}");
    assert_eq!(at, Some((2, 10)));
    assert!(message.starts_with("is not JSON: ") && !message.contains("column"), "{message}");
    assert_eq!(position("[]").0, Some((1, 1)));
    let (at, message) = position("{\n  \"version\": \"1.0\",\n  \"screens\": []}");
    assert_eq!((at, message.contains("1.0")), (Some((2, 3)), true));
}

fn findings(document: &Value) -> Findings {
    match FlowJson::parse(document.to_string().as_bytes()) {
        Ok(flow) => flow.notes().clone(),
        Err(findings) => findings,
    }
}

/// The documents in a folder by their file names without the extension.
fn documents(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let read = |path: PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/flow_json")
}
