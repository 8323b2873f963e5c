//! Turns that are under way at the same moment share statements, and each has its own outcome.

use flowhost_exchange::sessions::{MemorySessions, SessionStore};
use flowhost_protocol::ids::{RequestDigest, Scope, TokenHash};
use flowhost_server::store::{Store, StoreSeries};
use flowhost_tests::{DatabaseProxy, TestHost, eventually};
use futures_util::future::{join, join_all, select_all};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use time::OffsetDateTime;

use super::session_stores::{Turn, in_an_hour, request, scope_of, shown};

#[tokio::test]
async fn turns_that_go_together_come_to_the_same_as_alone() {
    let test = Test::start().await;
    let memory = MemorySessions::new(OffsetDateTime::now_utc());

    for number in 1..=3 {
        let together = test.every_turn(&test.store, number).await;
        let mut alone = Vec::new();
        for turn in 0..TURNS {
            alone.push(test.turn(&memory, turn, number).await);
        }
        assert_eq!(together, alone, "exchange {number}");
    }

    let exchanges = test.number("select count(*) from exchanges").await;
    let statements = test.number("select count(distinct xmin::text) from exchanges").await;
    assert_eq!(exchanges, 3 * i64::from(TURNS));
    // How many fit into a group depends on how busy the machine is, but not whether any does.
    assert!(statements < exchanges, "{statements} statements committed {exchanges} exchanges");
}

#[tokio::test]
async fn a_conflict_in_a_group_concerns_that_turn_alone() {
    let test = Test::start().await;
    let test = &test;
    let of = |turn: u8| test.scope(turn / 2);

    // Each session is begun twice, with two requests.
    let begun = join_all((0..TURNS).map(|turn| test.first(of(turn), token(turn / 2), turn))).await;
    let read = join_all((0..TURNS).map(|turn| async move {
        let found = test.store.find_turn(of(turn), token(turn / 2), request(200)).await.unwrap();
        found.session.map(|session| session.version)
    }))
    .await;
    // And goes on twice.
    let went_on = join_all((0..TURNS).map(|turn| async move {
        Turn::of(token(turn / 2), 100 + turn).update(&test.store, of(turn), 1).await
    }))
    .await;

    for pair in begun.chunks(2).chain(went_on.chunks(2)) {
        assert_eq!(pair.iter().filter(|done| *done == "true").count(), 1, "{pair:?}");
    }
    assert_eq!(read, vec![Some(1); TURNS.into()]);
    assert_eq!(test.number("select count(*) from exchanges").await, i64::from(TURNS));
    assert_eq!(test.number("select sum(version)::bigint from sessions").await, i64::from(TURNS));
}

#[tokio::test]
async fn a_request_that_was_answered_meanwhile_leaves_no_session() {
    let test = &Test::start().await;

    // Two sessions of a tenant, one request.
    let begun =
        join_all((0..TURNS).map(|turn| test.first(test.scope(turn / 2), token(turn), turn / 2)))
            .await;

    for pair in begun.chunks(2) {
        assert_eq!(pair.iter().filter(|done| *done == "true").count(), 1, "{pair:?}");
    }
    assert_eq!(test.number("select count(*) from sessions").await, i64::from(TURNS / 2));
    let first = join_all((0..TURNS).map(|turn| async move {
        test.store.find_turn(test.scope(turn / 2), token(turn), request(turn / 2)).await.unwrap()
    }))
    .await;
    assert!(first.iter().all(|found| found.answered));
}

#[tokio::test]
async fn a_session_that_somebody_holds_delays_its_own_turn_only() {
    let test = Test::start().await;
    test.every_turn(&test.store, 1).await;
    let mut holder = test.pool.begin().await.unwrap();
    sqlx::query("select from sessions where token_hash = $1 for update")
        .bind(&token(3).0[..])
        .execute(&mut *holder)
        .await
        .unwrap();

    let turns = (0..TURNS).map(|turn| Box::pin(test.turn(&test.store, turn, 2))).collect();
    all_but(1, turns).await;

    assert_eq!(test.number("select min(version) from sessions").await, 1);
    holder.rollback().await.unwrap();
}

#[tokio::test]
async fn a_flow_that_is_being_deleted_delays_its_own_turns_only() {
    let test = Test::start().await;
    let mut deletion = test.pool.begin().await.unwrap();
    sqlx::query("delete from flows where flow_id = $1")
        .bind(test.scope(0).flow.0)
        .execute(&mut *deletion)
        .await
        .unwrap();

    let turns = (0..TURNS).map(|turn| Box::pin(test.turn(&test.store, turn, 1))).collect();
    all_but(usize::from(TURNS) / 4, turns).await;

    assert_eq!(test.number("select count(*) from sessions").await, i64::from(TURNS) * 3 / 4);
    deletion.rollback().await.unwrap();
}

