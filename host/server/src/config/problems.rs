//! Collects everything that is wrong, so that a user sees all of it at once.

use std::fmt;

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// No problems yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value, or keeps the problem.
    pub fn check<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// The error that lists all problems.
    pub(crate) fn into_error(self) -> ConfigError {
        ConfigError(self.0)
    }
}

/// A configuration that cannot work. The program exits with code 64.
#[derive(Debug)]
pub struct ConfigError(Vec<String>);

impl ConfigError {
    /// An error with a single problem.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(vec![problem.into()])
    }

    /// Each problem, as a sentence for the user.
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => out.write_str(only),
            several => {
                write!(out, "{} problems in the configuration:", several.len())?;
                several.iter().try_for_each(|problem| write!(out, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_every_problem_on_a_line_of_its_own() {
        let mut problems = Problems::new();
        assert_eq!(problems.check(Ok(7)), Some(7));
        assert_eq!(problems.check::<()>(Err("first".to_owned())), None);
        assert_eq!(problems.check::<()>(Err("second".to_owned())), None);

        let text = problems.into_error().to_string();

        assert_eq!(text, "2 problems in the configuration:\n  - first\n  - second");
    }

    #[test]
    fn one_problem_is_one_sentence() {
        assert_eq!(ConfigError::new("it is wrong").to_string(), "it is wrong");
    }
}
