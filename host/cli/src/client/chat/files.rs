//! Files that the user picks in a chat.

use std::path::{Path, PathBuf};

use serde_json::Value;

use flowhost_client::conversation::{Field, FieldKind};
use flowhost_client::media::{MediaServer, Picked};
use flowhost_devkit::media_files;
use flowhost_protocol::crypto::random_bytes;

/// The files that were picked, served until the chat ends.
#[derive(Default)]
pub(super) struct PickedFiles {
    /// Started for the first file.
    server: Option<MediaServer>,
    /// Each by its `media_id`.
    picked: Vec<(String, PathBuf)>,
}

impl PickedFiles {
    /// Reads and serves the files whose paths were typed at a picker, separated by commas. Returns
    /// the field's value; `None` if the field is no picker, or JSON was typed.
    ///
    /// # Errors
    /// Why a file can't be picked, for the user.
    pub(super) fn pick(&mut self, field: &Field, typed: &str) -> Option<Result<Value, String>> {
        let FieldKind::Media { .. } = field.kind else { return None };
        if typed.starts_with('[') {
            return None;
        }
        // A comma may be part of a file's name.
        let paths =
            if Path::new(typed).is_file() { vec![typed] } else { typed.split(',').collect() };
        let picked = paths.into_iter().map(|path| self.serve(Path::new(path.trim()), field));
        Some(picked.collect::<Result<Vec<_>, _>>().map(Value::Array))
    }

    fn serve(&mut self, path: &Path, field: &Field) -> Result<Value, String> {
        let bytes = media_files::read(path).map_err(|error| error.to_string())?;
        field.check_file(&path.display().to_string(), None, bytes.len() as u64)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = hex::encode(random_bytes::<8>());
        let reference = self.server()?.put(&id, &name, Picked::File(&bytes));
        self.picked.push((id, path.to_owned()));
        Ok(reference)
    }

    /// The files by their `media_id`, in the order in which they were picked.
    pub(super) fn picked(&self) -> &[(String, PathBuf)] {
        &self.picked
    }

    fn server(&mut self) -> Result<&MediaServer, String> {
        match &mut self.server {
            Some(server) => Ok(server),
            none => {
                let started = MediaServer::start()
                    .map_err(|error| format!("files can't be served: {error}"))?;
                Ok(none.insert(started))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use flowhost_client::conversation::Conversation;
    use flowhost_flow_json::Document;

    use super::*;

    #[tokio::test]
    async fn files_are_picked_by_their_paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (name, length) in [("a.jpg", 10), ("b, c.jpg", 1024), ("large.jpg", 1025)] {
            std::fs::write(path(name), vec![0; length]).unwrap();
        }
        let (mut files, photos) = (PickedFiles::default(), field("PhotoPicker"));
        let mut pick = |typed: &str| files.pick(&photos, typed).unwrap();

        let two = pick(&format!("{} , {}", path("a.jpg"), path("a.jpg"))).unwrap();
        assert_eq!(
            [&two[0]["file_name"], &two[1]["file_name"]],
            [&json!("a.jpg"), &json!("a.jpg")]
        );
        assert_ne!(two[0]["media_id"], two[1]["media_id"]);
        assert_eq!(pick(&path("b, c.jpg")).unwrap()[0]["file_name"], "b, c.jpg");
        let large = pick(&path("large.jpg")).unwrap_err();
        assert!(large.contains("large.jpg is too large") && large.contains("1 KiB"), "{large}");
        let missing = pick(&path("missing.jpg")).unwrap_err();
        assert!(missing.contains(&path("missing.jpg")), "{missing}");
    }

    #[test]
    fn json_and_other_fields_are_not_read_as_paths() {
        let mut files = PickedFiles::default();

        assert!(files.pick(&field("PhotoPicker"), "[]").is_none());
        assert!(files.pick(&field("TextInput"), "a.jpg").is_none());
    }

    fn field(kind: &str) -> Field {
        let component = json!({"type": kind, "name": "x", "label": "X", "max-file-size-kb": 1});
        let flow = json!({"screens": [{"id": "A", "layout": {"children": [component]}}]});
        let document = Document::parse(flow.to_string().as_bytes()).unwrap();
        let mut conversation = Conversation::new(Some(document), "t");
        conversation.arrive("A", serde_json::Map::new());
        conversation.screen().unwrap().fields().next().unwrap().clone()
    }
}
