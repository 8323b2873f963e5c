//! The services behind the imports, in the terms of plugins. `app` supplies the implementations, so
//! that this module uses no database, no network and no keys.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use flowhost_protocol::flow::{Capabilities, LogLevel};
use flowhost_protocol::ids::{RequestId, Scope, TenantId, TokenHash};

/// A pending result. Dropping it gives it up: a call that is cut off drops what it waits for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All services behind the imports.
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
    /// Sends one request for a tenant. The caller has checked that the host is granted; the
    /// implementation has to check that its address is public.
    fn send(
        &self,
        tenant: TenantId,
        request: OutboundRequest,
    ) -> Pending<'_, Result<OutboundResponse, OutboundError>>;
}

/// Keeps what plugins log.
pub trait LogKeeper: Send + Sync {
    /// Keeps the lines of one call. Never waits: lines that cannot be kept are counted and dropped.
    fn keep(&self, lines: CallLines);
}

/// Downloads, checks and decrypts files that users picked.
pub trait MediaFiles: Send + Sync {
    /// The decrypted file behind a reference.
    fn fetch(
        &self,
        tenant: TenantId,
        request: MediaRequest,
    ) -> Pending<'_, Result<Vec<u8>, MediaError>>;
}

/// Keeps small values of flows.
pub trait KeyValues: Send + Sync {
    /// The value of a key; `None` if the key is absent or expired.
    fn get<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
    ) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>>;

    /// Writes a value unconditionally. Returns its version.
    fn set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        value: NewValue,
    ) -> Pending<'a, Result<u64, KeyValueError>>;

    /// Writes a value if the stored version is `expected`, or the key is absent if that is `None`.
    /// Returns the new version, or `None` if the version was another one.
    fn compare_and_set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        expected: Option<u64>,
        value: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>>;

    /// Deletes a key, if it is there.
    fn delete<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<(), KeyValueError>>;

    /// The first `limit` keys that begin with `prefix`, in the order of their bytes.
    fn list<'a>(
        &'a self,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Pending<'a, Result<Vec<String>, KeyValueError>>;
}

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptValue {
    /// The bytes that the plugin wrote.
    pub value: Vec<u8>,
    /// Changes with every write.
    pub version: u64,
}

/// A value to keep.
#[derive(Clone, Debug)]
pub struct NewValue {
    /// At most `CallLimits::store_value_bytes` long.
    pub value: Vec<u8>,
    /// How long to keep it, in seconds; `None` means for ever.
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
    /// The store failed or could not be reached.
    #[error("the store failed")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// A request to send. Has no `Debug`, since secrets may have been filled in.
pub struct OutboundRequest {
    /// A word of at most 16 letters, never `CONNECT` or `TRACE`.
    pub method: String,
    /// The target, checked by [`granted_host`](super::granted_host).
    pub url: url::Url,
    /// Its headers, in this order.
    pub headers: Vec<OutboundHeader>,
    /// The body, with its secrets filled in.
    pub body: Vec<u8>,
    /// Whether a secret was filled into the body.
    pub secret_body: bool,
    /// How long the whole exchange may take.
    pub time_limit: Duration,
    /// The most bytes that the response's body may have.
    pub max_response_bytes: usize,
    /// The hosts that it may be redirected to.
    pub allowed: Arc<Capabilities>,
}

/// A header of a request.
pub struct OutboundHeader {
    /// In lower case.
    pub name: String,
    /// Printable ASCII and tabs, with its secrets filled in.
    pub value: Zeroizing<String>,
    /// Whether a secret was filled in: such a header goes only to the host that it was made for.
    pub secret: bool,
}

/// A file to fetch.
pub struct MediaRequest {
    /// One element of a picker's array, as JSON. It holds the file's keys.
    pub reference: String,
    /// How long it may take.
    pub time_limit: Duration,
    /// The most bytes that the file may have.
    pub max_bytes: usize,
}

/// The response to an outbound request.
#[derive(Debug)]
pub struct OutboundResponse {
    /// The HTTP status.
    pub status: u16,
    /// Its headers, without those whose value is not text.
    pub headers: Vec<(String, String)>,
    /// The body, at most `max_response_bytes` long.
    pub body: Vec<u8>,
}

/// Why no response came.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The request cannot be sent.
    #[error("{0}")]
    BadRequest(String),
    /// The host, or one that it was redirected to, is not granted.
    #[error("{0}")]
    NotGranted(String),
    /// It took too long.
    #[error("it took too long")]
    Timeout,
    /// The response is too large.
    #[error("the response is too large")]
    TooLarge,
    /// The host did not answer.
    #[error("{0}")]
    Unreachable(String),
}

/// Why a file was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// A hash or the MAC does not match.
    #[error("the file is not the one that was sent")]
    CheckFailed,
    /// It could not be downloaded.
    #[error("{0}")]
    DownloadFailed(String),
    /// The reference cannot be parsed, or points where no file may be.
    #[error("{0}")]
    InvalidReference(String),
    /// It is too large.
    #[error("the file is too large")]
    TooLarge,
}

/// What one call logged.
#[derive(Clone, Debug)]
pub struct CallLines {
    /// The flow and its tenant.
    pub scope: Scope,
    /// The version of the flow's plugin.
    pub version: i32,
    /// The request that the call was for. Absent for a rehearsal and for a test.
    pub request: Option<RequestId>,
    /// The token of the session that the call was a turn of.
    pub token: Option<TokenHash>,
    /// The lines, bounded in number and length, with control characters escaped.
    pub lines: Vec<LogLine>,
    /// How many lines were dropped over the limit.
    pub dropped: u32,
}

/// A line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level that the plugin chose, or the host for its own lines.
    pub level: LogLevel,
    /// When it was written.
    pub at: time::OffsetDateTime,
    /// Escaped text of at most 4 KiB.
    pub message: String,
}
