//! `--record`: writes what was played as a scenario of the plugin's project.
//!
//! What the user did is what the scenario sends. What it expects comes from the sandbox, because a
//! scenario is for `plugin test`: the steps are played there with the clock of the chat, and again
//! with other clocks, random numbers and flow tokens, and what differs is expected by its kind only.
//! Where the host answered otherwise, that is said.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value};

use flowhost_client::Exchange;
use flowhost_devkit::plugin_project::Language;
use flowhost_devkit::sandbox::Sandbox;
use flowhost_devkit::scenarios::{Answered, Played, RecordedFile, Recording, Scenario, expecting};
use flowhost_protocol::flow::{FlowSettings, FlowToken};
use flowhost_server::config::ConfigError;

use super::super::super::output::{note, printable, say};
use super::super::super::plugin::test::open_sandbox;
use super::super::token::replace;

/// Whether and where a chat is recorded.
#[derive(Args)]
pub(super) struct RecordArgs {
    /// Write what was played as a scenario into this new file, as a rule scenarios/NAME.toml of the
    /// plugin's project. What it expects comes from playing it in the sandbox of `plugin test`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The plugin project, if it is not the folder above FILE's
    #[arg(long, value_name = "DIR", requires = "record")]
    project: Option<PathBuf>,
    /// Play with this component instead of building the project
    #[arg(long, value_name = "FILE", requires = "record")]
    component: Option<PathBuf>,
}

/// A chat that is recorded.
pub(super) struct Recorder {
    file: PathBuf,
    name: String,
    /// The folder of the file, with its full path.
    folder: PathBuf,
    project: PathBuf,
    component: Option<PathBuf>,
    flow_token: String,
    began: SystemTime,
    exchanges: Vec<(Value, Answered)>,
    /// Fields whose text a phone does not show, where something was typed.
    hidden: BTreeSet<String>,
}

impl RecordArgs {
    /// The recorder of a chat with this token, if the user wants one.
    ///
    /// # Errors
    /// The file is there already, or can't be one of a project.
    pub(super) fn recorder(self, flow_token: &str) -> Result<Option<Recorder>, ConfigError> {
        let Some(file) = self.record else { return Ok(None) };
        let wrong = |why: &str| ConfigError::new(format!("--record {}: {why}", file.display()));
        if file.exists() {
            return Err(wrong("it exists, and a scenario is never written over"));
        }
        let name = file.file_stem().filter(|_| file.extension().is_some_and(|end| end == "toml"));
        let name = name.ok_or_else(|| wrong("a scenario is a file NAME.toml"))?;
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|_| wrong("there is no such folder"))?;
        let project = self.project.or_else(|| folder.parent().map(Path::to_owned));
        let project = project.filter(|project| Language::is_project(project));
        let project = project.ok_or_else(|| {
            wrong("it is played in the sandbox, so name the folder of the plugin's project: --project")
        })?;
        Ok(Some(Recorder {
            name: name.to_string_lossy().into_owned(),
            folder,
            project,
            component: self.component,
            flow_token: flow_token.to_owned(),
            began: SystemTime::now(),
            exchanges: Vec::new(),
            hidden: BTreeSet::new(),
            file,
        }))
    }
}

impl Recorder {
    /// Takes down a request and what came back, if something did.
    pub(super) fn note(&mut self, sent: &Value, exchange: &Exchange) {
        let Some(status) = exchange.status else { return };
        let (payload, took) = (exchange.payload.clone(), exchange.duration);
        self.exchanges.push((sent.clone(), Answered { status, payload, took, inside: None }));
    }

    /// Takes down that something was typed into a field whose text a phone does not show.
    pub(super) fn note_hidden(&mut self, field: &str) {
        self.hidden.insert(field.to_owned());
    }

