//! The pool of connections to the database. Only connections known to be sound are used, and every
//! wait has a limit.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Executor, PgConnection, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::StoreError;
use super::connection::{Connection, Patience};
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::budget::{Budget, Claim};
use flowhost_runtime::telemetry::BudgetSeries;

/// The connections of a host, up to a limit, and those that are idle.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    size: u32,
    permits: Arc<Semaphore>,
    /// Each tenant's share of them.
    shares: Arc<Budget>,
    unused: Mutex<Unused>,
}

struct Unused {
    /// The most recently used one is last.
    idle: Vec<Idle>,
    /// A connection that was not checked since then is not used again.
    trusted_since: Instant,
}

/// A connection in use.
pub(super) struct Live {
    pub(super) raw: PgConnection,
    connected_at: Instant,
    checked_at: Instant,
}

/// A permit for one connection, and the tenant's claim if it has one. Given back when dropped.
pub(super) struct PoolPermit {
    _permit: OwnedSemaphorePermit,
    _share: Option<Claim>,
}

struct Idle {
    live: Live,
    since: Instant,
}

impl Pool {
    /// A pool of at most `size` connections. None is opened yet.
    pub(super) fn new(options: PgConnectOptions, size: u32, series: BudgetSeries) -> Self {
        let permits = Arc::new(Semaphore::new(size as usize));
        let unused = Unused { idle: Vec::new(), trusted_since: Instant::now() };
        let shares = Budget::new(size.into(), usize::MAX, series);
        Self(Arc::new(Inner { options, size, permits, shares, unused: Mutex::new(unused) }))
    }

    /// Waits for a sound connection. Work that a tenant causes counts against the tenant's share:
    /// otherwise its statements that wait for each other's locks could take every connection.
    pub(super) async fn acquire(
        &self,
        share_of: Option<TenantId>,
        patience: Patience,
    ) -> Result<Connection, StoreError> {
        let acquired = timeout(ACQUIRE_TIME, async {
            let share = match share_of {
                Some(tenant) => {
                    Some(self.0.shares.take(tenant, 1).await.ok_or(StoreError::NoConnection)?)
                }
                None => None,
            };
            let permit =
                self.0.permits.clone().acquire_owned().await.map_err(|_| StoreError::Stopping)?;
            let permit = PoolPermit { _permit: permit, _share: share };
            let live = match self.reuse().await {
                Some(live) => live,
                None => self.connect().await?,
            };
            Ok(Connection::new(self.clone(), live, permit, patience))
        });
        acquired.await.map_err(|_| StoreError::NoConnection)?
    }

    /// Takes back a connection that is in the state in which it was given out.
    pub(super) fn give_back(&self, live: Live) {
        if self.0.permits.is_closed() || live.connected_at.elapsed() > LONGEST_LIFE {
            return;
        }
        let mut unused = self.unused();
        unused.idle.retain(|idle| idle.since.elapsed() < LONGEST_IDLE);
        if live.checked_at >= unused.trusted_since {
            unused.idle.push(Idle { live, since: Instant::now() });
        }
    }

    /// Closes all idle connections and those in use once they come back: what broke one may have
    /// broken the others.
    pub(super) fn distrust_all(&self) {
        let mut unused = self.unused();
        unused.idle.clear();
        unused.trusted_since = Instant::now();
    }

    pub(super) fn size(&self) -> u32 {
        self.0.size
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.options.clone()
    }

    /// Gives out no more connections, and waits for those in use.
    pub(super) async fn close(&self) {
        let permits = self.0.permits.acquire_many(self.0.size).await;
        self.0.permits.close();
        drop(permits);
        self.unused().idle.clear();
    }

