//! Files that users picked: where they may be, and how they are verified (`protocol.md` section 6).

use reqwest::Url;
use serde::Deserialize;
use zeroize::Zeroizing;

use flowhost_protocol::crypto::MediaKeys;
use flowhost_runtime::plugins::{MediaError, OutboundError};

/// Where a file is, and its keys.
pub(super) struct FileReference {
    pub(super) url: Url,
    pub(super) keys: MediaKeys,
}

impl FileReference {
    /// Parses one element of a picker's array. Errors do not repeat its content, which may be a
    /// key.
    pub(super) fn parse(json: &str) -> Result<Self, MediaError> {
        let invalid = |why: &str| MediaError::InvalidReference(why.to_owned());
        let element: Element = serde_json::from_str(json)
            .map_err(|_| invalid("it is not an element of a picker's field, as it was received"))?;
        let url = Url::parse(&element.cdn_url).map_err(|_| invalid("its cdn_url is no URL"))?;
        check_url(&url)
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

    /// Checks that the file may be at this URL after a redirect.
    pub(super) fn may_move_to(&self, url: &Url) -> Result<(), OutboundError> {
        check_url(url)?;
        let same = url.host_str() == self.url.host_str();
        if same {
            Ok(())
        } else {
            Err(OutboundError::NotGranted("a file stays at its host".to_owned()))
        }
    }
}

/// The URL comes from outside: only https at the default port, without user info, and a host under
/// `whatsapp.net`.
fn check_url(url: &Url) -> Result<(), OutboundError> {
    let not_granted = |why: &str| Err(OutboundError::NotGranted(why.to_owned()));
    if url.scheme() != "https" {
        return not_granted("its scheme is not https");
    }
    if url.port().is_some() {
        return not_granted("it names a port");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return not_granted("it names a user");
    }
    match url.host() {
        Some(url::Host::Domain(name)) if name.ends_with(CDN) => Ok(()),
        _ => not_granted("its host is not under whatsapp.net"),
    }
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
            FileReference::parse(&at("https://mmg.whatsapp.net/v/t62.enc?ccb=11&oh=x")).unwrap();
        for (url, allowed) in [
            ("https://mmg.whatsapp.net/elsewhere", true),
            ("https://media.whatsapp.net/", false),
            ("http://mmg.whatsapp.net/", false),
            ("https://mmg.whatsapp.net:8443/", false),
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
            "mmg.whatsapp.net/x",
            "",
        ] {
            assert!(
                matches!(FileReference::parse(&at(url)), Err(MediaError::InvalidReference(_))),
                "{url}"
            );
        }
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
            let Err(MediaError::InvalidReference(why)) = FileReference::parse(&text) else {
                panic!("{text} was taken")
            };
            assert!(!why.contains("cmVjb2"), "{why}");
        }
    }

    fn at(url: &str) -> String {
        let (iv, key) =
            ("AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let metadata = json!({"encrypted_hash": key, "iv": iv, "encryption_key": key, "hmac_key": key, "plaintext_hash": key});
        json!({"media_id": "1", "cdn_url": url, "file_name": "a.jpg", "encryption_metadata": metadata}).to_string()
    }
}
