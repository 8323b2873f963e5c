//! `flowhost plugin test`: plays a project's scenarios in the sandbox.

mod details;
mod diff;
mod junit;
mod machine;
mod people;
mod profile;
mod usage;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt as _;

use self::profile::ProfileReport;
use super::compiling;
use super::flow_json::ProjectFlowJson;
use super::project::{Component, ScenarioFile, scenario_folder, scenario_paths};
use crate::output::{note, say};
use flowhost_devkit::plugin_project::{Language, write_atomically};
use flowhost_devkit::sandbox::Sandbox;
use flowhost_devkit::scenarios::{Played, update};
use flowhost_flow_json::ReplyRules;
use flowhost_protocol::flow::FlowLimits;
use flowhost_runtime::plugins::Profile;
use flowhost_server::config::{ConfigError, Environment};

/// Arguments of `plugin test`.
#[derive(Args)]
pub struct TestArgs {
    /// The plugin project: its scenarios are the files scenarios/*.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Play only scenarios whose name has this in it
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write what came back into the scenarios, in the place of what they expected. A failed call
    /// is never written
    #[arg(long)]
    update: bool,
    /// Play them again whenever a file changes, of the project or of a package that it names by a
    /// path, until Ctrl-C. While the build's tools can't be had, it tries again by itself
    #[arg(long, conflicts_with_all = ["update", "json"])]
    watch: bool,
    /// Play with this component instead of building the project
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Write a flame graph of the plugin's functions, and show how often each import was called and
    /// how long it took. Default: profile.svg beside the component that is built here, or
    /// flowhost-profile.svg in this folder. A name that ends with .folded gets collapsed stacks
    ///
    /// The scenarios are played again, for at most five seconds, until there are 1000 samples. Once a
    /// millisecond the plugin's stack is noted, when it begins its next function or the next round of
    /// a loop: so what has neither counts for what comes after it. Waiting for an import is no
    /// sample. Only the imports of the SDK's contract are counted, not WASI (clocks, random numbers,
    /// standard output). Taking samples costs the calls a little CPU time
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["update", "watch"])]
    profile: Option<Option<PathBuf>>,
    #[command(flatten)]
    report: ReportArgs,
}

/// How a command that plays scenarios reports their results.
#[derive(Args)]
pub(crate) struct ReportArgs {
    /// Write a JUnit report too, for CI
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Show of each step what was sent, what came back, and what is known of what the plugin did
    /// meanwhile
    #[arg(long, short, conflicts_with = "json")]
    verbose: bool,
    /// Print the results as JSON, for machines; it has all that --verbose shows
    #[arg(long)]
    json: bool,
}

/// A scenario that was played.
pub(crate) struct PlayedFile {
    file: ScenarioFile,
    /// The result, or why the scenario could not be played.
    played: Result<Played, String>,
    took: Duration,
    /// What `--update` changed in the file.
    updated: Option<Updated>,
}

/// What `--update` changed in a scenario.
struct Updated {
    steps: Vec<usize>,
    refused: Vec<String>,
}

/// The results of all scenarios that were played.
pub(crate) struct Results {
    all: Vec<PlayedFile>,
    took: Duration,
    /// With `--profile`.
    profile: Option<ProfileReport>,
}

pub(super) async fn run(args: TestArgs, environment: &Environment) -> anyhow::Result<()> {
    if args.watch {
        return watch::run(&args.dir, || once(&args, environment)).await;
    }
    once(&args, environment).await
}

/// Builds, plays and reports once.
async fn once(args: &TestArgs, environment: &Environment) -> anyhow::Result<()> {
    if args.component.is_none() {
        Language::of(&args.dir)?;
    }
    // Read before minutes of compiling, since they may have errors.
    let scenarios = chosen(&args.dir, args.filter.as_deref())?;
    let rules = reply_rules(&args.dir)?;
    let component = Component::of(&args.dir, args.component.as_deref()).await?;
    let profile = args.profile.as_ref().map(|file| {
        let file = file.clone().unwrap_or_else(|| component.profile_file());
        (Profile::default(), file)
    });
    let sandbox =
        sandbox_with(component, rules, profile.as_ref().map(|(profile, _)| profile.clone()))
            .await?;
    let began = Instant::now();
    let mut all = play(&sandbox, scenarios).await;
    if args.update {
        for result in &mut all {
            write_update(&sandbox, result).await?;
        }
    }
    let took = began.elapsed();
    let profile = match profile {
        Some((profile, file)) => Some(profile::finish(args, &sandbox, &profile, &all, file).await?),
        None => None,
    };
    let results = Results { all, took, profile };
    results.tell(&args.report, environment)
}

/// The sandbox of a project: with this component, or the project's, which is built now.
pub(crate) async fn open_sandbox(
    project: &Path,
    component: Option<&Path>,
) -> anyhow::Result<Arc<Sandbox>> {
    let rules = reply_rules(project)?;
    let component = Component::of(project, component).await?;
    sandbox_with(component, rules, None).await
}

async fn sandbox_with(
    component: Component,
    rules: Option<ReplyRules>,
    profile: Option<Profile>,
) -> anyhow::Result<Arc<Sandbox>> {
    let code = component.code();
    compiling(&component.bytes).iter().for_each(|step| note(step));
    let sandbox = Sandbox::open(component.bytes, code, rules, profile).await;
    let sandbox = sandbox.context("the plugin can't be loaded")?;
    sandbox.inspection().lost_manifest.iter().for_each(|lost| note(&lost.to_string()));
    Ok(Arc::new(sandbox))
}

