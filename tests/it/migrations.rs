//! The migrations: up, down, up again, and the rules for every tenant table.

use flowhost_server::store::MIGRATOR;
use flowhost_tests::TestDatabase;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgPool};

#[tokio::test]
async fn all_go_up_on_an_empty_database_down_and_up_again() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;

    MIGRATOR.run(&pool).await.unwrap();
    let first = shape(&pool).await;
    MIGRATOR.undo(&pool, 0).await.unwrap();
    let undone = tables(&pool).await;
    MIGRATOR.run(&pool).await.unwrap();

    assert_eq!(undone, Vec::<String>::new());
    assert_eq!(shape(&pool).await, first);
    assert!(first.len() > 50, "{first:?}");
}

#[tokio::test]
async fn each_can_be_undone_alone() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    let versions: Vec<i64> = MIGRATOR
        .iter()
        .filter(|one| one.migration_type.is_up_migration())
        .map(|one| one.version)
        .collect();
    MIGRATOR.run(&pool).await.unwrap();
    let whole = shape(&pool).await;

    for version in versions.iter().rev() {
        let below = versions.iter().copied().rfind(|other| other < version).unwrap_or(0);
        MIGRATOR.undo(&pool, below).await.unwrap();
        let applied: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(applied, versions.iter().filter(|other| *other < version).count() as i64);
        MIGRATOR.run(&pool).await.unwrap();
        assert_eq!(shape(&pool).await, whole, "after {version} was undone and done again");
    }
}

#[tokio::test]
async fn applying_them_again_changes_nothing_and_says_so() {
    let database = TestDatabase::empty().await;

    let first = flowhost_server::app::migrate(database.options()).await.unwrap();
    let second = flowhost_server::app::migrate(database.options()).await.unwrap();

    assert_eq!(
        first.len(),
        MIGRATOR.iter().filter(|one| one.migration_type.is_up_migration()).count()
    );
    assert_eq!(second, Vec::<String>::new());
}

#[tokio::test]
async fn every_tenant_table_belongs_to_a_tenant_and_every_key_begins_with_it() {
    let database = TestDatabase::migrated().await;
    let pool = database.pool().await;
    let of_tenants: Vec<_> = tables(&pool)
        .await
        .into_iter()
        .filter(|table| !NOT_A_TENANTS.contains(&table.as_str()))
        .collect();
    assert!(of_tenants.len() >= 9, "{of_tenants:?}");

    let with_tenant: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns \
         where table_schema = 'public' and column_name = 'tenant_id' and is_nullable = 'NO' order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(with_tenant, of_tenants);

    let keys: Vec<(String, String, String)> = sqlx::query_as(
        "select t.relname::text, i.relname::text, a.attname::text from pg_index x \
         join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid \
         join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public' \
         join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0] order by 1, 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    for table in &of_tenants {
        assert!(
            keys.iter().any(|(of, key, _)| of == table && key.ends_with("_pkey")),
            "{table} has no primary key"
        );
    }
    let otherwise: Vec<_> = keys
        .iter()
        .filter(|(table, key, first)| {
            of_tenants.contains(table)
                && first != "tenant_id"
                && !NOT_BY_TENANT.contains(&key.as_str())
        })
        .collect();
    assert!(otherwise.is_empty(), "{otherwise:?}");

    let foreign: Vec<(String, String)> = sqlx::query_as(
        "select c.conname::text, a.attname::text from pg_constraint c \
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] \
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace and c.conname <> 'tenants_partner_id_fkey' \
           and c.conrelid <> 'api_tokens'::regclass",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(
        !foreign.is_empty() && foreign.iter().all(|(_, first)| first == "tenant_id"),
        "{foreign:?}"
    );
}

/// Without statistics, as on every new database, the planner considers indexes that begin alike
/// equally good: a turn then read every session of its tenant, through an index meant for lists.
#[tokio::test]
async fn what_a_turn_looks_up_is_found_by_its_primary_key_alone() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    let session = "sessions where tenant_id = $1 and flow_id = $2 and token_hash = $3";
    let answered = "answered_requests where tenant_id = $1 and request_digest = $3";
    for (number, (role, of, lock, key)) in [
        ("none", session, "for key share", "sessions_pkey"),
        ("flowhost_app", session, "", "sessions_pkey"),
        ("flowhost_app", answered, "", "answered_requests_pkey"),
    ]
    .into_iter()
    .enumerate()
    {
        let statements = format!(
            "set role {role}; set flowhost.tenant = '{id}'; set plan_cache_mode = force_generic_plan; \
             prepare look_up_{number} (uuid, uuid, bytea) as select from {of} {lock}",
            id = uuid::Uuid::nil()
        );
        connection.execute(AssertSqlSafe(statements)).await.unwrap();
        let explain = format!("explain execute look_up_{number} (null, null, null)");
        let plan: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();

        assert!(plan.concat().contains(key), "{plan:#?}");
    }
}

