//! Reading sessions (what happened, never what was answered), and deleting one.

use time::OffsetDateTime;

use super::page::PageLimit;
use super::{AdminError, FlowDesk, Right};
use crate::store::{self, AuditRecord, CommittedExchange, ListedSession};
use flowhost_api::{
    ClientErrorView, DeleteSession, ExchangeView, SessionDetails, SessionQuery, SessionView,
    SessionsPage,
};
use flowhost_exchange::sessions::{SessionStatus, client_error_context};
use flowhost_protocol::flow::FlowToken;
use flowhost_protocol::ids::{RequestId, SessionId};

impl FlowDesk {
    /// A page of the flow's sessions.
    pub async fn list_sessions(&self, query: SessionQuery) -> Result<SessionsPage, AdminError> {
        let status = query.status.as_deref().map(parse_status).transpose()?;
        let limit = PageLimit::parse(query.limit)?;
        let scope = self.scope();
        let mut sessions =
            store::list_sessions(self.store(), scope, status, query.before, limit.to_read())
                .await?;
        let next_before = limit.cut(&mut sessions, |session| session.id);
        Ok(SessionsPage {
            sessions: sessions.into_iter().map(SessionView::from).collect(),
            next_before,
        })
    }

    /// One session with what happened in it.
    pub async fn show_session(&self, session: SessionId) -> Result<SessionDetails, AdminError> {
        let data_key = self.data_key()?;
        let scope = self.scope();
        let session = store::find_listed_session(self.store(), scope, session)
            .await?
            .ok_or(AdminError::NotFound("session"))?;
        let history = store::list_exchanges(self.store(), scope.tenant, session.id).await?;
        let mut client_errors = Vec::new();
        for error in store::list_client_errors(self.store(), scope, session.token).await? {
            let open =
                || data_key.open(&client_error_context(scope, error.id), &error.sealed_message);
            let message = self.caller().may(Right::Deploy).then(open).transpose();
            let message = message.map_err(|source| AdminError::Sealed("client error", source))?;
            let message = message.map(|message| String::from_utf8_lossy(&message).into_owned());
            let created_at = error.created_at.into();
            client_errors.push(ClientErrorView {
                screen: error.screen,
                key: error.key,
                message,
                created_at,
            });
        }
        let history = history.into_iter().map(ExchangeView::from).collect();
        let log = match self.caller().may(Right::Deploy) {
            true => self.log_of_session(session.token).await?,
            false => Vec::new(),
        };
        Ok(SessionDetails { session: session.into(), history, client_errors, log })
    }

    /// Deletes the session of a flow token with its exchanges and what the client reported, and what
    /// the plugin logged in the token's turns. The audit log has the session's id, if there was one,
    /// not the token. No host has to learn of it: sessions are in the database alone.
    pub async fn delete_session(&self, which: DeleteSession) -> Result<(), AdminError> {
        let token = FlowToken::new(which.flow_token.to_string())
            .ok_or_else(|| AdminError::Invalid("flow_token is empty".to_owned()))?;
        let record = |session: Option<SessionId>| {
            let record = self.record("session.delete");
            match session {
                Some(session) => AuditRecord {
                    target: Some(format!("{}/{session}", self.flow().name)),
                    ..record
                },
                None => record,
            }
        };
        match store::delete_session(self.store(), self.scope(), token.hash(), record).await? {
            true => Ok(()),
            false => Err(AdminError::NotFound("session")),
        }
    }
}

impl From<ListedSession> for SessionView {
    fn from(session: ListedSession) -> Self {
        // The row of an expired session is updated only by its next request.
        let status = match session.status {
            SessionStatus::Open if session.expires_at <= OffsetDateTime::now_utc() => {
                SessionStatus::Expired
            }
            status => status,
        };
        Self {
            id: session.id,
            status: status.as_str().to_owned(),
            screen: session.screen,
            exchanges: session.exchanges,
            shared: session.shared,
            created_at: session.created_at.into(),
            updated_at: session.updated_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}

impl From<CommittedExchange> for ExchangeView {
    fn from(exchange: CommittedExchange) -> Self {
        Self {
            number: exchange.number,
            action: exchange.action,
            screen_in: exchange.screen_in,
            screen_out: exchange.screen_out,
            outcome: exchange.outcome,
            duration_ms: exchange.duration_us as f64 / 1000.0,
            plugin_version: exchange.plugin_version,
            request_id: exchange.request_id.map(RequestId),
            created_at: exchange.created_at.into(),
        }
    }
}

fn parse_status(text: &str) -> Result<SessionStatus, AdminError> {
    text.parse().map_err(|_| {
        AdminError::Invalid(format!(
            "status {text:?} is none of open, completed, rejected, expired"
        ))
    })
}
