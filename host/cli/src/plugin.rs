//! `flowhost plugin`: from a plugin project to a version that serves requests.

#[cfg(feature = "devkit")]
mod build;
#[cfg(feature = "devkit")]
mod check;
pub(super) mod flow_json;
mod logs;
#[cfg(feature = "devkit")]
mod new;
#[cfg(feature = "devkit")]
pub(super) mod project;
#[cfg(feature = "devkit")]
pub(super) mod test;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use flowhost_flow_json::Screen;
use flowhost_server::config::Environment;

use self::flow_json::sound_flow_json;

use super::api::{AdminApi, ApiArgs};
use super::flow::FlowArgs;
use super::input::read_bytes;
use super::output::{note, printable, say};
use super::table::Table;

/// What can be done with plugins.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  flowhost plugin build ./my-plugin\n  flowhost plugin test ./my-plugin\n  flowhost plugin deploy acme booking ./my-plugin\n  flowhost plugin rollback acme booking"
)]
pub enum Command {
    /// Make a project that builds, tests and deploys as it is
    #[command(after_help = new::EXAMPLE)]
    #[cfg(feature = "devkit")]
    New(new::NewArgs),
    /// Build a plugin project into a component
    #[command(
        after_help = "Examples:\n  flowhost plugin build\n  flowhost plugin build ./my-plugin --out booking.wasm"
    )]
    #[cfg(feature = "devkit")]
    Build(build::BuildArgs),
    /// Find what is wrong with a plugin project without running it: manifest, component, Flow JSON,
    /// scenarios
    #[command(after_help = check::EXAMPLES)]
    #[cfg(feature = "devkit")]
    Check(check::CheckArgs),
    /// Play the scenarios of a plugin project in the sandbox, without a server and without a
    /// database
    #[command(after_help = test::EXAMPLES)]
    #[cfg(feature = "devkit")]
    Test(test::TestArgs),
    /// Upload a component, built first if it is a project, and make it the active version
    #[command(
        after_help = "Examples:\n  flowhost plugin deploy acme booking ./my-plugin\n  flowhost plugin deploy acme booking booking.wasm --no-activate"
    )]
    Deploy(DeployArgs),
    /// Make another version the active one
    #[command(after_help = "Example:\n  flowhost plugin activate acme booking 3")]
    Activate(ActivateArgs),
    /// Go back to the version that was active before
    #[command(after_help = "Example:\n  flowhost plugin rollback acme booking")]
    Rollback(FlowArgs),
    /// List the versions of a flow's plugin
    #[command(after_help = "Example:\n  flowhost plugin versions acme booking")]
    Versions(FlowArgs),
    /// Show what a flow's plugin logged, or follow it
    #[command(
        after_help = "Examples:\n  flowhost plugin logs acme booking --follow\n  flowhost plugin logs acme booking --level warn --limit 500"
    )]
    Logs(logs::LogsArgs),
}

/// Arguments of `plugin deploy`.
#[derive(Args)]
pub struct DeployArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// A component, or a plugin project to build
    #[arg(value_name = "FILE_OR_DIR")]
    source: PathBuf,
    /// Upload only; the active version stays
    #[arg(long)]
    no_activate: bool,
    /// Activate even a version that fails when it is tried with an INIT
    #[arg(long, conflicts_with = "no_activate")]
    force: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `plugin activate`.
#[derive(Args)]
pub struct ActivateArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The version's number, as `flowhost plugin versions` shows it
    version: u64,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        #[cfg(feature = "devkit")]
        Command::New(args) => new::run(args),
        #[cfg(feature = "devkit")]
        Command::Build(args) => build::run(args).await,
        #[cfg(feature = "devkit")]
        Command::Check(args) => check::run(args).await,
        #[cfg(feature = "devkit")]
        Command::Test(args) => test::run(args, environment).await,
        Command::Deploy(args) => deploy(args, environment).await,
        Command::Activate(args) => activate(args, environment).await,
        Command::Rollback(args) => rollback(args, environment).await,
        Command::Versions(args) => versions(args, environment).await,
        Command::Logs(args) => logs::run(args, environment).await,
    }
}

