//! Connections and transactions, and how long they wait: the only way from [`store`](super) to the database.
//!
//! Every statement has a bound here, on the client's side: a server's own limits say nothing where the server is gone. A connection whose
//! statement did not end is never used again, whether it ran out of time, failed on its way, or was dropped in the middle by whoever no longer waits.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgQueryResult, PgRow, PgSeverity, PgStatement, PgTypeInfo};
use sqlx::{AssertSqlSafe, Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::StoreError;
use super::pool::{Live, Pool, PoolPlace};

/// How long a statement may take, and how much of that it may wait for a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    statement: Duration,
    lock: Duration,
}

impl Patience {
    /// What a turn waits for, and whatever else is short. Meta gives up after 10 s; a turn has two statements, each of which may be made
    /// twice. Shorter than the wait for a connection: who waits behind connections that went silent gets a new one in time.
    pub(super) const TURN: Self = Self { statement: Duration::from_secs(2), lock: Duration::from_millis(1_500) };

    /// What a health check waits for: whoever asks has a time limit of its own.
    pub(super) const CHECK: Self = Self { statement: Duration::from_millis(750), lock: Duration::from_millis(500) };

    /// What an operator waits for, and what goes on in the background: a component is megabytes, a list has every tenant.
    pub(super) const CHANGE: Self = Self { statement: Duration::from_secs(60), lock: Duration::from_secs(10) };

    /// Deleting all that belongs to a flow or a tenant: millions of rows.
    pub(super) const DELETION: Self = Self { statement: Duration::from_secs(15 * 60), lock: Duration::from_secs(10) };

    /// What the server is told, for the transaction.
    fn limits(self) -> String {
        let (statement, lock) = (self.statement.as_millis(), self.lock.as_millis());
        format!(
            "set local statement_timeout = {statement}; set local lock_timeout = {lock}; set local idle_in_transaction_session_timeout = 30000"
        )
    }

    /// When to give up. The server gives up first if it is there, and its connection can go on then.
    fn deadline(self) -> Instant {
        Instant::now() + self.statement + GRACE
    }
}

/// A connection in use. It goes back into the pool when dropped, if nothing speaks against it.
pub(super) struct Connection {
    pool: Pool,
    live: Option<Live>,
    place: Option<PoolPlace>,
    patience: Patience,
    fate: Fate,
    in_transaction: bool,
}

/// What becomes of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its last statement ended: it can be used again.
    Settled,
    /// A statement is under way, or was never read to its end.
    Unsettled,
    /// It was lost, or its server is not what it was: nor may the others be.
    Lost,
}

impl Connection {
    pub(super) fn new(pool: Pool, live: Live, place: PoolPlace, patience: Patience) -> Self {
        Self { pool, live: Some(live), place: Some(place), patience, fate: Fate::Settled, in_transaction: false }
    }

    /// Never uses it again, nor any other that is there: its server is not what it was.
    pub(super) fn distrust(&mut self) {
        self.fate = Fate::Lost;
    }

    fn raw(&mut self) -> Result<(&mut PgConnection, &mut Fate), sqlx::Error> {
        match &mut self.live {
            Some(live) => Ok((&mut live.raw, &mut self.fate)),
            None => Err(sqlx::Error::WorkerCrashed),
        }
    }

