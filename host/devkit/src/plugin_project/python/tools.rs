//! The tools that build a plugin in Python, in an environment of the project's own.
//!
//! `requirements.lock` names each package with its version and hashes, and no address: pip asks the
//! index that it is set up for. The environment is made when there is none, or when it was made from
//! another lock file or by another Python, so the network is needed only then.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::super::environment::Variables;
use super::super::error::BuildError;

/// An environment with what the lock file names.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    folder: PathBuf,
    environment: Variables,
    /// The Python and the lock file that they are from.
    pub(super) made_of: String,
}

impl Tools {
    /// Makes the environment in the folder `.venv` of the build's folder, if it is not there.
    pub(super) async fn prepare(
        project: &Path,
        target: &Path,
        environment: &Variables,
        progress: &impl Fn(&str),
    ) -> Result<Self, BuildError> {
        let lock = project.join(LOCK);
        let wanted = match fs::read_to_string(&lock) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(unavailable(format!(
                    "{} is missing: it names the tools that build the plugin, as `flowhost plugin new --lang python` writes it",
                    lock.display()
                )));
            }
            Err(error) => return Err(BuildError::file("read", lock)(error)),
        };
        fs::create_dir_all(target).map_err(BuildError::file("create", target))?;
        // An environment's programs have its path in them, which has to be one that lasts.
        let target = fs::canonicalize(target).map_err(BuildError::file("find", target))?;
        let environment: Variables =
            environment.iter().filter(|(name, _)| !name_is_of_python(name)).cloned().collect();
        let python = python(&environment).await?;
        let made_of = format!("{}\n{wanted}", python.version);
        let tools = Self { folder: target.join(FOLDER), environment, made_of };
        if tools.are_there() {
            return Ok(tools);
        }
        let is_moved = tools.are_moved();
        progress(if is_moved { MOVED } else { ONCE });
        tools.set_aside().map_err(BuildError::file("set aside", &tools.folder))?;
        let made = tools.make_whole(&python, &lock).await;
        let kept = tools.put_back_or_forget(made.is_err());
        made.map_err(|error| if is_moved { because_moved(error) } else { error })?;
        kept.map_err(BuildError::file("remove", tools.old()))?;
        Ok(tools)
    }

    /// Whether there are tools that were got in another folder: they have its path in them.
    fn are_moved(&self) -> bool {
        let stamp = fs::read_to_string(self.folder.join(STAMP)).unwrap_or_default();
        let of = stamp.split_once('\n').map(|(folder, made_of)| (Path::new(folder), made_of));
        of.is_some_and(|(folder, made_of)| folder != self.folder && made_of == self.made_of)
    }

    /// Where the old tools are while new ones are made: a build that fails leaves what there was.
    fn old(&self) -> PathBuf {
        self.folder.with_file_name(OLD_FOLDER)
    }

    /// Sets tools aside that are whole, and removes what an earlier build has half made.
    fn set_aside(&self) -> io::Result<()> {
        if self.folder.join(STAMP).is_file() {
            removed(&self.old())?;
            return fs::rename(&self.folder, self.old());
        }
        removed(&self.folder)
    }

    /// The old tools are put back if no new ones could be made.
    fn put_back_or_forget(&self, has_failed: bool) -> io::Result<()> {
        if has_failed && self.old().exists() {
            removed(&self.folder)?;
            return fs::rename(self.old(), &self.folder);
        }
        removed(&self.old())
    }

    /// Whether all of them were got, the folder has not been moved, and the Python that they run with
    /// has not been removed.
    fn are_there(&self) -> bool {
        let stamp = fs::read_to_string(self.folder.join(STAMP));
        stamp.is_ok_and(|stamp| stamp == self.stamp()) && self.folder.join("bin/python").exists()
    }

    /// What is written when all of them are there.
    fn stamp(&self) -> String {
        format!("{}\n{}", self.folder.display(), self.made_of)
    }

    /// A command of this environment, in a folder. Its output goes to this process's stderr.
    pub(super) fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(program));
        command.current_dir(folder).env_clear().envs(self.environment.iter().cloned());
        command.env("VIRTUAL_ENV", &self.folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::inherit());
        command.kill_on_drop(true);
        command
    }

    async fn make_whole(&self, python: &Python, lock: &Path) -> Result<(), BuildError> {
        self.make(python, lock).await?;
        let path = self.folder.join(STAMP);
        fs::write(&path, self.stamp()).map_err(BuildError::file("write", path))
    }

    async fn make(&self, python: &Python, lock: &Path) -> Result<(), BuildError> {
        let mut made = Command::new(&python.program);
        made.args(["-m", "venv", "--clear"]).arg(&self.folder);
        made.env_clear().envs(self.environment.iter().cloned());
        made.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::inherit()).kill_on_drop(true);
        let status = made.status().await.map_err(BuildError::file("run", &python.program))?;
        if !status.success() {
            return Err(unavailable(NO_VENV.to_owned()));
        }
        let mut pip = self.command("python", &self.folder);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        pip.args(["--require-hashes", "--requirement"]).arg(lock);
        let status = pip.status().await.map_err(BuildError::file("run", "pip"))?;
        if status.success() { Ok(()) } else { Err(unavailable(NO_PACKAGES.to_owned())) }
    }
}

