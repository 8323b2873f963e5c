//! Generates `screens.py`: the types of a Flow JSON's screens and forms, for the SDK in Python.

use std::fmt::Write;

use flowhost_flow_json::screen_types::{
    Field, Flow, Kind, Names, Property, Screen, Shape, type_name,
};

/// The text of the module.
pub(super) fn module(flow: &Flow) -> String {
    let mut names = Names::with(&["Item", FORMS]);
    let named: Vec<Named<'_>> =
        flow.screens.iter().map(|screen| Named::new(screen, &mut names)).collect();
    let mut code = HEAD.to_owned();
    if !flow.items.is_empty() {
        code += &item(&flow.items);
    }
    let mut forms = Vec::new();
    for Named { screen, class, form } in &named {
        let mut objects = Objects { screen: class, names: &mut names, code: String::new() };
        let fields = objects.fields(&screen.data, "", &["ID"], Inside::Screen);
        code += &objects.code;
        let about = sentence(&format!("Screen `{}`: {}.", screen.id, screen.title));
        code += &format!(
            "\n\n@_dataclass(slots=True, kw_only=True)\nclass {class}(_sdk.Screen):\n    \"\"\"{about}\"\"\"\n\n    ID: _ClassVar[str] = {}\n{fields}",
            quoted(&screen.id)
        );
        if let (Some(form), Some(fields)) = (form, &screen.form) {
            code += &form_class(form, &screen.id, fields);
            forms.push(form.as_str());
        }
    }
    let listed: String = forms.iter().map(|form| format!("{form}, ")).collect();
    let listed = listed.trim_end();
    let listed = if forms.len() == 1 { listed } else { listed.trim_end_matches(',') };
    write!(
        code,
        "\n\n{FORMS} = ({listed})\n\"\"\"All forms: the plugin has to answer each.\"\"\"\n"
    )
    .expect("a String takes any text");
    code
}

/// A screen and the names of its classes.
struct Named<'a> {
    screen: &'a Screen,
    class: String,
    form: Option<String>,
}

impl<'a> Named<'a> {
    fn new(screen: &'a Screen, names: &mut Names) -> Self {
        let wanted = match type_name(&screen.id) {
            taken if taken == "Item" || KEYWORDS.contains(&taken.as_str()) => {
                format!("{taken}Screen")
            }
            free => free,
        };
        let class = names.take(&wanted);
        let form = screen.form.is_some().then(|| names.take(&format!("{class}Form")));
        Named { screen, class, form }
    }
}

/// Where a type is used.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// In the entry of a list, which all screens share.
    Item,
    /// In a screen's data.
    Screen,
}

/// Collects the classes of the objects inside a screen's data.
struct Objects<'a> {
    /// The screen's class, with which their names begin.
    screen: &'a str,
    names: &'a mut Names,
    code: String,
}

impl Objects<'_> {
    fn fields(
        &mut self,
        properties: &[Property],
        path: &str,
        taken: &[&str],
        inside: Inside,
    ) -> String {
        let mut names = Names::with(taken);
        let named: Vec<String> =
            properties.iter().map(|property| names.take(&field_name(&property.name))).collect();
        let builtins = Builtins::of(&named);
        let mut code = String::new();
        for (name, property) in named.iter().zip(properties) {
            let kind =
                self.shape(&property.shape, &format!("{path}_{}", property.name), inside, builtins);
            code += &declared(name, property, &kind);
        }
        code
    }

    fn shape(&mut self, shape: &Shape, path: &str, inside: Inside, builtins: Builtins) -> String {
        match shape {
            Shape::Bool => builtins.named("bool"),
            Shape::Integer => builtins.named("int"),
            Shape::Item => "Item".to_owned(),
            Shape::List(entry) => {
                let entry = self.shape(entry, path, inside, builtins);
                format!("{}[{entry}]", builtins.named("list"))
            }
            Shape::Number => "_sdk.Number".to_owned(),
            Shape::Object(_) if inside == Inside::Item => "_sdk.Json".to_owned(),
            Shape::Object(properties) => self.object(properties, path),
            Shape::Text => builtins.named("str"),
            Shape::Unknown => "_sdk.Json".to_owned(),
        }
    }

    /// Adds the class of an object and returns its name.
    fn object(&mut self, properties: &[Property], path: &str) -> String {
        let class = self.names.take(&format!("{}{}", self.screen, type_name(path)));
        let fields = self.fields(properties, path, &[], Inside::Screen);
        let about = sentence(&format!(
            "An object `{}` of the screen's data.",
            path.trim_start_matches('_')
        ));
        self.code += &format!(
            "\n\n@_dataclass(slots=True, kw_only=True)\nclass {class}:\n    \"\"\"{about}\"\"\"\n{}{fields}",
            if fields.is_empty() { "" } else { "\n" }
        );
        class
    }
}

