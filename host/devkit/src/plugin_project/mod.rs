//! Plugin projects: from a folder with sources to a WebAssembly component.
//!
//! The compiler's messages go to stderr untouched. What all languages have in common is here: the
//! manifest, its section in the component, the largest size. For Rust, this module gets the
//! toolchain, keeps the variables of an outer cargo away, and finds the file that was built.

mod artifacts;
mod debug_info;
mod environment;
mod error;
mod frames;
mod given;
mod language;
mod local_packages;
mod manifest;
mod only_one;
#[cfg(test)]
mod programs;
mod python;
mod screen_types;
mod shrink;
mod sources;
mod template;
mod toolchain;
mod typescript;

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use self::artifacts::{Artifact, component_of, sdk_version};
use self::environment::{Variables, as_from_a_fresh_shell};
use self::frames::largest_frame;
use self::language::{Compiled, Job};
use self::local_packages::AuthorsFiles;
use self::manifest::{Manifest, SizeKib, embed};
use self::shrink::shrink;
use self::toolchain::Settings;
use flowhost_protocol::flow::{Capabilities, PluginSection};

pub use self::error::BuildError;
pub use self::frames::Frame;
pub use self::language::Language;
pub use self::manifest::{FILE_NAME as MANIFEST, manifest_schema};
pub use self::screen_types::write_types;
pub use self::sources::Sources;
pub use self::template::{NewProject, NewProjectError, SdkSource, create};

/// Builds the plugin in a folder, as its language has it; a plugin in Rust for `wasm32-wasip2`, in
/// release mode.
///
/// `progress` gets a line before each step that takes time; compilers write to this process's
/// stderr. If WebAssembly's standard library is missing for Rust it is fetched, which takes minutes
/// once. Dropping the future ends the build.
///
/// # Errors
/// [`BuildError::Failed`] if the compiler refuses the project, after it has printed the reason;
/// else the variant that says what is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "it is cargo's environment that has to be handed on without cargo's own variables"
)]
pub async fn build(
    options: BuildOptions,
    progress: impl Fn(&str),
) -> Result<BuiltComponent, BuildError> {
    let environment = as_from_a_fresh_shell(std::env::vars_os());
    build_with(TOOLCHAIN, options, environment, progress).await
}

/// What to build, and where to.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// The plugin's folder, with its `Cargo.toml`, `package.json` or `pyproject.toml`.
    pub project_dir: PathBuf,
    /// The component's file, which is replaced if it exists. Default: `flowhost/<name>.wasm` in the
    /// target folder, which version control usually ignores; a component that is given stays where
    /// it is.
    pub out: Option<PathBuf>,
    /// A component that another tool made, to get the project's manifest. Nothing is built then.
    pub component: Option<PathBuf>,
    /// The folder for what a build makes, if not cargo's own choice or, in other languages, the
    /// project's folder `target`.
    pub target_dir: Option<PathBuf>,
    /// The cargo to run, if not the one on the PATH.
    pub cargo: Option<PathBuf>,
}

/// A component on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltComponent {
    /// The absolute path of the file.
    pub path: PathBuf,
    /// The project's name; a crate's is with underscores.
    pub name: String,
    /// The size of the file in bytes.
    pub size_bytes: u64,
    /// What its manifest asks for.
    pub requests: Capabilities,
    /// The version of the SDK that it was built with; `None` if it was built without the SDK.
    pub sdk: Option<String>,
}

async fn build_with(
    script: &str,
    options: BuildOptions,
    environment: Variables,
    progress: impl Fn(&str),
) -> Result<BuiltComponent, BuildError> {
    let project = fs::canonicalize(&options.project_dir)
        .map_err(BuildError::file("open", &options.project_dir))?;
    // Read before minutes of compiling, since it may be invalid.
    let manifest = Manifest::read(&project)?;
    let compiled = match &options.component {
        Some(file) => given::read(file, &project)?,
        None => {
            let job = Job {
                project: &project,
                build: &manifest.build,
                options: &options,
                environment,
                rust_toolchain: script,
            };
            Language::of(&project)?.compile(&job, &progress).await?
        }
    };
    let Compiled { mut component, name, sdk, default_out } = compiled;
    let out = match options.out {
        Some(out) => std::path::absolute(&out).map_err(BuildError::file("find", out))?,
        None => default_out,
    };
    let section = PluginSection { sdk, requests: manifest.requests };
    embed(&mut component, &section);
    check_size(&component, manifest.build.max_size_kib, &project)?;
    write_atomically(&component, &out)?;
    let PluginSection { sdk, requests } = section;
    Ok(BuiltComponent { path: out, name, size_bytes: component.len() as u64, requests, sdk })
}