/// The scenarios to play. Fails if any can't be read.
fn chosen(project: &Path, filter: Option<&str>) -> anyhow::Result<Vec<ScenarioFile>> {
    let paths = scenario_paths(project)?;
    let fits = |path: &PathBuf| {
        filter.is_none_or(|part| {
            path.file_stem().unwrap_or_default().to_string_lossy().contains(part)
        })
    };
    let (files, problems): (Vec<_>, Vec<_>) = paths
        .iter()
        .filter(|path| fits(path))
        .map(|path| ScenarioFile::read(path))
        .partition(Result::is_ok);
    let problems: Vec<_> =
        problems.into_iter().filter_map(|read| Some(read.err()?.to_string())).collect();
    if !problems.is_empty() {
        return Err(
            ConfigError::new(format!("scenarios can't be read:\n{}", problems.join("\n"))).into()
        );
    }
    let files: Vec<_> = files.into_iter().flatten().collect();
    if files.is_empty() {
        let folder = scenario_folder(project);
        let named =
            filter.map(|part| format!(" whose name has \"{part}\" in it")).unwrap_or_default();
        return Err(ConfigError::new(format!(
            "there are no scenarios{named}: {} has no such file",
            folder.join("*.toml").display()
        ))
        .into());
    }
    Ok(files)
}

/// What phones check in replies, if the project has a Flow JSON.
fn reply_rules(project: &Path) -> anyhow::Result<Option<ReplyRules>> {
    Ok(ProjectFlowJson::read(project)?.map(|flow_json| flow_json.flow.into_rules()))
}

/// Plays scenarios in parallel, as many as there are cores.
async fn play(sandbox: &Arc<Sandbox>, scenarios: Vec<ScenarioFile>) -> Vec<PlayedFile> {
    let cores = available_parallelism().map_or(1, usize::from);
    let started = scenarios.into_iter().map(|file| {
        let sandbox = sandbox.clone();
        async move { tokio::spawn(async move { play_one(&sandbox, file).await }).await }
    });
    let played = futures_util::stream::iter(started).buffered(cores).collect::<Vec<_>>().await;
    played.into_iter().map(|played| played.expect("neither cancelled nor panicked")).collect()
}

async fn play_one(sandbox: &Arc<Sandbox>, file: ScenarioFile) -> PlayedFile {
    let began = Instant::now();
    let folder = file.path.parent().unwrap_or(Path::new("."));
    let played = match sandbox.begin(&file.scenario, folder) {
        Ok(mut conversation) => Ok(file.scenario.play(&mut conversation).await),
        Err(unreadable) => Err(unreadable.to_string()),
    };
    PlayedFile::of(file, played, began.elapsed())
}

/// Writes what came back into the scenario's file, and plays the new scenario.
async fn write_update(sandbox: &Arc<Sandbox>, result: &mut PlayedFile) -> anyhow::Result<()> {
    let Ok(played) = &result.played else { return Ok(()) };
    if result.passed() {
        return Ok(());
    }
    let update = update(&result.file.text, played)
        .context("a scenario that was read can't be read again")?;
    let updated = Updated { steps: update.changed, refused: update.refused };
    if !updated.steps.is_empty() {
        let path = &result.file.path;
        write_atomically(update.text.as_bytes(), path)?;
        note(&format!("updated {}", path.display()));
        let file = ScenarioFile::read(path)
            .map_err(|problem| anyhow::anyhow!("what was written can't be read: {problem}"))?;
        *result = play_one(sandbox, file).await;
    }
    result.updated = Some(updated);
    Ok(())
}

impl Results {
    /// Of scenarios that were played over the network.
    pub(crate) fn from_outside(all: Vec<PlayedFile>, took: Duration) -> Self {
        Self { all, took, profile: None }
    }

    /// Reports the results. Fails if any scenario failed.
    pub(crate) fn tell(
        &self,
        report: &ReportArgs,
        environment: &Environment,
    ) -> anyhow::Result<()> {
        if let Some(path) = &report.junit {
            std::fs::write(path, junit::report(self))
                .with_context(|| format!("can't write {}", path.display()))?;
        }
        say(&if report.json {
            machine::report(self).to_string()
        } else {
            people::report(self, report.verbose, environment)
        });
        let (failed, count) =
            (self.all.iter().filter(|result| !result.passed()).count(), self.all.len());
        anyhow::ensure!(failed == 0, "{failed} of {count} scenarios failed");
        Ok(())
    }
}

impl PlayedFile {
    /// The result of a scenario without an update.
    pub(crate) fn of(file: ScenarioFile, played: Result<Played, String>, took: Duration) -> Self {
        Self { file, played, took, updated: None }
    }

    fn passed(&self) -> bool {
        self.played.as_ref().is_ok_and(Played::passed)
    }

    /// What a call of its flow may use.
    fn limits(&self) -> &FlowLimits {
        &self.file.scenario.settings.flow().limits
    }

    fn name(&self) -> &str {
        &self.file.scenario.name
    }
}

/// Shown by `--help`.
pub(super) const EXAMPLES: &str = "Examples:
  flowhost plugin test                            # the project here
  flowhost plugin test ./my-plugin --filter refund
  flowhost plugin test --update                   # what came back is what is expected from now on
  flowhost plugin test --filter refund --verbose  # what was sent, answered, stored and logged
  flowhost plugin test --watch
  flowhost plugin test --junit report.xml
  flowhost plugin test --profile                  # where the plugin spends its time

A scenario is a conversation: what the client sends, and what must come back.

  [[step]]
  send = { action = \"INIT\" }
  expect = { screen = \"WELCOME\" }

host/docs/scenarios.md describes all that one can say. Ends with 1 if a scenario fails, with 64 if one can't be read.";
