//! Opening what was said: what plugins logged and what users were answered, which may be customers'
//! data. The console shows the length of such texts until somebody with the right to deploy asks for
//! more, which the audit log has before anything is shown.

use std::time::Duration;

use serde_json::json;

use super::{AdminError, FlowDesk, Right};
use crate::store::{self, AuditRecord};
use flowhost_protocol::ids::{AuditId, SessionId};

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The lines of the flow's log.
    Log,
    /// What was answered, logged and reported in a session.
    Session(SessionId),
}

/// A text that may be a customer's.
#[derive(Clone, PartialEq, Eq)]
pub enum SaidText {
    /// The text.
    Open(String),
    /// How many characters it has.
    Masked(usize),
}

impl FlowDesk {
    /// Notes in the audit log that the caller opens what was said. Returns the entry, which the
    /// caller shows to see it.
    ///
    /// # Errors
    /// The caller may not deploy, or there is no such session.
    pub async fn reveal(&self, said: Said) -> Result<AuditId, AdminError> {
        self.caller().check(Right::Deploy)?;
        if let Said::Session(session) = said {
            let found = store::find_listed_session(self.store(), self.scope(), session).await?;
            found.ok_or(AdminError::NotFound("session"))?;
        }
        let _claim = self.admin().claim_change(self.caller()).await?;
        Ok(store::record_reveal(self.store(), &self.reveal_record(said)).await?)
    }

    /// Whether the caller has the right to see what was said, and this entry of its own says since
    /// when, which is not long ago.
    pub(super) async fn is_revealed(
        &self,
        said: Said,
        entry: Option<AuditId>,
    ) -> Result<bool, AdminError> {
        match entry.filter(|_| self.caller().may(Right::Deploy)) {
            None => Ok(false),
            Some(entry) => {
                let record = self.reveal_record(said);
                Ok(store::is_revealed(self.store(), entry, &record, OPEN_FOR).await?)
            }
        }
    }

    /// Says for people what is opened, and for [`is_revealed`](Self::is_revealed) of which flow and to
    /// whom: another flow may have that name later, and several people may use one token.
    fn reveal_record(&self, said: Said) -> AuditRecord {
        let mut record = match said {
            Said::Log => self.record("log.reveal"),
            Said::Session(session) => AuditRecord {
                target: Some(format!("{}/{session}", self.flow().name)),
                ..self.record("session.reveal")
            },
        };
        record.after = Some(json!({
            "flow_id": self.flow().id.0,
            "open_to_token": self.caller().own_token().map(|token| token.0),
        }));
        record
    }
}

impl SaidText {
    /// The text if it is revealed, otherwise its length.
    pub(super) fn new(text: String, revealed: bool) -> Self {
        if revealed { Self::Open(text) } else { Self::Masked(text.chars().count()) }
    }
}

impl std::fmt::Debug for SaidText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaidText")
    }
}

/// As long as somebody works on one problem. Whoever comes back later says so again.
const OPEN_FOR: Duration = Duration::from_secs(60 * 60);