/// A connection keeps its plans. One that was made while the tables were empty read all of them
/// with each turn until the next automatic `analyze`.
#[tokio::test]
async fn a_plan_for_empty_tables_reads_no_whole_table_once_they_are_full() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    connection.execute("analyze answered_requests, sessions").await.unwrap();
    let find = "select from find_turn_v3(gen_random_uuid(), gen_random_uuid(), 'token', 'request')";
    for _ in 0..10 {
        connection.execute(find).await.unwrap();
    }
    let fill = "insert into tenants (tenant_id, partner_id, slug, name, sealed_data_key) \
          select gen_random_uuid(), partner_id, 'acme', 'Acme', 'key' from partners; \
        insert into answered_requests (tenant_id, request_digest) \
          select tenant_id, sha256(number::text::bytea) from tenants, generate_series(1, 5000) as number";
    connection.execute(fill).await.unwrap();

    let mut transaction = connection.begin().await.unwrap();
    transaction.execute(find).await.unwrap();
    let read: i64 = sqlx::query_scalar(
        "select sum(seq_scan)::bigint from pg_stat_xact_user_tables where relname in ('answered_requests', 'sessions')",
    )
    .fetch_one(&mut *transaction)
    .await
    .unwrap();

    assert_eq!(read, 0);
}

/// Where most tenants have a session or two, reading all of a tenant's looks cheap to the planner.
#[tokio::test]
async fn a_commit_reads_no_other_sessions_of_its_tenant() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    let session = "insert into sessions (tenant_id, flow_id, token_hash, session_id, status, version, expires_at) \
        select tenant_id, flow_id, sha256(number::text::bytea), gen_random_uuid(), 'open', 0, now() from flows";
    let fill = format!(
        "insert into tenants (tenant_id, partner_id, slug, name, sealed_data_key) \
           select gen_random_uuid(), partner_id, 'tenant-' || number, 'x', 'key' from partners, generate_series(1, 2000) as number; \
         insert into flows (tenant_id, flow_id, name, settings) select tenant_id, gen_random_uuid(), 'booking', '{{}}' from tenants; \
         {session}, (values (0)) as one (number); \
         analyze; \
         {session} join tenants using (tenant_id), generate_series(1, 3000) as number where slug = 'tenant-1'"
    );
    connection.execute(AssertSqlSafe(fill)).await.unwrap();
    let commit = "select commit_turns_v2(array[tenant_id], array[flow_id], array['new'::bytea], array['open'], array[null], \
          array[null::bytea], array['request'::bytea], array['answer'], array['sealed'::bytea], array['INIT'], array[null], \
          array['screen'], array[1::bigint], array[null::integer], array[null::uuid], array[gen_random_uuid()], array[now()], \
          array[false], array[null::bigint], array[false], array[false], array[false])::text \
        from flows join tenants using (tenant_id) where slug = 'tenant-1'";

    let mut transaction = connection.begin().await.unwrap();
    let done: String = sqlx::query_scalar(commit).fetch_one(&mut *transaction).await.unwrap();
    let read: i64 = sqlx::query_scalar(
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'sessions'",
    )
    .fetch_one(&mut *transaction)
    .await
    .unwrap();

    assert_eq!(done, "({1},{1})");
    assert!(read < 10, "{read} sessions were read");
}

