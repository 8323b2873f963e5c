//! `flowhost plugin check`: everything that can be checked in a plugin project, or in a component
//! alone, without running it.

mod screens;
mod subject;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use self::subject::{Origin, Subject};
use super::project::{Component, ScenarioFile, scenario_paths};
use super::size;
use crate::input::read_bytes;
use crate::output::{printable, say};
use crate::schema;
use flowhost_devkit::plugin_project::{self, BuildError, Language};
use flowhost_devkit::sandbox::Sandbox;
use flowhost_flow_json::{Findings, FlowJson, Level};
use flowhost_protocol::flow::Capabilities;
use flowhost_runtime::plugins::{Inspection, LoadError};

/// Arguments of `plugin check`.
#[derive(Args)]
pub struct CheckArgs {
    /// The plugin project, or a component or a flowhost.toml alone
    #[arg(default_value = ".", value_name = "DIR_OR_FILE")]
    path: PathBuf,
    /// Check this component instead of building the project
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Check this Flow JSON, and scenarios against it, instead of the project's flow.json
    #[arg(long, value_name = "FILE")]
    flow_json: Option<PathBuf>,
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
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The character in the line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
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
    let subject = Subject::of(&args.path, args.component.as_deref(), args.flow_json.as_deref())?;
    let mut report = Report::default();
    let manifest = report.manifest(&subject)?;
    // A Flow JSON that was named must be there; a project need not have one.
    let flow_json =
        subject.flow_json.as_deref().filter(|path| args.flow_json.is_some() || path.is_file());
    let flow = flow_json.map(|path| report.flow_json(path)).transpose()?.flatten();
    if let Some(folder) = &subject.folder {
        let (scenarios, are_all) = report.scenarios(folder)?;
        report.screens(&scenarios, are_all, flow.as_ref());
        report.schemas(folder);
    }
    report.component(&subject, manifest.as_ref()).await?;
    let count = report.errors();
    say(&if args.json { report.for_machines().to_string() } else { report.for_people() });
    anyhow::ensure!(count == 0, "{count} {} to mend", if count == 1 { "thing" } else { "things" });
    Ok(())
}

