//! A database that goes silent, is locked, or is read-only: requests fail in time, the health check
//! reports it, and nothing needs a restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowhost_client::payload;
use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms};
use flowhost_runtime::telemetry;
use flowhost_server::config::{Environment, MigrationPolicy, parse_database_url};
use flowhost_server::store::{Store, StoreError, StoreSeries};
use flowhost_tests::{
    Component, DatabaseProxy, TestCertificate, TestDatabase, TestFlow, TestHost, TlsFront,
    eventually,
};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, PgPool};
use tokio::time::{sleep, timeout};

use crate::capabilities::{keeper, submit};

#[tokio::test]
async fn connections_that_went_silent_are_replaced_in_time() {
    let (host, proxy) = behind_a_proxy().await;
    let settings = json!({"limits": {"concurrency": CLIENTS, "queue": CLIENTS}});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Steady).await;
    assert_eq!(statuses(&flow).await, [200; CLIENTS]);

    proxy.silence();

    let met = timeout(A_WHILE, statuses(&flow)).await.expect("each request ends in time");
    assert_eq!(met, [200; CLIENTS], "what met a silent connection was asked again on another");
    let after = timeout(A_WHILE, statuses(&flow)).await.expect("each request ends in time");
    assert_eq!(after, [200; CLIENTS], "no silent connection is left");
    assert_eq!(host.admin().get("/readyz").await.status, 200);

    proxy.silence();
    timeout(A_WHILE, host.stop()).await.expect("silent connections hold no host");
}

#[tokio::test]
async fn a_turn_whose_commit_is_lost_is_answered_and_its_plugin_asked_once() {
    let (host, proxy) = behind_a_proxy().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    for (number, lose) in
        [(2, DatabaseProxy::silence as fn(&DatabaseProxy)), (3, DatabaseProxy::lose_answers)]
    {
        let pool = host.database().pool().await;
        let mut locking = pool.begin().await.unwrap();
        // The turn can read its session, but its commit must wait.
        sqlx::query("select from sessions for update").execute(&mut *locking).await.unwrap();
        let answered = async { flow.count("token-of-ana").await };
        let meanwhile = async {
            locks_are_waited_for(&pool, 1).await;
            lose(&proxy);
            locking.rollback().await.unwrap();
        };

        let (count, ()) = timeout(A_WHILE, async { tokio::join!(answered, meanwhile) })
            .await
            .expect("the request ends in time");

        assert_eq!(count, number);
        assert_eq!(calls(&host).await, number, "the plugin was asked once each time");
    }
}

#[tokio::test]
async fn a_tenant_whose_turns_wait_in_the_database_leaves_others_connections() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    let settings = json!({"limits": {"concurrency": 64, "queue": 64}});
    let greedy = host.tenant("greedy").await.flow("booking", settings, Component::Steady).await;
    let modest = host.tenant("modest").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(greedy.count("token-of-all").await, 1);
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from sessions for update").execute(&mut *locking).await.unwrap();
    let done = AtomicBool::new(false);
    let waiting = join_all((0..40).map(async |_| {
        while !done.load(Ordering::Relaxed) {
            greedy.ask("count", "token-of-all").await;
        }
    }));
    let others = async {
        locks_are_waited_for(&pool, 2).await;
        for number in 1..=5 {
            assert_eq!(modest.count("token-of-ana").await, number);
        }
        done.store(true, Ordering::Relaxed);
        locking.rollback().await.unwrap();
    };

    tokio::join!(waiting, others);
}

#[tokio::test]
async fn a_locked_table_fails_requests_in_time_and_readiness() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("lock table exchanges, unanswered_requests in share mode")
        .execute(&mut *locking)
        .await
        .unwrap();

    // Sixteen for each connection: one after another they would wait for half a minute.
    let refused =
        timeout(A_WHILE, statuses_of(4 * CLIENTS, &flow)).await.expect("the requests end in time");
    assert!(refused.iter().all(|status| *status == 503), "{refused:?}");
    let query = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    let connections: i64 = sqlx::query_scalar(query).fetch_one(&mut *locking).await.unwrap();
    assert!(connections <= 4 + 1, "{connections}, with the one that listens");
    let ready = host.admin().get("/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (503, "a table of the database is locked\n"));
    // A write of what got no reply, at least, that could not be done.
    sleep(Duration::from_secs(3)).await;

    locking.rollback().await.unwrap();
    assert_eq!(flow.count("token-of-ana").await, 2);
    assert_eq!(host.admin().get("/readyz").await.status, 200);
    let counted =
        "select coalesce(sum(count), 0)::bigint from unanswered_requests where blame = 'host'";
    eventually("each is counted, once", async || {
        let count: i64 = sqlx::query_scalar(counted).fetch_one(&pool).await.unwrap();
        assert!(count <= refused.len() as i64, "{count}");
        (count == refused.len() as i64).then_some(())
    })
    .await;
    // What PostgreSQL said is the operator's.
    let said = "select distinct cause from unanswered_requests where blame = 'host'";
    let said: Vec<String> = sqlx::query_scalar(said).fetch_all(&pool).await.unwrap();
    assert_eq!(said, ["the session failed"]);
}

