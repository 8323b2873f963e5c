//! The files of a scenario, served from this machine while it is played.

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
    /// The lines of the scenario and the ids of its files.
    named: Vec<(usize, String)>,
}

impl ScenarioFiles {
    /// Reads the files of a scenario in `folder`, and serves them.
    ///
    /// # Errors
    /// One can't be read or is too large, or there is no port to serve them at.
    pub(super) fn of(scenario: &Scenario, folder: &Path) -> anyhow::Result<Self> {
        let media = &scenario.surroundings.media;
        let mut files = Self { server: None, references: Vec::new(), named: Vec::new() };
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
            files.named.push((file.line, file.media_id.clone()));
        }
        files.server = Some(server);
        Ok(files)
    }

    /// Completes the form's files in a request.
    pub(super) fn complete(&self, payload: &mut Value) {
        if let Some(form) = payload.get_mut("data") {
            complete_references(form, &self.references);
        }
    }

    /// A sentence for each file that nobody fetched.
    pub(super) fn never_fetched(&self) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        let never = self.named.iter().filter(|(_, media_id)| !server.was_fetched(media_id));
        let sentence = |(line, media_id): &(usize, String)| {
            format!(
                "line {line}: the file {media_id} was never fetched: only a `flowhost dev` on this machine fetches from here"
            )
        };
        never.map(sentence).collect()
    }
}
