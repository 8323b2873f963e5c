//! What old rows cost.

use crate::old;
use crate::sizes::{MANY, Sizes};
use flowhost_tests::measure::{
    Answered, CONNECTIONS, Endpoint, Figure, Host, Script, Stage, Table,
};

/// Makes the database with old rows.
pub(crate) async fn make(stage: &Stage, sizes: Sizes) {
    stage.copy_database(MANY, OLD).await;
    old::add(stage, OLD, sizes.old_sessions).await;
}

pub(crate) async fn measure(stage: &Stage, sizes: Sizes) -> Vec<Table> {
    let endpoints = stage.maker.endpoints(sizes.tenants);
    let mut table = Table::new("Old data: so many ended sessions", &Figure::COLUMNS);
    table.note(format!(
        "{CONNECTIONS} connections, {EXCHANGES} exchanges a session, {} tenants, databases of one server",
        endpoints.len()
    ));
    let mut measured = [
        Measured::begin(stage, MANY, "sessions before: none".to_owned(), &endpoints).await,
        Measured::begin(stage, OLD, format!("sessions before: {}", sizes.old_sessions), &endpoints)
            .await,
    ];
    for _ in 0..sizes.rounds {
        for one in &mut measured {
            let script = Script::of(EXCHANGES);
            let figure = stage.measure(&[&one.host], &endpoints, &script, CONNECTIONS).await;
            one.add(&figure.answered);
            table.add(&one.name, figure.columns());
        }
    }
    let columns = ["bytes a session", "bytes an exchange", "HOT updates %"];
    let mut rows = Table::new("Old data: what new rows take", &columns);
    rows.note("growth of sessions, and of exchanges with answered_requests, indexes included, over all rounds");
    for one in measured {
        let (name, growth) = one.end(stage).await;
        rows.add(&name, growth);
    }
    vec![table, rows]
}

/// A database that is being measured, with its host.
struct Measured {
    name: String,
    database: &'static str,
    host: Host,
    before: [f64; 4],
    conversations: usize,
    requests: usize,
}

impl Measured {
    async fn begin(
        stage: &Stage,
        database: &'static str,
        name: String,
        endpoints: &[Endpoint],
    ) -> Self {
        let host = stage.start_warm_host(database, endpoints).await;
        let before = numbers(stage, database).await;
        Self { name, database, host, before, conversations: 0, requests: 0 }
    }

    fn add(&mut self, answered: &Answered) {
        self.conversations += answered.conversations;
        self.requests += answered.requests;
    }

    /// Bytes of a session and of an exchange, and the share of HOT updates.
    async fn end(self, stage: &Stage) -> (String, Vec<f64>) {
        // PostgreSQL has counted all updates of a connection once it ended.
        self.host.stop().await;
        let after = numbers(stage, self.database).await;
        let [sessions, exchanges, hot, updated] =
            [0, 1, 2, 3].map(|at| after[at] - self.before[at]);
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
        let (begun, answered) = (self.conversations as f64, self.requests as f64);
        (self.name, vec![sessions / begun, exchanges / answered, hot / updated * 100.0])
    }
}

/// Bytes of the sessions, bytes of the exchanges, HOT updates and all updates of sessions so far.
async fn numbers(stage: &Stage, database: &str) -> [f64; 4] {
    let size = |tables: &str| {
        format!(
            "select sum(pg_total_relation_size(oid))::float8 from pg_class where relkind = 'r' and relname ~ '^({tables})$'"
        )
    };
    let count = |column: &str| {
        format!("select sum({column})::float8 from pg_stat_user_tables where relname = 'sessions'")
    };
    [
        stage.number(database, &size("sessions")).await,
        // The parent of partitions is no table of its own; its partitions are.
        stage.number(database, &size("exchanges.*|answered_requests.*")).await,
        stage.number(database, &count("n_tup_hot_upd")).await,
        stage.number(database, &count("n_tup_upd")).await,
    ]
}

const OLD: &str = "old";

/// Of a usual conversation.
const EXCHANGES: usize = 5;
