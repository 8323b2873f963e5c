//! The statements of turns that are under way at the same moment, of any tenants, as one statement.
//!
//! Such a statement names the tenants of its turns and sees no other's rows. Each turn has an
//! outcome of its own. A turn that would have to wait for somebody else's lock is left out, and is
//! tried alone, so that it delays no other. So is every turn of a statement that failed. A commit
//! whose result was lost comes second to itself then, as one that is retried alone.

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryStreamExt as _};
use sqlx::{Executor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Patience;
use super::grouping::{Group, Way};
use super::pool::Pool;
use super::sessions::found;
use super::{Store, StoreError};
use flowhost_exchange::sessions::{Commit, Found, NewSession, Opening};
use flowhost_protocol::ids::{RequestDigest, Scope, TokenHash};

/// Finds what turns begin with.
#[derive(Debug)]
pub(super) struct Finds(pub(super) Pool);

/// A turn that begins.
pub(super) struct TurnToFind {
    pub(super) scope: Scope,
    pub(super) token: TokenHash,
    pub(super) request: RequestDigest,
}

/// Commits turns.
#[derive(Debug)]
pub(super) struct Commits(pub(super) Pool);

/// A turn to commit, with copies of what [`Commit`] borrows.
pub(super) struct TurnToCommit {
    scope: Scope,
    token: TokenHash,
    status: &'static str,
    screen: Option<String>,
    state: Option<Vec<u8>>,
    request: RequestDigest,
    reply_kind: &'static str,
    reply: Vec<u8>,
    action: &'static str,
    screen_in: Option<String>,
    outcome: &'static str,
    duration_us: i64,
    plugin_version: Option<i32>,
    request_id: Uuid,
    /// The session's id and end, if this is its first turn.
    new: Option<(Uuid, OffsetDateTime)>,
    shared: bool,
    /// The version at which the session was found, if this is not its first turn.
    version: Option<i64>,
    opening: Opening,
}

/// How many statements for groups of each kind may be under way at once, the slow ones included.
/// Half of the connections stay free for turns that go alone and for everything else.
pub(super) fn most_groups(connections: u32) -> usize {
    (connections / 4).max(1) as usize
}

impl Store {
    /// The way for a commit. One that is large goes alone: to copy it would cost more than it saves.
    /// So does one whose reply is kept beside others, which few flows want: the statement for many
    /// stays as it is.
    pub(super) async fn join_commits(
        &self,
        scope: Scope,
        commit: &Commit<'_>,
        turn: impl FnOnce() -> TurnToCommit,
    ) -> Way<Commits> {
        let bytes =
            commit.sealed_reply.0.len() + commit.sealed_state.map_or(0, |state| state.0.len());
        if bytes > LARGE || commit.kept_reply.is_some() {
            Way::Alone(None)
        } else {
            self.commits.join(scope.tenant, turn).await
        }
    }
}

impl TurnToCommit {
    /// A session's first turn.
    pub(super) fn first<'a>(
        scope: Scope,
        new: &'a NewSession,
        commit: &'a Commit<'a>,
    ) -> impl FnOnce() -> Self + 'a {
        move || Self { new: Some((new.id.0, new.expires_at)), ..Self::of(scope, commit) }
    }

    /// A turn of a session that was found at `version`.
    pub(super) fn later<'a>(
        scope: Scope,
        version: i64,
        commit: &'a Commit<'a>,
    ) -> impl FnOnce() -> Self + 'a {
        move || Self { version: Some(version), ..Self::of(scope, commit) }
    }

    fn of(scope: Scope, commit: &Commit<'_>) -> Self {
        Self {
            scope,
            token: commit.token,
            status: commit.status.as_str(),
            screen: commit.exchange.screen_out.map(str::to_owned),
            state: commit.sealed_state.map(|sealed| sealed.0.clone()),
            request: commit.request,
            reply_kind: commit.reply_kind,
            reply: commit.sealed_reply.0.clone(),
            action: commit.exchange.action,
            screen_in: commit.exchange.screen_in.map(str::to_owned),
            outcome: commit.exchange.outcome,
            duration_us: commit.exchange.duration_us,
            plugin_version: commit.exchange.plugin_version,
            request_id: commit.exchange.request.0,
            new: None,
            shared: commit.shared,
            version: None,
            opening: commit.opening,
        }
    }
}

impl Group for Finds {
    type Item = TurnToFind;
    type Answer = Found;

    fn run(&self, turns: Vec<TurnToFind>) -> BoxFuture<'_, Vec<Option<Found>>> {
        async move { find_turns(&self.0, &turns).await.unwrap_or_else(|error| nobody(&turns, &error)) }
            .boxed()
    }
}

impl Group for Commits {
    type Item = TurnToCommit;
    type Answer = bool;