#[tokio::test]
async fn a_database_that_only_reads_is_left_until_it_writes_again() {
    let environment = Environment::of_process();
    let programs =
        PgPrograms::find(environment.postgres_programs().as_deref(), environment.path()).unwrap();
    let server = EmbeddedPostgres::start(Options::throwaway(programs), |_| ()).await.unwrap();
    server.create_database_if_missing("flowhost").await.unwrap();
    let host = TestHost::configured(|config| {
        config.database = server.connect_options("flowhost");
        config.migrations = MigrationPolicy::Apply;
    })
    .await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let mut superuser =
        PgConnection::connect_with(&server.connect_options("postgres")).await.unwrap();

    superuser.execute("alter system set default_transaction_read_only = on").await.unwrap();
    superuser.execute("select pg_reload_conf()").await.unwrap();
    eventually("the server only reads", async || {
        let reads: String = sqlx::query_scalar("show default_transaction_read_only")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        (reads == "on").then_some(())
    })
    .await;

    // The server's sessions learn of it one by one, the superuser's maybe before the host's.
    eventually("the host is not ready, and says why", async || {
        let ready = host.admin().get("/readyz").await;
        ((ready.status, ready.text.as_str()) == (503, "the database only reads\n")).then_some(())
    })
    .await;
    assert_eq!(flow.ask("count", "token-of-ana").await.status, 503);
    eventually("none is kept but the one that listens", async || {
        (connections(&mut superuser).await == 0).then_some(())
    })
    .await;

    superuser.execute("alter system reset default_transaction_read_only").await.unwrap();
    superuser.execute("select pg_reload_conf()").await.unwrap();
    eventually("the host serves again", async || {
        (flow.ask("count", "token-of-ana").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(host.admin().get("/readyz").await.status, 200);
    host.stop().await;
    superuser.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_host_does_not_work_where_row_level_security_is_off() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let pool = host.database().pool().await;
    pool.execute("alter table sessions disable row level security").await.unwrap();

    let ready = host.admin().get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("row-level security does not hold"), "{}", ready.text);
    assert_eq!(flow.ask("count", "token-of-ana").await.status, 503);
    let another = Store::connect(host.database().options(), 2, StoreSeries::default()).await;
    assert!(matches!(another, Err(StoreError::NoRowSecurity)), "{another:?}");

    pool.execute("alter table sessions enable row level security").await.unwrap();
    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn what_a_call_was_cut_off_from_is_never_used_again() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let keeper = keeper(&tenant, "keeper").await;
    keeper.set(json!({"limits": {"wall_ms": 200}})).await;
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from flows for no key update").execute(&mut *locking).await.unwrap();

    for number in 0..8 {
        let set = payload::data_exchange(
            "FORM",
            json!({"do": "set", "key": "a", "value": "x"}),
            &format!("token-of-call-{number}"),
        );
        assert_eq!(
            keeper.client().call(&set).await.unwrap().status,
            500,
            "it waits for the flow's row, and for no longer than it may"
        );
        assert_eq!(flow.count("token-of-ana").await, number + 1);
    }
    locking.rollback().await.unwrap();
    keeper.set(json!({"limits": {"wall_ms": 5000}})).await;
    submit(&keeper, json!({"do": "set", "key": "b", "value": "y"})).await;
    let got = submit(&keeper, json!({"do": "get", "key": "b"})).await;
    assert!(got.to_string().contains("\"y\""), "{got}");
}

#[tokio::test]
async fn changes_that_one_tenant_makes_leave_others_their_connections() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let deployer = host.api_token(json!({"tenant": "acme", "role": "deploy"})).await;
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from tenants where slug = 'acme' for update")
        .execute(&mut *locking)
        .await
        .unwrap();
    let path = "/v1/tenants/acme/flows/booking";
    let changes =
        join_all((0..16).map(|_| deployer.call("PATCH", path, json!({"failure_text": "Sorry."}))));
    let others = async {
        locks_are_waited_for(&pool, 1).await;
        for number in 1..=20 {
            assert_eq!(neighbour.count("token-of-ana").await, number);
        }
        locking.rollback().await.unwrap();
    };

    let (changes, ()) = futures_util::future::join(changes, others).await;

    assert!(changes.iter().all(|change| change.status == 200));
}

#[tokio::test]
async fn sign_ins_of_one_tenant_leave_others_their_connections() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    host.tenant("acme").await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let reader = host.api_token(json!({"tenant": "acme", "role": "read"})).await;
    let token = reader.token().unwrap();
    // Its use is noted once a minute, and then not for a while.
    host.browser(token).await;
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from api_tokens for update").execute(&mut *locking).await.unwrap();
    let signing_in = join_all((0..16).map(|_| host.browser(token)));
    let others = async {
        locks_are_waited_for(&pool, 1).await;
        for number in 1..=20 {
            assert_eq!(neighbour.count("token-of-ana").await, number);
        }
        locking.rollback().await.unwrap();
    };

    futures_util::future::join(signing_in, others).await;
}

