//! A plugin project as `plugin test` and `plugin check` see it: its component, its sandbox, its
//! scenarios.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::input::{read_bytes, read_text};
use crate::output::note;
use flowhost_devkit::plugin_project::{self, BuildOptions};
use flowhost_devkit::scenarios::Scenario;
use flowhost_protocol::crypto::{CodeKeys, MasterKey, MasterKeys};
use flowhost_runtime::plugins::{CodeSettings, CompileSettings, WorkerLimits};
use flowhost_server::config::CompileConfig;

/// A component on disk.
pub(super) struct Component {
    pub(super) bytes: Vec<u8>,
    /// The folder that may keep its compiled code: beside it, if it was built here.
    folder: Option<PathBuf>,
}

/// A scenario and its file.
pub(crate) struct ScenarioFile {
    pub(crate) path: PathBuf,
    /// The text of the file.
    pub(super) text: String,
    /// The parsed text.
    pub(crate) scenario: Scenario,
}

impl Component {
    /// The given component, or else the project's, which is built now.
    pub(super) async fn of(project: &Path, given: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(file) = given {
            return Self::read(file);
        }
        let options = BuildOptions { project_dir: project.to_owned(), ..BuildOptions::default() };
        let built = plugin_project::build(options, note).await?;
        Ok(Self {
            bytes: read_bytes(&built.path)?,
            folder: built.path.parent().map(Path::to_owned),
        })
    }

    /// A component from a file.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        Ok(Self { bytes: read_bytes(file)?, folder: None })
    }

    /// Where its profile goes if nothing is said: beside it, if it was built here.
    pub(super) fn profile_file(&self) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.join("profile.svg"),
            None => PathBuf::from("flowhost-profile.svg"),
        }
    }

    /// The compile settings: a separate process within a host's limits. The code is kept if
    /// possible.
    pub(super) fn code(&self) -> CodeSettings {
        let CompileConfig { program, memory_bytes, cpu_seconds, .. } = CompileConfig::default();
        let limits = WorkerLimits { memory_bytes, cpu_seconds };
        let compile = CompileSettings { program, limits, time: LONGEST_COMPILING };
        let kept = self
            .folder
            .as_deref()
            .and_then(|folder| Some((folder.join("code"), key_beside(folder).ok()?)));
        let (cache, key) =
            kept.map_or_else(|| (None, MasterKey::generate()), |(cache, key)| (Some(cache), key));
        CodeSettings { compile, cache, keys: CodeKeys::derive(&MasterKeys::new(key, None)) }
    }
}

/// Ten times the CPU time that compiling may take: nobody waits but the developer, and other work may
/// have the cores.
const LONGEST_COMPILING: Duration = Duration::from_secs(600);

/// The key that authenticates the compiled code in the target folder. Anyone who can read the key
/// can also write files there that are run, such as build scripts, so it only protects against
/// stray files of others.
fn key_beside(folder: &Path) -> anyhow::Result<MasterKey> {
    let path = folder.join("code.key");
    let kept =
        || fs::read_to_string(&path).ok().and_then(|text| MasterKey::from_base64(text.trim()).ok());
    if let Some(key) = kept() {
        return Ok(key);
    }
    let key = MasterKey::generate();
    // Readable by its owner only, as temporary files are.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key.to_base64().as_bytes())?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        // Another process was faster.
        Err(error) => kept().ok_or_else(|| error.error.into()),
    }
}

/// The folder of a project's scenarios.
pub(super) fn scenario_folder(project: &Path) -> PathBuf {
    project.join("scenarios")
}

/// The scenario files in the order of their names; empty if the folder doesn't exist.
pub(super) fn scenario_paths(project: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = scenario_folder(project);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(&folder).with_context(|| format!("can't look into {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let mut paths: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    Ok(paths)
}

impl ScenarioFile {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |line, message| Unreadable { path: path.to_owned(), line, message };
        let text = read_text(path).map_err(|error| unreadable(None, format!("{error:#}")))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let scenario = Scenario::parse(&name, &text);
        let scenario =
            scenario.map_err(|error| unreadable(Some(error.line()), error.message().to_owned()))?;
        Ok(Self { path: path.to_owned(), text, scenario })
    }
}

/// Why a scenario can't be read. Displayed as `PATH:LINE: WHAT`, which editors can jump to.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {message}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub(crate) struct Unreadable {
    path: PathBuf,
    /// The line of the error; `None` if the file can't be read.
    pub(super) line: Option<usize>,
    /// What is wrong there.
    pub(super) message: String,
}
