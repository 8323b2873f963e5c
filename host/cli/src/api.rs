//! The client of the admin API that all commands share.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use flowhost_api::{Problem, Route, UploadQuery};
use flowhost_server::config::{ConfigError, Environment, SecretText};

use super::input::read_secret;
use super::output::{printable, say};

/// How a command reaches the admin API.
#[derive(clap::Args)]
pub(crate) struct AdminArgs {
    /// Where the admin API is
    #[arg(long, env = "FLOWHOST_URL", default_value = DEFAULT_URL, hide_env_values = true, value_name = "URL")]
    admin_url: String,
    /// File with the API token, - for standard input; without it, FLOWHOST_TOKEN counts
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// How a command reaches the admin API, and how it prints.
#[derive(clap::Args)]
pub(crate) struct ApiArgs {
    #[command(flatten)]
    admin: AdminArgs,
    /// Print the API's JSON, for machines
    #[arg(long)]
    pub(crate) json: bool,
}

impl AdminArgs {
    /// The client, with the token from the file or the environment.
    pub(crate) fn connect(&self, environment: &Environment) -> anyhow::Result<AdminApi> {
        let token = match &self.token_file {
            Some(path) => Some(read_secret(path)?),
            None => environment.api_token().map_err(ConfigError::new)?,
        };
        // An empty variable counts as not set here too.
        AdminApi::new(if self.admin_url.is_empty() { DEFAULT_URL } else { &self.admin_url }, token)
    }
}

impl ApiArgs {
    /// The client, with the token from the file or the environment.
    pub(crate) fn connect(&self, environment: &Environment) -> anyhow::Result<AdminApi> {
        self.admin.connect(environment)
    }

    /// Prints an answer: unchanged for machines, or as `for_people` formats it.
    pub(crate) fn print<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        for_people: impl FnOnce(T) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            say(&answer.text);
        } else {
            say(&for_people(answer.read()?));
        }
        Ok(())
    }

    /// Reports success of a call that has no answer to print. Machines have the exit code.
    pub(crate) fn done(&self, sentence: &str) {
        if !self.json {
            say(sentence);
        }
    }
}

/// Calls the admin API of one host with one token.
pub(crate) struct AdminApi {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretText>,
}

