//! The two cookies: who looks, and what the next page says first.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use cookie::{Cookie, SameSite};

use super::super::{AdminState, Console};

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

/// On a host for development, names the cookies of browsers on this machine after its port, since hosts
/// on other ports would share them. And lets browsers sign in that take no `Secure` cookie over plain
/// HTTP: they get, and send, each cookie under a plain name as well.
pub(super) async fn on_this_machine(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    let port = match state.console {
        Console::ForDevelopment => port_here(request.headers()),
        Console::Off | Console::On => None,
    };
    let Some(port) = port else { return next.run(request).await };
    let headers = request.headers_mut();
    let sent = [SESSION, NOTICE].map(|name| {
        let named = format!("{name}-{port}");
        let value = value_of(headers, &named).or_else(|| value_of(headers, plain(&named)))?;
        HeaderValue::try_from(format!("{name}={value}")).ok()
    });
    headers.remove(header::COOKIE);
    for pair in sent.into_iter().flatten() {
        headers.append(header::COOKIE, pair);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<_> = set.flat_map(|set| named_after(set, port)).collect();
    headers.remove(header::SET_COOKIE);
    for cookie in named {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// A cookie with the port in its name, and the same for a browser that does not take it like that.
fn named_after(set: &str, port: u16) -> Vec<HeaderValue> {
    let Ok(mut cookie) = Cookie::parse(set) else { return Vec::new() };
    cookie.set_name(format!("{}-{port}", cookie.name()));
    let mut other = cookie.clone();
    other.set_name(plain(cookie.name()).to_owned());
    other.set_secure(false);
    let header = |cookie: &Cookie<'_>| HeaderValue::try_from(cookie.to_string()).ok();
    [cookie, other].iter().filter_map(header).collect()
}

fn plain(name: &str) -> &str {
    name.strip_prefix("__Host-").unwrap_or(name)
}

/// The port, if the browser asked for this machine by an address that leads nowhere else.
fn port_here(headers: &HeaderMap) -> Option<u16> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let is_here = match host.host() {
        "localhost" | "[::1]" => true,
        name => name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
    };
    is_here.then(|| host.port_u16().unwrap_or(80))
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
    fn a_cookie_for_development_differs_in_its_name_and_once_in_secure() {
        for set in [set_session("fhc_x"), set_notice("x"), forget_session()] {
            let set = set.to_str().unwrap();
            let named = set.replacen('=', "-8081=", 1);
            let plain = named.replace("__Host-", "").replace(" Secure;", "");
            assert_eq!(named_after(set, 8081), [named.as_str(), plain.as_str()]);
        }
    }

    #[test]
    fn this_machine_is_known_by_its_loopback_addresses_alone() {
        for (host, port) in [
            ("127.0.0.1:8081", Some(8081)),
            ("127.8.9.1", Some(80)),
            ("localhost:1", Some(1)),
            ("[::1]:8081", Some(8081)),
            ("flows.example", None),
            ("localhost.example:8081", None),
            ("127.0.0.1.example", None),
            ("10.0.0.1:8081", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(port_here(&headers), port, "{host}");
        }
        assert_eq!(port_here(&HeaderMap::new()), None);
    }

    #[test]
    fn the_session_is_for_this_host_and_its_own_pages() {
        assert_eq!(
            set_session("fhc_x").to_str().unwrap(),
            "__Host-flowhost-console=fhc_x; HttpOnly; SameSite=Strict; Secure; Path=/"
        );
    }
}
