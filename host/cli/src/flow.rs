//! `flowhost flow`: a flow is a named endpoint of a tenant.

use clap::{Args, Subcommand};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use flowhost_server::config::{ConfigError, Environment};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::flow_config;
use super::flow_json;
use super::flow_settings::SettingsArgs;
use super::output::printable;
use super::table::{Table, or_dash};

/// What can be done with flows.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  flowhost flow put acme booking\n  flowhost flow show acme booking"
)]
pub enum Command {
    /// Make a flow, or replace all its settings
    #[command(
        after_help = "Examples:\n  flowhost flow put acme booking\n  flowhost flow put acme booking --settings @settings.json"
    )]
    Put(ChangeArgs),
    /// List a tenant's flows
    #[command(after_help = "Example:\n  flowhost flow list acme")]
    List(ListArgs),
    /// Show one flow and its settings
    #[command(after_help = "Example:\n  flowhost flow show acme booking")]
    Show(FlowArgs),
    /// Change the given settings of a flow, or switch it off and on
    #[command(
        after_help = "Example:\n  flowhost flow update acme booking --on-failure error-message --limit cpu_ms=500"
    )]
    Update(ChangeArgs),
    /// Delete a flow with its versions and conversations, for good
    #[command(after_help = "Example:\n  flowhost flow delete acme booking")]
    Delete(DeleteArgs),
    /// Set what the flow's plugin is told: settings and secrets
    #[command(subcommand)]
    Config(flow_config::Command),
    /// Upload the Flow JSON that the flow's replies are checked against
    #[command(subcommand)]
    Json(flow_json::Command),
}

/// Arguments of `flow put` and `flow update`.
#[derive(Args)]
pub struct ChangeArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `flow list`.
#[derive(Args)]
pub struct ListArgs {
    /// The tenant's slug
    tenant: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of commands that only need to know the flow.
#[derive(Args)]
pub struct FlowArgs {
    /// The tenant's slug
    pub(super) tenant: String,
    /// The flow's name
    pub(super) flow: String,
    #[command(flatten)]
    pub(super) api: ApiArgs,
}

/// Arguments of commands that delete a flow, or something that it has one of.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    pub(super) tenant: String,
    /// The flow's name
    pub(super) flow: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Put(args) => put(args, environment).await,
        Command::List(args) => list(args, environment).await,
        Command::Show(args) => show(args, environment).await,
        Command::Update(args) => update(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
        Command::Config(command) => flow_config::run(command, environment).await,
        Command::Json(command) => flow_json::run(command, environment).await,
    }
}

async fn put(args: ChangeArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = args.settings.body()?.into();
    let path = ["tenants", &args.tenant, "flows", &args.flow];
    let answer = args.api.connect(environment)?.call(Method::PUT, &path, Some(&body)).await?;
    let done = if answer.status == StatusCode::CREATED { "made" } else { "replaced" };
    args.api.print(&answer, |flow: Flow| {
        format!("Flow {} is {done}.\n{}", printable(&flow.name), flow.for_people())
    })
}

async fn update(args: ChangeArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = args.settings.body()?;
    if body.is_empty() {
        return Err(ConfigError::new(
            "nothing to change: give a setting (see flowhost flow update --help)",
        )
        .into());
    }
    let path = ["tenants", &args.tenant, "flows", &args.flow];
    let answer =
        args.api.connect(environment)?.call(Method::PATCH, &path, Some(&body.into())).await?;
    args.api.print(&answer, |flow: Flow| flow.for_people())
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.get(&["tenants", &args.tenant, "flows"]).await?;
    args.api.print(&answer, |list: Flows| list.for_people(&args.tenant))
}

async fn show(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer =
        args.api.connect(environment)?.get(&["tenants", &args.tenant, "flows", &args.flow]).await?;
    args.api.print(&answer, |flow: Flow| flow.for_people())
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!("Flow {} of {} will be gone for good, with its versions.", args.flow, args.tenant),
        args.yes,
    )?;
    api.delete(&["tenants", &args.tenant, "flows", &args.flow]).await?;
    args.api.done(&format!("Flow {} of {} is deleted.", args.flow, args.tenant));
    Ok(())
}

#[derive(Deserialize)]
struct Flows {
    flows: Vec<Flow>,
}

#[derive(Deserialize)]
struct Flow {
    name: String,
    endpoint_path: String,
    active_version: Option<u64>,
    disabled: bool,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    flow_json_digest: Option<String>,
    #[serde(default)]
    warnings: Vec<FlowWarning>,
    updated_at: String,
}

/// A warning of the hosts about a flow.
#[derive(Deserialize)]
pub(super) struct FlowWarning {
    kind: String,
    message: String,
    first_seen_at: String,
    last_seen_at: String,
}

impl FlowWarning {
    /// The warning in a line for people.
    pub(super) fn line(&self) -> String {
        let Self { kind, message, first_seen_at, last_seen_at } = self;
        printable(&format!(
            "warning: {kind}, seen from {first_seen_at} to {last_seen_at}: {message}"
        ))
    }
}

impl Flows {
    fn for_people(&self, tenant: &str) -> String {
        if self.flows.is_empty() {
            return format!("No flows yet. Make one: flowhost flow put {tenant} booking");
        }
        let mut table = Table::new(&["FLOW", "ENDPOINT", "ACTIVE VERSION", "STATE", "UPDATED"]);
        for flow in &self.flows {
            let (version, state) = (or_dash(flow.active_version), flow.state().to_owned());
            table.row([
                flow.name.clone(),
                flow.endpoint_path.clone(),
                version,
                state,
                flow.updated_at.clone(),
            ]);
        }
        table.to_string()
    }
}

impl Flow {
    fn for_people(&self) -> String {
        let mut table = Table::new(&["flow", &printable(&self.name)]);
        table.row(["endpoint".to_owned(), self.endpoint_path.clone()]);
        table.row(["active version".to_owned(), or_dash(self.active_version)]);
        table.row(["state".to_owned(), self.state().to_owned()]);
        table.row(["Flow JSON".to_owned(), or_dash(self.flow_json_digest.as_deref())]);
        for (name, value) in &self.settings {
            table.row([
                name.clone(),
                value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned),
            ]);
        }
        table.row(["updated".to_owned(), self.updated_at.clone()]);
        let warnings: String =
            self.warnings.iter().map(|warning| format!("\n{}", warning.line())).collect();
        format!("{table}{warnings}")
    }

    fn state(&self) -> &'static str {
        if self.disabled { "disabled" } else { "enabled" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_setting_also_those_it_does_not_know() {
        let text = r#"{"name":"booking","endpoint_path":"/flows/acme/booking","active_version":null,"disabled":false,
            "settings":{"token_policy":"open","novelty":{"a":1}},"created_at":"c","updated_at":"u"}"#;
        let mut flow: Flow = serde_json::from_str(text).unwrap();
        let warning = r#"{"kind":"shared-token","message":"mint\u001b[2J","first_seen_at":"f","last_seen_at":"l"}"#;
        flow.warnings.push(serde_json::from_str(warning).unwrap());

        let shown = flow.for_people();

        assert!(shown.contains("active version  -\n"), "{shown}");
        assert!(
            shown.ends_with("\nwarning: shared-token, seen from f to l: mint\u{fffd}[2J"),
            "{shown}"
        );
        assert!(
            shown.contains("token_policy    open\n")
                && shown.contains(r#"novelty         {"a":1}"#),
            "{shown}"
        );
    }
}
