//! Nothing is kept for ever: what is over goes, by the days that its flow, its tenant or the default
//! says, and by one host at a time.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_server::store::{
    PurgeCame, Purged, Store, StoreSeries, forget_unanswered, keep_months, purge_next,
};
use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::capabilities::{keeper, submit};

#[tokio::test]
async fn sessions_go_by_the_days_of_their_flow_or_tenant_or_else_the_default() {
    let test = Test::start().await;
    let by_default = test.flow("acme", "default", json!({})).await;
    let longer = json!({"retention": {"sessions_days": 60}});
    let by_flow = by_default.tenant.flow("longer", longer, Component::Steady).await;
    let by_tenant = test.flow("brief", "booking", json!({})).await;
    let retention = json!({"retention": {"sessions_days": 2}});
    by_tenant.tenant.call("PATCH", "", retention).await.expect(200);
    for flow in [&by_default, &by_flow, &by_tenant] {
        for token in ["31 days old", "29 days old", "3 days old", "of today"] {
            assert_eq!(flow.count(token).await, 1);
        }
        let report = payload::error_notification("FORM", "timeout_error", "late", "31 days old");
        assert_eq!(flow.client().call(&report).await.unwrap().status, 200);
    }
    test.age("31 days old", 31).await;
    test.age("29 days old", 29).await;
    test.age("3 days old", 3).await;

    let purged = test.purge().await;

    assert_eq!(purged.sessions, 1 + 3);
    assert_eq!(by_default.sessions().await.len(), 3);
    assert_eq!(by_flow.sessions().await.len(), 4);
    assert_eq!(by_tenant.sessions().await.len(), 1);
    assert_eq!(test.number("select count(*) from client_errors").await, 1, "of the longer flow");
    assert_eq!(test.number("select count(*) from answered_requests").await, 12);
}

#[tokio::test]
async fn an_open_session_goes_by_its_end_and_not_by_its_last_exchange() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    flow.count("31 days old").await;
    test.age("31 days old", 31).await;
    let ends = "update sessions set expires_at = now() - interval '29 days'";
    test.execute(ends).await;

    let purged = test.purge().await;

    assert_eq!((purged.sessions, flow.sessions().await.len()), (0, 1));
}

#[tokio::test]
async fn a_completed_session_stays_while_its_token_could_be_used() {
    let test = Test::start().await;
    let brief = json!({"retention": {"sessions_days": 1}});
    let flow = test.flow("acme", "booking", brief).await;
    flow.count(TOKEN).await;
    test.age(TOKEN, 2).await;
    test.execute(
        "update sessions set status = 'completed', expires_at = now() + interval '1 hour'",
    )
    .await;

    assert_eq!(test.purge().await.sessions, 0);
    let refused = flow.client().call(&asking("count", TOKEN)).await.unwrap();
    assert_eq!(refused.status, 427, "completed");

    // The refusal was its last exchange.
    test.age(TOKEN, 2).await;
    assert_eq!(test.purge().await.sessions, 1);
}

#[tokio::test]
async fn what_a_session_that_is_gone_had_answered_is_not_answered_again() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    let request = flow.client().seal(&asking("count", TOKEN)).unwrap();
    assert_eq!(flow.client().send(&request).await.unwrap().status, 200);
    test.age(TOKEN, 31).await;

    assert_eq!(test.purge().await.sessions, 1);

    let again = flow.client().send(&request).await.unwrap();
    assert_eq!((again.status, again.body), (409, Vec::new()));
    assert_eq!(flow.count(TOKEN).await, 1, "the token begins anew");
}

