//! Who may take a turn: `exchange::token_standing` and `sessions::entry`, composed as a turn composes them.
//!
//! Input: a byte each for the flow's policy, its setting for signatures, whether a signature is given, whether it holds, and the
//! session's status (0 is no session); then the session's end and the present as seconds since 1970, 4 bytes each. What is
//! missing is 0.

use std::cell::Cell;

use arbitrary::{Result, Unstructured};
use flowhost::exchange::token_standing;
use flowhost::sessions::{Entry, entry};
use flowhost::store::SessionStatus;
use flowhost::tenants::{TokenPolicy, TokenSignature};
use time::{Duration, OffsetDateTime};

/// Gives whether the request got a turn.
///
/// # Panics
/// Where a request gets a turn that the rules refuse, is refused one that is due, or is refused in another way than the rules say.
pub fn check(data: &[u8]) -> bool {
    let case = Case::read(data).expect("integers can be read from too few bytes as well");
    let looked_at = Cell::new(false);
    let standing = token_standing(case.policy, case.signature, case.given, || {
        looked_at.set(true);
        case.holds
    });
    let entry = entry(standing.admission, case.session, case.now);

    assert_eq!(standing.verified, case.verified(), "{case:?}");
    assert!(!looked_at.get() || (case.given && case.signature != TokenSignature::Ignore), "{case:?}");
    match entry {
        Entry::Refused => assert!(case.signature_is_refused() || case.is_unknown_to_a_minting_flow(), "{case:?}"),
        Entry::Over(status) => {
            assert_ne!(status, SessionStatus::Open, "{case:?}");
            assert_eq!(Some(status), case.over(), "{case:?}");
        }
        Entry::Turn => assert!(case.over().is_none(), "{case:?}"),
    }
    if case.signature_is_refused() || case.is_unknown_to_a_minting_flow() {
        assert_eq!(entry, Entry::Refused, "the session of a refused token is not touched: {case:?}");
    }
    entry == Entry::Turn
}

#[derive(Debug)]
struct Case {
    policy: TokenPolicy,
    signature: TokenSignature,
    given: bool,
    holds: bool,
    session: Option<(SessionStatus, OffsetDateTime)>,
    now: OffsetDateTime,
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
        Ok(Self { policy, signature, given, holds, session: status.map(|status| (status, time(ends))), now: time(now) })
    }

    /// Settings that look at signatures, and a signature that is good.
    fn verified(&self) -> bool {
        self.given && self.holds && matches!(self.signature, TokenSignature::IfPresent | TokenSignature::Required)
    }

    /// `required` refuses a bad one and none, `if-present` a bad one, `ignore` nothing (`design.md` section 3).
    fn signature_is_refused(&self) -> bool {
        match (self.given, self.holds) {
            (true, true) => false,
            (true, false) => self.signature != TokenSignature::Ignore,
            (false, _) => self.signature == TokenSignature::Required,
        }
    }

    fn is_unknown_to_a_minting_flow(&self) -> bool {
        self.policy == TokenPolicy::Minted && self.session.is_none()
    }

    /// How the session ended, if it did.
    fn over(&self) -> Option<SessionStatus> {
        let (status, ends) = self.session?;
        if status == SessionStatus::Open { (self.now >= ends).then_some(SessionStatus::Expired) } else { Some(status) }
    }
}
