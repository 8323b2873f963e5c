//! A host in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flowhost_api::{CreateTenant, NewApiToken, Route};
use flowhost_protocol::crypto::{MasterKey, MasterKeys};
use flowhost_server::app::Host;
use flowhost_server::config::{
    AdminToken, CompileConfig, Console, DATABASE_CONNECTIONS, EgressConfig, GraphConfig,
    GuestsConfig, HostConfig, HttpLimits, MigrationPolicy, RsaBatches,
};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::browser_session::BrowserSession;
use crate::cluster::TestDatabase;
use crate::compile_once::compiler;
use crate::graph_server::GraphServer;
use crate::process::program;
use crate::secrets::watch;
use crate::tenant::TestTenant;
use crate::{logs, plain_http};

/// A running host with its own database.
pub struct TestHost {
    // Dropped before its database.
    host: Host,
    shared: Arc<Shared>,
    admin: Admin,
}

/// What the hosts on one database share.
struct Shared {
    database: TestDatabase,
    /// What they compile with.
    compiler: PathBuf,
    master_key: MasterKey,
    admin_token: String,
    graph: GraphConfig,
}

impl TestHost {
    /// A host on a fresh database.
    pub async fn start() -> Self {
        Self::on(TestDatabase::migrated().await).await
    }

    /// A host on a fresh database, with a configuration that `change` modifies first.
    pub async fn configured(change: impl FnOnce(&mut HostConfig)) -> Self {
        Self::first(Shared::new(TestDatabase::migrated().await), change).await
    }

    /// The same for tests of compiling: this host, and others on its database, compile also what
    /// was compiled for another test before.
    pub async fn compiling(change: impl FnOnce(&mut HostConfig)) -> Self {
        Self::first(
            Shared { compiler: program(), ..Shared::new(TestDatabase::migrated().await) },
            change,
        )
        .await
    }

    /// A host on this database.
    pub async fn on(database: TestDatabase) -> Self {
        Self::first(Shared::new(database), |_| ()).await
    }

    /// A host that uses this server as Meta's Graph API, and checks keys there this often.
    pub async fn with_graph(server: &GraphServer, check_interval: Duration) -> Self {
        Self::with(GraphConfig { url: server.url(), check_interval, ..GraphConfig::default() })
            .await
    }

    /// A host that uses this server as Meta's Graph API, and waits no longer than this for its
    /// answers.
    pub async fn with_slow_graph(server: &GraphServer, time_limit: Duration) -> Self {
        Self::with(GraphConfig { url: server.url(), time_limit, ..GraphConfig::default() }).await
    }

    async fn with(graph: GraphConfig) -> Self {
        Self::first(Shared { graph, ..Shared::new(TestDatabase::migrated().await) }, |_| ()).await
    }

    async fn first(shared: Shared, change: impl FnOnce(&mut HostConfig)) -> Self {
        let mut config = config(&shared, shared.master_keys());
        change(&mut config);
        Self::launch(Arc::new(shared), config).await
    }

    /// Another host on the same database.
    pub async fn second(&self) -> Self {
        Self::launch(self.shared.clone(), config(&self.shared, self.shared.master_keys())).await
    }

    /// Tries to start another host on the same database with a different master key. Returns the
    /// error.
    pub async fn second_with_another_master_key(&self) -> Result<(), String> {
        let started =
            Host::start(config(&self.shared, MasterKeys::new(MasterKey::generate(), None))).await;
        started.map(drop).map_err(|error| format!("{error:#}"))
    }

    async fn launch(shared: Arc<Shared>, config: HostConfig) -> Self {
        logs::capture();
        let host = Host::start(config)
            .await
            .unwrap_or_else(|error| panic!("the host doesn't start: {error:#}"));
        let admin = Admin::new(&host.admin_url(), &shared.admin_token);
        Self { host, shared, admin }
    }

    /// The master key that the first host of this database was started with.
    pub fn master_key(&self) -> MasterKey {
        self.shared.master_key.clone()
    }

    /// Another host on the same database, with a configuration that `change` modifies first.
    pub async fn second_configured(&self, change: impl FnOnce(&mut HostConfig)) -> Self {
        let mut config = config(&self.shared, self.shared.master_keys());
        change(&mut config);
        Self::launch(self.shared.clone(), config).await
    }

    /// Another host on the same database, with these master keys.
    pub async fn second_with(&self, keys: MasterKeys) -> Self {
        self.second_configured(|config| config.master_keys = keys).await
    }

    /// Stops the host in order.
    pub async fn stop(self) {
        self.host.stop().await;
    }