    /// The most recently used idle connection, if it is still sound.
    async fn reuse(&self) -> Option<Live> {
        let Idle { mut live, since } = self.unused().idle.pop()?;
        if since.elapsed() < TRUSTED_IDLE && live.checked_at.elapsed() < TRUSTED_IN_USE {
            return Some(live);
        }
        match timeout(CHECK_TIME, check(&mut live.raw)).await {
            Ok(Ok(())) => Some(Live { checked_at: Instant::now(), ..live }),
            Ok(Err(_)) | Err(_) => {
                self.distrust_all();
                None
            }
        }
    }

    /// Opens a connection. A server that is starting, or has no room for now, is tried again as
    /// long as the caller waits.
    async fn connect(&self) -> Result<Live, StoreError> {
        loop {
            match self.0.options.connect().await {
                Ok(mut raw) => {
                    raw.execute(LIMITS).await?;
                    check(&mut raw).await?;
                    let now = Instant::now();
                    return Ok(Live { raw, connected_at: now, checked_at: now });
                }
                Err(error) if is_passing(&error) => sleep(RETRY_DELAY).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn unused(&self) -> MutexGuard<'_, Unused> {
        self.0.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    /// Leaves out the options, which hold a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("size", &self.0.size).finish_non_exhaustive()
    }
}

/// Checks in one round trip that the server accepts writes, and that row-level security holds for
/// the application's role.
async fn check(raw: &mut PgConnection) -> Result<(), StoreError> {
    read_check(&raw.fetch_one(CHECK).await?)
}

/// Reads the result of [`SOUND`]: fails unless the server is fit for use.
pub(super) fn read_check(row: &PgRow) -> Result<(), StoreError> {
    if row.try_get("reads_only")? {
        return Err(StoreError::ReadOnly);
    }
    if row.try_get("walled")? { Ok(()) } else { Err(StoreError::NoRowSecurity) }
}

/// Whether another attempt a little later may succeed.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// The limits of statements outside of a transaction, such as a turn's; a transaction sets its own.
/// A connection has no other state, since behind a pooler it may be a different session of the
/// server each time. The last four settings are for the server's end: a host that vanished silently
/// would otherwise hold its connections for hours, and PostgreSQL has only so many.
const LIMITS: &str = "set statement_timeout = 2000; set lock_timeout = 1500; set idle_in_transaction_session_timeout = 30000; \
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3; set tcp_user_timeout = 60000";

/// Checks that every tenant policy is in force for the role. It is not if the role is a superuser,
/// bypasses row-level security or owns the table, or if the table's row-level security was switched
/// off.
macro_rules! sound {
    () => {
        "select current_setting('transaction_read_only')::boolean or pg_is_in_recovery() as reads_only, \
           coalesce((select bool_and(row_security_active(p.polrelid)) from pg_policy p join pg_class c on c.oid = p.polrelid \
             where p.polname = 'of_the_tenant' and c.relnamespace = current_schema()::regnamespace), false) as walled"
    };
}

/// Checks, in a transaction of the application's role, whether the server is fit for use; for
/// [`read_check`].
pub(super) const SOUND: &str = sound!();

const CHECK: &str = concat!("begin; set local role flowhost_app; ", sound!(), "; commit");

/// The longest wait for a connection, its check or the opening of a new one included. Meta gives up
/// after 10 s, and a turn waits twice. This outlasts a turn's statement that gets no answer, the
/// callers that wait in front, and the new connection after that.
const ACQUIRE_TIME: Duration = Duration::from_secs(4);

/// The check is a round trip. A connection that takes longer is replaced.
const CHECK_TIME: Duration = Duration::from_secs(1);

/// A connection that was idle for longer is checked before use: the database may have gone away
/// meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A connection that is never idle is checked this often: the server may have become a standby.
const TRUSTED_IN_USE: Duration = Duration::from_secs(10);

/// The load that needed the additional connections is over by then.
const LONGEST_IDLE: Duration = Duration::from_secs(10 * 60);

/// The database's name may resolve to another server by then.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// Between attempts to connect.
const RETRY_DELAY: Duration = Duration::from_millis(50);
