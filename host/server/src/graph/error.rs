//! What can go wrong in [`graph`](super).

use std::fmt;

/// A call of the Graph API failed. No variant holds the access token or a URL.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The HTTP client could not be built.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The answer is not what the Graph API's documentation says.
    #[error("Meta's answer is not understood")]
    NotUnderstood,
    /// The Graph API refused and explained why.
    #[error("Meta refused: {0}")]
    Refused(Box<Refusal>),
    /// A failure status without a readable explanation.
    #[error("Meta answered with status {0}")]
    Status(u16),
    /// No answer in time.
    #[error("Meta did not answer in time")]
    TimedOut,
    /// The answer is longer than any expected one.
    #[error("Meta's answer is too large")]
    TooLarge,
    /// No connection, or one that broke.
    #[error("Meta can't be reached")]
    Unreachable(#[source] reqwest::Error),
}

impl GraphError {
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable(error.without_url()) }
    }

    /// Whether the same call may succeed a little later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::TimedOut | Self::Unreachable(_) => true,
            Self::Status(status) => is_passing(*status),
            Self::Refused(refusal) => refusal.is_passing(),
            Self::Client(_) | Self::NotUnderstood | Self::TooLarge => false,
        }
    }
}

/// An error in the Graph API's own words. Its texts are untrusted: they are cut and made printable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, for developers.
    pub message: String,
    /// What is wrong, for people; often absent.
    pub(crate) user_message: Option<String>,
    /// The kind of error, such as `OAuthException`.
    pub kind: Option<String>,
    /// The error's number.
    pub code: Option<i64>,
    /// A more specific number within `code`.
    pub(crate) subcode: Option<i64>,
    /// Meta's id of the call, for questions to Meta's support.
    pub trace: Option<String>,
    /// Whether Meta itself says that the error is temporary.
    pub(crate) transient: bool,
}

impl Refusal {
    fn is_passing(&self) -> bool {
        self.transient
            || is_passing(self.status)
            || self.code.is_some_and(|code| PASSING_CODES.contains(&code))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(text) = &self.user_message {
            write!(f, " {text}")?;
        }
        let number =
            |name: &str, number: Option<i64>| number.map(|number| format!("{name} {number}"));
        let trace = self.trace.as_ref().map(|trace| format!("trace {trace}"));
        let parts =
            [self.kind.clone(), number("code", self.code), number("subcode", self.subcode), trace];
        write!(
            f,
            " ({})",
            parts
                .into_iter()
                .flatten()
                .chain([format!("status {}", self.status)])
                .collect::<Vec<_>>()
                .join(", ")
        )
    }
}

fn is_passing(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// Temporary errors, as Meta's pages on errors of the Graph API and the Cloud API list them:
/// unknown (1), service down (2), limits of calls (4, 17, 341, 613, 80007, 130429), service
/// overloaded (131016). An expired token (190) is not one of them.
const PASSING_CODES: [i64; 9] = [1, 2, 4, 17, 341, 613, 80007, 130_429, 131_016];
