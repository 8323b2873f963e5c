//! `flowhost audit`: who changed what, and when.

use clap::Args as ClapArgs;
use serde::Deserialize;
use serde_json::Value;

use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::output::printable;
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
    let answer = args.api.connect(environment)?.get_with(&["audit"], &query).await?;
    args.api.print(&answer, |page: Page| page.for_people())
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
    next_before: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    actor: Value,
    partner: Option<String>,
    tenant: Option<String>,
    action: String,
    target: Option<String>,
    at: String,
}

impl Page {
    fn for_people(&self) -> String {
        let mut table =
            Table::new(&["AT", "ACTION", "PARTNER", "TENANT", "TARGET", "ROLE", "TOKEN"]);
        for entry in &self.entries {
            let actor = |field: &str| or_dash(entry.actor[field].as_str());
            let (partner, tenant) =
                (or_dash(entry.partner.as_ref()), or_dash(entry.tenant.as_ref()));
            let target = or_dash(entry.target.as_ref());
            table.row([
                entry.at.clone(),
                entry.action.clone(),
                partner,
                tenant,
                target,
                actor("role"),
                actor("api_token"),
            ]);
        }
        let more = self
            .next_before
            .as_ref()
            .map(|point| format!("\nThere are more: --before {}", printable(point)));
        format!("{table}{}", more.unwrap_or_default())
    }
}
