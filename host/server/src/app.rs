//! Puts every part together, starts the host, and stops it without losing a turn.

mod background;
mod rsa_engine;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt as _;
use sqlx::postgres::PgConnectOptions;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use self::background::{Background, Life, Task, Watch};
use crate::admin::{self, Admin, MAX_WAITING_CHANGES, Rotation};
use crate::config::{CompileConfig, Console, HostConfig, MigrationPolicy, SecretText};
use crate::egress::{Egress, EgressConfig};
use crate::graph::Graph;
use crate::http::{
    AdminState, BodyMemory, FailedAttempts, OwnEndpoints, PublicState, Readiness, ReadyCheck,
    Server, ServerOptions, Stopping, admin_router, public_router,
};
use crate::key_uploads::KeyUploads;
use crate::key_values::FlowValues;
use crate::plugin_logs::PluginLogs;
use crate::retention::purge;
use crate::store::{self, Store, StoreSeries, UploadStatus};
use crate::tenants::Directory;
use crate::unanswered::Unanswered;
use flowhost_exchange::exchange::Exchanges;
use flowhost_exchange::sessions::{Notices, Sessions};
use flowhost_protocol::crypto::{CodeKeys, MasterKeys, TokenDigest};
use flowhost_protocol::flow::MAX_MEMORY_BYTES;
use flowhost_protocol::ids::{PluginDigest, TenantId};
use flowhost_runtime::budget::Budget;
use flowhost_runtime::plugins::{
    CodeSettings, CompileSettings, ComponentSource, FoundComponent, HostLimits, Plugins, Services,
    WorkerLimits,
};
use flowhost_runtime::telemetry::{self, Listener, Metrics, Summary};

/// A running host. Dropped without [`Host::stop`], it stops at once.
pub struct Host {
    public: Server,
    admin: Server,
    /// For links to the console, if it is served.
    operations: Option<Arc<Admin>>,
    store: Store,
    stopping: Arc<Stopping>,
    turns: TaskTracker,
    drain_delay: Duration,
    background: Background,
}

