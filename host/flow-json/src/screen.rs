//! Screens: what the document says of each, as far as it can be shown as text and answered.

use serde_json::{Map, Value};

use super::finding::{Collector, Pointer, quoted};
use super::names::{
    INVALID_PROPERTY_TYPE, MIN_CHARS_REQUIRED, MISSING_REQUIRED_PROPERTY, MISSING_REQUIRED_TYPE_PROPERTY,
    NOT_KEYWORD_SCHEMA_VALIDATION_FAILED, PATTERN_MISMATCH, SCREEN_ID_IS_RESERVED_KEYWORD,
};
use super::schema::{EXAMPLE, Schema, described};

/// A screen. Texts may hold bindings as `${data.name}`, which the data of a reply fills.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Whether the flow can end here.
    pub terminal: bool,
    /// Whether ending here is a success; true where it isn't said.
    pub success: bool,
    /// Whether the endpoint is asked when the user goes back from here.
    pub refresh_on_back: bool,
    /// What it declares as its data, in the order of the document; none where it declares no `data` at all.
    pub data: Option<Vec<DataProperty>>,
    /// Texts and fields in the order of the document, those of all branches of an `If` or a `Switch` among them.
    pub contents: Vec<Content>,
    /// The button at its end: the first one, where branches have several.
    pub footer: Option<Footer>,
}

/// A property of a screen's data.
#[derive(Clone, Debug, PartialEq)]
pub struct DataProperty {
    /// Its name.
    pub name: String,
    /// What it is declared as: the JSON Schema with its `type`, without the example.
    pub schema: Value,
    /// Its `__example__`.
    pub example: Option<Value>,
}

/// What stands on a screen.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a screen has tens of them at the most, and most are fields")]
pub enum Content {
    /// A text to read: which component, and its text.
    Text {
        /// The component's type, for example `TextHeading`.
        component: String,
        /// The text or texts.
        text: Value,
    },
    /// A field to fill.
    Field(Field),
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name in the form.
    pub name: String,
    /// The component's type, for example `TextInput`.
    pub component: String,
    /// What is asked; may be a binding.
    pub label: Option<String>,
    /// Whether it must be filled: true, false or a binding; false where it isn't said.
    pub required: Value,
    /// The options to choose from (`data-source`): a list, or a binding to one.
    pub options: Option<Value>,
    /// All that the document says of the component, its name, its type and its label too.
    pub properties: Map<String, Value>,
    /// What happens at once when it is filled.
    pub on_select: Option<Action>,
}

/// The button at the end of a screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Footer {
    /// What stands on it; may be a binding.
    pub label: Option<String>,
    /// What happens when it is pressed.
    pub action: Option<Action>,
}

/// What a press or a choice does.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// `data_exchange`, `navigate`, `complete` or another.
    pub name: String,
    /// The screen that `navigate` leads to.
    pub next: Option<String>,
    /// What is sent along: an object whose values may be bindings as `${form.name}` and `${data.name}`.
    pub payload: Value,
}

impl Screen {
    /// The fields, in the order of the document.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.contents.iter().filter_map(|content| match content {
            Content::Field(field) => Some(field),
            Content::Text { .. } => None,
        })
    }

    /// The examples of its data, by name: what a simulator can show before a reply is there.
    pub fn example_data(&self) -> Map<String, Value> {
        let properties = self.data.iter().flatten();
        properties.filter_map(|property| Some((property.name.clone(), property.example.clone()?))).collect()
    }
}

/// A screen as it was read, with what is checked of it further.
pub(super) struct ReadScreen {
    pub(super) screen: Screen,
    pub(super) at: Pointer,
    pub(super) schema: Option<Schema>,
    /// Where `navigate` actions lead, and where each stands.
    pub(super) navigations: Vec<(Pointer, String)>,
}

/// Reads a screen. Without a usable id there is none, since nothing can be said about it; what else is wrong is read over.
pub(super) fn read_screen(value: &Value, at: Pointer, found: &mut Collector) -> Option<ReadScreen> {
    let Value::Object(members) = value else {
        found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; a screen is an object", described(value)));
        return None;
    };
    let id = read_id(members, &at, found);
    let mut screen = Screen {
        title: optional(members, "title", Value::as_str, "a text", &at, found).map(str::to_owned),
        terminal: optional(members, "terminal", Value::as_bool, "true or false", &at, found).unwrap_or(false),
        success: optional(members, "success", Value::as_bool, "true or false", &at, found).unwrap_or(true),
        refresh_on_back: optional(members, "refresh_on_back", Value::as_bool, "true or false", &at, found).unwrap_or(false),
        ..Screen::default()
    };
    if members.contains_key("success") && !screen.terminal {
        let message = "`success` belongs on terminal screens only";
        found.add(&at.key("success"), Some(NOT_KEYWORD_SCHEMA_VALIDATION_FAILED), message);
    }
    let declared = optional(members, "data", Value::as_object, "an object", &at, found);
    let schema = declared.map(|declared| Schema::of_screen(declared, &at.key("data"), found));
    screen.data = declared.map(|declared| declared.iter().filter(|(_, value)| value.is_object()).map(data_property).collect());
    let mut navigations = Vec::new();
    if let Some(layout) = optional(members, "layout", Value::as_object, "an object", &at, found) {
        let at = at.key("layout");
        read_children(layout, &at, &mut screen, found);
        layout.iter().for_each(|(name, value)| find_navigations(value, &at.key(name), &mut navigations));
    }
    screen.id = id?;
    Some(ReadScreen { screen, at, schema, navigations })
}

