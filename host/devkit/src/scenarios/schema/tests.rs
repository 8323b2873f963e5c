//! The schema, against the reader and against every scenario that there is.

use std::collections::BTreeSet;
use std::path::PathBuf;

use boon::{Compiler, SchemaIndex, Schemas};

use crate::scenarios::tests::EVERYTHING;

use super::*;

#[test]
fn every_scenario_of_the_project_is_taken() {
    let schema = Compiled::new();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut texts = vec![EVERYTHING.to_owned()];
    for folder in [
        "plugins/appointment",
        "plugins/echo",
        "tests/fixtures/interop",
        "host/devkit/src/plugin_project/template",
    ] {
        for entry in std::fs::read_dir(root.join(folder).join("scenarios")).unwrap() {
            texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    let page = include_str!("../../../../docs/scenarios.md");
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    texts.extend(blocks.map(|block| match block.contains("[[step]]") {
        true => block.to_owned(),
        false => format!("{block}{STEP}"),
    }));
    assert!(texts.len() > 12, "{}", texts.len());
    for text in texts {
        read(&text).unwrap();
        schema.takes(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

/// The reader names all fields of a table in which it finds another.
#[test]
fn every_table_has_the_fields_that_the_reader_knows_and_no_other() {
    let compiled = Compiled::new();
    let schema = json_schema();
    let step = "[[step]]\nsend = { action = \"INIT\" }\n";
    let http = |request: &str, answer: &str| {
        format!(
            "[[http]]\nrequest = {{ url = \"https://a.example\"{request} }}\nanswer = {{ status = 200{answer} }}\n{step}"
        )
    };
    let (comma, line) = (", zz = 1", "\nzz = 1");
    for (place, sound, wrong) in [
        ("", step.to_owned(), format!("zz = 1\n{step}")),
        ("/properties/step/items", step.to_owned(), format!("{step}zz = 1\n")),
        (
            "/properties/step/items/properties/send",
            step.to_owned(),
            "[[step]]\nsend = { action = \"INIT\", zz = 1 }\n".to_owned(),
        ),
        (
            "/properties/step/items/properties/expect",
            format!("{step}expect = {{ closed = true }}\n"),
            format!("{step}expect = {{ closed = true{comma} }}\n"),
        ),
        (
            "/properties/store/items",
            format!("[[store]]\nkey = \"a\"\ntext = \"b\"\n{step}"),
            format!("[[store]]\nkey = \"a\"\ntext = \"b\"{line}\n{step}"),
        ),
        (
            "/properties/http/items",
            http("", ""),
            http("", "").replace("\nanswer", "\nzz = 1\nanswer"),
        ),
        ("/properties/http/items/properties/request", http("", ""), http(comma, "")),
        ("/properties/http/items/properties/answer", http("", ""), http("", comma)),
        (
            "/properties/media/items",
            format!("[[media]]\nmedia_id = \"a\"\ntext = \"b\"\n{step}"),
            format!("[[media]]\nmedia_id = \"a\"\ntext = \"b\"{line}\n{step}"),
        ),
    ] {
        read(&sound).unwrap();
        compiled.takes(&sound).unwrap_or_else(|error| panic!("{place}: {error}"));
        let error = read(&wrong).unwrap_err();
        let (_, known) = error.split_once("it has ").unwrap();
        let known: BTreeSet<_> = known.split(", ").map(|name| name.trim_matches('`')).collect();
        let fields = schema.pointer(&format!("{place}/properties")).expect(place);
        let there: BTreeSet<_> = fields.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(there, known, "{place}");
        assert!(compiled.takes(&wrong).is_err(), "{place}");
    }
}

#[test]
fn what_the_reader_refuses_for_its_shape_is_refused() {
    let schema = Compiled::new();
    let expecting = |expected: &str| format!("{STEP}expect = {expected}\n");
    for text in [
        "seed = 1\n".to_owned(),
        "step = []\n".to_owned(),
        format!("signed_token = false\n{STEP}"),
        format!("[settings]\ncolour = 1\n{STEP}"),
        format!("[settings]\nlimits = {{ wall_ms = 10_000 }}\n{STEP}"),
        format!("[config]\nx = 1\n{STEP}"),
        STEP.replace("\"INIT\"", "\"INIT\", screen = \"A\""),
        STEP.replace("INIT", "BACK"),
        STEP.replace("INIT", "init"),
        STEP.replace("\"INIT\"", "\"ping\", data = {}"),
        STEP.replace("\"INIT\"", "\"INIT\", message = \"x\""),
        STEP.replace("action = \"INIT\"", "repeat = 1, data = {}"),
        STEP.replace("action = \"INIT\"", "error = \"x\", data = {}"),
        expecting("{}"),
        expecting("{ screen = \"A\", completed = {} }"),
        expecting("{ closed = true, data = {} }"),
        expecting("{ completed = 1 }"),
        expecting("{ status = 200 }"),
        expecting("{ status = 427 }"),
        format!("[[store]]\nkey = \"x\"\n{STEP}"),
        format!("[[media]]\nmedia_id = \"1\"\n{STEP}"),
    ] {
        assert!(read(&text).is_err(), "{text}");
        assert!(schema.takes(&text).is_err(), "{text}");
    }
}

#[test]
fn editors_have_a_sentence_for_every_field_and_no_null() {
    fn walk(schema: &Value, at: &str) {
        assert_ne!(schema["type"], "null", "{at}");
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].is_string(), "{at}/{name}");
            walk(field, &format!("{at}/{name}"));
        }
        if schema["items"].is_object() {
            walk(&schema["items"], at);
        }
    }
    walk(&json_schema(), "");
}

/// What the reader says.
fn read(text: &str) -> Result<(), String> {
    let read = crate::scenarios::Scenario::parse("x", text);
    read.map(drop).map_err(|error| error.message().to_owned())
}

struct Compiled {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Compiled {
    fn new() -> Self {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("scenario.json", json_schema()).unwrap();
        let index = compiler.compile("scenario.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn takes(&self, text: &str) -> Result<(), String> {
        let document = as_editors_see(toml::Value::Table(text.parse().unwrap()));
        self.schemas.validate(&document, self.index).map_err(|error| format!("{error:#}"))
    }
}

/// To a schema, dates and times are texts.
fn as_editors_see(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(parts) => parts.into_iter().map(as_editors_see).collect(),
        toml::Value::Table(parts) => Value::Object(
            parts.into_iter().map(|(key, part)| (key, as_editors_see(part))).collect(),
        ),
        scalar => serde_json::to_value(scalar).unwrap(),
    }
}

const STEP: &str = "[[step]]\nsend = { action = \"INIT\" }\n";
