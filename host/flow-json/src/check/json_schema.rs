//! A JSON Schema of Flow JSON, for editors: made from the table, so that it knows what the check
//! knows. It refuses nothing that the check takes in a version that can be published, and does not
//! refuse all that the check refuses.

use serde_json::{Map, Value, json};

use super::table::{Areas, Blank, COMPONENTS, Key, LAYOUT, Takes};
use crate::document::CHILDREN;
use crate::kind::{ActionKind, ComponentKind, RANGE_ENDS};
use crate::outline::MAX_SCREENS;
use crate::schema::{EXAMPLE, REQUIRED, Types};
use crate::version::{self, Version};

/// The schema, in draft 7, which editors know best.
pub(crate) fn json_schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Flow JSON",
        "description": format!(
            "The screens of a WhatsApp Flow, in the versions {}. Checked here: keys, types, words of lists, and which components stand where. \
             Not checked: how old a key or a component is (its description says from which version on there is one), what references and \
             expressions lead to, routes, names that must be unique, numbers of components, what is for components outside of a Form only, \
             and lengths. Of other versions only the outermost keys are checked. `flowhost plugin check` checks everything.",
            version::published_names()
        ),
        "type": "object",
        "required": ["version", "screens"],
        "if": { "properties": { "version": { "enum": version::published_list() } } },
        "then": reference("document"),
        "properties": document_keys(json!({ "type": "array" })),
        "definitions": definitions(),
    })
}

fn definitions() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| drop(all.insert(name.to_owned(), schema));
    add("document", document());
    add("screen", screen());
    add("layout", object(LAYOUT, None));
    add("data", data());
    add("component", component());
    for area in AREAS {
        add(&list_name(area), components(area));
    }
    for row in COMPONENTS {
        let mut schema = object(row.keys, Some(row.kind.name()));
        let since = since(row.since).map(|since| format!(" {since}")).unwrap_or_default();
        schema["description"] = json!(format!("{}{since}", row.kind.doc()));
        add(row.kind.name(), schema);
    }
    all
}

fn document() -> Value {
    json!({
        "type": "object",
        "properties": document_keys(json!({
            "type": "array", "minItems": 1, "maxItems": MAX_SCREENS, "items": reference("screen"),
        })),
        "additionalProperties": false,
        "dependencies": { "data_api_version": ["routing_model"] },
    })
}

/// The outermost keys, each with its description.
fn document_keys(screens: Value) -> Value {
    let routes = json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "string" } } });
    let keys = [
        (
            "version",
            "The version of Flow JSON.",
            json!({ "anyOf": [{ "enum": version::published_list() }, { "type": "string", "pattern": version::pattern() }] }),
        ),
        (
            "data_api_version",
            "The version in which the endpoint is asked; leave it out for a Flow without an endpoint. \"4.0\" is there from version 7.3 on.",
            json!({ "enum": ["3.0", "4.0"] }),
        ),
        (
            "routing_model",
            "For each screen's id the ids of the screens that may follow; due if there is an endpoint.",
            routes,
        ),
        ("screens", "The screens. The Flow begins with one that no route leads to.", screens),
    ];
    described(keys)
}

fn screen() -> Value {
    let text = json!({ "type": "string", "pattern": NOT_BLANK });
    let flag = || json!({ "type": "boolean" });
    let keys = [
        (
            "id",
            "The screen's name, of letters and underscores. SUCCESS is taken: it ends the Flow.",
            json!({ "type": "string", "pattern": "^[A-Za-z_]+$", "not": { "enum": ["SUCCESS", "success"] } }),
        ),
        ("title", "The text at the top of the screen.", text),
        ("layout", "What is on the screen. From version 6.0 on it is due.", reference("layout")),
        (
            "data",
            "What the screen is shown with: for each name its type, in JSON Schema, and an example.",
            reference("data"),
        ),
        ("terminal", "Whether the Flow can end here; such a screen has a Footer.", flag()),
        ("success", "Whether ending here is a success; for terminal screens only.", flag()),
        (
            "refresh_on_back",
            "Whether the endpoint is asked when the user goes back from here.",
            flag(),
        ),
        (
            "sensitive",
            "Names of fields whose values the chat does not show. From version 5.1 on.",
            json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }),
        ),
    ];
    json!({ "type": "object", "required": ["id", "title"], "properties": described(keys), "additionalProperties": false })
}

/// The data that a screen declares. Its schemas are the author's: only their types are checked.
fn data() -> Value {
    let property = json!({
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": { "enum": Types::NAMES },
            EXAMPLE: { "description": "A value for the preview in Meta's builder." },
        },
        "if": { "properties": { "type": { "const": "array" } }, "required": ["type"] },
        "then": { "required": ["items"] },
    });
    let names = json!({ "type": "array", "items": { "type": "string" } });
    json!({
        "type": "object",
        "properties": { REQUIRED: { "anyOf": [names, property.clone()] } },
        "additionalProperties": property,
    })
}

