//! Plugins in Python: the types of the Flow JSON's screens, the check of types by mypy, and the
//! component by componentize-py.

mod made_of;
mod said;
mod screens;
pub(super) mod template;
mod tools;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::sleep;
use toml::Table;

use flowhost_flow_json::screen_types::Flow;

use self::made_of::MadeOf;
use self::tools::Tools;
use super::error::BuildError;
use super::language::{Compiled, Job, is_name};
use super::{write_atomically, write_types};

/// Builds the project.
pub(super) async fn compile(
    job: &Job<'_>,
    progress: &impl Fn(&str),
) -> Result<Compiled, BuildError> {
    let project = Project::read(job.project)?;
    write_types(job.project)?;
    let target = job.target()?;
    let tools = Tools::prepare(job.project, &target, &job.environment, progress).await?;
    progress(&format!("compiling {}", job.project.display()));
    let made = target.join("python").join(format!("{}.wasm", project.name));
    let contract = target.join("python").join("flow.wit");
    write_atomically(CONTRACT.as_bytes(), &contract)?;
    // Neither needs what the other makes. Whichever fails first ends the build.
    tokio::try_join!(
        check_types(&tools, &project, &target),
        componentize_what_changed(&tools, &project, &contract, &made),
    )?;
    let component = fs::read(&made).map_err(BuildError::file("read", &made))?;
    let default_out = target.join("flowhost").join(format!("{}.wasm", project.name));
    Ok(Compiled { component, name: project.name, sdk: Some(project.sdk_version), default_out })
}

/// The file with the types of the project's screens, and its text.
pub(super) fn types(project: &Path, flow: &Flow) -> Result<(PathBuf, String), BuildError> {
    Ok((project.join(WRITTEN), screens::module(flow)))
}

/// Where a project has its SDK, if that is in another folder than the project itself.
pub(super) fn sdk_elsewhere(project: &Path) -> Option<PathBuf> {
    let sdk = Project::read(project).ok()?.sdk;
    (!sdk.starts_with(project)).then_some(sdk)
}

/// What `pyproject.toml` says.
struct Project {
    folder: PathBuf,
    name: String,
    /// The folder that has `flowhost_sdk` in it.
    sdk: PathBuf,
    sdk_version: String,
}

impl Project {
    fn read(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(PYPROJECT);
        let text = fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
        let wrong = |reason: String| BuildError::Manifest { path: path.clone(), reason };
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| wrong(error.to_string().trim_end().to_owned()))?;
        let name = table.get("project").and_then(|it| it.get("name")?.as_str());
        let name = name.filter(|name| is_name(name)).ok_or_else(|| {
            wrong("`name` in [project] is the plugin's name: letters, digits, hyphens and underscores".to_owned())
        })?;
        let sdk = table.get("tool").and_then(|it| it.get("flowhost")?.get("sdk")?.as_str());
        let sdk = folder.join(sdk.unwrap_or(VENDOR));
        let init = sdk.join("flowhost_sdk/__init__.py");
        let sdk_version = fs::read_to_string(&init).ok().as_deref().and_then(version).ok_or_else(|| {
            wrong(format!(
                "there is no flowhost_sdk in {}: `sdk` in [tool.flowhost] names the folder that has it; without it, that is {VENDOR}",
                sdk.display()
            ))
        })?;
        let sdk = fs::canonicalize(&sdk).map_err(BuildError::file("find", &sdk))?;
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), sdk, sdk_version })
    }
}

/// The version in `__version__ = "0.1.0"`.
fn version(init: &str) -> Option<String> {
    let line = init.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim().trim_matches('"').to_owned())
}

async fn check_types(tools: &Tools, project: &Project, target: &Path) -> Result<(), BuildError> {
    let mut mypy = tools.command("python", &project.folder);
    // With `-P`, a module of the project that is called as one of Python's own, such as `random.py`,
    // is not what mypy itself imports.
    mypy.args(["-P", "-m", "mypy", "--no-error-summary", "--show-column-numbers"]);
    mypy.args(["--exclude", "^(target|vendor|build)/"]);
    // Of its own, since two that share one at the same time may wait for each other in vain.
    mypy.arg("--cache-dir").arg(target.join("python/mypy").join(&project.name)).arg(".");
    mypy.env("MYPYPATH", &project.sdk);
    sleep(until_the_next_second()).await;
    if io::stderr().is_terminal() {
        mypy.env("MYPY_FORCE_COLOR", "1");
    }
    said::run(mypy, said::with_advice).await
}

/// mypy takes a file for unchanged by its size and its time in whole seconds. So it begins in a later
/// second than the last change: what is changed after that has another time.
fn until_the_next_second() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_secs(1) - Duration::from_nanos(now.subsec_nanos().into())
}

