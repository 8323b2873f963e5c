//! `flowhost schema`: JSON Schemas of what authors write, for their editors.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::{Value, json};

use flowhost_devkit::plugin_project::manifest_schema;
use flowhost_devkit::scenarios;
use flowhost_protocol::flow::FlowSettings;

use super::output::say;
use super::table::Table;

/// Arguments of `schema`.
#[derive(ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to print the schema of; without it, all are listed
    #[arg(value_enum)]
    name: Option<Name>,
    /// Write all schemas into this folder, which is made if it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    into: Option<PathBuf>,
}

/// What there are schemas of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// flowhost.toml: what a plugin asks for
    Manifest,
    /// scenarios/*.toml: conversations that `plugin test` plays
    Scenario,
    /// The settings of a flow, as JSON for `--settings @FILE`
    Settings,
    /// flow.json: the screens, as they are uploaded to Meta
    FlowJson,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match (&args.into, args.name) {
        (Some(folder), _) => {
            write_into(folder)?;
            say(&format!("{} has the schemas of this program.", folder.display()));
        }
        (None, Some(name)) => say(name.text().trim_end()),
        (None, None) => say(&list()),
    }
    Ok(())
}

/// The name and the text of each schema's file.
pub(crate) fn files() -> impl Iterator<Item = (String, String)> {
    Name::value_variants().iter().map(|name| (format!("{}.json", name.word()), name.text()))
}

/// Whether a project's folder has schemas of another version of this program.
pub(crate) fn are_stale(project: &Path) -> bool {
    let folder = project.join(FOLDER);
    let differs = |(name, text): (String, String)| {
        fs::read_to_string(folder.join(name)).map_or(true, |written| written != text)
    };
    folder.is_dir() && files().any(differs)
}

/// The folder in a project that `plugin new` writes the schemas into.
pub(crate) const FOLDER: &str = ".schemas";

fn write_into(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    for (name, text) in files() {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(())
}

fn list() -> String {
    let mut table = Table::new(&["NAME", "OF"]);
    for name in Name::value_variants() {
        let value = name.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help()).map(ToString::to_string);
        table.row([name.word(), help.unwrap_or_default()]);
    }
    table.to_string()
}

impl Name {
    /// As it is written on the command line.
    fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn schema(self) -> Value {
        match self {
            Self::Manifest => manifest_schema(),
            Self::Scenario => scenarios::json_schema(),
            Self::Settings => settings_schema(),
            Self::FlowJson => flowhost_flow_json::json_schema(),
        }
    }

    /// The schema as a file: a change in it is a change of few lines.
    fn text(self) -> String {
        format!("{:#}\n", self.schema())
    }
}

/// What `--settings` takes: a flow's settings, and whether it is switched off.
fn settings_schema() -> Value {
    let mut schema = FlowSettings::json_schema();
    schema["properties"]["disabled"] = json!({ "type": "boolean", "description": "Whether the endpoint answers 503, at once and on every host." });
    schema
}

const EXAMPLES: &str = "Examples:
  flowhost schema                    # which there are
  flowhost schema manifest
  flowhost schema --into .schemas    # all of them, for the editor: again after each update of flowhost

JSON Schemas, draft 7, made from what this program reads. `flowhost plugin new` writes them into .schemas, with settings by which VS Code
and other editors find them. Each says in its description what it does not check: `flowhost plugin check` does.";

#[cfg(test)]
mod tests {
    use boon::{Compiler, Schemas};

    use super::*;

    #[test]
    fn every_schema_is_one_and_refuses_what_it_does_not_know() {
        for name in Name::value_variants() {
            let schema: Value = serde_json::from_str(&name.text()).unwrap();
            assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{name:?}");
            for sentence in ["title", "description"] {
                assert!(schema[sentence].is_string(), "{name:?}: {sentence}");
            }
            assert!(schema["description"].as_str().unwrap().contains("Not checked"), "{name:?}");
            let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
            compiler.add_resource("schema.json", schema).unwrap();
            let index = compiler.compile("schema.json", &mut schemas).unwrap();
            assert!(schemas.validate(&json!({ "zz": 1 }), index).is_err(), "{name:?}");
        }
    }

    #[test]
    fn settings_are_taken_with_what_stands_beside_them() {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("settings.json", settings_schema()).unwrap();
        let index = compiler.compile("settings.json", &mut schemas).unwrap();
        let mut all = FlowSettings::default().to_map();
        all.insert("disabled".to_owned(), json!(true));
        schemas.validate(&Value::Object(all), index).unwrap();

        for (settings, is_taken) in [
            (json!({}), true),
            (json!({"on_failure": "error-message", "limits": {"cpu_ms": 50}}), true),
            (json!({"retention": {"sessions_days": 5}, "grants": {"http": ["a.example"]}}), true),
            (json!({"colour": 1}), false),
            (json!({"limits": {"cpu": 1}}), false),
            (json!({"limits": {"wall_ms": 10_000}}), false),
            (json!({"limits": {"cpu_ms": -1}}), false),
            (json!({"session_ttl_seconds": 0}), false),
            (json!({"failure_text": ""}), false),
            (json!({"token_policy": "closed"}), false),
            (json!({"retention": {"answered_days": 90}}), false),
            (json!({"grants": {"files": true}}), false),
        ] {
            let parsed = FlowSettings::parse(settings.as_object().unwrap().clone());
            assert_eq!(parsed.is_ok(), is_taken, "{settings}");
            assert_eq!(schemas.validate(&settings, index).is_ok(), is_taken, "{settings}");
        }
    }

    #[test]
    fn files_of_another_version_are_noticed() {
        let project = tempfile::tempdir().unwrap();
        assert!(!are_stale(project.path()), "who does without them does without them");

        let folder = project.path().join(FOLDER);
        write_into(&folder).unwrap();
        assert!(!are_stale(project.path()));

        fs::write(folder.join("scenario.json"), "{}").unwrap();
        assert!(are_stale(project.path()));
    }

    #[test]
    fn the_list_says_what_each_is_of() {
        let shown = list();
        for part in ["manifest", "scenario", "settings", "flow-json", "flowhost.toml"] {
            assert!(shown.contains(part), "{shown}");
        }
    }
}
