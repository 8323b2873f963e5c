//! The rules by which a request may take a turn, and in which session. They use no store.

use std::time::Duration;

use time::OffsetDateTime;

use super::{SessionStatus, StoredSession};
use flowhost_protocol::flow::{Action, OnReopen, SharedTokens};

/// What is known of a request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenStanding {
    /// Whether the token may take a turn.
    pub admission: Admission,
    /// Whether the request has a valid `flow_token_signature`.
    pub verified: bool,
    /// Whether the token identifies nobody: it is missing, or it can't belong to one recipient.
    pub shared: bool,
    /// How shared tokens are treated, including those that only their use shows to be shared.
    pub shared_tokens: SharedTokens,
}

/// Whether a request may take a turn, by its token's signature and the flow's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Any token may start a session.
    Anyone,
    /// Only tokens that have a session.
    KnownTokens,
    /// No token, since the signature is bad or missing.
    Nobody,
}

/// What the rules use of a token's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSession {
    /// The session's status.
    pub status: SessionStatus,
    /// When the session ends.
    pub expires_at: OffsetDateTime,
    /// The number of committed exchanges.
    pub version: i64,
    /// The number of exchanges before the last INIT.
    pub opened_at: i64,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
    /// How often the token was opened in a way that one recipient would not open it: see
    /// [`is_suspect`].
    pub reopenings: i32,
}

/// What happens to a request that was not answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is refused because its token's session is over. The value says how that ended.
    Over(SessionStatus),
    /// It is refused because of its token. The session of that token must not be touched.
    Refused,
    /// It takes a turn that stands alone, since many recipients share its token.
    StandAlone,
    /// It takes a turn in the session of its token, or the first turn of a new one.
    Turn,
}

/// Decides what happens to a request. `session` is the session of its token; `None` if there is
/// none or the token identifies nobody.
pub fn entry(standing: TokenStanding, session: Option<KnownSession>, now: OffsetDateTime) -> Entry {
    let noticed = session.is_some_and(|session| session.is_shared())
        && standing.shared_tokens != SharedTokens::Trust;
    match (standing.admission, session) {
        (Admission::Nobody, _) | (Admission::KnownTokens, None) => Entry::Refused,
        _ if standing.shared || noticed => match standing.shared_tokens {
            SharedTokens::Refuse => Entry::Refused,
            SharedTokens::StandAlone | SharedTokens::Trust => Entry::StandAlone,
        },
        (Admission::Anyone, None) => Entry::Turn,
        (_, Some(KnownSession { status: SessionStatus::Open, expires_at, .. }))
            if expires_at <= now =>
        {
            Entry::Over(SessionStatus::Expired)
        }
        (_, Some(KnownSession { status: SessionStatus::Open, .. })) => Entry::Turn,
        (_, Some(session)) => Entry::Over(session.status),
    }
}

/// Whether an exchange suggests that its token has several recipients. That is an INIT while a
/// conversation is under way (something was submitted since the last INIT, within the last ten
/// minutes), or an INIT on a session that is over, since a phone that was refused once doesn't ask
/// again.
pub fn is_suspect(action: Action, session: KnownSession, now: OffsetDateTime) -> bool {
    let over = session.status != SessionStatus::Open;
    let submitted = session.version > session.opened_at + 1;
    action == Action::Init && (over || (submitted && now - session.updated_at < UNDER_WAY))
}

/// Whether an exchange restarts its session's conversation.
pub fn restarts(on_reopen: OnReopen, action: Action, session: Option<KnownSession>) -> bool {
    on_reopen == OnReopen::Restart
        && action == Action::Init
        && session.is_some_and(|session| session.version > 0)
}

impl From<&StoredSession> for KnownSession {
    fn from(session: &StoredSession) -> Self {
        Self {
            status: session.status,
            expires_at: session.expires_at,
            version: session.version,
            opened_at: session.opened_at,
            updated_at: session.updated_at,
            reopenings: session.reopenings,
        }
    }
}

impl KnownSession {
    /// Whether several recipients opened the token, as far as its use shows.
    pub fn is_shared(&self) -> bool {
        self.reopenings >= MOST_REOPENINGS
    }

    /// The session after an exchange that is suspect or not.
    pub fn reopened(self, suspect: bool) -> Self {
        Self { reopenings: self.reopenings.saturating_add(suspect.into()), ..self }
    }

    /// The number of exchanges in the current conversation.
    pub fn exchanges(&self, on_reopen: OnReopen) -> u32 {
        let before = match on_reopen {
            OnReopen::Continue => 0,
            OnReopen::Restart => self.opened_at,
        };
        u32::try_from(self.version - before).unwrap_or(u32::MAX)
    }
}

/// A user who is filling in a form returns to it within minutes. An INIT after a longer pause is
/// somebody opening the message again.
const UNDER_WAY: Duration = Duration::from_secs(10 * 60);