impl Host {
    /// Connects, checks or applies migrations, loads tenants and plugins, and listens. The host
    /// accepts requests when this returns.
    pub async fn start(config: HostConfig) -> anyhow::Result<Self> {
        match config.migrations {
            MigrationPolicy::Apply => drop(store::migrate(&config.database).await?),
            MigrationPolicy::Require => require_migrations(&config.database).await?,
        }
        let (stopping, metrics) = (Arc::new(Stopping::default()), Arc::new(Metrics::new()));
        let series = StoreSeries::of(&metrics);
        let store = Store::connect(config.database, config.database_connections, series).await;
        let store = store.context("can't connect to the database")?;
        let directory = Arc::new(
            Directory::open(store.clone(), config.master_keys.clone())
                .await
                .context("can't load the tenants")?,
        );
        let logs = Arc::new(PluginLogs::new(store.clone(), directory.clone(), metrics.clone()));
        let source = Box::new(StoredComponents(store.clone()));
        let (code, upload_folder) = code_settings(config.compile, &config.master_keys);
        let own_addresses = config.egress.guard.own.clone();
        let serves_files = config.egress.media.has_this_machine();
        let services = services(&store, &directory, &logs, config.egress, &metrics)
            .context("outbound requests can't be sent")?;
        let guests =
            HostLimits { calls: config.guests.calls, memory_bytes: config.guests.memory_bytes };
        let plugins =
            Plugins::new(MAX_MEMORY_BYTES, guests, code, source, services, metrics.clone());
        let plugins = Arc::new(plugins.context("can't start the plugin engine")?);

        let turns = TaskTracker::new();
        let sessions = Arc::new(store.clone());
        let notices = Arc::new(Notices::new(sessions.clone()));
        let exchanges = Exchanges::new(
            directory.clone(),
            Sessions::new(sessions),
            notices.clone(),
            plugins.clone(),
            metrics.clone(),
            rsa_engine::choose(config.rsa_batches).await?,
            turns.clone(),
        );
        let operator_token = config.admin_token.map(|token| TokenDigest::of(token.expose()));
        let graph = Graph::new(config.graph.url, config.graph.time_limit)
            .context("can't call Meta's Graph API")?;
        let key_uploads = Arc::new(KeyUploads::new(
            store.clone(),
            config.master_keys.clone(),
            graph,
            config.graph.check_interval,
        ));
        let operations = Arc::new(Admin::new(
            store.clone(),
            config.master_keys,
            directory.clone(),
            plugins.clone(),
            key_uploads.clone(),
            operator_token,
            upload_folder,
            serves_files,
            exchanges.clone(),
            changes_of_tenants(&store, &metrics),
            &metrics,
        ));
        let unanswered = Arc::new(Unanswered::default());
        let endpoints = public_router(PublicState {
            exchanges,
            unanswered: unanswered.clone(),
            turns: turns.clone(),
            body_memory: BodyMemory::default(),
        });
        let mut background = Background::new(metrics.clone());
        let admin_state = AdminState {
            admin: operations.clone(),
            failed_attempts: Arc::new(FailedAttempts::new(config.longest_login_delay)),
            ready: Arc::new(HostServes {
                store: store.clone(),
                tasks: background.watch(),
                lines: Summary::new(READY_LINES, READY_LINES),
            }),
            stopping: stopping.clone(),
            metrics: metrics.clone(),
            console: config.console,
            endpoints: OwnEndpoints::new(endpoints.clone(), metrics.clone()),
        };
        let public = Server::start(ServerOptions {
            listener: Listener::Public,
            address: config.listen,
            tls: config.tls,
            limits: config.limits.public,
            router: endpoints,
            metrics: metrics.clone(),
        });
        let admin = Server::start(ServerOptions {
            listener: Listener::Admin,
            address: config.admin_listen,
            tls: None,
            limits: config.limits.admin,
            router: admin_router(admin_state),
            metrics: metrics.clone(),
        });
        let (public, admin) = (public.await?, admin.await?);
        own_addresses.listen_at(vec![public.address(), admin.address()]);
        background.start(Task::Loading, Life::UntilDone, {
            let (store, plugins) = (store.clone(), plugins.clone());
            move || compile_missing(store.clone(), plugins.clone())
        });
        background.start(Task::Changes, Life::Endless, {
            let metrics = metrics.clone();
            move || {
                follow_changes(directory.clone(), plugins.clone(), notices.clone(), metrics.clone())
            }
        });
        background.start(Task::KeyChecks, Life::Endless, {
            let metrics = metrics.clone();
            move || check_keys(key_uploads.clone(), metrics.clone())
        });
        background.start(Task::Purge, Life::Endless, {
            let store = store.clone();
            move || purge(store.clone(), metrics.clone())
        });
        background.start_last(Task::PluginLogs, move |end| {
            let logs = logs.clone();
            async move { logs.write(end).await }
        });
        background.start_last(Task::Unanswered, {
            let store = store.clone();
            move |end| {
                let (unanswered, store) = (unanswered.clone(), store.clone());
                async move { unanswered.write(&store, end).await }
            }
        });
        tracing::info!(public = %public.url(), admin = %admin.url(), "serving");
        Ok(Self {
            public,
            admin,
            operations: (config.console != Console::Off).then_some(operations),
            store,
            stopping,
            turns,
            drain_delay: config.drain_delay,
            background,
        })
    }

