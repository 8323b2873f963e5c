//! One host under attack: every attack has a flow of its own, while an honest tenant keeps using
//! the host.

use flowhost_client::{Reply, payload};
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, asking, eventually, logged};
use serde_json::{Value, json};
use tracing::Level;

use super::wat;

/// One attack and its expected end.
pub(super) struct Attack {
    /// The name of the flow, and of the attack in failure messages.
    name: String,
    plugin: Plugin,
    limits: Value,
    request: Value,
    behaves_before: bool,
    takes_time: bool,
    end: End,
}

enum Plugin {
    Guest(Component),
    Bytes(Vec<u8>),
}

enum End {
    /// A 200 with this payload.
    Answered(Value),
    /// The acknowledgement of a client's error report, and a log line with this text.
    Acknowledged(&'static str),
    /// A 500, and a log line with this text.
    Failed(&'static str),
}

impl Attack {
    /// The plugin of `tests/hostile/wat/{name}.wat`; by default the attack ends in an honest
    /// answer.
    pub(super) fn wat(name: &str) -> Self {
        Self::bytes(name, wat::plugin(name))
    }

    /// A plugin by its bytes; by default the attack ends in an honest answer.
    pub(super) fn bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self::new(name, Plugin::Bytes(bytes), payload::data_exchange("FORM", json!({}), TOKEN))
    }

    /// A guest that is told what to do by the form's field `do`.
    pub(super) fn guest(component: Component, what: &str) -> Self {
        Self::new(what, Plugin::Guest(component), asking(what, TOKEN))
    }

    /// The guest `parrot`, which says what the form says.
    pub(super) fn parrot(name: &str, form: Value) -> Self {
        Self::new(
            name,
            Plugin::Guest(Component::Parrot),
            payload::data_exchange("FORM", form, TOKEN),
        )
    }

    fn new(name: &str, plugin: Plugin, request: Value) -> Self {
        let end = End::Answered(json!({"screen": "NEXT", "data": {}}));
        let name = name.replace(['.', ' '], "-");
        Self {
            name,
            plugin,
            limits: json!({}),
            request,
            behaves_before: true,
            takes_time: false,
            end,
        }
    }

    /// Sets the flow's limits.
    pub(super) fn within(mut self, limits: Value) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the request that attacks.
    pub(super) fn on(mut self, request: Value) -> Self {
        self.request = request;
        self
    }

    /// Marks a plugin that fails on every request, so that no conversation can precede the attack.
    pub(super) fn at_every_call(mut self) -> Self {
        self.behaves_before = false;
        self
    }

    /// Marks an attack that takes long enough for the neighbour to be served meanwhile, however
    /// busy the machine is.
    pub(super) fn at_length(mut self) -> Self {
        self.takes_time = true;
        self
    }

    /// Expects an answer with this payload.
    pub(super) fn answered(mut self, payload: Value) -> Self {
        self.end = End::Answered(payload);
        self
    }

    /// Expects an acknowledgement and a log line.
    pub(super) fn acknowledged_with_line(mut self, text: &'static str) -> Self {
        self.end = End::Acknowledged(text);
        self
    }

    /// Expects a failure that the log explains.
    pub(super) fn fails(mut self, text: &'static str) -> Self {
        self.end = End::Failed(text);
        self
    }
}

/// Runs these attacks against one host, one after another.
pub(super) async fn withstands(attacks: impl IntoIterator<Item = Attack>) {
    let siege = Siege::begin().await;
    let mut failures = 0;
    for attack in attacks {
        failures += u32::from(matches!(attack.end, End::Failed(_)));
        siege.withstand(&attack).await;
    }
    siege.end(failures).await;
}

struct Siege {
    host: TestHost,
    tenant: TestTenant,
    tenant_id: String,
    neighbour: TestFlow,
}

impl Siege {
    async fn begin() -> Self {
        let host = TestHost::start().await;
        let tenant = host.tenant("acme").await;
        let tenant_id = host.database().tenant_id("acme").await;
        let neighbour =
            host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
        Self { host, tenant, tenant_id, neighbour }
    }

    async fn withstand(&self, attack: &Attack) {
        let flow = self.deploy(attack).await;
        if attack.behaves_before {
            self.is_well(&flow, attack, "before", payload::init(TOKEN)).await;
        }
        let lines_before = self.lines(attack).len();

        let reply = self.attack_and_serve_the_neighbour(&flow, attack).await;

        match &attack.end {
            End::Answered(payload) => assert_eq!(
                (reply.status, reply.payload.as_ref()),
                (200, Some(payload)),
                "{}",
                attack.name
            ),
            End::Acknowledged(_) => {
                assert_eq!(
                    (reply.status, reply.payload),
                    (200, Some(json!({"data": {"acknowledged": true}}))),
                    "{}",
                    attack.name
                );
            }
            End::Failed(_) => {
                assert_eq!((reply.status, reply.payload), (500, None), "{}", attack.name)
            }
        }
        self.is_logged(attack, lines_before).await;
        if attack.behaves_before {
            self.is_well(&flow, attack, "after", payload::back("NEXT", TOKEN)).await;
        }
        let stored = u64::from(attack.behaves_before) * 2
            + u64::from(matches!(attack.end, End::Answered(_)));
        let sessions = flow.sessions().await;
        let exchanges: u64 =
            sessions.iter().filter_map(|session| session["exchanges"].as_u64()).sum();
        assert_eq!(
            exchanges, stored,
            "{}: what failed was stored, or what did not was lost",
            attack.name
        );
        self.is_counted(attack).await;
    }

