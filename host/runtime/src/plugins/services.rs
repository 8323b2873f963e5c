//! What the imports work with. These are the plugins' own words for it; `app` plugs in what stands behind them, so that this module
//! knows no database, no network and no keys.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use flowhost_protocol::flow::{Capabilities, LogLevel};
use flowhost_protocol::ids::{RequestId, Scope, TenantId};

/// An answer on its way. Dropped, it is given up: a call that is cut off drops what it waits for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All that stands behind the imports.
#[derive(Clone)]
pub struct Services {
    /// Behind `http`.
    pub http: Arc<dyn OutboundHttp>,
    /// Behind `log`.
    pub logs: Arc<dyn LogKeeper>,
    /// Behind `media`.
    pub media: Arc<dyn MediaFiles>,
    /// Behind `store`.
    pub values: Arc<dyn KeyValues>,
}

/// Sends requests to hosts outside.
pub trait OutboundHttp: Send + Sync {
    /// Sends one request for a tenant. That its host is granted was checked; that its address is a public one was not.
    fn send(&self, tenant: TenantId, request: OutboundRequest) -> Pending<'_, Result<OutboundResponse, OutboundError>>;
}

/// Keeps what plugins log.
pub trait LogKeeper: Send + Sync {
    /// Keeps the lines of one call. Never waits: what can't be kept is counted and dropped.
    fn keep(&self, lines: CallLines);
}

/// Downloads, checks and decrypts files that users picked.
pub trait MediaFiles: Send + Sync {
    /// The plain file behind a reference.
    fn fetch(&self, tenant: TenantId, request: MediaRequest) -> Pending<'_, Result<Vec<u8>, MediaError>>;
}

/// Keeps small values of flows.
pub trait KeyValues: Send + Sync {
    /// The value of a key; none if there is none, or none any more.
    fn get<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>>;

    /// Writes a value whatever was there; gives its version.
    fn set<'a>(&'a self, scope: Scope, key: &'a str, value: NewValue) -> Pending<'a, Result<u64, KeyValueError>>;

    /// Writes a value if the stored version is `expected`, or the key absent if that is none; gives the new version, or none if it was
    /// another.
    fn compare_and_set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        expected: Option<u64>,
        value: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>>;

    /// Forgets a key, if it is there.
    fn delete<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<(), KeyValueError>>;

    /// The first `limit` keys that begin with `prefix`, in the order of their bytes.
    fn list<'a>(&'a self, scope: Scope, prefix: &'a str, limit: u32) -> Pending<'a, Result<Vec<String>, KeyValueError>>;
}

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptValue {
    /// The value.
    pub value: Vec<u8>,
    /// Changes with every write.
    pub version: u64,
}

/// A value to keep.
#[derive(Clone, Debug)]
pub struct NewValue {
    /// The value.
    pub value: Vec<u8>,
    /// How long to keep it, in seconds; none for ever.
    pub ttl_seconds: Option<u32>,
    /// The most keys that the flow may have.
    pub max_keys: u32,
}

/// Why a value could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyValueError {
    /// The flow has as many keys as it may.
    #[error("the flow has as many keys as it may")]
    QuotaExceeded,
    /// Whatever keeps the values failed.
    #[error("the store failed")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// A request to send. No `Debug`: secrets may have been filled in.
pub struct OutboundRequest {
    /// Its method.
    pub method: String,
    /// Where to; see [`granted_host`](super::granted_host).
    pub url: url::Url,
    /// Its headers, in this order.
    pub headers: Vec<OutboundHeader>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether a secret was filled into the body.
    pub secret_body: bool,
    /// How long all of it may take.
    pub time_limit: Duration,
    /// The most bytes that the response's body may have.
    pub max_response_bytes: usize,
    /// Which hosts it may be redirected to.
    pub allowed: Arc<Capabilities>,
}

/// A header of a request.
pub struct OutboundHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// Whether a secret was filled in: such a header goes to the host that it was made for and to no other.
    pub secret: bool,
}

/// A file to fetch.
pub struct MediaRequest {
    /// One element of a picker's array, as JSON. Holds the file's keys.
    pub reference: String,
    /// How long it may take.
    pub time_limit: Duration,
    /// The most bytes that the file may have.
    pub max_bytes: usize,
}

/// What came back.
#[derive(Debug)]
pub struct OutboundResponse {
    /// Its status.
    pub status: u16,
    /// Its headers; a value that is no text was left out.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why no response came.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The request is none that can be sent.
    #[error("{0}")]
    BadRequest(String),
    /// The host, or one that it was redirected to, may not be reached.
    #[error("{0}")]
    NotGranted(String),
    /// It took too long.
    #[error("it took too long")]
    Timeout,
    /// The response is too large.
    #[error("the response is too large")]
    TooLarge,
    /// Nobody answered there.
    #[error("{0}")]
    Unreachable(String),
}

/// Why a file was not given.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// A hash or the MAC is not what it should be.
    #[error("the file is not the one that was sent")]
    CheckFailed,
    /// It could not be downloaded.
    #[error("{0}")]
    DownloadFailed(String),
    /// The reference can't be read, or points where no file may be.
    #[error("{0}")]
    InvalidReference(String),
    /// It is too large.
    #[error("the file is too large")]
    TooLarge,
}

/// What one call logged.
#[derive(Clone, Debug)]
pub struct CallLines {
    /// Which flow.
    pub scope: Scope,
    /// Which version of its plugin.
    pub version: i32,
    /// The request that the call was for.
    pub request: Option<RequestId>,
    /// The lines, bounded in number and length, with control characters escaped.
    pub lines: Vec<LogLine>,
    /// How many more there were.
    pub dropped: u32,
}

/// A line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// When it was written.
    pub at: time::OffsetDateTime,
    /// What it says.
    pub message: String,
}
