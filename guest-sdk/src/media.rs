//! Files that the user picked in a PhotoPicker or a DocumentPicker. The host downloads, verifies
//! and decrypts them.
//!
//! The plugin requests this in its `flowhost.toml` (`media = true` under `[requests]`), and the
//! flow grants it.
//!
//! ```
//! use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, media};
//!
//! #[derive(serde::Deserialize)]
//! struct Form {
//!     photos: Vec<media::Reference>,
//! }
//!
//! fn total_size(exchange: &Exchange) -> Result<usize, Error> {
//!     let form: Form = exchange.data()?;
//!     let mut bytes = 0;
//!     for photo in &form.photos {
//!         bytes += match media::fetch(photo) {
//!             Err(media::Error::TooLarge) => return Err(Error::bad_request("Please send a smaller photo.")),
//!             file => file?.len(),
//!         };
//!     }
//!     Ok(bytes)
//! }
//! # struct Album;
//! # impl FlowPlugin for Album {
//! #     type State = ();
//! #     fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> { Ok(Reply::screen("PHOTOS")) }
//! #     fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
//! #         Ok(Reply::screen("THANKS").data(json!({ "bytes": total_size(exchange)? })))
//! #     }
//! # }
//!
//! // In a unit test, the test gives the files. `Album` is a plugin that answers with the size.
//! use flowhost_sdk::testing::Conversation;
//!
//! let photos = json!({ "photos": [{ "media_id": "1" }, { "media_id": "2" }] });
//! let mut chat = Conversation::<Album>::start().with_media(|photo| match photo.media_id() {
//!     Some("1") => Ok(vec![0; 1000]),
//!     _ => Err(media::Error::TooLarge),
//! });
//! assert_eq!(chat.submit("PHOTOS", photos)?.error(), Some("Please send a smaller photo."));
//! assert_eq!(chat.submit("PHOTOS", json!({ "photos": [{ "media_id": "1" }] }))?.data()["bytes"], 1000);
//! # Ok::<(), flowhost_sdk::testing::Failure>(())
//! ```
//!
//! A file may have at most 25 MiB and at most half of the memory that the flow's limits allow a
//! call. One call can fetch at most 30 files. In a unit test,
//! [`Conversation::with_media`](crate::testing::Conversation::with_media) supplies the files.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// One element of the picker's field, as received. It holds the file's keys, so keep it out of logs
/// and out of the state.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Reference(Value);

impl Reference {
    /// The file's name on the user's phone.
    pub fn file_name(&self) -> Option<&str> {
        self.0.get("file_name").and_then(Value::as_str)
    }

    /// WhatsApp's id of the file.
    pub fn media_id(&self) -> Option<&str> {
        self.0.get("media_id").and_then(Value::as_str)
    }
}

impl From<Value> for Reference {
    fn from(element: Value) -> Self {
        Self(element)
    }
}

/// Leaves out the keys.
impl fmt::Debug for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reference({:?})", self.media_id().unwrap_or_default())
    }
}

/// Fetches the file behind a reference.
///
/// # Errors
///
/// See [`Error`]; `?` turns it into an internal error.
pub fn fetch(reference: &Reference) -> Result<Vec<u8>, Error> {
    sys::fetch(reference)
}

/// Why a file could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The plugin did not request `media`, or the flow does not grant it.
    NotGranted,
    /// The reference is not one that a picker sends, or does not point to WhatsApp's servers.
    InvalidReference(String),
    /// The download failed. Files expire.
    DownloadFailed(String),
    /// The downloaded file is not the one that was sent.
    CheckFailed,
    /// The file is larger than allowed, or than half the memory of a call.
    TooLarge,
    /// The call has used up its number of files.
    QuotaExceeded,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotGranted => formatter.write_str(
                "media is not granted: the plugin's flowhost.toml asks, the flow's grants allow",
            ),
            Error::InvalidReference(why) => {
                write!(formatter, "the file's reference is invalid: {why}")
            }
            Error::DownloadFailed(why) => write!(formatter, "the file can't be downloaded: {why}"),
            Error::CheckFailed => formatter.write_str("the file is not the one that was sent"),
            Error::TooLarge => formatter.write_str("the file is too large"),
            Error::QuotaExceeded => {
                formatter.write_str("the call has fetched as many files as it may")
            }
        }
    }
}

impl std::error::Error for Error {}

#[cfg(target_arch = "wasm32")]
mod sys {
    use super::{Error, Reference};
    use crate::component::bindings::flowhost::flow::media;

    pub(super) fn fetch(reference: &Reference) -> Result<Vec<u8>, Error> {
        media::fetch(&reference.0.to_string()).map_err(|error| match error {
            media::Error::NotGranted => Error::NotGranted,
            media::Error::InvalidReference(why) => Error::InvalidReference(why),
            media::Error::DownloadFailed(why) => Error::DownloadFailed(why),
            media::Error::CheckFailed => Error::CheckFailed,
            media::Error::TooLarge => Error::TooLarge,
            media::Error::QuotaExceeded => Error::QuotaExceeded,
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod sys {
    pub(super) use crate::testing::surroundings::file as fetch;
}
