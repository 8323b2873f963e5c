//! The Flow JSON of a plugin project.

use std::path::{Path, PathBuf};

use flowhost_flow_json::{Finding, Findings, FlowJson, Screen};
use serde_json::{Map, Value};

use crate::input::read_bytes;
use crate::output::printable;

/// The Flow JSON of a project, as it is written and as it is understood.
pub(crate) struct ProjectFlowJson {
    pub(crate) text: Vec<u8>,
    pub(crate) flow: FlowJson,
}

impl ProjectFlowJson {
    /// Reads the project's Flow JSON, if it has one. One that WhatsApp would refuse is an error with
    /// all findings.
    pub(crate) fn read(project: &Path) -> anyhow::Result<Option<Self>> {
        let path = flow_json_path(project);
        if !path.is_file() {
            return Ok(None);
        }
        let text = read_bytes(&path)?;
        match FlowJson::parse(&text) {
            Ok(flow) => Ok(Some(Self { text, flow })),
            Err(findings) => {
                Err(anyhow::anyhow!("{} is refused:{}", path.display(), listed(&findings, &path)))
            }
        }
    }

    /// The example data (`__example__`) of the first entry screen.
    pub(crate) fn example_data(&self) -> Map<String, Value> {
        self.flow.entry_screens().next().map(Screen::example_data).unwrap_or_default()
    }
}

/// The findings in a file, each on a line of its own that editors can jump from.
pub(crate) fn listed(findings: &Findings, path: &Path) -> String {
    let line = |finding: &Finding| format!("\n{}", printable(&finding.in_file(path.display())));
    findings.iter().map(line).collect()
}

/// The path of the project's Flow JSON, whether it exists or not.
pub(crate) fn flow_json_path(project: &Path) -> PathBuf {
    project.join("flow.json")
}