#[tokio::test]
async fn turns_of_a_statement_that_fails_are_committed_one_by_one() {
    let test = Test::start().await;
    for function in ["commit_turns_v2", "find_turns_v2"] {
        let broken = format!("alter function {function} rename to {function}_of_before");
        sqlx::query(AssertSqlSafe(broken)).execute(&test.pool).await.unwrap();
    }

    let begun = test.every_turn(&test.store, 1).await;

    assert!(begun.iter().all(|done| done.starts_with("true")), "{begun:?}");
}

#[tokio::test]
async fn commits_whose_results_are_lost_are_found_answered() {
    let test = &Test::start().await;
    let proxy = DatabaseProxy::before(&test.host.database().options());
    let store = &Store::connect(proxy.options(), 8, StoreSeries::default()).await.unwrap();
    let find = async |turn| store.find_turn(test.scope(turn), token(turn), request(turn)).await;
    let commit = async |turn| {
        Turn::of(token(turn), turn).insert(store, test.scope(turn), &in_an_hour(store)).await
    };
    for step in [
        "create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$",
        "create trigger lingers after insert on exchanges execute function linger()",
    ] {
        sqlx::query(step).execute(&test.pool).await.unwrap();
    }
    let under_way = "select count(*) from pg_stat_activity where query like '%commit_turns_v2(%' and wait_event = 'PgSleep' \
        and datname = current_database()";
    let lose = async {
        eventually("a group is under way", async || {
            (test.number(under_way).await > 0).then_some(())
        })
        .await;
        proxy.lose_answers();
        sqlx::query("drop trigger lingers on exchanges").execute(&test.pool).await.unwrap();
    };

    let (committed, ()) = join(join_all((0..TURNS).map(commit)), lose).await;

    // These came second to themselves: those of a group, and one that had gone alone.
    let lost = committed.iter().filter(|done| *done == "false").count();
    assert!(lost > 1, "{committed:?}");
    for found in join_all((0..TURNS).map(find)).await {
        let found = found.unwrap();
        assert!(found.answered);
        assert_eq!(found.session.map(|session| session.version), Some(1));
    }
}

/// Waits until all turns but so many are committed. The others wait, or gave up doing so.
async fn all_but<F: Future<Output = String> + Unpin>(others: usize, mut turns: Vec<F>) {
    let mut missing = turns.len() - others;
    while missing > 0 {
        let (done, _, left) = select_all(turns).await;
        assert!(done.starts_with("true") || done.starts_with("the database failed"), "{done}");
        missing -= usize::from(done.starts_with("true"));
        turns = left;
    }
}

fn token(turn: u8) -> TokenHash {
    TokenHash([turn; 32])
}

/// A request that no other turn has.
fn turns_request(turn: u8, number: u8) -> RequestDigest {
    RequestDigest(std::array::from_fn(|place| if place == 0 { number } else { turn }))
}

/// More than two groups have room for.
const TURNS: u8 = 80;

/// Four tenants with a flow each, and a store with one lane for each kind of statement.
struct Test {
    host: TestHost,
    pool: PgPool,
    store: Store,
    scopes: Vec<Scope>,
}

impl Test {
    async fn start() -> Self {
        let host = TestHost::start().await;
        let pool = host.database().pool().await;
        let mut scopes = Vec::new();
        for slug in ["a", "b", "c", "d"] {
            host.tenant(slug).await.flow_without_plugin("booking", json!({})).await;
            scopes.push(scope_of(&host, slug, "booking").await);
        }
        let store =
            Store::connect(host.database().options(), 8, StoreSeries::default()).await.unwrap();
        Self { host, pool, store, scopes }
    }

    fn scope(&self, number: u8) -> Scope {
        self.scopes[usize::from(number) % self.scopes.len()]
    }

    /// Commits a session's first turn.
    async fn first(&self, scope: Scope, token: TokenHash, number: u8) -> String {
        Turn::of(token, number).insert(&self.store, scope, &in_an_hour(&self.store)).await
    }

    /// The turn of a session with this number, and what is found after it.
    async fn turn(&self, store: &dyn SessionStore, turn: u8, number: u8) -> String {
        let (scope, token) = (self.scope(turn), token(turn));
        let request = turns_request(turn, number);
        let turn = Turn::answering(token, request);
        let found = shown(&store.find_turn(scope, token, request).await.unwrap());
        let done = match number {
            1 => turn.showing("FORM").insert(store, scope, &in_an_hour(store)).await,
            later => turn.stating("later").update(store, scope, i64::from(later) - 1).await,
        };
        format!("{done} after {found}")
    }

    /// The turns of all sessions, at once.
    async fn every_turn(&self, store: &dyn SessionStore, number: u8) -> Vec<String> {
        join_all((0..TURNS).map(|turn| self.turn(store, turn, number))).await
    }

    async fn number(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.pool).await.unwrap()
    }
}
