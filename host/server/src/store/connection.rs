//! Connections and transactions with their time limits: the only way from [`store`](super) to the
//! database.
//!
//! Every statement has a limit on the client's side, since a server's own limits are of no use when
//! the server is gone. A connection whose statement did not end is never used again, whether it
//! timed out, failed, or was dropped half-way by its caller.

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
use super::pool::{Live, Pool, PoolPermit};

/// How long a statement may take, and how much of that it may wait for a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    statement: Duration,
    lock: Duration,
}

impl Patience {
    /// For turns and other short work. Meta gives up after 10 s; a turn has two statements, each of
    /// which may be made twice. This is shorter than the wait for a connection: a caller that waits
    /// behind connections that went silent gets a new one in time.
    pub(super) const TURN: Self =
        Self { statement: Duration::from_secs(2), lock: Duration::from_millis(1_500) };

    /// For health checks, whose caller has a time limit of its own.
    pub(super) const CHECK: Self =
        Self { statement: Duration::from_millis(750), lock: Duration::from_millis(500) };

    /// For operators and background work: a component is megabytes, and a list has every tenant.
    pub(super) const CHANGE: Self =
        Self { statement: Duration::from_secs(60), lock: Duration::from_secs(10) };

    /// For deleting all that belongs to a flow or a tenant: millions of rows.
    pub(super) const DELETION: Self =
        Self { statement: Duration::from_secs(15 * 60), lock: Duration::from_secs(10) };

    /// The settings for the server, for the transaction.
    fn limits(self) -> String {
        let (statement, lock) = (self.statement.as_millis(), self.lock.as_millis());
        format!(
            "set local statement_timeout = {statement}; set local lock_timeout = {lock}; set local idle_in_transaction_session_timeout = 30000"
        )
    }

    /// When the client gives up. A server that responds gives up first, and then the connection
    /// stays usable.
    fn deadline(self) -> Instant {
        Instant::now() + self.statement + GRACE
    }
}

/// A connection in use. When dropped it goes back into the pool if it is still sound.
pub(super) struct Connection {
    pool: Pool,
    live: Option<Live>,
    permit: Option<PoolPermit>,
    patience: Patience,
    fate: Fate,
    in_transaction: bool,
}

/// Whether a connection can be used again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its last statement ended: it can be used again.
    Settled,
    /// A statement is under way, or its answer was never read to the end.
    Unsettled,
    /// It was lost, or its server changed its role. The other connections may be affected too.
    Lost,
}

impl Connection {
    pub(super) fn new(pool: Pool, live: Live, permit: PoolPermit, patience: Patience) -> Self {
        Self {
            pool,
            live: Some(live),
            permit: Some(permit),
            patience,
            fate: Fate::Settled,
            in_transaction: false,
        }
    }

    /// Gives up this connection and all others that exist now: their server changed its role.
    pub(super) fn distrust(&mut self) {
        self.fate = Fate::Lost;
    }

    fn raw(&mut self) -> Result<(&mut PgConnection, &mut Fate), sqlx::Error> {
        match &mut self.live {
            Some(live) => Ok((&mut live.raw, &mut self.fate)),
            None => Err(sqlx::Error::WorkerCrashed),
        }
    }

    /// Rolls back an uncommitted transaction before another caller gets the connection. Its permit
    /// is released after that.
    fn roll_back(&mut self) {
        let mut rest = Self {
            pool: self.pool.clone(),
            live: self.live.take(),
            permit: self.permit.take(),
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
            Fate::Settled => {
                self.live.take().into_iter().for_each(|live| self.pool.give_back(live))
            }
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

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // Reads the whole answer, since an error may follow the row.
        let first = |found: Option<PgRow>, row| std::future::ready(Ok(found.or(Some(row))));
        self.fetch(query).try_fold(None, first).boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
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

/// A statement's remaining answers, and the fate of its connection.
type UnderWay<'e> = (BoxStream<'e, Result<Step, sqlx::Error>>, &'e mut Fate);

/// A row, or the end of one of several statements.
type Step = Either<PgQueryResult, PgRow>;

/// Waits for the next answer, until the deadline of the whole statement.
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

/// Runs an operation with a single answer within the connection's limits.
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

/// Whether a statement failed because its connection was lost. It may then be retried on another.
pub(super) fn tells_of_a_loss(error: &sqlx::Error) -> bool {
    fate_after(error) == Fate::Lost
}

/// Whether a connection can be used again after this error.
fn fate_after(error: &sqlx::Error) -> Fate {
    match error {
        sqlx::Error::Database(error) if is_farewell(&**error) => Fate::Lost,
        sqlx::Error::Database(_) => Fate::Settled,
        sqlx::Error::Io(_) => Fate::Lost,
        _ => Fate::Unsettled,
    }
}

/// Whether the server ended the connection or is now read-only.
fn is_farewell(error: &dyn DatabaseError) -> bool {
    let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
        || error.code().as_deref() == Some(READ_ONLY)
}

fn silence() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer came in time").into()
}

/// A transaction in the application's role. It is rolled back when dropped.
#[derive(Debug)]
pub(super) struct Transaction(Connection);

impl Transaction {
    /// Begins in one round trip: takes the application's role, and sets the limits and `setting`
    /// for the transaction only. The connection itself keeps no state, so a pooler in between
    /// cannot lose it or pass it on to another client.
    pub(super) async fn begin(
        mut connection: Connection,
        setting: &str,
    ) -> Result<Self, StoreError> {
        let begin = format!(
            "begin; set local role flowhost_app; {}; {setting}",
            connection.patience.limits()
        );
        connection.in_transaction = true;
        (&mut connection).execute(AssertSqlSafe(begin)).await?;
        Ok(Self(connection))
    }

    /// Sets longer limits from here on.
    pub(super) async fn extend(&mut self, patience: Patience) -> Result<(), StoreError> {
        self.0.execute(AssertSqlSafe(patience.limits())).await?;
        self.0.patience = patience;
        Ok(())
    }

    /// Commits the transaction.
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

/// How much longer than the server the client waits for an answer, to allow for the network.
const GRACE: Duration = Duration::from_millis(250);

/// The error code of a write on a read-only server.
const READ_ONLY: &str = "25006";
