//! The errors of failed requests. The plugin learns what its author can use; no error contains an
//! address, a URL or a header.

use std::error::Error;
use std::io;

use super::clients::CONNECT_TIME;
use super::resolver::{LOOKUP_TIME, ResolveError};
use flowhost_runtime::plugins::OutboundError;

/// Why a request to `host` failed. In development it says which switch helps.
pub(super) fn failure(error: &reqwest::Error, host: &str, in_development: bool) -> OutboundError {
    let advice = |switch: &str| match in_development {
        true => format!(
            "; a server of yours answers in its place with `flowhost dev --mock {host}=http://127.0.0.1:PORT`{switch}"
        ),
        false => String::new(),
    };
    let unreachable =
        |why: String| OutboundError::Unreachable(format!("{host} {why}{}", advice("")));
    match cause::<ResolveError>(error) {
        Some(ResolveError::Refused) => {
            return OutboundError::NotGranted(format!(
                "{host} is at an address that is not public: this host connects to no such address{}",
                advice(", and `--allow-private-egress` lets requests go there")
            ));
        }
        Some(ResolveError::Late) => {
            return unreachable(format!("was not looked up within {} s", LOOKUP_TIME.as_secs()));
        }
        Some(ResolveError::NoAddress) => return unreachable("has no address".to_owned()),
        None => (),
    }
    let kind = cause::<io::Error>(error).map(innermost_kind);
    if error.is_timeout() && error.is_connect() {
        unreachable(format!("takes no connection within {} s", CONNECT_TIME.as_secs()))
    } else if error.is_timeout() {
        OutboundError::Timeout
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        unreachable("refuses connections".to_owned())
    } else if error.is_connect() && kind == Some(io::ErrorKind::InvalidData) {
        let why = "has no certificate that is valid for it, or speaks no TLS";
        let advice = advice(", and `--ca FILE` trusts a certificate of your own");
        OutboundError::Unreachable(format!("{host} {why}{advice}"))
    } else if error.is_connect() {
        unreachable("can't be connected to".to_owned())
    } else {
        unreachable("broke the connection, or its answer is no HTTP".to_owned())
    }
}

/// The kind of the innermost error. The TLS layer wraps its error in another one that says nothing.
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or(error.kind(), innermost_kind)
}

/// The first error of type `E` in the chain.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
