//! Node and npm: whether they are there, and whether the project's packages are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use tokio::process::Command;

use crate::plugin_project::environment::Variables;
use crate::plugin_project::error::BuildError;

/// Fails with one sentence if there is no Node, or an old one.
pub(super) async fn require(environment: &Variables) -> Result<(), BuildError> {
    let mut command = program("node", Path::new("/"), environment);
    command.arg("--version").stderr(Stdio::null());
    let output = command.output().await.map_err(|_| BuildError::NoNode { found: None })?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(OLDEST..) => Ok(()),
        _ => Err(BuildError::NoNode { found: Some(version) }),
    }
}

/// Installs the packages that the lock file names, unless that is done. What is installed needs no
/// network.
pub(super) async fn install(
    project: &Path,
    environment: &Variables,
    progress: &impl Fn(&str),
) -> Result<(), BuildError> {
    // In a workspace of npm, the lock file is that of the root.
    let root = project.ancestors().find(|folder| folder.join(LOCK_FILE).is_file());
    let Some(root) = root else {
        return Err(BuildError::NoLockFile { project: project.to_owned() });
    };
    if is_installed(root) {
        return Ok(());
    }
    progress(&format!("installing the packages of {}", root.display()));
    let mut command = program("npm", root, environment);
    // No package of a new project needs its scripts, and what needs none can do no harm by them.
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(command).await
}

/// npm writes this file last, when everything is there.
fn is_installed(root: &Path) -> bool {
    let changed = |path: PathBuf| fs::metadata(path).and_then(|about| about.modified());
    let installed: Option<SystemTime> = changed(root.join(INSTALLED)).ok();
    let locked = changed(root.join(LOCK_FILE)).ok();
    installed.is_some() && installed >= locked
}

/// Runs a program to its end; what it says goes to stderr.
pub(super) async fn run(mut command: Command) -> Result<(), BuildError> {
    // Nothing but this program's own answer belongs on stdout.
    command.stdout(std::io::stderr()).stderr(Stdio::inherit());
    let status = command.status().await.map_err(|_| BuildError::NoNode { found: None })?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { status }) }
}

/// A program of this name on the PATH.
pub(super) fn program(name: impl AsRef<OsStr>, folder: &Path, environment: &Variables) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder).env_clear().envs(environment.iter().cloned());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The oldest Node that all packages of a new project run with, and that is still looked after.
pub(in crate::plugin_project) const OLDEST: u32 = 20;

const LOCK_FILE: &str = "package-lock.json";

/// npm's own list of what it has installed.
const INSTALLED: &str = "node_modules/.package-lock.json";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn packages_are_there_if_they_are_newer_than_the_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join(LOCK_FILE), "{}").unwrap();
        assert!(!is_installed(root));

        fs::create_dir(root.join("node_modules")).unwrap();
        fs::write(root.join(INSTALLED), "{}").unwrap();
        assert!(is_installed(root));

        let later = SystemTime::now() + Duration::from_secs(60);
        fs::File::options()
            .write(true)
            .open(root.join(LOCK_FILE))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(!is_installed(root));
    }
}