/// The id, if it can be one.
fn read_id(members: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> Option<String> {
    let Some(id) = members.get("id") else {
        found.add(at, Some(MISSING_REQUIRED_PROPERTY), "lacks its `id`");
        return None;
    };
    let at = at.key("id");
    let Some(id) = id.as_str() else {
        found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; an id is a text", described(id)));
        return None;
    };
    if id.is_empty() {
        found.add(&at, Some(MIN_CHARS_REQUIRED), "is empty; an id has letters and underscores");
    } else if !id.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
        found.add(&at, Some(PATTERN_MISMATCH), format!("{} has more than letters (A to Z, a to z) and underscores", quoted(id)));
    } else if id == SUCCESS {
        found.add(&at, Some(SCREEN_ID_IS_RESERVED_KEYWORD), "SUCCESS is reserved: it ends the flow");
    }
    Some(id.to_owned())
}

/// A property that may be missing; a finding where it has another type.
pub(super) fn optional<'a, T>(
    members: &'a Map<String, Value>,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
    expected: &str,
    at: &Pointer,
    found: &mut Collector,
) -> Option<T> {
    let value = members.get(name)?;
    let read = read(value);
    if read.is_none() {
        found.add(&at.key(name), Some(INVALID_PROPERTY_TYPE), format!("is {}; it must be {expected}", described(value)));
    }
    read
}

fn data_property((name, declared): (&String, &Value)) -> DataProperty {
    let mut schema = declared.clone();
    let example = schema.as_object_mut().and_then(|members| members.shift_remove(EXAMPLE));
    DataProperty { name: name.clone(), schema, example }
}

/// Reads the components in all lists that hold some: `children`, the branches of an `If`, the cases of a `Switch`. The document is at most
/// 128 levels deep, and so is this.
fn read_children(parent: &Map<String, Value>, at: &Pointer, screen: &mut Screen, found: &mut Collector) {
    for name in ["children", "then", "else"] {
        if let Some(children) = optional(parent, name, Value::as_array, "a list of components", at, found) {
            read_components(children, &at.key(name), screen, found);
        }
    }
    let at = at.key("cases");
    for (name, case) in parent.get("cases").and_then(Value::as_object).into_iter().flatten() {
        match case.as_array() {
            Some(children) => read_components(children, &at.key(name), screen, found),
            None => found.add(&at.key(name), Some(INVALID_PROPERTY_TYPE), "is no list of components"),
        }
    }
}

fn read_components(components: &[Value], at: &Pointer, screen: &mut Screen, found: &mut Collector) {
    for (number, component) in components.iter().enumerate() {
        let at = at.item(number);
        let Some(members) = component.as_object() else {
            found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; a component is an object", described(component)));
            continue;
        };
        if !members.contains_key("type") {
            found.add(&at, Some(MISSING_REQUIRED_TYPE_PROPERTY), "lacks its `type`");
        }
        let kind = optional(members, "type", Value::as_str, "a text", &at, found).unwrap_or_default();
        read_component(kind, members, screen);
        read_children(members, &at, screen, found);
    }
}

fn read_component(kind: &str, members: &Map<String, Value>, screen: &mut Screen) {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    if kind == FOOTER {
        let action = members.get("on-click-action").and_then(read_action);
        screen.footer.get_or_insert(Footer { label: text("label"), action });
    } else if FIELDS.contains(&kind) {
        let Some(name) = text("name") else { return };
        screen.contents.push(Content::Field(Field {
            name,
            component: kind.to_owned(),
            label: text("label"),
            required: members.get("required").cloned().unwrap_or(Value::Bool(false)),
            options: members.get("data-source").cloned(),
            properties: members.clone(),
            on_select: members.get("on-select-action").and_then(read_action),
        }));
    } else if let Some(text) = members.get("text") {
        screen.contents.push(Content::Text { component: kind.to_owned(), text: text.clone() });
    }
}

fn read_action(value: &Value) -> Option<Action> {
    let payload = value.get("payload").filter(|payload| payload.is_object());
    Some(Action {
        name: value.get("name")?.as_str()?.to_owned(),
        next: next_screen(value).map(str::to_owned),
        payload: payload.cloned().unwrap_or_else(|| Value::Object(Map::new())),
    })
}

fn next_screen(action: &Value) -> Option<&str> {
    action.get("next")?.get("name")?.as_str()
}

/// Finds every `navigate` action, wherever a component has one.
fn find_navigations(value: &Value, at: &Pointer, navigations: &mut Vec<(Pointer, String)>) {
    match value {
        Value::Object(members) => {
            if value.get("name").is_some_and(|name| name == "navigate")
                && let Some(next) = next_screen(value)
            {
                navigations.push((at.key("next").key("name"), next.to_owned()));
            }
            members.iter().for_each(|(name, member)| find_navigations(member, &at.key(name), navigations));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(number, element)| find_navigations(element, &at.item(number), navigations));
        }
        _ => (),
    }
}

/// Ends a flow; never a screen's id.
pub(super) const SUCCESS: &str = "SUCCESS";

const FOOTER: &str = "Footer";

/// The components that ask for something (developers.facebook.com/docs/whatsapp/flows/reference/components).
const FIELDS: [&str; 11] = [
    "CalendarPicker",
    "CheckboxGroup",
    "ChipsSelector",
    "DatePicker",
    "DocumentPicker",
    "Dropdown",
    "OptIn",
    "PhotoPicker",
    "RadioButtonsGroup",
    "TextArea",
    "TextInput",
];
