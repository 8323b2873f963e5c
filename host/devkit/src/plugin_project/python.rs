//! Plugins in Python.

use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::language::{Compiled, Job, Language};

/// Builds the project.
pub(super) async fn compile(
    job: &Job<'_>,
    _progress: &impl Fn(&str),
) -> Result<Compiled, BuildError> {
    Err(BuildError::NotYet { project: job.project.to_owned(), language: Language::Python })
}

/// Writes the types of the project's screens. Returns the path of the file.
pub(super) fn write_types(project: &Path) -> Result<Option<PathBuf>, BuildError> {
    Err(BuildError::NotYet { project: project.to_owned(), language: Language::Python })
}