impl AdminApi {
    /// A client for the API at `base`.
    pub(crate) fn new(base: &str, token: Option<SecretText>) -> anyhow::Result<Self> {
        let base = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                ConfigError::new(format!(
                    "FLOWHOST_URL is not an http(s) URL, for example {DEFAULT_URL}"
                ))
            })?;
        // No redirects, because the token is for this host only. No proxy, because the admin API is
        // internal and an outside proxy can't reach it.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIME)
            .build()?;
        Ok(Self { http, base, token })
    }

    /// Calls a route without a body. `names` fill its path in order.
    pub(crate) async fn call(&self, route: Route, names: &[&str]) -> anyhow::Result<Answer> {
        self.answer(self.request(route, names)?.timeout(CALL_TIME)).await
    }

    /// Calls a route with a query.
    pub(crate) async fn call_with(
        &self,
        route: Route,
        names: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Answer> {
        self.answer(self.request_with(route, names, query)?.timeout(CALL_TIME)).await
    }

    /// Calls a route with a JSON body.
    pub(crate) async fn send(
        &self,
        route: Route,
        names: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<Answer> {
        self.answer(self.request(route, names)?.timeout(CALL_TIME).json(body)).await
    }

    /// Uploads a component; the host compiles it before it answers.
    pub(crate) async fn upload(
        &self,
        names: &[&str],
        component: Vec<u8>,
        query: &UploadQuery,
    ) -> anyhow::Result<Answer> {
        let request =
            self.request_with(Route::UploadVersion, names, &pairs_of(query)?)?.timeout(UPLOAD_TIME);
        self.answer(request.header("content-type", "application/wasm").body(component)).await
    }

    /// Puts the Flow JSON of a tenant's flow, as it is. Asks for the notes on it
    /// (`return=representation`).
    pub(crate) async fn put_flow_json(
        &self,
        names: [&str; 2],
        document: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        self.put_document(Route::PutFlowJson, &names, document).await
    }

    /// Like [`Self::put_flow_json`], for a version of the flow's plugin.
    pub(crate) async fn put_version_flow_json(
        &self,
        [tenant, flow]: [&str; 2],
        version: i32,
        document: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        let names = [tenant, flow, &version.to_string()];
        self.put_document(Route::PutVersionFlowJson, &names, document).await
    }

    async fn put_document(
        &self,
        route: Route,
        names: &[&str],
        document: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        let request = self.request(route, names)?.timeout(UPLOAD_TIME);
        let request = request
            .header("content-type", "application/json")
            .header("prefer", "return=representation");
        self.answer(request.body(document)).await
    }

    fn request(&self, route: Route, names: &[&str]) -> anyhow::Result<RequestBuilder> {
        self.request_with(route, names, NO_QUERY)
    }

    fn request_with(
        &self,
        route: Route,
        names: &[&str],
        query: &[(impl AsRef<str>, String)],
    ) -> anyhow::Result<RequestBuilder> {
        let mut url = self.url(route, names)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let method = Method::from_bytes(route.method().as_str().as_bytes())?;
        Ok(self.http.request(method, url))
    }

    /// Each segment is encoded, so a name with a slash in it can't reach another resource.
    fn url(&self, route: Route, names: &[&str]) -> Result<Url, ConfigError> {
        if let Some(bad) = names.iter().find(|name| matches!(**name, "" | "." | "..")) {
            return Err(ConfigError::new(format!("{bad:?} is not a name")));
        }
        let segments = route.segments(names);
        let segments = segments.ok_or_else(|| {
            ConfigError::new(format!("{} does not have {} names", route.path(), names.len()))
        })?;
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ConfigError::new("FLOWHOST_URL can't have a path"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Calls a route whose answer is endless: server-sent events.
    pub(crate) async fn follow(
        &self,
        route: Route,
        names: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Events> {
        let response = self.response(self.request_with(route, names, query)?).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Events { response, unread: Vec::new() });
        }
        let text = response.text().await.map_err(|error| self.no_answer(error))?;
        Err(refusal(status, &text).into())
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = self.response(request).await?;
        let status = response.status();
        let text = response.text().await.map_err(|error| self.no_answer(error))?;
        if status.is_success() {
            Ok(Answer { status, text })
        } else {
            Err(refusal(status, &text).into())
        }
    }

    async fn response(&self, request: RequestBuilder) -> Result<Response, ApiError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        request.send().await.map_err(|error| self.no_answer(error))
    }

    fn no_answer(&self, error: reqwest::Error) -> ApiError {
        let url = self.base.origin().ascii_serialization();
        let failure = if error.is_timeout() && !error.is_connect() {
            ApiError::TooSlow
        } else {
            ApiError::Unreachable
        };
        failure(url, error.without_url())
    }
}

/// Server-sent events, read as they arrive.
pub(crate) struct Events {
    response: Response,
    unread: Vec<u8>,
}

impl Events {
    /// The data of the next event; `None` when the host ends the stream or the connection breaks.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                // Comments and ids are skipped; the host writes each event's data on one line.
                if let Some(data) = String::from_utf8_lossy(&line).trim_end().strip_prefix("data: ")
                {
                    return Some(data.to_owned());
                }
            }
            self.unread.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }
}

/// The admin API's answer to a successful call.
pub(crate) struct Answer {
    /// 200, 201 or 204.
    pub(crate) status: StatusCode,
    /// The body as received.
    pub(crate) text: String,
}

impl Answer {
    /// Parses the body.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.text).map_err(ApiError::NotUnderstood)
    }
}

/// Why a call to the admin API failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No connection.
    #[error(
        "no host answers at {0}: start one with `flowhost dev`, or set FLOWHOST_URL to the admin URL of yours"
    )]
    Unreachable(String, #[source] reqwest::Error),
    /// A connection, but no answer in time.
    #[error("{0} did not answer in time")]
    TooSlow(String, #[source] reqwest::Error),
    /// No token, or an invalid one.
    #[error(
        "the host refused the token: set FLOWHOST_TOKEN (`flowhost dev` keeps one in .flowhost/secrets/admin-token), or use --token-file"
    )]
    Unauthorized,
    /// An error that the API explained.
    #[error("{1}")]
    Refused(StatusCode, String),
    /// The answer is not one of the admin API.
    #[error(
        "the answer is not understood: is FLOWHOST_URL the admin URL of a Flowhost of this version?"
    )]
    NotUnderstood(#[source] serde_json::Error),
}

