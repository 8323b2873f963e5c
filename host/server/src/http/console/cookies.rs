//! The two cookies: who looks, and what the next page says first.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use cookie::{Cookie, SameSite};

use super::super::AdminState;
use crate::config::Console;

/// What the browser holds that signed in.
pub(super) fn session_of(headers: &HeaderMap) -> Option<String> {
    value_of(headers, SESSION)
}

/// The header that gives it to the browser, until the browser is closed.
pub(super) fn set_session(value: &str) -> HeaderValue {
    header_of(Cookie::new(SESSION, value.to_owned()))
}

/// The header that takes it away.
pub(super) fn forget_session() -> HeaderValue {
    header_of(gone(SESSION))
}

/// What the page is to say first, because the one before was left for it.
pub(super) fn notice_of(headers: &HeaderMap) -> Option<String> {
    let written = value_of(headers, NOTICE)?;
    let text = hex::decode(written).ok()?;
    String::from_utf8(text).ok()
}

/// The header that makes the next page say this.
pub(super) fn set_notice(text: &str) -> HeaderValue {
    // In hexadecimal: a cookie takes no spaces, and no letters but English ones.
    let mut cookie = Cookie::new(NOTICE, hex::encode(text));
    cookie.set_max_age(time::Duration::try_from(NOTICE_HOLDS_FOR).ok());
    header_of(cookie)
}

/// Takes a notice away from the browser with the page that has shown it.
pub(super) async fn forget_notice(request: Request, next: Next) -> Response {
    let is_shown = request.method() == Method::GET && notice_of(request.headers()).is_some();
    let mut response = next.run(request).await;
    if is_shown && response.status().is_success() {
        response.headers_mut().append(header::SET_COOKIE, header_of(gone(NOTICE)));
    }
    response
}

/// On a host for development, lets browsers on this machine sign in that take no `Secure` cookie over
/// plain HTTP: they get, and send, each cookie under a plain name as well.
pub(super) async fn on_this_machine(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    if state.console != Console::ForDevelopment || !is_for_this_machine(request.headers()) {
        return next.run(request).await;
    }
    let headers = request.headers_mut();
    for name in [SESSION, NOTICE] {
        if value_of(headers, name).is_none()
            && let Some(value) = value_of(headers, plain(name))
            && let Ok(pair) = HeaderValue::try_from(format!("{name}={value}"))
        {
            headers.append(header::COOKIE, pair);
        }
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let plain_ones: Vec<_> = set.filter_map(without_tls).collect();
    for cookie in plain_ones {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// The same cookie for a browser that does not take it as it is.
fn without_tls(set: &str) -> Option<HeaderValue> {
    let mut cookie = Cookie::parse(set).ok()?;
    let name = plain(cookie.name()).to_owned();
    cookie.set_name(name);
    cookie.set_secure(false);
    HeaderValue::try_from(cookie.to_string()).ok()
}

fn plain(name: &str) -> &str {
    name.strip_prefix("__Host-").unwrap_or(name)
}

/// Whether the browser asked for this machine by the address that leads nowhere else.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let name = host.and_then(|host| host.parse::<Authority>().ok());
    name.is_some_and(|name| match name.host() {
        "localhost" | "[::1]" => true,
        host => host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
    })
}

fn value_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let written = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = written.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = Cookie::new(name, "");
    cookie.set_max_age(time::Duration::ZERO);
    cookie
}

/// `__Host-` makes browsers refuse the cookie unless it is the whole host's, and came over TLS or
/// from this machine. Scripts don't see it, and no other site's pages make a browser send it.
fn header_of(mut cookie: Cookie<'_>) -> HeaderValue {
    cookie.set_path("/");
    cookie.set_secure(true);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    HeaderValue::try_from(cookie.to_string()).expect("names and values are visible ASCII")
}

const SESSION: &str = "__Host-flowhost-console";
const NOTICE: &str = "__Host-flowhost-notice";

/// For a page that follows at once.
const NOTICE_HOLDS_FOR: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_was_said() {
        let set = set_notice("Täglich; \"3\" = ok");
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let headers = HeaderMap::from_iter([(header::COOKIE, pair.parse().unwrap())]);

        assert_eq!(notice_of(&headers).unwrap(), "Täglich; \"3\" = ok");
        assert_eq!(session_of(&headers), None);
    }

    #[test]
    fn a_cookie_without_tls_differs_in_nothing_else() {
        for set in [set_session("fhc_x"), set_notice("x"), forget_session()] {
            let set = set.to_str().unwrap();
            let expected = set.replace("__Host-", "").replace(" Secure;", "");
            assert_eq!(without_tls(set).unwrap(), *expected);
        }
    }

    #[test]
    fn this_machine_is_known_by_its_loopback_addresses_alone() {
        for (host, is_here) in [
            ("127.0.0.1:8081", true),
            ("127.8.9.1", true),
            ("localhost:1", true),
            ("[::1]:8081", true),
            ("flows.example", false),
            ("localhost.example:8081", false),
            ("127.0.0.1.example", false),
            ("10.0.0.1:8081", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(is_for_this_machine(&headers), is_here, "{host}");
        }
        assert!(!is_for_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn the_session_is_for_this_host_and_its_own_pages() {
        assert_eq!(
            set_session("fhc_x").to_str().unwrap(),
            "__Host-flowhost-console=fhc_x; HttpOnly; SameSite=Strict; Secure; Path=/"
        );
    }
}
