//! Accesses the outside as the form says. In `do`:
//!
//! - `send`: sends `method`, `url`, `headers`, `body` this many `times`, and returns every outcome;
//! - `fetch`: fetches the file behind `reference` this many `times`, and returns every outcome;
//! - `fetch-all`: fetches each of the files in `photos`, and returns every outcome, and all of them as
//!   the text `said`;
//! - `config`: returns the setting `key`;
//! - `draw`: returns a random id, the time and the flow token backwards, this many `times`.

use std::time::Duration;

use flowhost_sdk::time::{self, Offset};
use flowhost_sdk::{
    Error, Exchange, FlowPlugin, Reply, Session, config, http, json, media, random,
};
use serde_json::Value;

struct Caller;

#[derive(serde::Deserialize)]
#[serde(default)]
struct Form {
    r#do: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    timeout_ms: Option<u64>,
    times: u32,
    key: String,
    reference: Option<media::Reference>,
    photos: Vec<media::Reference>,
}

impl Default for Form {
    fn default() -> Self {
        let empty = String::new;
        Form {
            r#do: empty(),
            method: "GET".to_owned(),
            url: empty(),
            headers: Vec::new(),
            body: empty(),
            timeout_ms: None,
            times: 1,
            key: empty(),
            reference: None,
            photos: Vec::new(),
        }
    }
}

impl FlowPlugin for Caller {
    type State = ();

    fn init(exchange: &Exchange, session: &mut Session<()>) -> Result<Reply, Error> {
        Self::submit(exchange, session)
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let form: Form = exchange.data()?;
        let times = 0..form.times;
        let token: String = exchange.flow_token().chars().rev().collect();
        let outcomes: Vec<Value> = match form.r#do.as_str() {
            "send" => times.map(|_| send(&form)).collect(),
            "fetch" => times.map(|_| fetch(form.reference.as_ref())).collect(),
            "fetch-all" => {
                let outcomes: Vec<Value> =
                    form.photos.iter().map(|photo| fetch(Some(photo))).collect();
                let said = json!(outcomes).to_string();
                return Ok(
                    Reply::screen("NEXT").data(json!({ "outcomes": outcomes, "said": said }))
                );
            }
            "config" => vec![json!({ "value": config::get(&form.key) })],
            "draw" => {
                times.map(|_| json!({ "id": random::id(16), "now": time::now(), "today": time::today(Offset::UTC), "token": token })).collect()
            }
            _ => Vec::new(),
        };
        Ok(Reply::screen("NEXT").data(json!({ "outcomes": outcomes })))
    }
}

fn send(form: &Form) -> Value {
    let mut request =
        http::Request::new(form.method.as_str(), form.url.as_str()).body(form.body.as_str());
    for (name, value) in &form.headers {
        request = request.header(name, value);
    }
    if let Some(timeout) = form.timeout_ms {
        request = request.timeout(Duration::from_millis(timeout));
    }
    match request.send() {
        Ok(response) => {
            let shown = response.text().ok().filter(|text| text.len() < 2_000).unwrap_or_default();
            json!({ "status": response.status(), "headers": response.headers(), "bytes": response.bytes().len(), "body": shown })
        }
        Err(error) => {
            let kind = match error {
                http::Error::NotGranted(_) => "not-granted",
                http::Error::BadRequest(_) => "bad-request",
                http::Error::Timeout => "timeout",
                http::Error::TooLarge => "too-large",
                http::Error::QuotaExceeded => "quota-exceeded",
                http::Error::Unreachable(_) => "unreachable",
            };
            json!({ "error": kind, "why": error.to_string() })
        }
    }
}

fn fetch(reference: Option<&media::Reference>) -> Value {
    let Some(reference) = reference else { return json!({ "error": "no reference" }) };
    match media::fetch(reference) {
        Ok(file) => {
            let shown = std::str::from_utf8(&file)
                .ok()
                .filter(|text| text.len() < 2_000)
                .unwrap_or_default();
            json!({ "bytes": file.len(), "body": shown, "name": reference.file_name() })
        }
        Err(error) => {
            let kind = match error {
                media::Error::NotGranted => "not-granted",
                media::Error::InvalidReference(_) => "invalid-reference",
                media::Error::DownloadFailed(_) => "download-failed",
                media::Error::CheckFailed => "check-failed",
                media::Error::TooLarge => "too-large",
                media::Error::QuotaExceeded => "quota-exceeded",
            };
            json!({ "error": kind, "why": error.to_string() })
        }
    }
}

flowhost_sdk::export!(Caller);