/// Makes the component, unless the last one was made of the same.
async fn componentize_what_changed(
    tools: &Tools,
    project: &Project,
    contract: &Path,
    to: &Path,
) -> Result<(), BuildError> {
    let texts = [CONTRACT, &tools.made_of, &project.name];
    // Where that can't be told, the component is made.
    let made_of = MadeOf::new(&[&project.folder, &project.sdk], &texts).ok();
    if made_of.as_ref().is_some_and(|made_of| made_of.is_of(to)) {
        return Ok(());
    }
    MadeOf::forget(to).map_err(BuildError::file("replace", to))?;
    componentize(tools, project, contract, to).await?;
    let noted = made_of.map_or(Ok(()), |made_of| made_of.note(to));
    noted.map_err(BuildError::file("write beside", to))
}

async fn componentize(
    tools: &Tools,
    project: &Project,
    contract: &Path,
    to: &Path,
) -> Result<(), BuildError> {
    let mut command = tools.command("componentize-py", &project.folder);
    command.arg("--wit-path").arg(contract).args(["--world", "flow", "--quiet", "componentize"]);
    command.arg("--python-path").arg(&project.folder).arg("--python-path").arg(&project.sdk);
    command.arg("--output").arg(to).arg("flowhost_sdk.component");
    // Frames of componentize-py's own code say nothing about the plugin.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    said::run(command, said::of_the_author).await
}

const CONTRACT: &str = include_str!("../../../../../guest-sdk/wit/v1/flow.wit");
const PYPROJECT: &str = "pyproject.toml";
const VENDOR: &str = "vendor";

/// The name of the file that builds write among the sources.
pub(super) const WRITTEN: &str = "screens.py";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use tempfile::TempDir;

    use super::super::programs::write_program;
    use super::super::{BuildOptions, build_with};
    use super::*;

    #[tokio::test]
    async fn builds_at_the_same_time_make_the_component_one_after_another() {
        let machine = Machine::new();

        let (one, other) = tokio::join!(machine.build(&[]), machine.build(&[]));

        assert_eq!(one.unwrap(), other.unwrap());
    }

    #[tokio::test]
    async fn neither_a_module_nor_a_variable_leads_the_tools_astray() {
        let machine = Machine::new();
        fs::write(machine.at("random.py"), "").unwrap();
        let variables =
            ["PIP_TARGET", "PIP_USER", "PYTHONPATH", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE"];

        machine.build(&variables.map(|name| (name.into(), "1".into()))).await.unwrap();
    }

    /// A project, and programs in `bin` that play the tools.
    struct Machine(TempDir);

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::Builder::new().prefix("a project ").tempdir().unwrap();
            let machine = Self(folder);
            for name in ["bin", "vendor/flowhost_sdk"] {
                fs::create_dir_all(machine.at(name)).unwrap();
            }
            let init = machine.at("vendor/flowhost_sdk/__init__.py");
            fs::write(init, "__version__ = \"0.1.7\"\n").unwrap();
            fs::write(machine.at(PYPROJECT), "[project]\nname = \"booking\"\n").unwrap();
            fs::write(machine.at("requirements.lock"), "").unwrap();
            write_program(&machine.at("bin/python3"), PYTHON);
            write_program(&machine.at("bin/componentize-py"), COMPONENTIZE);
            machine
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        /// Builds, and returns how many bytes it made.
        async fn build(&self, variables: &[(OsString, OsString)]) -> Result<u64, BuildError> {
            let options =
                BuildOptions { project_dir: self.0.path().to_owned(), ..BuildOptions::default() };
            let path = ("PATH".into(), self.at("bin").into());
            let environment = variables.iter().cloned().chain([path]).collect();
            build_with("exit 1", options, environment, |_| ()).await.map(|built| built.size_bytes)
        }
    }

    /// Makes an environment of itself and of what is beside it.
    const PYTHON: &str = r#"case $* in
"-c "*) echo 3.12; echo venv ;;
"-m venv "*) for to; do :; done; /bin/mkdir -p "$to/bin"; /bin/cp "${0%/*}"/* "$to/bin"; /bin/cp "$0" "$to/bin/python" ;;
"-m pip "*) [ -z "$PIP_TARGET$PIP_USER$PYTHONPATH" ] ;;
"-P -m mypy "*) ;;
"-m mypy "*) [ ! -e random.py ] ;;
esac
"#;

    /// Fails if it runs twice at the same time.
    const COMPONENTIZE: &str = r#"[ -z "$RUST_BACKTRACE$RUST_LIB_BACKTRACE" ] || exit 1
while [ "$1" != --output ]; do shift; done
/bin/mkdir "$2.busy" || exit 1
/bin/sleep 0.5
echo component >"$2"
/bin/rmdir "$2.busy"
"#;
}
