//! What plugins cause to leave this host: requests to granted hosts, and downloads of files that
//! users picked.
//!
//! Invariants: a connection is made only to an address that the [`Guard`] permits, or for a file to
//! one that the [`MediaOrigins`] of a development host name; every redirect is checked like the
//! first URL; tenants share nothing; a response is never read past its limit; a request whose caller
//! is gone is cancelled; no error or log contains a secret, a URL or an address.

mod clients;
mod exchange;
mod failure;
mod guard;
mod media;
mod own;
mod resolver;
mod stand_ins;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

pub use guard::{Guard, is_public};
pub use media::MediaOrigins;
pub use own::{OwnAddress, OwnAddresses};
pub use resolver::{Addresses, Resolve, SystemResolver};
pub use stand_ins::{StandIn, StandInError, StandIns};

use self::clients::{Clients, TenantClient, new_client};
use self::exchange::{Outgoing, Way};
use self::media::FileReference;
use self::resolver::GuardedResolver;
use self::stand_ins::StandInClients;
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::budget::Budget;
use flowhost_runtime::plugins::{
    MediaError, MediaFiles, MediaRequest, OutboundError, OutboundHttp, OutboundRequest,
    OutboundResponse, Pending, granted_host,
};
use flowhost_runtime::telemetry::{self, Metrics};

/// How requests leave.
#[derive(Clone)]
pub struct EgressConfig {
    /// Resolves names to addresses.
    pub names: Arc<dyn Resolve>,
    /// Decides which addresses may be connected to.
    pub guard: Guard,
    /// Where files that users picked may be.
    pub media: MediaOrigins,
    /// Certificates in PEM to trust besides the system's. For tests and development.
    pub extra_roots: Vec<String>,
    /// Servers in the place of others, for development. If there are any, or could be, errors say
    /// which switch of `flowhost dev` helps.
    pub stand_ins: Option<StandIns>,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            names: Arc::new(SystemResolver),
            guard: Guard::default(),
            media: MediaOrigins::default(),
            extra_roots: Vec::new(),
            stand_ins: None,
        }
    }
}

/// Sends the requests of plugins.
pub(crate) struct Egress {
    clients: Clients,
    media: MediaOrigins,
    own: OwnAddresses,
    /// One claim for each request under way.
    permits: Arc<Budget>,
    /// One claim for each file under way.
    files: Arc<Budget>,
    stand_ins: Option<StandInClients>,
}

