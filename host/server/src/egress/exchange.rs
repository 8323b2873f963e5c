//! One request with its redirects. Each redirect's target is checked like the first URL, and
//! secrets stay with the host that they were meant for.

use reqwest::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::failure::failure;
use super::stand_ins::{InItsPlace, StandInClients};
use flowhost_runtime::plugins::{OutboundError, OutboundHeader, OutboundResponse};

/// How a request leaves.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) client: &'a Client,
    /// Servers in the place of others.
    pub(super) stand_ins: Option<&'a StandInClients>,
}

pub(super) struct Outgoing {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
    secret_body: bool,
}

impl Outgoing {
    /// A request to `url`, which the caller has checked.
    pub(super) fn new(
        method: &str,
        url: Url,
        headers: &[OutboundHeader],
    ) -> Result<Self, OutboundError> {
        let bad = |what: &str| OutboundError::BadRequest(format!("{what} can't be sent"));
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| bad("the method"))?;
        let mut map = HeaderMap::new();
        for OutboundHeader { name, value, secret } in headers {
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("a header's name"))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|_| bad(&format!("the header {name}")))?;
            value.set_sensitive(*secret || CREDENTIALS.contains(&name.as_str()));
            map.append(name, value);
        }
        Ok(Self { method, url, headers: map, body: Vec::new(), secret_body: false })
    }

    pub(super) fn with_body(self, body: Vec<u8>, secret_body: bool) -> Self {
        Self { body, secret_body, ..self }
    }

    /// Sends the request, follows redirects that `check` allows, and reads at most `max_bytes` of
    /// the response's body.
    pub(super) async fn send(
        mut self,
        way: Way<'_>,
        max_bytes: usize,
        check: impl Fn(&Url) -> Result<(), OutboundError>,
    ) -> Result<OutboundResponse, OutboundError> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(way).await?;
            match redirection(&response) {
                None => {
                    let host = self.url.host_str().unwrap_or_default();
                    return read(response, max_bytes, host).await;
                }
                Some(location) => self.follow(response.status(), &location, &check)?,
            }
        }
        Err(OutboundError::Unreachable(format!(
            "it was redirected more than {MAX_REDIRECTS} times"
        )))
    }

    async fn send_once(&self, way: Way<'_>) -> Result<Response, OutboundError> {
        let (mut url, mut headers) = (self.url.clone(), self.headers.clone());
        let (mut client, mut in_its_place) = (way.client, None);
        if let Some(instead) = way.stand_ins.and_then(|all| all.of(&url)) {
            let InItsPlace { url: target, host, client: own } = instead;
            in_its_place = Some(target.origin().ascii_serialization());
            (url, client) = (target, own.unwrap_or(client));
            headers.insert(HOST, host);
        }
        let mut request = client.request(self.method.clone(), url).headers(headers);
        if !self.body.is_empty()
            || [Method::POST, Method::PUT, Method::PATCH].contains(&self.method)
        {
            request = request.body(self.body.clone());
        }
        request.send().await.map_err(|error| {
            let host = self.url.host_str().unwrap_or_default();
            match in_its_place {
                Some(server) => failure(&error, &format!("{server}, in place of {host},"), false),
                None => failure(&error, host, way.stand_ins.is_some()),
            }
        })
    }

    /// Becomes the request that a redirect asks for (RFC 9110 section 15.4). Fails if the redirect
    /// is not allowed.
    fn follow(
        &mut self,
        status: StatusCode,
        location: &str,
        check: impl Fn(&Url) -> Result<(), OutboundError>,
    ) -> Result<(), OutboundError> {
        let mut target = self.url.join(location).map_err(|_| bad_redirect("to what is no URL"))?;
        target.set_fragment(None);
        check(&target).map_err(|error| match error {
            OutboundError::NotGranted(why) => {
                OutboundError::NotGranted(format!("it was redirected, and {why}"))
            }
            OutboundError::BadRequest(why) => bad_redirect(&format!("to where it can't go: {why}")),
            other => other,
        })?;
        if self.url.scheme() == "https" && target.scheme() != "https" {
            return Err(OutboundError::NotGranted(
                "it was redirected from https to http".to_owned(),
            ));
        }
        if changes_to_get(status, &self.method) {
            (self.method, self.body, self.secret_body) = (Method::GET, Vec::new(), false);
            self.headers.remove(CONTENT_TYPE);
        }
        if target.origin() != self.url.origin() {
            self.leave_secrets_behind()?;
        }
        self.url = target;
        Ok(())
    }

    fn leave_secrets_behind(&mut self) -> Result<(), OutboundError> {
        if self.secret_body {
            return Err(OutboundError::NotGranted(
                "it was redirected to another host with a secret in its body".to_owned(),
            ));
        }
        self.headers = self
            .headers
            .iter()
            .filter(|(_, value)| !value.is_sensitive())
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        Ok(())
    }
}