    fn run(&self, turns: Vec<TurnToCommit>) -> BoxFuture<'_, Vec<Option<bool>>> {
        async move {
            commit_turns(&self.0, &turns).await.unwrap_or_else(|error| nobody(&turns, &error))
        }
        .boxed()
    }
}

/// Nobody's answer: each turn is tried alone and has an error of its own, if it fails again.
fn nobody<T, A>(turns: &[T], error: &StoreError) -> Vec<Option<A>> {
    tracing::debug!(
        error = %flowhost_runtime::telemetry::chain(error),
        turns = turns.len(),
        "turns that went together are tried one by one"
    );
    turns.iter().map(|_| None).collect()
}

async fn find_turns(pool: &Pool, turns: &[TurnToFind]) -> Result<Vec<Option<Found>>, StoreError> {
    let query = sqlx::query("select * from find_turns_v2($1, $2, $3, $4)")
        .bind(column(turns, |turn| turn.scope.tenant.0))
        .bind(column(turns, |turn| turn.scope.flow.0))
        .bind(column(turns, |turn| &turn.token.0[..]))
        .bind(column(turns, |turn| &turn.request.0[..]));
    let mut answers: Vec<_> = turns.iter().map(|_| None).collect();
    let mut connection = pool.acquire(None, Patience::TURN).await?;
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        if let Some(answer) = answers.get_mut(index(row.try_get("place")?)) {
            *answer = Some(found(&row)?);
        }
    }
    Ok(answers)
}

async fn commit_turns(
    pool: &Pool,
    turns: &[TurnToCommit],
) -> Result<Vec<Option<bool>>, StoreError> {
    let places = unlike(turns);
    let chosen: Vec<_> = places.iter().filter_map(|place| turns.get(*place)).collect();
    let query = sqlx::query(
        "select * from commit_turns_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
    )
    .bind(column(&chosen, |turn| turn.scope.tenant.0))
    .bind(column(&chosen, |turn| turn.scope.flow.0))
    .bind(column(&chosen, |turn| &turn.token.0[..]))
    .bind(column(&chosen, |turn| turn.status))
    .bind(column(&chosen, |turn| turn.screen.as_deref()))
    .bind(column(&chosen, |turn| turn.state.as_deref()))
    .bind(column(&chosen, |turn| &turn.request.0[..]))
    .bind(column(&chosen, |turn| turn.reply_kind))
    .bind(column(&chosen, |turn| &turn.reply[..]))
    .bind(column(&chosen, |turn| turn.action))
    .bind(column(&chosen, |turn| turn.screen_in.as_deref()))
    .bind(column(&chosen, |turn| turn.outcome))
    .bind(column(&chosen, |turn| turn.duration_us))
    .bind(column(&chosen, |turn| turn.plugin_version))
    .bind(column(&chosen, |turn| turn.request_id))
    .bind(column(&chosen, |turn| turn.new.map(|(id, _)| id)))
    .bind(column(&chosen, |turn| turn.new.map(|(_, expires_at)| expires_at)))
    .bind(column(&chosen, |turn| turn.shared))
    .bind(column(&chosen, |turn| turn.version))
    .bind(column(&chosen, |turn| turn.opening.opened))
    .bind(column(&chosen, |turn| turn.opening.restart))
    .bind(column(&chosen, |turn| turn.opening.suspect));
    let row = pool.acquire(None, Patience::TURN).await?.fetch_one(query).await?;
    let (done, tried): (Vec<i64>, Vec<i64>) = (row.try_get("done")?, row.try_get("tried")?);
    let mut answers: Vec<_> = turns.iter().map(|_| None).collect();
    let answered =
        tried.iter().map(|place| (place, false)).chain(done.iter().map(|place| (place, true)));
    for (place, committed) in answered {
        let answer = places.get(index(*place)).and_then(|place| answers.get_mut(*place));
        if let Some(answer) = answer {
            *answer = Some(committed);
        }
    }
    Ok(answers)
}

/// The places of turns of which no two have the same session or the same request. The others go
/// alone: they would be told apart only by who came first.
fn unlike(turns: &[TurnToCommit]) -> Vec<usize> {
    let (mut sessions, mut requests) = (HashSet::new(), HashSet::new());
    let mut is_new = |turn: &TurnToCommit| {
        sessions.insert((turn.scope, turn.token))
            && requests.insert((turn.scope.tenant, turn.request))
    };
    turns.iter().enumerate().filter(|(_, turn)| is_new(turn)).map(|(place, _)| place).collect()
}

/// An argument of the function: one value of each turn.
fn column<'a, T, V>(turns: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    turns.iter().map(value).collect()
}

/// PostgreSQL counts from 1.
fn index(place: i64) -> usize {
    usize::try_from(place - 1).unwrap_or(usize::MAX)
}

/// A commit with more bytes than this is large. Nearly all are below 2 KiB.
const LARGE: usize = 32 << 10;
