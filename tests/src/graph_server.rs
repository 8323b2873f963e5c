//! A stand-in for Meta's Graph API, as far as a host uses it. It keeps a public key for each phone
//! number, and misbehaves as a test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinHandle;

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct GraphServer {
    url: Url,
    meta: Arc<Meta>,
    serving: JoinHandle<()>,
}

/// A call that the server received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphCall {
    /// `GET` or `POST`.
    pub method: String,
    /// The phone number id in the path.
    pub phone_number_id: String,
}

/// How the server answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Mood {
    /// As documented.
    Honest,
    /// As documented, with the key inside `data`.
    Wrapping,
    /// Keeps keys, but reports a signature mismatch.
    Mismatching,
    /// Says `success`, but keeps nothing.
    Forgetful,
    /// Says that it has this key, whatever is uploaded.
    Stubborn(String),
    /// Answers with this status and no explanation so many times, and honestly afterwards.
    Failing(u16, u32),
    /// Answers with this status and document.
    Refusing(u16, Value),
    /// As documented, but only after this long.
    Slow(Duration),
    /// Answers with ten megabytes.
    Verbose,
    /// Redirects callers to this URL.
    Redirecting(String),
}

#[derive(Debug)]
struct Meta {
    token: Mutex<String>,
    mood: Mutex<HashMap<String, Mood>>,
    keys: Mutex<HashMap<String, String>>,
    calls: Mutex<Vec<GraphCall>>,
    gate: Arc<RwLock<()>>,
}

impl GraphServer {
    /// A server that accepts this access token.
    pub async fn start(token: &str) -> Self {
        let meta = Arc::new(Meta {
            token: Mutex::new(token.to_owned()),
            mood: Mutex::default(),
            keys: Mutex::default(),
            calls: Mutex::default(),
            gate: Arc::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/v23.0", listener.local_addr().expect("it is bound"));
        let router = Router::new()
            .route("/v23.0/{id}/whatsapp_business_encryption", any(answer))
            .with_state(meta.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is dropped")
        });
        Self { url: url.parse().expect("a URL"), meta, serving }
    }

    /// The base URL, including the version.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// Sets how it answers for all phone numbers.
    pub fn is(&self, mood: Mood) {
        let mut moods = lock(&self.meta.mood);
        moods.clear();
        moods.insert(String::new(), mood);
    }

    /// Sets how it answers for one phone number.
    pub fn is_for(&self, phone_number_id: &str, mood: Mood) {
        lock(&self.meta.mood).insert(phone_number_id.to_owned(), mood);
    }

    /// Accepts only this token from now on.
    pub fn accept(&self, token: &str) {
        *lock(&self.meta.token) = token.to_owned();
    }

    /// Holds all answers back until the guard is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.meta.gate.clone().write_owned().await
    }

    /// The public key that it keeps for a phone number.
    pub fn key(&self, phone_number_id: &str) -> Option<String> {
        lock(&self.meta.keys).get(phone_number_id).cloned()
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<GraphCall> {
        lock(&self.meta.calls).clone()
    }
}

impl Drop for GraphServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Meta {
    fn mood_for(&self, id: &str) -> Mood {
        let mut moods = lock(&self.mood);
        let name = if moods.contains_key(id) { id } else { "" };
        let mood = moods.get(name).cloned().unwrap_or(Mood::Honest);
        if let Mood::Failing(status, left) = mood {
            moods.insert(
                name.to_owned(),
                if left > 1 { Mood::Failing(status, left - 1) } else { Mood::Honest },
            );
        }
        mood
    }

    fn upload(&self, id: &str, pem: String, mood: &Mood) -> Response {
        if *mood != Mood::Forgetful {
            lock(&self.keys).insert(id.to_owned(), pem);
        }
        axum::Json(json!({"success": true})).into_response()
    }

    fn show(&self, id: &str, mood: &Mood) -> Response {
        let kept = match mood {
            Mood::Stubborn(pem) => Some(pem.clone()),
            _ => lock(&self.keys).get(id).cloned(),
        };
        let status = if *mood == Mood::Mismatching { "MISMATCH" } else { "VALID" };
        let fields = kept.map(|pem| json!({"business_public_key": pem, "business_public_key_signature_status": status}));
        let answer = match (mood, fields) {
            (Mood::Wrapping, fields) => json!({"data": fields.into_iter().collect::<Vec<_>>()}),
            (_, fields) => fields.unwrap_or(json!({})),
        };
        axum::Json(answer).into_response()
    }
}

async fn answer(
    State(meta): State<Arc<Meta>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let method = request.method().clone();
    lock(&meta.calls).push(GraphCall { method: method.to_string(), phone_number_id: id.clone() });
    drop(meta.gate.read().await);
    let mood = meta.mood_for(&id);
    match &mood {
        Mood::Failing(status, _) => return code(*status).into_response(),
        Mood::Refusing(status, document) => {
            return (code(*status), axum::Json(document.clone())).into_response();
        }
        Mood::Slow(time) => tokio::time::sleep(*time).await,
        Mood::Verbose => return vec![b' '; 10 << 20].into_response(),
        Mood::Redirecting(to) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to.clone())]).into_response();
        }
        _ => {}
    }
    let (authorization, content_type) =
        (header(&request, AUTHORIZATION), header(&request, CONTENT_TYPE));
    if authorization != format!("Bearer {}", lock(&meta.token)) {
        // Meta repeats a token that it can't read.
        let shown = authorization.trim_start_matches("Bearer ");
        return refusal(401, 190, "OAuthException", &format!("Malformed access token {shown}"));
    }
    match method {
        Method::GET if fields(query.as_deref()) => meta.show(&id, &mood),
        Method::POST if content_type == "application/x-www-form-urlencoded" => {
            match form(request.into_body()).await {
                Some(pem) => meta.upload(&id, pem, &mood),
                None => refusal(
                    400,
                    100,
                    "OAuthException",
                    "(#100) the body is no form with business_public_key and nothing else",
                ),
            }
        }
        _ => refusal(400, 100, "GraphMethodException", "Unsupported request"),
    }
}

fn header(request: &Request, name: HeaderName) -> String {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The uploaded key: the only field of the form, with a public key in PEM.
async fn form(body: Body) -> Option<String> {
    let bytes = axum::body::to_bytes(body, 1 << 20).await.ok()?;
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).ok()?;
    match fields.as_slice() {
        [(name, pem)]
            if name == "business_public_key" && pem.starts_with("-----BEGIN PUBLIC KEY-----\n") =>
        {
            Some(pem.clone())
        }
        _ => None,
    }
}

/// Whether both fields are asked for: otherwise some versions leave the key out.
fn fields(query: Option<&str>) -> bool {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
    pairs
        == [(
            "fields".to_owned(),
            "business_public_key,business_public_key_signature_status".to_owned(),
        )]
}

fn refusal(status: u16, number: i64, kind: &str, message: &str) -> Response {
    let document = json!({"error": {"message": message, "type": kind, "code": number, "fbtrace_id": "AtestTrace"}});
    (code(status), axum::Json(document)).into_response()
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a test asks for statuses that there are")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