/// A component of any kind. Its `type` says which one, so that an error is about that one alone.
fn component() -> Value {
    let of_kind = |kind: ComponentKind| {
        json!({
            "if": { "properties": { "type": { "const": kind.name() } }, "required": ["type"] },
            "then": reference(kind.name()),
        })
    };
    json!({
        "type": "object",
        "required": ["type"],
        "properties": { "type": { "type": "string" } },
        "allOf": COMPONENTS.iter().map(|row| of_kind(row.kind)).collect::<Vec<_>>(),
    })
}

/// A list of components that may stand in that place.
fn components(area: Areas) -> Value {
    let rows = || COMPONENTS.iter().filter(|row| row.areas.contain(area));
    let kind = json!({
        "description": "The kind of component.",
        "enum": rows().map(|row| row.kind.name()).collect::<Vec<_>>(),
        // Editors show these beside the names; validators pass over them.
        "enumDescriptions": rows().map(|row| row.kind.doc()).collect::<Vec<_>>(),
    });
    json!({
        "type": "array",
        "items": { "allOf": [reference("component"), { "properties": { "type": kind } }] },
    })
}

/// An object that has these keys; with a `type` if it is a component.
fn object(keys: &[Key], kind: Option<&str>) -> Value {
    let mut properties = Map::new();
    properties.extend(kind.map(|kind| ("type".to_owned(), json!({ "const": kind }))));
    properties.extend(keys.iter().map(|key| (key.name.to_owned(), member(key))));
    let due = keys.iter().filter(|key| key.due).map(|key| key.name);
    let due: Vec<_> = kind.map(|_| "type").into_iter().chain(due).collect();
    json!({ "type": "object", "required": due, "properties": properties, "additionalProperties": false })
}

fn member(key: &Key) -> Value {
    let described = [
        key.longest.map(|longest| format!("A phone has room for {longest}.")),
        key.outside_form
            .then(|| "Outside of a Form only: a Form declares it for all its fields.".to_owned()),
        since(key.since),
    ];
    let described: Vec<_> = described.into_iter().flatten().collect();
    let schema = value(key.takes);
    if described.is_empty() {
        return schema;
    }
    // Draft 7 passes over what stands beside a reference.
    json!({ "description": described.join(" "), "allOf": [schema] })
}

fn value(takes: Takes) -> Value {
    let list =
        |least: usize, items: Value| json!({ "type": "array", "minItems": least, "items": items });
    match takes {
        Takes::Text(Blank::Since6) | Takes::Image | Takes::Pattern => json!({ "type": "string" }),
        Takes::Text(Blank::Empty) => json!({ "type": "string", "minLength": 1 }),
        Takes::Text(Blank::Always) | Takes::Name => {
            json!({ "type": "string", "pattern": NOT_BLANK })
        }
        Takes::Texts => {
            json!({ "anyOf": [{ "type": "string" }, list(0, json!({ "type": "string" }))] })
        }
        Takes::Flag => or_bound(json!({ "type": "boolean" })),
        Takes::FixedFlag => json!({ "type": "boolean" }),
        Takes::Number(least) if least == f64::MIN => or_bound(json!({ "type": "number" })),
        Takes::Number(least) => or_bound(json!({ "type": "number", "minimum": least })),
        Takes::Integer => or_bound(json!({ "type": "integer" })),
        Takes::Count(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Takes::OneOf(choices) => json!({ "enum": choices }),
        Takes::OneOfOrBound(choices) => or_bound(json!({ "enum": choices })),
        Takes::List => or_bound(list(0, json!({ "type": "string" }))),
        Takes::ListOf(choices) => or_bound(list(1, json!({ "enum": choices }))),
        Takes::FixedListOf(choices) => list(1, json!({ "enum": choices })),
        Takes::ShortList(most) => {
            json!({ "type": "array", "minItems": 1, "maxItems": most, "items": { "type": "string" } })
        }
        Takes::Colour => json!({ "type": "string", "pattern": "^#[0-9A-Fa-f]{6}$" }),
        Takes::Record(keys) => object(keys, None),
        Takes::Records(keys) => or_bound(list(1, object(keys, None))),
        Takes::Ends(each) => {
            let ends = RANGE_ENDS.map(|end| (end.to_owned(), value(*each)));
            json!({ "anyOf": [value(*each), { "type": "object", "properties": Map::from_iter(ends) }] })
        }
        Takes::Object | Takes::FieldTexts => or_bound(json!({ "type": "object" })),
        Takes::Messages => {
            let text = json!({ "type": "string", "pattern": NOT_BLANK });
            json!({ "anyOf": [{ "type": "string" }, { "type": "object", "minProperties": 1, "additionalProperties": text }] })
        }
        Takes::Condition => {
            json!({ "anyOf": [{ "type": "string", "pattern": NOT_BLANK }, { "type": "boolean" }] })
        }
        Takes::Bound => json!({ "type": "string", "pattern": BOUND }),
        Takes::Click(actions) => action(actions, true),
        Takes::Select(actions) => action(actions, false),
        Takes::Components(area) => reference(&list_name(area)),
        Takes::Cases => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_-]*$" },
            "additionalProperties": reference(&list_name(Areas::CASE)),
        }),
    }
}