#[tokio::test]
async fn answered_requests_are_forgotten_but_not_before_their_session() {
    let test = Test::start().await;
    let kept = json!({"retention": {"sessions_days": 120}});
    let gone = test.flow("acme", "gone", json!({})).await;
    let there = test.flow("other", "there", kept).await;
    for flow in [&gone, &there] {
        let request = flow.client().seal(&asking("count", TOKEN)).unwrap();
        assert_eq!(flow.client().send(&request).await.unwrap().status, 200);
    }
    test.age(TOKEN, 100).await;

    let purged = test.purge().await;

    assert_eq!((purged.answered_requests, purged.sessions), (1, 1));
    assert_eq!(test.number("select count(*) from answered_requests").await, 1);
    assert_eq!(there.sessions().await.len(), 1);
}

#[tokio::test]
async fn digests_outlive_the_longest_session_whatever_its_flow_says() {
    let test = Test::start().await;
    // A session of an hour, but a token can be minted for a month.
    let settings = json!({"session_ttl_seconds": 3600, "retention": {"sessions_days": 100}});
    let flow = test.flow("acme", "booking", settings).await;
    for (token, days) in [("129 days old", 129), ("131 days old", 131)] {
        flow.count(token).await;
        test.age(token, days).await;
    }

    assert_eq!(test.purge().await.answered_requests, 1);
}

#[tokio::test]
async fn a_last_request_is_repeated_also_if_its_digest_is_forgotten() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    let request = flow.client().seal(&asking("count", TOKEN)).unwrap();
    let first = flow.client().send(&request).await.unwrap();
    test.execute("delete from answered_requests").await;

    let again = flow.client().send(&request).await.unwrap();

    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(again.body, first.body);
    assert_eq!(flow.exchanges().await, 1);
}

#[tokio::test]
async fn exchanges_go_with_their_month_or_before_it_where_a_flow_wants_so() {
    let test = Test::start().await;
    let month = json!({"retention": {"sessions_days": 400, "exchanges_days": 300}});
    let brief = json!({"retention": {"sessions_days": 400, "exchanges_days": 10}});
    let by_month = test.flow("acme", "month", month).await;
    let early = by_month.tenant.flow("brief", brief, Component::Steady).await;
    for flow in [&by_month, &early] {
        for token in ["400 days old", "11 days old", "of today"] {
            flow.count(token).await;
        }
    }
    test.age("11 days old", 11).await;
    test.age("400 days old", 370).await;
    // The first pass learns how long exchanges are kept.
    test.purge().await;
    let PurgeCame::Over { longest_exchanges_days } = test.purge().await.came else { panic!() };

    let dropped = keep_months(&test.store, longest_exchanges_days).await.unwrap();

    assert_eq!(longest_exchanges_days, 300);
    assert!(dropped > 0, "the month of a year ago");
    let of = |flow: &str| {
        format!(
            "select count(*) from exchanges join flows using (tenant_id, flow_id) where name = '{flow}'"
        )
    };
    assert_eq!(test.number(&of("month")).await, 2);
    assert_eq!(test.number(&of("brief")).await, 1);
    let next = "select count(*) from pg_class where relispartition and relkind = 'r' and relname = \
        'exchanges_' || to_char((now() at time zone 'UTC') + interval '1 month', 'YYYY_MM')";
    assert_eq!(test.number(next).await, 1);
}

#[tokio::test]
async fn a_month_goes_as_soon_as_no_flow_wants_it_any_more() {
    let test = Test::start().await;
    let brief = json!({"retention": {"exchanges_days": 1}});
    let flow = test.flow("acme", "booking", brief).await;
    flow.count(TOKEN).await;
    // Its month ended less than the default's days ago, wherever today is in its month.
    let month = "select make_exchange_partitions_v2(now() - interval '1 month', now())";
    test.execute(month).await;
    let month_before = "update exchanges set created_at = date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '1 s'";
    test.execute(month_before).await;
    let PurgeCame::Over { longest_exchanges_days } = test.purge().await.came else { panic!() };
    assert_eq!(longest_exchanges_days, 1);

    // A month that ended today may still have something that is younger than a day.
    let ended_before: bool = sqlx::query_scalar(
        "select date_trunc('month', now() at time zone 'UTC') <= (now() - interval '1 day') at time zone 'UTC'",
    )
    .fetch_one(&test.pool)
    .await
    .unwrap();
    let dropped = keep_months(&test.store, longest_exchanges_days).await.unwrap();

    assert_eq!(dropped, u64::from(ended_before));
    assert_eq!(test.number("select count(*) from exchanges").await, i64::from(!ended_before));
}

