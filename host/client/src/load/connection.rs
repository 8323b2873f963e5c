//! One HTTP/1.1 connection, without a pool.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::spawn_local;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;

use super::super::{
    ClientError, ConnectionFailure, MAX_REPLY_BYTES, SIGNATURE_HEADER, SealedRequest, TIMEOUT,
};

/// An endpoint, with everything resolved that is the same for all requests.
pub(super) struct Target {
    addresses: Vec<SocketAddr>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    uri: Uri,
    host: HeaderValue,
}

/// A connection that is open, as far as it is known.
pub(super) struct Connection(SendRequest<Full<Bytes>>);

/// What came back to a request.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The body of an answer that is to be judged.
    pub(super) kept: Option<Vec<u8>>,
}

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) kind: Failure,
    /// In words for people.
    pub(super) why: String,
}

/// How a request can end without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection could be opened.
    Connect,
    /// The connection broke before the answer was complete.
    Broken,
    /// What came back is not HTTP/1.1.
    NotHttp,
    /// The answer is larger than [`MAX_REPLY_BYTES`].
    TooLarge,
    /// There was no complete answer [`TIMEOUT`] after the request was due.
    TimedOut,
}

impl Target {
    pub(super) async fn resolve(endpoint: &Url) -> Result<Self, ClientError> {
        let refused = || ClientError::Endpoint { url: endpoint.to_string(), source: None };
        let host = endpoint.host_str().ok_or_else(refused)?;
        let name = host.trim_matches(['[', ']']).to_owned();
        let port = endpoint.port_or_known_default().ok_or_else(refused)?;
        let query = endpoint.query().map(|query| format!("?{query}")).unwrap_or_default();
        let authority = match endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let addresses = lookup_host((name.as_str(), port)).await;
        let addresses = addresses.map_err(|_| ClientError::Transport(no_such_host()))?;
        Ok(Self {
            addresses: addresses.collect(),
            tls: if endpoint.scheme() == "https" { Some(tls(name)?) } else { None },
            uri: format!("{}{query}", endpoint.path()).parse().map_err(|_| refused())?,
            host: HeaderValue::from_str(&authority).map_err(|_| refused())?,
        })
    }

    pub(super) async fn connect(&self) -> Result<Connection, ConnectionFailure> {
        let stream = TcpStream::connect(&*self.addresses).await.map_err(failure)?;
        stream.set_nodelay(true).map_err(failure)?;
        match &self.tls {
            None => Connection::over(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(failure)?;
                Connection::over(stream).await
            }
        }
    }

    /// Sends a request and reads its answer to the end, over a new connection if there is none or
    /// the endpoint has closed it meanwhile. `keeps` says whether an answer with this status is
    /// kept.
    pub(super) async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        sealed: &SealedRequest,
        keeps: impl FnOnce(u16) -> bool,
    ) -> Result<Answer, Failed> {
        let is_open = match connection {
            Some(open) => open.0.ready().await.is_ok(),
            None => false,
        };
        let open = match connection {
            Some(open) if is_open => open,
            gone => gone.insert(self.connect().await.map_err(Failed::to_connect)?),
        };
        let answer = open.0.send_request(self.request(sealed)).await.map_err(Failed::of)?;
        let keeps = keeps(answer.status().as_u16());
        read(answer, keeps).await
    }

    fn request(&self, sealed: &SealedRequest) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::from(sealed.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let signature = HeaderValue::from_str(&sealed.signature);
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(SIGNATURE_HEADER, signature.expect("a signature is hex digits"));
        request
    }
}

impl Connection {
    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    ) -> Result<Self, ConnectionFailure> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_BUFFER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failure)?;
        // It ends with the sender, or tells it why it ended.
        spawn_local(connection);
        Ok(Self(sender))
    }
}

impl Failed {
    pub(super) fn timed_out() -> Self {
        let why = format!("no complete answer {} s after it was due", TIMEOUT.as_secs());
        Self { kind: Failure::TimedOut, why }
    }

    fn to_connect(failure: ConnectionFailure) -> Self {
        Self { kind: Failure::Connect, why: failure.to_string() }
    }

    fn of(error: hyper::Error) -> Self {
        let kind = if error.is_parse() { Failure::NotHttp } else { Failure::Broken };
        Self { kind, why: failure(error).to_string() }
    }
}

async fn read(answer: Response<Incoming>, keeps: bool) -> Result<Answer, Failed> {
    let status = answer.status().as_u16();
    let (mut body, mut size) = (answer.into_body(), 0);
    let mut kept = keeps.then(Vec::new);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Failed::of)?.into_data() else { continue };
        size += data.len();
        if size > MAX_REPLY_BYTES {
            let why = format!("an answer is larger than {MAX_REPLY_BYTES} bytes");
            return Err(Failed { kind: Failure::TooLarge, why });
        }
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&data);
        }
    }
    Ok(Answer { status, kept })
}

/// Trusts what the other commands' client trusts.
fn tls(name: String) -> Result<(TlsConnector, ServerName<'static>), ClientError> {
    let unusable = |error| ClientError::Transport(failure(error));
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(unusable)?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(name).map_err(|_| ClientError::Transport(no_such_host()))?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn failure(error: impl Error + 'static) -> ConnectionFailure {
    ConnectionFailure::of(&error)
}

fn no_such_host() -> ConnectionFailure {
    ConnectionFailure::no_such_host()
}

/// What one connection buffers of an answer's head. The head of an honest endpoint has 1 KiB.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
