//! Why a call failed, and whose fault it is.

use std::error::Error as StdError;
use std::fmt;

/// Why a call gave no reply.
///
/// There are two kinds. The **user's** fault is [`Error::bad_request`]: the same screen comes again and shows the text. The
/// **plugin's** fault is everything else: it is logged, never shown, and answered as the flow's setting `on_failure` says.
/// Every [`std::error::Error`] becomes the second kind by `?`; the first kind has to be asked for:
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
/// In both cases the state stays what it was before the call. To keep a changed state, or to send other data with the
/// text, answer with [`Reply::error`](crate::Reply::error) instead.
pub struct Error {
    pub(crate) kind: Kind,
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Internal,
}

impl Error {
    /// The user's input is at fault: the same screen comes again and shows `text`, which should say how to mend it.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Error { kind: Kind::BadRequest, message: text.into() }
    }

    /// The plugin, or something that it depends on, is at fault. `message` goes to the log, not to the user.
    pub fn internal(message: impl Into<String>) -> Self {
        Error { kind: Kind::Internal, message: message.into() }
    }
}

/// Takes the whole chain of sources into the message. This is why [`Error`] is no [`std::error::Error`] itself: the
/// conversion would then overlap with that of a type into itself.
impl<E: StdError> From<E> for Error {
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
        write!(formatter, "{:?}: {}", self.kind, self.message)
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
}
