//! Files that the user picked in a PhotoPicker or a DocumentPicker: downloaded, checked and decrypted by the host.
//!
//! The plugin asks for it in its `flowhost.toml` (`media = true` under `[requests]`), and the flow grants it.
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
//! A file has at most 25 MiB and at most half of the memory that the flow's limits give to a call; one call fetches at most 30. In a
//! unit test, [`Conversation::with_media`](crate::testing::Conversation::with_media) gives the files.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// One element of the picker's field, as received. It holds the keys of the file: keep it out of logs and of the state.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Reference(Value);

impl Reference {
    /// The name that the file had on the user's phone.
    pub fn file_name(&self) -> Option<&str> {
        self.0.get("file_name").and_then(Value::as_str)
    }

    /// WhatsApp's name of the file.
    pub fn media_id(&self) -> Option<&str> {
        self.0.get("media_id").and_then(Value::as_str)
    }
}

impl From<Value> for Reference {
    fn from(element: Value) -> Self {
        Self(element)
    }
}

/// Without the keys.
impl fmt::Debug for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reference({:?})", self.media_id().unwrap_or_default())
    }
}

/// The file behind a reference.
///
/// # Errors
///
/// See [`Error`]; `?` makes an internal error of it.
pub fn fetch(reference: &Reference) -> Result<Vec<u8>, Error> {
    sys::fetch(reference)
}

/// Why a file was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The plugin did not ask for `media`, or the flow does not grant it.
    NotGranted,
    /// The reference is not what a picker sends, or points where no file of WhatsApp's may be.
    InvalidReference(String),
    /// It could not be downloaded; files expire.
    DownloadFailed(String),
    /// It is not the file that was sent.
    CheckFailed,
    /// It is larger than a file may be, or than half the memory of a call.
    TooLarge,
    /// The call has fetched as many files as it may.
    QuotaExceeded,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotGranted => {
                formatter.write_str("media is not granted: the plugin's flowhost.toml asks, the flow's grants allow")
            }
            Error::InvalidReference(why) => write!(formatter, "the file's reference is invalid: {why}"),
            Error::DownloadFailed(why) => write!(formatter, "the file can't be downloaded: {why}"),
            Error::CheckFailed => formatter.write_str("the file is not the one that was sent"),
            Error::TooLarge => formatter.write_str("the file is too large"),
            Error::QuotaExceeded => formatter.write_str("the call has fetched as many files as it may"),
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