impl Egress {
    /// Prepares the clients.
    ///
    /// # Errors
    /// An extra root is not a certificate.
    pub(crate) fn new(config: EgressConfig, metrics: &Metrics) -> Result<Self, reqwest::Error> {
        let roots: Vec<_> = config
            .extra_roots
            .iter()
            .map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()))
            .collect::<Result<_, _>>()?;
        let own = config.guard.own.clone();
        let with_clients =
            |all| StandInClients::new(all, |server| new_client(server, roots.clone()));
        let stand_ins = config.stand_ins.map(with_clients).transpose()?;
        let resolver = GuardedResolver::new(config.names, config.guard, metrics.budget("lookups"));
        Ok(Self {
            clients: Clients::new(resolver, roots),
            media: config.media,
            own,
            permits: Budget::new(MAX_REQUESTS, usize::MAX, metrics.budget("outbound-requests")),
            files: Budget::new(MAX_FILES_AT_ONCE, usize::MAX, metrics.budget("media-files")),
            stand_ins,
        })
    }

    async fn send_within_time(
        &self,
        tenant: TenantId,
        request: OutboundRequest,
    ) -> Result<OutboundResponse, OutboundError> {
        granted_host(&request.url, &request.allowed)?;
        let outgoing = Outgoing::new(&request.method, request.url, &request.headers)?
            .with_body(request.body, request.secret_body);
        let check = |url: &reqwest::Url| granted_host(url, &request.allowed).map(drop);
        self.with_permit(tenant, async |client| {
            let way = Way { client: &client.http, stand_ins: self.stand_ins.as_ref() };
            outgoing.send(way, request.max_response_bytes, check).await
        })
        .await
    }

    async fn fetch_within_time(
        &self,
        tenant: TenantId,
        request: MediaRequest,
    ) -> Result<Vec<u8>, MediaError> {
        let reference = FileReference::parse(&request.reference, &self.media, &self.own)?;
        let _permit = self
            .files
            .take(tenant, 1)
            .await
            .ok_or(OutboundError::Timeout)
            .map_err(failed_download)?;
        let outgoing = Outgoing::new("GET", reference.url.clone(), &[]).map_err(failed_download)?;
        let check = |url: &reqwest::Url| reference.may_move_to(url);
        let max_bytes = request.max_bytes + FILE_OVERHEAD_BYTES;
        let sent = self
            .with_permit(tenant, async |client| {
                let way = Way { client: &client.http, stand_ins: None };
                outgoing.send(way, max_bytes, check).await
            })
            .await;
        let file = sent.map_err(failed_download)?;
        if file.status != 200 {
            return Err(MediaError::DownloadFailed(format!(
                "WhatsApp's server answers with status {}",
                file.status
            )));
        }
        // A tenth of a second for 25 MiB, and none of the guest's CPU time.
        let opened = tokio::task::spawn_blocking(move || reference.keys.open(file.body)).await;
        let plain =
            opened.map_err(|_| MediaError::CheckFailed)?.map_err(|_| MediaError::CheckFailed)?;
        if plain.len() > request.max_bytes { Err(MediaError::TooLarge) } else { Ok(plain) }
    }

    /// Runs one request of a tenant when it has its permits.
    async fn with_permit<T>(
        &self,
        tenant: TenantId,
        request: impl AsyncFnOnce(TenantClient) -> Result<T, OutboundError>,
    ) -> Result<T, OutboundError> {
        let client = self.clients.of(tenant).await.map_err(|error| {
            tracing::error!(tenant.id = %tenant, error = %telemetry::chain(&error), "no client for outbound requests can be made");
            OutboundError::Unreachable("this host can't send requests".to_owned())
        })?;
        let permits = client.permits.clone();
        // The tenant's own permit comes first: a request that waits for it takes none from other
        // tenants.
        let _own = permits.acquire().await.map_err(|_| OutboundError::Timeout)?;
        let _any = self.permits.take(tenant, 1).await.ok_or(OutboundError::Timeout)?;
        request(client).await
    }
}

impl OutboundHttp for Egress {
    fn send(
        &self,
        tenant: TenantId,
        request: OutboundRequest,
    ) -> Pending<'_, Result<OutboundResponse, OutboundError>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        Box::pin(async move {
            let answer = within(request.time_limit, self.send_within_time(tenant, request))
                .await
                .unwrap_or(Err(OutboundError::Timeout));
            let (status, failed) =
                (answer.as_ref().ok().map(|answer| answer.status), answer.as_ref().err().map(kind));
            tracing::debug!(tenant.id = %tenant, host, status, failed, "a plugin sent a request");
            answer
        })
    }
}

impl MediaFiles for Egress {
    fn fetch(
        &self,
        tenant: TenantId,
        request: MediaRequest,
    ) -> Pending<'_, Result<Vec<u8>, MediaError>> {
        Box::pin(async move {
            let late = || Err(MediaError::DownloadFailed("it took too long".to_owned()));
            within(request.time_limit, self.fetch_within_time(tenant, request))
                .await
                .unwrap_or_else(late)
        })
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout(limit, work).await.ok()
}

/// The error's kind without its text, which may name the host of a redirect.
fn kind(error: &OutboundError) -> &'static str {
    match error {
        OutboundError::BadRequest(_) => "bad-request",
        OutboundError::NotGranted(_) => "not-granted",
        OutboundError::Timeout => "timeout",
        OutboundError::TooLarge => "too-large",
        OutboundError::Unreachable(_) => "unreachable",
    }
}

fn failed_download(error: OutboundError) -> MediaError {
    match error {
        OutboundError::TooLarge => MediaError::TooLarge,
        error => MediaError::DownloadFailed(error.to_string()),
    }
}

