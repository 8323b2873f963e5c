//! The types of a flow's screens: what data each one takes, and what form it sends. The SDKs of all
//! languages generate their types from this, so that they agree on what may be left out.

mod components;
mod names;
mod payload;
mod schema;

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use crate::{
    self as flow_json, Document, IdFault, Reference, SUCCESS, Store, Unreadable, id_fault,
};

use self::components::Components;
use self::payload::Scope;

pub use self::names::{Names, type_name};
pub use self::payload::{Field, Kind};
pub use self::schema::{Property, Shape};

/// The screens of a Flow JSON, in its order.
#[derive(Debug)]
pub struct Flow {
    /// One for each screen.
    pub screens: Vec<Screen>,
    /// The merged properties of all list entries that have an id and a title: of
    /// [`Shape::Item`]. Empty if the flow has no such list.
    pub items: Vec<Property>,
}

/// The types of one screen.
#[derive(Debug)]
pub struct Screen {
    /// The id in the Flow JSON, such as `DETAILS`.
    pub id: String,
    /// What the user reads above it; empty if the Flow JSON has none.
    pub title: String,
    /// What a reply that shows it gives: each property that the screen declares.
    pub data: Vec<Property>,
    /// The form that it sends to the plugin; `None` if it sends nothing.
    pub form: Option<Vec<Field>>,
}

/// A problem with a Flow JSON. Its message follows the file's name.
#[derive(Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The text is not JSON: line, column, reason.
    Syntax(usize, usize, String),
    /// A value is wrong: JSON pointer, reason.
    Value(String, String),
}

impl Flow {
    /// Parses a Flow JSON or returns all mistakes in it. Anything that concerns only the client is
    /// not checked here.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let document =
            Document::parse(text.as_bytes()).map_err(|reason| vec![unreadable(reason)])?;
        let Some(listed) = document.written().get("screens").and_then(Value::as_array) else {
            return Err(vec![no_flow_json()]);
        };
        let mistakes: Vec<Mistake> = listed
            .iter()
            .enumerate()
            .filter_map(|(number, screen)| mistake_in(number, screen, &document))
            .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Flow { screens: screens(&document), items: items(&document) })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::Syntax(line, column, reason) => {
                write!(formatter, ":{line}:{column}: {reason}")
            }
            Mistake::Value(pointer, reason) if pointer.is_empty() => write!(formatter, " {reason}"),
            Mistake::Value(pointer, reason) => write!(formatter, ": {pointer} {reason}"),
        }
    }
}

fn unreadable(reason: Unreadable) -> Mistake {
    match reason {
        Unreadable::Syntax(error) => syntax(&error),
        Unreadable::NoObject(_) => no_flow_json(),
        other => Mistake::Value(String::new(), other.to_string()),
    }
}

fn no_flow_json() -> Mistake {
    Mistake::Value(String::new(), "is no Flow JSON: it has no list `screens`".to_owned())
}

fn syntax(error: &serde_json::Error) -> Mistake {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let position = format!(" at line {line} column {column}");
    Mistake::Syntax(line, column, message.strip_suffix(&position).unwrap_or(&message).to_owned())
}

fn mistake_in(number: usize, screen: &Value, document: &Document) -> Option<Mistake> {
    let at = |name: &str, reason: String| {
        Some(Mistake::Value(format!("/screens/{number}{name}"), reason))
    };
    let Some(id) = screen.get("id").and_then(Value::as_str) else {
        return at("", "has no text `id`".to_owned());
    };
    match id_fault(id) {
        Some(IdFault::Empty | IdFault::Characters | IdFault::NoLetters) => {
            return at("/id", format!("is \"{id}\", but a screen's id has letters and _ only"));
        }
        Some(IdFault::Ends) => {
            return at(
                "/id",
                format!("is {SUCCESS}, which no screen may be called: it ends a flow"),
            );
        }
        // Types can be generated from it. `plugin check` reports that WhatsApp refuses it.
        Some(IdFault::Reserved) | None => (),
    }
    if document.screen(id).is_some_and(|first| first.number != number) {
        at("/id", format!("is {id}, which another screen is called already"))
    } else if screen.get("data").is_some_and(|data| !data.is_object()) {
        at("/data", "is no object of properties".to_owned())
    } else {
        None
    }
}

