//! `flowhost flow`: a flow is a named endpoint of a tenant.

use clap::{Args, Subcommand};
use reqwest::StatusCode;

use flowhost_api::{FlowList, FlowView, FlowWarning, Route};
use flowhost_server::config::{ConfigError, Environment};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::flow_config;
use super::flow_grant::{self, GrantArgs};
use super::flow_json;
use super::flow_settings::SettingsArgs;
use super::flow_store;
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
    /// Let the flow's plugin reach what is named, beside what it may reach already
    #[command(
        after_help = "Examples:\n  flowhost flow grant acme booking --http api.example.com --store\n  flowhost flow grant acme booking --media"
    )]
    Grant(GrantArgs),
    /// Take grants away from the flow's plugin
    #[command(after_help = "Example:\n  flowhost flow deny acme booking --http api.example.com")]
    Deny(GrantArgs),
    /// Delete a flow with its versions and conversations, for good
    #[command(after_help = "Example:\n  flowhost flow delete acme booking")]
    Delete(DeleteArgs),
    /// Set what the flow's plugin is told: settings and secrets
    #[command(subcommand)]
    Config(flow_config::Command),
    /// Look at what the flow's plugin keeps beyond a session
    #[command(subcommand)]
    Store(flow_store::Command),
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
        Command::Grant(args) => flow_grant::grant(args, environment).await,
        Command::Deny(args) => flow_grant::deny(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
        Command::Config(command) => flow_config::run(command, environment).await,
        Command::Json(command) => flow_json::run(command, environment).await,
        Command::Store(command) => flow_store::run(command, environment).await,
    }
}

async fn put(args: ChangeArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = args.settings.body()?;
    let answer = args
        .api
        .connect(environment)?
        .send(Route::PutFlow, &[&args.tenant, &args.flow], &body)
        .await?;
    let done = if answer.status == StatusCode::CREATED { "made" } else { "replaced" };
    args.api.print(&answer, |flow: FlowView| {
        format!("Flow {} is {done}.\n{}", printable(&flow.name), for_people(&args.tenant, &flow))
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
    let answer = args
        .api
        .connect(environment)?
        .send(Route::UpdateFlow, &[&args.tenant, &args.flow], &body)
        .await?;
    args.api.print(&answer, |flow: FlowView| for_people(&args.tenant, &flow))
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ListFlows, &[&args.tenant]).await?;
    args.api.print(&answer, |list: FlowList| list_for_people(&list, &args.tenant))
}

async fn show(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer =
        args.api.connect(environment)?.call(Route::ShowFlow, &[&args.tenant, &args.flow]).await?;
    args.api.print(&answer, |flow: FlowView| for_people(&args.tenant, &flow))
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!("Flow {} of {} will be gone for good, with its versions.", args.flow, args.tenant),
        args.yes,
    )?;
    api.call(Route::DeleteFlow, &[&args.tenant, &args.flow]).await?;
    args.api.done(&format!("Flow {} of {} is deleted.", args.flow, args.tenant));
    Ok(())
}

/// A warning in a line for people.
pub(super) fn warning_line(warning: &FlowWarning) -> String {
    let FlowWarning { kind, message, first_seen_at, last_seen_at } = warning;
    printable(&format!("warning: {kind}, seen from {first_seen_at} to {last_seen_at}: {message}"))
}

fn list_for_people(list: &FlowList, tenant: &str) -> String {
    if list.flows.is_empty() {
        return format!("No flows yet. Make one: flowhost flow put {tenant} booking");
    }
    let mut table = Table::new(&["FLOW", "ENDPOINT", "ACTIVE VERSION", "STATE", "UPDATED"]);
    for flow in &list.flows {
        let (version, state) = (or_dash(flow.active_version), state(flow).to_owned());
        table.row([
            flow.name.clone(),
            flow.endpoint_path.clone(),
            version,
            state,
            flow.updated_at.to_string(),
        ]);
    }
    table.to_string()
}

pub(super) fn for_people(tenant: &str, flow: &FlowView) -> String {
    let mut table = Table::new(&["flow", &printable(&flow.name)]);
    table.row(["endpoint".to_owned(), flow.endpoint_path.clone()]);
    table.row(["active version".to_owned(), or_dash(flow.active_version)]);
    table.row(["state".to_owned(), state(flow).to_owned()]);
    table.row(["Flow JSON".to_owned(), or_dash(flow.flow_json_digest.as_deref())]);
    for (name, value) in &flow.settings {
        table.row([
            name.clone(),
            value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned),
        ]);
    }
    table.row(["updated".to_owned(), flow.updated_at.to_string()]);
    let warnings: String =
        flow.warnings.iter().map(|warning| format!("\n{}", warning_line(warning))).collect();
    format!("{table}{warnings}{}", missing_line(tenant, flow))
}

/// What the plugin asks for in vain, in a line of its own.
pub(super) fn missing_line(tenant: &str, flow: &FlowView) -> String {
    if flow.missing_grants.is_empty() {
        return String::new();
    }
    let command = printable(&flow.missing_grants.grant_command(tenant, &flow.name));
    format!(
        "\nwarning: the active version asks for what the flow does not grant, and gets an error there: {command}"
    )
}

fn state(flow: &FlowView) -> &'static str {
    if flow.disabled { "disabled" } else { "enabled" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_setting_also_those_it_does_not_know() {
        let text = r#"{"name":"booking","endpoint_path":"/flows/acme/booking","active_version":null,"disabled":false,
            "settings":{"token_policy":"open","novelty":{"a":1}},"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"}"#;
        let mut flow: FlowView = serde_json::from_str(text).unwrap();
        let warning = r#"{"kind":"shared-token","message":"mint\u001b[2J",
            "first_seen_at":"2026-01-03T00:00:00Z","last_seen_at":"2026-01-04T00:00:00Z"}"#;
        flow.warnings.push(serde_json::from_str(warning).unwrap());

        let shown = for_people("acme", &flow);

        assert!(shown.contains("active version  -\n"), "{shown}");
        let seen = "seen from 2026-01-03T00:00:00Z to 2026-01-04T00:00:00Z";
        assert!(
            shown.ends_with(&format!("\nwarning: shared-token, {seen}: mint\u{fffd}[2J")),
            "{shown}"
        );
        assert!(
            shown.contains("token_policy    open\n")
                && shown.contains(r#"novelty         {"a":1}"#),
            "{shown}"
        );

        flow.missing_grants.store = true;
        assert!(
            for_people("acme", &flow).ends_with(": flowhost flow grant acme booking --store"),
            "{shown}"
        );
    }
}