/// One person opens a message again once or twice. Five times, each right after a submission or in
/// spite of a refusal, means several people.
const MOST_REOPENINGS: i32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LATER: OffsetDateTime = NOW.saturating_add(time::Duration::SECOND);

    #[test]
    fn a_refused_token_meets_no_session() {
        for session in
            [None, Some(session(SessionStatus::Open)), Some(session(SessionStatus::Completed))]
        {
            assert_eq!(
                entry(standing(Admission::Nobody), session, NOW),
                Entry::Refused,
                "{session:?}"
            );
        }
    }

    #[test]
    fn only_an_open_flow_starts_a_session_for_an_unknown_token() {
        assert_eq!(entry(standing(Admission::Anyone), None, NOW), Entry::Turn);
        assert_eq!(entry(standing(Admission::KnownTokens), None, NOW), Entry::Refused);
    }

    #[test]
    fn a_session_gives_turns_while_it_is_open_and_its_time_runs() {
        for admission in [Admission::Anyone, Admission::KnownTokens] {
            let entry = |session| entry(standing(admission), Some(session), NOW);
            assert_eq!(entry(session(SessionStatus::Open)), Entry::Turn);
            for expires_at in [NOW, NOW - Duration::from_secs(1)] {
                let late = KnownSession { expires_at, ..session(SessionStatus::Open) };
                assert_eq!(entry(late), Entry::Over(SessionStatus::Expired));
            }
            for status in
                [SessionStatus::Completed, SessionStatus::Expired, SessionStatus::Rejected]
            {
                assert_eq!(entry(session(status)), Entry::Over(status));
            }
        }
    }

    #[test]
    fn a_shared_token_stands_alone_or_is_refused() {
        use SharedTokens::*;
        let noticed =
            KnownSession { reopenings: MOST_REOPENINGS, ..session(SessionStatus::Completed) };
        for (shared_tokens, shared, expected_of_noticed) in [
            (StandAlone, Entry::StandAlone, Entry::StandAlone),
            (Refuse, Entry::Refused, Entry::Refused),
            // A missing token can't be a trusted one.
            (Trust, Entry::StandAlone, Entry::Over(SessionStatus::Completed)),
        ] {
            let standing = TokenStanding { shared_tokens, ..standing(Admission::Anyone) };
            assert_eq!(
                entry(TokenStanding { shared: true, ..standing }, None, NOW),
                shared,
                "{shared_tokens:?}"
            );
            assert_eq!(
                entry(standing, Some(noticed), NOW),
                expected_of_noticed,
                "{shared_tokens:?}"
            );
        }
        let minted = standing(Admission::KnownTokens);
        assert_eq!(
            entry(TokenStanding { shared: true, ..minted }, None, NOW),
            Entry::Refused,
            "nobody minted it"
        );
        assert_eq!(
            entry(minted, Some(noticed), NOW),
            Entry::StandAlone,
            "minted once, sent to many"
        );
    }

    #[test]
    fn an_init_in_the_middle_or_after_the_end_is_suspect() {
        let in_the_middle =
            KnownSession { version: 4, opened_at: 2, ..session(SessionStatus::Open) };
        let just_opened = KnownSession { version: 3, ..in_the_middle };
        let long_ago = KnownSession { updated_at: NOW - Duration::from_secs(601), ..in_the_middle };
        for (session, suspect) in [
            (in_the_middle, true),
            (just_opened, false),
            (long_ago, false),
            (session(SessionStatus::Completed), true),
            (KnownSession { version: 0, opened_at: 0, ..session(SessionStatus::Open) }, false),
        ] {
            assert_eq!(is_suspect(Action::Init, session, NOW), suspect, "{session:?}");
            assert!(!is_suspect(Action::DataExchange, session, NOW));
            assert!(!is_suspect(Action::Back, session, NOW));
        }
    }

    #[test]
    fn an_init_restarts_what_has_begun_if_the_flow_wants_it() {
        let begun = Some(session(SessionStatus::Open));
        let minted = Some(KnownSession { version: 0, ..session(SessionStatus::Open) });
        assert!(restarts(OnReopen::Restart, Action::Init, begun));
        assert!(!restarts(OnReopen::Restart, Action::Init, minted));
        assert!(!restarts(OnReopen::Restart, Action::Init, None));
        assert!(!restarts(OnReopen::Restart, Action::DataExchange, begun));
        assert!(!restarts(OnReopen::Continue, Action::Init, begun));
    }

    fn standing(admission: Admission) -> TokenStanding {
        TokenStanding {
            admission,
            verified: false,
            shared: false,
            shared_tokens: SharedTokens::StandAlone,
        }
    }

    fn session(status: SessionStatus) -> KnownSession {
        KnownSession {
            status,
            expires_at: LATER,
            version: 1,
            opened_at: 0,
            updated_at: NOW,
            reopenings: 0,
        }
    }
}
