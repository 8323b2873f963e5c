//! The second wall between tenants: for the application's role, a tenant's rows exist only in a
//! transaction for that tenant.

use flowhost_tests::{Component, TestDatabase, TestHost, eventually};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};

use crate::capabilities::{keeper, submit};

#[tokio::test]
async fn a_query_that_forgets_its_where_returns_the_tenants_own_rows_or_none() {
    let host = TestHost::start().await;
    let pool = host.database().pool().await;
    for slug in ["a", "b"] {
        let keeping = json!({"keep_replies": true});
        let flow = host.tenant(slug).await.flow("booking", keeping, Component::Steady).await;
        flow.count("token-of-ana").await;
        flow.count("unused").await;
        flow.call("PUT", "/config/greeting", json!({"value": "hello"})).await.expect(204);
        let sample = include_str!("../../plugins/appointment/flow.json");
        flow.call("PUT", "/flow-json", serde_json::from_str(sample).unwrap()).await.expect(204);
        let report = flowhost_client::payload::error_notification(
            "FORM",
            "timeout_error",
            "late",
            "token-of-ana",
        );
        assert_eq!(flow.client().call(&report).await.unwrap().status, 200);
        let gone = flow.tenant.flow("gone", json!({}), Component::Steady).await;
        gone.count("token-of-ana").await;
        gone.call("DELETE", "", serde_json::Value::Null).await.expect(204);
        flow.tenant
            .call("PUT", "/graph", json!({"access_token": "x", "phone_number_ids": ["1"]}))
            .await
            .expect(204);
        let keeper = keeper(&flow.tenant, "keeper").await;
        submit(&keeper, json!({"do": "set", "key": "a", "value": "x"})).await;
        submit(&keeper, json!({"do": "log", "value": "x"})).await;
        let failing = json!({"do": "fail", "value": "x"});
        let failing = flowhost_client::payload::data_exchange("FORM", failing, "token-of-ben");
        assert_eq!(keeper.client().call(&failing).await.unwrap().status, 500);
        let tenant = host.database().tenant_id(slug).await;
        eventually("the request without a reply is counted", async || {
            (count(&pool, "unanswered_requests", Some(&tenant)).await > 0).then_some(())
        })
        .await;
        eventually("the line is written", async || {
            let log = keeper.call("GET", "/logs", serde_json::Value::Null).await;
            (!log.text.is_empty()).then_some(())
        })
        .await;
        eventually("the shared token is noted", async || {
            let shown = flow.call("GET", "", serde_json::Value::Null).await.expect(200);
            (shown["warnings"] != serde_json::json!([])).then_some(())
        })
        .await;
    }
    let a = host.database().tenant_id("a").await;
    let tables = tenant_tables(&pool).await;
    assert!(tables.len() >= 9, "{tables:?}");

    for table in tables {
        let all = count(&pool, &table, None).await;
        assert_eq!(all, 0, "{table}: no tenant was said");
        let own = count(&pool, &table, Some(&a)).await;
        let others = count(&pool, &format!("{table} where tenant_id <> '{a}'"), Some(&a)).await;
        // Tables that this test leaves empty must be listed here.
        assert!(
            own > 0 || EMPTY_HERE.contains(&table.as_str()),
            "{table}: nothing to see, so nothing is proven"
        );
        assert_eq!(others, 0, "{table}: of another tenant");
    }
}

#[tokio::test]
async fn a_row_can_not_be_written_for_another_tenant() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("a").await;
    host.tenant_without_app_secret("b").await;
    let pool = host.database().pool().await;
    let (a, b) = (host.database().tenant_id("a").await, host.database().tenant_id("b").await);
    let flow = format!(
        "insert into flows (tenant_id, flow_id, name, settings) values ('{b}', gen_random_uuid(), 'x', '{{}}')"
    );

    let inserted = as_application(&pool, &a, &flow).await;
    assert!(inserted.unwrap_err().contains("row-level security"));
    assert_eq!(
        as_application(&pool, &b, &flow).await,
        Ok(1),
        "it is the tenant that makes the difference"
    );
    assert_eq!(
        as_application(&pool, &a, "update tenants set disabled = true").await,
        Ok(1),
        "one's own, not all"
    );
    assert_eq!(as_application(&pool, &a, "delete from key_pairs").await, Ok(1));
}