fn bad_redirect(why: &str) -> OutboundError {
    OutboundError::NotGranted(format!("it was redirected {why}"))
}

fn changes_to_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

/// The redirect's target, if the response is a redirect.
fn redirection(response: &Response) -> Option<String> {
    let status = response.status();
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    redirects.then(|| location.to_owned())
}

/// Reads a response whose head has arrived. The body is read in chunks, so that no more than
/// `max_bytes` are in memory.
async fn read(
    mut response: Response,
    max_bytes: usize,
    host: &str,
) -> Result<OutboundResponse, OutboundError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > max_bytes as u64 {
        return Err(OutboundError::TooLarge);
    }
    let status = response.status().as_u16();
    let headers = texts(response.headers())?;
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    while let Some(piece) = response.chunk().await.map_err(|error| failure(&error, host, false))? {
        if body.len() + piece.len() > max_bytes {
            return Err(OutboundError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(OutboundResponse { status, headers, body })
}

/// The headers that are text.
fn texts(headers: &HeaderMap) -> Result<Vec<(String, String)>, OutboundError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MAX_RESPONSE_HEADER_BYTES {
        return Err(OutboundError::TooLarge);
    }
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.to_string(), value.to_str().ok()?.to_owned()))
    };
    Ok(headers.iter().filter_map(text).collect())
}

/// The usual names of headers with credentials. They are treated as secrets even if the plugin
/// wrote them without a placeholder.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-csrf-token"];

/// Honest services need one or two.
const MAX_REDIRECTS: usize = 4;

/// Four times what servers send at most by their defaults.
const MAX_RESPONSE_HEADER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_redirect_to_the_same_host_keeps_everything() {
        let mut request = posting(true);
        request.follow(StatusCode::TEMPORARY_REDIRECT, "/there#part", |_| Ok(())).unwrap();
        assert_eq!(
            (request.url.as_str(), request.method.as_str()),
            ("https://a.example.com/there", "POST")
        );
        assert_eq!((request.headers.len(), request.body.as_slice()), (4, b"body".as_slice()));
    }

    #[test]
    fn another_host_port_or_scheme_gets_no_credentials() {
        for target in ["https://b.example.com/", "https://a.example.com:8443/", "//b.example.com/"]
        {
            let mut request = posting(false);
            request.follow(StatusCode::PERMANENT_REDIRECT, target, |_| Ok(())).unwrap();
            let left: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(left, ["content-type"], "{target}");
            assert_eq!(request.body, b"body");

            let error = posting(true)
                .follow(StatusCode::TEMPORARY_REDIRECT, target, |_| Ok(()))
                .unwrap_err();
            assert!(error.to_string().contains("secret in its body"), "{target}: {error}");
        }
    }

    #[test]
    fn a_redirected_form_becomes_a_get_without_its_body() {
        for status in [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND, StatusCode::SEE_OTHER] {
            let mut request = posting(true);
            request.follow(status, "https://b.example.com/", |_| Ok(())).unwrap();
            assert_eq!(
                (request.method.as_str(), request.body.len(), request.secret_body),
                ("GET", 0, false)
            );
            assert!(request.headers.is_empty(), "{:?}", request.headers.keys());
        }
    }

    #[test]
    fn a_redirect_never_leaves_https_nor_what_is_allowed() {
        let refused = |location: &str| {
            posting(false).follow(StatusCode::FOUND, location, check_b).unwrap_err().to_string()
        };
        for (location, named) in [
            ("http://b.example.com/", "https to http"),
            ("https://c.example.com/", "c.example.com"),
            ("https://[", "no URL"),
        ] {
            assert!(refused(location).contains(named), "{location}: {}", refused(location));
        }
    }

    fn check_b(url: &Url) -> Result<(), OutboundError> {
        let host = url.host_str().unwrap();
        if host == "b.example.com" {
            Ok(())
        } else {
            Err(OutboundError::NotGranted(host.to_owned()))
        }
    }

    fn posting(secret_body: bool) -> Outgoing {
        let header = |name: &str, secret: bool| OutboundHeader {
            name: name.to_owned(),
            value: Zeroizing::new("x".to_owned()),
            secret,
        };
        let headers = [
            header("content-type", false),
            header("authorization", false),
            header("x-key", true),
            header("cookie", false),
        ];
        let url = Url::parse("https://a.example.com/here").unwrap();
        Outgoing::new("POST", url, &headers).unwrap().with_body(b"body".to_vec(), secret_body)
    }
}
