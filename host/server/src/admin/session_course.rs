//! One session from its beginning to its end, and what was answered in it for whoever opens that.

use std::fmt;

use zeroize::Zeroizing;

use super::flows::settings_of;
use super::live::LiveLine;
use super::reveal::{Said, SaidText};
use super::{AdminError, FlowDesk};
use crate::store;
use flowhost_api::SessionDetails;
use flowhost_exchange::sessions::{
    KeptReply as StoredReply, SessionError, SessionStore, open_kept_reply, open_last_reply,
};
use flowhost_protocol::crypto::DataKey;
use flowhost_protocol::flow::{FlowReply, ReplyKind};
use flowhost_protocol::ids::{AuditId, Scope, SessionId, TokenHash};

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
    /// Replies that are kept, if they were opened, the newest first. No request is stored.
    pub replies: Vec<KeptReply>,
    /// The number before which more of them are kept, if there are.
    pub older_before: Option<i64>,
    /// Whether its texts are open.
    pub revealed: bool,
}

/// A reply that is kept of a session.
pub struct KeptReply {
    /// The number of its exchange.
    pub number: i64,
    /// Its JSON.
    pub payload: Zeroizing<Vec<u8>>,
    /// Whether it came with status 427.
    pub is_refusal: bool,
    /// The version that gave it; `None` if none was asked or it is not known any more.
    pub version: Option<i32>,
}

impl fmt::Debug for KeptReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptReply({})", self.number)
    }
}

impl FlowDesk {
    /// One session from its beginning to its end. `opened_by` is the entry of the audit log by which
    /// the caller opened what was said in it; of what was answered, the newest replies before the
    /// number `before` come with it, or the newest of all.
    pub async fn show_course(
        &self,
        session: SessionId,
        opened_by: Option<AuditId>,
        before: Option<i64>,
    ) -> Result<SessionCourse, AdminError> {
        let mut details = self.show_session(session).await?;
        let revealed = self.is_revealed(Said::Session(session), opened_by).await?;
        let masked = |text| SaidText::new(text, revealed);
        let messages = details.client_errors.iter_mut();
        let messages = messages.map(|error| error.message.take().map(masked)).collect();
        let log = std::mem::take(&mut details.log);
        let log = log.into_iter().map(|line| LiveLine::new(line, revealed)).collect();
        let mut replies =
            if revealed { self.kept_replies(&details, before).await? } else { Vec::new() };
        let has_more = replies.len() > REPLIES_OF_A_PAGE;
        replies.truncate(REPLIES_OF_A_PAGE);
        let older_before = replies.last().filter(|_| has_more).map(|reply| reply.number);
        Ok(SessionCourse { details, messages, log, replies, older_before, revealed })
    }

    /// Whether the flow keeps the replies of its sessions, or the last one alone.
    pub fn keeps_replies(&self) -> bool {
        settings_of(self.flow()).is_ok_and(|settings| settings.keep_replies)
    }

    /// The Flow JSON of a version, or the flow's if that version came with none.
    pub async fn flow_json_of(&self, version: Option<i32>) -> Result<Option<Vec<u8>>, AdminError> {
        let (store, Scope { tenant, flow }) = (self.store(), self.scope());
        if let Some(version) = version
            && let Some(own) = store::find_version_flow_json(store, tenant, flow, version).await?
        {
            return Ok(Some(own));
        }
        let flows = store::find_flow_json(store, tenant, flow).await?;
        Ok(flows.map(|stored| stored.document))
    }

    /// The replies before a number, at most one more than a page has.
    async fn kept_replies(
        &self,
        details: &SessionDetails,
        before: Option<i64>,
    ) -> Result<Vec<KeptReply>, AdminError> {
        let (store, scope, data_key) = (self.store(), self.scope(), self.data_key()?);
        let Some(listed) = store::find_listed_session(store, scope, details.session.id).await?
        else {
            return Ok(Vec::new());
        };
        let (token, most) = (listed.token, REPLIES_OF_A_PAGE as i64 + 1);
        let kept = store::list_kept_replies(store, scope, token, before, most).await?;
        let open = |kept: &StoredReply| {
            let reply = open_kept_reply(&data_key, scope, token, kept)?;
            Ok(KeptReply::new(kept.number, &reply, kept.plugin_version))
        };
        let mut replies = kept.iter().map(open).collect::<Result<Vec<_>, SessionError>>()?;
        if before.is_none()
            && let Some(last) = self.last_reply(&data_key, token, details).await?
            && replies.iter().all(|reply| reply.number < last.number)
        {
            replies.insert(0, last);
        }
        Ok(replies)
    }

    /// The reply to the session's last request, which is there whatever the flow keeps.
    async fn last_reply(
        &self,
        data_key: &DataKey,
        token: TokenHash,
        details: &SessionDetails,
    ) -> Result<Option<KeptReply>, AdminError> {
        let stored = SessionStore::find_session(self.store(), self.scope(), token).await;
        let Some(stored) = stored.map_err(SessionError::Store)? else { return Ok(None) };
        let reply = open_last_reply(data_key, self.scope(), &stored)?;
        let number = stored.version;
        let exchange = details.history.iter().find(|exchange| exchange.number == number);
        let version = exchange.and_then(|exchange| exchange.plugin_version);
        Ok(reply.map(|reply| KeptReply::new(number, &reply, version)))
    }
}

impl KeptReply {
    fn new(number: i64, reply: &FlowReply, version: Option<i32>) -> Self {
        Self {
            number,
            payload: Zeroizing::new(reply.payload().to_vec()),
            is_refusal: reply.kind() == ReplyKind::TokenRejected,
            version,
        }
    }
}

/// Each is evaluated to be drawn, and takes as much of a page as a phone is high.
const REPLIES_OF_A_PAGE: usize = 20;
