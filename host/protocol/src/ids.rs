//! Names and ids: a distinct type for each, so that one cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Defines ids that are UUIDs inside and distinct types outside.
macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id. It is a UUID of version 7, which begins with the time, so rows made
            /// together are stored together.
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

uuid_ids! {
    /// A Solution Partner.
    PartnerId;
    /// A tenant: one WhatsApp Business Account.
    TenantId;
    /// A flow: one endpoint of a tenant.
    FlowId;
    /// An RSA key pair of a tenant.
    KeyId;
    /// An app secret of a tenant.
    AppSecretId;
    /// A session: one conversation.
    SessionId;
    /// A token of the admin API.
    ApiTokenId;
    /// An entry of the audit log.
    AuditId;
    /// An error that a client reported.
    ClientErrorId;
    /// A request, as its response names it (`x-request-id`).
    RequestId;
}

/// Where work belongs: one flow of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The tenant that owns the flow.
    pub tenant: TenantId,
    /// The flow, which belongs to the tenant.
    pub flow: FlowId,
}

/// A name in a URL: 1 to 63 characters of `a-z`, `0-9` and `-` (`operators.md`; 63 is the length of
/// a DNS label, so that a slug can become a host name).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > MAX_SLUG_LENGTH || !text.bytes().all(allowed) {
            return Err(InvalidSlug);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A text is not a [`Slug`].
#[derive(Debug, thiserror::Error)]
#[error("a name has 1 to 63 characters out of a-z, 0-9 and -")]
pub struct InvalidSlug;

/// Meta's id of a phone number of a WhatsApp Business Account: 1 to 32 digits and nothing else,
/// since it goes into the Graph API's URLs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PhoneNumberId(String);

impl PhoneNumberId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PhoneNumberId {
    type Err = InvalidPhoneNumberId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty()
            || text.len() > MAX_PHONE_NUMBER_ID_LENGTH
            || !text.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(InvalidPhoneNumberId);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A text is not a [`PhoneNumberId`].
#[derive(Debug, thiserror::Error)]
#[error(
    "a phone number id is 1 to 32 digits, as Meta's App Dashboard shows it; it is not the phone number"
)]
pub struct InvalidPhoneNumberId;

/// The content digest of a plugin's component: SHA-256 of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PluginDigest(pub [u8; 32]);

impl fmt::Display for PluginDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The content digest of a Flow JSON: SHA-256 of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowJsonDigest(pub [u8; 32]);

impl fmt::Display for FlowJsonDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PluginDigest(self.0).fmt(f)
    }
}

/// SHA-256 of a flow token: the only form of it that the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// SHA-256 of a request's ciphertext. It tells a repeated request from a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestDigest(pub [u8; 32]);

const MAX_SLUG_LENGTH: usize = 63;

/// Meta's ids have 15 to 17 digits.
const MAX_PHONE_NUMBER_ID_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_slugs_and_refuses_everything_else() {
        for good in ["a", "acme-7", "0", &"x".repeat(63)] {
            let slug: Slug = good.parse().unwrap();
            assert_eq!((slug.as_str(), slug.to_string().as_str()), (good, good));
        }
        for bad in ["", "Acme", "a_b", "a b", "é", "a/b", &"x".repeat(64)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_id_can_not_lead_to_another_url() {
        for good in ["106540352242922", "7", &"1".repeat(32)] {
            let id: PhoneNumberId = good.parse().unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str()), (good, good));
        }
        for bad in ["", "+15550100", "1/2", "1 2", "1?fields=x", "..", "\u{664}", &"1".repeat(33)] {
            assert!(bad.parse::<PhoneNumberId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_shown_with_its_algorithm() {
        let shown = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(PluginDigest([0xab; 32]).to_string(), shown);
        assert_eq!(FlowJsonDigest([0xab; 32]).to_string(), shown);
    }
}
