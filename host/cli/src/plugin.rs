//! `flowhost plugin`: from a plugin project to a version that serves requests.

#[cfg(feature = "devkit")]
mod build;
#[cfg(feature = "devkit")]
mod check;
pub(super) mod flow_json;
pub(super) mod logs;
#[cfg(feature = "devkit")]
mod new;
#[cfg(feature = "devkit")]
pub(super) mod project;
#[cfg(feature = "devkit")]
pub(super) mod test;
#[cfg(feature = "devkit")]
mod types;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use reqwest::StatusCode;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use flowhost_api::{
    Activate, Activated, Rehearse, Rehearsed, Route, UploadQuery, UploadedVersion, VersionList,
};
use flowhost_protocol::ids::FlowJsonDigest;
use flowhost_server::config::Environment;

use self::flow_json::{ProjectFlowJson, flow_json_path};

use super::api::{AdminApi, ApiArgs, answered};
use super::confirm::confirm;
use super::flow::FlowArgs;
use super::flow_grant::grant_requests;
use super::flow_json::show_notes;
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
        after_help = "Examples:\n  flowhost plugin build\n  flowhost plugin build ./my-plugin --out booking.wasm\n  flowhost plugin build ./my-plugin --component composed.wasm   # writes the manifest into it"
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
    /// Write the types of a project's screens, made from its flow.json, as each build does
    #[command(after_help = "Example:\n  flowhost plugin types ./my-plugin")]
    #[cfg(feature = "devkit")]
    Types(types::TypesArgs),
    /// Upload a component, built first if it is a project, and make it the active version; the
    /// project's flow.json goes with it
    #[command(
        after_help = "Examples:\n  flowhost plugin deploy acme booking ./my-plugin\n  flowhost plugin deploy acme booking booking.wasm --no-activate\n  flowhost plugin deploy acme booking ./my-plugin --grant --note 'opening hours'"
    )]
    Deploy(DeployArgs),
    /// Make another version the active one
    #[command(after_help = "Example:\n  flowhost plugin activate acme booking 3")]
    Activate(ActivateArgs),
    /// Go back to the version that was active before
    #[command(after_help = "Example:\n  flowhost plugin rollback acme booking")]
    Rollback(FlowArgs),
    /// Delete a version that is not active
    #[command(after_help = "Example:\n  flowhost plugin delete acme booking 3 --yes")]
    Delete(DeleteArgs),
    /// List the versions of a flow's plugin
    #[command(after_help = "Example:\n  flowhost plugin versions acme booking")]
    Versions(FlowArgs),
    /// Show what a flow's plugin logged, or follow it
    #[command(
        after_help = "Examples:\n  flowhost plugin logs acme booking --follow\n  flowhost plugin logs acme booking --level warn --limit 500\n  flowhost plugin logs acme booking --session 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
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
    /// Grant the flow what the version asks for, beside what is granted already
    #[arg(long, conflicts_with = "no_activate")]
    grant: bool,
    /// What to remember of this version; `plugin versions` shows it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
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
    version: i32,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `plugin delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The version's number, as `flowhost plugin versions` shows it
    version: i32,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
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
        #[cfg(feature = "devkit")]
        Command::Types(args) => types::run(args),
        Command::Deploy(args) => deploy(args, environment).await,
        Command::Activate(args) => activate(args, environment).await,
        Command::Rollback(args) => rollback(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
        Command::Versions(args) => versions(args, environment).await,
        Command::Logs(args) => logs::run(args, environment).await,
    }
}

async fn deploy(args: DeployArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    // Checked before anything is built.
    let flow_json = match ProjectFlowJson::read(&args.source) {
        Err(error) if args.force => {
            note(&format!("flow.json is left aside: {error:#}"));
            None
        }
        read => read?,
    };
    let example = flow_json.as_ref().map(ProjectFlowJson::example_data).unwrap_or_default();
    let names = [&*args.tenant, &*args.flow];
    require_flow(&api, names).await?;
    let component = component(&args.source).await?;
    let version = NewVersion {
        component,
        flow_json: flow_json.map(|flow_json| flow_json.text),
        project: &args.source,
        note: args.note.as_deref(),
    };
    let deployed = upload(&api, names, version).await?;
    let mut answer = deployed.answer;
    if !args.no_activate {
        let version = deployed.version.version;
        if args.grant {
            grant_requests(&api, names, &deployed.version.requests).await?;
        }
        let failed = rehearse_unless_forced(&api, &args, version, example).await?;
        let activated = activate_version(&api, &args.tenant, &args.flow, version).await?;
        failed.iter().for_each(|failed| note(&format!("activated all the same: {failed:#}")));
        if activated.new_flow_json.is_some() {
            note(NEW_FLOW_JSON);
        }
        answer["active_version"] = activated.active_version.into();
    }
    say(&if args.api.json {
        answer.to_string()
    } else {
        as_uploaded(&deployed.version, !args.no_activate)
    });
    Ok(())
}

/// Fails if there is no such flow, before minutes are spent on a component for it.
async fn require_flow(api: &AdminApi, names: [&str; 2]) -> anyhow::Result<()> {
    let Err(error) = api.call(Route::ShowFlow, &names).await else { return Ok(()) };
    // What else is wrong is said by what follows.
    if answered(&error) != Some(StatusCode::NOT_FOUND) {
        return Ok(());
    }
    let [tenant, flow] = names;
    Err(error.context(format!(
        "there is no flow {flow} of {tenant} to deploy to: `flowhost flow put {tenant} {flow}` makes it"
    )))
}

/// Lets the new version answer an INIT before it is activated. Returns why it failed if that is no
/// reason not to activate it.
async fn rehearse_unless_forced(
    api: &AdminApi,
    args: &DeployArgs,
    version: i32,
    example: Map<String, Value>,
) -> anyhow::Result<Option<anyhow::Error>> {
    let error = match rehearse(api, [&args.tenant, &args.flow], version, example).await {
        Ok(rehearsed) => {
            let said = rehearsed.log.iter().filter(|line| is_bad(line));
            said.for_each(|line| {
                note(&printable(&format!("the plugin said when it was tried: {line}")))
            });
            return Ok(None);
        }
        Err(error) => error,
    };
    let why = match answered(&error) {
        // What it asks for is not granted, so it could not be activated either.
        Some(StatusCode::CONFLICT) if args.grant => "it can't be activated",
        Some(StatusCode::CONFLICT) => "`--grant` grants it what it asks for",
        _ if args.force => return Ok(Some(error)),
        Some(StatusCode::UNPROCESSABLE_ENTITY) => {
            "it failed when it was tried (`--force` activates it all the same)"
        }
        _ => "it could not be tried (`--force` activates it all the same)",
    };
    Err(error.context(format!("version {version} is uploaded and not activated: {why}")))
}

/// Whether a line of the log has a level that a person should look at.
fn is_bad(line: &str) -> bool {
    ["warn: ", "error: "].iter().any(|level| line.starts_with(level))
}

/// Lets a version of a tenant's flow answer an INIT with this data.
pub(crate) async fn rehearse(
    api: &AdminApi,
    [tenant, flow]: [&str; 2],
    version: i32,
    example: Map<String, Value>,
) -> anyhow::Result<Rehearsed> {
    let names = [tenant, flow, &version.to_string()];
    let answer = api.send(Route::RehearseVersion, &names, &Rehearse { data: example }).await?;
    Ok(answer.read()?)
}

async fn activate(args: ActivateArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    let body = Activate { version: args.version };
    let answer = api.send(Route::ActivateVersion, &[&args.tenant, &args.flow], &body).await?;
    args.api.print(&answer, |activated: Activated| as_activated(&activated))
}

async fn rollback(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer =
        args.api.connect(environment)?.call(Route::RollBack, &[&args.tenant, &args.flow]).await?;
    args.api.print(&answer, |activated: Activated| as_activated(&activated))
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let DeleteArgs { tenant, flow, version, yes, api } = args;
    let connected = api.connect(environment)?;
    confirm(&format!("Version {version} of flow {flow} will be gone for good."), yes)?;
    connected.call(Route::DeleteVersion, &[&tenant, &flow, &version.to_string()]).await?;
    api.done(&format!("Version {version} of flow {flow} is deleted."));
    Ok(())
}

async fn versions(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args
        .api
        .connect(environment)?
        .call(Route::ListVersions, &[&args.tenant, &args.flow])
        .await?;
    args.api.print(&answer, |list: VersionList| for_people(&list))
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

/// What becomes a version of a flow's plugin.
pub(crate) struct NewVersion<'a> {
    pub(crate) component: Vec<u8>,
    /// The Flow JSON that becomes the flow's with it.
    pub(crate) flow_json: Option<Vec<u8>>,
    /// The project that the Flow JSON is from.
    pub(crate) project: &'a Path,
    pub(crate) note: Option<&'a str>,
}

/// An uploaded version, and the API's whole answer.
pub(crate) struct Uploaded {
    pub(crate) version: UploadedVersion,
    answer: Value,
}

/// Uploads a component with its Flow JSON as the next version of a flow, unless the newest version
/// has both, byte for byte. Shows the notes on the Flow JSON.
pub(crate) async fn upload(
    api: &AdminApi,
    names: [&str; 2],
    new: NewVersion<'_>,
) -> anyhow::Result<Uploaded> {
    let query = UploadQuery {
        note: new.note.map(str::to_owned),
        unless_same: true,
        flow_json_digest: new.flow_json.as_deref().map(digest_of),
    };
    compiling(&new.component).iter().for_each(|step| note(step));
    let answer = api.upload(&names, new.component, &query).await?;
    let version: UploadedVersion = answer.read()?;
    if let Some(document) = new.flow_json
        && !version.existed
    {
        let answer = api.put_version_flow_json(names, version.version, document).await?;
        show_notes(&answer, &flow_json_path(new.project))?;
    }
    Ok(Uploaded { version, answer: answer.read()? })
}

/// As the admin API writes digests.
fn digest_of(document: &[u8]) -> String {
    FlowJsonDigest(Sha256::digest(document).into()).to_string()
}

/// Makes a version the active one.
pub(crate) async fn activate_version(
    api: &AdminApi,
    tenant: &str,
    flow: &str,
    version: i32,
) -> anyhow::Result<Activated> {
    let answer = api.send(Route::ActivateVersion, &[tenant, flow], &Activate { version }).await?;
    Ok(answer.read()?)
}

fn as_activated(Activated { active_version, new_flow_json, .. }: &Activated) -> String {
    let flow_json = new_flow_json.as_ref().map(|_| format!("\n{NEW_FLOW_JSON}"));
    format!("Version {active_version} is active.{}", flow_json.unwrap_or_default())
}

/// Said when a version brings another Flow JSON.
const NEW_FLOW_JSON: &str =
    "The flow's Flow JSON is another one now: phones get it when it is published at Meta.";

fn for_people(list: &VersionList) -> String {
    if list.versions.is_empty() {
        return "No versions yet. Upload one: flowhost plugin deploy TENANT FLOW FILE_OR_DIR"
            .to_owned();
    }
    let mut table =
        Table::new(&["VERSION", "ACTIVE", "SIZE", "DIGEST", "FLOW JSON", "UPLOADED", "NOTE"]);
    for version in &list.versions {
        let active = if version.active { "yes" } else { "" }.to_owned();
        let (size, uploaded) =
            (size(version.size.unsigned_abs().into()), version.created_at.to_string());
        let flow_json = version.flow_json_digest.as_deref().map_or("-", brief).to_owned();
        let note = version.note.clone().unwrap_or_default();
        let digest = brief(&version.digest).to_owned();
        table.row([version.version.to_string(), active, size, digest, flow_json, uploaded, note]);
    }
    table.to_string()
}

/// As much of a digest as tells two apart; `--json` has all of it.
fn brief(digest: &str) -> &str {
    digest.get(..BRIEF_DIGEST).unwrap_or(digest)
}

/// `sha256:` and 12 digits.
const BRIEF_DIGEST: usize = 19;

fn as_uploaded(uploaded: &UploadedVersion, activated: bool) -> String {
    let UploadedVersion {
        version, digest, size: bytes, compile_ms, lost_manifest, existed, ..
    } = uploaded;
    let lost_manifest = lost_manifest.as_ref().map(|lost| format!("\nnote: {}", printable(lost)));
    let what = if *existed { "was there already" } else { "is uploaded" };
    format!(
        "Version {version} {what}{}: {}, compiled in {compile_ms} ms\n{}{}",
        match (activated, existed) {
            (true, true) => ", and is active",
            (true, false) => " and active",
            (false, _) => ", not active",
        },
        size(bytes.unsigned_abs().into()),
        printable(digest),
        lost_manifest.unwrap_or_default()
    )
}

/// What is said before a component is loaded, if that may take a while.
fn compiling(component: &[u8]) -> Option<String> {
    (component.len() >= LARGE_BYTES).then(|| {
        format!(
            "loading the component ({}): compiling one of this size, once, takes up to a minute",
            size(component.len() as u64)
        )
    })
}

/// Components in Rust and those with QuickJS have less, and compile in some seconds. One in Python has 18 MiB,
/// and took 11 s in a release build, 30 to 60 s in a debug build.
const LARGE_BYTES: usize = 8 << 20;

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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_upload_shows_version_digest_size_and_compile_time() {
        let shown = as_uploaded(&uploaded(None), true);

        assert_eq!(
            shown,
            "Version 3 is uploaded and active: 2.0 KiB, compiled in 412 ms\nsha256:ab"
        );
    }

    #[test]
    fn what_takes_long_to_compile_is_said_before() {
        assert_eq!(compiling(&vec![0; 2 << 20]), None);
        assert!(compiling(&vec![0; 18 << 20]).unwrap().contains("(18.0 MiB): compiling"));
    }

    #[test]
    fn an_upload_without_a_manifest_says_so() {
        let shown = |lost: Option<&str>| as_uploaded(&uploaded(lost), true);

        let lost = shown(Some("the component has no manifest"));
        assert!(lost.ends_with("\nnote: the component has no manifest"), "{lost}");
        assert!(!shown(None).contains("manifest"), "{}", shown(None));
    }

    #[test]
    fn another_flow_json_is_to_be_published_at_meta() {
        let shown = |answer: Value| as_activated(&serde_json::from_value(answer).unwrap());

        assert_eq!(shown(json!({"active_version": 2})), "Version 2 is active.");
        let other = shown(json!({"active_version": 2, "new_flow_json": "sha256:ab"}));
        assert!(other.ends_with("published at Meta."), "{other}");
    }

    #[test]
    fn of_a_trial_that_passes_what_is_wrong_is_told() {
        let told = ["info: warn: a", "warn: the API is away", "error: b", "debug: c"].map(is_bad);

        assert_eq!(told, [false, true, true, false]);
    }

    #[test]
    fn the_active_version_is_marked() {
        let version = |version: i32, active: bool| json!({"version": version, "digest": "d", "size": 1, "created_at": "2026-01-02T03:04:05Z", "active": active});
        let list = json!({"versions": [version(2, true), version(1, false)]});

        let shown = for_people(&serde_json::from_value(list).unwrap());

        assert!(shown.lines().nth(1).unwrap().starts_with("2        yes"), "{shown}");
        assert!(!shown.lines().nth(2).unwrap().contains("yes"), "{shown}");
    }

    fn uploaded(lost_manifest: Option<&str>) -> UploadedVersion {
        let answer = json!({"version": 3, "digest": "sha256:ab", "size": 2048, "compile_ms": 412, "manifest": lost_manifest.is_none(), "lost_manifest": lost_manifest});
        serde_json::from_value(answer).unwrap()
    }
}
