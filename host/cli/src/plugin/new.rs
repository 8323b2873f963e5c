//! `flowhost plugin new`: a new project to start from.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use flowhost_devkit::plugin_project::{Language, NewProject, NewProjectError, SdkSource, create};
use flowhost_server::config::ConfigError;

use super::super::dev_plugin::quoted;
use super::super::output::say;
use super::super::schema;

/// Arguments of `plugin new`.
#[derive(Args)]
pub struct NewArgs {
    /// The plugin's name, or a path whose last part it is: lower-case letters, digits and hyphens
    name: PathBuf,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
    /// The SDK: a folder, a git address (with # and a tag or a commit), or a version in the registry
    /// [default: the one that came with this program]
    #[arg(long, value_name = "PATH_GIT_OR_VERSION")]
    sdk: Option<String>,
    /// Make a workspace around it, for several plugins that share code: NAME is then
    /// WORKSPACE/plugins/NAME
    #[arg(long)]
    workspace: bool,
    /// Print {"path","sdk"}, for machines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    Python,
    Rust,
    #[value(name = "typescript")]
    TypeScript,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Python => Self::Python,
            Lang::Rust => Self::Rust,
            Lang::TypeScript => Self::TypeScript,
        }
    }
}

pub(super) fn run(args: NewArgs) -> anyhow::Result<()> {
    let language = args.lang.into();
    let sdk = args
        .sdk
        .as_deref()
        .map_or_else(|| Ok(SdkSource::of_this_program(language)), SdkSource::parse)
        .map_err(usage)?;
    let schemas =
        schema::files().map(|(name, text)| (format!("{}/{name}", schema::FOLDER), text)).collect();
    let project = NewProject {
        folder: args.name,
        language,
        sdk,
        workspace: args.workspace,
        generated: schemas,
    };
    create(&project).map_err(usage)?;
    say(&if args.json { for_machines(&project) } else { for_people(&project) });
    Ok(())
}

/// Everything but a failing disk is bad usage, which the user can correct.
fn usage(error: NewProjectError) -> anyhow::Error {
    match error {
        NewProjectError::File { .. } => error.into(),
        error => ConfigError::new(error.to_string()).into(),
    }
}

fn for_machines(project: &NewProject) -> String {
    let sdk = match &project.sdk {
        SdkSource::Vendored => json!({ "vendored": true }),
        SdkSource::Git { url, rev } => json!({ "git": url, "rev": rev }),
        SdkSource::Path(path) => json!({ "path": path }),
        SdkSource::Version(version) => json!({ "version": version }),
    };
    json!({ "path": project.folder, "sdk": sdk }).to_string()
}

fn for_people(project: &NewProject) -> String {
    let (folder, typed) = (project.folder.display(), quoted(&project.folder));
    let (main, note) = match project.language {
        Language::Python => ("plugin.py", "; the first time gets its tools from PyPI"),
        Language::Rust => ("src/lib.rs", ""),
        Language::TypeScript => {
            ("src/plugin.ts", "; the first time installs its packages from npm")
        }
    };
    format!(
        "{folder} is a plugin that works: screens in flow.json, what happens between them in {main}.\n\
         Next:\n\
         \x20 flowhost plugin test {typed}{note}\n\
         \x20 flowhost dev --plugin {typed}"
    )
}

pub(super) const EXAMPLE: &str = "Examples:
  flowhost plugin new table-booking
  flowhost plugin new table-booking --lang typescript
  flowhost plugin new table-booking --lang python
  flowhost plugin new table-booking --sdk ../flowhost/guest-sdk
  flowhost plugin new table-booking --sdk https://git.example.com/flowhost.git#v0.1.0   # builds on other machines, too
  flowhost plugin new acme-flows/plugins/table-booking --workspace
  flowhost plugin new acme-flows/plugins/survey          # one more in that workspace";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn editors_find_the_schemas_of_the_program_in_a_new_project() {
        for lang in Lang::value_variants() {
            let parent = tempfile::tempdir().unwrap();
            let folder = parent.path().join("booking");
            let name = folder.clone();
            run(NewArgs { name, lang: *lang, sdk: None, workspace: false, json: false }).unwrap();

            knows_its_schemas(&folder);
        }
    }

    #[test]
    fn the_next_commands_can_be_pasted_into_a_shell() {
        let shown = for_people(&NewProject {
            folder: "my flows/booking".into(),
            language: Language::TypeScript,
            sdk: SdkSource::Vendored,
            workspace: false,
            generated: Vec::new(),
        });

        assert!(shown.contains("plugin test 'my flows/booking'; the first time"), "{shown}");
        assert!(shown.ends_with("dev --plugin 'my flows/booking'"), "{shown}");
    }

    fn knows_its_schemas(folder: &Path) {
        assert!(!schema::are_stale(folder));
        let taplo: toml::Table =
            fs::read_to_string(folder.join(".taplo.toml")).unwrap().parse().unwrap();
        let rules = taplo["rule"].as_array().unwrap().iter();
        let named = rules.map(|rule| {
            (rule["include"][0].as_str().unwrap(), rule["schema"]["path"].as_str().unwrap())
        });
        let code: Value = serde_json::from_str(
            &fs::read_to_string(folder.join(".vscode/settings.json")).unwrap(),
        )
        .unwrap();
        let associated = code["json.schemas"].as_array().unwrap().iter();
        let associated = associated.map(|one| {
            (
                one["fileMatch"][0].as_str().unwrap().trim_start_matches('/'),
                one["url"].as_str().unwrap(),
            )
        });
        let all: Vec<_> = named.chain(associated).collect();
        assert_eq!(all.len(), schema::files().count());
        for (file, schema) in all {
            assert!(folder.join(schema).is_file(), "{schema}");
            // Settings are made when they are first needed.
            let there = file == "flow-settings.json" || file == "scenarios/*.toml";
            assert!(there || folder.join(file).is_file(), "{file}");
        }
    }
}
