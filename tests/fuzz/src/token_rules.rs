//! Which requests may take a turn: `exchange::token_standing` and `sessions::entry`, composed as a
//! turn composes them.
//!
//! Input: a byte each for the flow's policy, its setting for signatures, whether a signature is
//! given, whether it holds, and the session's status (0 is no session); then the session's end and
//! the present as seconds since 1970, 4 bytes each; then a byte each for the flow's setting for
//! shared tokens, the token (0 is one recipient's own), and the number of suspect openings. Missing
//! bytes are 0.

use std::cell::Cell;

use arbitrary::{Result, Unstructured};
use flowhost_exchange::exchange::token_standing;
use flowhost_exchange::sessions::{Entry, KnownSession, SessionStatus, entry};
use flowhost_protocol::flow::{
    Action, Exchange, FlowSettings, FlowToken, SharedTokens, TokenPolicy, TokenSignature,
};
use time::{Duration, OffsetDateTime};

/// Returns whether the request got a turn.
///
/// If a request gets a turn that the rules refuse, is refused a turn that it should get, or is
/// refused in another way than the rules say.
pub fn check(data: &[u8]) -> bool {
    let case = Case::read(data).expect("integers can be read from too few bytes as well");
    let looked_at = Cell::new(false);
    let standing = token_standing(&case.settings(), &case.exchange(), || {
        looked_at.set(true);
        case.holds
    });
    let entry = entry(standing, case.known(), case.now);

    assert_eq!(standing.verified, case.verified(), "{case:?}");
    assert!(
        !looked_at.get() || (case.given && case.signature != TokenSignature::Ignore),
        "{case:?}"
    );
    match entry {
        Entry::Refused => assert!(case.is_refused(), "{case:?}"),
        Entry::Over(status) => {
            assert_ne!(status, SessionStatus::Open, "{case:?}");
            assert_eq!(Some(status), case.over(), "{case:?}");
        }
        Entry::StandAlone => assert!(case.is_shared(), "{case:?}"),
        Entry::Turn => assert!(case.over().is_none(), "{case:?}"),
    }
    if case.is_refused() {
        assert_eq!(
            entry,
            Entry::Refused,
            "the session of a refused token is not touched: {case:?}"
        );
    } else if case.is_shared() {
        assert_eq!(
            entry,
            Entry::StandAlone,
            "the session of a shared token is not touched: {case:?}"
        );
    }
    matches!(entry, Entry::StandAlone | Entry::Turn)
}

#[derive(Debug)]
struct Case {
    policy: TokenPolicy,
    signature: TokenSignature,
    given: bool,
    holds: bool,
    session: Option<(SessionStatus, OffsetDateTime)>,
    now: OffsetDateTime,
    shared_tokens: SharedTokens,
    token: &'static str,
    reopenings: u8,
}

impl Case {
    fn read(data: &[u8]) -> Result<Self> {
        let mut input = Unstructured::new(data);
        let mut choose = |choices: u8| input.arbitrary::<u8>().map(|byte| byte % choices);
        let policy = if choose(2)? == 0 { TokenPolicy::Open } else { TokenPolicy::Minted };
        let signature = match choose(3)? {
            0 => TokenSignature::IfPresent,
            1 => TokenSignature::Required,
            _ => TokenSignature::Ignore,
        };
        let (given, holds) = (choose(2)? == 1, choose(2)? == 1);
        let status = match choose(5)? {
            0 => None,
            1 => Some(SessionStatus::Open),
            2 => Some(SessionStatus::Completed),
            3 => Some(SessionStatus::Expired),
            _ => Some(SessionStatus::Rejected),
        };
        let (ends, now): (i32, i32) = input.arbitrary()?;
        let time = |seconds: i32| OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds.into());
        let mut choose = |choices: u8| input.arbitrary::<u8>().map(|byte| byte % choices);
        let shared_tokens = match choose(3)? {
            0 => SharedTokens::StandAlone,
            1 => SharedTokens::Refuse,
            _ => SharedTokens::Trust,
        };
        let token = [OWN, "unused", "short", ""][usize::from(choose(4)?)];
        let session = status.map(|status| (status, time(ends)));
        Ok(Self {
            policy,
            signature,
            given,
            holds,
            session,
            now: time(now),
            shared_tokens,
            token,
            reopenings: choose(10)?,
        })
    }

    fn settings(&self) -> FlowSettings {
        FlowSettings {
            token_policy: self.policy,
            token_signature: self.signature,
            shared_tokens: self.shared_tokens,
            ..FlowSettings::default()
        }
    }

    fn exchange(&self) -> Exchange {
        Exchange {
            action: Action::DataExchange,
            screen: None,
            data: "{}".to_owned(),
            flow_token: FlowToken::new(self.token.to_owned()),
            version: "4.0".to_owned(),
            flow_token_signature: self.given.then(|| "a.b.c".to_owned()),
        }
    }

    /// The session as a turn finds it. The session of a token that identifies nobody is not looked
    /// up.
    fn known(&self) -> Option<KnownSession> {
        let (status, expires_at) = self.session.filter(|_| !self.identifies_nobody())?;
        let reopenings = self.reopenings.into();
        Some(KnownSession {
            status,
            expires_at,
            version: 1,
            opened_at: 0,
            updated_at: self.now,
            reopenings,
        })
    }

    /// No token, or one that can't belong to one recipient, in a flow that does not trust it.
    fn identifies_nobody(&self) -> bool {
        self.token.is_empty() || (self.token != OWN && self.shared_tokens != SharedTokens::Trust)
    }

    /// From the fifth suspect opening on, a session's token counts as shared too.
    fn is_shared(&self) -> bool {
        let noticed = self.known().is_some()
            && self.reopenings >= 5
            && self.shared_tokens != SharedTokens::Trust;
        self.identifies_nobody() || noticed
    }

    fn is_refused(&self) -> bool {
        let shared = self.is_shared() && self.shared_tokens == SharedTokens::Refuse;
        self.signature_is_refused() || self.is_unknown_to_a_minting_flow() || shared
    }

    /// The settings look at signatures and the signature is good.
    fn verified(&self) -> bool {
        self.given
            && self.holds
            && matches!(self.signature, TokenSignature::IfPresent | TokenSignature::Required)
    }

    /// `required` refuses a bad or missing signature, `if-present` a bad one, `ignore` none
    /// (`protocol.md` section 3).
    fn signature_is_refused(&self) -> bool {
        match (self.given, self.holds) {
            (true, true) => false,
            (true, false) => self.signature != TokenSignature::Ignore,
            (false, _) => self.signature == TokenSignature::Required,
        }
    }

    fn is_unknown_to_a_minting_flow(&self) -> bool {
        self.policy == TokenPolicy::Minted && self.known().is_none()
    }

    /// How the session ended; `None` if it is open or there is none.
    fn over(&self) -> Option<SessionStatus> {
        let KnownSession { status, expires_at: ends, .. } = self.known()?;
        if status == SessionStatus::Open {
            (self.now >= ends).then_some(SessionStatus::Expired)
        } else {
            Some(status)
        }
    }
}

/// A token that can be one recipient's own.
const OWN: &str = "a recipient's own";