#[tokio::test]
async fn exchanges_that_found_no_month_are_moved_to_theirs() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    flow.count(TOKEN).await;
    let this_month = "do $$ begin execute format('drop table %I', 'exchanges_' || to_char(now() at time zone 'UTC', 'YYYY_MM')); end $$";
    test.execute(this_month).await;
    assert_eq!(flow.count(TOKEN).await, 2, "an exchange needs no partition of its month");

    keep_months(&test.store, 30).await.unwrap();

    assert_eq!(test.number("select count(*) from exchanges").await, 1);
    assert_eq!(test.number("select count(*) from exchanges_default").await, 0);
}

#[tokio::test]
async fn a_month_that_is_over_takes_its_exchanges_too() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    flow.count("of today").await;
    flow.count("300 days old").await;
    test.execute(
        "update exchanges set created_at = created_at - interval '300 days' \
           where session_id in (select session_id from sessions where token_hash = sha256('300 days old'))",
    )
    .await;
    assert_eq!(test.number("select count(*) from exchanges_default").await, 1);

    let dropped = keep_months(&test.store, 30).await.unwrap();

    assert!(dropped > 0);
    assert_eq!(test.number("select count(*) from exchanges_default").await, 0);
    assert_eq!(test.number("select count(*) from exchanges").await, 1);
}

#[tokio::test]
async fn turns_do_not_wait_behind_a_new_month_that_waits_for_a_long_reader() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    let month = "do $$ begin execute format('drop table %I', 'exchanges_' || to_char(now() at time zone 'UTC', 'YYYY_MM')); end $$";
    test.execute(month).await;
    let mut reader = test.pool.begin().await.unwrap();
    sqlx::query("select count(*) from exchanges").execute(&mut *reader).await.unwrap();

    let store = test.store.clone();
    let making = tokio::spawn(async move { keep_months(&store, 30).await });
    // A turn that waits for 1.5 s is refused.
    while !making.is_finished() {
        flow.count(TOKEN).await;
    }

    let refused = making.await.unwrap().unwrap_err();
    assert!(format!("{refused:?}").contains("55P03"), "{refused:?}");
    reader.rollback().await.unwrap();
    keep_months(&test.store, 30).await.unwrap();
}

#[tokio::test]
async fn lines_and_values_go_too() {
    let test = Test::start().await;
    let tenant = test.host.tenant("acme").await;
    let keeper = keeper(&tenant, "keeper").await;
    submit(&keeper, json!({"do": "log", "value": "old"})).await;
    submit(&keeper, json!({"do": "set", "key": "old", "value": "x"})).await;
    submit(&keeper, json!({"do": "set", "key": "young", "value": "x"})).await;
    eventually("the line is written", async || {
        (test.number("select count(*) from plugin_log_lines").await > 0).then_some(())
    })
    .await;
    let lines = test.number("select count(*) from plugin_log_lines").await;
    test.execute("update plugin_log_lines set logged_at = now() - interval '8 days'").await;
    test.execute(
        "insert into tenant_deletions values ('1', now() - interval '8 days'), ('2', now())",
    )
    .await;
    let fingerprint = "(select key_fingerprint from flow_values limit 1)";
    test.execute(&format!(
        "update flow_values set expires_at = now() - interval '1 s' where key_fingerprint = {fingerprint}"
    ))
    .await;

    let purged = test.purge().await;

    assert_eq!((purged.log_lines, purged.flow_values), (lines.cast_unsigned(), 1));
    assert_eq!(test.number("select count(*) from flow_values").await, 1);
    assert_eq!(test.number("select count(*) from plugin_log_lines").await, 0);
    assert_eq!(test.number("select count(*) from tenant_deletions").await, 1);
}

