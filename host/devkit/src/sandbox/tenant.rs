//! A scenario's own tenant and flow, in the form that a host loads from its database.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Sandbox;
use crate::scenarios::Scenario;
use flowhost_exchange::endpoint::{ActivePlugin, Endpoint, ServedFlow, ServedSecret, ServedTenant};
use flowhost_protocol::crypto::{AppSecret, DataKey, KeyRing};
use flowhost_protocol::flow::{BoundSecret, FlowConfig};
use flowhost_protocol::ids::Scope;

/// The endpoint of the flow that a scenario talks to.
pub(super) fn endpoint(sandbox: &Sandbox, scope: Scope, scenario: &Scenario) -> Endpoint {
    let secret = ServedSecret { secret: AppSecret::new(APP_SECRET), valid_until: None };
    let data_key = Arc::new(DataKey::generate());
    let keys = KeyRing::new(Vec::new());
    let tenant =
        ServedTenant::new(scope.tenant, NAME.to_owned(), data_key, None, false, keys, vec![secret]);
    let requests = &sandbox.inspection.requests;
    let flow = ServedFlow {
        id: scope.flow,
        name: NAME.to_owned(),
        disabled: false,
        settings: scenario.settings.granting(requests),
        active: Some(ActivePlugin {
            version: 1,
            digest: sandbox.digest,
            requests: requests.clone(),
        }),
        config: config(scenario),
        flow_json: sandbox.flow_json.clone(),
    };
    Endpoint::new(Arc::new(tenant), flow)
}

/// The scenario's settings and secrets. Each secret's value is its own placeholder, so that a
/// scenario shows where the secret went and not its value.
fn config(scenario: &Scenario) -> FlowConfig {
    let secret = |name: &String| Zeroizing::new(format!("{{{{secret:{name}}}}}"));
    let secrets = scenario.surroundings.secrets.iter();
    let secrets = secrets.map(|(name, hosts)| {
        (name.clone(), BoundSecret { value: secret(name), hosts: hosts.clone() })
    });
    FlowConfig {
        settings: scenario.surroundings.config.clone(),
        secrets: secrets.collect::<BTreeMap<_, _>>(),
    }
}

/// Signs the flow tokens of scenarios. No real app has this secret.
pub(super) const APP_SECRET: &[u8] = b"the app secret of scenarios";

const NAME: &str = "sandbox";
