//! The files that a scenario's forms name: `{ media_id = ".." }` stands for what a phone sends.

use serde_json::{Map, Value};

/// Completes each object of `form` whose `media_id` is one of `references`. What a step writes
/// beside the `media_id` stays as it is written.
pub fn complete_references(form: &mut Value, references: &[Map<String, Value>]) {
    match form {
        Value::Object(members) => {
            let known = members.get(MEDIA_ID).filter(|id| id.is_string()).and_then(|id| {
                references.iter().find(|reference| reference.get(MEDIA_ID) == Some(id))
            });
            match known {
                Some(reference) => {
                    for (name, value) in reference {
                        members.entry(name.clone()).or_insert_with(|| value.clone());
                    }
                }
                None => {
                    members.values_mut().for_each(|inner| complete_references(inner, references));
                }
            }
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|inner| complete_references(inner, references));
        }
        _ => (),
    }
}

const MEDIA_ID: &str = "media_id";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_completed_wherever_it_is_and_keeps_what_is_written() {
        let reference = json!({"media_id": "1", "cdn_url": "u", "file_name": "a.jpg"});
        let references = [reference.as_object().unwrap().clone()];
        let mut form = json!({
            "photos": [{"media_id": "1"}, {"media_id": "2"}, "1"],
            "one": {"media_id": "1", "file_name": "b.jpg"},
            "media_id": 1,
        });

        complete_references(&mut form, &references);

        let expected = json!({
            "photos": [reference, {"media_id": "2"}, "1"],
            "one": {"media_id": "1", "file_name": "b.jpg", "cdn_url": "u"},
            "media_id": 1,
        });
        assert_eq!(form, expected);
    }
}
