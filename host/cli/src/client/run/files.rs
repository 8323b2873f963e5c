//! The files of a scenario, served from this machine while it is played.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

use flowhost_client::media::{MediaServer, Picked};
use flowhost_devkit::media_files;
use flowhost_devkit::scenarios::{MediaFailure, Scenario, complete_references};

/// A scenario's files, and the server that has them; a scenario without files has none.
pub(super) struct ScenarioFiles {
    server: Option<MediaServer>,
    references: Vec<Map<String, Value>>,
    /// The files that are to be fetched: their lines in the scenario, and their ids.
    named: Vec<(usize, String)>,
    /// The ids of those that were sent until now.
    sent: BTreeSet<String>,
}

impl ScenarioFiles {
    /// Reads the files of a scenario in `folder`, and serves them.
    ///
    /// # Errors
    /// One can't be read or is too large, or there is no port to serve them at.
    pub(super) fn of(scenario: &Scenario, folder: &Path) -> anyhow::Result<Self> {
        let media = &scenario.surroundings.media;
        let mut files =
            Self { server: None, references: Vec::new(), named: Vec::new(), sent: BTreeSet::new() };
        if media.is_empty() {
            return Ok(files);
        }
        let server = MediaServer::start().context("files can't be served")?;
        for file in media {
            let content = media_files::content(file, folder)?;
            let picked = match &content {
                Ok(bytes) => Picked::File(bytes),
                Err(MediaFailure::CheckFailed) => Picked::Damaged,
                Err(MediaFailure::DownloadFailed) => Picked::Gone,
                Err(MediaFailure::TooLarge) => Picked::TooLarge,
            };
            let reference = server.put(&file.media_id, &file.file_name(), picked);
            files.references.extend(reference.as_object().cloned());
            if !file.optional {
                files.named.push((file.line, file.media_id.clone()));
            }
        }
        files.server = Some(server);
        Ok(files)
    }

    /// Completes the form's files in a request.
    pub(super) fn complete(&mut self, payload: &mut Value) {
        if let Some(form) = payload.get_mut("data") {
            note_ids(form, &mut self.sent);
            complete_references(form, &self.references);
        }
    }

    /// A sentence for each file that nobody fetched. If the play ended early, those of later steps
    /// do not count.
    pub(super) fn never_fetched(&self, ended_early: bool) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        let never = self
            .named
            .iter()
            .filter(|(_, media_id)| !ended_early || self.sent.contains(media_id))
            .filter(|(_, media_id)| !server.was_fetched(media_id));
        let sentence = |(line, media_id): &(usize, String)| {
            format!(
                "line {line}: the file {media_id} was never fetched: by the plugin, or because only a `flowhost dev` on this machine fetches from here"
            )
        };
        never.map(sentence).collect()
    }
}

/// Notes the `media_id`s in a form.
fn note_ids(form: &Value, ids: &mut BTreeSet<String>) {
    match form {
        Value::Object(members) => {
            let id = members.get("media_id").and_then(Value::as_str);
            ids.extend(id.map(str::to_owned));
            members.values().for_each(|inner| note_ids(inner, ids));
        }
        Value::Array(elements) => elements.iter().for_each(|inner| note_ids(inner, ids)),
        _ => (),
    }
}
