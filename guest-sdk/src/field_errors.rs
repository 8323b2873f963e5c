//! Errors of single fields.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// Texts that the phone shows at the fields of a form that they are about, as the Form's
/// `error-messages` takes them: an object with a text for each wrong field.
///
/// The Flow JSON declares the object in the screen's `data`, and binds the Form to it. Its name is
/// the author's choice:
///
/// ```json
/// "data": { "errors": { "type": "object", "properties": { "email": { "type": "string" } }, "__example__": {} } },
/// .. { "type": "Form", "name": "form", "error-messages": "${data.errors}", "children": [..] }
/// ```
///
/// An empty object clears the errors of an earlier reply, so send it always:
///
/// ```
/// use flowhost_sdk::{FieldErrors, Reply, json};
///
/// fn check(guests: u8, email: &str) -> Option<Reply> {
///     let mut errors = FieldErrors::new();
///     errors.add_if(guests > 8, "guests", "8 guests at most.");
///     errors.add_if(!email.contains('@'), "email", "Please check it.");
///     if errors.is_empty() { None } else { Some(Reply::screen("PARTY").data(json!({ "errors": errors }))) }
/// }
/// # assert!(check(8, "ana@example.com").is_none());
/// # assert!(check(9, "ana").is_some());
/// ```
///
/// With [`screens!`](crate::screens), the object is a type of its own, all of whose fields are an
/// `Option`, and a field that the form does not have is a compile error; see the cookbook.
///
/// Outside of a Form, a component has a text of its own, `"error-message": "${data.email_error}"`.
/// What concerns no single field is [`Reply::error`](crate::Reply::error)'s, or
/// [`Error::bad_request`](crate::Error::bad_request)'s: they show a text below the form.
///
/// A phone has room for 30 characters at a TextInput and for 80 at a DatePicker or a CalendarPicker
/// (Meta's reference of Flow components).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, Text)>);

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    Whole(String),
    /// For each part of the field.
    Parts(Vec<(String, String)>),
}

impl FieldErrors {
    /// No errors.
    pub fn new() -> Self {
        FieldErrors::default()
    }

    /// Adds a text for this field. A field that has one keeps it: the first is usually the most
    /// basic.
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        let field = field.into();
        if !self.has(&field) {
            self.0.push((field, Text::Whole(text.into())));
        }
    }

    /// Adds a text for this field if the condition holds.
    pub fn add_if(&mut self, wrong: bool, field: impl Into<String>, text: impl Into<String>) {
        if wrong {
            self.add(field, text);
        }
    }

    /// Adds a text for a part of this field. A CalendarPicker in the mode `range` takes texts only
    /// for its parts `start-date` and `end-date`.
    pub fn add_part(
        &mut self,
        field: impl Into<String>,
        part: impl Into<String>,
        text: impl Into<String>,
    ) {
        let (field, part) = (field.into(), (part.into(), text.into()));
        match self.0.iter_mut().find(|(known, _)| *known == field) {
            Some((_, Text::Parts(parts))) if parts.iter().all(|(known, _)| *known != part.0) => {
                parts.push(part);
            }
            Some(_) => {}
            None => self.0.push((field, Text::Parts(vec![part]))),
        }
    }

    /// Whether this field has an error.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(known, _)| known == field)
    }

    /// Whether no field has an error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes the object that `error-messages` takes.
impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        map(&self.0, serializer)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Text::Whole(text) => serializer.serialize_str(text),
            Text::Parts(parts) => map(parts, serializer),
        }
    }
}

fn map<T: Serialize, S: Serializer>(
    entries: &[(String, T)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for (name, value) in entries {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_has_a_text_for_each_wrong_field() {
        let mut errors = FieldErrors::new();
        assert_eq!(serde_json::to_value(&errors).unwrap(), json!({}));

        errors.add("email", "Please check it.");
        errors.add("email", "It is too short.");
        errors.add_if(false, "name", "Unheard of.");
        errors.add_part("stay", "start-date", "We are closed.");
        errors.add_part("stay", "end-date", "Too late.");
        errors.add_part("stay", "end-date", "Too early.");
        errors.add_part("email", "start-date", "No part of it.");

        let stay = json!({ "start-date": "We are closed.", "end-date": "Too late." });
        let expected = json!({ "email": "Please check it.", "stay": stay });
        assert_eq!(serde_json::to_value(&errors).unwrap(), expected);
        assert!(errors.has("stay") && !errors.has("name") && !errors.is_empty());
    }
}