async fn deploy(args: DeployArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    // Checked before anything is built.
    let example = match example_data(&args.source) {
        Err(error) if args.force => {
            note(&format!("flow.json is left aside: {error:#}"));
            Map::new()
        }
        example => example?,
    };
    let component = component(&args.source).await?;
    let deployed = upload(&api, &args.tenant, &args.flow, component).await?;
    let mut answer = deployed.answer;
    if !args.no_activate {
        rehearse_unless_forced(&api, &args, deployed.version.version, example).await?;
        let activated =
            activate_version(&api, &args.tenant, &args.flow, deployed.version.version).await?;
        answer["active_version"] = activated["active_version"].clone();
    }
    say(&if args.api.json {
        answer.to_string()
    } else {
        deployed.version.as_uploaded(!args.no_activate)
    });
    Ok(())
}

/// Lets the new version answer an INIT before it is activated.
async fn rehearse_unless_forced(
    api: &AdminApi,
    args: &DeployArgs,
    version: u64,
    example: Map<String, Value>,
) -> anyhow::Result<()> {
    match rehearse(api, [&args.tenant, &args.flow], version, example).await {
        Err(error) if args.force => {
            note(&format!("activated all the same: {error:#}"));
            Ok(())
        }
        rehearsed => rehearsed.with_context(|| {
            format!(
                "version {version} is uploaded and not activated: it failed when it was tried (`--force` activates it all the same)"
            )
        }),
    }
}

/// Lets a version of a tenant's flow answer an INIT with this data.
pub(crate) async fn rehearse(
    api: &AdminApi,
    [tenant, flow]: [&str; 2],
    version: u64,
    example: Map<String, Value>,
) -> anyhow::Result<()> {
    let path = ["tenants", tenant, "flows", flow, "versions", &version.to_string(), "rehearse"];
    api.call(Method::POST, &path, Some(&json!({ "data": example }))).await.map(drop)
}

/// The example data (`__example__`) of the Flow JSON's first entry screen; empty if the project has
/// no `flow.json`. Fails for a Flow JSON that WhatsApp would refuse.
pub(crate) fn example_data(project: &Path) -> anyhow::Result<Map<String, Value>> {
    Ok(sound_flow_json(project)?
        .and_then(|flow| flow.entry_screens().next().map(Screen::example_data))
        .unwrap_or_default())
}

async fn activate(args: ActivateArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    let body = json!({ "version": args.version });
    let path = ["tenants", &args.tenant, "flows", &args.flow, "activate"];
    let answer = api.call(Method::POST, &path, Some(&body)).await?;
    args.api.print(&answer, |active: Active| active.for_people())
}

async fn rollback(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let path = ["tenants", &args.tenant, "flows", &args.flow, "rollback"];
    let answer = args.api.connect(environment)?.call(Method::POST, &path, None).await?;
    args.api.print(&answer, |active: Active| active.for_people())
}

async fn versions(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let path = ["tenants", &args.tenant, "flows", &args.flow, "versions"];
    let answer = args.api.connect(environment)?.get(&path).await?;
    args.api.print(&answer, |list: Versions| list.for_people())
}

/// The bytes of a component; a folder is a project that is built first.
#[cfg(feature = "devkit")]
async fn component(source: &Path) -> anyhow::Result<Vec<u8>> {
    if source.is_dir() {
        Ok(project::Component::of(source, None).await?.bytes)
    } else {
        read_bytes(source)
    }
}

#[cfg(not(feature = "devkit"))]
async fn component(source: &Path) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(
        !source.is_dir(),
        "this flowhost builds no plugin projects: deploy what `flowhost plugin build` made elsewhere"
    );
    read_bytes(source)
}

/// An uploaded version, and the API's whole answer.
pub(crate) struct Uploaded {
    pub(crate) version: Version,
    answer: Value,
}

/// Uploads a component as the next version of a flow.
pub(crate) async fn upload(
    api: &AdminApi,
    tenant: &str,
    flow: &str,
    component: Vec<u8>,
) -> anyhow::Result<Uploaded> {
    let answer = api.upload(&["tenants", tenant, "flows", flow, "versions"], component).await?;
    Ok(Uploaded { version: answer.read()?, answer: answer.read()? })
}