fn screens(document: &Document) -> Vec<Screen> {
    let listed: Vec<flow_json::Screen<'_>> = document.screens().collect();
    let known: Vec<(Vec<Property>, Components)> = listed
        .iter()
        .map(|screen| {
            let components = Components::of(screen.layout(), document.dates_are_days());
            (schema::of_screen(*screen, &partial(*screen)), components)
        })
        .collect();
    let mut scopes: Vec<Scope<'_>> = listed
        .iter()
        .zip(&known)
        .map(|(screen, (data, components))| Scope {
            id: screen.id,
            data,
            components,
            uncertain: HashSet::new(),
        })
        .collect();
    find_uncertain(&mut scopes, &listed);
    let screen = |(screen, scope): (&flow_json::Screen<'_>, &Scope<'_>)| Screen {
        id: scope.id.to_owned(),
        title: screen.title().and_then(Value::as_str).unwrap_or_default().to_owned(),
        data: scope.data.to_vec(),
        form: payload::fields(screen.layout(), scope, &scopes),
    };
    listed.iter().zip(&scopes).map(screen).collect()
}

/// Finds the properties that may be missing from the screens' data. A property missing on one
/// screen may be missing on the next, so it repeats until nothing changes.
fn find_uncertain(scopes: &mut [Scope<'_>], screens: &[flow_json::Screen<'_>]) {
    loop {
        let missing: Vec<(&str, Vec<String>)> = scopes
            .iter()
            .zip(screens)
            .flat_map(|(scope, screen)| {
                payload::missing_after_navigation(screen.layout(), scope, scopes)
            })
            .collect();
        let mut is_news = false;
        for (id, names) in missing {
            let target = scopes.iter_mut().filter(|scope| scope.id == id);
            target.for_each(|scope| {
                names.iter().for_each(|name| is_news |= scope.uncertain.insert(name.clone()))
            });
        }
        if !is_news {
            break;
        }
    }
}

/// The merged properties of all entries. An entry of one list may have properties that another's
/// lacks, so all but `id` and `title` are optional.
fn items(document: &Document) -> Vec<Property> {
    let mut together: Vec<Property> = Vec::new();
    for property in document.screens().flat_map(schema::item_schemas).flatten() {
        match together.iter_mut().find(|known| known.name == property.name) {
            Some(known) if known.shape != property.shape => known.shape = Shape::Unknown,
            Some(_) => {}
            None => together.push(Property {
                optional: !["id", "title"].contains(&property.name.as_str()),
                example: None,
                ..property
            }),
        }
    }
    together
}

/// The paths of objects of which any part may be given, because a form or a component takes them
/// for a member such as `init-values`.
fn partial(screen: flow_json::Screen<'_>) -> Vec<String> {
    let components = screen.all_components();
    let given = components.iter().flat_map(|component| {
        PARTIAL.into_iter().filter_map(|name| component.member(name)?.as_str())
    });
    let own_data = given
        .filter_map(Reference::of)
        .filter(|reference| reference.screen.is_none() && reference.store == Store::Data);
    own_data.map(|reference| reference.path.to_owned()).collect()
}