/// The status of the API's refusal, if the error is one.
pub(crate) fn answered(error: &anyhow::Error) -> Option<StatusCode> {
    match error.downcast_ref() {
        Some(ApiError::Refused(status, _)) => Some(*status),
        _ => None,
    }
}

fn refusal(status: StatusCode, body: &str) -> ApiError {
    if status == StatusCode::UNAUTHORIZED {
        return ApiError::Unauthorized;
    }
    let problem: Problem = serde_json::from_str(body).unwrap_or_default();
    let title = problem.title.unwrap_or_else(|| format!("the host answered {status}"));
    let text = match problem.detail {
        Some(detail) => format!("{title}: {detail}"),
        None => title,
    };
    // A detail may have several lines, such as a list of what a plugin asks for. Other control
    // characters are replaced.
    ApiError::Refused(status, text.lines().map(printable).collect::<Vec<_>>().join("\n"))
}

/// A query's parameters, with those that are set.
fn pairs_of(query: &UploadQuery) -> anyhow::Result<Vec<(String, String)>> {
    let set: serde_json::Map<String, Value> = serde_json::from_value(serde_json::to_value(query)?)?;
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(set.into_iter().map(|(name, value)| (name, text(value))).collect())
}

const NO_QUERY: &[(&str, String)] = &[];

/// Where `flowhost serve` and `flowhost dev` have the admin API.
const DEFAULT_URL: &str = "http://127.0.0.1:8081";

const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Longer than any call takes that is not an upload.
const CALL_TIME: Duration = Duration::from_secs(30);

/// Compiling may take 60 s of CPU time and wait for its turn, and the transfer comes on top.
const UPLOAD_TIME: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> AdminApi {
        AdminApi::new("http://127.0.0.1:1", None).unwrap()
    }

    #[test]
    fn a_name_can_not_reach_another_resource() {
        let url = api().url(Route::ListFlows, &["a/../b?c#d"]).unwrap();

        assert_eq!(url.path(), "/v1/tenants/a%2F..%2Fb%3Fc%23d/flows");
        for bad in ["", ".", ".."] {
            assert!(api().url(Route::ShowTenant, &[bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_in_front_of_the_api_is_kept() {
        for base in ["https://example.com/flowhost", "https://example.com/flowhost/"] {
            let url = AdminApi::new(base, None).unwrap().url(Route::ListTenants, &[]).unwrap();
            assert_eq!(url.as_str(), "https://example.com/flowhost/v1/tenants");
        }
    }

    #[test]
    fn a_bad_url_is_bad_configuration() {
        for bad in ["127.0.0.1:8081", "ftp://example.com", "nonsense", "unix:/run/x"] {
            let Err(error) = AdminApi::new(bad, None) else { panic!("{bad} must be refused") };
            assert!(error.is::<ConfigError>(), "{bad}");
        }
    }

    #[tokio::test]
    async fn says_where_it_tried_and_what_to_set_when_nobody_answers() {
        let Err(error) = api().call(Route::ListTenants, &[]).await else {
            panic!("nothing listens on port 1")
        };

        let text = error.to_string();
        assert!(text.contains("http://127.0.0.1:1") && text.contains("FLOWHOST_URL"), "{text}");
    }

    #[test]
    fn problems_show_title_and_detail() {
        let body = r#"{"type":"about:blank","title":"Conflict","status":409,"detail":"tenant acme exists"}"#;

        assert_eq!(refusal(StatusCode::CONFLICT, body).to_string(), "Conflict: tenant acme exists");
        assert_eq!(
            refusal(StatusCode::BAD_GATEWAY, "<html>").to_string(),
            "the host answered 502 Bad Gateway"
        );
        assert!(refusal(StatusCode::UNAUTHORIZED, body).to_string().contains("FLOWHOST_TOKEN"));
    }
}