#[tokio::test]
async fn exchanges_of_before_they_had_months_stay() {
    let database = TestDatabase::migrated().await;
    let pool = database.pool().await;
    MIGRATOR.undo(&pool, BEFORE_MONTHS).await.unwrap();
    let rows = "insert into tenants select gen_random_uuid(), partner_id, 'acme', 'Acme', null, false, 'key'::bytea from partners; \
        insert into flows (tenant_id, flow_id, name, settings) select tenant_id, gen_random_uuid(), 'booking', '{}'::jsonb from tenants; \
        insert into sessions (tenant_id, flow_id, token_hash, session_id, status, version, last_reply_kind, sealed_last_reply, expires_at) \
          select tenant_id, flow_id, 'ana'::bytea, gen_random_uuid(), 'open', 2, 'answer', 'sealed'::bytea, now() from flows; \
        insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, outcome, duration_us, created_at) \
          select tenant_id, flow_id, token_hash, number, convert_to('request ' || number, 'UTF8'), 'INIT', 'screen', 1, now() - make_interval(days => days) \
          from sessions, (values (1, 70), (2, 0)) as old (number, days)";
    pool.execute(rows).await.unwrap();

    MIGRATOR.run(&pool).await.unwrap();

    let exchanges: Vec<(i64, bool)> = sqlx::query_as(
        "select number, exchanges.created_at < now() - interval '60 days' from exchanges join sessions using (tenant_id, session_id) order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(exchanges, [(1, true), (2, false)]);
    let answered: Vec<(Vec<u8>, bool)> = sqlx::query_as(
        "select request_digest, answered_at < now() - interval '60 days' from answered_requests order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(answered, [(b"request 1".to_vec(), true), (b"request 2".to_vec(), false)]);
    let last: Vec<u8> =
        sqlx::query_scalar("select last_request from sessions").fetch_one(&pool).await.unwrap();
    assert_eq!(last, b"request 2");
    let strays: i64 = sqlx::query_scalar("select count(*) from exchanges_default")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(strays, 0, "each month has its partition");
    MIGRATOR.undo(&pool, BEFORE_MONTHS).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("select count(*) from exchanges").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 2);
}

#[tokio::test]
async fn changed_tenants_are_found_by_their_index() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    let statements = "set role flowhost_app; set plan_cache_mode = force_generic_plan; \
        prepare changed (text) as select slug from tenants where changed_in >= $1::xid8";
    connection.execute(statements).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar("explain execute changed (null)")
        .fetch_all(&mut *connection)
        .await
        .unwrap();

    assert!(plan.concat().contains("tenants_changed_in"), "{plan:#?}");
}

/// All tables but the one in which sqlx records migrations.
async fn tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' and tablename <> '_sqlx_migrations' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Every column, index and constraint as text.
async fn shape(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) \
           from information_schema.columns where table_schema = 'public' \
         union all select indexdef from pg_indexes where schemaname = 'public' \
         union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
           from pg_constraint where connamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// The last migration before exchanges were kept by month.
const BEFORE_MONTHS: i64 = 20_261_128_060_000;

/// Tables that don't belong to a tenant.
const NOT_A_TENANTS: [&str; 5] =
    ["api_tokens", "audit_entries", "partners", "retention_pass", "tenant_deletions"];

/// Indexes of `tenants`, for questions about all of them: a name is unique among all, and hosts ask
/// which changed. A table that belongs to a tenant has none.
const NOT_BY_TENANT: [&str; 2] = ["tenants_changed_in", "tenants_slug_key"];
