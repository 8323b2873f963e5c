//! Why a plugin project gave no component.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Everything that [`build`](super::build) can fail with.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The compiler refused the project. Why, it has said itself on stderr.
    #[error("the build failed ({status}): the messages above say why")]
    Failed {
        /// How cargo ended.
        status: ExitStatus,
    },

    /// A file or folder cannot be read or written.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// A verb, such as `write`.
        action: &'static str,
        /// What it was about.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// The project's `flowhost.toml` can't be understood.
    #[error("{path} can't be understood: {reason}", path = path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },

    /// The project compiles, but to no component.
    #[error(
        "{project} builds no component: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
        project = project.display()
    )]
    NoComponent {
        /// The project's folder.
        project: PathBuf,
    },

    /// The folder is no Rust project.
    #[error(
        "{project} is not a plugin project, as it has no Cargo.toml: name the project's folder, \
         or make one with `flowhost plugin new`",
        project = project.display()
    )]
    NoManifest {
        /// The folder.
        project: PathBuf,
    },

    /// A program could not be run.
    #[error(
        "cannot run `{program}`: building plugins needs Rust, which https://rustup.rs installs",
        program = program.display()
    )]
    Program {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// The folder holds more than one plugin.
    #[error(
        "{project} builds several components ({names}): name the folder of one of them",
        project = project.display(), names = names.join(", ")
    )]
    SeveralComponents {
        /// The folder.
        project: PathBuf,
        /// The names of the crates.
        names: Vec<String>,
    },

    /// Nothing on this machine can compile for WebAssembly, and nothing could be fetched.
    #[error("{reason}")]
    Toolchain {
        /// The last line of the toolchain script, which says what is missing.
        reason: String,
    },

    /// The toolchain script wrote something else than settings. A fault of this build of flowhost.
    #[error("the toolchain script wrote `{line}`, which is no setting")]
    ToolchainSetting {
        /// The line.
        line: String,
    },
}

impl BuildError {
    /// For `map_err`: puts the action and the path to an I/O error.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BuildError {
        let path = path.into();
        move |source| BuildError::File { action, path, source }
    }

    /// For `map_err`: a program that cannot be run.
    pub(super) fn program(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BuildError {
        let program = program.into();
        move |source| BuildError::Program { program, source }
    }
}
