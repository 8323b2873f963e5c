//! The component that the demo deploys: the repository's appointment plugin.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use flowhost_devkit::plugin_project::{self, BuildOptions};
use flowhost_server::config::ConfigError;

use super::super::input::read_bytes;
use super::super::output::note;
use super::super::plugin::size;

/// The given component, or one built from the repository.
pub(super) async fn obtain(given: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => build(&repository()?).await?,
    };
    read_bytes(&path)
}

async fn build(repository: &Path) -> anyhow::Result<PathBuf> {
    note("Building the appointment plugin; the first time takes a minute.");
    let options = BuildOptions {
        project_dir: repository.join(PLUGIN),
        target_dir: Some(repository.join("target/wasm")),
        ..BuildOptions::default()
    };
    let built = plugin_project::build(options, |line| note(&format!("  {line}"))).await?;
    note(&format!("  {} ({})", built.path.display(), size(built.size_bytes)));
    Ok(built.path)
}

/// The repository around the current folder, or the one that this program was built from.
fn repository() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = find_upward(&here).or_else(|| find_upward(built_from));
    let missing = || {
        ConfigError::new(format!(
            "{PLUGIN} is neither here nor above: go to Flowhost's repository, or use --component FILE"
        ))
    };
    Ok(found.ok_or_else(missing)?)
}

fn find_upward(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .find(|folder| folder.join(PLUGIN).join("Cargo.toml").is_file())
        .map(Path::to_owned)
}

/// The path of the plugin in the repository.
const PLUGIN: &str = "plugins/appointment";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_repository_from_a_folder_inside_it() {
        let repository = tempfile::tempdir().unwrap();
        let deep = repository.path().join("some/where/deep");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(find_upward(&deep), None);
        std::fs::create_dir_all(repository.path().join(PLUGIN)).unwrap();
        std::fs::write(repository.path().join(PLUGIN).join("Cargo.toml"), "").unwrap();

        assert_eq!(find_upward(&deep).as_deref(), Some(repository.path()));
    }
}
