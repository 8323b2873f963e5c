//! The TypeScript file that is made from a Flow JSON: the types of its screens and forms.

use std::fmt::Write as _;

use flowhost_flow_json::screen_types::{
    Field, Flow, Kind, Names, Property, Screen, Shape, type_name,
};
use serde_json::Value;

/// The file's name in the folder of the plugin's main file.
pub(super) const FILE_NAME: &str = "flow.gen.ts";

/// The text of the file. It is the same for the same Flow JSON.
pub(super) fn module(flow: &Flow) -> String {
    let named = Named::all(&flow.screens);
    let mut text = String::from(HEAD);
    let body = body(flow, &named);
    let imports = SDK_TYPES.iter().filter(|(name, _)| body.contains(name));
    let imports: Vec<_> = imports.map(|(_, import)| *import).chain(["screensOf"]).collect();
    let _ = writeln!(text, "import {{ {} }} from \"@flowhost/sdk\";\n", imports.join(", "));
    text + &body
}

fn body(flow: &Flow, named: &[Named<'_>]) -> String {
    let mut text = String::new();
    if !flow.items.is_empty() {
        text.push_str("/** An entry of a list to choose from. */\n");
        let _ = writeln!(text, "export interface Item {}\n", object(&flow.items, 0));
    }
    for Named { screen, name } in named {
        let _ =
            writeln!(text, "/** The data of screen `{}`: {} */", screen.id, comment(&screen.title));
        let data = if screen.data.is_empty() {
            format!("export type {name}Data = Record<string, never>;")
        } else {
            format!("export interface {name}Data {}", object(&screen.data, 0))
        };
        let _ = writeln!(text, "{data}\n");
        if let Some(fields) = &screen.form {
            let _ = writeln!(
                text,
                "/** The form of screen `{}`: what its `data_exchange` actions send. */\nexport interface {name}Form {}\n",
                screen.id,
                form(fields)
            );
        }
    }
    text.push_str("/** All screens: their data, and the forms that they send. */\nexport interface Screens {\n");
    for Named { screen, name } in named {
        let form = screen.form.as_ref().map_or_else(String::new, |_| format!("; form: {name}Form"));
        let _ = writeln!(text, "  {}: {{ data: {name}Data{form} }};", screen.id);
    }
    text.push_str("}\n\nexport const { flow, show } = screensOf<Screens>({\n");
    for Named { screen, .. } in named {
        let Some(fields) = &screen.form else { continue };
        let types: Vec<_> = fields
            .iter()
            .map(|field| format!("{}: \"{}\"", key(&field.name), code(field)))
            .collect();
        let types =
            if types.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", types.join(", ")) };
        let _ = writeln!(text, "  {}: {types},", screen.id);
    }
    text + "});\n"
}

/// A screen and the beginning of its types' names.
struct Named<'a> {
    screen: &'a Screen,
    name: String,
}

impl<'a> Named<'a> {
    fn all(screens: &'a [Screen]) -> Vec<Self> {
        let mut names = Names::default();
        let name = |screen: &Screen| names.take(&type_name(&screen.id));
        screens.iter().map(name).zip(screens).map(|(name, screen)| Self { screen, name }).collect()
    }
}

/// An object type over several lines, whose first line is `depth` levels deep.
fn object(properties: &[Property], depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut text = String::from("{\n");
    for property in properties {
        if let Some(example) = property.quoted_example() {
            let _ = writeln!(text, "{indent}  /** For example {}. */", comment(&example));
        }
        let optional = if property.optional { "?" } else { "" };
        let ty = shape(&property.shape, depth + 1);
        let _ = writeln!(text, "{indent}  {}{optional}: {ty};", name(&property.name));
    }
    text + &indent + "}"
}

fn shape(shape: &Shape, depth: usize) -> String {
    match shape {
        Shape::Bool => "boolean".to_owned(),
        Shape::Integer | Shape::Number => "number".to_owned(),
        Shape::Item => "Item".to_owned(),
        Shape::List(entry) => match &**entry {
            entry @ Shape::Object(_) => format!("Array<{}>", self::shape(entry, depth)),
            entry => format!("{}[]", self::shape(entry, depth)),
        },
        Shape::Object(properties) if properties.is_empty() => "Record<string, never>".to_owned(),
        Shape::Object(properties) => object(properties, depth),
        Shape::Text => "string".to_owned(),
        Shape::Unknown => "JsonValue".to_owned(),
    }
}

