//! The types that a screen's `data` declares, read from its JSON Schema.

use serde_json::{Map, Value};

use crate::{self as flow_json, TAKEN_OUT, required_names};

/// A property of a screen's data, or of an object inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The name in the Flow JSON.
    pub name: String,
    /// The type of its value.
    pub shape: Shape,
    /// Whether a reply may omit it.
    pub optional: bool,
    /// The author's `__example__`, if any.
    pub example: Option<Value>,
}

impl Property {
    /// The author's example as JSON between backticks, cut to the length of an editor's tooltip: it
    /// explains a property best.
    pub fn quoted_example(&self) -> Option<String> {
        let example = self.example.as_ref()?;
        let text: String = example.to_string().chars().take(EXAMPLE_CHARS).collect();
        Some(format!("`{}`", text.replace('`', "'")))
    }
}

/// The type of a property's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number without a fraction.
    Integer,
    /// A list entry with an id and a title. All lists of a flow share one type for them.
    Item,
    /// A list of this type.
    List(Box<Shape>),
    /// Any number.
    Number,
    /// An object with these properties.
    Object(Vec<Property>),
    /// A text.
    Text,
    /// Any JSON value: the schema states no type, or states it in a way that is not supported.
    Unknown,
}

/// The properties that a screen's `data` declares. `partial` lists, by paths such as `known.days`,
/// the objects whose properties are all optional.
pub(super) fn of_screen(screen: flow_json::Screen<'_>, partial: &[String]) -> Vec<Property> {
    let required = screen.required();
    let declared = screen.properties().filter(|declared| !TAKEN_OUT.contains(&declared.name));
    let property = |declared: flow_json::Property<'_>| Property {
        name: declared.name.to_owned(),
        shape: shape_of(
            declared.schema,
            declared.example().map(std::slice::from_ref).unwrap_or_default(),
        ),
        optional: required.as_ref().is_some_and(|required| !required.contains(&declared.name)),
        example: declared.example().cloned(),
    };
    let mut properties: Vec<Property> = declared.map(property).collect();
    for path in partial {
        shape_at(&mut properties, path).into_iter().for_each(leave_open);
    }
    properties
}

fn shape_at<'a>(properties: &'a mut [Property], path: &str) -> Option<&'a mut Shape> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let shape = &mut properties.iter_mut().find(|property| property.name == name)?.shape;
    match (rest, shape) {
        (None, shape) => Some(shape),
        (Some(rest), Shape::Object(inner)) => shape_at(inner, rest),
        (Some(_), _) => None,
    }
}

/// Makes all properties of an object optional, recursively.
fn leave_open(shape: &mut Shape) {
    let Shape::Object(properties) = shape else { return };
    for property in properties {
        property.optional = true;
        leave_open(&mut property.shape);
    }
}

/// Whether the properties include a text `id` and a text `title`, as for [`Shape::Item`].
pub(super) fn are_items(properties: &[Property]) -> bool {
    let has_text = |name| {
        properties.iter().any(|property| property.name == name && property.shape == Shape::Text)
    };
    has_text("id") && has_text("title")
}

fn shape_of(schema: &Value, examples: &[Value]) -> Shape {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Shape::Text,
        Some("number") => Shape::Number,
        Some("integer") => Shape::Integer,
        Some("boolean") => Shape::Bool,
        Some("array") => {
            let entries: Vec<Value> =
                examples.iter().filter_map(Value::as_array).flatten().cloned().collect();
            match schema.get("items").map_or(Shape::Unknown, |items| shape_of(items, &entries)) {
                Shape::Object(properties) if are_items(&properties) => {
                    Shape::List(Box::new(Shape::Item))
                }
                shape => Shape::List(Box::new(shape)),
            }
        }
        Some("object") => schema.get("properties").and_then(Value::as_object).map_or(
            Shape::Unknown,
            |properties| {
                Shape::Object(properties_of(
                    properties,
                    schema.as_object().and_then(required_names),
                    examples,
                ))
            },
        ),
        _ => Shape::Unknown,
    }
}

fn properties_of(
    declared: &Map<String, Value>,
    required: Option<Vec<&str>>,
    examples: &[Value],
) -> Vec<Property> {
    let property = |(name, schema): (&String, &Value)| {
        let examples_with: Vec<Value> =
            examples.iter().filter_map(|example| example.get(name)).cloned().collect();
        let optional = match &required {
            Some(required) => !required.contains(&name.as_str()),
            None => examples_with.len() < examples.len(),
        };
        Property {
            name: name.clone(),
            shape: shape_of(schema, &examples_with),
            optional,
            example: examples_with.into_iter().next(),
        }
    };
    declared.iter().map(property).collect()
}

/// The property lists of all list entries that are [`Shape::Item`]s, one for each list.
pub(super) fn item_schemas(screen: flow_json::Screen<'_>) -> Vec<Vec<Property>> {
    let mut found = Vec::new();
    screen.properties().for_each(|property| collect_items(property.schema, &mut found));
    found
}