    /// The operator.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The operator's token.
    pub fn admin_token(&self) -> &str {
        &self.shared.admin_token
    }

    /// A browser that signed in to the console with this token.
    pub async fn browser(&self, token: &str) -> BrowserSession {
        BrowserSession::sign_in(&self.host.admin_url(), token).await
    }

    /// A browser that signed in with a new API token; `new` says what the token reaches.
    pub async fn browser_with(&self, new: Value) -> BrowserSession {
        let made: NewApiToken = self.admin.ask(Route::CreateApiToken, &[], &new).await;
        watch(&made.token);
        self.browser(&made.token).await
    }

    /// The link to the console that signs an operator in once.
    pub fn console_link(&self) -> String {
        self.console_link_to("/console")
    }

    /// The same, to the page at this path.
    pub fn console_link_to(&self, path: &str) -> String {
        let link = self.host.console_link(path).expect("the console is served");
        watch(link.expose().rsplit('=').next().unwrap_or_default());
        link.expose().to_owned()
    }

    /// A client with a new API token; `new` says what the token reaches.
    pub async fn api_token(&self, new: Value) -> Admin {
        let made: NewApiToken = self.admin.ask(Route::CreateApiToken, &[], &new).await;
        watch(&made.token);
        self.admin.with_token(Some(&made.token))
    }

    /// The host's database.
    pub fn database(&self) -> &TestDatabase {
        &self.shared.database
    }

    /// The base URL of its data endpoints.
    pub fn public_url(&self) -> String {
        self.host.public_url()
    }

    /// Makes a tenant with an app secret.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::make(&self.admin, &self.public_url(), slug).await
    }

    /// Makes a tenant of a partner, with an app secret.
    pub async fn tenant_of(&self, partner: &str, slug: &str) -> TestTenant {
        let new = CreateTenant {
            slug: slug.to_owned(),
            partner: Some(partner.to_owned()),
            ..CreateTenant::default()
        };
        let tenant = TestTenant::create(&self.admin, &self.public_url(), new).await;
        tenant.set_app_secret(json!({"secret": tenant.app_secret})).await;
        tenant
    }

    /// Makes a tenant without an app secret.
    pub async fn tenant_without_app_secret(&self, slug: &str) -> TestTenant {
        let new = CreateTenant { slug: slug.to_owned(), ..CreateTenant::default() };
        TestTenant::create(&self.admin, &self.public_url(), new).await
    }
}

impl Shared {
    fn new(database: TestDatabase) -> Self {
        let admin_token = AdminToken::generate().expose().to_owned();
        let master_key = MasterKey::generate();
        watch(&admin_token);
        watch(&master_key.to_base64());
        // Nothing listens there, because no test may call Meta.
        let url = "http://127.0.0.1:1/v23.0".parse().expect("a URL");
        let compiler = compiler(database.folder());
        Self {
            database,
            compiler,
            master_key,
            admin_token,
            graph: GraphConfig { url, ..GraphConfig::default() },
        }
    }

    fn master_keys(&self) -> MasterKeys {
        MasterKeys::new(self.master_key.clone(), None)
    }
}

fn config(shared: &Shared, master_keys: MasterKeys) -> HostConfig {
    let any_port = ([127, 0, 0, 1], 0).into();
    HostConfig {
        database: shared.database.options(),
        database_connections: DATABASE_CONNECTIONS,
        migrations: MigrationPolicy::Require,
        listen: any_port,
        admin_listen: any_port,
        tls: None,
        limits: HttpLimits::default(),
        drain_delay: Duration::ZERO,
        master_keys,
        admin_token: Some(AdminToken::parse(&shared.admin_token).expect("it was generated")),
        // The tests come from one address, and send many invalid tokens.
        longest_login_delay: Duration::ZERO,
        graph: shared.graph.clone(),
        compile: CompileConfig { program: shared.compiler.clone(), ..CompileConfig::default() },
        egress: EgressConfig::default(),
        guests: GuestsConfig::default(),
        // Its trial takes longer than most tests.
        console: Console::On,
        rsa_batches: RsaBatches::Off,
    }
}

/// Posts a body to an endpoint as it is. Returns the status and the body.
pub async fn post(
    url: &str,
    signature: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> (u16, Vec<u8>) {
    let mut request =
        plain_http::client().post(url).header(CONTENT_TYPE, "application/json").body(body);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    let response = request.send().await.unwrap_or_else(|error| panic!("POST {url}: {error:?}"));
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_else(|error| panic!("POST {url}: {error:?}"));
    (status, body.to_vec())
}
