//! Whether a request may take a turn, and in which session: the rules alone, without a store.

use std::time::Duration;

use time::OffsetDateTime;

use super::{SessionStatus, StoredSession};
use flowhost_protocol::flow::{Action, OnReopen, SharedTokens};

/// How a request's token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenStanding {
    /// Whether it may take a turn.
    pub admission: Admission,
    /// Whether it came with a valid `flow_token_signature`.
    pub verified: bool,
    /// Whether it identifies nobody: there is none, or it can't be one recipient's own.
    pub shared: bool,
    /// What becomes of tokens that are shared, also of those that only their use shows to be.
    pub shared_tokens: SharedTokens,
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

/// What is known of the session of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSession {
    /// What became of it.
    pub status: SessionStatus,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// Exchanges committed so far.
    pub version: i64,
    /// How many of them came before the last INIT.
    pub opened_at: i64,
    /// When the last one was committed.
    pub updated_at: OffsetDateTime,
    /// How often the token was opened as one recipient would not open it: see [`is_suspect`].
    pub reopenings: i32,
}

/// What a request gets that was not answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A refusal because the session of its token is over, and how it ended.
    Over(SessionStatus),
    /// A refusal for its token's sake, which must not touch the session of that token.
    Refused,
    /// A turn that stands alone: its token is shared by many recipients.
    StandAlone,
    /// A turn in the session of its token, or the first one of a new session.
    Turn,
}

/// What a request gets whose token stands like this. `session` is what is known of its token's session; none for a token that identifies
/// nobody.
pub fn entry(standing: TokenStanding, session: Option<KnownSession>, now: OffsetDateTime) -> Entry {
    let noticed = session.is_some_and(|session| session.is_shared()) && standing.shared_tokens != SharedTokens::Trust;
    match (standing.admission, session) {
        (Admission::Nobody, _) | (Admission::KnownTokens, None) => Entry::Refused,
        _ if standing.shared || noticed => match standing.shared_tokens {
            SharedTokens::Refuse => Entry::Refused,
            SharedTokens::StandAlone | SharedTokens::Trust => Entry::StandAlone,
        },
        (Admission::Anyone, None) => Entry::Turn,
        (_, Some(KnownSession { status: SessionStatus::Open, expires_at, .. })) if expires_at <= now => {
            Entry::Over(SessionStatus::Expired)
        }
        (_, Some(KnownSession { status: SessionStatus::Open, .. })) => Entry::Turn,
        (_, Some(session)) => Entry::Over(session.status),
    }
}

/// Whether an exchange is a sign that its token has several recipients: an INIT while a conversation is under way (something was
/// submitted since the last INIT, within the last ten minutes), or an INIT on a session that is over, since a phone that was refused once
/// doesn't ask again.
pub fn is_suspect(action: Action, session: KnownSession, now: OffsetDateTime) -> bool {
    let over = session.status != SessionStatus::Open;
    let submitted = session.version > session.opened_at + 1;
    action == Action::Init && (over || (submitted && now - session.updated_at < UNDER_WAY))
}

/// Whether an exchange begins its session's conversation afresh.
pub fn restarts(on_reopen: OnReopen, action: Action, session: Option<KnownSession>) -> bool {
    on_reopen == OnReopen::Restart && action == Action::Init && session.is_some_and(|session| session.version > 0)
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
    /// Whether its token was opened by several recipients, as far as can be told from outside.
    pub fn is_shared(&self) -> bool {
        self.reopenings >= MOST_REOPENINGS
    }

    /// The same after an exchange that is suspect, or is not.
    pub fn reopened(self, suspect: bool) -> Self {
        Self { reopenings: self.reopenings.saturating_add(suspect.into()), ..self }
    }

    /// How many exchanges the conversation has that is under way.
    pub fn exchanges(&self, on_reopen: OnReopen) -> u32 {
        let before = match on_reopen {
            OnReopen::Continue => 0,
            OnReopen::Restart => self.opened_at,
        };
        u32::try_from(self.version - before).unwrap_or(u32::MAX)
    }
}

/// Who fills in a form is back on it within minutes; longer ago, it is somebody who opens the message once more.
const UNDER_WAY: Duration = Duration::from_secs(10 * 60);

/// A person opens a message again once or twice. Five times, each while something had just been submitted or in spite of a refusal,
/// are several people.
const MOST_REOPENINGS: i32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LATER: OffsetDateTime = NOW.saturating_add(time::Duration::SECOND);

    #[test]
    fn a_refused_token_meets_no_session() {
        for session in [None, Some(session(SessionStatus::Open)), Some(session(SessionStatus::Completed))] {
            assert_eq!(entry(standing(Admission::Nobody), session, NOW), Entry::Refused, "{session:?}");
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
            for status in [SessionStatus::Completed, SessionStatus::Expired, SessionStatus::Rejected] {
                assert_eq!(entry(session(status)), Entry::Over(status));
            }
        }
    }

    #[test]
    fn a_shared_token_stands_alone_or_is_refused() {
        use SharedTokens::*;
        let noticed = KnownSession { reopenings: MOST_REOPENINGS, ..session(SessionStatus::Completed) };
        for (shared_tokens, shared, expected_of_noticed) in [
            (StandAlone, Entry::StandAlone, Entry::StandAlone),
            (Refuse, Entry::Refused, Entry::Refused),
            // What is trusted can't be a token that is not there.
            (Trust, Entry::StandAlone, Entry::Over(SessionStatus::Completed)),
        ] {
            let standing = TokenStanding { shared_tokens, ..standing(Admission::Anyone) };
            assert_eq!(entry(TokenStanding { shared: true, ..standing }, None, NOW), shared, "{shared_tokens:?}");
            assert_eq!(entry(standing, Some(noticed), NOW), expected_of_noticed, "{shared_tokens:?}");
        }
        let minted = standing(Admission::KnownTokens);
        assert_eq!(entry(TokenStanding { shared: true, ..minted }, None, NOW), Entry::Refused, "nobody minted it");
        assert_eq!(entry(minted, Some(noticed), NOW), Entry::StandAlone, "minted once, sent to many");
    }

    #[test]
    fn an_init_in_the_middle_or_after_the_end_is_suspect() {
        let in_the_middle = KnownSession { version: 4, opened_at: 2, ..session(SessionStatus::Open) };
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
        TokenStanding { admission, verified: false, shared: false, shared_tokens: SharedTokens::StandAlone }
    }

    fn session(status: SessionStatus) -> KnownSession {
        KnownSession { status, expires_at: LATER, version: 1, opened_at: 0, updated_at: NOW, reopenings: 0 }
    }
}