/// The members that a form takes for some of its fields, and a calendar for one of its two days.
const PARTIAL: [&str; 6] =
    ["error-message", "error-messages", "helper-text", "init-value", "init-values", "required"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        Flow::parse(text).unwrap_err().iter().map(|mistake| format!("flow.json{mistake}")).collect()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(
            mistakes("{\n  \"version\": \"7.3\"\n  \"screens\": []\n}"),
            ["flow.json:3:3: expected `,` or `}`"]
        );
        assert_eq!(mistakes("[]"), ["flow.json is no Flow JSON: it has no list `screens`"]);
        let marked = "flow.json begins with a byte order mark (the bytes EF BB BF), which WhatsApp refuses: save the file again as UTF-8 without it; editors call that \"UTF-8\" and the other \"UTF-8 with BOM\"";
        assert_eq!(mistakes("\u{feff}{}"), [marked]);
        let screens = r#"{"screens": [{"id": "A"}, {}, {"id": "B2"}, {"id": "A"}, {"id": "SUCCESS"}, {"id": "C", "data": []}, {"id": "__"}]}"#;
        assert_eq!(
            mistakes(screens),
            [
                "flow.json: /screens/1 has no text `id`",
                "flow.json: /screens/2/id is \"B2\", but a screen's id has letters and _ only",
                "flow.json: /screens/3/id is A, which another screen is called already",
                "flow.json: /screens/4/id is SUCCESS, which no screen may be called: it ends a flow",
                "flow.json: /screens/5/data is no object of properties",
                "flow.json: /screens/6/id is \"__\", but a screen's id has letters and _ only",
            ]
        );
    }

    /// A leads to B and B to C, so a value that A's form may lack may be missing on C.
    #[test]
    fn what_navigation_may_not_bring_is_optional_in_forms() {
        let go = |to: &str, payload: Value| json!({"type": "Footer", "on-click-action": {"name": "navigate", "next": {"type": "screen", "name": to}, "payload": payload}});
        let name = |required: bool| json!({"type": "TextInput", "name": if required { "name" } else { "city" }, "required": required});
        let data = json!({"name": {"type": "string"}, "city": {"type": "string"}, "more": {"type": "string"}});
        let sent = json!({"name": "${data.name}", "city": "${data.city}", "more": "${data.more}"});
        let ask = json!({"type": "Footer", "on-click-action": {"name": "data_exchange", "payload": sent}});
        let layout = |children: Value| json!({"type": "SingleColumnLayout", "children": children});
        let document = json!({"version": "7.3", "screens": [
            {"id": "A", "layout": layout(json!([name(true), name(false), go("B", json!({"name": "${form.name}", "city": "${form.city}", "more": "x"}))]))},
            {"id": "B", "data": data, "layout": layout(json!([go("C", json!({"name": "${data.name}", "city": "${data.city}"}))]))},
            {"id": "C", "data": data, "layout": layout(json!([go("B", sent), ask]))},
            {"id": "D", "data": data, "layout": layout(json!([ask]))},
        ]});

        let flow = Flow::parse(&document.to_string()).unwrap();

        let optional = |at: usize| {
            let fields = flow.screens[at].form.as_ref().unwrap().iter();
            fields
                .map(|field| (field.name.as_str(), field.optional))
                .collect::<std::collections::BTreeMap<_, _>>()
        };
        assert_eq!(optional(2), [("name", false), ("city", true), ("more", true)].into());
        assert_eq!(optional(3), [("name", false), ("city", false), ("more", false)].into());
        assert!(
            flow.screens[2].data.iter().all(|property| !property.optional),
            "a reply gives all of it"
        );
    }

    #[test]
    fn a_flow_is_read_in_its_order() {
        let flow = Flow::parse(include_str!("../../../../plugins/appointment/flow.json")).unwrap();

        assert_eq!(
            flow.screens.iter().map(|screen| screen.id.as_str()).collect::<Vec<_>>(),
            ["APPOINTMENT", "DETAILS", "SUMMARY", "TERMS"]
        );
        let names: Vec<_> = flow.screens[1]
            .form
            .as_ref()
            .unwrap()
            .iter()
            .map(|field| (field.name.as_str(), field.optional))
            .collect();
        assert_eq!(
            names,
            [("name", false), ("email", false), ("phone", false), ("more_details", true)]
        );
        assert!(flow.screens[3].form.is_none());
        let items: Vec<_> =
            flow.items.iter().map(|property| (property.name.as_str(), property.optional)).collect();
        assert_eq!(items, [("id", false), ("title", false), ("enabled", true)]);
        assert_eq!(flow.screens[0].data.iter().filter(|property| property.optional).count(), 0);
    }
}