/// Requests under way. With 4 MiB of response each they hold 512 MiB.
const MAX_REQUESTS: u64 = 128;

/// Files under way: 25 MiB each. A file is decrypted in place.
const MAX_FILES_AT_ONCE: u64 = 8;

/// The most that a file exceeds its plaintext: a block of padding, and the MAC.
const FILE_OVERHEAD_BYTES: usize = 16 + 10;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use futures_util::stream::FuturesUnordered;
    use futures_util::{FutureExt as _, StreamExt as _};
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use flowhost_protocol::flow::Capabilities;

    #[tokio::test]
    async fn a_request_that_nobody_waits_for_any_more_is_ended() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let egress = egress_to(silent.local_addr().unwrap());
        let request = egress.send(TenantId::new(), request());
        let heard = async {
            let (mut stream, _) = silent.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            stream
        };

        let mut stream = tokio::select! {
            _ = request => panic!("it was answered"),
            stream = heard => stream,
        };

        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(
            egress.permits.take(TenantId::new(), MAX_REQUESTS).now_or_never().flatten().is_some(),
            "its permit is free"
        );
    }

    #[tokio::test]
    async fn who_stands_in_at_one_port_gets_no_request_to_another() {
        let real = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = "plain.example.com:443=https://127.0.0.1:1".parse::<StandIn>().unwrap();
        let config = EgressConfig {
            stand_ins: Some([stand_in].into_iter().collect()),
            ..config_to(real.local_addr().unwrap())
        };
        let egress = Egress::new(config, &Metrics::new()).unwrap();

        tokio::select! {
            answer = egress.send(TenantId::new(), request()) => panic!("{:?}", answer.err()),
            came = real.accept() => drop(came.unwrap()),
        }
    }

    #[tokio::test]
    async fn all_tenants_together_have_so_many_requests_under_way() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let egress = egress_to(silent.local_addr().unwrap());
        let mut under_way: FuturesUnordered<_> =
            (0..MAX_REQUESTS).map(|_| egress.send(TenantId::new(), request())).collect();
        let mut one_more = egress.send(TenantId::new(), request());

        let mut connections = connected(&silent, MAX_REQUESTS, &mut under_way).await;
        assert!(
            timeout(Duration::from_millis(200), silent.accept()).await.is_err(),
            "more than {MAX_REQUESTS} were sent"
        );
        assert!(futures_util::poll!(one_more.as_mut()).is_pending());
        // One of them is answered.
        drop(connections.pop());
        assert!(matches!(under_way.next().await, Some(Err(OutboundError::Unreachable(_)))));
        under_way.push(one_more);

        connected(&silent, 1, &mut under_way).await;
    }

    /// Accepts `count` connections while the requests run.
    async fn connected<F: Future>(
        server: &TcpListener,
        count: u64,
        requests: &mut FuturesUnordered<F>,
    ) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        while (streams.len() as u64) < count {
            tokio::select! {
                stream = server.accept() => streams.push(stream.unwrap().0),
                _ = requests.next() => panic!("a silent server answered"),
            }
        }
        streams
    }

    fn egress_to(address: SocketAddr) -> Egress {
        Egress::new(config_to(address), &Metrics::new()).unwrap()
    }

    /// Resolves every name to this address, which may be connected to.
    fn config_to(address: SocketAddr) -> EgressConfig {
        struct Always(SocketAddr);
        impl Resolve for Always {
            fn resolve(&self, _: &str) -> Addresses {
                let address = self.0;
                Box::pin(async move { Ok(vec![address]) })
            }
        }
        let guard = Guard { exceptions: vec![address], ..Guard::default() };
        EgressConfig { names: Arc::new(Always(address)), guard, ..EgressConfig::default() }
    }

    fn request() -> OutboundRequest {
        let http = ["plain.example.com:80".parse().unwrap()].into();
        OutboundRequest {
            method: "GET".to_owned(),
            url: "http://plain.example.com/".parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            secret_body: false,
            time_limit: Duration::from_secs(3600),
            max_response_bytes: 1,
            allowed: Arc::new(Capabilities { http, ..Capabilities::default() }),
        }
    }
}
