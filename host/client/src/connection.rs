//! Explains failed connections to users: the messages of the layers below are written for their
//! authors.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};

/// What went wrong, and what to do about it if that is known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectionFailure(String);

impl ConnectionFailure {
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        Self(words(error))
    }

    pub(super) fn no_such_host() -> Self {
        Self(NO_SUCH_HOST.to_owned())
    }
}

fn words(error: &(dyn Error + 'static)) -> String {
    let causes = causes(error);
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref()) {
        return of_tls(tls);
    }
    if causes.iter().any(|cause| cause.to_string() == "dns error") {
        return NO_SUCH_HOST.to_owned();
    }
    let mut io = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let last = || causes.last().map(ToString::to_string).unwrap_or_default();
    io.find_map(of_io).map_or_else(|| of_http(last()), str::to_owned)
}

/// The HTTP client's error kinds are not public, so only their messages tell them apart.
fn of_http(words: String) -> String {
    match words.as_str() {
        "connection closed before message completed" => CLOSED.to_owned(),
        parsing if parsing.starts_with("invalid HTTP") => "what came back is not HTTP".to_owned(),
        _ => words,
    }
}

/// The error and its causes, the innermost last. An I/O error holds what it wraps inside, not as
/// its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = vec![error];
    while let Some(next) = causes.last().copied().and_then(behind) {
        causes.push(next);
    }
    causes
}

fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

fn of_io(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: is it running, and is the port the right one?"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "no network leads there from this machine"
        }
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => CLOSED,
        _ => return None,
    })
}

fn of_tls(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(flaw) => of_certificate(flaw),
        TlsError::InvalidMessage(_) => {
            "it doesn't speak TLS: should the URL begin with http://?".to_owned()
        }
        TlsError::PeerIncompatible(_)
        | TlsError::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it speaks no version or cipher of TLS that is safe: 1.2 or 1.3 is due".to_owned()
        }
        TlsError::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => "it asks for a client's certificate, and this client has none".to_owned(),
        TlsError::AlertReceived(alert) => {
            format!("it ended the TLS handshake ({})", spaced(&format!("{alert:?}")))
        }
        _ => "the TLS handshake failed".to_owned(),
    }
}

fn of_certificate(flaw: &CertificateError) -> String {
    let what = match flaw {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host name than the URL's"
        }
        CertificateError::Revoked => "its certificate was revoked",
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            SELF_SIGNED_AUTHORITY
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => UNTRUSTED,
        _ => "its certificate is not one that can be checked",
    };
    format!("{what}. Meta takes only a certificate that a public authority signed")
}

/// Turns `HandshakeFailure` into words.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

const NO_SUCH_HOST: &str = "there is no such host name, or no name server answers";

const CLOSED: &str = "it closed the connection before its answer was complete; http in the place of https, or the reverse, looks so too";

const UNTRUSTED: &str = "its certificate was signed by nobody whom this machine trusts: it is self-signed, or an authority's of your \
    own. To call it all the same, name a file with that authority's certificate, or with the self-signed one, in SSL_CERT_FILE";

/// `openssl req -x509` makes such certificates by default.
const SELF_SIGNED_AUTHORITY: &str = "its certificate is self-signed and an authority's, which no server may have. Make it with \
    `-addext basicConstraints=critical,CA:FALSE`, and to call it all the same name its file in SSL_CERT_FILE";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: TlsError) -> String {
        words(&io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    #[test]
    fn a_certificate_is_described_with_what_to_do() {
        for (flaw, part) in [
            (CertificateError::UnknownIssuer, "SSL_CERT_FILE"),
            (CertificateError::BadSignature, "SSL_CERT_FILE"),
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "another host name"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "can be checked"),
        ] {
            let words = of(TlsError::InvalidCertificate(flaw));
            assert!(words.contains(part) && words.contains("public authority"), "{words}");
        }
    }

    #[test]
    fn a_handshake_that_fails_is_described() {
        for (error, part) in [
            (TlsError::AlertReceived(AlertDescription::ProtocolVersion), "1.2 or 1.3"),
            (
                TlsError::AlertReceived(AlertDescription::CertificateRequired),
                "client's certificate",
            ),
            (TlsError::AlertReceived(AlertDescription::HandshakeFailure), "(handshake failure)"),
            (TlsError::HandshakeNotComplete, "handshake failed"),
        ] {
            assert!(of(error).contains(part), "{part}");
        }
    }

    #[test]
    fn a_connection_that_fails_is_described_and_the_rest_said_as_it_is() {
        let of = |kind: io::ErrorKind| words(&io::Error::from(kind));

        assert!(of(io::ErrorKind::ConnectionRefused).contains("nothing listens"));
        assert!(of(io::ErrorKind::ConnectionReset).contains("closed the connection"));
        assert!(of(io::ErrorKind::NetworkUnreachable).contains("no network"));
        assert!(
            words(&io::Error::other("connection closed before message completed"))
                .contains("closed the connection")
        );
        assert_eq!(
            words(&io::Error::other("invalid HTTP version parsed")),
            "what came back is not HTTP"
        );
        assert_eq!(words(&io::Error::other("a strange thing")), "a strange thing");
    }
}
