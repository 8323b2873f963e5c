//! Two hosts behind a proxy, as production runs them, on a database that is lost from time to time, with a log that nobody takes.

use std::io::pipe;
use std::process::Stdio;
use std::time::Duration;

use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::{DatabaseProxy, HostProcess, Proxy, TestDatabase, TestTenant, eventually, flowhost};
use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::time::sleep;

/// The hosts, and what is around them.
pub(crate) struct Hosts {
    database: TestDatabase,
    /// What goes silent.
    pub(crate) connections: DatabaseProxy,
    /// What everybody talks to.
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
        let urls = |host: &Option<Running>| host.as_ref().map(|host| (host.public.clone(), host.admin.clone()));
        let urls: Vec<_> = running.iter().filter_map(urls).collect();
        let urls: Vec<_> = urls.iter().map(|(public, admin)| (public.as_str(), admin.as_str())).collect();
        let proxy = Proxy::haproxy(&urls).expect("this needs HAProxy: apt install haproxy");
        Self { database, connections, proxy, running, key, token }
    }

    /// A tenant, made at the first host, whose flows are reached through the proxy.
    pub(crate) async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::make(self.first().host.admin(), self.proxy.url(), slug).await
    }

    /// The request that gives a flow its Flow JSON, at the first host.
    pub(crate) fn flow_json_of(&self, tenant: &str, flow: &str) -> RequestBuilder {
        let url = self.first().host.admin().url(&format!("/v1/tenants/{tenant}/flows/{flow}/flow-json"));
        Client::new().put(url).bearer_auth(self.token.expose())
    }

    /// Stops one host after the other as an operator does, and starts it again where it was.
    pub(crate) async fn roll(&mut self) {
        for number in 0..self.running.len() {
            let Some(old) = self.running[number].take() else { continue };
            old.host.terminate();
            assert_eq!(old.host.ended().await.code(), Some(0), "a host ends in order");
            let new = launch(&self.connections.url(), &self.key, &self.token, Some((&old.public, &old.admin))).await;
            drop(old.folder);
            eventually("the host is ready", async || (new.host.admin().get("/readyz").await.status == 200).then_some(())).await;
            self.running[number] = Some(new);
            // The proxy has to see it too.
            sleep(Duration::from_secs(2)).await;
        }
    }

    /// A number of all hosts' metrics together.
    pub(crate) async fn metric(&self, series: &str) -> u64 {
        let mut sum = 0;
        for running in self.running.iter().flatten() {
            let page = running.host.admin().get("/metrics").await.text;
            let values = page.lines().filter_map(|line| line.strip_prefix(series)?.rsplit_once(' '));
            sum += values.filter_map(|(_, value)| value.parse::<u64>().ok()).sum::<u64>();
        }
        sum
    }

    /// Ends them; the database is needed until then.
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

/// A host of 2 GiB, as `host/docs/operators.md` describes it, whose log goes to a pipe that nobody holds.
async fn launch(database: &str, key: &str, token: &AdminToken, at: Option<(&str, &str)>) -> Running {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = flowhost(&["serve", "--guest-memory-mib", "1024", "--drain-delay", "4"]);
    command.env("DATABASE_URL", database).env("FLOWHOST_MASTER_KEY", key).env("FLOWHOST_ADMIN_TOKEN", token.expose());
    if let Some((public, admin)) = at {
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        command.args(["--listen", &address(public), "--admin-listen", &address(admin)]);
    }
    let (reader, log) = pipe().expect("a pipe can be made");
    drop(reader);
    let host = HostProcess::serving_and_logging(command, folder.path(), token.expose(), "info", Stdio::from(log)).await;
    let (public, admin) = (host.public_url(), host.admin().url(""));
    Running { host, public, admin, folder }
}