#[tokio::test]
async fn a_statement_for_several_tenants_reaches_their_rows_and_no_others() {
    let host = TestHost::start().await;
    let mut tenants = Vec::new();
    for slug in ["a", "b", "c"] {
        let flow = host.tenant(slug).await.flow("booking", json!({}), Component::Steady).await;
        flow.count("token-of-ana").await;
        let gone = flow.tenant.flow("gone", json!({}), Component::Steady).await;
        gone.count("token-of-ana").await;
        gone.call("DELETE", "", serde_json::Value::Null).await.expect(204);
        tenants.push(host.database().tenant_id(slug).await);
    }
    let pool = host.database().pool().await;
    let both = tenants[..2].join(",");
    let of_turns = ["answered_requests", "exchanges", "flows", "sessions"];

    for table in of_turns {
        // What the flow that is gone answered stays answered.
        let expected = if table == "answered_requests" { 4 } else { 2 };
        assert_eq!(count(&pool, table, Some(&both)).await, expected, "{table}");
    }
    for table in ["exchanges", "flows", "sessions"] {
        let delete = format!("delete from {table}");
        assert_eq!(as_application(&pool, &both, &delete).await, Ok(2), "{table}");
    }
    let forged = format!(
        "insert into answered_requests values ('{}', 'request'), ('{}', 'request')",
        tenants[0], tenants[2]
    );
    assert!(
        as_application(&pool, &both, &forged).await.unwrap_err().contains("row-level security")
    );
    let closed: Vec<_> = tenant_tables(&pool)
        .await
        .into_iter()
        .filter(|table| !of_turns.contains(&&**table))
        .collect();
    assert!(closed.len() >= 9, "{closed:?}");
    for table in closed {
        let read = as_application(&pool, &both, &format!("select from {table}")).await;
        // A table without rows asks its policy nothing.
        assert!(read.is_err() || read == Ok(0), "{table}: {read:?}");
    }
}

#[tokio::test]
async fn what_groups_call_reaches_only_rows_of_the_tenants_named() {
    let host = TestHost::start().await;
    let mut tenants = Vec::new();
    for slug in ["a", "b", "c"] {
        host.tenant(slug)
            .await
            .flow("booking", json!({}), Component::Steady)
            .await
            .count("token-of-ana")
            .await;
        tenants.push(host.database().tenant_id(slug).await);
    }
    let pool = host.database().pool().await;
    let none = |kind: &str, count: usize| format!("array_fill(null::{kind}, array[{count}])");
    let named = format!("array['{}', '{}']::uuid[]", tenants[0], tenants[1]);
    let found = format!(
        "select from find_turns_v2({named}, {0}, {1}, {1})",
        none("uuid", 2),
        none("bytea", 2)
    );

    let mut transaction = pool.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(found)).execute(&mut *transaction).await.unwrap();
    // What would follow in the function.
    let rest: i64 = sqlx::query_scalar("select count(*) from sessions")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(rest, 2);
}