    async fn deploy(&self, attack: &Attack) -> TestFlow {
        let flow =
            self.tenant.flow_without_plugin(&attack.name, json!({"limits": attack.limits})).await;
        let bytes = match &attack.plugin {
            Plugin::Guest(component) => component.bytes().await.to_vec(),
            Plugin::Bytes(bytes) => bytes.clone(),
        };
        let uploaded = flow.upload(bytes).await;
        assert_eq!(uploaded.status, 201, "{}: {}", attack.name, uploaded.text);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        flow
    }

    /// Continues the neighbour's conversation while the attack runs.
    async fn attack_and_serve_the_neighbour(&self, flow: &TestFlow, attack: &Attack) -> Reply {
        let (client, request) = (flow.client(), attack.request.clone());
        let under_way = tokio::spawn(async move { client.call(&request).await });
        let mut served_meanwhile = 0;
        while served_meanwhile == 0 || (attack.takes_time && served_meanwhile < 3) {
            self.neighbour.count("token-of-ana").await;
            if under_way.is_finished() {
                break;
            }
            served_meanwhile += 1;
        }
        assert!(
            !attack.takes_time || served_meanwhile > 0,
            "{}: the neighbour waited until it was over",
            attack.name
        );
        let reply = under_way.await.expect("the client doesn't panic");
        reply.unwrap_or_else(|error| panic!("{}: {error}", attack.name))
    }

    async fn is_well(&self, flow: &TestFlow, attack: &Attack, when: &str, request: Value) {
        let reply = flow
            .client()
            .call(&request)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", attack.name));
        let why = || logged(Level::WARN, &self.tenant_id);
        assert_eq!(reply.status, 200, "{}, {when}: {:#?}", attack.name, why());
    }

    async fn is_logged(&self, attack: &Attack, lines_before: usize) {
        let (End::Failed(text) | End::Acknowledged(text)) = &attack.end else { return };
        let new_lines = || self.lines(attack).split_off(lines_before);
        let found = || new_lines().iter().any(|line| line.contains(text));
        if matches!(attack.end, End::Acknowledged(_)) {
            // The result of a client's error report is known only after its acknowledgement.
            eventually(&format!("{}: `{text}` in the log", attack.name), async || {
                found().then_some(())
            })
            .await;
        }
        assert!(found(), "{}: no `{text}` in {:#?}", attack.name, new_lines());
    }

    /// Checks that the flow's metrics count one failure, or none, and blame the plugin.
    async fn is_counted(&self, attack: &Attack) {
        let metrics = self.host.admin().with_token(None).get("/metrics").await.text;
        let series = format!(
            "flowhost_plugin_failures_total{{tenant=\"acme\",flow=\"{}\",version=\"1\",",
            attack.name
        );
        let failures: Vec<_> =
            metrics.lines().filter_map(|line| line.strip_prefix(&series)).collect();
        let expected = usize::from(!matches!(attack.end, End::Answered(_)));
        assert_eq!(failures.len(), expected, "{}: {failures:?}", attack.name);
        assert!(
            failures.iter().all(|failure| failure.ends_with("blame=\"guest\"} 1")),
            "{}: {failures:?}",
            attack.name
        );
    }

    /// The host's own log lines about this tenant's requests, without the plugins' lines.
    fn lines(&self, attack: &Attack) -> Vec<String> {
        let level =
            if matches!(attack.end, End::Acknowledged(_)) { Level::INFO } else { Level::WARN };
        logged(level, &self.tenant_id)
    }

    /// Checks the total of failures and that the host logged no error of its own, and stops the
    /// host.
    async fn end(self, failures: u32) {
        counted(&self.host, 500, failures).await;
        assert_eq!(
            logged(Level::ERROR, &self.tenant_id),
            Vec::<String>::new(),
            "a plugin's failure is not the host's"
        );
        self.host.stop().await;
    }
}

/// Waits until the metrics count this many requests with this status.
pub(super) async fn counted(host: &TestHost, status: u16, requests: u32) {
    let series = format!("flowhost_requests_total{{status=\"{status}\"}}");
    let mut shown = String::new();
    let shown_count = eventually(&format!("{series} {requests}"), async || {
        shown = host.admin().with_token(None).get("/metrics").await.text;
        let count = shown
            .lines()
            .find_map(|line| line.strip_prefix(&series)?.trim().parse::<u32>().ok())
            .unwrap_or(0);
        (count >= requests).then_some(count)
    })
    .await;
    assert_eq!(shown_count, requests, "{series}");
}

const TOKEN: &str = "token-of-ana";
