//! Files that the user picks for a field, and takes away again.

use std::collections::HashSet;
use std::fmt;

use flowhost_flow_json::ComponentKind;
use serde_json::Value;

use super::entry::counted;
use super::field::{Field, FieldKind};
use super::{Conversation, Step};

/// A file that the user picked. Its `Debug` shows no key.
#[derive(Clone)]
pub struct PickedFile {
    /// The name of the field that it was picked for.
    pub field: String,
    /// The file's name, which is untrusted.
    pub name: String,
    /// Its media type, if that is known.
    pub media_type: Option<String>,
    /// How large it is, in bytes.
    pub bytes: u64,
    /// Its reference: the element of the field's list.
    pub reference: Value,
}

impl Field {
    /// Whether the phone would let the user pick a file of this name, media type and size.
    ///
    /// # Errors
    /// Why not, for the user.
    pub fn check_file(
        &self,
        name: &str,
        media_type: Option<&str>,
        bytes: u64,
    ) -> Result<(), String> {
        let FieldKind::Media { max_kib, mime_types, .. } = &self.kind else {
            return Err("This field takes no files".to_owned());
        };
        if bytes > max_kib.saturating_mul(1 << 10) {
            return Err(format!("{name} is too large: this field takes at most {max_kib} KiB"));
        }
        let Some(media_type) = media_type else { return Ok(()) };
        if self.component == ComponentKind::PhotoPicker && !media_type.starts_with("image/") {
            return Err(format!("{name} is no picture"));
        }
        if !mime_types.is_empty() && !mime_types.iter().any(|taken| taken == media_type) {
            return Err(format!("{name} is {media_type}, which this field does not take"));
        }
        Ok(())
    }

    /// The files that it holds.
    fn held(&self, conversation: &Conversation) -> Vec<Value> {
        let held = conversation.value(&self.name).and_then(Value::as_array);
        held.cloned().unwrap_or_default()
    }
}

impl Conversation {
    /// The user picks files for a field, besides those that it holds. All of them are refused if the
    /// phone would not let the user pick one of them, or they are too many.
    pub fn pick(&mut self, field: &Field, files: &[PickedFile]) -> Step {
        let FieldKind::Media { max, .. } = field.kind else { return Step::Nothing };
        let refuse = |why: String| Step::Refused(vec![format!("{}: {why}", field.title())]);
        let checks = files
            .iter()
            .map(|file| field.check_file(&file.name, file.media_type.as_deref(), file.bytes));
        if let Some(why) = checks.filter_map(Result::err).next() {
            return refuse(why);
        }
        let mut held = field.held(self);
        held.extend(files.iter().map(|file| file.reference.clone()));
        match max {
            Some(max) if held.len() as u64 > max => {
                refuse(format!("At most {}, not {}", counted(max, "files"), held.len()))
            }
            _ => self.enter(field, Some(held.into())),
        }
    }

    /// The ids of the files that its forms hold.
    pub fn held_files(&self) -> HashSet<&str> {
        let values = self.seen.values().flat_map(|seen| seen.form.values());
        let files = values.filter_map(Value::as_array).flatten();
        files.filter_map(|file| file.get("media_id")?.as_str()).collect()
    }

    /// The user takes a file away that was picked on this screen.
    pub fn take_away(&mut self, media_id: &str) -> Step {
        let Some(screen) = self.evaluate() else { return Step::Nothing };
        let is_it = |file: &Value| file.get("media_id").is_some_and(|id| *id == media_id);
        let found = screen.fields().filter(|field| field.enabled).find_map(|field| {
            let mut held = field.held(self);
            let at = held.iter().position(is_it)?;
            held.remove(at);
            Some((field, held))
        });
        match found {
            Some((field, held)) => self.enter(field, Some(held.into())),
            None => Step::Nothing,
        }
    }
}

impl fmt::Debug for PickedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PickedFile").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use flowhost_flow_json::Document;
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn files_are_picked_one_by_one_and_taken_away() {
        let (mut conversation, field) = on(json!({
            "type": "PhotoPicker", "name": "f", "label": "Photos", "max-uploaded-photos": 2,
        }));

        assert_eq!(conversation.pick(&field, &[photo("a")]), Step::Nothing);
        assert_eq!(
            conversation.pick(&field, &[photo("b"), photo("c")]),
            Step::Refused(vec!["Photos: At most 2 files, not 3".to_owned()])
        );
        assert_eq!(conversation.pick(&field, &[photo("b")]), Step::Nothing);
        assert_eq!(ids(&conversation), ["a", "b"]);
        assert_eq!(conversation.take_away("a"), Step::Nothing);
        assert_eq!(conversation.take_away("gone"), Step::Nothing);
        assert_eq!(ids(&conversation), ["b"]);
    }

    #[test]
    fn a_field_takes_files_of_its_types_and_sizes() {
        let (_, papers) = on(json!({
            "type": "DocumentPicker", "name": "f", "label": "Papers", "max-file-size-kb": 1,
            "allowed-mime-types": ["application/pdf", "image/png"],
        }));
        let (_, photos) = on(json!({"type": "PhotoPicker", "name": "f", "label": "Photos"}));
        let pdf = Some("application/pdf");

        assert_eq!(papers.check_file("a.pdf", pdf, 1 << 10), Ok(()));
        assert_eq!(papers.check_file("a", None, 0), Ok(()));
        for (refused, words) in [
            (
                papers.check_file("a.pdf", pdf, (1 << 10) + 1),
                "a.pdf is too large: this field takes at most 1 KiB",
            ),
            (papers.check_file("a.txt", Some("text/plain"), 1), "a.txt is text/plain"),
            (photos.check_file("a.pdf", pdf, 1), "a.pdf is no picture"),
        ] {
            assert!(refused.clone().unwrap_err().contains(words), "{refused:?}");
        }
        assert_eq!(photos.limits(), ["at most 30 files"]);
    }

    #[test]
    fn nothing_shows_the_keys_of_a_file() {
        assert_eq!(format!("{:?}", photo("a")), "PickedFile { bytes: 7, .. }");
    }

    fn on(component: Value) -> (Conversation, Field) {
        let screen = json!({"id": "A", "layout": {"children": [component]}});
        let flow = json!({"version": "7.3", "screens": [screen]}).to_string();
        let document = Document::parse(flow.as_bytes()).unwrap();
        let mut conversation = Conversation::new(Some(document), "t");
        conversation.arrive("A", Map::new());
        let field = conversation.screen().unwrap().fields().next().unwrap().clone();
        (conversation, field)
    }

    fn photo(id: &str) -> PickedFile {
        PickedFile {
            field: "f".to_owned(),
            name: format!("{id}.jpg"),
            media_type: Some("image/jpeg".to_owned()),
            bytes: 7,
            reference: json!({"media_id": id}),
        }
    }

    fn ids(conversation: &Conversation) -> Vec<&str> {
        let held = conversation.value("f").unwrap().as_array().unwrap();
        held.iter().map(|file| file["media_id"].as_str().unwrap()).collect()
    }
}
