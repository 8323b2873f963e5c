//! `flowhost flow grant` and `flow deny`: what a flow's plugin may reach, if it asks for it.

use clap::Args;
use serde_json::json;

use flowhost_api::{CapabilitiesView, FlowView, Route};
use flowhost_protocol::flow::{Capabilities, HttpHost};
use flowhost_server::config::Environment;

use super::api::{AdminApi, ApiArgs};
use super::flow::missing_line;
use super::output::printable;

/// Arguments of `flow grant` and `flow deny`.
#[derive(Args)]
pub struct GrantArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Args)]
#[group(required = true, multiple = true)]
struct Named {
    /// A host to send requests to, with its port if that is not 443; may be given several times
    #[arg(long, value_name = "HOST")]
    http: Vec<HttpHost>,
    /// Values that outlive a conversation
    #[arg(long)]
    store: bool,
    /// Files that the user picked
    #[arg(long)]
    media: bool,
}

impl Named {
    fn capabilities(&self) -> Capabilities {
        let Self { http, store, media } = self;
        Capabilities { http: http.iter().cloned().collect(), store: *store, media: *media }
    }
}

/// Grants what is named, and leaves the other grants.
pub(super) async fn grant(args: GrantArgs, environment: &Environment) -> anyhow::Result<()> {
    change(&args, "grant", environment).await
}

/// Takes away what is named, and leaves the other grants.
pub(super) async fn deny(args: GrantArgs, environment: &Environment) -> anyhow::Result<()> {
    change(&args, "deny", environment).await
}

/// Sends only what changes: the host knows the other grants, also those that somebody else changes
/// at the same moment.
async fn change(args: &GrantArgs, how: &str, environment: &Environment) -> anyhow::Result<()> {
    let (api, names) = (args.api.connect(environment)?, [&*args.tenant, &*args.flow]);
    let body = json!({ how: args.named.capabilities() });
    let answer = api.send(Route::UpdateFlow, &names, &body).await?;
    args.api.print(&answer, |flow: FlowView| as_granted(&args.tenant, &flow))
}

/// Grants a flow what a version asks for.
pub(super) async fn grant_requests(
    api: &AdminApi,
    names: [&str; 2],
    requests: &CapabilitiesView,
) -> anyhow::Result<()> {
    api.send(Route::UpdateFlow, &names, &json!({ "grant": requests })).await.map(drop)
}

/// What the flow grants now; `flow show` has its other settings.
fn as_granted(tenant: &str, flow: &FlowView) -> String {
    let grants = flow.settings.get("grants").cloned().unwrap_or_else(|| json!({}));
    let grants = match serde_json::from_value::<Capabilities>(grants.clone()) {
        Ok(grants) => grants.to_string(),
        // Of a newer host.
        Err(_) => grants.to_string(),
    };
    printable(&format!("Flow {} grants {grants}.", flow.name)) + &missing_line(tenant, flow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_now_is_one_line() {
        let text = r#"{"name":"booking","endpoint_path":"/flows/acme/booking","active_version":null,"disabled":false,
            "settings":{"token_policy":"open","grants":{"http":["a.org:443"],"store":true,"media":false}},
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"}"#;
        let mut flow: FlowView = serde_json::from_str(text).unwrap();

        assert_eq!(as_granted("acme", &flow), "Flow booking grants http a.org:443, store.");
        flow.settings.remove("grants");
        assert_eq!(as_granted("acme", &flow), "Flow booking grants nothing.");
    }
}
