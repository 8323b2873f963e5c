//! Sessions in the database and sessions in memory: the same turns come to the same.

use std::time::Duration;

use flowhost_exchange::sessions::{
    Commit, ExchangeRow, Found, MemorySessions, MintedSession, NewSession, Opening, SessionStatus,
    SessionStore, SessionStoreError, StoredSession,
};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{
    FlowId, RequestDigest, RequestId, Scope, SessionId, TenantId, TokenHash,
};
use flowhost_server::store::{Store, StoreSeries};
use flowhost_tests::TestHost;
use serde_json::json;
use time::OffsetDateTime;

#[tokio::test]
async fn sessions_in_memory_are_as_those_in_the_database() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    for name in ["booking", "other"] {
        acme.flow_without_plugin(name, json!({})).await;
    }
    let (flow, other) =
        (scope_of(&host, "acme", "booking").await, scope_of(&host, "acme", "other").await);
    let database =
        Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
    let memory = MemorySessions::new(OffsetDateTime::now_utc());

    let in_memory = turns(&memory, flow, other).await;

    assert_eq!(in_memory, turns(&database, flow, other).await);
    assert_eq!(in_memory.len(), 18);
    database.close().await;
}

/// Everything that the rules of sessions ask of a store, with what came of each.
async fn turns(store: &dyn SessionStore, flow: Scope, other: Scope) -> Vec<String> {
    let mut came = Vec::new();
    let look =
        async |scope, token, request| shown(&store.find_turn(scope, token, request).await.unwrap());
    let first = |turn: Turn| async move { turn.insert(store, flow, &in_an_hour(store)).await };
    let later = |turn: Turn, version| async move { turn.update(store, flow, version).await };

    came.push(look(flow, ANA, request(1)).await);
    came.push(first(Turn::of(ANA, 1).stating("one").showing("FORM")).await);
    came.push(look(flow, ANA, request(1)).await);
    came.push(look(other, ANA, request(1)).await);
    // There is a session, and the request was answered.
    came.push(first(Turn::of(ANA, 2)).await);
    came.push(first(Turn::of(BEN, 1)).await);
    came.push(look(flow, BEN, request(2)).await);
    // Without a state and a screen those of before stay.
    came.push(later(Turn::of(ANA, 2), 5).await);
    came.push(later(Turn::of(ANA, 2), 1).await);
    came.push(look(flow, ANA, request(3)).await);
    let reopened = Opening { opened: true, restart: true, suspect: true };
    came.push(later(Turn { opening: reopened, ..Turn::of(ANA, 3) }, 2).await);
    came.push(look(flow, ANA, request(1)).await);
    came.push(later(Turn::of(ANA, 1), 3).await);
    came.push(
        later(Turn { status: SessionStatus::Completed, ..Turn::of(ANA, 4).stating("four") }, 3)
            .await,
    );
    came.push(shown_session(store.find_session(flow, ANA).await.unwrap().as_ref()));
    let minted = MintedSession {
        id: SessionId::new(),
        token: EVA,
        sealed_context: Some(Sealed(b"context".to_vec())),
        expires_at: store.now() + Duration::from_secs(7200),
        from_first_exchange: Some(Duration::from_secs(600)),
    };
    store.insert_minted_session(flow, &minted).await.unwrap();
    assert!(store.insert_minted_session(flow, &minted).await.is_err(), "a token is minted once");
    came.push(look(flow, EVA, request(5)).await);
    came.push(later(Turn::of(EVA, 5), 0).await);
    came.push(look(flow, EVA, request(5)).await);
    came
}

pub(super) struct Turn {
    token: TokenHash,
    request: RequestDigest,
    status: SessionStatus,
    state: Option<Sealed>,
    screen: Option<&'static str>,
    opening: Opening,
}

impl Turn {
    pub(super) fn of(token: TokenHash, number: u8) -> Self {
        Self::answering(token, request(number))
    }

    pub(super) fn answering(token: TokenHash, request: RequestDigest) -> Self {
        let (status, opening) = (SessionStatus::Open, Opening::default());
        Self { token, request, status, state: None, screen: None, opening }
    }

