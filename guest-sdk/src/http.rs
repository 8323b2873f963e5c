//! HTTP requests to hosts that the flow grants.
//!
//! The plugin lists the hosts in its `flowhost.toml` (`http = ["api.example.com:443"]` under
//! `[requests]`), and the flow grants them:
//!
//! ```
//! use flowhost_sdk::{Error, http};
//!
//! #[derive(serde::Deserialize)]
//! struct Slot {
//!     time: String,
//! }
//!
//! fn free_slots(day: &str) -> Result<Vec<Slot>, Error> {
//!     let response = http::Request::post("https://api.example.com/v1/slots")
//!         .header("authorization", "Bearer {{secret:api-key}}")
//!         .json(&flowhost_sdk::json!({ "day": day }))?
//!         .timeout(std::time::Duration::from_secs(3))
//!         .send()?;
//!     match response.status() {
//!         200 => Ok(response.json()?),
//!         404 => Ok(Vec::new()),
//!         status => Err(Error::internal(format!("the calendar answers with status {status}"))),
//!     }
//! }
//! # assert!(free_slots("2026-11-22").is_err());
//! ```
//!
//! **Secrets.** The plugin never sees them. In a header or a body, but not in a URL, the host
//! replaces `{{secret:NAME}}` by the secret that the tenant set under that name, if it is bound to
//! the host that the request goes to. Text from a *user* must not become such a placeholder:
//! [`Request::json`] escapes it, whereas [`Request::json_with_secrets`], [`Request::body`] and
//! [`Request::header`] leave it as it is.
//!
//! **Limits** (the host's defaults): 8 requests a call, 4 MiB a response, and the time that is left
//! of the call. Up to four redirects are followed, only to granted hosts; secrets, cookies and
//! `authorization` are not sent to another host.
//!
//! In a unit test, [`Conversation::with_http`](crate::testing::Conversation::with_http) sets the
//! responses.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::typed;

/// A request to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
}

impl Request {
    /// A request with any method but `CONNECT` and `TRACE`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Request {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
        }
    }

    /// A `GET` request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST` request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// A `PUT` request.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// A `PATCH` request.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// A `DELETE` request.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header. The value may hold `{{secret:NAME}}`, so check text from a user before you
    /// put it here.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body as it is. The host replaces `{{secret:NAME}}` in it.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets `value` as the JSON body, with the matching `content-type`. This is safe with text from
    /// users: placeholders for secrets in it are escaped and stay plain text.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] if `value` can't be serialized to JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        // Two braces in a row occur only inside of strings, where JSON can escape them.
        Ok(self.with_json(write(value)?.replace(PLACEHOLDER, ESCAPED_PLACEHOLDER)))
    }

    /// Like [`Request::json`], but the host replaces `{{secret:NAME}}` inside of strings, without
    /// escaping: a secret with quotation marks or backslashes breaks the JSON. Use it only for
    /// values that contain no text from users.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] if `value` can't be serialized to JSON.
    pub fn json_with_secrets<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        let text = write(value)?;
        Ok(self.with_json(text))
    }

    /// Limits the wait for the response. The host never waits longer than the call may take,
    /// whatever is set here.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and waits for the response, whatever its status.
    ///
    /// # Errors
    ///
    /// See [`Error`]; `?` turns it into an internal error.
    pub fn send(self) -> Result<Response, Error> {
        sys::send(self)
    }

    /// The method, for tests.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The URL, for tests.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A header's value as the plugin set it, for tests.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text, for tests; empty if it is not UTF-8.
    pub fn body_text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    fn with_json(self, text: String) -> Self {
        self.header("content-type", "application/json").body(text)
    }
}

/// Leaves out header values and the body, which may be a customer's.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Request({} {})", self.method, self.url)
    }
}

/// The response to a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Makes a response, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header, for tests.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status, for example 200.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is between 200 and 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header with this name. Case does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// All headers, in the order in which they arrived.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body as bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if it is not UTF-8.
    pub fn text(&self) -> Result<&str, BodyError> {
        std::str::from_utf8(&self.body).map_err(|error| BodyError(format!("is not UTF-8: {error}")))
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if it is not JSON or does not fit the type. The error names the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        let value: Value = serde_json::from_slice(&self.body)
            .map_err(|error| BodyError(format!("is not JSON: {error}")))?;
        typed::from_json(&value)
            .map_err(|mismatch| BodyError(format!("does not fit: {}", mismatch.describe())))
    }
}

