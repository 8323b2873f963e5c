//! What a scenario plays around a plugin, in the sandbox only: settings, the store, outside hosts,
//! files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::error::{ScenarioError, Source};
use super::fields::{Field, Fields};
use super::json::{document, pattern};
use super::pattern::Pattern;
use flowhost_protocol::flow::{HttpHost, HttpHostError};

/// What surrounds a plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// The flow's settings.
    pub config: BTreeMap<String, String>,
    /// The names of its secrets, and the hosts that each may be sent to. Their values are never in
    /// a scenario.
    pub secrets: BTreeMap<String, Vec<HttpHost>>,
    /// What is in the plugin's store at the start.
    pub store: Vec<(String, Vec<u8>)>,
    /// Requests that the plugin sends, and their answers.
    pub http: Vec<HttpFake>,
    /// Files that the user picked.
    pub media: Vec<MediaFake>,
}

/// A request that a plugin sends, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpFake {
    /// The line of the text that it begins on.
    pub line: usize,
    /// The method, in upper case.
    pub method: String,
    /// The URL, compared in parsed form.
    pub url: url::Url,
    /// Headers that it must have, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What its body must be; `None` accepts any body.
    pub body: Option<BodyPattern>,
    /// Whether it may come any number of times, or not at all; otherwise it comes exactly once.
    pub repeat: bool,
    /// The response, or why there is none.
    pub answer: Result<HttpAnswer, HttpFailure>,
}

/// What a request's body must be.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyPattern {
    /// JSON that matches this pattern.
    Json(Pattern),
    /// Exactly this text.
    Text(String),
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers by name.
    pub headers: BTreeMap<String, String>,
    /// The body, which may be empty.
    pub body: Vec<u8>,
}

/// Why a request gets no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// The request takes too long.
    Timeout,
    /// The response is too large.
    TooLarge,
    /// The host can't be reached.
    Unreachable,
}

/// A file that the user picked.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaFake {
    /// The line of the text that it begins on.
    pub line: usize,
    /// The `media_id` of the reference that it answers.
    pub media_id: String,
    /// The file, or why there is none.
    pub content: Result<MediaContent, MediaFailure>,
    /// Whether it need not be fetched.
    pub optional: bool,
}

/// Where a file's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaContent {
    /// A file, whose path is relative to the scenario's folder.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Why a plugin gets no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaFailure {
    /// The file is not the one that was sent.
    CheckFailed,
    /// The file can't be downloaded.
    DownloadFailed,
    /// The file is too large.
    TooLarge,
}

impl MediaFake {
    /// The file's name on the user's phone.
    pub fn file_name(&self) -> String {
        let name = match &self.content {
            Ok(MediaContent::File(path)) => path.file_name(),
            Ok(MediaContent::Bytes(_)) | Err(_) => None,
        };
        name.map_or_else(|| self.media_id.clone(), |name| name.to_string_lossy().into_owned())
    }
}

impl Surroundings {
    /// Reads the surroundings from the scenario's table.
    pub(super) fn read(source: Source<'_>, scenario: &Fields<'_>) -> Result<Self, ScenarioError> {
        let config =
            scenario.take("config").map_or(Ok(BTreeMap::new()), |field| texts_by_name(&field))?;
        let secrets = scenario.take("secrets").map_or(Ok(BTreeMap::new()), |field| {
            field
                .entries()?
                .into_iter()
                .map(|secret| Ok((secret.key().to_owned(), hosts(&secret)?)))
                .collect()
        })?;
        let store =
            each(scenario, "store", "an entry of [[store]]", &["key", "json", "text"], |entry| {
                value(source, entry)
            })?;
        let http = each(
            scenario,
            "http",
            "an entry of [[http]]",
            &["request", "answer", "repeat"],
            |entry| http(source, entry),
        )?;
        let media = each(scenario, "media", "an entry of [[media]]", &MEDIA_KEYS, |entry| {
            media(source, entry)
        })?;
        check_once(scenario, &media)?;
        Ok(Self { config, secrets, store, http, media })
    }

    /// The parts that the scenario has, in its own terms.
    pub(super) fn named(&self) -> Vec<&'static str> {
        let parts = [
            ("[config]", self.config.is_empty()),
            ("[secrets]", self.secrets.is_empty()),
            ("[[store]]", self.store.is_empty()),
            ("[[http]]", self.http.is_empty()),
            ("[[media]]", self.media.is_empty()),
        ];
        parts.into_iter().filter(|(_, empty)| !empty).map(|(name, _)| name).collect()
    }
}

