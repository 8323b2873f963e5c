//! `flowhost tenant`: one tenant is one WhatsApp Business Account.

use clap::{Args, Subcommand};
use serde_json::Value;

use flowhost_api::{
    CreateTenant, FlowHealth, FlowHealthList, FlowWarning, PatchTenant, Route, TenantList,
    TenantView,
};
use flowhost_protocol::flow::TenantRetention;
use flowhost_server::config::{ConfigError, Environment};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::flow::warning_line;
use super::output::printable;
use super::retention::RetentionArgs;
use super::table::{Table, or_dash};

/// What can be done with tenants.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  flowhost tenant create acme --name \"Acme Clinic\"\n  flowhost tenant list"
)]
pub enum Command {
    /// Make a tenant, with its first key pair
    #[command(
        after_help = "Example:\n  flowhost tenant create acme --name \"Acme Clinic\" --waba-id 102290129340398"
    )]
    Create(CreateArgs),
    /// List the tenants that the token may see
    #[command(after_help = "Example:\n  flowhost tenant list")]
    List(ListArgs),
    /// Show one tenant
    #[command(after_help = "Example:\n  flowhost tenant show acme")]
    Show(ShowArgs),
    /// Show how a tenant's flows do, and what to mend
    #[command(after_help = "Example:\n  flowhost tenant health acme")]
    Health(ShowArgs),
    /// Change a tenant, or switch it off and on
    #[command(
        after_help = "Examples:\n  flowhost tenant update acme --disabled true\n  flowhost tenant update acme --retention sessions_days=14 --retention answered_days=default"
    )]
    Update(UpdateArgs),
    /// Delete a tenant and everything it owns, for good
    #[command(after_help = "Example:\n  flowhost tenant delete acme")]
    Delete(DeleteArgs),
}

