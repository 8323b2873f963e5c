//! The language of a plugin project: which one it is, and who builds it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::BuildOptions;
use super::environment::Variables;
use super::error::BuildError;
use super::manifest::Build;
use super::only_one::hold;
use super::{compile_rust, python, typescript};

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Built by componentize-py.
    Python,
    /// Built by cargo.
    Rust,
    /// Built by npm's packages: tsc, esbuild and componentize-qjs or componentize-js.
    TypeScript,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Python, Self::Rust, Self::TypeScript];

    /// The language of the project in a folder, which its package manager's file tells.
    ///
    /// # Errors
    /// [`BuildError::NoProject`] if the folder has none of these files,
    /// [`BuildError::SeveralLanguages`] if it has several.
    pub fn of(project: &Path) -> Result<Self, BuildError> {
        let found: Vec<Self> = Self::ALL
            .into_iter()
            .filter(|language| project.join(language.project_file()).is_file())
            .collect();
        match *found {
            [] => Err(BuildError::NoProject { project: project.to_owned() }),
            [language] => Ok(language),
            _ => Err(BuildError::SeveralLanguages {
                project: project.to_owned(),
                files: found.into_iter().map(Self::project_file).collect(),
            }),
        }
    }

    /// Whether a folder has sources of any language.
    pub fn is_project(folder: &Path) -> bool {
        Self::ALL.iter().any(|language| folder.join(language.project_file()).is_file())
    }

    /// The file that makes a folder a project of this language.
    pub fn project_file(self) -> &'static str {
        match self {
            Self::Python => "pyproject.toml",
            Self::Rust => "Cargo.toml",
            Self::TypeScript => "package.json",
        }
    }

    /// The name in English.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Rust => "Rust",
            Self::TypeScript => "TypeScript",
        }
    }

    /// Builds the project.
    pub(super) async fn compile(
        self,
        job: &Job<'_>,
        progress: &impl Fn(&str),
    ) -> Result<Compiled, BuildError> {
        // Cargo waits for other builds itself.
        let _only_one = match self {
            Self::Rust => None,
            Self::Python | Self::TypeScript => Some(job.only_one(progress).await?),
        };
        match self {
            Self::Python => python::compile(job, progress).await,
            Self::Rust => compile_rust(job, progress).await,
            Self::TypeScript => typescript::compile(job, progress).await,
        }
    }
}

/// What there is to build.
pub(super) struct Job<'a> {
    /// The absolute path of the project's folder.
    pub(super) project: &'a Path,
    /// The section `[build]` of its manifest.
    pub(super) build: &'a Build,
    /// What the caller wants.
    pub(super) options: &'a BuildOptions,
    /// The variables of every program that is run; all others are to be cleared.
    pub(super) environment: Variables,
    /// The script that prepares Rust's toolchain.
    pub(super) rust_toolchain: &'a str,
}

impl Job<'_> {
    /// The absolute path of the folder for what a build makes, in languages other than Rust, where
    /// that is cargo's choice.
    pub(super) fn target(&self) -> Result<PathBuf, BuildError> {
        match &self.options.target_dir {
            Some(folder) => std::path::absolute(folder).map_err(BuildError::file("find", folder)),
            None => Ok(self.project.join("target")),
        }
    }

    /// To be held while anything is written to that folder.
    async fn only_one(&self, progress: &impl Fn(&str)) -> Result<File, BuildError> {
        let target = self.target()?;
        fs::create_dir_all(&target).map_err(BuildError::file("create", &target))?;
        let path = target.join(HELD);
        let file = File::options().create(true).append(true).open(&path);
        hold(file.map_err(BuildError::file("open", &path))?, &path, progress).await
    }
}

/// Whoever builds holds it.
const HELD: &str = ".flowhost-build.lock";

/// Whether a plugin's files can be called so.
pub(super) fn is_name(name: &str) -> bool {
    let is_fine = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    name.starts_with(|char: char| char.is_ascii_alphanumeric()) && name.chars().all(is_fine)
}

/// What a language's tools made.
pub(super) struct Compiled {
    /// The component as the tools wrote it, still without our section.
    pub(super) component: Vec<u8>,
    /// The project's name; the file and the flow under development are called so.
    pub(super) name: String,
    /// The version of the SDK that it was built with; `None` if it was built without the SDK.
    pub(super) sdk: Option<String>,
    /// Where it goes if the caller says nothing: a folder that version control and watching ignore.
    /// Compiled code is kept beside it.
    pub(super) default_out: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_of_the_language_whose_file_it_has() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(language.project_file()), "").unwrap();

            assert_eq!(Language::of(folder.path()).unwrap(), language);
        }
    }

    #[test]
    fn none_and_several_are_said_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let said = || Language::of(folder.path()).unwrap_err().to_string();

        let none = said();
        for language in Language::ALL {
            assert!(none.contains(language.project_file()), "{none}");
        }
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        fs::write(folder.path().join("package.json"), "").unwrap();
        let several = said();
        assert!(several.contains("Cargo.toml and package.json"), "{several}");
    }
}
