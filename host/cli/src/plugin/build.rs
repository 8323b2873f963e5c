//! `flowhost plugin build`: from a plugin project to a component.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use flowhost_devkit::plugin_project::{self, BuildOptions, BuiltComponent};
use flowhost_runtime::plugins::inspect;

use super::size;
use crate::input::read_bytes;
use crate::output::{note, say};

/// Arguments of `plugin build`.
#[derive(Args)]
pub struct BuildArgs {
    /// The plugin project
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where to write the component
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the project's manifest into this component instead of building the project: one that
    /// was composed of others, or that lost its manifest
    ///
    /// The component is any that another tool made. A manifest that it has already is replaced; those
    /// of its parts count for nothing. DIR need not have more than a flowhost.toml.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Print {"path","size_bytes","requests","sdk","imports"}, for machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: BuildArgs) -> anyhow::Result<()> {
    let BuildArgs { dir: project_dir, out, component, json } = args;
    let options = BuildOptions { project_dir, out, component, ..BuildOptions::default() };
    let built = plugin_project::build(options, note).await?;
    // Reports here what an upload would be refused for.
    let imports = inspect(&read_bytes(&built.path)?)?.imports;
    say(&if json {
        let BuiltComponent { path, size_bytes, requests, sdk, .. } = built;
        json!({ "path": path, "size_bytes": size_bytes, "requests": requests, "sdk": sdk, "imports": imports }).to_string()
    } else {
        let (path, size, imports) =
            (built.path.display(), size(built.size_bytes), imports.join("\n  "));
        format!("{path} ({size})\nAsks for: {}\nImports:\n  {imports}", built.requests)
    });
    Ok(())
}