fn each<T>(
    scenario: &Fields<'_>,
    key: &str,
    what: &'static str,
    known: &[&str],
    read: impl Fn(&Fields<'_>) -> Result<T, ScenarioError>,
) -> Result<Vec<T>, ScenarioError> {
    let entries = scenario.take(key).map_or(Ok(Vec::new()), |field| field.tables(what, known))?;
    entries.iter().map(read).collect()
}

fn hosts(secret: &Field<'_>) -> Result<Vec<HttpHost>, ScenarioError> {
    let host =
        |host: String| host.parse().map_err(|error: HttpHostError| secret.error(error.to_string()));
    secret.texts()?.into_iter().map(host).collect()
}

fn value(source: Source<'_>, entry: &Fields<'_>) -> Result<(String, Vec<u8>), ScenarioError> {
    let key = entry.need("key")?.text()?;
    match body(source, entry)? {
        Some(body) => Ok((key, body)),
        None => Err(entry.error("an entry of [[store]] needs the value: `json` or `text`")),
    }
}

fn http(source: Source<'_>, entry: &Fields<'_>) -> Result<HttpFake, ScenarioError> {
    let request =
        entry.need("request")?.table("a request", &["method", "url", "headers", "json", "text"])?;
    let method = request
        .take("method")
        .map_or(Ok("GET".to_owned()), |field| field.text())?
        .to_ascii_uppercase();
    let url = request.need("url")?;
    let url = url::Url::parse(&url.text()?)
        .map_err(|error| url.error(format!("the URL can't be read: {error}")))?;
    let headers = headers(&request)?;
    let json = request.take("json").map(|field| pattern(source, &field)).transpose()?;
    let text = request.take("text").map(|field| field.text()).transpose()?;
    let body = match (json, text) {
        (Some(_), Some(_)) => return Err(request.error("a body is `json` or `text`, not both")),
        (json, text) => json.map(BodyPattern::Json).or(text.map(BodyPattern::Text)),
    };
    let repeat = entry.take("repeat").map(|field| field.flag()).transpose()?.is_some();
    let answer = entry
        .need("answer")?
        .table("an answer", &["status", "headers", "json", "text", "error"])?;
    let answer = http_answer(source, &answer)?;
    Ok(HttpFake { line: entry.line(), method, url, headers, body, repeat, answer })
}

fn http_answer(
    source: Source<'_>,
    answer: &Fields<'_>,
) -> Result<Result<HttpAnswer, HttpFailure>, ScenarioError> {
    let failure = answer.take("error").map(|field| field.word(&HTTP_FAILURES)).transpose()?;
    let status = answer.take("status");
    let (headers, body) = (headers(answer)?, body(source, answer)?);
    match (failure, status) {
        (Some(_), Some(status)) => {
            Err(status.error("an answer is an `error` or has a `status`, not both"))
        }
        (Some(_), None) if !headers.is_empty() || body.is_some() => {
            Err(answer.error("an `error` has no headers and no body"))
        }
        (Some(failure), None) => Ok(Err(failure)),
        (None, None) => Err(answer.error("an answer needs a `status`, or an `error`")),
        (None, Some(field)) => {
            let status = u16::try_from(field.number(599)?).ok().filter(|status| *status >= 200);
            let status = status.ok_or_else(|| field.error("a `status` is 200 to 599"))?;
            Ok(Ok(HttpAnswer { status, headers, body: body.unwrap_or_default() }))
        }
    }
}

fn media(source: Source<'_>, entry: &Fields<'_>) -> Result<MediaFake, ScenarioError> {
    let media_id = entry.need("media_id")?.text()?;
    let file = entry.take("file").map(|field| field.text()).transpose()?;
    let failure = entry.take("error").map(|field| field.word(&MEDIA_FAILURES)).transpose()?;
    let bytes = body(source, entry)?;
    let optional = entry.take("optional").map(|field| field.flag()).transpose()?.is_some();
    let content = match (file, bytes, failure) {
        (Some(path), None, None) => Ok(MediaContent::File(path.into())),
        (None, Some(bytes), None) => Ok(MediaContent::Bytes(bytes)),
        (None, None, Some(failure)) => Err(failure),
        _ => return Err(entry.error("a file is one of `file`, `text`, `json` and `error`")),
    };
    Ok(MediaFake { line: entry.line(), media_id, content, optional })
}

/// A file has one entry, which serves any number of times.
fn check_once(scenario: &Fields<'_>, media: &[MediaFake]) -> Result<(), ScenarioError> {
    for (index, entry) in media.iter().enumerate() {
        let twin = media[..index].iter().find(|before| before.media_id == entry.media_id);
        if let Some(MediaFake { line, media_id, .. }) = twin {
            return Err(scenario.error(format!(
                "the [[media]] on line {}: there is an entry for {media_id:?} already, on line {line}, and it serves any number of times",
                entry.line
            )));
        }
    }
    Ok(())
}

/// The content of `json` or `text`, if one of them is there.
fn body(source: Source<'_>, entry: &Fields<'_>) -> Result<Option<Vec<u8>>, ScenarioError> {
    let json = entry.take("json").map(|field| document(source, &field)).transpose()?;
    match (json, entry.take("text")) {
        (Some(_), Some(text)) => Err(text.error("it is `json` or `text`, not both")),
        (json, text) => match text {
            Some(text) => Ok(Some(text.text()?.into_bytes())),
            None => Ok(json.as_ref().map(Value::to_string).map(String::into_bytes)),
        },
    }
}

fn headers(entry: &Fields<'_>) -> Result<BTreeMap<String, String>, ScenarioError> {
    let headers =
        entry.take("headers").map_or(Ok(BTreeMap::new()), |field| texts_by_name(&field))?;
    Ok(headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn texts_by_name(field: &Field<'_>) -> Result<BTreeMap<String, String>, ScenarioError> {
    field.entries()?.into_iter().map(|field| Ok((field.key().to_owned(), field.text()?))).collect()
}

const MEDIA_KEYS: [&str; 6] = ["media_id", "file", "text", "json", "error", "optional"];

const HTTP_FAILURES: [(&str, HttpFailure); 3] = [
    ("timeout", HttpFailure::Timeout),
    ("too-large", HttpFailure::TooLarge),
    ("unreachable", HttpFailure::Unreachable),
];

const MEDIA_FAILURES: [(&str, MediaFailure); 3] = [
    ("check-failed", MediaFailure::CheckFailed),
    ("download-failed", MediaFailure::DownloadFailed),
    ("too-large", MediaFailure::TooLarge),
];