/// The class of all list entries with an id and a title.
fn item(properties: &[Property]) -> String {
    let mut names = Names::default();
    let mut nothing = Names::default();
    let mut objects = Objects { screen: "", names: &mut nothing, code: String::new() };
    let (first, rest): (Vec<&Property>, Vec<&Property>) =
        properties.iter().partition(|property| ["id", "title"].contains(&property.name.as_str()));
    let mut code = "\n\n@_dataclass(slots=True)\nclass Item:\n    \"\"\"An entry of a list to choose from: `Item(\"2\", \"Two of us\")`. What a list's entries don't have stays none.\"\"\"\n\n".to_owned();
    let named: Vec<(String, &Property)> = first
        .iter()
        .chain(&rest)
        .map(|property| (names.take(&field_name(&property.name)), *property))
        .collect();
    let builtins = Builtins::of(&named.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    for (number, (name, property)) in named.iter().enumerate() {
        if number == first.len() {
            code += "    _: _KW_ONLY\n";
        }
        let kind = objects.shape(&property.shape, "", Inside::Item, builtins);
        code += &declared(name, property, &kind);
    }
    code
}

/// One field of a screen's data, or of an object inside it.
fn declared(name: &str, property: &Property, kind: &str) -> String {
    let renamed = name != property.name;
    let given = match (property.optional, renamed) {
        (false, false) => String::new(),
        (false, true) => {
            format!(" = _field(metadata=_sdk.named({}))", quoted(&property.name))
        }
        (true, false) => " = _field(default=None, metadata=_sdk.left_out)".to_owned(),
        (true, true) => format!(
            " = _field(default=None, metadata=_sdk.named({}, optional=True))",
            quoted(&property.name)
        ),
    };
    let none = if property.optional { " | None" } else { "" };
    format!("    {name}: {kind}{none}{given}\n    \"\"\"{}\"\"\"\n", about(property))
}

/// The class of a screen's form.
fn form_class(class: &str, id: &str, fields: &[Field]) -> String {
    let mut names = Names::with(&["SCREEN"]);
    let named: Vec<String> =
        fields.iter().map(|field| names.take(&field_name(&field.name))).collect();
    let builtins = Builtins::of(&named);
    let mut code = format!(
        "\n\n@_dataclass(slots=True, kw_only=True)\nclass {class}(_sdk.Form):\n    \"\"\"The form of screen `{id}`: what its `data_exchange` actions send.\"\"\"\n\n    SCREEN: _ClassVar[str] = {}\n",
        quoted(id)
    );
    for (name, field) in named.iter().zip(fields) {
        let given = if *name == field.name {
            String::new()
        } else {
            format!(" = _field(metadata=_sdk.named({}))", quoted(&field.name))
        };
        let source = sentence(&format!("`{}`", field.source));
        code += &format!(
            "    {name}: {}{given}\n    \"\"\"{source}\"\"\"\n",
            field_type(field, builtins)
        );
    }
    code
}

fn field_type(field: &Field, builtins: Builtins) -> String {
    let kind = match field.kind {
        // If absent, they are false, empty, or null.
        Kind::Bool => return builtins.named("bool"),
        Kind::DateRange => return "_sdk.PartialDateRange".to_owned(),
        Kind::Files => return format!("{}[_sdk.media.Reference]", builtins.named("list")),
        Kind::Texts => return format!("{}[{}]", builtins.named("list"), builtins.named("str")),
        Kind::Unknown => return "_sdk.Json".to_owned(),
        Kind::Date => "_datetime.date".to_owned(),
        Kind::Number => "_sdk.Number".to_owned(),
        Kind::Text => builtins.named("str"),
    };
    if field.optional { format!("{kind} | None") } else { kind }
}

/// How the built-in types are named in a class: a field of the same name would hide them.
#[derive(Clone, Copy)]
struct Builtins {
    hidden: bool,
}

impl Builtins {
    fn of(fields: &[String]) -> Self {
        Self { hidden: fields.iter().any(|name| BUILTINS.contains(&name.as_str())) }
    }

    fn named(self, name: &str) -> String {
        if self.hidden { format!("_builtins.{name}") } else { name.to_owned() }
    }
}

/// A property's name, changed only where Python requires it. Two underscores at the beginning would
/// hide a field from all but its class.
fn field_name(name: &str) -> String {
    let allowed: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let inner = allowed.trim_start_matches('_');
    let name = match inner.chars().next() {
        None => return "unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() || allowed.starts_with('_') => format!("_{inner}"),
        Some(_) => allowed,
    };
    if KEYWORDS.contains(&name.as_str()) || HIDING.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

fn about(property: &Property) -> String {
    let example = property.quoted_example().map(|example| format!(", for example {example}"));
    sentence(&format!("`{}`{}", property.name, example.unwrap_or_default()))
}

/// A text as the inside of a docstring.
fn sentence(text: &str) -> String {
    let text: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    text.replace('\\', "\\\\").replace('"', "'")
}

/// A text as a literal. Escapes of JSON are those of Python too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const HEAD: &str = r#""""The screens of `flow.json` as types.

`flowhost plugin build` writes this file. Change `flow.json` instead.
"""

# ruff: noqa

from __future__ import annotations

import builtins as _builtins
import datetime as _datetime
from dataclasses import KW_ONLY as _KW_ONLY
from dataclasses import dataclass as _dataclass
from dataclasses import field as _field
from typing import ClassVar as _ClassVar

import flowhost_sdk as _sdk
"#;

const FORMS: &str = "FORMS";

/// What types are written with.
const BUILTINS: [&str; 4] = ["bool", "int", "list", "str"];

/// What a method of a generated class is written with.
const HIDING: [&str; 2] = ["self", "cls"];

/// The words of Python that are no names (the Python reference, "Keywords").
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_becomes_a_module() {
        let text = include_str!("../../../../../guest-sdk/macros/tests/flows/table.json");
        let code = module(&Flow::parse(text).unwrap());

        let expected = include_str!("screens/table.py");
        assert_eq!(code, expected, "\n{code}");
    }

    #[test]
    fn fields_keep_their_names_where_python_allows_it() {
        for (name, expected) in [
            ("firstName", "firstName"),
            ("alt-text", "alt_text"),
            ("2nd", "_2nd"),
            ("__init__", "_init__"),
            ("_private", "_private"),
            ("from", "from_"),
            ("self", "self_"),
            ("None", "None_"),
            ("match", "match"),
            ("", "unnamed"),
            ("__", "unnamed"),
        ] {
            assert_eq!(field_name(name), expected, "{name}");
        }
    }

    #[test]
    fn nothing_in_a_flow_json_breaks_out_of_a_text() {
        let evil = "\"\"\"\\\nimport os #";
        let flow = Flow {
            screens: vec![Screen {
                id: "NONE".to_owned(),
                title: evil.to_owned(),
                data: vec![Property {
                    name: evil.to_owned(),
                    shape: Shape::List(Box::new(Shape::Text)),
                    optional: true,
                    example: Some(json!(evil)),
                }],
                form: Some(vec![Field {
                    name: "list".to_owned(),
                    kind: Kind::Texts,
                    optional: false,
                    source: evil.to_owned(),
                }]),
            }],
            items: Vec::new(),
        };

        let code = module(&flow);

        assert!(code.contains("class NoneScreen(_sdk.Screen):"), "{code}");
        assert!(code.contains("    list: _builtins.list[_builtins.str]\n"), "{code}");
        assert!(code.contains("FORMS = (NoneScreenForm,)\n"), "{code}");
        assert!(!code.lines().any(|line| line.starts_with("import os")), "{code}");
        // Each line of the class has as many quotation marks as it needs.
        for line in code.lines().filter(|line| line.contains("import os")) {
            let marks = line.matches("\"\"\"").count();
            assert!(marks == 2 || line.contains("metadata="), "{line}");
        }
    }
}
