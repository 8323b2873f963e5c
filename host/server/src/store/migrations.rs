//! Migrations, applied by the user of the database's URL, who owns the tables. Hosts run in a role
//! that may not do this.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::timeout;

use super::StoreError;

/// The migrations of `migrations/`, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// Applies the migrations that a database lacks. Returns their names in the order they were
/// applied.
pub async fn migrate(database: &PgConnectOptions) -> Result<Vec<String>, StoreError> {
    let mut connection = connect(database).await?;
    // A migration takes as long as it needs, whatever timeout the database or the login has.
    connection.execute("set statement_timeout = 0").await?;
    let pending = pending(&mut connection).await?;
    MIGRATOR.run(&mut connection).await.map_err(StoreError::Migrate)?;
    connection.close().await?;
    Ok(pending)
}

/// The names of the migrations that a database lacks. Queried in the application's role if that
/// exists, since the login may have no other right.
pub async fn pending_migrations(database: &PgConnectOptions) -> Result<Vec<String>, StoreError> {
    let asking = timeout(ASKING_TIME, async {
        let mut connection = connect(database).await?;
        let made: bool = sqlx::query_scalar(
            "select exists (select from pg_roles where rolname = 'flowhost_app')",
        )
        .fetch_one(&mut connection)
        .await?;
        connection
            .execute(if made { "begin; set local role flowhost_app" } else { "begin" })
            .await?;
        let pending = pending(&mut connection).await?;
        connection.close().await?;
        Ok(pending)
    });
    asking.await.map_err(|_| StoreError::NoConnection)?
}

async fn connect(database: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connecting = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(database)).await;
    Ok(connecting.map_err(|_| StoreError::NoConnection)??)
}

async fn pending(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let known: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    let applied: Vec<i64> = match known {
        true => {
            sqlx::query_scalar("select version from _sqlx_migrations where success")
                .fetch_all(connection)
                .await?
        }
        false => Vec::new(),
    };
    let missing = MIGRATOR
        .iter()
        .filter(|one| one.migration_type.is_up_migration() && !applied.contains(&one.version));
    Ok(missing
        .map(|one| format!("{}_{}", one.version, one.description.replace(' ', "_")))
        .collect())
}

/// A database that takes longer than this to accept a connection counts as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time to connect and for three short queries.
const ASKING_TIME: Duration = Duration::from_secs(10);