#[tokio::test]
async fn counts_of_requests_without_a_reply_go_after_seven_days() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    test.flow("other", "booking", json!({})).await;
    let rows = "insert into unanswered_requests (tenant_id, flow_id, minute, reason, blame, plugin_version, count, status, cause, \
        request_id, last_at) select tenant_id, flow_id, date_trunc('minute', now()) - make_interval(days => n), 'panic', 'guest', 1, 1, \
        500, '', gen_random_uuid(), now() from flows, generate_series(6, 9) n";
    test.execute(rows).await;

    let (mut after, mut steps) = (Uuid::nil(), Vec::new());
    loop {
        let step = forget_unanswered(&test.store, after, 5).await.unwrap();
        steps.push(step.forgotten);
        after = step.reached;
        if step.ended {
            break;
        }
    }

    assert_eq!(steps, [5, 1], "of each flow those of seven days and more");
    assert_eq!(test.number("select count(*) from unanswered_requests").await, 2);
    flow.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(test.number("select count(*) from unanswered_requests").await, 1);
}

#[tokio::test]
async fn much_is_deleted_in_small_steps_and_no_tenant_is_passed_over() {
    let test = Test::start().await;
    for tenant in ["much", "more", "little"] {
        test.flow(tenant, "booking", json!({})).await.count("31 days old").await;
    }
    test.age("31 days old", 31).await;
    test.copy_sessions("much", 1_200).await;
    test.copy_sessions("more", 1_200).await;

    let steps = test.purge_in_steps().await;

    let sessions: Vec<_> = steps.iter().map(|step| step.sessions).collect();
    assert_eq!(sessions.iter().sum::<u64>(), 1_201 + 1_201 + 1);
    assert!(sessions.iter().all(|step| *step <= 1_000), "of all tenants: {sessions:?}");
    assert_eq!(test.number("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn what_stays_is_passed_by_in_small_steps() {
    let test = Test::start().await;
    let flow = test.flow("acme", "booking", json!({})).await;
    flow.count("40 days old").await;
    test.age("40 days old", 40).await;
    test.copy_sessions("acme", 2_500).await;
    test.execute("update sessions set expires_at = now() + interval '1 day'").await;
    // The youngest of them is over.
    test.execute(
        "update sessions set expires_at = now() - interval '39 days' \
           where session_id = (select session_id from sessions order by session_id desc limit 1)",
    )
    .await;

    let steps = test.purge_in_steps().await;

    let sessions: Vec<_> = steps.iter().map(|step| step.sessions).collect();
    assert_eq!(sessions, [0, 0, 1], "a thousand are looked at in a step");
    assert_eq!(test.number("select count(*) from sessions").await, 2_500);
    assert_eq!(test.purge_in_steps().await.len(), 3, "the next pass begins at the first");
}

#[tokio::test]
async fn exchanges_that_stay_are_passed_by_too() {
    let test = Test::start().await;
    let settings = |days| json!({"retention": {"sessions_days": 400, "exchanges_days": days}});
    let brief = test.flow("acme", "brief", settings(10)).await;
    let long = brief.tenant.flow("long", settings(300), Component::Steady).await;
    for flow in [&brief, &long] {
        flow.count("11 days old").await;
    }
    test.age("11 days old", 11).await;
    test.execute(
        "insert into exchanges (tenant_id, session_id, number, created_at, flow_id, action, outcome, duration_us) \
         select tenant_id, session_id, 1 + more, e.created_at, flow_id, action, outcome, duration_us \
         from exchanges e join flows f using (tenant_id, flow_id), generate_series(1, 1500) as more",
    )
    .await;
    // The first pass learns how long exchanges are kept.
    test.purge_in_steps().await;

    let steps = test.purge_in_steps().await;

    let exchanges: Vec<_> = steps.iter().map(|step| step.exchanges).collect();
    assert_eq!(exchanges.iter().sum::<u64>(), 1_501);
    assert!(exchanges.len() >= 3 && exchanges.iter().all(|step| *step <= 1_000), "{exchanges:?}");
    let of_long =
        "select count(*) from exchanges join flows using (tenant_id, flow_id) where name = 'long'";
    assert_eq!(test.number(of_long).await, 1_501);
}

#[tokio::test]
async fn a_tenant_that_fails_does_not_stop_the_others() {
    let test = Test::start().await;
    let held = json!({"retention": {"exchanges_days": 900}});
    let held = test.flow("held", "booking", held).await;
    let mut others = Vec::new();
    for slug in ["a", "b", "c"] {
        others.push(test.flow(slug, "booking", json!({})).await);
    }
    for flow in others.iter().chain([&held]) {
        flow.count("31 days old").await;
    }
    test.age("31 days old", 31).await;
    let mut holding = test.pool.begin().await.unwrap();
    let row = "select from sessions join tenants using (tenant_id) where slug = 'held' for update of sessions";
    sqlx::query(row).execute(&mut *holding).await.unwrap();

    let purged = test.purge().await;

    assert_eq!((purged.sessions, purged.failed_tenants.len()), (3, 1));
    assert!(purged.last_failure.unwrap().contains("lock timeout"));
    assert_eq!(purged.came, PurgeCame::Over { longest_exchanges_days: 900 });
    holding.rollback().await.unwrap();
    assert_eq!(test.purge().await.sessions, 1);

    // Settings that can't be read: nobody knows how long this tenant keeps exchanges.
    test.execute("update flows set settings = '{\"retention\": {\"sessions_days\": \"x\"}}' where flow_id = (select flow_id from flows join tenants using (tenant_id) where slug = 'a')").await;
    let purged = test.purge().await;
    assert_eq!(purged.failed_tenants.len(), 1);
    assert!(
        matches!(purged.came, PurgeCame::Over { longest_exchanges_days } if longest_exchanges_days > 30_000),
        "{purged:?}"
    );
    assert_eq!(keep_months(&test.store, 36_500).await.unwrap(), 0);
}

/// Whoever takes a step has a minute for it. The tenant that takes up that time is the first of it.
#[tokio::test]
async fn a_tenant_that_takes_up_all_the_time_does_not_stop_the_others() {
    let test = Test::start().await;
    for slug in ["first", "second"] {
        test.flow(slug, "booking", json!({})).await.count("31 days old").await;
    }
    test.age("31 days old", 31).await;
    for statement in [
        "create function slow() returns trigger language plpgsql as $$ begin \
           if old.tenant_id = (select min(tenant_id::text)::uuid from tenants) then perform pg_sleep(60); end if; return old; end $$",
        "create trigger slow before delete on sessions for each row execute function slow()",
    ] {
        test.execute(statement).await;
    }
    let mut transaction = test.pool.begin().await.unwrap();
    sqlx::query("set local statement_timeout = '500ms'").execute(&mut *transaction).await.unwrap();
    let step = "select came, cardinality(failed_tenants) from purge_next_v3('{\"sessions_days\": 30, \"exchanges_days\": 30, \
        \"plugin_log_days\": 7, \"answered_days\": 90}', interval '30 days', interval '0', 50, 1000)";

    let (came, failed): (String, i32) =
        sqlx::query_as(step).fetch_one(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();

    assert_eq!((came.as_str(), failed), ("working", 1));
    assert_eq!(test.purge().await.sessions, 1, "of the second");
}

#[tokio::test]
async fn a_pass_that_ended_in_the_future_holds_up_nothing() {
    let test = Test::start().await;
    test.execute("update retention_pass set ended_at = now() + interval '1 year'").await;

    let step = purge_next(&test.store, Duration::from_secs(3600)).await.unwrap();

    assert!(matches!(step.came, PurgeCame::Over { .. }), "{step:?}");
}

#[tokio::test]
async fn a_step_may_take_longer_than_a_turn() {
    let test = Test::start().await;
    test.flow("acme", "booking", json!({})).await.count("31 days old").await;
    test.age("31 days old", 31).await;
    for statement in [
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(2.5); return old; end $$",
        "create trigger slow before delete on sessions for each row execute function slow()",
    ] {
        test.execute(statement).await;
    }

    assert_eq!(test.purge().await.sessions, 1);
}

#[tokio::test]
async fn one_host_works_at_a_time_and_the_next_goes_on() {
    let test = Test::start().await;
    test.flow("acme", "booking", json!({})).await.count("31 days old").await;
    test.age("31 days old", 31).await;
    let mut other = test.pool.begin().await.unwrap();
    sqlx::query("select from retention_pass for update").execute(&mut *other).await.unwrap();

    let step = purge_next(&test.store, Duration::ZERO).await.unwrap();
    assert_eq!(step.came, PurgeCame::Elsewhere);
    other.rollback().await.unwrap();

    let purged = purge_next(&test.store, Duration::ZERO).await.unwrap();
    assert!(matches!(purged.came, PurgeCame::Over { .. }), "{purged:?}");
    assert_eq!(purged.sessions, 1);
    let at_once = purge_next(&test.store, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(at_once.came, PurgeCame::Resting);
}

#[tokio::test]
async fn a_host_does_it_by_itself_and_shows_it() {
    let test = Test::start().await;
    test.flow("acme", "booking", json!({})).await.count("31 days old").await;
    test.age("31 days old", 31).await;
    let old = "insert into unanswered_requests (tenant_id, flow_id, minute, reason, blame, plugin_version, count, status, cause, \
        request_id, last_at) select tenant_id, flow_id, now() - interval '8 days', 'panic', 'guest', 1, 1, 500, '', gen_random_uuid(), \
        now() from flows";
    test.execute(old).await;
    test.execute("update retention_pass set ended_at = null").await;

    let second = test.host.second().await;

    eventually("the session is gone", async || {
        (test.number("select count(*) from sessions").await == 0).then_some(())
    })
    .await;
    let metrics = eventually("it is counted", async || {
        let metrics = second.admin().get("/metrics").await.text;
        let both = ["sessions", "unanswered-requests"];
        let counted = |kind: &&str| metrics.contains(&format!("purged_total{{kind=\"{kind}\"}} 1"));
        both.iter().all(counted).then_some(metrics)
    })
    .await;
    assert_eq!(test.number("select count(*) from unanswered_requests").await, 0);
    let ended = metrics
        .lines()
        .find_map(|line| line.strip_prefix("flowhost_purge_pass_ended_timestamp_seconds "))
        .unwrap();
    assert!(ended.parse::<u64>().unwrap() > 1_700_000_000, "{ended}");
    second.stop().await;
}

#[tokio::test]
async fn a_tenant_shows_and_changes_how_long_it_keeps_what() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let shown = async || tenant.call("GET", "", Value::Null).await.expect(200)["retention"].clone();
    let default = json!({"sessions_days": 30, "exchanges_days": 30, "plugin_log_days": 7, "answered_days": 90});
    assert_eq!(shown().await, default);

    let patch = json!({"retention": {"sessions_days": 5, "answered_days": 365}});
    tenant.call("PATCH", "", patch).await.expect(200);
    tenant.call("PATCH", "", json!({"retention": {"answered_days": null}})).await.expect(200);
    tenant.call("PATCH", "", json!({"name": "Acme"})).await.expect(200);

    let mut expected = default.clone();
    expected["sessions_days"] = json!(5);
    assert_eq!(shown().await, expected);
    for (wrong, named) in [
        (json!({"sessions_days": 0}), "retention.sessions_days"),
        (json!({"answered_days": 6}), "retention.answered_days"),
        (json!({"colour": 1}), "colour"),
        (json!({"exchanges_days": "x"}), "exchanges_days"),
    ] {
        let refused = tenant.call("PATCH", "", json!({ "retention": wrong })).await;
        assert!(refused.problem(422).contains(named), "{wrong}: {}", refused.text);
    }
    assert_eq!(shown().await, expected);
}

struct Test {
    host: TestHost,
    store: Store,
    pool: PgPool,
}

impl Test {
    async fn start() -> Self {
        let host = TestHost::start().await;
        let pool = host.database().pool().await;
        let store =
            Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
        // The host's own first pass is over.
        eventually("the first pass", async || {
            let ended: Option<bool> =
                sqlx::query_scalar("select ended_at is not null from retention_pass")
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            (ended == Some(true)).then_some(())
        })
        .await;
        Self { host, store, pool }
    }

    async fn flow(&self, tenant: &str, name: &str, settings: Value) -> TestFlow {
        self.host.tenant(tenant).await.flow(name, settings, Component::Steady).await
    }

    /// Makes all that the token's sessions have that many days older.
    async fn age(&self, token: &str, days: u32) {
        let of_token = format!("token_hash = sha256('{token}')");
        let began = format!("select left(first_id_at(now() - interval '{days} days')::text, 13)");
        let began: String =
            sqlx::query_scalar(AssertSqlSafe(began)).fetch_one(&self.pool).await.unwrap();
        let month =
            format!("select make_exchange_partitions_v2(now() - interval '{days} days', now())");
        self.execute(&month).await;
        for step in [
            format!(
                "update answered_requests set answered_at = answered_at - interval '{days} days' \
                 where (tenant_id, request_digest) in (select tenant_id, last_request from sessions where {of_token})"
            ),
            format!(
                "update exchanges set created_at = created_at - interval '{days} days', \
                   session_id = overlay(session_id::text placing '{began}' from 1)::uuid \
                 where session_id in (select session_id from sessions where {of_token})"
            ),
            format!(
                "update sessions set created_at = created_at - interval '{days} days', updated_at = updated_at - interval '{days} days', \
                   expires_at = updated_at - interval '{days} days', \
                   session_id = overlay(session_id::text placing '{began}' from 1)::uuid \
                 where {of_token}"
            ),
        ] {
            self.execute(&step).await;
        }
    }

    /// A whole pass, in one step.
    async fn purge(&self) -> Purged {
        let purged = purge_next(&self.store, Duration::ZERO).await.unwrap();
        assert!(matches!(purged.came, PurgeCame::Over { .. }), "{purged:?}");
        purged
    }

    /// A whole pass.
    async fn purge_in_steps(&self) -> Vec<Purged> {
        let mut steps = Vec::new();
        loop {
            let step = purge_next(&self.store, Duration::ZERO).await.unwrap();
            let came = step.came;
            steps.push(step);
            match came {
                PurgeCame::Working => assert!(steps.len() < 100, "a pass has an end"),
                PurgeCame::Over { .. } => return steps,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Adds open sessions without exchanges, each like the tenant's first one and younger.
    async fn copy_sessions(&self, tenant: &str, count: u32) {
        self.execute(&format!(
            "insert into sessions (tenant_id, flow_id, token_hash, session_id, status, version, expires_at, updated_at) \
             select s.tenant_id, s.flow_id, sha256(number::text::bytea), \
               (left(s.session_id::text, 14) || '7fff-bfff-' || lpad(to_hex(number), 12, '0'))::uuid, 'open', 0, s.expires_at, s.updated_at \
             from sessions s join tenants t using (tenant_id), generate_series(1, {count}) as number where slug = '{tenant}'"
        ))
        .await;
    }

    async fn execute(&self, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&self.pool).await.unwrap();
    }

    async fn number(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.pool).await.unwrap()
    }
}

const TOKEN: &str = "token-of-ana";
