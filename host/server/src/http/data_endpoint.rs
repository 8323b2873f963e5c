//! The public listener: `POST /flows/{tenant}/{flow}`, with or without a slash at the end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tracing::Instrument;

use super::PublicState;
use super::body::read_within;
use super::error::status_of_reply;
use super::failures::{Failure, Failures};
use super::request_id::name_endpoint;
use super::strays::{Stray, Strays, meant_flows};
use crate::unanswered::UnansweredRequest;
use flowhost_exchange::exchange::{Endpoint, ExchangeError, RawRequest, SealedReply};
use flowhost_protocol::ids::RequestId;
use flowhost_runtime::plugins::Purpose;

/// The routes of the public listener. Everything else gets the same 404 without a body. The routes
/// use `any`, because axum would otherwise name the allowed methods in its answer to another
/// method.
pub fn public_router(state: PublicState) -> Router {
    let state = Endpoints {
        public: state,
        strays: Arc::new(Strays::new()),
        failures: Arc::new(Failures::new()),
    };
    Router::new()
        .route("/", any(greeting))
        .route("/flows/{tenant}/{flow}", any(exchange))
        // URLs that were typed by hand often end with a slash, and the URL of a published Flow
        // can't be changed any more.
        .route("/flows/{tenant}/{flow}/", any(exchange))
        .fallback(nothing_there)
        .with_state(state)
}

/// The state that all routes share.
#[derive(Clone)]
struct Endpoints {
    public: PublicState,
    strays: Arc<Strays>,
    failures: Arc<Failures>,
}

impl Endpoints {
    /// Answers 404, because no flow has this URL, and logs it.
    async fn nothing_there(&self, head: &Parts) -> Response {
        self.note(head).await;
        StatusCode::NOT_FOUND.into_response()
    }

    async fn note(&self, head: &Parts) {
        let path = head.uri.path();
        let mut meant = None;
        for (tenant, flow) in meant_flows(path) {
            if self.public.exchanges.resolve(&tenant, &flow).await.is_ok() {
                meant = Some(format!("/flows/{tenant}/{flow}"));
                break;
            }
        }
        let is_signed = head.headers.contains_key(SIGNATURE_HEADER);
        self.strays.note(Stray {
            method: head.method.as_str(),
            path,
            is_signed,
            meant: meant.as_deref(),
        });
    }

    /// Answers a request that gets no reply of its flow, and adds it to the log, the metrics and what
    /// is counted of the flow.
    fn failure(&self, endpoint: &Endpoint, id: RequestId, failure: &Failure) -> Response {
        let flow = format!("{}/{}", endpoint.tenant.slug, endpoint.name);
        self.failures.note(&flow, failure);
        self.public.exchanges.count_failure(endpoint, failure.kind, failure.blame);
        self.public.unanswered.note(UnansweredRequest {
            scope: endpoint.scope,
            version: endpoint.active.as_ref().map(|active| active.version()),
            request: id,
            status: failure.status.as_u16(),
            reason: failure.kind,
            blame: failure.blame,
            cause: failure.cause(),
        });
        failure.status.into_response()
    }

    /// Answers a request for a tenant that is there and can't be loaded now.
    fn not_loaded(&self, tenant: &str, error: &ExchangeError) -> Response {
        let failure = Failure::from(error);
        self.failures.note(tenant, &failure);
        failure.status.into_response()
    }
}

async fn greeting(State(state): State<Endpoints>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    match head.method {
        Method::GET | Method::HEAD => "Flowhost\n".into_response(),
        _ => state.nothing_there(&head).await,
    }
}

async fn nothing_there(State(state): State<Endpoints>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    state.nothing_there(&head).await
}

async fn exchange(
    State(endpoints): State<Endpoints>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    // Names that are not UTF-8 belong to no flow.
    let Ok(Path((tenant, flow))) = path else { return endpoints.nothing_there(&head).await };
    // Resolved before the body is read, so that requests to unknown flows cost no memory.
    let endpoint = match endpoints.public.exchanges.resolve(&tenant, &flow).await {
        Ok(endpoint) => endpoint,
        Err(ExchangeError::UnknownEndpoint) => return endpoints.nothing_there(&head).await,
        Err(error) => return endpoints.not_loaded(&tenant, &error),
    };
    name_endpoint(&endpoint);
    if head.method != Method::POST {
        endpoints.note(&head).await;
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], ONLY_POST)
            .into_response();
    }
    // Every request has an id. A default one would only make the request's traces harder to find.
    let id = head.extensions.get().copied().unwrap_or_default();
    // Also checked before the body is read.
    if endpoint.disabled {
        return endpoints.failure(&endpoint, id, &Failure::from(&ExchangeError::Disabled));
    }
    if endpoint.flow_json.is_unreadable() {
        return endpoints.failure(
            &endpoint,
            id,
            &Failure::from(&ExchangeError::UnreadableFlowJson),
        );
    }
    let state = endpoints.public.clone();
    let mut share = state.body_memory.share();
    let raw = match read_within(body, MAX_BODY_BYTES, &mut share).await {
        Ok(body) => RawRequest { body, signature: signature(&head.headers) },
        Err(error) => return endpoints.failure(&endpoint, id, &Failure::from(&error)),
    };
    // The turn runs in a task of its own, so that a client that hangs up can't cancel a commit.
    let answering = endpoint.clone();
    let turn = async move {
        let answered = state.exchanges.answer(&answering, raw, id, Purpose::Serve).await;
        drop(share);
        answered
    };
    let turn = state.turns.spawn(turn.in_current_span());
    match turn.await {
        Ok(Ok(reply)) => sealed(reply),
        Ok(Err(error)) => {
            let refused = endpoints.failure(&endpoint, id, &Failure::from(&error));
            with_retry_after(refused, error.retry_after())
        }
        Err(panic) => {
            tracing::error!(error = %panic, "a turn panicked");
            endpoints.failure(&endpoint, id, &Failure::of_a_panic())
        }
    }
}

/// The signature, if there is exactly one. Of two, nobody could tell which one counts.
fn signature(headers: &HeaderMap) -> Option<String> {
    let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
    match (signatures.next(), signatures.next()) {
        (Some(one), None) => one.to_str().ok().map(str::to_owned),
        _ => None,
    }
}

fn sealed(reply: SealedReply) -> Response {
    (status_of_reply(reply.kind()), reply.into_body()).into_response()
}

fn with_retry_after(mut response: Response, wait: Option<Duration>) -> Response {
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds(wait));
    }
    response
}

/// Whole seconds, and never 0, which would invite an immediate retry.
fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_millis().div_ceil(1000).clamp(1, 3600) as u64)
}

/// For people who open an endpoint's URL in a browser to see whether it is the right one.
const ONLY_POST: &str = "This is the data endpoint of a WhatsApp Flow. It is there, and answers what WhatsApp sends it by POST; there is nothing to see.\n";

pub(super) const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// `protocol.md` section 1. A form's data is a few KiB.
const MAX_BODY_BYTES: usize = 1 << 20;
