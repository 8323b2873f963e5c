//! `flowhost plugin new`: a new project to start from.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use flowhost_devkit::plugin_project::{NewProject, NewProjectError, SdkSource, create};
use flowhost_server::config::ConfigError;

use super::super::output::say;

/// Arguments of `plugin new`.
#[derive(Args)]
pub struct NewArgs {
    /// The plugin's name, or a path whose last part it is: lower-case letters, digits and hyphens
    name: PathBuf,
    /// The SDK: a folder, or a version in the registry [default: the one that came with this
    /// program]
    #[arg(long, value_name = "PATH_OR_VERSION")]
    sdk: Option<String>,
    /// Print {"path","sdk"}, for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: NewArgs) -> anyhow::Result<()> {
    let sdk = args
        .sdk
        .as_deref()
        .map_or_else(|| Ok(SdkSource::of_this_program()), SdkSource::parse)
        .map_err(usage)?;
    let project = NewProject { folder: args.name, sdk };
    create(&project).map_err(usage)?;
    say(&if args.json { for_machines(&project) } else { for_people(&project.folder) });
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
        SdkSource::Path(path) => json!({ "path": path }),
        SdkSource::Version(version) => json!({ "version": version }),
    };
    json!({ "path": project.folder, "sdk": sdk }).to_string()
}

fn for_people(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "{folder} is a plugin that works: screens in flow.json, what happens between them in src/lib.rs.\n\
         Next:\n\
         \x20 flowhost plugin test {folder}\n\
         \x20 flowhost dev --plugin {folder}"
    )
}

pub(super) const EXAMPLE: &str = "Examples:
  flowhost plugin new table-booking
  flowhost plugin new ../plugins/table-booking --sdk ../flowhost/guest-sdk";
