//! `dev.toml`: what a plugin's flow has on the machine of its developer. Only `flowhost dev` reads
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use flowhost_api::{Route, SetConfigValue};
use flowhost_protocol::flow::{Capabilities, HttpHost};
use flowhost_server::config::ConfigError;
use flowhost_server::egress::StandIn;

use super::api::{AdminApi, answered};

/// The content of the file. It has secrets, so it has no `Debug`.
#[derive(Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DevFile {
    /// Settings of the flow itself, as in `flow update --settings`.
    settings: Map<String, Value>,
    /// What the plugin reads with `config`.
    config: BTreeMap<String, String>,
    secrets: BTreeMap<String, DevSecret>,
    mocks: BTreeMap<String, String>,
    ca: Vec<PathBuf>,
}

#[derive(Deserialize, PartialEq)]
#[serde(
    deny_unknown_fields,
    expecting = "a secret: { value = \"..\", hosts = [\"api.example.com\"] }"
)]
struct DevSecret {
    value: Zeroizing<String>,
    hosts: Vec<HttpHost>,
}

/// The parts of the file that count from the start of `flowhost dev`.
#[derive(PartialEq)]
pub(super) struct AtStart {
    mocks: BTreeMap<String, String>,
    ca: Vec<PathBuf>,
}

impl DevFile {
    /// Reads the file of a project; empty if it has none.
    pub(super) fn read(project: &Path) -> anyhow::Result<Self> {
        let path = project.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error).with_context(|| format!("can't read {}", path.display()));
            }
        };
        // The parser's own text would quote the line, which may be a secret's.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            let problem =
                format!("{}, line {line}: {}", path.display(), without_value(error.message()));
            ConfigError::new(problem).into()
        })
    }

    /// The servers that answer in the place of others.
    pub(super) fn stand_ins(&self) -> anyhow::Result<Vec<StandIn>> {
        let each = self.mocks.iter().map(|(host, url)| {
            format!("{host}={url}").parse().map_err(|error| {
                ConfigError::new(format!("{NAME}, [mocks] {host}: {error}")).into()
            })
        });
        each.collect()
    }

    /// Files with certificates to trust, relative to the project.
    pub(super) fn certificates(&self, project: &Path) -> Vec<PathBuf> {
        self.ca.iter().map(|file| project.join(file)).collect()
    }

    /// The flow's settings. The plugin is granted what it asks for, unless the file says otherwise.
    pub(super) fn settings(&self, requests: &Capabilities) -> Value {
        let mut settings = self.settings.clone();
        settings.entry("grants").or_insert_with(|| json!(requests));
        settings.into()
    }

    /// The parts that are read at the start.
    pub(super) fn at_start(&self) -> AtStart {
        AtStart { mocks: self.mocks.clone(), ca: self.ca.clone() }
    }

    /// Sets the flow's settings and secrets for its plugin, and deletes those that the file had
    /// before: `kept` is where their names are between two calls. What was set otherwise stays.
    pub(super) async fn configure(
        &self,
        api: &AdminApi,
        names: [&str; 2],
        kept: &Path,
    ) -> anyhow::Result<()> {
        let before = read_names(kept)?;
        let now: BTreeSet<_> = self.config.keys().chain(self.secrets.keys()).cloned().collect();
        // Before anything is set, so that nothing is forgotten if that fails.
        write_names(kept, before.union(&now))?;
        for gone in before.difference(&now) {
            match api.call(Route::DeleteConfigValue, &[names[0], names[1], gone]).await {
                Err(error) if answered(&error) == Some(StatusCode::NOT_FOUND) => (),
                deleted => drop(deleted.with_context(|| format!("{NAME}: {gone}"))?),
            }
        }
        let config = self.config.iter().map(|(key, value)| {
            let value = Zeroizing::new(value.clone());
            (key, SetConfigValue { value, secret: false, hosts: Vec::new() })
        });
        let secrets = self.secrets.iter().map(|(key, DevSecret { value, hosts })| {
            (key, SetConfigValue { value: value.clone(), secret: true, hosts: hosts.clone() })
        });
        for (key, value) in config.chain(secrets) {
            api.send(Route::PutConfigValue, &[names[0], names[1], key], &value)
                .await
                .with_context(|| format!("{NAME}: {key}"))?;
        }
        write_names(kept, now.iter())
    }
}

/// The names in a file, one on each line; none if it is not there.
fn read_names(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

fn write_names<'a>(path: &Path, names: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let text: String = names.map(|name| format!("{name}\n")).collect();
    fs::write(path, text).with_context(|| format!("can't write {}", path.display()))
}

/// What the parser expected, without what it found, which may be a secret.
fn without_value(message: &str) -> String {
    let is_of_a_value = message.starts_with("invalid type") || message.starts_with("invalid value");
    match message.rsplit_once("expected ") {
        Some((_, expected)) if is_of_a_value => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}

/// Beside `flowhost.toml`.
pub(super) const NAME: &str = "dev.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_without_a_file_grants_what_the_plugin_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let requests = Capabilities { store: true, ..Capabilities::default() };

        let settings = DevFile::read(folder.path()).unwrap().settings(&requests);

        assert_eq!(settings["grants"]["store"], true);
    }

    #[test]
    fn the_file_says_what_the_flow_has() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"
            ca = ["own-ca.pem"]
            [settings]
            session_ttl_seconds = 60
            grants = { store = false }
            [mocks]
            "api.example.com" = "http://127.0.0.1:9000"
        "#;
        fs::write(folder.path().join(NAME), text).unwrap();
        let file = DevFile::read(folder.path()).unwrap();

        let requests = Capabilities { store: true, ..Capabilities::default() };
        let settings = json!({"session_ttl_seconds": 60, "grants": {"store": false}});
        assert_eq!(file.settings(&requests), settings);
        assert_eq!(file.stand_ins().unwrap()[0].host().to_string(), "api.example.com:443");
        assert_eq!(file.certificates(Path::new("/p")), [Path::new("/p/own-ca.pem")]);
    }

    #[test]
    fn what_is_wrong_has_its_line_and_no_secret() {
        for (text, named) in [
            (
                "[secrets]\nkey = { value = \"s3cret\", host = \"a\" }",
                "line 2: unknown field `host`",
            ),
            (
                "[secrets]\nkey = { value = \"s3cret\", hosts = [\"https://a\"] }",
                "a host is a DNS name",
            ),
            ("[secrets]\nkey = \"s3cret\"", "line 2: expected a secret: { value = "),
            ("[secrets]\nkey = { value = \"s3cret\n", "line 2"),
            ("[mock]", "unknown field `mock`"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(NAME), text).unwrap();

            let error = format!("{:#}", DevFile::read(folder.path()).err().unwrap());

            assert!(error.contains("dev.toml") && error.contains(named), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_mock_far_away_is_refused_by_its_name() {
        let file = DevFile {
            mocks: [("api.example.com".to_owned(), "http://8.8.8.8".to_owned())].into(),
            ..DevFile::default()
        };

        let error = file.stand_ins().unwrap_err().to_string();

        assert!(error.contains("[mocks] api.example.com: not HOST=URL"), "{error}");
    }
}
