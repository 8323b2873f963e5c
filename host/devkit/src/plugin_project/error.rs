//! Why a plugin project gave no component.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use super::frames::Frame;
use super::typescript::OLDEST_NODE;
use flowhost_runtime::plugins::ComponentError;

/// All errors of [`build`](super::build).
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The compiler refused the project. It has printed the reason on stderr.
    #[error("the build failed ({status}): the messages above say why")]
    Failed {
        /// Cargo's exit status.
        status: ExitStatus,
    },

    /// A file that was given as a component can't be one.
    #[error("{file} can't be used", file = file.display())]
    Component {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ComponentError,
    },

    /// A file or folder cannot be read or written.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// A verb, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// No types can be made from the project's `flow.json`.
    #[error("{}", mistakes.join("\n"))]
    FlowJson {
        /// What is wrong, each with its file and its place.
        mistakes: Vec<String>,
    },

    /// The project's `flowhost.toml` can't be parsed.
    #[error("{path} can't be understood: {reason}", path = path.display())]
    Manifest {
        /// The path of the `flowhost.toml`.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },

    /// The project compiles, but builds no component.
    #[error(
        "{project} builds no component: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`",
        project = project.display()
    )]
    NoComponent {
        /// The project's folder.
        project: PathBuf,
    },

    /// There is no manifest to write into a component.
    #[error(
        "{project} has no flowhost.toml, and is no plugin project that asks for nothing: name the folder whose manifest the component is to have",
        project = project.display()
    )]
    NoManifest {
        /// The folder as given.
        project: PathBuf,
    },

    /// npm can't install what no lock file names.
    #[error(
        "{project} has no package-lock.json: run `npm install` there, and keep the file with the sources",
        project = project.display()
    )]
    NoLockFile {
        /// The project's folder.
        project: PathBuf,
    },

    /// There is no Node, or it is too old.
    #[error(
        "building plugins in TypeScript needs Node {OLDEST_NODE} or later, which https://nodejs.org has{}",
        found.as_ref().map_or_else(String::new, |found| format!(": this is {found}"))
    )]
    NoNode {
        /// The version that was found.
        found: Option<String>,
    },

    /// The folder is not a plugin project.
    #[error(
        "{project} is not a plugin project, as it has no Cargo.toml, package.json or pyproject.toml: name the \
         project's folder, or make one with `flowhost plugin new`",
        project = project.display()
    )]
    NoProject {
        /// The folder as given.
        project: PathBuf,
    },

    /// A `package.json` can't be used.
    #[error("{path} {reason}", path = path.display())]
    Package {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A program could not be run.
    #[error(
        "cannot run `{program}`: building plugins needs Rust, which https://rustup.rs installs",
        program = program.display()
    )]
    Program {
        /// The program as it was to be run.
        program: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// A function's local variables do not fit on the stack.
    #[error(
        "{frame}, and the plugin's stack has {stack} KiB: each call of it would fail, also where the large variable is not used; \
         put that into a `Vec` or a `Box`{or_more}",
        stack = stack_bytes >> 10, or_more = larger_stack(frame)
    )]
    StackTooSmall {
        /// The function with the most.
        frame: Frame,
        /// The size of the stack in bytes.
        stack_bytes: u64,
    },

    /// The folder builds more than one plugin.
    #[error(
        "{project} builds several components ({names}): name the folder of one of them",
        project = project.display(), names = names.join(", ")
    )]
    SeveralComponents {
        /// The project's folder.
        project: PathBuf,
        /// The names of the crates.
        names: Vec<String>,
    },

    /// The folder has the project files of more than one language.
    #[error(
        "{project} has {files}: a plugin is in one language, and has a folder of its own",
        project = project.display(), files = files.join(" and ")
    )]
    SeveralLanguages {
        /// The project's folder.
        project: PathBuf,
        /// The names of the files.
        files: Vec<&'static str>,
    },

    /// This machine can't compile for WebAssembly, and what is missing could not be fetched.
    #[error("{reason}")]
    Toolchain {
        /// The last line of the toolchain script, which says what is missing.
        reason: String,
    },

    /// The component is larger than the project's manifest accepts. The one that was built before is
    /// still there.
    #[error(
        "the component has {size_bytes} bytes, {over} more than the {kib} KiB that `max_size_kib` in {manifest} accepts: \
         make it smaller (the SDK's guide says what matters, under \"Size\"), or raise `max_size_kib`",
        over = size_bytes - max_bytes, kib = max_bytes >> 10, manifest = manifest.display()
    )]
    TooLarge {
        /// The size of the component in bytes.
        size_bytes: u64,
        /// The largest accepted size in bytes.
        max_bytes: u64,
        /// The path of the `flowhost.toml` that says so.
        manifest: PathBuf,
    },

    /// The toolchain script wrote something other than settings, which is a bug in flowhost.
    #[error("the toolchain script wrote `{line}`, which is no setting")]
    ToolchainSetting {
        /// The line as written.
        line: String,
    },
}

fn larger_stack(frame: &Frame) -> String {
    frame.wanted_stack_kib().map_or_else(String::new, |kib| {
        format!(", or ask for a larger stack in flowhost.toml: `[build]` with `stack_kib = {kib}`")
    })
}

impl BuildError {
    /// For `map_err`: adds the action and the path to an I/O error.
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> BuildError {
        let path = path.into();
        move |source| BuildError::File { action, path, source }
    }

    /// For `map_err`: adds the program to an I/O error.
    pub(super) fn program(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BuildError {
        let program = program.into();
        move |source| BuildError::Program { program, source }
    }
}
