//! Checks a guest's request and makes it ready to send: what it may contain, where it may go, which
//! secrets it gets.

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use super::placeholders::{FillError, fill, has_placeholder};
use crate::plugins::wit::v1::http::{Error, Request};
use crate::plugins::{OutboundError, OutboundHeader, OutboundRequest, granted_host};
use flowhost_protocol::flow::{Capabilities, FlowConfig, HttpHost};

/// What a call may use.
pub(super) struct Allowance<'a> {
    /// The hosts that requests may go to.
    pub capabilities: &'a Arc<Capabilities>,
    pub config: &'a FlowConfig,
    /// The longest time for the request.
    pub(crate) time_left: Duration,
    /// The most bytes of the response's body.
    pub max_response_bytes: usize,
}

/// Checks a request and fills in its secrets. Errors name hosts, headers and secrets, but never
/// values.
pub(super) fn prepare(
    request: Request,
    allowance: &Allowance<'_>,
) -> Result<OutboundRequest, Error> {
    let url = parse_url(&request.url)?;
    let host = granted_host(&url, allowance.capabilities)?;
    check_method(&request.method)?;
    let headers = headers(request.headers, allowance.config, &host)?;
    let (body, secret_body) = body(request.body, allowance.config, &host)?;
    let has_secrets = secret_body || headers.iter().any(|header| header.secret);
    if has_secrets && url.scheme() != "https" {
        return bad(
            "secrets travel by https only; `flowhost dev --mock` answers an https URL with a plain server of yours",
        );
    }
    let asked = request.timeout_ms.map_or(Duration::MAX, |ms| Duration::from_millis(ms.into()));
    Ok(OutboundRequest {
        method: request.method,
        url,
        headers,
        body,
        secret_body,
        time_limit: asked.min(allowance.time_left),
        max_response_bytes: allowance.max_response_bytes,
        allowed: allowance.capabilities.clone(),
    })
}

fn parse_url(text: &str) -> Result<Url, Error> {
    if text.len() > MAX_URL_BYTES {
        return bad(&format!("the URL has {} bytes; it may have {MAX_URL_BYTES}", text.len()));
    }
    // The parser would drop line ends and tabs, and read `\` as `/`. No honest request needs a URL
    // that looks like one and is another.
    if text.chars().any(|char| char.is_control() || char.is_whitespace() || char == '\\') {
        return bad("the URL has white space, control characters or a backslash in it");
    }
    if has_placeholder(text.as_bytes()) {
        return bad("a secret can't be in a URL: URLs are logged on their way");
    }
    let url = Url::parse(text)
        .map_err(|error| Error::BadRequest(format!("the URL can't be read: {error}")))?;
    if url.fragment().is_some() {
        return bad("the URL has a fragment, which is never sent");
    }
    Ok(url)
}

fn check_method(method: &str) -> Result<(), Error> {
    let well_formed =
        !method.is_empty() && method.len() <= MAX_METHOD_BYTES && method.bytes().all(is_token);
    if !well_formed {
        return bad(&format!("the method is not a word of 1 to {MAX_METHOD_BYTES} letters"));
    }
    // `CONNECT` would ask for a tunnel; `TRACE` sends back the request, secrets included.
    if ["CONNECT", "TRACE"].iter().any(|forbidden| method.eq_ignore_ascii_case(forbidden)) {
        return bad(&format!("the method {} can't be used", method.to_ascii_uppercase()));
    }
    Ok(())
}

fn headers(
    given: Vec<(String, String)>,
    config: &FlowConfig,
    host: &HttpHost,
) -> Result<Vec<OutboundHeader>, Error> {
    if given.len() > MAX_HEADERS {
        return bad(&format!("there are {} headers; there may be {MAX_HEADERS}", given.len()));
    }
    let mut left = MAX_HEADER_BYTES;
    let mut headers = Vec::with_capacity(given.len());
    for (name, value) in given {
        let header = header(name, value, config, host)?;
        let Some(rest) = left.checked_sub(header.name.len() + header.value.len()) else {
            return bad(&format!("the headers have more than {MAX_HEADER_BYTES} bytes"));
        };
        left = rest;
        headers.push(header);
    }
    Ok(headers)
}

