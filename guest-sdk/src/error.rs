//! Why a call failed, and who is at fault.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

/// Why a call has no reply.
///
/// There are two kinds. [`Error::bad_request`] is the **user's** fault: the same screen appears
/// again and shows the text. Everything else is the **plugin's** fault: it is logged, never shown,
/// and answered according to the flow's setting `on_failure`. With `?`, every [`std::error::Error`]
/// becomes the second kind; the first kind must be made explicitly:
///
/// ```
/// use flowhost_sdk::Error;
///
/// fn party_size(text: &str) -> Result<u8, Error> {
///     text.parse().map_err(|_| Error::bad_request("Please enter a number of guests."))
/// }
/// # assert!(party_size("two").is_err());
/// ```
///
/// An error of the second kind knows the place where it was made or where `?` met it, and the log
/// names it: `.., at src/lib.rs:42:9`.
///
/// In both cases the state stays as it was before the call. To keep a changed state, or to send
/// other data with the text, answer with [`Reply::error`](crate::Reply::error) instead.
pub struct Error {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// In the author's source; `None` if the SDK itself made the error.
    place: Option<&'static Location<'static>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Internal,
}

impl Error {
    /// The user's input is at fault. The same screen appears again and shows `text`, which should
    /// say how to correct the input.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Error { kind: Kind::BadRequest, message: text.into(), place: None }
    }

    /// The plugin or something that it depends on is at fault. `message` goes to the log, not to
    /// the user.
    #[track_caller]
    pub fn internal(message: impl Into<String>) -> Self {
        let place = Location::caller();
        // The SDK's own source tells an author nothing, nor does that of the standard library, which
        // is the caller in `map_err(Error::internal)`.
        let is_authors =
            !place.file().starts_with(own_folder()) && !is_of_the_standard_library(place.file());
        let place = is_authors.then_some(place);
        Error { kind: Kind::Internal, message: message.into(), place }
    }

    /// The message for the log, with its place.
    pub(crate) fn into_log(self) -> String {
        match self.place {
            Some(place) => format!("{}, at {place}", self.message),
            None => self.message,
        }
    }
}

/// The folder of the SDK's sources, as the compiler names it.
fn own_folder() -> &'static str {
    file!().strip_suffix("error.rs").unwrap_or_default()
}

/// Whether a file is one of `core`, `alloc` or `std`, as the compiler names it.
fn is_of_the_standard_library(file: &str) -> bool {
    ["core", "alloc", "std"].iter().any(|name| file.contains(&format!("/library/{name}/src/")))
}

/// Puts the whole chain of sources into the message. [`Error`] itself does not implement
/// [`std::error::Error`], because this conversion would then overlap with `From<T> for T`.
impl<E: StdError> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message.push_str(": ");
            message.push_str(&error.to_string());
            source = error.source();
        }
        Error::internal(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.kind, self.message)?;
        self.place.map_or(Ok(()), |place| write!(formatter, ", at {place}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("the price list is broken")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn any_error_becomes_internal_with_its_sources() {
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err()));

        assert_eq!(error.kind, Kind::Internal);
        assert_eq!(error.to_string(), "the price list is broken: invalid digit found in string");
    }

    #[test]
    fn source_that_is_not_the_authors_is_no_place() {
        assert_eq!(Error::internal("no").into_log(), "no");
        let failed: Result<(), &str> = Err("no");
        assert_eq!(failed.map_err(Error::internal).unwrap_err().into_log(), "no");
        assert!(!is_of_the_standard_library("/home/ana/library/src/core.rs"));
    }
}