/// A Python that is new enough.
struct Python {
    program: PathBuf,
    /// As `3.11`.
    version: String,
}

/// The first Python on the PATH that is new enough and can make environments.
async fn python(environment: &Variables) -> Result<Python, BuildError> {
    let mut old = None;
    for program in ["python3", "python"] {
        let mut command = Command::new(program);
        command.args(["-c", ASK]).env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(output) = command.output().await else { continue };
        let answer = String::from_utf8_lossy(&output.stdout);
        let mut words = answer.split_whitespace();
        let Some(version) = words.next().map(str::to_owned) else { continue };
        let (major, minor) = version.split_once('.').unwrap_or_default();
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        if (number(major), number(minor)) < OLDEST {
            old = Some(format!("{NEEDED}; `{program}` is {version}"));
        } else if words.next() != Some("venv") {
            return Err(unavailable(NO_VENV.to_owned()));
        } else {
            return Ok(Python { program: program.into(), version });
        }
    }
    Err(unavailable(old.unwrap_or_else(|| format!("{NEEDED}; there is none on the PATH"))))
}

/// Variables that would have another Python or other modules run, or pip install elsewhere.
fn name_is_of_python(name: &std::ffi::OsStr) -> bool {
    const NAMES: [&str; 9] = [
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    ];
    NAMES.iter().any(|one| name == *one)
}

