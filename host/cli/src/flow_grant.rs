//! `flowhost flow grant` and `flow deny`: what a flow's plugin may reach, if it asks for it.

use clap::Args;
use serde_json::{Map, Value, json};

use flowhost_api::{CapabilitiesView, FlowView, Route};
use flowhost_protocol::flow::{Capabilities, HttpHost};
use flowhost_server::config::Environment;

use super::api::{AdminApi, Answer, ApiArgs};
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
    let api = args.api.connect(environment)?;
    let answer = add(&api, [&args.tenant, &args.flow], args.named.capabilities()).await?;
    args.api.print(&answer, |flow: FlowView| as_granted(&args.tenant, &flow))
}

/// Takes away what is named, and leaves the other grants.
pub(super) async fn deny(args: GrantArgs, environment: &Environment) -> anyhow::Result<()> {
    let (api, names) = (args.api.connect(environment)?, [&*args.tenant, &*args.flow]);
    let named = args.named.capabilities();
    let rest = granted(&api, names).await?.without(&named);
    let answer = set(&api, names, &named, &rest).await?;
    args.api.print(&answer, |flow: FlowView| as_granted(&args.tenant, &flow))
}

/// Grants a flow what a version asks for.
pub(super) async fn grant_requests(
    api: &AdminApi,
    names: [&str; 2],
    requests: &CapabilitiesView,
) -> anyhow::Result<()> {
    let requests: Capabilities = serde_json::from_value(json!(requests))?;
    add(api, names, requests).await.map(drop)
}

async fn add(api: &AdminApi, names: [&str; 2], more: Capabilities) -> anyhow::Result<Answer> {
    let all = granted(api, names).await?.with(more.clone());
    set(api, names, &more, &all).await
}

async fn granted(api: &AdminApi, names: [&str; 2]) -> anyhow::Result<Capabilities> {
    let flow: FlowView = api.call(Route::ShowFlow, &names).await?.read()?;
    Ok(grants_of(&flow)?)
}

fn grants_of(flow: &FlowView) -> serde_json::Result<Capabilities> {
    serde_json::from_value(flow.settings.get("grants").cloned().unwrap_or_else(|| json!({})))
}

/// What the flow grants now; `flow show` has its other settings.
fn as_granted(tenant: &str, flow: &FlowView) -> String {
    let grants = match grants_of(flow) {
        Ok(grants) => grants.to_string(),
        // Of a newer host.
        Err(_) => flow.settings.get("grants").map(Value::to_string).unwrap_or_default(),
    };
    printable(&format!("Flow {} grants {grants}.", flow.name)) + &missing_line(tenant, flow)
}

async fn set(
    api: &AdminApi,
    names: [&str; 2],
    named: &Capabilities,
    grants: &Capabilities,
) -> anyhow::Result<Answer> {
    api.send(Route::UpdateFlow, &names, &json!({ "grants": of_what_is(named, grants) })).await
}

/// The grants of the kinds that are named. Those of other kinds are not sent, since somebody else may
/// have changed them since they were read.
fn of_what_is(named: &Capabilities, grants: &Capabilities) -> Map<String, Value> {
    let Capabilities { http, store, media } = grants;
    let mut sent = Map::new();
    for (name, is_named, value) in [
        ("http", !named.http.is_empty(), json!(http)),
        ("store", named.store, json!(store)),
        ("media", named.media, json!(media)),
    ] {
        if is_named {
            sent.insert(name.to_owned(), value);
        }
    }
    sent
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

    #[test]
    fn only_what_is_named_is_sent() {
        let host = |name: &str| name.parse::<HttpHost>().unwrap();
        let grants =
            Capabilities { http: [host("a.org"), host("b.org")].into(), store: true, media: false };
        let store = Capabilities { store: true, ..Capabilities::default() };
        let http = Capabilities { http: [host("b.org")].into(), ..Capabilities::default() };

        assert_eq!(Value::from(of_what_is(&store, &grants)), json!({"store": true}));
        let all = json!({"http": ["a.org:443", "b.org:443"]});
        assert_eq!(Value::from(of_what_is(&http, &grants)), all);
    }
}
