//! Measures the cost of the second wall between tenants on the data path: a turn's two statements
//! as functions behind row-level security, against the same statements in plain SQL without it, and
//! both against a whole exchange over HTTP. They alternate in one run, so that other load on the
//! machine affects all.
//!
//! `cargo bench -p flowhost --bench row_security`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

use std::time::{Duration, Instant};

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost};
use serde_json::json;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let (mut plain, mut walled) = (connection(&host, false).await, connection(&host, true).await);
    let turn = Turns::of(&host).await;
    let mut times = [Vec::new(), Vec::new(), Vec::new()];

    for round in 0..ROUNDS {
        let of_round = [
            turn.measure(&mut plain, &PLAIN, round * 2).await,
            turn.measure(&mut walled, &WALLED, round * 2 + 1).await,
            exchanges(&flow, round).await,
        ];
        // The first round warms up.
        if round > 0 {
            times.iter_mut().zip(of_round).for_each(|(times, time)| times.push(time));
        }
    }

    let [plain, walled, exchange] = times.map(median);
    let cost = walled.as_secs_f64() - plain.as_secs_f64();
    println!("a turn's two statements, plain           {plain:>10.1?}");
    println!("a turn's two statements, behind the wall {walled:>10.1?}");
    println!("an exchange over HTTP, behind the wall   {exchange:>10.1?}");
    println!("the wall costs {:.1} % of an exchange", cost / exchange.as_secs_f64() * 100.0);
    println!("medians of {} rounds of {TURNS} turns each, one after another", ROUNDS - 1);
    host.stop().await;
}

/// The requests are sealed beforehand, so that only the host's work and the round trip are
/// measured.
async fn exchanges(flow: &TestFlow, round: u32) -> Duration {
    let client = flow.client();
    let requests: Vec<_> = (0..TURNS)
        .map(|turn| client.seal(&payload::init(&format!("t-{round}-{turn}"))).unwrap())
        .collect();
    let began = Instant::now();
    for request in &requests {
        assert_eq!(client.send(request).await.unwrap().status, 200);
    }
    began.elapsed() / TURNS
}

struct Statements {
    find: &'static str,
    insert: &'static str,
}

/// The tenant and the flow of the turns.
struct Turns {
    tenant: Uuid,
    flow: Uuid,
}

impl Turns {
    async fn of(host: &TestHost) -> Self {
        let pool = host.database().pool().await;
        let (tenant, flow) =
            sqlx::query_as("select tenant_id, flow_id from flows").fetch_one(&pool).await.unwrap();
        Self { tenant, flow }
    }

    /// The mean time of a turn, each in a new session.
    async fn measure(
        &self,
        connection: &mut PgConnection,
        statements: &Statements,
        round: u32,
    ) -> Duration {
        let began = Instant::now();
        for turn in 0..TURNS {
            let mut token = [0_u8; 32];
            token[..4].copy_from_slice(&round.to_be_bytes());
            token[4..8].copy_from_slice(&turn.to_be_bytes());
            let found = sqlx::query(statements.find)
                .bind(self.tenant)
                .bind(self.flow)
                .bind(&token[..])
                .bind(&token[..]);
            found.fetch_one(&mut *connection).await.unwrap();
            sqlx::query(statements.insert)
                .bind(self.tenant)
                .bind(self.flow)
                .bind(&token[..])
                .bind("open")
                .bind("NEXT")
                .bind(&[7_u8; 64][..])
                .bind(&token[..])
                .bind("answer")
                .bind(&[7_u8; 200][..])
                .bind("INIT")
                .bind(None::<&str>)
                .bind("screen")
                .bind(1_000_i64)
                .bind(1_i32)
                .bind(Uuid::now_v7())
                .bind(Uuid::now_v7())
                .bind(time::OffsetDateTime::now_utc() + Duration::from_secs(3600))
                .fetch_one(&mut *connection)
                .await
                .unwrap();
        }
        began.elapsed() / TURNS
    }
}

/// A connection as the owner, whom the wall does not affect, or as the application. It does without
/// a pool, which pings after every use.
async fn connection(host: &TestHost, walled: bool) -> PgConnection {
    let options = host.database().options();
    let options = if walled { options.options([("role", "flowhost_app")]) } else { options };
    PgConnection::connect_with(&options).await.unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

const WALLED: Statements = Statements {
    find: "select * from find_turn_v3($1, $2, $3, $4)",
    insert: "select insert_turn_v4($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, false)",
};

const PLAIN: Statements = Statements {
    find: "select a.request_digest is not null, \
             s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version, s.last_reply_kind, s.sealed_last_reply, \
             s.last_request, s.expires_at, s.updated_at, s.opened_at, s.reopenings \
           from (values (1)) as one (n) \
           left join answered_requests a on a.tenant_id = $1 and a.request_digest = $4 \
           left join sessions s on s.tenant_id = $1 and s.flow_id = $2 and s.token_hash = $3",
    insert: "with turn as ( \
               insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version, \
                 last_reply_kind, sealed_last_reply, last_request, expires_at) \
               values ($1, $2, $3, $16, $4, $5, $6, 1, $8, $9, $7, $17) \
               on conflict (tenant_id, flow_id, token_hash) do nothing returning version), \
             request as (insert into answered_requests (tenant_id, request_digest) select $1, $7 from turn) \
             insert into exchanges (tenant_id, session_id, number, flow_id, action, screen_in, screen_out, outcome, duration_us, \
               plugin_version, request_id) \
             select $1, $16, version, $2, $10, $11, $5, $12, $13, $14, $15 from turn returning true",
};

const ROUNDS: u32 = 16;
const TURNS: u32 = 100;