/// Builds a plugin in Rust.
async fn compile_rust(job: &Job<'_>, progress: &impl Fn(&str)) -> Result<Compiled, BuildError> {
    let project = job.project;
    let mut environment = job.environment.clone();
    let stack_bytes = job.build.stack_kib.bytes();
    environment.push((STACK_VARIABLE.into(), stack_bytes.to_string().into()));
    let files = AuthorsFiles::of(project);
    let with_lines = !files.wants_no_names();
    if with_lines {
        environment.push((LINES_VARIABLE.into(), "1".into()));
    }
    let settings = toolchain::prepare(job.rust_toolchain, project, &environment, progress).await?;
    progress(&format!("compiling {}", project.display()));
    let command = cargo_build(project, job.options, environment, settings)?;
    let built = run_cargo(command).await?;
    let artifact = component_of(project, built.components)?;
    let mut component =
        fs::read(&artifact.file).map_err(BuildError::file("read", &artifact.file))?;
    check_frames(&component, stack_bytes, progress)?;
    if with_lines {
        match shrink(&component, &files) {
            Ok(shrunk) => component = shrunk,
            Err(error) => progress(&format!("the component is left as it was linked: {error}")),
        }
    }
    let default_out = default_out(&artifact, project);
    Ok(Compiled { component, name: artifact.name, sdk: built.sdk, default_out })
}

/// Fails if a function's local variables alone fill the stack, and says so if they take half of it.
fn check_frames(
    component: &[u8],
    stack_bytes: u64,
    progress: &impl Fn(&str),
) -> Result<(), BuildError> {
    // What can't be parsed is refused with reasons where the component is used.
    let Ok(Some(frame)) = largest_frame(component, stack_bytes) else { return Ok(()) };
    if frame.bytes() > stack_bytes {
        return Err(BuildError::StackTooSmall { frame, stack_bytes });
    }
    if frame.bytes() > stack_bytes / 2 {
        progress(&format!("{frame}, of a stack of {} KiB", stack_bytes >> 10));
    }
    Ok(())
}

/// Fails if a component, as it will be written, is larger than its project accepts.
fn check_size(
    component: &[u8],
    max_size: Option<SizeKib>,
    project: &Path,
) -> Result<(), BuildError> {
    let size_bytes = component.len() as u64;
    match max_size.map(SizeKib::bytes) {
        Some(max_bytes) if size_bytes > max_bytes => {
            Err(BuildError::TooLarge { size_bytes, max_bytes, manifest: project.join(MANIFEST) })
        }
        _ => Ok(()),
    }
}

fn cargo_build(
    project: &Path,
    options: &BuildOptions,
    environment: Variables,
    settings: Settings,
) -> Result<Command, BuildError> {
    let cargo = options.cargo.as_deref().unwrap_or(Path::new("cargo"));
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format=json-render-diagnostics",
    ]);
    if let Some(target_dir) = &options.target_dir {
        // Cargo runs in the project's folder, but the path is relative to the caller's.
        let target_dir =
            std::path::absolute(target_dir).map_err(BuildError::file("find", target_dir))?;
        command.arg("--target-dir").arg(target_dir);
    }
    command.args(settings.arguments).current_dir(project);
    command.env_clear().envs(environment).envs(settings.variables).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

#[derive(Default)]
struct CargosWork {
    components: Vec<Artifact>,
    sdk: Option<String>,
}

/// Runs cargo to its end. Returns the WebAssembly libraries and the SDK version that it reports.
async fn run_cargo(mut command: Command) -> Result<CargosWork, BuildError> {
    let program = PathBuf::from(command.as_std().get_program());
    let mut cargo = command.spawn().map_err(BuildError::program(&program))?;
    let stdout = cargo.stdout.take().expect("stdout was asked for");
    let mut lines = BufReader::new(stdout).split(b'\n');
    let mut built = CargosWork::default();
    while let Some(line) = lines.next_segment().await.map_err(BuildError::program(&program))? {
        built.components.extend(Artifact::parse(&line));
        built.sdk = sdk_version(&line).or(built.sdk);
    }
    let status = cargo.wait().await.map_err(BuildError::program(&program))?;
    if status.success() { Ok(built) } else { Err(BuildError::Failed { status }) }
}

/// Cargo's file is `<target folder>/wasm32-wasip2/release/<crate>.wasm`.
fn default_out(artifact: &Artifact, project: &Path) -> PathBuf {
    let target_folder = artifact.file.ancestors().nth(3).unwrap_or(project);
    target_folder.join("flowhost").join(format!("{}.wasm", artifact.name))
}

