//! One session from its beginning to its end, and what was answered in it for whoever opens that.

use std::fmt;

use zeroize::Zeroizing;

use super::live::LiveLine;
use super::reveal::{Said, SaidText};
use super::{AdminError, FlowDesk};
use crate::store;
use flowhost_api::SessionDetails;
use flowhost_exchange::sessions::{SessionError, SessionStore, open_last_reply};
use flowhost_protocol::ids::{AuditId, Scope, SessionId};

/// A session from its beginning to its end. Texts that may be customers' are masked unless they were
/// opened.
#[derive(Debug)]
pub struct SessionCourse {
    /// The session with its exchanges. Its client errors have no message, and its log is empty.
    pub details: SessionDetails,
    /// The messages of its client errors, in their order; `None` for callers who may not read them.
    pub messages: Vec<Option<SaidText>>,
    /// What the plugin logged in it, for callers who may read logs.
    pub log: Vec<LiveLine>,
    /// The reply that is kept, if it was opened. No other of its replies is stored, and no request.
    pub reply: Option<KeptReply>,
    /// Whether its texts are open.
    pub revealed: bool,
}

/// The reply to a session's last request.
pub struct KeptReply {
    /// The number of its exchange.
    pub number: i64,
    /// Its JSON.
    pub payload: Zeroizing<Vec<u8>>,
    /// The Flow JSON that it was written for, as far as it is known.
    pub flow_json: Option<Vec<u8>>,
}

impl fmt::Debug for KeptReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptReply({})", self.number)
    }
}

impl FlowDesk {
    /// One session from its beginning to its end. `opened_by` is the entry of the audit log by which
    /// the caller opened what was said in it.
    pub async fn show_course(
        &self,
        session: SessionId,
        opened_by: Option<AuditId>,
    ) -> Result<SessionCourse, AdminError> {
        let mut details = self.show_session(session).await?;
        let revealed = self.is_revealed(Said::Session(session), opened_by).await?;
        let masked = |text| SaidText::new(text, revealed);
        let messages = details.client_errors.iter_mut();
        let messages = messages.map(|error| error.message.take().map(masked)).collect();
        let log = std::mem::take(&mut details.log);
        let log = log.into_iter().map(|line| LiveLine::new(line, revealed)).collect();
        let reply = if revealed { self.kept_reply(&details).await? } else { None };
        Ok(SessionCourse { details, messages, log, reply, revealed })
    }

    async fn kept_reply(&self, details: &SessionDetails) -> Result<Option<KeptReply>, AdminError> {
        let (store, scope) = (self.store(), self.scope());
        let Some(listed) = store::find_listed_session(store, scope, details.session.id).await?
        else {
            return Ok(None);
        };
        let stored = SessionStore::find_session(store, scope, listed.token).await;
        let Some(stored) = stored.map_err(SessionError::Store)? else { return Ok(None) };
        let Some(reply) = open_last_reply(&self.data_key()?, scope, &stored)? else {
            return Ok(None);
        };
        let number = stored.version;
        let exchange = details.history.iter().find(|exchange| exchange.number == number);
        let version = exchange.and_then(|exchange| exchange.plugin_version);
        let payload = Zeroizing::new(reply.payload().to_vec());
        Ok(Some(KeptReply { number, payload, flow_json: self.flow_json_of(version).await? }))
    }

    /// The Flow JSON of a version, or the flow's if that version came with none.
    async fn flow_json_of(&self, version: Option<i32>) -> Result<Option<Vec<u8>>, AdminError> {
        let (store, Scope { tenant, flow }) = (self.store(), self.scope());
        if let Some(version) = version
            && let Some(own) = store::find_version_flow_json(store, tenant, flow, version).await?
        {
            return Ok(Some(own));
        }
        let flows = store::find_flow_json(store, tenant, flow).await?;
        Ok(flows.map(|stored| stored.document))
    }
}