fn collect_items(schema: &Value, found: &mut Vec<Vec<Property>>) {
    if let Some(items) = schema.get("items") {
        if let Shape::Object(properties) = shape_of(items, &[])
            && are_items(&properties)
        {
            found.push(properties);
        }
        collect_items(items, found);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(Map::values).for_each(|schema| collect_items(schema, found));
}

/// The length that fits into one line of an editor's tooltip.
const EXAMPLE_CHARS: usize = 80;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Document;

    fn of(data: Value, partial: &[&str]) -> Vec<Property> {
        let partial: Vec<String> = partial.iter().map(|name| (*name).to_owned()).collect();
        of_screen(document(&data).screen("A").unwrap(), &partial)
    }

    fn document(data: &Value) -> Document {
        Document::parse(json!({"screens": [{"id": "A", "data": data}]}).to_string().as_bytes())
            .unwrap()
    }

    fn optional(properties: &[Property]) -> Vec<&str> {
        properties
            .iter()
            .filter(|property| property.optional)
            .map(|property| property.name.as_str())
            .collect()
    }

    #[test]
    fn every_type_has_its_shape() {
        for (schema, shape) in [
            (json!({"type": "string"}), Shape::Text),
            (json!({"type": "string", "enum": ["a"]}), Shape::Text),
            (json!({"type": "number"}), Shape::Number),
            (json!({"type": "integer"}), Shape::Integer),
            (json!({"type": "boolean"}), Shape::Bool),
            (json!({"type": "array"}), Shape::List(Box::new(Shape::Unknown))),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                Shape::List(Box::new(Shape::Text)),
            ),
            (json!({"type": "object"}), Shape::Unknown),
            (json!({"type": ["string", "null"]}), Shape::Unknown),
            (json!({"oneOf": []}), Shape::Unknown),
            (json!("${data.x}"), Shape::Unknown),
        ] {
            assert_eq!(of(json!({"x": schema.clone()}), &[])[0].shape, shape, "{schema}");
        }
    }

    #[test]
    fn entries_with_id_and_title_share_a_shape() {
        let entry = json!({"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "image": {"type": "string"}}});
        let data = json!({"list": {"type": "array", "items": entry}, "other": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}}});

        let properties = of(data.clone(), &[]);
        assert_eq!(properties[0].shape, Shape::List(Box::new(Shape::Item)));
        assert!(
            matches!(&properties[1].shape, Shape::List(shape) if matches!(**shape, Shape::Object(_)))
        );
        let schemas = item_schemas(document(&data).screen("A").unwrap());
        assert_eq!(schemas.len(), 1);
        assert_eq!(schemas[0].len(), 3);
    }

    #[test]
    fn a_required_list_says_what_may_be_left_out() {
        let text = json!({"type": "string"});
        assert_eq!(optional(&of(json!({"a": text, "b": text}), &[])), Vec::<&str>::new());
        assert_eq!(optional(&of(json!({"a": text, "b": text, "required": ["a"]}), &[])), ["b"]);

        let properties = of(json!({"required": {"type": "boolean"}, "a": text}), &[]);
        assert_eq!(properties.len(), 2, "a property may be called so");
    }

    #[test]
    fn so_does_the_authors_example_of_an_object_and_a_forms_init_values() {
        let object = |example: Value, required: Option<Value>| {
            let mut schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
            schema["__example__"] = example;
            if let Some(required) = required {
                schema["required"] = required;
            }
            json!({"x": schema})
        };
        let inner = |data: Value, partial: &[&str]| match of(data, partial).remove(0).shape {
            Shape::Object(properties) => optional(&properties).join(","),
            shape => panic!("{shape:?}"),
        };
        assert_eq!(inner(object(json!({"a": "1", "b": "2"}), None), &[]), "");
        assert_eq!(inner(object(json!({"a": "1"}), None), &[]), "b");
        assert_eq!(inner(object(json!({}), Some(json!(["b"]))), &[]), "a");
        assert_eq!(inner(object(json!({"a": "1", "b": "2"}), None), &["x"]), "a,b");
    }

    #[test]
    fn of_a_calendars_two_days_either_will_do() {
        let text = json!({"type": "string"});
        let days = json!({"type": "object", "properties": {"start-date": text, "end-date": text}});
        let data = json!({"known": {"type": "object", "properties": {"days": days}}});

        let Shape::Object(known) = of(data.clone(), &["known"]).remove(0).shape else {
            panic!("it is an object")
        };
        let Shape::Object(days) = &known[0].shape else { panic!("{known:?}") };
        let both: Vec<_> = days.iter().map(|day| day.name.as_str()).collect();
        assert_eq!((optional(&known), optional(days)), (vec!["days"], both.clone()));

        let Shape::Object(known) =
            of(data, &["known.days", "known.nights.first", "other"]).remove(0).shape
        else {
            panic!("it is an object")
        };
        let Shape::Object(days) = &known[0].shape else { panic!("{known:?}") };
        assert_eq!((optional(&known), optional(days)), (Vec::new(), both));
    }

    #[test]
    fn what_the_client_takes_out_is_no_data() {
        assert_eq!(of(json!({"error_message": {"type": "string"}}), &[]), Vec::new());
    }
}
