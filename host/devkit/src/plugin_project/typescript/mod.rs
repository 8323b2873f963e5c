//! Plugins in TypeScript.
//!
//! npm installs what the project's lock file names, and the SDK's own program (`build/cli.mjs` in
//! `@flowhost/sdk`) checks the types, bundles, and makes the component, so that a project is built
//! by what belongs to its SDK.

#[cfg(test)]
mod contract;
mod node;
mod screens;
mod vendor;

use std::fs;
use std::path::{Path, PathBuf};

use flowhost_flow_json::screen_types::Flow;
use serde_json::Value;

use super::error::BuildError;
use super::language::{Compiled, Job, is_name};
use super::manifest::Engine;
use super::write_types;

pub(super) use self::node::OLDEST as OLDEST_NODE;
pub(super) use self::vendor::files as sdk_files;

/// Builds the project.
pub(super) async fn compile(
    job: &Job<'_>,
    progress: &impl Fn(&str),
) -> Result<Compiled, BuildError> {
    let project = job.project;
    write_types(project)?;
    node::require(&job.environment).await?;
    node::install(project, &job.environment, progress).await?;
    let name = name_of(project)?;
    let folder = job.target()?.join("flowhost");
    let work = folder.join("typescript").join(&name);
    let component = work.join("component.wasm");
    progress(&format!("building {}", project.display()));
    let sdk = project.join(SDK);
    let program = sdk.join("build/cli.mjs");
    if !program.is_file() {
        return Err(mistake(project, "names no @flowhost/sdk: `plugin new` shows how"));
    }
    let mut command = node::program("node", project, &job.environment);
    command.arg(program).arg("build");
    command.args(["--engine", engine(job.build.engine)]);
    command.arg("--folder").arg(&work).arg("--out").arg(&component);
    node::run(command).await?;
    Ok(Compiled {
        component: fs::read(&component).map_err(BuildError::file("read", &component))?,
        sdk: Some(version_of(&sdk)?),
        default_out: folder.join(format!("{name}.wasm")),
        name,
    })
}

/// The file with the types of the project's screens, which is beside its main file, and its text.
pub(super) fn types(project: &Path, flow: &Flow) -> Result<(PathBuf, String), BuildError> {
    let main = project.join(package(project)?["main"].as_str().unwrap_or(MAIN));
    let file = main.parent().unwrap_or(project).join(screens::FILE_NAME);
    Ok((file, screens::module(flow)))
}

/// The file with the types of a Flow JSON that is right, for a new project: its path and its text.
pub(super) fn types_file(flow_json: &str) -> (String, String) {
    let flow = Flow::parse(flow_json).expect("the template's Flow JSON is right");
    (format!("src/{}", screens::FILE_NAME), screens::module(&flow))
}

/// The last part of the package's name: `@acme/booking` is `booking`.
fn name_of(project: &Path) -> Result<String, BuildError> {
    let package = package(project)?;
    let name = package["name"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    if is_name(name) {
        Ok(name.to_owned())
    } else {
        Err(mistake(project, "has no `name` by which the component could be called"))
    }
}

fn version_of(sdk: &Path) -> Result<String, BuildError> {
    let version = package(sdk)?["version"].as_str().map(str::to_owned);
    version.ok_or_else(|| mistake(sdk, "has no `version`"))
}

fn package(folder: &Path) -> Result<Value, BuildError> {
    let path = folder.join(PACKAGE);
    let text = fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
    serde_json::from_str(&text).map_err(|error| mistake(folder, &format!("is not JSON: {error}")))
}

fn mistake(folder: &Path, reason: &str) -> BuildError {
    BuildError::Package { path: folder.join(PACKAGE), reason: reason.to_owned() }
}

/// As the SDK's program is told.
fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::QuickJs => "quickjs",
        Engine::StarlingMonkey => "starlingmonkey",
    }
}

const PACKAGE: &str = "package.json";

/// Where npm puts the SDK.
const SDK: &str = "node_modules/@flowhost/sdk";

/// The plugin's main file, if `main` in its package.json names no other.
const MAIN: &str = "src/plugin.ts";

/// The names of the files that builds write among the sources.
pub(super) const WRITTEN: &str = screens::FILE_NAME;
