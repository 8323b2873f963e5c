//! The Flow JSON of a plugin project.

use std::path::{Path, PathBuf};

use flowhost_flow_json::{Finding, Findings, FlowJson};

use crate::input::read_bytes;
use crate::output::printable;

/// The text of the project's Flow JSON, if it has one.
pub(crate) fn flow_json(project: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let path = flow_json_path(project);
    if path.is_file() { read_bytes(&path).map(Some) } else { Ok(None) }
}

/// The parsed Flow JSON. One that WhatsApp would refuse is an error with all findings.
pub(super) fn sound_flow_json(project: &Path) -> anyhow::Result<Option<FlowJson>> {
    let Some(text) = flow_json(project)? else { return Ok(None) };
    let flow = FlowJson::parse(&text);
    flow.map(Some).map_err(|findings| {
        let path = flow_json_path(project);
        anyhow::anyhow!("{} is refused:{}", path.display(), listed(&findings, &path))
    })
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
