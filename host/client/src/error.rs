//! Why a call to an endpoint gave no reply that a phone could show.

use std::error::Error;

use super::connection::ConnectionFailure;
use super::public_key::PublicKeyFlaw;

/// All errors of [`FlowClient`](super::FlowClient) and [`SealedRequest`](super::SealedRequest).
///
/// Statuses other than 200 are not errors: they are in [`Reply`](super::Reply).
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A reply that must carry a sealed body (200 or 427) came without one.
    #[error("the endpoint answered {status} with an empty body, where an encrypted one is due")]
    EmptyReply {
        /// The HTTP status of the reply.
        status: u16,
    },

    /// The URL cannot be called.
    #[error("`{url}` is not the full http(s) URL of an endpoint")]
    Endpoint {
        /// The URL as given.
        url: String,
        /// The parser's reason; absent if the URL is well formed but not http(s).
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },

    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client")]
    HttpSetup(#[source] reqwest::Error),

    /// The body of a 200 or 427 can't be decrypted with the key and the inverted IV of the request.
    #[error(
        "the reply does not open: it must be AES-128-GCM under the request's key and its IV with every bit inverted, \
         with the tag at the end"
    )]
    NotSealedForThisRequest,

    /// The key to encrypt to is not a valid public key for Flows.
    #[error("the public key is not an RSA key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    PublicKey(#[source] PublicKeyFlaw),

    /// The body of a 200 or 427 is not standard base64.
    #[error("the reply is not standard base64 (and nothing else: no quotes, no line breaks)")]
    ReplyNotBase64(#[source] base64::DecodeError),

    /// The reply was decrypted, but its content is not JSON.
    #[error("the decrypted reply is not JSON")]
    ReplyNotJson(#[source] serde_json::Error),

    /// The endpoint sent more than this client reads.
    #[error("the reply is larger than {limit} bytes")]
    ReplyTooLarge {
        /// The cap in bytes.
        limit: usize,
    },

    /// The payload could not be written as JSON.
    #[error("cannot encode the payload as JSON")]
    RequestNotJson(#[source] serde_json::Error),

    /// RSA or AES refused to encrypt. With a key that parsed, this means a modulus too small for
    /// OAEP with SHA-256.
    #[error("cannot encrypt the request to this public key (Flows takes RSA-2048)")]
    Seal,

    /// No complete reply within the time that a phone waits.
    #[error("no complete reply within {seconds} s, which is what the WhatsApp client waits")]
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },

    /// The connection failed.
    #[error("cannot reach the endpoint")]
    Transport(#[source] ConnectionFailure),
}
