//! Signing in to the console and out of it. A browser holds a token of its own, which the one that
//! was shown has made: it ends with that one, and opens the console alone.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use time::OffsetDateTime;

use super::changes::shown;
use super::desk::COOKIE_PREFIX;
use super::{AdminError, Caller, Desk};
use crate::store::{self, Door, NewToken, Reach, Subject, TokenEnd, TokenScope};
use flowhost_protocol::crypto::{BearerToken, TokenDigest};
use flowhost_protocol::ids::ApiTokenId;

/// Codes in links that sign an operator in once: `flowhost dev` and `demo` print one for whoever
/// started them. They are in this host's memory alone.
#[derive(Debug, Default)]
pub(super) struct SignInCodes(Mutex<Vec<SignInCode>>);

#[derive(Debug)]
struct SignInCode {
    digest: TokenDigest,
    made: Instant,
    leads_to: String,
}

impl SignInCodes {
    /// A new code, which leads to the page at this path.
    pub(super) fn make(&self, leads_to: String) -> BearerToken {
        let code = BearerToken::generate("");
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.push(SignInCode { digest: code.digest(), made: Instant::now(), leads_to });
        code
    }

    /// Uses up a code, and returns where it leads. `None` if there is none such, or it is too old.
    pub(super) fn redeem(&self, code: &str) -> Option<(Caller, String)> {
        let digest = TokenDigest::of(code);
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|code| code.made.elapsed() < CODE_HOLDS_FOR);
        let at = codes.iter().position(|code| code.digest == digest)?;
        let SignInCode { leads_to, .. } = codes.swap_remove(at);
        Some((Caller::of(None, TokenScope::Operator), leads_to))
    }
}

impl Desk {
    /// Makes what the caller's browser is to hold. The audit log has it as made by the token that was
    /// shown, since that is what its holder acts as.
    pub async fn sign_in(&self) -> Result<BearerToken, AdminError> {
        let (id, cookie) = (ApiTokenId::new(), BearerToken::generate(COOKIE_PREFIX));
        let made_by = self.caller().actor.token;
        let digest = match made_by {
            Some(_) => cookie.digest(),
            None => self.admin().digest_of_operators(cookie.expose()),
        };
        let _claim = self.admin().claim_change(self.caller()).await?;
        let subject = self.own_subject().await?;
        let mut change = self.store().begin_access_change().await?;
        store::delete_old_console_tokens(&mut change, made_by, MOST_OF_A_TOKEN - 1).await?;
        let new = NewToken {
            id,
            digest,
            scope: self.caller().scope,
            door: Door::Console,
            expires_at: Some(OffsetDateTime::now_utc() + SIGNED_IN_FOR),
            made_by,
        };
        let inserted = store::insert_api_token(&mut change, &new).await?;
        let TokenEnd(expires_at) =
            inserted.ok_or_else(|| AdminError::Forbidden(self.caller().scope.role()))?;
        let mut record = self.record(subject, "console.sign-in");
        record.target = Some(id.to_string());
        record.after =
            shown(&json!({ "expires_at": expires_at.map(flowhost_api::Timestamp::from) }));
        change.commit(&record).await?;
        Ok(cookie)
    }

    /// Revokes what the caller's browser holds. Does nothing for a caller of the API.
    pub async fn sign_out(&self) -> Result<(), AdminError> {
        let Some(id) = self.caller().console else { return Ok(()) };
        let subject = self.own_subject().await?;
        let mut change = self.store().begin_access_change().await?;
        store::delete_api_token(&mut change, id).await?;
        let mut record = self.record(subject, "console.sign-out");
        record.target = Some(id.to_string());
        Ok(change.commit(&record).await?)
    }

    /// Whose token the caller's is, so that they see in the audit log who signed in with it.
    async fn own_subject(&self) -> Result<Subject, AdminError> {
        let Some(own) = self.caller().actor.token else { return Ok(Subject::default()) };
        let found = store::find_api_token(self.store(), Reach::Everything, own).await?;
        Ok(found.map(|token| token.subject()).unwrap_or_default())
    }
}

/// Browsers that are signed in with one token at the same time. The one that signed in first makes
/// room for another.
const MOST_OF_A_TOKEN: i64 = 16;

/// A working day. Whoever needs longer signs in again, which takes a token.
const SIGNED_IN_FOR: time::Duration = time::Duration::hours(8);

/// A link is used at once, or found in a terminal's history much later.
const CODE_HOLDS_FOR: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_signs_in_once() {
        let codes = SignInCodes::default();
        let code = codes.make("/console/there".to_owned());

        assert!(codes.redeem("another").is_none());
        assert_eq!(codes.redeem(code.expose()).unwrap().1, "/console/there");
        assert!(codes.redeem(code.expose()).is_none());
    }
}