#[tokio::test]
async fn every_tenant_table_is_behind_the_wall() {
    let database = TestDatabase::migrated().await;
    let pool = database.pool().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') \
           and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull) \
           and not (c.relrowsecurity and (c.relispartition or exists (select from pg_policy p where p.polrelid = c.oid)))",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(open, Vec::<String>::new());
    // Their table's policy says whose rows they are.
    let reached: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relispartition and has_table_privilege('flowhost_app', c.oid, \
           'select, insert, update, delete')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(reached, Vec::<String>::new());
    let (superuser, bypass): (bool, bool) = sqlx::query_as(
        "select rolsuper, rolbypassrls from pg_roles where rolname = 'flowhost_app'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(!superuser && !bypass);
    let owned: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relowner = 'flowhost_app'::regrole",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(owned, 0, "an owner is not held by row-level security");
}

#[tokio::test]
async fn the_owner_does_nothing_that_the_application_put_in_a_tables_place() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("a").await;
    let pool = host.database().pool().await;
    let entries = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from audit_entries");
        count.fetch_one(&pool).await.unwrap()
    };
    let before = entries().await;
    let mut connection = pool.acquire().await.unwrap();
    for statement in [
        "set role flowhost_app",
        "create function pg_temp.seize() returns timestamptz language plpgsql \
           as $$ begin delete from public.audit_entries; return now(); end $$",
        "create temporary view exchanges_default as select pg_temp.seize() as created_at",
        "select make_exchange_partitions_v2(now(), now())",
    ] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
    }

    assert_eq!(entries().await, before);
    let open: Vec<String> = sqlx::query_scalar(
        "select p.proname::text from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace \
           and not coalesce('search_path=public, pg_temp' = any (p.proconfig), false)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn a_host_works_as_the_applications_role() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let pool = host.database().pool().await;
    // No view shows a transaction's current role. So revoke a right of the role: the host must lose
    // it, although its login is a superuser here.
    sqlx::query("revoke select on sessions from flowhost_app").execute(&pool).await.unwrap();
    assert_eq!(flow.ask("count", "token-of-ana").await.status, 503);
    sqlx::query("grant select on sessions to flowhost_app").execute(&pool).await.unwrap();
    assert_eq!(flow.count("token-of-ana").await, 1);
    sqlx::query("revoke select on partners from flowhost_app").execute(&pool).await.unwrap();
    host.admin().get("/v1/partners").await.problem(503);
    sqlx::query("grant select on partners to flowhost_app").execute(&pool).await.unwrap();
    host.admin().get("/v1/partners").await.expect(200);
}

#[tokio::test]
async fn nothing_is_asked_as_whoever_logged_in() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let pool = host.database().pool().await;
    // A login whose only right is to become the application. Roles belong to the whole cluster, so
    // the name is unique to this test.
    sqlx::query("create role only_serving login noinherit in role flowhost_app")
        .execute(&pool)
        .await
        .unwrap();

    let serving = host
        .second_configured(|config| {
            config.database = config.database.clone().username("only_serving")
        })
        .await;

    let there = flow.at(&serving);
    assert_eq!(there.count("token-of-ana").await, 2);
    assert_eq!(there.session().await["exchanges"], 2);
    there.set(json!({"failure_text": "Sorry."})).await;
    there.deploy(Component::Chatty).await;
    let tenant = serving.tenant("another").await;
    let keeper = keeper(&tenant, "keeper").await;
    submit(&keeper, json!({"do": "set", "key": "a", "value": "x"})).await;
    submit(&keeper, json!({"do": "log", "value": "x"})).await;
    let values = sqlx::query_scalar::<_, i64>("select count(*) from flow_values")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(values, 1);
    for path in ["/v1/partners", "/v1/api-tokens", "/v1/audit", "/v1/tenants"] {
        assert_eq!(serving.admin().get(path).await.status, 200, "{path}");
    }
    let reader = serving.api_token(json!({"role": "read", "tenant": "another"})).await;
    assert_eq!(reader.get("/v1/tenants/another").await.status, 200);
    serving.stop().await;
    sqlx::query("drop role only_serving").execute(&pool).await.unwrap();
}

/// The tables of tenants, without partitions, which nobody reaches.
async fn tenant_tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition \
           and a.attname = 'tenant_id' and a.attnotnull order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn count(pool: &PgPool, of: &str, tenant: Option<&str>) -> i64 {
    let mut transaction = pool.begin().await.unwrap();
    become_application(&mut transaction, tenant).await;
    let count = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {of}")));
    count.fetch_one(&mut *transaction).await.unwrap()
}

/// Runs a statement as the host would for this tenant, rolls it back, and returns the number of
/// rows that it reached.
async fn as_application(pool: &PgPool, tenant: &str, statement: &str) -> Result<u64, String> {
    let mut transaction = pool.begin().await.unwrap();
    become_application(&mut transaction, Some(tenant)).await;
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut *transaction).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

async fn become_application(connection: &mut sqlx::PgConnection, tenant: Option<&str>) {
    sqlx::query("set local role flowhost_app").execute(&mut *connection).await.unwrap();
    if let Some(tenant) = tenant {
        sqlx::query("select set_config('flowhost.tenant', $1, true)")
            .bind(tenant)
            .execute(connection)
            .await
            .unwrap();
    }
}

const EMPTY_HERE: [&str; 0] = [];