/// Removes a folder, if it is there.
fn removed(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Says why tools are made where there were some.
fn because_moved(error: BuildError) -> BuildError {
    match error {
        BuildError::Toolchain { reason } => unavailable(format!("{MOVED}. {reason}")),
        error => error,
    }
}

fn unavailable(reason: String) -> BuildError {
    BuildError::Toolchain { reason }
}

/// Prints the version, and whether there is what makes an environment.
const ASK: &str = "import sys
print('%d.%d' % sys.version_info[:2])
import ensurepip, venv
print('venv')";

/// The SDK is written for it.
const OLDEST: (u32, u32) = (3, 11);

const NEEDED: &str = "building a plugin in Python needs Python 3.11 or newer, as `python3`";
const NO_VENV: &str = "building a plugin in Python needs Python's module venv: `apt install python3-venv`, for example";
const NO_PACKAGES: &str = "pip could not get what requirements.lock names; its reason is above. That needs the network: pip asks its index also for what is in its cache";

const ONCE: &str = "getting the tools that requirements.lock names, once: takes one to two minutes";
const MOVED: &str = "the project was moved, so its Python tools are made again";

const LOCK: &str = "requirements.lock";
/// Beside other things that a build makes. Editors find a Python of this name.
const FOLDER: &str = ".venv";
const OLD_FOLDER: &str = ".venv.old";
const STAMP: &str = "flowhost-lock";

#[cfg(test)]
mod tests {
    use super::super::super::programs::write_program;
    use super::*;

    #[tokio::test]
    async fn tools_that_are_half_got_or_of_another_python_are_got_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["bin", "project"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("project").join(LOCK), "mypy==2.4.1\n").unwrap();
        // Its environments have a pip that fails as long as there is no network.
        let pip =
            "test -d ${0%/*}/../../../../online || exit 1; echo got >>${0%/*}/../../../../log";
        let with_venv = |version: &str| {
            format!(
                "case $1 in -c) echo {version}; echo venv;; *) /bin/mkdir -p $4/bin; printf '#!/bin/sh\\n%s\\n' '{pip}' >$4/bin/python; /bin/chmod 755 $4/bin/python;; esac"
            )
        };
        let prepare_in = async |project: &str| {
            let environment = vec![("PATH".into(), at("bin").into())];
            let target = at(project).join("target");
            Tools::prepare(&at(project), &target, &environment, &|_| ()).await
        };
        let prepare = async || prepare_in("project").await;
        let got = || fs::read_to_string(at("log")).unwrap_or_default().lines().count();
        let are_kept = |project: &str| at(project).join("target/.venv").join(STAMP).is_file();
        write_program(&at("bin/python3"), &with_venv("3.12"));

        let failed = prepare().await.unwrap_err().to_string();
        assert!(failed.contains("needs the network") && !failed.contains("moved"), "{failed}");
        fs::create_dir(at("online")).unwrap();
        for times in [1, 1] {
            prepare().await.unwrap();
            assert_eq!(got(), times, "what is there needs no network");
        }
        fs::remove_file(at("project/target/.venv/bin/python")).unwrap();
        prepare().await.unwrap();
        assert_eq!(got(), 2, "the Python that they ran with is gone");
        write_program(&at("bin/python3"), &with_venv("3.13"));
        prepare().await.unwrap();
        assert_eq!(got(), 3);
        fs::rename(at("project"), at("moved")).unwrap();
        fs::remove_dir(at("online")).unwrap();
        let failed = prepare_in("moved").await.unwrap_err().to_string();
        assert!(failed.starts_with("the project was moved"), "{failed}");
        assert!(are_kept("moved"), "the old ones are still there");
        fs::rename(at("moved"), at("project")).unwrap();
        prepare().await.unwrap();
        fs::write(at("project").join(LOCK), "mypy==2.4.2\n").unwrap();
        prepare().await.unwrap_err();
        assert!(are_kept("project"), "nor does another lock file take them away");
        assert_eq!(got(), 3);
        fs::rename(at("project"), at("moved")).unwrap();
        fs::create_dir(at("online")).unwrap();
        prepare_in("moved").await.unwrap();
        assert_eq!(got(), 4, "programs of an environment know where they are");
        assert!(!at("moved/target/.venv.old").exists());
    }

    #[tokio::test]
    async fn what_is_missing_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let refused = async |answer: Option<&str>| {
            let bin = folder.path().join("bin");
            let _ = fs::remove_dir_all(&bin);
            fs::create_dir(&bin).unwrap();
            if let Some(answer) = answer {
                write_program(&bin.join("python3"), answer);
            }
            python(&vec![("PATH".into(), bin.into())]).await.err().map(|error| error.to_string())
        };

        assert!(refused(None).await.unwrap().contains("there is none on the PATH"));
        assert!(refused(Some("echo 3.10; echo venv")).await.unwrap().contains("`python3` is 3.10"));
        assert!(refused(Some("echo 3.12; exit 1")).await.unwrap().contains("module venv"));
        assert_eq!(refused(Some("echo 3.12; echo venv")).await, None);
    }

    #[tokio::test]
    async fn a_project_without_a_lock_file_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");

        let failed =
            Tools::prepare(folder.path(), &target, &Variables::new(), &|_| ()).await.unwrap_err();

        assert!(failed.to_string().contains("requirements.lock is missing"), "{failed}");
    }
}
