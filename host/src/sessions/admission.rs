//! Whether a request may take a turn: the rules alone, without the database.

use time::OffsetDateTime;

use crate::store::SessionStatus;

/// How a request's token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenStanding {
    /// Whether it may take a turn.
    pub admission: Admission,
    /// Whether it came with a valid `flow_token_signature`.
    pub verified: bool,
}

/// Whether a request may take a turn, as far as its token's own signature and the flow's policy say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Any token may start a session.
    Anyone,
    /// Tokens that have a session only.
    KnownTokens,
    /// No: the token's signature is bad or missing.
    Nobody,
}

/// What a request gets that was not answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A refusal because the session of its token is over, and how it ended.
    Over(SessionStatus),
    /// A refusal for its token's sake, which must not touch the session of that token.
    Refused,
    /// A turn in the session of its token, or the first one of a new session.
    Turn,
}

/// What a request gets whose token is admitted like this. `session` is what the database has of the token's session: its status
/// and when it ends.
pub fn entry(admission: Admission, session: Option<(SessionStatus, OffsetDateTime)>, now: OffsetDateTime) -> Entry {
    match (admission, session) {
        (Admission::Nobody, _) | (Admission::KnownTokens, None) => Entry::Refused,
        (Admission::Anyone, None) => Entry::Turn,
        (_, Some((SessionStatus::Open, expires_at))) if expires_at <= now => Entry::Over(SessionStatus::Expired),
        (_, Some((SessionStatus::Open, _))) => Entry::Turn,
        (_, Some((status, _))) => Entry::Over(status),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LATER: OffsetDateTime = NOW.saturating_add(time::Duration::SECOND);

    #[test]
    fn a_refused_token_meets_no_session() {
        for session in [None, Some((SessionStatus::Open, LATER)), Some((SessionStatus::Completed, LATER))] {
            assert_eq!(entry(Admission::Nobody, session, NOW), Entry::Refused, "{session:?}");
        }
    }

    #[test]
    fn only_an_open_flow_starts_a_session_for_an_unknown_token() {
        assert_eq!(entry(Admission::Anyone, None, NOW), Entry::Turn);
        assert_eq!(entry(Admission::KnownTokens, None, NOW), Entry::Refused);
    }

    #[test]
    fn a_session_gives_turns_while_it_is_open_and_its_time_runs() {
        for admission in [Admission::Anyone, Admission::KnownTokens] {
            let entry = |status, expires_at| entry(admission, Some((status, expires_at)), NOW);
            assert_eq!(entry(SessionStatus::Open, LATER), Entry::Turn);
            for over in [NOW, NOW - Duration::from_secs(1)] {
                assert_eq!(entry(SessionStatus::Open, over), Entry::Over(SessionStatus::Expired));
            }
            for status in [SessionStatus::Completed, SessionStatus::Expired, SessionStatus::Rejected] {
                assert_eq!(entry(status, LATER), Entry::Over(status));
            }
        }
    }
}