fn header(
    name: String,
    value: String,
    config: &FlowConfig,
    host: &HttpHost,
) -> Result<OutboundHeader, Error> {
    let name = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > MAX_HEADER_NAME_BYTES || !name.bytes().all(is_token) {
        return bad("a header's name is empty, too long, or not a word");
    }
    if FORBIDDEN_HEADERS.contains(&name.as_str()) || name.starts_with("proxy-") {
        return bad(&format!("the header {name} is the host's to set"));
    }
    let in_header = |error: FillError| match error {
        FillError::Unbound(..) => Error::NotGranted(error.to_string()),
        error => Error::BadRequest(format!("the header {name}: {error}")),
    };
    let filled =
        fill(value.as_bytes(), &config.secrets, host, MAX_HEADER_BYTES).map_err(in_header)?;
    let secret = filled.is_some();
    // Checked after filling in, since a secret could have a line end in it.
    let value = Zeroizing::new(match filled {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => value,
    });
    if !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
        return bad(&format!(
            "the header {name} has line ends, control characters or letters beyond ASCII in it"
        ));
    }
    Ok(OutboundHeader { name, value, secret })
}

fn body(given: Vec<u8>, config: &FlowConfig, host: &HttpHost) -> Result<(Vec<u8>, bool), Error> {
    if given.len() > MAX_BODY_BYTES {
        return bad(&format!("the body has {} bytes; it may have {MAX_BODY_BYTES}", given.len()));
    }
    match fill(&given, &config.secrets, host, MAX_BODY_BYTES) {
        Ok(Some(mut filled)) => Ok((std::mem::take(&mut *filled), true)),
        Ok(None) => Ok((given, false)),
        Err(error @ FillError::Unbound(..)) => Err(Error::NotGranted(error.to_string())),
        Err(error) => bad(&format!("the body: {error}")),
    }
}

impl From<OutboundError> for Error {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::BadRequest(why) => Self::BadRequest(why),
            OutboundError::NotGranted(why) => Self::NotGranted(why),
            OutboundError::Timeout => Self::Timeout,
            OutboundError::TooLarge => Self::TooLarge,
            OutboundError::Unreachable(why) => Self::Unreachable(why),
        }
    }
}

