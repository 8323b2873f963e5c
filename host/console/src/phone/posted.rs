//! How the values of fields travel in a form.

use flowhost_client::conversation::{Choice, Field, FieldKind, iso_day};
use flowhost_flow_json::RANGE_ENDS;
use serde_json::{Value, json};

/// The name of a field's controls. A range has two, of this name both.
pub(super) fn name(field: &Field) -> String {
    format!("{PREFIX}{}", field.name)
}

/// What the form holds for a value, one text for each control that is filled in. What a control can't
/// show is empty.
pub(super) fn drawn(field: &Field, value: Option<&Value>) -> Vec<String> {
    match &field.kind {
        FieldKind::Text { .. } if field.is_hidden() => vec![String::new()],
        FieldKind::Text { .. } => {
            let text = value.map(|value| field.show(value)).unwrap_or_default();
            vec![if is_one_line(field) { text.replace(['\r', '\n'], "") } else { text }]
        }
        FieldKind::OptIn => {
            value.filter(|value| **value == true).map(|_| YES.to_owned()).into_iter().collect()
        }
        FieldKind::One(choices) | FieldKind::Many { choices, .. } => {
            let picked = choices.iter().filter(|choice| is_picked(value, choice));
            picked.map(|choice| choice.id.clone()).collect()
        }
        FieldKind::Date(_) => vec![day(value)],
        FieldKind::DateRange(_) => {
            RANGE_ENDS.map(|end| day(value.and_then(|two| two.get(end)))).to_vec()
        }
        FieldKind::Media { .. } => {
            vec![
                value
                    .filter(|files| !field.is_empty(files))
                    .map(Value::to_string)
                    .unwrap_or_default(),
            ]
        }
    }
}

/// What was posted for a field, in the form of [`drawn`].
pub(super) fn said(field: &Field, posted: &[&str]) -> Vec<String> {
    let first = || posted.first().copied().unwrap_or_default();
    match &field.kind {
        FieldKind::OptIn | FieldKind::One(_) | FieldKind::Many { .. } => {
            posted.iter().filter(|text| !text.is_empty()).map(|text| (*text).to_owned()).collect()
        }
        FieldKind::DateRange(_) => {
            vec![first().to_owned(), posted.get(1).copied().unwrap_or_default().to_owned()]
        }
        FieldKind::Text { .. } => vec![first().replace("\r\n", "\n")],
        FieldKind::Date(_) | FieldKind::Media { .. } => vec![first().to_owned()],
    }
}

/// The value of a field whose controls say this; `None` if it is empty.
///
/// # Errors
/// Why the phone would not let the user enter it. A value that is no more than incomplete, or a text
/// that does not fit, is no error.
pub(super) fn read(field: &Field, said: &[String]) -> Result<Option<Value>, String> {
    if said.iter().map(String::len).sum::<usize>() > MAX_BYTES {
        return Err(format!("This is too long: more than {MAX_BYTES} bytes"));
    }
    let [first, rest @ ..] = said else { return Ok(None) };
    if said.iter().all(String::is_empty) {
        return Ok(None);
    }
    match &field.kind {
        FieldKind::OptIn => Ok(Some(Value::from(first == YES))),
        FieldKind::One(choices) => choice(choices, first).map(|choice| Some(json!(choice.id))),
        FieldKind::Many { choices, max, .. } => {
            let picked =
                said.iter().map(|id| choice(choices, id)).collect::<Result<Vec<_>, _>>()?;
            let value = json!(picked.iter().map(|choice| &choice.id).collect::<Vec<_>>());
            match field.check(Some(&value)) {
                Err(problem) if max.is_some_and(|max| picked.len() as u64 > max) => Err(problem),
                _ => Ok(Some(value)),
            }
        }
        FieldKind::DateRange(_) => {
            let end = |day: &str| if day.is_empty() { "-".to_owned() } else { day.to_owned() };
            let last = rest.first().map(String::as_str).unwrap_or_default();
            field.read(&format!("{} {}", end(first), end(last))).map(Some)
        }
        FieldKind::Text { .. } | FieldKind::Date(_) | FieldKind::Media { .. } => {
            field.read(first).map(Some)
        }
    }
}

/// Whether a choice is among those that a value holds.
pub(super) fn is_picked(value: Option<&Value>, choice: &Choice) -> bool {
    match value {
        Some(Value::Array(ids)) => ids.iter().any(|id| *id == choice.id.as_str()),
        Some(id) => *id == choice.id.as_str(),
        None => false,
    }
}

/// Whether a text has no line breaks.
pub(super) fn is_one_line(field: &Field) -> bool {
    field.component != flowhost_flow_json::ComponentKind::TextArea
}

fn choice<'a>(choices: &'a [Choice], id: &str) -> Result<&'a Choice, String> {
    match choices.iter().find(|choice| choice.id == id) {
        Some(choice) if choice.enabled => Ok(choice),
        Some(choice) => Err(format!("{} can't be picked", choice.title)),
        None => Err(format!("{id:.80} is none of the choices")),
    }
}

fn day(value: Option<&Value>) -> String {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => number.to_string(),
        _ => String::new(),
    };
    iso_day(&text).unwrap_or_default()
}

/// What a tick says.
pub(super) const YES: &str = "yes";

/// The control for what is submitted without a Flow JSON.
pub(super) const DATA: &str = "data";

/// Before the names of fields, which may be any.
const PREFIX: &str = "field.";

/// Enough for thirty files as JSON, and for any text; a conversation is held in memory.
pub(super) const MAX_BYTES: usize = 64 << 10;
