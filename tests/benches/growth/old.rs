//! Makes sessions that ended long ago, straight in the database.

use flowhost_tests::measure::{FLOW, Progress, Stage};
use futures_util::stream::{StreamExt as _, iter};
use sqlx::Connection;

/// Adds so many sessions with an exchange each, spread evenly over the tenants and the last
/// four weeks, so that no host deletes them meanwhile.
pub(crate) async fn add(stage: &Stage, database: &str, sessions: u64) {
    if sessions == 0 {
        return;
    }
    stage.execute(database, MAKE_PARTITIONS).await;
    let progress = &Progress::of("old sessions", sessions);
    let slice = |first: u64| async move {
        let last = sessions.min(first + SLICE) - 1;
        let mut connection = stage.postgres.connect(database).await;
        sqlx::query(ADD_SESSIONS)
            .bind(first.cast_signed())
            .bind(last.cast_signed())
            .bind(FLOW)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        progress.add(last + 1 - first);
    };
    let firsts = (0..sessions).step_by(usize::try_from(SLICE).unwrap());
    iter(firsts).map(slice).buffer_unordered(SLICES_AT_ONCE).collect::<Vec<_>>().await;
    for statement in ["vacuum analyze", "checkpoint"] {
        stage.execute(database, statement).await;
    }
}

/// Everything that knows the tables' columns.
const ADD_SESSIONS: &str = include_str!("old_sessions.sql");

/// The months that `old_sessions.sql` goes back.
const MAKE_PARTITIONS: &str =
    "select make_exchange_partitions_v2(now() - interval '30 days', now())";

const SLICE: u64 = 50_000;
const SLICES_AT_ONCE: usize = 2;