#[tokio::test]
async fn turns_that_wait_for_their_tenants_locks_leave_others_connections() {
    let host = TestHost::configured(|config| config.database_connections = 4).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    // The deletion of a flow takes the same lock, maybe for minutes.
    let lock = "select from flows f join tenants t using (tenant_id) where t.slug = 'acme' for update of f";
    sqlx::query(lock).execute(&mut *locking).await.unwrap();
    let others = async {
        locks_are_waited_for(&pool, 1).await;
        for number in 1..=20 {
            assert_eq!(neighbour.count("token-of-ana").await, number);
        }
    };

    let (held_up, ()) = futures_util::future::join(statuses_of(4 * CLIENTS, &flow), others).await;

    assert!(held_up.iter().all(|status| *status == 503), "{held_up:?}");
}

#[tokio::test]
async fn a_url_that_asks_for_it_has_the_servers_certificate_checked() {
    let database = TestDatabase::migrated().await;
    let (certificate, another) = (TestCertificate::generate(), TestCertificate::generate());
    let front = TlsFront::before(&database.options(), &certificate).await;
    let connect = async |name: &str, settings: String| {
        let url = format!("{}?{settings}", front.url(database.options().get_username(), name));
        Store::connect(parse_database_url(&url).unwrap(), 2, StoreSeries::default())
            .await
            .map(drop)
            .map_err(|error| telemetry::chain(&error))
    };
    let trusting = |certificate: &TestCertificate| {
        format!("&sslrootcert={}", certificate.files().certificate.display())
    };

    assert_eq!(
        connect("localhost", format!("sslmode=verify-full{}", trusting(&certificate))).await,
        Ok(())
    );
    let other_name =
        connect("127.0.0.2", format!("sslmode=verify-full{}", trusting(&certificate))).await;
    assert!(other_name.unwrap_err().contains("not valid for name"));
    for trusted in [trusting(&another), String::new()] {
        let refused =
            connect("localhost", format!("sslmode=verify-full{trusted}")).await.unwrap_err();
        assert!(refused.contains("invalid peer certificate"), "{refused}");
    }
    assert_eq!(
        connect("localhost", "sslmode=require".to_owned()).await,
        Ok(()),
        "encrypted, with anybody"
    );
}

/// A host with a proxy between it and its database.
async fn behind_a_proxy() -> (TestHost, DatabaseProxy) {
    let mut proxy = None;
    let host = TestHost::configured(|config| {
        let before = proxy.insert(DatabaseProxy::before(&config.database));
        config.database = before.options();
    })
    .await;
    (host, proxy.unwrap())
}

/// How many calls the plugin has had.
async fn calls(host: &TestHost) -> u64 {
    let page = host.admin().get("/metrics").await.text;
    let series = r#"flowhost_plugin_calls_total{tenant="acme",flow="booking",version="1"} "#;
    page.lines().find_map(|line| line.strip_prefix(series)).unwrap().parse().unwrap()
}

/// Waits until at least this many statements wait for a lock.
pub(crate) async fn locks_are_waited_for(pool: &PgPool, at_least: i64) {
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    eventually("locks are waited for", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(pool).await.unwrap();
        (waiting >= at_least).then_some(())
    })
    .await;
}

/// The number of connections in the host's pool, without the one that only listens.
async fn connections(superuser: &mut PgConnection) -> i64 {
    let query = "select count(*) from pg_stat_activity where datname = 'flowhost' and query not ilike 'listen%' and query not ilike 'select 1'";
    sqlx::query_scalar(query).fetch_one(superuser).await.unwrap()
}

/// The statuses of one request from each client.
async fn statuses(flow: &TestFlow) -> Vec<u16> {
    statuses_of(CLIENTS, flow).await
}

async fn statuses_of(clients: usize, flow: &TestFlow) -> Vec<u16> {
    let ask =
        async |client: usize| flow.ask("count", &format!("token-of-client-{client}")).await.status;
    join_all((0..clients).map(ask)).await
}

const CLIENTS: usize = 16;

/// Twice as long as Meta waits: a slow machine stays below it, a lost connection does not.
const A_WHILE: Duration = Duration::from_secs(20);
