//! Node and npm: whether they are there, and whether the project's packages are.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use tokio::process::Command;

use crate::plugin_project::environment::Variables;
use crate::plugin_project::error::BuildError;
use crate::plugin_project::only_one::hold;

/// Fails with one sentence if there is no Node, or an old one.
pub(super) async fn require(environment: &Variables) -> Result<(), BuildError> {
    let mut command = program("node", Path::new("/"), environment);
    command.arg("--version").stderr(Stdio::null());
    let Ok(output) = command.output().await else { return Err(BuildError::NoNode { found: None }) };
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
    // Several projects of a workspace have the same packages.
    let lock_file = root.join(LOCK_FILE);
    let opened = File::open(&lock_file).map_err(BuildError::file("open", &lock_file))?;
    let _only_one = hold(opened, &lock_file, progress).await?;
    if is_installed(root) {
        return Ok(());
    }
    progress(&format!("installing the packages of {}", root.display()));
    let mut command = program("npm", root, environment);
    // No package of a new project needs its scripts, and what needs none can do no harm by them.
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    // What builds a plugin is there for development only, which `NODE_ENV=production` leaves out.
    command.args(["--no-update-notifier", "--include=dev"]);
    let status = status_of(command).await.map_err(|_| unavailable(NO_NPM))?;
    if status.success() { Ok(()) } else { Err(unavailable(NO_PACKAGES)) }
}

/// npm writes its own list last, when everything is there. A lock file that was put back may be older
/// than what another one has installed, so versions count too.
fn is_installed(root: &Path) -> bool {
    let changed = |path: PathBuf| fs::metadata(path).and_then(|about| about.modified());
    let installed: Option<SystemTime> = changed(root.join(INSTALLED)).ok();
    let locked = changed(root.join(LOCK_FILE)).ok();
    installed.is_some() && installed >= locked && has_locked_versions(root)
}

/// Whether no package is there in another version than the lock file names.
fn has_locked_versions(root: &Path) -> bool {
    let listed = |file: &str| {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        serde_json::from_str::<Value>(&text).unwrap_or_default()["packages"].take()
    };
    let (installed, locked) = (listed(INSTALLED), listed(LOCK_FILE));
    let mut packages = installed.as_object().into_iter().flatten();
    packages.all(|(path, package)| {
        locked.get(path).is_none_or(|locked| locked.get("version") == package.get("version"))
    })
}

/// Runs Node to its end; what it says goes to stderr.
pub(super) async fn run(command: Command) -> Result<(), BuildError> {
    let status = status_of(command).await.map_err(|_| BuildError::NoNode { found: None })?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { status }) }
}

async fn status_of(mut command: Command) -> io::Result<ExitStatus> {
    // Nothing but this program's own answer belongs on stdout.
    command.stdout(io::stderr()).stderr(Stdio::inherit());
    command.status().await
}

fn unavailable(reason: &str) -> BuildError {
    BuildError::Toolchain { reason: reason.to_owned() }
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

/// Debian has npm in a package of its own.
const NO_NPM: &str = "building plugins in TypeScript needs npm, which comes with Node from https://nodejs.org, or with `apt install npm`, for example";
const NO_PACKAGES: &str = "npm could not install what package-lock.json names; its reason is above. The first build needs the network, or npm's cache";

const LOCK_FILE: &str = "package-lock.json";

/// npm's own list of what it has installed.
const INSTALLED: &str = "node_modules/.package-lock.json";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::super::super::programs::write_program;
    use super::*;

    #[tokio::test]
    async fn what_is_missing_or_old_is_one_sentence() {
        let machine = Machine::new();
        let refused =
            async || require(&machine.environment()).await.err().map(|error| error.to_string());

        let none = refused().await.unwrap();
        assert!(none.contains("needs Node 20 or later") && !none.contains("this is"), "{none}");
        machine.has("node", "echo v18.20.4");
        assert!(refused().await.unwrap().ends_with("this is v18.20.4"));
        machine.has("node", "echo v20.0.0");
        assert_eq!(refused().await, None);
        let no_npm = machine.install().await.unwrap_err().to_string();
        assert!(no_npm.contains("needs npm"), "{no_npm}");
    }

    #[tokio::test]
    async fn an_install_that_ends_half_way_is_no_install() {
        let machine = Machine::new();
        // npm writes its list last.
        machine.has("npm", "/bin/mkdir -p node_modules/esbuild; exit 1");
        let failed = machine.install().await.unwrap_err().to_string();
        assert!(failed.contains("needs the network, or npm's cache"), "{failed}");
        assert!(machine.root().join("node_modules/esbuild").is_dir());

        machine.has("npm", "echo again >>node_modules/.package-lock.json");
        machine.install().await.unwrap();
        machine.install().await.unwrap();
        assert_eq!(fs::read_to_string(machine.root().join(INSTALLED)).unwrap(), "again\n");
    }

    #[tokio::test]
    async fn what_builds_a_plugin_is_installed_in_production_too() {
        let machine = Machine::new();
        machine.has("npm", "/bin/mkdir node_modules; echo $* >node_modules/.package-lock.json");

        machine.install().await.unwrap();

        let told = fs::read_to_string(machine.root().join(INSTALLED)).unwrap();
        assert!(told.contains("--include=dev"), "{told}");
    }

    #[tokio::test]
    async fn projects_of_a_workspace_install_its_packages_one_after_another() {
        let machine = Machine::new();
        machine.has(
            "npm",
            "/bin/mkdir busy || exit 1; /bin/sleep 0.5; /bin/mkdir -p node_modules; echo got >>node_modules/.package-lock.json; /bin/rmdir busy",
        );

        let (one, other) = tokio::join!(machine.install(), machine.install());

        one.unwrap();
        other.unwrap();
        assert_eq!(fs::read_to_string(machine.root().join(INSTALLED)).unwrap(), "got\n");
    }

    /// A folder with programs, and one with a lock file.
    struct Machine(TempDir);

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["bin", "project"] {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            fs::write(folder.path().join("project").join(LOCK_FILE), "{}").unwrap();
            Self(folder)
        }

        fn root(&self) -> PathBuf {
            self.0.path().join("project")
        }

        fn environment(&self) -> Variables {
            vec![("PATH".into(), self.0.path().join("bin").into())]
        }

        fn has(&self, program: &str, script: &str) {
            write_program(&self.0.path().join("bin").join(program), script);
        }

        async fn install(&self) -> Result<(), BuildError> {
            install(&self.root(), &self.environment(), &|_| ()).await
        }
    }

    #[test]
    fn a_lock_file_that_was_put_back_names_other_packages() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let packages = |version: &str| {
            format!(
                r#"{{"packages": {{"": {{"name": "shop"}}, "node_modules/sdk": {{"link": true}}, "node_modules/money": {{"version": "{version}"}}}}}}"#
            )
        };
        fs::write(root.join(LOCK_FILE), packages("1.0.0")).unwrap();
        fs::create_dir(root.join("node_modules")).unwrap();

        fs::write(root.join(INSTALLED), packages("2.0.0")).unwrap();
        assert!(!is_installed(root));
        fs::write(root.join(INSTALLED), packages("1.0.0")).unwrap();
        assert!(is_installed(root));
    }

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
        File::options()
            .write(true)
            .open(root.join(LOCK_FILE))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(!is_installed(root));
    }
}
