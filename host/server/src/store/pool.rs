//! The pool of connections to the database. None is used that is not known to be sound, and nothing here waits without a bound.

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

/// The most connections that a host keeps, and those that nobody uses now.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    size: u32,
    places: Arc<Semaphore>,
    /// What each tenant has of them.
    shares: Arc<Budget>,
    unused: Mutex<Unused>,
}

/// What nobody uses now.
struct Unused {
    /// The last used last.
    idle: Vec<Idle>,
    /// A connection that was not checked since is not used again.
    trusted_since: Instant,
}

/// A connection that somebody uses.
pub(super) struct Live {
    pub(super) raw: PgConnection,
    connected_at: Instant,
    checked_at: Instant,
}

/// A connection's place in the pool, and in its tenant's share where it has one; given back when dropped.
pub(super) struct PoolPlace {
    _permit: OwnedSemaphorePermit,
    _share: Option<Claim>,
}

struct Idle {
    live: Live,
    since: Instant,
}

impl Pool {
    /// A pool of at most `size` connections, none of which is made yet.
    pub(super) fn new(options: PgConnectOptions, size: u32, series: BudgetSeries) -> Self {
        let places = Arc::new(Semaphore::new(size as usize));
        let unused = Unused { idle: Vec::new(), trusted_since: Instant::now() };
        let shares = Budget::new(size.into(), usize::MAX, series);
        Self(Arc::new(Inner { options, size, places, shares, unused: Mutex::new(unused) }))
    }

    /// A sound connection, as soon as one is free; for what a tenant causes within its share, else its statements that wait for each
    /// other's locks would have every connection.
    pub(super) async fn acquire(&self, share_of: Option<TenantId>, patience: Patience) -> Result<Connection, StoreError> {
        let acquired = timeout(ACQUIRE_TIME, async {
            let share = match share_of {
                Some(tenant) => Some(self.0.shares.take(tenant, 1).await.ok_or(StoreError::NoConnection)?),
                None => None,
            };
            let permit = self.0.places.clone().acquire_owned().await.map_err(|_| StoreError::Stopping)?;
            let place = PoolPlace { _permit: permit, _share: share };
            let live = match self.reuse().await {
                Some(live) => live,
                None => self.connect().await?,
            };
            Ok(Connection::new(self.clone(), live, place, patience))
        });
        acquired.await.map_err(|_| StoreError::NoConnection)?
    }

    /// Takes a connection back that is as it was when it was given out.
    pub(super) fn give_back(&self, live: Live) {
        if self.0.places.is_closed() || live.connected_at.elapsed() > LONGEST_LIFE {
            return;
        }
        let mut unused = self.unused();
        unused.idle.retain(|idle| idle.since.elapsed() < LONGEST_IDLE);
        if live.checked_at >= unused.trusted_since {
            unused.idle.push(Idle { live, since: Instant::now() });
        }
    }

    /// Uses none again that is there now: what made one unusable may have met the others too.
    pub(super) fn distrust_all(&self) {
        let mut unused = self.unused();
        unused.idle.clear();
        unused.trusted_since = Instant::now();
    }

    /// The most connections at a time.
    pub(super) fn size(&self) -> u32 {
        self.0.size
    }

    /// How its connections are made.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.0.options.clone()
    }

    /// Gives out no more connections, and waits for those in use.
    pub(super) async fn close(&self) {
        let places = self.0.places.acquire_many(self.0.size).await;
        self.0.places.close();
        drop(places);
        self.unused().idle.clear();
    }

    /// The connection that was used last, if it is still sound.
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

    /// A new connection. A server that is starting, or has no room for now, is tried again as long as the caller waits.
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
    /// Without the options: they hold a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("size", &self.0.size).finish_non_exhaustive()
    }
}

/// Checks in one round trip that the server takes writes, and that row-level security holds there for the application's role.
async fn check(raw: &mut PgConnection) -> Result<(), StoreError> {
    read_check(&raw.fetch_one(CHECK).await?)
}

/// Fails unless what was found tells of a server that a host may work on.
pub(super) fn read_check(row: &PgRow) -> Result<(), StoreError> {
    if row.try_get("reads_only")? {
        return Err(StoreError::ReadOnly);
    }
    if row.try_get("walled")? { Ok(()) } else { Err(StoreError::NoRowSecurity) }
}

/// Whether a connection may be had a little later.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// What holds for statements outside of a transaction, which is what a turn makes; a transaction sets its own. Nothing else is a
/// connection's state: behind a pooler a connection is now this and now that session of the server. The last four are for the server's end,
/// which a host that is gone in silence would otherwise hold for hours: PostgreSQL has only so many.
const LIMITS: &str = "set statement_timeout = 2000; set lock_timeout = 1500; set idle_in_transaction_session_timeout = 30000; \
    set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3; set tcp_user_timeout = 60000";

/// Every policy of a tenant's table must hold for the role: none does where the role is a superuser or passes by row-level security, nor
/// does that of a table that the role owns or whose row-level security was switched off.
macro_rules! sound {
    () => {
        "select current_setting('transaction_read_only')::boolean or pg_is_in_recovery() as reads_only, \
           coalesce((select bool_and(row_security_active(p.polrelid)) from pg_policy p join pg_class c on c.oid = p.polrelid \
             where p.polname = 'of_the_tenant' and c.relnamespace = current_schema()::regnamespace), false) as walled"
    };
}

/// What tells in a transaction of the application's role whether a host may work there; for [`read_check`].
pub(super) const SOUND: &str = sound!();

const CHECK: &str = concat!("begin; set local role flowhost_app; ", sound!(), "; commit");

/// From asking for a connection to having one, a check and a new connection included. Meta gives up after 10 s, and a turn asks twice. It
/// outlasts a turn's statement that meets with silence, those that wait in front, and the connection that follows.
const ACQUIRE_TIME: Duration = Duration::from_secs(4);

/// The check is a round trip. A connection that takes longer for it is replaced.
const CHECK_TIME: Duration = Duration::from_secs(1);

/// A connection that was idle for longer is checked before it is used: the database may have gone away meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// One that is never idle is checked as often as this: the server may have become another's standby.
const TRUSTED_IN_USE: Duration = Duration::from_secs(10);

/// What more connections than now were needed for is over.
const LONGEST_IDLE: Duration = Duration::from_secs(10 * 60);

/// The name of the database may lead elsewhere by then.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// Between tries to connect.
const RETRY_DELAY: Duration = Duration::from_millis(50);