/// Arguments of `tenant create`.
#[derive(Args)]
pub struct CreateArgs {
    /// Its name in URLs: a-z, 0-9 and -, at most 63
    slug: String,
    /// Its name for people; the slug, if not given
    #[arg(long)]
    name: Option<String>,
    /// Its WhatsApp Business Account id
    #[arg(long, value_name = "ID")]
    waba_id: Option<String>,
    /// The partner that owns it; the token's own, if not given
    #[arg(long, value_name = "SLUG")]
    partner: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `tenant list`.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of commands that only need to know the tenant.
#[derive(Args)]
pub struct ShowArgs {
    /// The tenant's slug
    tenant: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `tenant update`.
#[derive(Args)]
pub struct UpdateArgs {
    /// The tenant's slug
    tenant: String,
    /// Its new name for people
    #[arg(long)]
    name: Option<String>,
    /// Its new WhatsApp Business Account id
    #[arg(long, value_name = "ID")]
    waba_id: Option<String>,
    /// Whether all its endpoints answer 503, at once and on every host
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
    /// How many requests each host answers for it in a second; the others get 429
    #[arg(long, value_name = "NUMBER|off", value_parser = parse_rate)]
    requests_per_second: Option<Rate>,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `tenant delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create(args, environment).await,
        Command::List(args) => list(args, environment).await,
        Command::Show(args) => show(args, environment).await,
        Command::Health(args) => health(args, environment).await,
        Command::Update(args) => update(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

async fn create(args: CreateArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = CreateTenant {
        slug: args.slug,
        name: args.name,
        waba_id: args.waba_id,
        partner: args.partner,
    };
    let answer = args.api.connect(environment)?.send(Route::CreateTenant, &[], &body).await?;
    args.api.print(&answer, |tenant: TenantView| as_created(&tenant))
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ListTenants, &[]).await?;
    args.api.print(&answer, |list: TenantList| list_for_people(&list))
}

async fn show(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ShowTenant, &[&args.tenant]).await?;
    args.api.print(&answer, |tenant: TenantView| for_people(&tenant))
}

async fn update(args: UpdateArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = PatchTenant {
        name: args.name,
        waba_id: args.waba_id.map(Value::from),
        disabled: args.disabled,
        requests_per_second: args.requests_per_second.map(|Rate(rate)| rate.into()),
        retention: args.retention.fields(),
    };
    if body == PatchTenant::default() {
        return Err(ConfigError::new(
            "nothing to change: give --name, --waba-id, --disabled, --requests-per-second or --retention",
        )
        .into());
    }
    let api = args.api.connect(environment)?;
    let answer = api.send(Route::UpdateTenant, &[&args.tenant], &body).await?;
    args.api.print(&answer, |tenant: TenantView| for_people(&tenant))
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!(
            "Tenant {} and all its keys, flows and sessions will be gone for good.",
            args.tenant
        ),
        args.yes,
    )?;
    api.call(Route::DeleteTenant, &[&args.tenant]).await?;
    args.api.done(&format!("Tenant {} is deleted.", args.tenant));
    Ok(())
}

/// Requests per second; `None` for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate(Option<u32>);

fn parse_rate(text: &str) -> Result<Rate, String> {
    match text {
        "off" => Ok(Rate(None)),
        number => number
            .parse()
            .map(|rate| Rate(Some(rate)))
            .map_err(|_| "it is a number of requests per second, or off".to_owned()),
    }
}

async fn health(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ShowHealth, &[&args.tenant]).await?;
    args.api.print(&answer, |health: FlowHealthList| health_for_people(&health))
}

fn health_for_people(health: &FlowHealthList) -> String {
    if health.flows.is_empty() {
        return "No flows yet.".to_owned();
    }
    let mut table = Table::new(&["FLOW", "STATUS"]);
    for flow in &health.flows {
        table.row([flow.flow.clone(), flow.status.clone()]);
    }
    let of = |flow: &FlowHealth, warning: &FlowWarning| {
        format!("\n{}: {}", printable(&flow.flow), warning_line(warning))
    };
    let warnings = health
        .flows
        .iter()
        .flat_map(|flow| flow.warnings.iter().map(move |warning| of(flow, warning)));
    format!("{table}{}", warnings.collect::<String>())
}

fn list_for_people(list: &TenantList) -> String {
    if list.tenants.is_empty() {
        return "No tenants yet. Make one: flowhost tenant create acme --name \"Acme Clinic\""
            .to_owned();
    }
    let mut table = Table::new(&["TENANT", "NAME", "WABA", "PARTNER", "STATE", "CREATED"]);
    for tenant in &list.tenants {
        let state = state(tenant).to_owned();
        let (slug, name, partner) =
            (tenant.slug.clone(), tenant.name.clone(), tenant.partner.clone());
        table.row([
            slug,
            name,
            or_dash(tenant.waba_id.as_ref()),
            partner,
            state,
            tenant.created_at.to_string(),
        ]);
    }
    table.to_string()
}

fn for_people(tenant: &TenantView) -> String {
    let mut table = Table::new(&["tenant", &printable(&tenant.slug)]);
    table.row(["name".to_owned(), tenant.name.clone()]);
    table.row(["waba id".to_owned(), or_dash(tenant.waba_id.as_ref())]);
    table.row(["partner".to_owned(), tenant.partner.clone()]);
    table.row(["state".to_owned(), state(tenant).to_owned()]);
    table.row([
        "requests per second".to_owned(),
        tenant.requests_per_second.map_or("no limit".to_owned(), |rate| rate.to_string()),
    ]);
    let TenantRetention { sessions_days, exchanges_days, plugin_log_days, answered_days } =
        tenant.retention;
    let kept = format!(
        "sessions {sessions_days} days, exchanges {exchanges_days}, plugins' logs {plugin_log_days}, answered requests {answered_days}"
    );
    table.row(["kept".to_owned(), kept]);
    table.row(["created".to_owned(), tenant.created_at.to_string()]);
    table.to_string()
}

fn as_created(tenant: &TenantView) -> String {
    let slug = printable(&tenant.slug);
    let key = tenant.public_key_pem.as_deref().unwrap_or_default().trim_end();
    let fingerprint = printable(tenant.fingerprint.as_deref().unwrap_or_default());
    format!(
        "Tenant {slug} is made. Next: flowhost app-secret set {slug} --from-file FILE\n\
             This is its public key, to upload to WhatsApp for each of its phone numbers; fingerprint {fingerprint}:\n{key}"
    )
}

fn state(tenant: &TenantView) -> &'static str {
    if tenant.disabled { "disabled" } else { "enabled" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_says_what_to_do() {
        let list: TenantList = serde_json::from_str(r#"{"tenants":[]}"#).unwrap();

        assert!(list_for_people(&list).contains("flowhost tenant create"));
    }

    #[test]
    fn health_lists_every_flow_and_what_to_mend() {
        let text = r#"{"flows":[{"flow":"booking","status":"warning","warnings":[
            {"kind":"shared-token","message":"mint","first_seen_at":"2026-01-02T03:04:05Z","last_seen_at":"2026-01-03T03:04:05Z"}]},
            {"flow":"other","status":"ok","warnings":[],"novelty":1}]}"#;
        let health: FlowHealthList = serde_json::from_str(text).unwrap();

        let shown = health_for_people(&health);

        assert_eq!(
            shown,
            "FLOW     STATUS\nbooking  warning\nother    ok\n\
             booking: warning: shared-token, seen from 2026-01-02T03:04:05Z to 2026-01-03T03:04:05Z: mint"
        );
    }

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!(parse_rate("50"), Ok(Rate(Some(50))));
        assert_eq!(parse_rate("off"), Ok(Rate(None)));
        assert!(parse_rate("-1").is_err());
    }

    #[test]
    fn a_tenant_without_a_waba_has_a_dash() {
        let text = r#"{"tenants":[{"slug":"acme","name":"Acme","waba_id":null,"partner":"default","disabled":true,
            "created_at":"2026-01-02T03:04:05Z","new_field":1}]}"#;
        let list: TenantList = serde_json::from_str(text).unwrap();

        let shown = list_for_people(&list);

        assert_eq!(
            shown,
            "TENANT  NAME  WABA  PARTNER  STATE     CREATED\nacme    Acme  -     default  disabled  2026-01-02T03:04:05Z"
        );
    }
}