    /// Plays what was taken down in the sandbox, and writes the scenario. `picked` are the files
    /// that the user picked, by their `media_id`.
    ///
    /// # Errors
    /// The file can't be written, the plugin can't be built or loaded, or the scenario does not pass
    /// in the sandbox.
    pub(super) async fn write(self, picked: &[(String, PathBuf)]) -> anyhow::Result<()> {
        if self.exchanges.is_empty() {
            note("Nothing was played, so nothing is recorded.");
            return Ok(());
        }
        let sandbox = match open_sandbox(&self.project, self.component.as_deref()).await {
            Ok(sandbox) => sandbox,
            // Nobody should have to play it once more.
            Err(error) => {
                self.save(&self.recording(picked, &[]).text())?;
                return Err(error.context(format!(
                    "{} has the steps, and not yet what they expect, which `flowhost plugin test --update` adds",
                    self.file.display()
                )));
            }
        };
        let (text, first) = self.first_play(&sandbox, picked).await?;
        let scenario = Scenario::parse(&self.name, &text)?;
        let soon = self.play_again(&sandbox, &scenario, 1, SOON).await?;
        let later = self.play_again(&sandbox, &scenario, 2, LATER).await?;
        let update = expecting(&text, &first, &soon, &later)?;
        self.save(&update.text)?;
        let written = Scenario::parse(&self.name, &update.text)?;
        say(&format!("Recorded {} steps in {}.", written.steps.len(), self.file.display()));
        self.tell_differences(&written);
        update.refused.iter().for_each(|why| note(&printable(why)));
        let (played, _) = self.play(&sandbox, &written).await?;
        anyhow::ensure!(
            played.passed(),
            "the recorded scenario does not pass in the sandbox: `flowhost plugin test` says why"
        );
        Ok(())
    }

    fn save(&self, text: &str) -> anyhow::Result<()> {
        let written =
            File::create_new(&self.file).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("can't write {}", self.file.display()))?;
        if !self.hidden.is_empty() {
            let fields: Vec<_> = self.hidden.iter().map(String::as_str).collect();
            note(&printable(&format!(
                "What was typed into {} is in {} as it was typed: put something made up in its place, if it was real.",
                fields.join(", "),
                self.file.display()
            )));
        }
        Ok(())
    }

    /// The scenario without expectations, and its first play. A file that the plugin does not fetch
    /// then is optional: the sandbox may lack what the plugin needs before it comes to the file.
    async fn first_play(
        &self,
        sandbox: &Arc<Sandbox>,
        picked: &[(String, PathBuf)],
    ) -> anyhow::Result<(String, Played)> {
        let scenario = Scenario::parse(&self.name, &self.recording(picked, &[]).text())?;
        let (played, unfetched) = self.play(sandbox, &scenario).await?;
        Ok((self.recording(picked, &unfetched).text(), played))
    }

    /// What was taken down. `optional` are the `media_id`s of files that need not be fetched.
    fn recording(&self, picked: &[(String, PathBuf)], optional: &[String]) -> Recording {
        // The user may have picked others first.
        let sent = picked
            .iter()
            .filter(|(id, _)| self.exchanges.iter().any(|(sent, _)| has_text(sent, id)));
        let shared = is_shared(&self.flow_token).then(|| self.flow_token.clone());
        let request = |(sent, _): &(Value, Answered)| {
            let mut sent = sent.clone();
            if shared.is_none() {
                replace(&mut sent, &self.flow_token, &format!("scenario {}", self.name));
            }
            shorten(&mut sent["data"]);
            request(&sent)
        };
        let (first, _) = &self.exchanges[0];
        Recording {
            flow_token: shared.clone(),
            now: self.began,
            data_api_version: first["version"].as_str().unwrap_or_default().to_owned(),
            signed_token: first.get("flow_token_signature").is_some(),
            media: sent
                .map(|(id, path)| RecordedFile {
                    media_id: id.clone(),
                    path: self.path_of(path),
                    optional: optional.contains(id),
                })
                .collect(),
            requests: self.exchanges.iter().map(request).collect(),
        }
    }

    /// The path of a file from the scenario's folder if it is in the project, so that the project
    /// can be moved; otherwise the full path.
    fn path_of(&self, file: &Path) -> PathBuf {
        let full = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let project = self.project.canonicalize().unwrap_or_else(|_| self.project.clone());
        match full.starts_with(&project) || full.starts_with(&self.folder) {
            true => path_from(&self.folder, &full),
            false => full,
        }
    }

    /// Plays a scenario. Returns also the ids of files that were never fetched.
    async fn play(
        &self,
        sandbox: &Arc<Sandbox>,
        scenario: &Scenario,
    ) -> anyhow::Result<(Played, Vec<String>)> {
        let mut conversation = sandbox.begin(scenario, &self.folder)?;
        let played = scenario.play(&mut conversation).await;
        Ok((played, conversation.unfetched_files()))
    }

    /// Plays the scenario at another time, with another seed and another flow token.
    async fn play_again(
        &self,
        sandbox: &Arc<Sandbox>,
        scenario: &Scenario,
        seed: u64,
        later: Duration,
    ) -> anyhow::Result<Played> {
        let flow_token = match is_shared(&scenario.flow_token) {
            true => scenario.flow_token.clone(),
            false => format!("{} {seed}", scenario.flow_token),
        };
        let now = scenario.now.map(|now| now + later);
        let other = Scenario { flow_token, now, seed: Some(seed), ..scenario.clone() };
        let (mut played, _) = self.play(sandbox, &other).await?;
        for payload in played.steps.iter_mut().filter_map(|step| step.came.payload.as_mut()) {
            replace(payload, &other.flow_token, &scenario.flow_token);
        }
        Ok(played)
    }

    /// Says where the host answered otherwise than the sandbox, which has none of what surrounds the
    /// plugin there.
    fn tell_differences(&self, written: &Scenario) {
        let mut differs = false;
        for (number, (step, (_, came))) in (1..).zip(written.steps.iter().zip(&self.exchanges)) {
            let mut came = came.clone();
            if let Some(payload) = &mut came.payload {
                replace(payload, &self.flow_token, &written.flow_token);
            }
            for difference in step.expect.iter().flat_map(|expect| expect.differences(&came)) {
                differs = true;
                note(&printable(&format!(
                    "step {number}: {} is {} in the sandbox, and was {} in the chat",
                    difference.path,
                    short(&difference.expected),
                    short(&difference.came.unwrap_or_default())
                )));
            }
        }
        if differs {
            note(
                "The sandbox has no config, store, secrets, hosts and context but those of the scenario: add what is missing \
                 ([config], [[store]], [[http]], context), then `flowhost plugin test --update`.",
            );
        }
    }
}