fn form(fields: &[Field]) -> String {
    let mut text = String::from("{\n");
    for field in fields {
        let ty = match field.kind {
            Kind::Bool => "boolean",
            Kind::Date => "Day",
            Kind::DateRange => "DateRange",
            Kind::Files => "media.Reference[]",
            Kind::Number => "number",
            Kind::Text => "string",
            Kind::Texts => "string[]",
            Kind::Unknown => "JsonValue",
        };
        let none = if code(field).ends_with('?') { " | null" } else { "" };
        let _ = writeln!(
            text,
            "  /** `{}` */\n  {}: {ty}{none};",
            comment(&field.source),
            name(&field.name)
        );
    }
    text + "}"
}

/// The field's type as the SDK reads it. What is false, empty or null if it is absent has no mark.
fn code(field: &Field) -> String {
    let (code, may_be_null) = match field.kind {
        Kind::Bool => ("bool", false),
        Kind::Date => ("date", true),
        Kind::DateRange => ("dateRange", false),
        Kind::Files => ("files", false),
        Kind::Number => ("number", true),
        Kind::Text => ("text", true),
        Kind::Texts => ("texts", false),
        Kind::Unknown => ("unknown", false),
    };
    format!("{code}{}", if may_be_null && field.optional { "?" } else { "" })
}

/// A name of a property in a type.
fn name(name: &str) -> String {
    let plain = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

/// A name of a property in an object, where `__proto__` would be none.
fn key(key: &str) -> String {
    if key == "__proto__" { "[\"__proto__\"]".to_owned() } else { name(key) }
}

/// A text that ends no comment, on one line.
fn comment(text: &str) -> String {
    text.replace("*/", "* /").replace(['\n', '\r'], " ")
}

const HEAD: &str = "\
// Made from flow.json, and made anew with each build: `flowhost plugin types` does it alone. Not to be edited.

";

/// What the file may use of the SDK: how that is written in it, and how it is imported.
const SDK_TYPES: [(&str, &str); 4] = [
    ("DateRange", "type DateRange"),
    ("Day", "type Day"),
    ("JsonValue", "type JsonValue"),
    ("media.Reference", "type media"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(document: Value) -> String {
        module(&Flow::parse(&document.to_string()).unwrap())
    }

    #[test]
    fn a_flow_becomes_types_and_what_the_sdk_reads_forms_by() {
        let text = |name: &str, required: bool| json!({"type": "TextInput", "name": name, "required": required});
        let payload = json!({"name": "${form.name}", "alt-name": "${form.alt}", "day": "${form.day}", "stay": "${form.stay}", "photos": "${form.photos}", "terms": "${form.terms}"});
        let layout = json!({"type": "SingleColumnLayout", "children": [
            text("name", true), text("alt", false), {"type": "DatePicker", "name": "day"},
            {"type": "CalendarPicker", "mode": "range", "name": "stay"}, {"type": "PhotoPicker", "name": "photos"}, {"type": "OptIn", "name": "terms"},
            {"type": "Footer", "on-click-action": {"name": "data_exchange", "payload": payload}},
        ]});
        let item = json!({"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "image": {"type": "string"}}});
        let data = json!({
            "list": {"type": "array", "items": item, "__example__": [{"id": "1", "title": "*/ `x`"}]},
            "known": {"type": "object", "properties": {"n": {"type": "number"}, "any": {}}, "required": ["n"]},
            "odd": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "boolean"}}}},
        });
        let document = json!({"version": "7.1", "screens": [{"id": "MY_SCREEN", "title": "Ask */ us", "data": data, "layout": layout}, {"id": "MYSCREEN"}, {"id": "MyScreen"}]});

        assert_eq!(
            of(document),
            include_str!("../../../../../guest-sdk/typescript/tests/flow.gen.expected.ts")
        );
    }

    #[test]
    fn a_flow_that_sends_nothing_has_no_forms() {
        let text = of(json!({"screens": [{"id": "A"}]}));

        assert!(
            text.contains("import { screensOf } from")
                && text.ends_with("screensOf<Screens>({\n});\n"),
            "{text}"
        );
        assert!(text.contains("export type AData = Record<string, never>;"), "{text}");
    }

    #[test]
    fn no_name_breaks_the_file() {
        let payload = json!({"__proto__": "x", "a\"b\n": true, "": 1});
        let layout = json!({"type": "SingleColumnLayout", "children": [{"type": "Footer", "on-click-action": {"name": "data_exchange", "payload": payload}}]});

        let text = of(json!({"screens": [{"id": "A", "layout": layout}]}));

        assert!(text.contains(r#"["__proto__"]: "text""#), "{text}");
        assert!(text.contains(r#""a\"b\n": "bool""#) && text.contains(r#""": "number""#), "{text}");
    }
}
