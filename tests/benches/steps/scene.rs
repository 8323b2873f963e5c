//! What the steps work with: a flow in a database, its endpoint and its plugin, without a host in
//! between.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use flowhost_client::{FlowClient, SealedRequest, payload};
use flowhost_exchange::endpoint::{
    ActivePlugin, Endpoint, LoadedFlowJson, ServedFlow, ServedFlowJson, ServedSecret, ServedTenant,
};
use flowhost_exchange::sessions::Sessions;
use flowhost_flow_json::ReplyRules;
use flowhost_protocol::crypto::{
    AppSecret, CodeKeys, DataKey, KeyPair, KeyRing, MasterKey, MasterKeys, PrivateKey, RingKey,
    random_bytes,
};
use flowhost_protocol::flow::{Action, FlowConfig, FlowSettings, FlowToken, MAX_MEMORY_BYTES};
use flowhost_protocol::ids::{
    FlowId, FlowJsonDigest, PluginDigest, RequestDigest, RequestId, TenantId,
};
use flowhost_protocol::signature::RawRequest;
use flowhost_runtime::plugins::{
    Call, CodeSettings, CompileSettings, ComponentSource, FoundComponent, HostLimits, Plugins,
    Purpose, Services, Tally, WorkerLimits, inspect,
};
use flowhost_runtime::telemetry::Metrics;
use flowhost_server::config::CompileConfig;
use flowhost_server::store::{Store, StoreSeries};
use flowhost_tests::measure::NoServices;
use flowhost_tests::{Component, TestHost, program, repository};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

pub(crate) use flowhost_exchange::sessions::Received;
pub(crate) use flowhost_protocol::flow::Exchange;

/// Made before the first step is measured.
pub(crate) static SCENE: LazyLock<Scene> = LazyLock::new(Scene::set);

/// A flow, ready to be asked.
pub(crate) struct Scene {
    pub(crate) runtime: Runtime,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) sessions: Sessions,
    pub(crate) plugins: Plugins,
    pub(crate) call: Call,
    sealed: SealedRequest,
}

impl Scene {
    fn set() -> Self {
        let runtime = Runtime::new().unwrap();
        let component = runtime.block_on(Component::Appointment.bytes()).to_vec();
        let (pair, (tenant, flow, sessions)) = (KeyPair::generate(), runtime.block_on(database()));
        let inspection = inspect(&component).unwrap();
        let digest = PluginDigest(Sha256::digest(&component).into());
        let active = ActivePlugin { version: 1, digest, requests: inspection.requests };
        let tenant = served_tenant(tenant, &pair);
        let endpoint = Endpoint::new(Arc::new(tenant), served_flow(flow, active.clone()));
        let plugin = Arc::new(endpoint.plugin(&active));
        let plugins = plugins(component);
        runtime.block_on(plugins.ensure_loadable(plugin.scope.tenant, digest)).unwrap();
        let client = FlowClient::new("http://localhost/", &pair.public_pem, APP_SECRET).unwrap();
        let sealed = client.seal(&payload::init("flow-token-of-ana")).unwrap();
        // Nothing of a rehearsal is counted, and no circuit opens.
        let call = Call {
            plugin,
            request: None,
            token: None,
            purpose: Purpose::Rehearse(Tally::default()),
        };
        Self { runtime, endpoint: Arc::new(endpoint), sessions, plugins, call, sealed }
    }

    /// A request as it arrives.
    pub(crate) fn raw_request(&self) -> RawRequest {
        let (body, signature) = (self.sealed.body.clone(), self.sealed.signature.clone());
        RawRequest { body, signature: Some(signature) }
    }

    /// An INIT of a conversation that has not begun.
    pub(crate) fn new_exchange(&self) -> (Exchange, Received) {
        let id = RequestId::new();
        let exchange = Exchange {
            action: Action::Init,
            screen: None,
            data: "{}".to_owned(),
            flow_token: FlowToken::new(id.to_string()),
            version: payload::DATA_API_VERSION.to_owned(),
            flow_token_signature: None,
        };
        (exchange, Received { digest: RequestDigest(random_bytes()), id, at: Instant::now() })
    }
}

/// The rows of a flow, made by a host, and the sessions there.
async fn database() -> (TenantId, FlowId, Sessions) {
    // It stays until the process ends: its database goes with it.
    let host: &TestHost = Box::leak(Box::new(TestHost::start().await));
    host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let tenant = host.database().tenant_id("acme").await.parse().unwrap();
    let flow = sqlx::query_scalar("select flow_id from flows");
    let flow = FlowId(flow.fetch_one(&host.database().pool().await).await.unwrap());
    let store = Store::connect(host.database().options(), 1, StoreSeries::default()).await;
    (tenant, flow, Sessions::new(Arc::new(store.unwrap())))
}

fn served_tenant(id: TenantId, pair: &KeyPair) -> ServedTenant {
    let key = PrivateKey::from_pkcs8(&pair.private_pkcs8).unwrap();
    let ring = KeyRing::new(vec![RingKey { key, retires_at: None }]);
    let secret = ServedSecret { secret: AppSecret::new(APP_SECRET), valid_until: None };
    let data_key = Arc::new(DataKey::generate());
    ServedTenant::new(id, "acme".to_owned(), data_key, None, false, ring, vec![secret])
}

fn served_flow(id: FlowId, active: ActivePlugin) -> ServedFlow {
    let document = std::fs::read(repository("plugins/appointment/flow.json")).unwrap();
    let rules = ReplyRules::parse(&document).unwrap();
    let served = ServedFlowJson { digest: FlowJsonDigest([0; 32]), rules };
    ServedFlow {
        id,
        name: "booking".to_owned(),
        disabled: false,
        settings: FlowSettings::default(),
        active: Some(active),
        config: FlowConfig::default(),
        flow_json: LoadedFlowJson::Rules(Arc::new(served)),
    }
}

fn plugins(component: Vec<u8>) -> Plugins {
    let CompileConfig { memory_bytes, cpu_seconds, time, .. } = CompileConfig::default();
    let limits = WorkerLimits { memory_bytes, cpu_seconds };
    let compile = CompileSettings { program: program(), limits, time };
    let keys = CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None));
    let code = CodeSettings { compile, cache: None, keys };
    let (source, nothing) = (Box::new(OneComponent(component)), Arc::new(NoServices));
    let services = Services {
        http: nothing.clone(),
        logs: nothing.clone(),
        media: nothing.clone(),
        values: nothing,
    };
    let (limits, metrics) = (HostLimits::default(), Arc::new(Metrics::new()));
    Plugins::new(MAX_MEMORY_BYTES, limits, code, source, services, metrics).unwrap()
}

struct OneComponent(Vec<u8>);

impl ComponentSource for OneComponent {
    fn component(&self, _: TenantId, _: PluginDigest) -> FoundComponent<'_> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}

const APP_SECRET: &str = "the app secret of a measurement";
