//! `flowhost plugin check`: everything that can be checked in a plugin project without running it.

mod screens;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::flow_json::{flow_json, flow_json_path};
use super::project::{Component, ScenarioFile, scenario_paths};
use super::size;
use crate::output::{printable, say};
use flowhost_devkit::plugin_project::{self, BuildError};
use flowhost_devkit::sandbox::Sandbox;
use flowhost_flow_json::{Findings, FlowJson, Level};
use flowhost_protocol::flow::Capabilities;
use flowhost_runtime::plugins::{Inspection, LoadError};

/// Arguments of `plugin check`.
#[derive(Args)]
pub struct CheckArgs {
    /// The plugin project
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Check this component instead of building the project
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Print {"findings","notes","component"}, for machines
    #[arg(long)]
    json: bool,
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The severity: only errors make the check fail.
    level: Level,
    /// The path of the file.
    file: String,
    /// The line, for files that are read by lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The position in a JSON document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Meta's own name for the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    /// What is wrong.
    message: String,
}

#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    notes: Vec<String>,
    component: Option<(usize, Inspection)>,
}

pub(super) async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let mut report = Report::default();
    let manifest = report.manifest(&args.dir)?;
    let flow = report.flow_json(&args.dir)?;
    let scenarios = report.scenarios(&args.dir)?;
    match &flow {
        Some(flow) => {
            report.findings.extend(scenarios.iter().flat_map(|file| screens::findings(file, flow)));
            report.notes.extend(screens::unreached(&scenarios, flow));
        }
        None => report.notes.push(
            "without a sound flow.json, nothing is known of screens and their data".to_owned(),
        ),
    }
    report.component(&args, manifest.as_ref()).await?;
    let count = report.errors();
    say(&if args.json { report.for_machines().to_string() } else { report.for_people() });
    anyhow::ensure!(count == 0, "{count} {} to mend", if count == 1 { "thing" } else { "things" });
    Ok(())
}

