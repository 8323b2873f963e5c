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
    /// Print {"path","size_bytes","requests","sdk","imports"}, for machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: BuildArgs) -> anyhow::Result<()> {
    let options = BuildOptions { project_dir: args.dir, out: args.out, ..BuildOptions::default() };
    let built = plugin_project::build(options, note).await?;
    // Reports here what an upload would be refused for.
    let imports = inspect(&read_bytes(&built.path)?)?.imports;
    say(&if args.json {
        let BuiltComponent { path, size_bytes, requests, sdk, .. } = built;
        json!({ "path": path, "size_bytes": size_bytes, "requests": requests, "sdk": sdk, "imports": imports }).to_string()
    } else {
        let (path, size, imports) =
            (built.path.display(), size(built.size_bytes), imports.join("\n  "));
        format!("{path} ({size})\nAsks for: {}\nImports:\n  {imports}", built.requests)
    });
    Ok(())
}
