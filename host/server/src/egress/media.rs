//! Files that users picked: where they may be, and how they are verified (`protocol.md` section 6).

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::OwnAddresses;
use flowhost_protocol::crypto::MediaKeys;
use flowhost_runtime::plugins::{MediaError, OutboundError};

/// Where files that users picked may be: with WhatsApp, unless a host is for development.
#[derive(Clone, Debug, Default)]
pub struct MediaOrigins {
    this_machine: bool,
}

impl MediaOrigins {
    /// WhatsApp, and over plain http the loopback addresses of this machine, where `flowhost client`
    /// serves files. Only `flowhost dev` may say so, which `layering.rs` checks.
    pub fn with_this_machine_for_development() -> Self {
        Self { this_machine: true }
    }

    /// Whether files may be on this machine.
    pub fn has_this_machine(&self) -> bool {
        self.this_machine
    }

    /// Checks the URL of a file, which comes from outside. `own` are the addresses of this host,
    /// whose listeners serve no file.
    fn check(&self, url: &Url, own: &OwnAddresses) -> Result<(), OutboundError> {
        if !url.username().is_empty() || url.password().is_some() {
            return not_granted("it names a user");
        }
        match loopback(url) {
            Some(address) if self.this_machine && !own.listens_at(address) => Ok(()),
            _ => check_whatsapp(url),
        }
    }
}

/// Where a file is, and its keys.
pub(super) struct FileReference {
    pub(super) url: Url,
    pub(super) keys: MediaKeys,
}

impl FileReference {
    /// Parses one element of a picker's array. Errors do not repeat its content, which may be a
    /// key.
    pub(super) fn parse(
        json: &str,
        origins: &MediaOrigins,
        own: &OwnAddresses,
    ) -> Result<Self, MediaError> {
        let invalid = |why: &str| MediaError::InvalidReference(why.to_owned());
        let element: Element = serde_json::from_str(json).map_err(|error| {
            // Other errors repeat a value.
            let error = error.to_string();
            let what =
                error.split(" at line ").next().filter(|why| why.starts_with("missing field"));
            let what = what.map(|what| format!(" ({what})")).unwrap_or_default();
            invalid(&format!("it is not an element of a picker's field, as it was received{what}"))
        })?;
        let url = Url::parse(&element.cdn_url).map_err(|_| invalid("its cdn_url is no URL"))?;
        origins
            .check(&url, own)
            .map_err(|error| invalid(&format!("its cdn_url is not WhatsApp's: {error}")))?;
        let metadata = &element.encryption_metadata;
        let keys = MediaKeys::from_base64(
            &metadata.encrypted_hash,
            &metadata.iv,
            &metadata.encryption_key,
            &metadata.hmac_key,
            &metadata.plaintext_hash,
        );
        Ok(Self {
            url,
            keys: keys
                .map_err(|_| invalid("its encryption_metadata are not five values in base64"))?,
        })
    }

    /// Checks that the file may be at this URL after a redirect: its origin is the same, and no user
    /// is named.
    pub(super) fn may_move_to(&self, url: &Url) -> Result<(), OutboundError> {
        let names_user = !url.username().is_empty() || url.password().is_some();
        if url.origin() == self.url.origin() && !names_user {
            Ok(())
        } else {
            not_granted("a file stays at its host")
        }
    }
}

/// Only https at the default port, and a host under `whatsapp.net`.
fn check_whatsapp(url: &Url) -> Result<(), OutboundError> {
    if url.scheme() != "https" {
        return not_granted("its scheme is not https");
    }
    if url.port().is_some() {
        return not_granted("it names a port");
    }
    match url.host() {
        Some(url::Host::Domain(name)) if name.ends_with(CDN) => Ok(()),
        _ => not_granted("its host is not under whatsapp.net"),
    }
}

/// The address of a URL with plain http and a loopback address. A name is none: it could lead
/// elsewhere.
fn loopback(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        url::Host::Ipv4(ip) => IpAddr::V4(ip),
        url::Host::Ipv6(ip) => IpAddr::V6(ip),
        url::Host::Domain(_) => return None,
    };
    let port = url.port_or_known_default()?;
    (url.scheme() == "http" && ip.is_loopback()).then(|| SocketAddr::new(ip, port))
}

fn not_granted<T>(why: &str) -> Result<T, OutboundError> {
    Err(OutboundError::NotGranted(why.to_owned()))
}

#[derive(Deserialize)]
struct Element {
    cdn_url: String,
    encryption_metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    encrypted_hash: String,
    iv: String,
    encryption_key: Zeroizing<String>,
    hmac_key: Zeroizing<String>,
    plaintext_hash: String,
}