/// Makes a version the active one.
pub(crate) async fn activate_version(
    api: &AdminApi,
    tenant: &str,
    flow: &str,
    version: u64,
) -> anyhow::Result<Value> {
    let body = json!({ "version": version });
    let answer = api
        .call(Method::POST, &["tenants", tenant, "flows", flow, "activate"], Some(&body))
        .await?;
    Ok(answer.read()?)
}

#[derive(Deserialize)]
struct Active {
    active_version: Option<u64>,
}

#[derive(Deserialize)]
struct Versions {
    versions: Vec<Version>,
}

/// A version as the API shows it.
#[derive(Deserialize)]
pub(crate) struct Version {
    pub(crate) version: u64,
    digest: String,
    size: u64,
    pub(crate) compile_ms: Option<f64>,
    created_at: Option<String>,
    #[serde(default)]
    active: bool,
    /// Whether it has a manifest; only in the answer to an upload.
    manifest: Option<bool>,
}

impl Active {
    fn for_people(&self) -> String {
        match self.active_version {
            Some(version) => format!("Version {version} is active."),
            None => "No version is active.".to_owned(),
        }
    }
}

impl Versions {
    fn for_people(&self) -> String {
        if self.versions.is_empty() {
            return "No versions yet. Upload one: flowhost plugin deploy TENANT FLOW FILE_OR_DIR"
                .to_owned();
        }
        let mut table = Table::new(&["VERSION", "ACTIVE", "SIZE", "DIGEST", "UPLOADED"]);
        for version in &self.versions {
            let active = if version.active { "yes" } else { "" }.to_owned();
            let uploaded = version.created_at.clone().unwrap_or_default();
            table.row([
                version.version.to_string(),
                active,
                size(version.size),
                version.digest.clone(),
                uploaded,
            ]);
        }
        table.to_string()
    }
}

impl Version {
    fn as_uploaded(&self, activated: bool) -> String {
        let compiled =
            self.compile_ms.map(|ms| format!(", compiled in {ms:.0} ms")).unwrap_or_default();
        format!(
            "Version {} is uploaded{}: {}{compiled}\n{}{}",
            self.version,
            if activated { " and active" } else { ", not active" },
            size(self.size),
            printable(&self.digest),
            if self.manifest == Some(false) { NO_MANIFEST } else { "" }
        )
    }
}

/// Tools that strip a component remove the manifest, and cargo's own output does not have it yet.
const NO_MANIFEST: &str = "
It has no manifest, so it may reach nothing, whatever flowhost.toml asks for: upload what `flowhost plugin build` wrote, as it is.";

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_shows_version_digest_size_and_compile_time() {
        let text =
            r#"{"version":3,"digest":"sha256:ab","size":2048,"compile_ms":412,"requests":{}}"#;
        let version: Version = serde_json::from_str(text).unwrap();

        let shown = version.as_uploaded(true);

        assert_eq!(
            shown,
            "Version 3 is uploaded and active: 2.0 KiB, compiled in 412 ms\nsha256:ab"
        );
    }

    #[test]
    fn an_upload_without_a_manifest_says_so() {
        let shown = |manifest: bool| {
            let answer = json!({"version": 3, "digest": "d", "size": 1, "manifest": manifest});
            serde_json::from_value::<Version>(answer).unwrap().as_uploaded(true)
        };

        assert!(shown(false).contains("has no manifest"), "{}", shown(false));
        assert!(!shown(true).contains("manifest"), "{}", shown(true));
    }

    #[test]
    fn the_active_version_is_marked() {
        let text = r#"{"versions":[{"version":2,"digest":"d","size":1,"created_at":"c","active":true},
            {"version":1,"digest":"d","size":1,"created_at":"c","active":false}]}"#;
        let list: Versions = serde_json::from_str(text).unwrap();

        let shown = list.for_people();

        assert!(shown.lines().nth(1).unwrap().starts_with("2        yes"), "{shown}");
        assert!(!shown.lines().nth(2).unwrap().contains("yes"), "{shown}");
    }
}