    pub(super) fn stating(self, state: &str) -> Self {
        Self { state: Some(Sealed(state.as_bytes().to_vec())), ..self }
    }

    pub(super) fn showing(self, screen: &'static str) -> Self {
        Self { screen: Some(screen), ..self }
    }

    pub(super) async fn insert(
        &self,
        store: &dyn SessionStore,
        scope: Scope,
        new: &NewSession,
    ) -> String {
        let reply = self.reply();
        outcome(store.insert_session(scope, new, &self.commit(&reply)).await)
    }

    pub(super) async fn update(
        &self,
        store: &dyn SessionStore,
        scope: Scope,
        version: i64,
    ) -> String {
        let reply = self.reply();
        outcome(store.update_session(scope, version, &self.commit(&reply)).await)
    }

    fn reply(&self) -> Sealed {
        Sealed(format!("reply to {}", self.request.0[0]).into_bytes())
    }

    fn commit<'a>(&'a self, reply: &'a Sealed) -> Commit<'a> {
        Commit {
            token: self.token,
            status: self.status,
            shared: false,
            opening: self.opening,
            sealed_state: self.state.as_ref(),
            request: self.request,
            reply_kind: "answer",
            sealed_reply: reply,
            // The same comes of it, and for the memory it is nothing.
            kept_reply: (self.request.0[0] % 2 == 1).then_some(reply),
            exchange: ExchangeRow {
                action: "INIT",
                screen_in: None,
                screen_out: self.screen,
                outcome: "screen",
                duration_us: 1,
                plugin_version: Some(1),
                request: RequestId::new(),
            },
        }
    }
}

fn outcome(committed: Result<bool, SessionStoreError>) -> String {
    committed.map_or_else(|error| error.to_string(), |committed| committed.to_string())
}

/// The ids of a tenant and one of its flows.
pub(super) async fn scope_of(host: &TestHost, tenant: &str, flow: &str) -> Scope {
    let tenant: TenantId = host.database().tenant_id(tenant).await.parse().unwrap();
    let id = sqlx::query_scalar("select flow_id from flows where tenant_id = $1 and name = $2")
        .bind(tenant.0)
        .bind(flow)
        .fetch_one(&host.database().pool().await)
        .await;
    Scope { tenant, flow: FlowId(id.unwrap()) }
}

pub(super) fn in_an_hour(store: &dyn SessionStore) -> NewSession {
    NewSession { id: SessionId::new(), expires_at: store.now() + Duration::from_secs(3600) }
}

pub(super) fn shown(found: &Found) -> String {
    format!("{}, answered: {}", shown_session(found.session.as_ref()), found.answered)
}

/// Without the times themselves, which are not the same twice.
fn shown_session(session: Option<&StoredSession>) -> String {
    let Some(session) = session else { return "none".to_owned() };
    let text = |sealed: &Sealed| String::from_utf8_lossy(&sealed.0).into_owned();
    let minutes = ((session.expires_at - session.updated_at).as_seconds_f64() / 60.0).round();
    let (state, context) =
        (session.sealed_state.as_ref().map(text), session.sealed_context.as_ref().map(text));
    let reply = session.last_reply.as_ref().map(|(kind, reply)| (kind.as_str(), text(reply)));
    let StoredSession { token, status, screen, version, opened_at, reopenings, .. } = session;
    let request = session.last_request.map(|request| request.0[0]);
    format!(
        "{status:?} of {:x} on {screen:?}: {state:?} {context:?} {reply:?} to {request:?}, version {version} of {opened_at}, reopened {reopenings}, \
         for {minutes} min",
        token.0[0]
    )
}

pub(super) fn request(number: u8) -> RequestDigest {
    RequestDigest([number; 32])
}

const ANA: TokenHash = TokenHash([0xa; 32]);
const BEN: TokenHash = TokenHash([0xb; 32]);
const EVA: TokenHash = TokenHash([0xe; 32]);
