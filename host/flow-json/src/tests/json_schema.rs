//! The JSON Schema for editors, against the documents that the check reads.

use boon::{Compiler, SchemaIndex, Schemas};

use super::limits::one_screen;
use super::rules::{all_rules, base};
use super::*;

#[test]
fn an_editor_is_told_of_no_mistake_in_a_document_that_is_taken() {
    let schema = Schema::new();
    let valid = documents("valid").into_iter();
    let valid = valid.map(|(name, text)| (name, serde_json::from_slice::<Value>(&text).unwrap()));
    let edited =
        all_rules().into_iter().map(|rule| (rule.what.clone(), rule.edited(base()).unwrap()));
    let mut taken = 0;
    for (what, document) in valid.chain(edited) {
        if FlowJson::parse(document.to_string().as_bytes()).is_ok() {
            taken += 1;
            schema.takes(&document).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
    }
    assert!(taken > 150, "{taken}");
}

#[test]
fn an_editor_is_told_of_every_key_that_nothing_has() {
    let (schema, mut unknown) = (Schema::new(), 0);
    for rule in all_rules() {
        let document = rule.edited(base()).unwrap();
        let nothing_has = |finding: &Finding| {
            finding.level == Level::Error
                && finding.name == Some("INVALID_PROPERTY_KEY")
                && finding.message.contains("has no")
        };
        if findings(&document).iter().any(nothing_has) {
            unknown += 1;
            assert!(schema.takes(&document).is_err(), "{}", rule.what);
        }
    }
    assert!(unknown > 10, "{unknown}");
}

#[test]
fn a_mistake_in_a_component_is_found_where_it_stands() {
    let schema = Schema::new();
    let body = |text: Value| {
        let footer = json!({"type": "Footer", "label": "End", "on-click-action": {"name": "complete", "payload": {}}});
        one_screen(&json!({}), &[json!({"type": "TextBody", "text": text}), footer])
    };
    schema.takes(&body(json!("x"))).unwrap();

    let error = schema.takes(&body(json!(7))).unwrap_err();

    assert!(error.contains("/screens/0/layout/children/0/text"), "{error}");
    for version in ["8.0", "7", "1.0"] {
        let mut document = body(json!("x"));
        document["version"] = json!(version);
        assert!(schema.takes(&document).is_err(), "{version}");
    }
}

struct Schema {
    compiled: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new() -> Self {
        let (mut compiler, mut compiled) = (Compiler::new(), Schemas::new());
        compiler.add_resource("flow.json", json_schema()).unwrap();
        let index = compiler.compile("flow.json", &mut compiled).unwrap();
        Self { compiled, index }
    }

    fn takes(&self, document: &Value) -> Result<(), String> {
        self.compiled.validate(document, self.index).map_err(|error| format!("{error:#}"))
    }
}
