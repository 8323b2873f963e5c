//! Two hosts behind a proxy, as in production. Their database connections fail from time to time,
//! and nobody reads their log.

use std::io::pipe;
use std::process::Stdio;
use std::time::Duration;

use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::{
    DatabaseProxy, HostProcess, Proxy, TestDatabase, TestTenant, eventually, flowhost,
};
use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::time::sleep;

/// The hosts and their surroundings.
pub(crate) struct Hosts {
    database: TestDatabase,
    /// The proxy before the database, which can go silent.
    pub(crate) connections: DatabaseProxy,
    /// The proxy before the hosts, which all clients use.
    pub(crate) proxy: Proxy,
    running: Vec<Option<Running>>,
    key: String,
    token: AdminToken,
}

struct Running {
    host: HostProcess,
    public: String,
    admin: String,
    folder: TempDir,
}

impl Hosts {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::migrated().await;
        let connections = DatabaseProxy::before(&database.options());
        let (key, token) = (MasterKey::generate().to_base64().to_string(), AdminToken::generate());
        let mut running = Vec::new();
        for _ in 0..2 {
            running.push(Some(launch(&connections.url(), &key, &token, None).await));
        }
        let urls = |host: &Option<Running>| {
            host.as_ref().map(|host| (host.public.clone(), host.admin.clone()))
        };
        let urls: Vec<_> = running.iter().filter_map(urls).collect();
        let urls: Vec<_> =
            urls.iter().map(|(public, admin)| (public.as_str(), admin.as_str())).collect();
        let proxy = Proxy::haproxy(&urls).expect("this needs HAProxy: apt install haproxy");
        Self { database, connections, proxy, running, key, token }
    }

    /// A tenant that is created at the first host and whose flows are reached through the proxy.
    pub(crate) async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::make(self.first().host.admin(), self.proxy.url(), slug).await
    }

    /// The request that uploads a flow's Flow JSON, at the first host.
    pub(crate) fn flow_json_of(&self, tenant: &str, flow: &str) -> RequestBuilder {
        let url =
            self.first().host.admin().url(&format!("/v1/tenants/{tenant}/flows/{flow}/flow-json"));
        Client::new().put(url).bearer_auth(self.token.expose())
    }

    /// Restarts one host after the other at the same address, as an operator does.
    pub(crate) async fn roll(&mut self) {
        for number in 0..self.running.len() {
            let Some(old) = self.running[number].take() else { continue };
            old.host.terminate();
            assert_eq!(old.host.ended().await.code(), Some(0), "a host ends in order");
            let new = launch(
                &self.connections.url(),
                &self.key,
                &self.token,
                Some((&old.public, &old.admin)),
            )
            .await;
            drop(old.folder);
            eventually("the host is ready", async || {
                (new.host.admin().get("/readyz").await.status == 200).then_some(())
            })
            .await;
            self.running[number] = Some(new);
            // The proxy must notice too.
            sleep(Duration::from_secs(2)).await;
        }
    }

    /// The sum of a metric over all hosts.
    pub(crate) async fn metric(&self, series: &str) -> u64 {
        let mut sum = 0;
        for running in self.running.iter().flatten() {
            let page = running.host.admin().get("/metrics").await.text;
            let values =
                page.lines().filter_map(|line| line.strip_prefix(series)?.rsplit_once(' '));
            sum += values.filter_map(|(_, value)| value.parse::<u64>().ok()).sum::<u64>();
        }
        sum
    }

    /// Stops the hosts. Their database must live until then.
    pub(crate) async fn stop(self) {
        for running in self.running.into_iter().flatten() {
            running.host.terminate();
            running.host.ended().await;
        }
        drop(self.database);
    }

    fn first(&self) -> &Running {
        self.running[0].as_ref().expect("a host is only away while it is started again")
    }
}

/// A host of 2 GiB, as in `host/docs/operators.md`, whose log goes to a pipe without a reader.
async fn launch(
    database: &str,
    key: &str,
    token: &AdminToken,
    at: Option<(&str, &str)>,
) -> Running {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = flowhost(&["serve", "--guest-memory-mib", "1024", "--drain-delay", "4"]);
    command
        .env("DATABASE_URL", database)
        .env("FLOWHOST_MASTER_KEY", key)
        .env("FLOWHOST_ADMIN_TOKEN", token.expose());
    if let Some((public, admin)) = at {
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        command.args(["--listen", &address(public), "--admin-listen", &address(admin)]);
    }
    let (reader, log) = pipe().expect("a pipe can be made");
    drop(reader);
    let host = HostProcess::serving_and_logging(
        command,
        folder.path(),
        token.expose(),
        "info",
        Stdio::from(log),
    )
    .await;
    let (public, admin) = (host.public_url(), host.admin().url(""));
    Running { host, public, admin, folder }
}