/// What the manifest in a folder asks for; nothing without a manifest. No sources are needed.
///
/// # Errors
/// [`BuildError::Manifest`] if the manifest can't be parsed, [`BuildError::File`] if it can't be
/// read.
pub fn requests(folder: &Path) -> Result<Capabilities, BuildError> {
    Ok(Manifest::read(folder)?.requests)
}

/// Replaces a file atomically: a reader of `to` sees the old file or the new one, never a part. What
/// a link leads to is replaced, and what is no file, such as `/dev/null`, is refused.
pub fn write_atomically(bytes: &[u8], to: &Path) -> Result<(), BuildError> {
    let to = &fs::canonicalize(to).unwrap_or_else(|_| to.to_owned());
    if to.exists() && !to.is_file() {
        let reason = io::Error::new(io::ErrorKind::InvalidInput, "it is no file");
        return Err(BuildError::file("replace", to)(reason));
    }
    let folder = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(BuildError::file("create", folder))?;
    // The mode of any new file: all rights less the umask.
    let mut beside = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(BuildError::file("write to", folder))?;
    beside.write_all(bytes).map_err(BuildError::file("write", to))?;
    beside.persist(to).map_err(|error| BuildError::file("write", to)(error.error))?;
    Ok(())
}

/// The guest SDK's own tools use the same script.
const TOOLCHAIN: &str = include_str!("../../../../guest-sdk/toolchain.sh");

/// Tells the script how many bytes the plugin's stack is to have.
const STACK_VARIABLE: &str = "FLOWHOST_TOOLCHAIN_STACK_BYTES";

/// Tells the script that the component is to have lines of the source, which [`shrink()`] makes small.
const LINES_VARIABLE: &str = "FLOWHOST_TOOLCHAIN_LINES";

