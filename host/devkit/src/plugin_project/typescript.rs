//! Plugins in TypeScript.

use super::error::BuildError;
use super::language::{Compiled, Job, Language};

/// Builds the project.
pub(super) async fn compile(
    job: &Job<'_>,
    _progress: &impl Fn(&str),
) -> Result<Compiled, BuildError> {
    Err(BuildError::NotYet { project: job.project.to_owned(), language: Language::TypeScript })
}