/// Leaves out the body, which may be a customer's.
impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The URL or a redirect names a host that is not granted, or a secret is not bound to the
    /// host.
    NotGranted(String),
    /// The request is invalid.
    BadRequest(String),
    /// The request took too long.
    Timeout,
    /// The response exceeds the flow's limits.
    TooLarge,
    /// The call has used up its number of requests.
    QuotaExceeded,
    /// The host did not respond, or not with HTTP.
    Unreachable(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotGranted(why) => write!(formatter, "the request is not granted: {why}"),
            Error::BadRequest(why) => write!(formatter, "the request can't be sent: {why}"),
            Error::Timeout => formatter.write_str("the request took too long"),
            Error::TooLarge => formatter.write_str("the response is too large"),
            Error::QuotaExceeded => {
                formatter.write_str("the call has sent as many requests as it may")
            }
            Error::Unreachable(why) => write!(formatter, "the request failed: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// Why a response's body can't be read as requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError(String);

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the response's body {}", self.0)
    }
}

impl std::error::Error for BodyError {}

fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::BadRequest(format!("its body can't be written as JSON: {error}")))
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

const PLACEHOLDER: &str = "{{secret:";
const ESCAPED_PLACEHOLDER: &str = "\\u007b{secret:";

#[cfg(target_arch = "wasm32")]
mod sys {
    use super::{Error, Request, Response};
    use crate::component::bindings::flowhost::flow::http;

    pub(super) fn send(request: Request) -> Result<Response, Error> {
        let Request { method, url, headers, body, timeout } = request;
        let timeout_ms =
            timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        let answer = http::send(&http::Request { method, url, headers, body, timeout_ms });
        answer
            .map(|http::Response { status, headers, body }| Response { status, headers, body })
            .map_err(|error| match error {
                http::Error::NotGranted(why) => Error::NotGranted(why),
                http::Error::BadRequest(why) => Error::BadRequest(why),
                http::Error::Timeout => Error::Timeout,
                http::Error::TooLarge => Error::TooLarge,
                http::Error::QuotaExceeded => Error::QuotaExceeded,
                http::Error::Unreachable(why) => Error::Unreachable(why),
            })
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod sys {
    pub(super) use crate::testing::surroundings::answer as send;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_user_wrote_in_json_is_no_placeholder_and_still_the_same_text() {
        let form =
            json!({"name": "{{secret:api-key}} {{{secret:x}}}", "{{secret:k}}": {"a": {"b": {}}}});

        let request = Request::post("https://api.example.com").json(&form).unwrap();

        assert!(!request.body_text().contains("{{secret:"), "{}", request.body_text());
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), form);
        assert_eq!(request.header_value("Content-Type"), Some("application/json"));
        let with_secrets =
            Request::post("https://api.example.com").json_with_secrets(&form).unwrap();
        assert!(with_secrets.body_text().contains("{{secret:api-key}}"));
    }

    #[test]
    fn a_body_that_does_not_fit_names_the_field() {
        let response = Response::new(200, r#"{"slots":[{"time":1}]}"#);
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only read by the deserializer")]
        struct Slots {
            slots: Vec<Slot>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only read by the deserializer")]
        struct Slot {
            time: String,
        }
        assert!(response.json::<Slots>().unwrap_err().to_string().contains("slots[0].time"));
        assert!(
            Response::new(200, "<html>")
                .json::<Value>()
                .unwrap_err()
                .to_string()
                .contains("not JSON")
        );
        assert!(Response::new(200, [0xff]).text().is_err());
    }

    #[test]
    fn debug_shows_no_header_and_no_body() {
        let request =
            Request::get("https://api.example.com").header("x-customer", "Ana").body("Ana");
        assert_eq!(
            format!("{request:?} {:?}", Response::new(200, "Ana")),
            "Request(GET https://api.example.com) Response(200, 3 bytes)"
        );
    }
}
