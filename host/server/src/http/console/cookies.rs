//! The two cookies: who looks, and what the next page says first.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use cookie::{Cookie, SameSite};

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
    fn the_session_is_for_this_host_and_its_own_pages() {
        assert_eq!(
            set_session("fhc_x").to_str().unwrap(),
            "__Host-flowhost-console=fhc_x; HttpOnly; SameSite=Strict; Secure; Path=/"
        );
    }
}