/// Meta's documentation shows `https://mmg.whatsapp.net/..`.
const CDN: &str = ".whatsapp.net";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_where_whatsapp_keeps_them() {
        let reference =
            parse("https://mmg.whatsapp.net/v/t62.enc?ccb=11&oh=x", &MediaOrigins::default())
                .unwrap();
        for (url, allowed) in [
            ("https://mmg.whatsapp.net/elsewhere", true),
            ("https://media.whatsapp.net/", false),
            ("http://mmg.whatsapp.net/", false),
            ("https://mmg.whatsapp.net:8443/", false),
            ("https://user@mmg.whatsapp.net/", false),
            ("https://evil.example.com/", false),
        ] {
            assert_eq!(reference.may_move_to(&Url::parse(url).unwrap()).is_ok(), allowed, "{url}");
        }
        for url in [
            "http://mmg.whatsapp.net/x",
            "https://mmg.whatsapp.net:444/x",
            "https://user@mmg.whatsapp.net/x",
            "https://:x@mmg.whatsapp.net/x",
            "https://whatsapp.net/x",
            "https://evilwhatsapp.net/x",
            "https://mmg.whatsapp.net.evil.example.com/x",
            "https://mmg.whatsapp.net./x",
            "https://evil.example.com/mmg.whatsapp.net",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "http://127.0.0.1:4711/x",
            "http://[::1]:4711/x",
            "mmg.whatsapp.net/x",
            "",
        ] {
            assert!(
                matches!(
                    parse(url, &MediaOrigins::default()),
                    Err(MediaError::InvalidReference(_))
                ),
                "{url}"
            );
        }
    }

    #[test]
    fn in_development_files_are_on_this_machine_too() {
        let origins = MediaOrigins::with_this_machine_for_development();
        for url in ["http://127.0.0.1:4711/x", "http://[::1]:4711/x", "https://a.whatsapp.net/x"] {
            assert!(parse(url, &origins).is_ok(), "{url}");
        }
        for url in [
            "https://127.0.0.1:4711/x",
            "http://localhost:4711/x",
            "http://user@127.0.0.1:4711/x",
            "http://10.0.0.1:4711/x",
            "http://169.254.169.254/x",
            "http://0.0.0.0:4711/x",
            "http://[::ffff:127.0.0.1]:4711/x",
            "http://127.0.0.1.example.com:4711/x",
            "http://mmg.whatsapp.net/x",
        ] {
            assert!(parse(url, &origins).is_err(), "{url}");
        }
        let reference = parse("http://127.0.0.1:4711/x", &origins).unwrap();
        for (url, allowed) in [
            ("http://127.0.0.1:4711/y", true),
            ("http://127.0.0.1:4712/x", false),
            ("http://user@127.0.0.1:4711/x", false),
            ("https://mmg.whatsapp.net/x", false),
        ] {
            assert_eq!(reference.may_move_to(&Url::parse(url).unwrap()).is_ok(), allowed, "{url}");
        }
    }

    #[test]
    fn a_hosts_own_listeners_serve_no_file() {
        let own = OwnAddresses::default();
        own.listen_at(vec!["127.0.0.1:8081".parse().unwrap()]);
        let origins = MediaOrigins::with_this_machine_for_development();
        let parse = |url| FileReference::parse(&at(url), &origins, &own);

        assert!(parse("http://127.0.0.1:8082/v1/tenants").is_ok());
        for url in ["http://127.0.0.1:8081/v1/tenants", "http://[::1]:8081/", "http://127.1:8081/"]
        {
            assert!(parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_a_reference_lacks_is_named() {
        let text = json!({"cdn_url": "https://mmg.whatsapp.net/"}).to_string();
        let refused =
            FileReference::parse(&text, &MediaOrigins::default(), &OwnAddresses::default());

        let refused = refused.err().unwrap().to_string();
        assert!(refused.contains("(missing field `encryption_metadata`)"), "{refused}");
    }

    #[test]
    fn what_is_no_reference_is_refused_without_repeating_it() {
        let key = "cmVjb2duaXNhYmxlIGtleXM=";
        for text in [
            String::new(),
            "[]".to_owned(),
            json!({"cdn_url": "https://mmg.whatsapp.net/"}).to_string(),
            json!({"cdn_url": "https://mmg.whatsapp.net/", "encryption_metadata": key}).to_string(),
            at("https://mmg.whatsapp.net/").replace("AAAAAAAAAAAAAAAAAAAAAA==", key),
            at("https://mmg.whatsapp.net/").replace("AAAAAAAAAAAAAAAAAAAAAA==", "?"),
        ] {
            let parsed =
                FileReference::parse(&text, &MediaOrigins::default(), &OwnAddresses::default());
            let Err(MediaError::InvalidReference(why)) = parsed else { panic!("{text} was taken") };
            assert!(!why.contains("cmVjb2"), "{why}");
        }
    }

    fn parse(url: &str, origins: &MediaOrigins) -> Result<FileReference, MediaError> {
        FileReference::parse(&at(url), origins, &OwnAddresses::default())
    }

    fn at(url: &str) -> String {
        let (iv, key) =
            ("AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let metadata = json!({"encrypted_hash": key, "iv": iv, "encryption_key": key, "hmac_key": key, "plaintext_hash": key});
        json!({"media_id": "1", "cdn_url": url, "file_name": "a.jpg", "encryption_metadata": metadata}).to_string()
    }
}