    /// The URL of the data endpoints, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public.url()
    }

    /// The URL of the admin API, without a slash at the end.
    pub fn admin_url(&self) -> String {
        self.admin.url()
    }

    /// A link that signs an operator in to the console once, within a quarter of an hour, for whoever
    /// started the host, and leads to the page at this path. `None` if the host serves no console.
    pub fn console_link(&self, leads_to: &str) -> Option<SecretText> {
        let code = self.operations.as_ref()?.sign_in_code(leads_to.to_owned());
        let link = format!("{}/console/sign-in?code={}", self.admin_url(), code.expose());
        Some(SecretText::new(link))
    }

    /// Stops the host. It reports that it is not ready, but goes on serving until those who watch
    /// it must have seen that. Then it takes no new connections, finishes requests under way,
    /// commits turns and closes the pool.
    pub async fn stop(self) {
        self.stopping.begin();
        self.public.drain();
        self.admin.drain();
        sleep(self.drain_delay).await;
        self.turns.close();
        let drained = timeout(DRAIN_TIME, async {
            tokio::join!(self.public.stop(), self.admin.stop());
            self.turns.wait().await;
        });
        if drained.await.is_err() {
            tracing::warn!(
                unfinished = self.turns.len(),
                "requests were still under way when the time to stop was over"
            );
        }
        if !self.background.stop(CLOSE_TIME).await {
            tracing::warn!(
                "what plugins logged and what got no reply was not all written when the time to stop was over"
            );
        }
        if timeout(CLOSE_TIME, self.store.close()).await.is_err() {
            tracing::warn!(
                "connections to the database were still in use when the time to stop was over"
            );
        }
    }
}

/// Applies the migrations that a database lacks, and returns their names.
pub async fn migrate(database: PgConnectOptions) -> anyhow::Result<Vec<String>> {
    Ok(store::migrate(&database).await?)
}

/// Reseals every data key that is under the second master key, under the first one. `progress` gets
/// the number of tenants that are done and the number of all.
pub async fn rotate_master_key(
    database: PgConnectOptions,
    keys: &MasterKeys,
    progress: impl FnMut(usize, usize),
) -> anyhow::Result<Rotation> {
    require_migrations(&database).await?;
    let store = Store::connect(database, ONE_AFTER_ANOTHER, StoreSeries::default())
        .await
        .context("can't connect to the database")?;
    let rotation = admin::rotate_master_key(&store, keys, progress).await?;
    store.close().await;
    Ok(rotation)
}

async fn require_migrations(database: &PgConnectOptions) -> anyhow::Result<()> {
    let pending = store::pending_migrations(database)
        .await
        .context("can't look for the database's migrations")?;
    anyhow::ensure!(
        pending.is_empty(),
        "the database lacks migrations ({}); run `flowhost migrate` first",
        pending.join(", ")
    );
    Ok(())
}

/// Permits for changes that tenants make themselves, few enough that turns never lack a connection.
fn changes_of_tenants(store: &Store, metrics: &Metrics) -> Arc<Budget> {
    let places = u64::from(store.connections() / CONNECTIONS_PER_CHANGE).max(1);
    Budget::new(places, MAX_WAITING_CHANGES, metrics.budget("changes"))
}

/// How code is compiled and cached, and the folder of uploads.
fn code_settings(config: CompileConfig, keys: &MasterKeys) -> (CodeSettings, PathBuf) {
    let limits =
        WorkerLimits { memory_bytes: config.memory_bytes, cpu_seconds: config.cpu_seconds };
    let compile = CompileSettings { program: config.program, limits, time: config.time };
    (
        CodeSettings { compile, cache: config.code_cache, keys: CodeKeys::derive(keys) },
        config.upload_folder,
    )
}

/// Compiles the active plugins that are not in the cache of compiled code, while the host serves: it
/// may be another release's. A request that comes before that compiles its plugin itself. A plugin
/// that can't be compiled is logged, and its flow answers pings with 503.
async fn compile_missing(store: Store, plugins: Arc<Plugins>) {
    let components = match store::list_active_components(&store).await {
        Ok(components) => components,
        Err(error) => {
            tracing::error!(error = %telemetry::chain(&error), "active plugins can't be looked up");
            return;
        }
    };
    let all = components.len();
    let through = AtomicUsize::new(0);
    let compile = async |(tenant, digest): (TenantId, PluginDigest)| {
        if let Err(error) = plugins.ensure_compiled(tenant, digest).await {
            tracing::error!(tenant.id = %tenant, plugin = %digest, error = %telemetry::chain(&error), "an active plugin can't be loaded");
        }
        let through = through.fetch_add(1, Ordering::Relaxed) + 1;
        if through.is_multiple_of(500) || through == all {
            tracing::info!(through, of = all, "active plugins are compiled");
        }
    };
    futures_util::stream::iter(components).for_each_concurrent(COMPILED_AT_ONCE, compile).await;
}

