//! The public listener's code without its network: a phone that this host plays takes the way of any
//! other, with the same statuses, limits, counts and log lines.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Uri, header};
use axum::response::Response;
use tower_service::Service;

use super::data_endpoint::SIGNATURE_HEADER;
use super::request_id::with_request_id;
use flowhost_client::{
    Carried, Carrier, Carrying, ClientError, MAX_REPLY_BYTES, SealedRequest, Url,
};
use flowhost_protocol::ids::RequestId;
use flowhost_runtime::telemetry::Metrics;

/// The data endpoints of this host.
pub struct OwnEndpoints {
    router: Router,
    metrics: Arc<Metrics>,
}

impl OwnEndpoints {
    /// `router` is that of the public listener.
    pub fn new(router: Router, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { router, metrics })
    }

    async fn post(&self, path: &str, request: &SealedRequest) -> Result<Carried, ClientError> {
        let (began, id) = (Instant::now(), RequestId::new());
        let mut sent = Request::new(Body::from(request.body.clone()));
        *sent.method_mut() = axum::http::Method::POST;
        // A path that is none belongs to no flow.
        *sent.uri_mut() = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
        if let Ok(signature) = request.signature.parse() {
            sent.headers_mut().insert(SIGNATURE_HEADER, signature);
        }
        sent.extensions_mut().insert(id);
        let Ok(response) = with_request_id(id, self.router.clone().call(sent)).await;
        let (status, retry_after) = (response.status().as_u16(), retry_after(&response));
        self.metrics.answered(status, began.elapsed());
        let body = to_bytes(response.into_body(), MAX_REPLY_BYTES).await;
        let body = body.map_err(|_| ClientError::ReplyTooLarge { limit: MAX_REPLY_BYTES })?;
        Ok(Carried { status, body: body.into(), retry_after, location: None })
    }
}

impl Carrier for OwnEndpoints {
    fn carry<'a>(&'a self, endpoint: &'a Url, request: &'a SealedRequest) -> Carrying<'a> {
        Box::pin(self.post(endpoint.path(), request))
    }
}

impl fmt::Debug for OwnEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnEndpoints")
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