fn bad<T>(why: &str) -> Result<T, Error> {
    Err(Error::BadRequest(why.to_owned()))
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Headers of the connection, and headers that could contradict the URL or the body.
const FORBIDDEN_HEADERS: [&str; 13] = [
    "accept-encoding",
    "alt-used",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What servers accept at least (RFC 9110 section 4.1 recommends 8,000).
const MAX_URL_BYTES: usize = 8_000;

/// `VERSION-CONTROL` has 15.
const MAX_METHOD_BYTES: usize = 16;

/// Servers accept 8 to 16 KiB and 100 headers by default.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;
const MAX_HEADER_NAME_BYTES: usize = 128;

/// Within what a guest can hand over in one host call.
const MAX_BODY_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::flow::BoundSecret;

    #[test]
    fn an_ordinary_request_passes_as_it_is() {
        let mut request = get("https://api.example.com/v1/slots?day=1");
        request.headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        request.timeout_ms = Some(1_500);

        let ready = prepared(request).unwrap();

        assert_eq!(ready.url.as_str(), "https://api.example.com/v1/slots?day=1");
        assert_eq!(
            (ready.headers[0].name.as_str(), ready.headers[0].value.as_str()),
            ("accept", "application/json")
        );
        assert_eq!(ready.time_limit, Duration::from_millis(1_500));
        assert!(!ready.secret_body && !ready.headers[0].secret);
        assert_eq!(
            prepared(get("https://api.example.com/")).unwrap().time_limit,
            Duration::from_secs(5),
            "what is left"
        );
    }

    #[test]
    fn secrets_are_filled_in_towards_their_hosts_and_by_https_only() {
        let with_key = |url: &str| Request {
            headers: vec![("authorization".to_owned(), "Bearer {{secret:key}}".to_owned())],
            body: b"{\"key\":\"{{secret:key}}\"}".to_vec(),
            ..get(url)
        };
        let ready = prepared(with_key("https://api.example.com/")).unwrap();
        assert_eq!(
            (ready.headers[0].value.as_str(), ready.headers[0].secret),
            ("Bearer s3cret", true)
        );
        assert_eq!(
            (ready.body.as_slice(), ready.secret_body),
            (b"{\"key\":\"s3cret\"}".as_slice(), true)
        );

        for (url, named) in [
            ("https://other.example.com/", "the secret key is not bound to other.example.com:443"),
            ("http://api.example.com/", "https only"),
            ("https://api.example.com/?key={{secret:key}}", "URL"),
        ] {
            let error = refused(with_key(url));
            assert!(error.contains(named) && !error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_secret_with_a_line_end_makes_no_header() {
        let error = refused(Request {
            headers: vec![("x".to_owned(), "{{secret:pem}}".to_owned())],
            ..get("https://api.example.com/")
        });
        assert!(error.contains("header x") && !error.contains("BEGIN"), "{error}");
    }

    #[test]
    fn requests_that_are_none_are_refused_with_the_reason() {
        let header = |name: &str, value: &str| Request {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..get("https://api.example.com/")
        };
        let method =
            |method: &str| Request { method: method.to_owned(), ..get("https://api.example.com/") };
        for (request, named) in [
            (get("api.example.com"), "URL"),
            (get("https://api.example.com/#a"), "fragment"),
            (get("https://api.example.com/\r\nX: y"), "white space"),
            (get("https://api.exam\nple.com/"), "white space"),
            (get("https://evil.example.com\\@api.example.com/"), "backslash"),
            (get(&format!("https://api.example.com/{}", "a".repeat(8_000))), "8000"),
            (method(""), "method"),
            (method("GET /x HTTP/1.1\r\nHost:"), "method"),
            (method("connect"), "CONNECT"),
            (method("TRACE"), "TRACE"),
            (header("", "x"), "name"),
            (header("a b", "x"), "name"),
            (header("a\r\nb", "x"), "name"),
            (header("x", "a\r\nHost: evil.example.com"), "line ends"),
            (header("x", "a\0"), "control"),
            (header("x", "{{secret:nobody}}"), "there is no secret nobody"),
            (
                Request { body: b"{{secret:x".to_vec(), ..get("https://api.example.com/") },
                "{{secret:NAME}}",
            ),
            (
                Request { body: vec![0; MAX_BODY_BYTES + 1], ..get("https://api.example.com/") },
                "1048577",
            ),
            (
                Request {
                    headers: vec![("x".to_owned(), String::new()); 65],
                    ..get("https://api.example.com/")
                },
                "65",
            ),
            (header("x", &"a".repeat(16 << 10)), "16384"),
        ] {
            let error = refused(request);
            assert!(error.contains(named), "{named}: {error}");
        }
        for name in
            FORBIDDEN_HEADERS.into_iter().chain(["Host", "Proxy-Authorization", "proxy-anything"])
        {
            assert!(refused(header(name, "x")).contains(&name.to_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn a_body_full_of_placeholders_stays_within_the_limit() {
        let request =
            Request { body: b"{{secret:large}}".repeat(1_000), ..get("https://api.example.com/") };
        assert!(refused(request).contains("too large"));
    }

    fn get(url: &str) -> Request {
        Request {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
        }
    }

    fn refused(request: Request) -> String {
        match prepared(request) {
            Err(Error::BadRequest(why) | Error::NotGranted(why)) => why,
            Err(other) => format!("{other:?}"),
            Ok(_) => panic!("it was not refused"),
        }
    }

    fn prepared(request: Request) -> Result<OutboundRequest, Error> {
        let hosts = ["api.example.com:443", "api.example.com:80", "other.example.com:443"];
        let http = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let bound = |value: &str| BoundSecret {
            value: Zeroizing::new(value.to_owned()),
            hosts: vec![
                "api.example.com:443".parse().unwrap(),
                "api.example.com:80".parse().unwrap(),
            ],
        };
        let secrets = [
            ("key".to_owned(), bound("s3cret")),
            ("pem".to_owned(), bound("-----BEGIN\n")),
            ("large".to_owned(), bound(&"x".repeat(16 << 10))),
        ];
        let config = FlowConfig { secrets: secrets.into(), ..FlowConfig::default() };
        let allowance = Allowance {
            capabilities: &Arc::new(Capabilities { http, ..Capabilities::default() }),
            config: &config,
            time_left: Duration::from_secs(5),
            max_response_bytes: 1,
        };
        prepare(request, &allowance)
    }
}