/// Keeps the copy of the tenants fresh and drops what is gone. Never returns.
async fn follow_changes(
    directory: Arc<Directory>,
    plugins: Arc<Plugins>,
    notices: Arc<Notices>,
    metrics: Arc<Metrics>,
) {
    directory.follow(|| forget_the_gone(&directory, &plugins, &notices, &metrics)).await;
}

/// Checks tenants' public keys at Meta and counts their statuses. Never returns.
async fn check_keys(key_uploads: Arc<KeyUploads>, metrics: Arc<Metrics>) {
    let show =
        |(status, count): &(UploadStatus, i64)| metrics.set_key_uploads(status.as_str(), *count);
    key_uploads.follow(|counts| counts.iter().for_each(show)).await;
}

/// Drops what was kept for plugins, versions and flows that are gone.
fn forget_the_gone(directory: &Directory, plugins: &Plugins, notices: &Notices, metrics: &Metrics) {
    let active = directory.active_plugins();
    plugins.retain(&active.iter().map(|plugin| plugin.digest).collect());
    notices.retain(&active.iter().map(|plugin| plugin.scope.flow).collect());
    plugins.retain_versions(
        &active.iter().map(|plugin| (plugin.scope.flow, plugin.version())).collect(),
    );
    metrics.plugins.retain(|tenant, flow| {
        let endpoint = directory.loaded(tenant, flow)?;
        Some(endpoint.active.as_ref().map(|active| active.version()))
    });
}

/// Reads components from the database.
struct StoredComponents(Store);

impl ComponentSource for StoredComponents {
    fn component(&self, tenant: TenantId, digest: PluginDigest) -> FoundComponent<'_> {
        Box::pin(async move {
            store::find_component(&self.0, tenant, digest)
                .await
                .map_err(|error| Arc::new(error) as _)
        })
    }
}

/// A host is ready when its database answers and it follows changes.
struct HostServes {
    store: Store,
    tasks: Arc<Watch>,
    /// Anybody may ask every second, so each reason is logged once a minute.
    lines: Summary,
}

impl ReadyCheck for HostServes {
    fn ready(&self) -> Pin<Box<dyn Future<Output = Readiness> + Send + '_>> {
        Box::pin(async move {
            match self.store.check().await {
                Err(error) => {
                    let why = telemetry::chain(&error);
                    if let Some(others) = self.lines.note("", &why) {
                        tracing::warn!(error = why, others, "the host is not ready");
                    }
                    Readiness::No(error.to_string())
                }
                Ok(()) => self.tasks.readiness(),
            }
        })
    }
}

/// Lines per minute. There are few ways to be without a database.
const READY_LINES: usize = 10;

/// One of this many database connections may be held by a waiting change of a tenant. Each change
/// looks something up on another one.
const CONNECTIONS_PER_CHANGE: u32 = 4;

/// For a command that runs alone: one connection, and one that its last statement may still hold.
const ONE_AFTER_ANOTHER: u32 = 2;

/// More than the longest time that a turn can take: 9 s in the queue and the plugin, and the
/// database.
const DRAIN_TIME: Duration = Duration::from_secs(15);

/// This many components are in memory at once. The compiler has its own limit for how many are
/// compiled at once.
const COMPILED_AT_ONCE: usize = 4;

/// The plugins' logs get this long to be written, and then the pool to close. Connections in use
/// after that belong to background tasks, which were ended.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// The services behind the plugins' imports.
fn services(
    store: &Store,
    directory: &Arc<Directory>,
    logs: &Arc<PluginLogs>,
    egress: EgressConfig,
    metrics: &Metrics,
) -> anyhow::Result<Services> {
    let egress = Arc::new(Egress::new(egress, metrics)?);
    let values =
        Arc::new(FlowValues::new(store.clone(), directory.clone(), metrics.budget("key-values")));
    Ok(Services { http: egress.clone(), logs: logs.clone(), media: egress, values })
}