/// An action of one of these kinds. One of a tap may also lead elsewhere; one of a choice always
/// sends something.
fn action(actions: &[(ActionKind, Version)], is_tap: bool) -> Value {
    let names: Vec<_> = actions.iter().map(|(kind, _)| kind.name()).collect();
    let docs: Vec<_> = actions
        .iter()
        .map(|(kind, age)| {
            [Some(kind.doc().to_owned()), since(*age)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let name = json!({ "enum": names, "enumDescriptions": docs });
    let payload = json!({ "type": "object", "description": "What is sent along, or set." });
    if !is_tap {
        return json!({
            "type": "object",
            "required": ["name", "payload"],
            "properties": { "name": name, "payload": payload },
            "additionalProperties": false,
        });
    }
    let screen = json!({
        "type": "object",
        "description": "The screen that `navigate` leads to.",
        "required": ["type", "name"],
        "properties": { "type": { "type": "string", "default": "screen" }, "name": { "type": "string" } },
        "additionalProperties": false,
    });
    let only_of = |kind: ActionKind, key: &str| {
        json!({
            "if": { "properties": { "name": { "const": kind.name() } }, "required": ["name"] },
            "then": { "required": [key] },
            "else": { "properties": { key: false } },
        })
    };
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": name,
            "payload": payload,
            "next": screen,
            "url": { "type": "string", "description": "The page that `open_url` opens." },
        },
        "additionalProperties": false,
        "allOf": [only_of(ActionKind::Navigate, "next"), only_of(ActionKind::OpenUrl, "url")],
    })
}

/// A value, or a reference or an expression in its place.
fn or_bound(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": BOUND }] })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{definition}") })
}

fn described<const N: usize>(keys: [(&str, &str, Value); N]) -> Value {
    let one = |(name, text, schema): (&str, &str, Value)| {
        (name.to_owned(), json!({ "description": text, "allOf": [schema] }))
    };
    Value::Object(keys.into_iter().map(one).collect())
}

/// `None` if every version that can be published has it.
fn since(version: Version) -> Option<String> {
    (version > version::OLDEST_PUBLISHED).then(|| format!("From version {version} on."))
}

fn list_name(area: Areas) -> String {
    format!(
        "{CHILDREN}-{}",
        match area {
            Areas::SCREEN => "of-a-screen",
            Areas::FORM => "of-a-form",
            Areas::BRANCH => "of-an-if",
            _ => "of-a-switch",
        }
    )
}

const AREAS: [Areas; 4] = [Areas::SCREEN, Areas::FORM, Areas::BRANCH, Areas::CASE];

const NOT_BLANK: &str = r"\S";

/// `${..}`, or an expression in backticks.
const BOUND: &str = r"^(\$\{[\s\S]*\}|`[\s\S]*`)$";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{head, screens};
    use super::*;

    #[test]
    fn an_editor_offers_every_component_with_every_key() {
        let schema = json_schema();
        let names = |object: &Value| -> BTreeSet<String> {
            object["properties"].as_object().unwrap().keys().cloned().collect()
        };
        for row in COMPONENTS {
            let definition = &schema["definitions"][row.kind.name()];
            let keys = row.keys.iter().map(|key| key.name.to_owned());
            assert_eq!(
                names(definition),
                keys.chain(["type".to_owned()]).collect(),
                "{:?}",
                row.kind
            );
            assert!(definition["description"].as_str().unwrap().ends_with('.'), "{definition}");
        }
        let screen = &schema["definitions"][list_name(Areas::SCREEN)]["items"]["allOf"][1];
        let offered = &screen["properties"]["type"];
        assert_eq!(offered["enum"].as_array().unwrap().len(), COMPONENTS.len());
        assert_eq!(offered["enumDescriptions"][0], "The largest heading.");
    }

    #[test]
    fn documents_and_screens_have_the_keys_that_the_check_knows() {
        let names = |object: Value| -> Vec<String> {
            object["properties"].as_object().unwrap().keys().cloned().collect()
        };

        assert_eq!(names(document()), head::KEYS);
        assert_eq!(names(json_schema()), head::KEYS);
        assert_eq!(names(screen()), screens::KEYS);
    }
}