    /// Rolls back what nobody committed, before anybody else gets the connection; the place is free after that.
    fn roll_back(&mut self) {
        let mut rest = Self {
            pool: self.pool.clone(),
            live: self.live.take(),
            place: self.place.take(),
            patience: Patience::TURN,
            fate: Fate::Unsettled,
            in_transaction: false,
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { (&mut rest).execute("rollback").await.map(drop) });
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        match self.fate {
            Fate::Settled if self.in_transaction => self.roll_back(),
            Fate::Settled => self.live.take().into_iter().for_each(|live| self.pool.give_back(live)),
            Fate::Unsettled => {}
            Fate::Lost => {
                tracing::warn!("a connection to the database was lost; it is replaced");
                self.pool.distrust_all();
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Connection")
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let deadline = self.patience.deadline();
        let (raw, fate) = match self.raw() {
            Ok(parts) => parts,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        *fate = Fate::Unsettled;
        let rows = raw.fetch_many(query);
        stream::unfold(Some((rows, fate)), move |under_way| next_step(under_way, deadline)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // All of the answer is read: an error may follow the row.
        let first = |found: Option<PgRow>, row| std::future::ready(Ok(found.or(Some(row))));
        self.fetch(query).try_fold(None, first).boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        bounded(self, move |raw| raw.prepare_with(sql, parameters))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        bounded(self, move |raw| raw.describe(sql))
    }
}

/// A statement's answers, and what becomes of its connection.
type UnderWay<'e> = (BoxStream<'e, Result<Step, sqlx::Error>>, &'e mut Fate);

/// A row, or that a statement of several ended.
type Step = Either<PgQueryResult, PgRow>;

/// Waits for the next answer, until the whole statement is out of time.
async fn next_step(
    under_way: Option<UnderWay<'_>>,
    deadline: Instant,
) -> Option<(Result<Step, sqlx::Error>, Option<UnderWay<'_>>)> {
    let (mut answers, fate) = under_way?;
    match timeout_at(deadline, answers.next()).await {
        Ok(Some(Ok(step))) => Some((Ok(step), Some((answers, fate)))),
        Ok(Some(Err(error))) => {
            *fate = fate_after(&error);
            Some((Err(error), None))
        }
        Ok(None) => {
            *fate = Fate::Settled;
            None
        }
        Err(_) => {
            *fate = Fate::Lost;
            Some((Err(silence()), None))
        }
    }
}

/// Runs what has one answer within the connection's patience.
fn bounded<'c: 'e, 'e, T: Send + 'e>(
    connection: &'c mut Connection,
    run: impl FnOnce(&'e mut PgConnection) -> BoxFuture<'e, Result<T, sqlx::Error>> + Send + 'e,
) -> BoxFuture<'e, Result<T, sqlx::Error>> {
    async move {
        let deadline = connection.patience.deadline();
        let (raw, fate) = connection.raw()?;
        *fate = Fate::Unsettled;
        let done = timeout_at(deadline, run(raw)).await.unwrap_or_else(|_| Err(silence()));
        *fate = done.as_ref().err().map_or(Fate::Settled, fate_after);
        done
    }
    .boxed()
}

/// Whether a statement failed because its connection was lost: on another it may be made.
pub(super) fn tells_of_a_loss(error: &sqlx::Error) -> bool {
    fate_after(error) == Fate::Lost
}

/// What becomes of a connection whose statement failed.
fn fate_after(error: &sqlx::Error) -> Fate {
    match error {
        sqlx::Error::Database(error) if is_farewell(&**error) => Fate::Lost,
        sqlx::Error::Database(_) => Fate::Settled,
        sqlx::Error::Io(_) => Fate::Lost,
        _ => Fate::Unsettled,
    }
}

/// Whether the server ended the connection, or only reads from now on.
fn is_farewell(error: &dyn DatabaseError) -> bool {
    let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic)) || error.code().as_deref() == Some(READ_ONLY)
}

fn silence() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer came in time").into()
}

/// A transaction as the application's role. Dropped, it is rolled back.
#[derive(Debug)]
pub(super) struct Transaction(Connection);

impl Transaction {
    /// Begins, in one round trip: becomes the application's role and sets the limits and, for the transaction only, what `setting` says.
    /// Nothing of it is left in the connection, so no pooler in between can lose it, or give it to somebody else.
    pub(super) async fn begin(mut connection: Connection, setting: &str) -> Result<Self, StoreError> {
        let begin = format!("begin; set local role flowhost_app; {}; {setting}", connection.patience.limits());
        connection.in_transaction = true;
        (&mut connection).execute(AssertSqlSafe(begin)).await?;
        Ok(Self(connection))
    }

    /// Waits longer from here on.
    pub(super) async fn extend(&mut self, patience: Patience) -> Result<(), StoreError> {
        self.0.execute(AssertSqlSafe(patience.limits())).await?;
        self.0.patience = patience;
        Ok(())
    }

    /// Makes everything permanent.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.0.execute("commit").await?;
        self.0.in_transaction = false;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

/// How much longer than the server a client waits for its answer: what it takes on its way.
const GRACE: Duration = Duration::from_millis(250);

/// What a write is refused with by a server that only reads.
const READ_ONLY: &str = "25006";