/// Whether a token is one that a message without a token of its own has, as far as one can know
/// without the flow's settings.
fn is_shared(token: &str) -> bool {
    let length = FlowSettings::default().min_token_length;
    FlowToken::new(token.to_owned()).is_none_or(|token| !token.can_be_own(length))
}

/// A value as JSON, of which a long one is cut.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

/// The request's part that a scenario gives.
fn request(sent: &Value) -> Map<String, Value> {
    let mut request = Map::new();
    for key in ["action", "screen", "data"] {
        let value = sent.get(key).filter(|value| !matches!(value, Value::Null));
        let is_empty = value.is_some_and(|value| {
            value.as_str().is_some_and(str::is_empty)
                || value.as_object().is_some_and(Map::is_empty)
        });
        if let Some(value) = value.filter(|_| !is_empty) {
            request.insert(key.to_owned(), value.clone());
        }
    }
    request
}

/// Leaves of each file's reference what a scenario says: its `media_id`. Its keys and its URL end
/// with the chat, and `[[media]]` has its name.
fn shorten(form: &mut Value) {
    match form {
        Value::Object(members) if members.contains_key("encryption_metadata") => {
            members.retain(|name, _| name == "media_id");
        }
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Array(elements) => elements.iter_mut().for_each(shorten),
        _ => (),
    }
}

/// Whether a text is anywhere in a value.
fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::Object(members) => members.values().any(|inner| has_text(inner, text)),
        Value::Array(elements) => elements.iter().any(|inner| has_text(inner, text)),
        other => other == text,
    }
}

/// The path of a file from a folder; both are full.
fn path_from(folder: &Path, file: &Path) -> PathBuf {
    let same = folder.components().zip(file.components()).take_while(|(one, other)| one == other);
    let same = same.count();
    let up = folder.components().skip(same).map(|_| Component::ParentDir);
    up.chain(file.components().skip(same)).collect()
}

/// Letters of a value that are shown: enough to see what it is.
const MAX_SHOWN: usize = 200;

/// How much later the steps are played again on the same day, when every step can still be taken.
const SOON: Duration = Duration::from_secs(1);

/// How much later they are played again on another day and at another hour, minute and second.
const LATER: Duration = Duration::from_secs(24 * 3600 + 3661);
