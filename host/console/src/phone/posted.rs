//! How the values of fields travel in a form.

use std::collections::{HashMap, HashSet};

use flowhost_client::conversation::{Choice, Days, Field, FieldKind, iso_day, picked};
use flowhost_flow_json::RANGE_ENDS;
use serde_json::{Value, json};

/// The name of a field's controls. A range has two, of this name both.
pub(super) fn name(field: &Field) -> String {
    format!("{PREFIX}{}", field.name)
}

/// The name of the control that picks files for a field.
pub(super) fn file_name(field: &Field) -> String {
    format!("{FILE_PREFIX}{}", field.name)
}

/// The field whose files a control of this name picks; `None` if the control picks none.
pub fn file_field(control: &str) -> Option<&str> {
    control.strip_prefix(FILE_PREFIX)
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
            let picked = picked(value);
            let picked = choices.iter().filter(|choice| picked.contains(choice.id.as_str()));
            picked.map(|choice| choice.id.clone()).collect()
        }
        FieldKind::Date(_) => vec![day(value)],
        FieldKind::DateRange(_) => {
            RANGE_ENDS.map(|end| day(value.and_then(|two| two.get(end)))).to_vec()
        }
        // Files are picked; what is pasted as JSON takes their place.
        FieldKind::Media { .. } => vec![String::new()],
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
        FieldKind::One(choices) => {
            let found = choices.iter().find(|choice| choice.id == *first);
            choice(found, first).map(|choice| Some(json!(choice.id)))
        }
        FieldKind::Many { choices, max, .. } => {
            let known: HashMap<&str, &Choice> =
                choices.iter().rev().map(|choice| (choice.id.as_str(), choice)).collect();
            let mut once = HashSet::new();
            let ids = said.iter().map(String::as_str).filter(|id| once.insert(*id));
            let picked =
                ids.map(|id| choice(known.get(id).copied(), id)).collect::<Result<Vec<_>, _>>()?;
            let value = json!(picked.iter().map(|choice| &choice.id).collect::<Vec<_>>());
            match field.check(Some(&value)) {
                Err(problem) if max.is_some_and(|max| picked.len() as u64 > max) => Err(problem),
                _ => Ok(Some(value)),
            }
        }
        FieldKind::DateRange(range) => {
            let end = |day: &str| if day.is_empty() { "-".to_owned() } else { day.to_owned() };
            let last = rest.first().map(String::as_str).unwrap_or_default();
            let read = field.read(&format!("{} {}", end(first), end(last)))?;
            said.iter().try_for_each(|day| check_offered(&range.days, day))?;
            Ok(Some(read))
        }
        FieldKind::Date(days) => {
            let read = field.read(first)?;
            check_offered(days, first)?;
            Ok(Some(read))
        }
        FieldKind::Text { .. } | FieldKind::Media { .. } => field.read(first).map(Some),
    }
}

/// Whether a text has no line breaks.
pub(super) fn is_one_line(field: &Field) -> bool {
    field.component != flowhost_flow_json::ComponentKind::TextArea
}

fn choice<'a>(found: Option<&'a Choice>, id: &str) -> Result<&'a Choice, String> {
    match found {
        Some(choice) if choice.enabled => Ok(choice),
        Some(choice) => Err(format!("{} can't be picked", choice.title)),
        None => Err(format!("{id:.80} is none of the choices")),
    }
}

/// Checks that a day is among those that were listed, if they were. Others are typed, and stand until
/// the button is pressed.
fn check_offered(days: &Days, day: &str) -> Result<(), String> {
    let Some(offered) = days.offered() else { return Ok(()) };
    if day.is_empty() || offered.iter().any(|offered| offered.day == day) {
        return Ok(());
    }
    Err(format!("{day:.80} can't be picked"))
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

/// Before the names of fields whose files a control picks.
const FILE_PREFIX: &str = "file.";

/// Before the id of a file that a button takes away.
pub(super) const REMOVE: &str = "remove.";

/// Enough for thirty files as JSON, and for any text; a conversation is held in memory.
pub(super) const MAX_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use flowhost_client::conversation::Conversation;
    use flowhost_flow_json::Document;

    use super::*;

    #[test]
    fn what_is_posted_twice_is_picked_once() {
        let choices: Vec<Value> =
            (0..8_000).map(|id| json!({"id": id.to_string(), "title": "x"})).collect();
        let children = json!([{"type": "CheckboxGroup", "name": "c", "data-source": choices}]);
        let flow_json = json!({"screens": [{"id": "A", "layout": {"children": children}}]});
        let document = Document::parse(flow_json.to_string().as_bytes()).unwrap();
        let mut conversation = Conversation::new(Some(document), "t");
        conversation.arrive("A", serde_json::Map::new());
        let screen = conversation.screen().unwrap();
        let field = screen.fields().next().unwrap();

        let said: Vec<String> =
            ["7999", "3"].repeat(6_000).into_iter().map(str::to_owned).collect();
        let value = read(field, &said).unwrap();

        assert_eq!(value, Some(json!(["7999", "3"])));
        assert_eq!(drawn(field, value.as_ref()), ["3", "7999"]);
    }
}