const TARGET: &str = "wasm32-wasip2";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn builds_a_project_in_a_path_with_spaces_as_the_script_says() {
        let project = Project::new();
        let out = project.folder.path().join("out put/flow.wasm");
        fs::write(project.folder.path().join("flowhost.toml"), "[requests]\nstore = true\n")
            .unwrap();
        let options = BuildOptions {
            out: Some(out.clone()),
            target_dir: Some(project.folder.path().join("tar get")),
            ..project.options(FAKE_CARGO)
        };

        let built = build_with(FAKE_TOOLCHAIN, options, path_only(), |_| ()).await.unwrap();

        let seen = fs::read_to_string(&out).unwrap();
        let (seen, section) = seen.split_once('\0').unwrap();
        let target_dir = project.folder.path().join("tar get");
        let arguments = format!(
            "build --release --target wasm32-wasip2 --message-format=json-render-diagnostics --target-dir {} -Zone two words",
            target_dir.display()
        );
        assert_eq!(seen, format!("{arguments}\nfrom the script\n"));
        assert!(
            section
                .ends_with(r#"{"sdk":"0.1.7","requests":{"http":[],"store":true,"media":false}}"#),
            "{section}"
        );
        assert_eq!(built.size_bytes, fs::metadata(&out).unwrap().len());
        assert_eq!(
            (built.path, built.name.as_str(), built.sdk.as_deref()),
            (out, "my_flow", Some("0.1.7"))
        );
        assert!(built.requests.store);
    }

    #[tokio::test]
    async fn by_default_the_component_goes_to_the_target_folder() {
        let project = Project::new();

        let built = build_with(FAKE_TOOLCHAIN, project.options(FAKE_CARGO), path_only(), |_| ())
            .await
            .unwrap();

        assert_eq!(built.path, project.canonical().join("target/flowhost/my_flow.wasm"));
        assert!(built.path.exists());
    }

    #[tokio::test]
    async fn a_failed_build_leaves_the_old_component() {
        let project = Project::new();
        let out = project.folder.path().join("flow.wasm");
        fs::write(&out, "old").unwrap();
        let options =
            BuildOptions { out: Some(out.clone()), ..project.options("#!/bin/sh\nexit 101\n") };

        let failed = build_with(FAKE_TOOLCHAIN, options, path_only(), |_| ()).await;

        assert!(matches!(failed, Err(BuildError::Failed { status }) if status.code() == Some(101)));
        assert_eq!(fs::read_to_string(out).unwrap(), "old");
    }

    #[tokio::test]
    async fn a_component_may_have_all_of_its_size_and_no_byte_more() {
        let project = Project::new();
        fs::write(project.folder.path().join(MANIFEST), "[build]\nmax_size_kib = 2\n").unwrap();
        let out = project.folder.path().join("flow.wasm");
        let build_of = async |bytes: u64| {
            let options =
                BuildOptions { out: Some(out.clone()), ..project.options(&cargo_of(bytes)) };
            build_with(FAKE_TOOLCHAIN, options, path_only(), |_| ()).await
        };
        // The section that is added counts too.
        let added = build_of(1_000).await.unwrap().size_bytes - 1_000;

        let largest = build_of(2_048 - added).await.unwrap();
        assert_eq!((largest.size_bytes, fs::metadata(&out).unwrap().len()), (2_048, 2_048));

        let refused = build_of(2_049 - added).await.unwrap_err();
        assert!(matches!(
            refused,
            BuildError::TooLarge { size_bytes: 2_049, max_bytes: 2_048, .. }
        ));
        let text = refused.to_string();
        assert!(text.contains("2049 bytes, 1 more than the 2 KiB"), "{text}");
        assert_eq!(fs::metadata(&out).unwrap().len(), 2_048, "the old component is still there");
    }

    #[test]
    fn what_a_link_leads_to_is_replaced_and_what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, device] = ["file", "link", "device"].map(|name| folder.path().join(name));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();

        write_atomically(b"new", &link).unwrap();
        let refused = write_atomically(b"new", &device).unwrap_err();

        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(refused.to_string().contains("/dev/null"), "{refused}");
        assert!(device.is_symlink());
    }

    #[tokio::test]
    async fn a_missing_cargo_is_named() {
        let project = Project::new();
        let options =
            BuildOptions { cargo: Some("/nowhere/cargo".into()), ..project.options(FAKE_CARGO) };

        let failed = build_with(FAKE_TOOLCHAIN, options, path_only(), |_| ()).await;

        assert!(
            matches!(failed, Err(BuildError::Program { program, .. }) if program == Path::new("/nowhere/cargo"))
        );
    }

    #[tokio::test]
    async fn a_folder_without_a_manifest_is_no_project() {
        let folder = tempfile::tempdir().unwrap();
        let options =
            BuildOptions { project_dir: folder.path().to_owned(), ..BuildOptions::default() };

        let failed = build_with("exit 1", options, path_only(), |_| ()).await;

        assert!(matches!(failed, Err(BuildError::NoProject { .. })));
    }

    /// A folder with a manifest and a stand-in for cargo.
    struct Project {
        folder: TempDir,
    }

    impl Project {
        fn new() -> Project {
            let folder = tempfile::Builder::new().prefix("a project ").tempdir().unwrap();
            fs::write(folder.path().join("Cargo.toml"), "").unwrap();
            Project { folder }
        }

        fn options(&self, cargo: &str) -> BuildOptions {
            let program = self.folder.path().join("fake cargo");
            write_program(&program, cargo);
            let project_dir = self.folder.path().to_owned();
            BuildOptions { project_dir, cargo: Some(program), ..BuildOptions::default() }
        }

        fn canonical(&self) -> PathBuf {
            fs::canonicalize(self.folder.path()).unwrap()
        }
    }

    /// Another process writes the file: a program that this process, or a fork of it in another
    /// test, still has open could not be run.
    fn write_program(path: &Path, text: &str) {
        let mut shell = std::process::Command::new("/bin/sh")
            .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
    }

    fn path_only() -> Variables {
        vec![(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))]
    }

    /// Builds a file of so many bytes.
    fn cargo_of(bytes: u64) -> String {
        FAKE_CARGO
            .replace(r#"printf '%s\n' "$*" "$SETTING""#, &format!("head -c {bytes} /dev/zero"))
    }

    const FAKE_TOOLCHAIN: &str = "echo 'env SETTING=from the script'; echo 'arg -Zone two words'";

    /// Builds a file that holds the arguments and the setting.
    const FAKE_CARGO: &str = r#"#!/bin/sh
release=$PWD/target/wasm32-wasip2/release
mkdir -p "$release"
printf '%s\n' "$*" "$SETTING" >"$release/my_flow.wasm"
echo 'not a message'
echo '{"reason":"compiler-artifact","package_id":"path+file:///sdk#flowhost-sdk@0.1.7","target":{"name":"flowhost_sdk"}}'
printf '{"reason":"compiler-artifact","manifest_path":"%s/Cargo.toml","target":{"kind":["cdylib"],"name":"my_flow"},' "$PWD"
printf '"filenames":["%s/my_flow.wasm"]}\n' "$release"
"#;
}