impl Report {
    /// What the manifest asks for, if it can be read.
    fn manifest(&mut self, project: &Path) -> anyhow::Result<Option<Capabilities>> {
        match plugin_project::requests(project) {
            Ok(requests) => Ok(Some(requests)),
            Err(BuildError::Manifest { path, reason }) => {
                self.findings.push(Finding::about(&path, reason));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn flow_json(&mut self, project: &Path) -> anyhow::Result<Option<FlowJson>> {
        let Some(text) = flow_json(project)? else { return Ok(None) };
        match FlowJson::parse(&text) {
            Ok(flow) => {
                self.found_in_flow_json(project, flow.notes());
                Ok(Some(flow))
            }
            Err(findings) => {
                self.found_in_flow_json(project, &findings);
                Ok(None)
            }
        }
    }

    fn found_in_flow_json(&mut self, project: &Path, findings: &Findings) {
        let path = flow_json_path(project).display().to_string();
        self.findings.extend(findings.iter().map(|finding| Finding {
            level: finding.level,
            file: path.clone(),
            line: None,
            pointer: Some(finding.pointer.clone()),
            name: finding.name,
            message: finding.message.clone(),
        }));
    }

    /// The number of errors, which have to be fixed.
    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Error).count()
    }

    /// The scenarios that can be read.
    fn scenarios(&mut self, project: &Path) -> anyhow::Result<Vec<ScenarioFile>> {
        let mut files = Vec::new();
        for path in scenario_paths(project)? {
            match ScenarioFile::read(&path) {
                Ok(file) => files.push(file),
                Err(problem) => self
                    .findings
                    .push(Finding { line: problem.line, ..Finding::about(&path, problem.message) }),
            }
        }
        if files.is_empty() && self.errors() == 0 {
            self.notes
                .push("there are no scenarios: `flowhost plugin test --help` shows one".to_owned());
        }
        Ok(files)
    }

    /// Builds, inspects, compiles and links the component.
    async fn component(
        &mut self,
        args: &CheckArgs,
        manifest: Option<&Capabilities>,
    ) -> anyhow::Result<()> {
        // The build would stop at the manifest and report the same again.
        if manifest.is_none() && args.component.is_none() {
            return Ok(());
        }
        let path = args.component.clone().unwrap_or_else(|| args.dir.join("Cargo.toml"));
        let component = match Component::of(&args.dir, args.component.as_deref()).await {
            Ok(component) => component,
            Err(error) if error.is::<BuildError>() => {
                self.findings.push(Finding::about(&path, format!("{error:#}")));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (bytes, code) = (component.bytes.len(), component.code());
        match Sandbox::open(component.bytes, code, None).await {
            Ok(sandbox) => {
                let inspection = sandbox.inspection().clone();
                if manifest.is_some_and(|manifest| *manifest != inspection.requests) {
                    let asked = format!(
                        "it asks for {}, and flowhost.toml does for something else: build it again",
                        inspection.requests
                    );
                    self.findings.push(Finding::about(&path, asked));
                }
                self.component = Some((bytes, inspection));
            }
            Err(LoadError::Component(refused) | LoadError::NotNow(refused)) => {
                self.findings.push(Finding::about(&path, refused.to_string()))
            }
            Err(error) => {
                return Err(anyhow::Error::new(error).context("the component can't be looked at"));
            }
        }
        Ok(())
    }

    fn for_machines(&self) -> Value {
        let component = self.component.as_ref().map(|(size, inspection)| {
            json!({ "size_bytes": size, "sdk": inspection.sdk, "imports": inspection.imports, "requests": inspection.requests })
        });
        json!({ "findings": self.findings, "notes": self.notes, "component": component })
    }

    fn for_people(&self) -> String {
        let findings = self.findings.iter().map(Finding::for_people);
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        let component = self.component.iter().map(|(bytes, inspection)| {
            let sdk = inspection.sdk.as_deref().map_or_else(
                || "without the SDK".to_owned(),
                |sdk| format!("with flowhost-sdk {sdk}"),
            );
            let imports = inspection.imports.join("\n  ");
            format!(
                "component: {}, made {sdk}\nAsks for: {}\nImports:\n  {imports}",
                size(*bytes as u64),
                inspection.requests
            )
        });
        let sound = (self.errors() == 0)
            .then(|| "Nothing is wrong as far as can be known without running it.".to_owned());
        let lines: Vec<_> = component.chain(notes).chain(findings).chain(sound).collect();
        lines.iter().flat_map(|text| text.lines()).map(printable).collect::<Vec<_>>().join("\n")
    }
}

impl Finding {
    /// A finding about a file as a whole.
    fn about(path: &Path, message: String) -> Self {
        Self {
            level: Level::Error,
            file: path.display().to_string(),
            line: None,
            pointer: None,
            name: None,
            message,
        }
    }

    /// A finding about a line of a scenario.
    pub(super) fn at(file: &ScenarioFile, line: usize, message: String) -> Self {
        Self { line: Some(line), ..Self::about(&file.path, message) }
    }

    fn for_people(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let pointer = self
            .pointer
            .as_deref()
            .filter(|pointer| !pointer.is_empty())
            .map(|pointer| format!(" {pointer}:"));
        let name = self.name.map(|name| format!(" [{name}]")).unwrap_or_default();
        let level = if self.level == Level::Note { "note: " } else { "" };
        format!("{level}{}{line}:{} {}{name}", self.file, pointer.unwrap_or_default(), self.message)
    }
}

/// Shown by `--help`.
pub(super) const EXAMPLES: &str = "Examples:
  flowhost plugin check                           # the project here
  flowhost plugin check ./my-plugin --json
  flowhost plugin check --component booking.wasm

Looks at the manifest, builds the component and links it as a host does, checks flow.json by the rules of Flow JSON (findings have Meta's
names), reads the scenarios, and looks their screens and fields up in flow.json. A finding of the level error is to mend; a note says what
WhatsApp takes and may not do what was meant. Ends with 1 if there is an error.";
