//! The file with the types of a project's screens, in languages that have one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flowhost_flow_json::screen_types::Flow;

use super::error::BuildError;
use super::language::Language;
use super::{python, typescript, write_atomically};

/// Writes the file with the types of a project's screens, in a language that has one. A file that is
/// the same already is left as it is. Returns its path; `None` if there is nothing to write.
///
/// # Errors
/// [`BuildError::FlowJson`] if the project's `flow.json` gives no types, [`BuildError::NoProject`]
/// and its like if the folder is no project, [`BuildError::File`] if a file can't be read or
/// written.
pub fn write_types(project: &Path) -> Result<Option<PathBuf>, BuildError> {
    match Language::of(project)? {
        Language::Python => write(project, python::types),
        Language::Rust => Ok(None),
        Language::TypeScript => write(project, typescript::types),
    }
}

/// Writes the file that `types` makes of the project's screens, if it has a Flow JSON.
fn write(
    project: &Path,
    types: impl FnOnce(&Path, &Flow) -> Result<(PathBuf, String), BuildError>,
) -> Result<Option<PathBuf>, BuildError> {
    let Some(flow) = flow_of(project)? else { return Ok(None) };
    let (file, types) = types(project, &flow)?;
    if fs::read_to_string(&file).ok().as_deref() != Some(&types) {
        write_atomically(types.as_bytes(), &file)?;
    }
    Ok(Some(file))
}

/// The screens of a project's Flow JSON; `None` if it has no Flow JSON.
fn flow_of(project: &Path) -> Result<Option<Flow>, BuildError> {
    let path = project.join("flow.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BuildError::file("read", path)(error)),
    };
    let flow = Flow::parse(&text).map_err(|mistakes| BuildError::FlowJson {
        mistakes: mistakes.iter().map(|mistake| format!("{}{mistake}", path.display())).collect(),
    })?;
    Ok(Some(flow))
}
