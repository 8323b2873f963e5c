//! `flowhost plugin types`: the types of a project's screens, without a build.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use flowhost_devkit::plugin_project;

use crate::output::say;

/// Arguments of `plugin types`.
#[derive(Args)]
pub struct TypesArgs {
    /// The plugin project
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Print {"path"}, for machines; null if there is nothing to write
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: TypesArgs) -> anyhow::Result<()> {
    let written = plugin_project::write_types(&args.dir)?;
    say(&if args.json {
        json!({ "path": written }).to_string()
    } else {
        written.map_or_else(
            || "There is nothing to write: a plugin in Rust has its types from `screens!`, and a project without flow.json has none.".to_owned(),
            |path| format!("{} is up to date.", path.display()),
        )
    });
    Ok(())
}
