//! `flowhost audit`: who changed what, and when.

use clap::Args as ClapArgs;

use flowhost_api::{AuditPage, Route};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::table::{Table, or_dash};

/// Arguments of `audit`.
#[derive(ClapArgs)]
#[command(
    after_help = "Examples:\n  flowhost audit --tenant acme\n  flowhost audit --limit 500 --json   # with how things were before and after"
)]
pub struct Args {
    /// Only changes of this tenant
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Only those before this point, as the end of a list gives it
    #[arg(long, value_name = "POINT")]
    before: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> anyhow::Result<()> {
    let mut query = Vec::new();
    query.extend(args.tenant.map(|tenant| ("tenant", tenant)));
    query.extend(args.limit.map(|limit| ("limit", limit.to_string())));
    query.extend(args.before.map(|before| ("before", before)));
    let answer = args.api.connect(environment)?.call_with(Route::ListAudit, &[], &query).await?;
    args.api.print(&answer, |page: AuditPage| for_people(&page))
}

fn for_people(page: &AuditPage) -> String {
    let mut table = Table::new(&["AT", "ACTION", "PARTNER", "TENANT", "TARGET", "ROLE", "TOKEN"]);
    for entry in &page.entries {
        let (partner, tenant) = (or_dash(entry.partner.as_ref()), or_dash(entry.tenant.as_ref()));
        let target = or_dash(entry.target.as_ref());
        let (role, token) = (entry.actor.role.clone(), or_dash(entry.actor.api_token));
        table.row([
            entry.at.to_string(),
            entry.action.clone(),
            partner,
            tenant,
            target,
            role,
            token,
        ]);
    }
    let more = page.next_before.map(|point| format!("\nThere are more: --before {point}"));
    format!("{table}{}", more.unwrap_or_default())
}