impl Report {
    /// What the manifest asks for, if there is one that can be read.
    fn manifest(&mut self, subject: &Subject) -> anyhow::Result<Option<Capabilities>> {
        match subject.manifest.as_deref().map(plugin_project::requests).transpose() {
            Ok(requests) => Ok(requests),
            Err(BuildError::Manifest { path, reason }) => {
                self.findings.push(Finding::about(&path, reason));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn flow_json(&mut self, path: &Path) -> anyhow::Result<Option<FlowJson>> {
        match FlowJson::parse(&read_bytes(path)?) {
            Ok(flow) => {
                self.found_in_flow_json(path, flow.notes());
                Ok(Some(flow))
            }
            Err(findings) => {
                self.found_in_flow_json(path, &findings);
                Ok(None)
            }
        }
    }

    fn found_in_flow_json(&mut self, path: &Path, findings: &Findings) {
        self.findings.extend(findings.iter().map(|finding| Finding {
            level: finding.level,
            line: finding.position.map(|position| position.line),
            column: finding.position.map(|position| position.column),
            pointer: Some(finding.pointer.clone()),
            name: finding.name,
            ..Finding::about(path, finding.message.clone())
        }));
    }

    /// Looks the scenarios' screens and fields up. Which screens no scenario comes to is known if
    /// these are all.
    fn screens(&mut self, scenarios: &[ScenarioFile], are_all: bool, flow: Option<&FlowJson>) {
        match flow {
            Some(flow) => {
                self.findings
                    .extend(scenarios.iter().flat_map(|file| screens::findings(file, flow)));
                self.notes.extend(screens::unreached(scenarios, flow).filter(|_| are_all));
            }
            None => self.notes.push(
                "without a sound flow.json, nothing is known of screens and their data".to_owned(),
            ),
        }
    }

    /// Whether the editor is told what this program reads.
    fn schemas(&mut self, folder: &Path) {
        if schema::are_stale(folder) {
            let folder = folder.join(schema::FOLDER);
            self.notes.push(format!(
                "{0} is of another version of flowhost: `flowhost schema --into {0}` makes it anew",
                folder.display()
            ));
        }
    }

    /// The number of errors, which have to be fixed.
    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Error).count()
    }

    /// The scenarios that can be read, and whether these are all.
    fn scenarios(&mut self, project: &Path) -> anyhow::Result<(Vec<ScenarioFile>, bool)> {
        let (mut files, mut are_all) = (Vec::new(), true);
        for path in scenario_paths(project)? {
            match ScenarioFile::read(&path) {
                Ok(file) => files.push(file),
                Err(problem) => {
                    are_all = false;
                    let finding = Finding::about(&path, problem.message);
                    self.findings.push(Finding { line: problem.line, ..finding });
                }
            }
        }
        if files.is_empty() && self.errors() == 0 {
            self.notes
                .push("there are no scenarios: `flowhost plugin test --help` shows one".to_owned());
        }
        Ok((files, are_all))
    }

    /// Builds, inspects, compiles and links the component.
    async fn component(
        &mut self,
        subject: &Subject,
        manifest: Option<&Capabilities>,
    ) -> anyhow::Result<()> {
        let (component, path) = match &subject.component {
            None => {
                self.notes.push(
                    "no component was looked at, as there are no sources to build one: `--component FILE` names one".to_owned(),
                );
                return Ok(());
            }
            Some(Origin::File(file)) => (Component::read(file), file.clone()),
            // The build would stop at the manifest and report the same again.
            Some(Origin::Sources(_)) if manifest.is_none() => return Ok(()),
            Some(Origin::Sources(folder)) => {
                (Component::of(folder, None).await, project_file(folder))
            }
        };
        let component = match component {
            Ok(component) => component,
            Err(error) if error.is::<BuildError>() => {
                self.findings.push(Finding::about(&path, format!("{error:#}")));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (bytes, code) = (component.bytes.len(), component.code());
        match Sandbox::open(component.bytes, code, None, None).await {
            Ok(sandbox) => {
                let inspection = sandbox.inspection().clone();
                if manifest.is_some_and(|manifest| *manifest != inspection.requests) {
                    let asked = format!(
                        "it asks for {}, and flowhost.toml does for something else: build it again",
                        inspection.requests
                    );
                    self.findings.push(Finding::about(&path, asked));
                }
                self.notes.extend(inspection.lost_manifest.map(|lost| lost.to_string()));
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

/// The file that findings about the build are about: the folder, if it is of no language or several.
fn project_file(folder: &Path) -> PathBuf {
    Language::of(folder).map_or_else(|_| folder.to_owned(), |it| folder.join(it.project_file()))
}

impl Finding {
    /// A finding about a file as a whole.
    fn about(path: &Path, message: String) -> Self {
        Self {
            level: Level::Error,
            file: path.display().to_string(),
            line: None,
            column: None,
            pointer: None,
            name: None,
            message,
        }
    }

    /// A finding about a line of a scenario.
    pub(super) fn at(file: &ScenarioFile, line: usize, message: String) -> Self {
        Self { line: Some(line), ..Self::about(&file.path, message) }
    }

    /// The finding as compilers and editors write one: `flow.json:41:17 /screens/0: ..`.
    fn for_people(&self) -> String {
        let numbers = [self.line, self.column];
        let position: String =
            numbers.iter().flatten().map(|number| format!(":{number}")).collect();
        let pointer = self.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let pointer = pointer.map(|pointer| format!(" {pointer}")).unwrap_or_default();
        let name = self.name.map(|name| format!(" [{name}]")).unwrap_or_default();
        let level = if self.level == Level::Note { "note: " } else { "" };
        format!("{level}{}{position}{pointer}: {}{name}", self.file, self.message)
    }
}

/// Shown by `--help`.
pub(super) const EXAMPLES: &str = "Examples:
  flowhost plugin check                           # the project here
  flowhost plugin check ./my-plugin --json
  flowhost plugin check booking.wasm              # a component alone, without a project
  flowhost plugin check booking.wasm --flow-json flow.json
  flowhost plugin check ./my-plugin/flowhost.toml # a manifest alone

Looks at the manifest, builds the component and links it as a host does, checks flow.json by the rules of Flow JSON (findings have Meta's
names), reads the scenarios, and looks their screens and fields up in flow.json. A finding of the level error is to mend; a note says what
WhatsApp takes and may not do what was meant. A folder without a Cargo.toml, package.json or pyproject.toml is checked without a component. Ends with 1 if there is an error.";
