//! The operator, who calls the admin API over HTTP.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::Level;

use flowhost_api::Route;

use crate::logs::logged;
use crate::plain_http;

/// A client of one host's admin API.
#[derive(Clone, Debug)]
pub struct Admin {
    http: Client,
    base: String,
    token: Option<String>,
}

/// What the admin API answered.
#[derive(Clone, Debug)]
pub struct AdminReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty if there is none.
    pub content_type: String,
    /// The body; null if it is empty or not JSON.
    pub json: Value,
    /// The body as received.
    pub text: String,
    /// Method and path of the call, for messages.
    call: String,
}

impl Admin {
    /// A client of the API at this URL.
    pub fn new(base: &str, token: &str) -> Self {
        Self { http: plain_http::client(), base: base.to_owned(), token: Some(token.to_owned()) }
    }

    /// The same client with another token, or without one.
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The token that it sends, if it has one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The full URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Calls a route with what it takes, and reads what it answers with. For tests that need what
    /// the call makes; those that are about the API spell out paths and JSON.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        route: Route,
        names: &[&str],
        body: &impl Serialize,
    ) -> T {
        let path = route.segments(names).expect("as many names as the path has").join("/");
        let reply = self.call(route.method().as_str(), &format!("/{path}"), json!(body)).await;
        assert!(
            matches!(reply.status, 200 | 201),
            "{}: {} {}",
            reply.call,
            reply.status,
            reply.text
        );
        serde_json::from_str(&reply.text)
            .unwrap_or_else(|error| panic!("{}: {error} in {}", reply.call, reply.text))
    }

    /// Calls with a JSON body; null stands for no body.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> AdminReply {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, "application/json", bytes).await
    }

    /// Calls without a body.
    pub async fn get(&self, path: &str) -> AdminReply {
        self.call("GET", path, Value::Null).await
    }

    /// Calls with any body.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> AdminReply {
        let call = format!("{method} {path}");
        let method = Method::from_bytes(method.as_bytes()).expect("a method's name");
        let mut request =
            self.http.request(method, self.url(path)).header(CONTENT_TYPE, content_type).body(body);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let text = response.text().await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
        AdminReply {
            status,
            content_type,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
            call,
        }
    }
}

impl AdminReply {
    /// The body if the status is this one; otherwise the test fails.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        // A 5xx does not tell the caller its cause; the log has it.
        let errors = if self.status >= 500 {
            logged(Level::ERROR, "an operation failed")
        } else {
            Vec::new()
        };
        assert_eq!(self.status, status, "{}: {} {errors:#?}", self.call, self.text);
        self.json
    }

    /// The `detail` of a well-formed problem of this status; otherwise the test fails.
    #[track_caller]
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}: {}", self.call, self.text);
        assert_eq!(self.content_type, "application/problem+json", "{}", self.call);
        assert_eq!(self.json["status"], status, "{}: {}", self.call, self.text);
        for field in ["type", "title"] {
            assert!(
                self.json[field].as_str().is_some_and(|text| !text.is_empty()),
                "{}: no {field} in {}",
                self.call,
                self.text
            );
        }
        let detail = self.json["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty(), "{}: no detail in {}", self.call, self.text);
        detail
    }
}
