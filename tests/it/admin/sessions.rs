//! `/v1/tenants/{tenant}/flows/{flow}/sessions`.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, asking};
use serde_json::{Value, json};

use crate::capabilities::keeper;
use crate::database::locks_are_waited_for;

#[tokio::test]
async fn sessions_come_in_pages_the_newest_first() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    for number in 0..5 {
        assert_eq!(flow.count(&format!("token-of-{number}")).await, 1);
    }
    assert_eq!(flow.ask("complete", "token-of-1").await.status, 200);
    let all = flow.sessions().await;
    assert_eq!(all.len(), 5);

    let mut paged = Vec::new();
    let mut before = String::new();
    for expected in [2, 2, 1] {
        let page =
            flow.call("GET", &format!("/sessions?limit=2{before}"), Value::Null).await.expect(200);
        assert_eq!(page["sessions"].as_array().unwrap().len(), expected);
        paged.extend(page["sessions"].as_array().unwrap().clone());
        before = page["next_before"].as_str().map(|id| format!("&before={id}")).unwrap_or_default();
    }

    assert_eq!(paged, all);
    assert_eq!(before, "", "there is nothing after the last page");
    let created: Vec<_> =
        all.iter().map(|session| session["created_at"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|newer, older| newer >= older), "{created:?}");
    // The second session to begin is the fourth in the list.
    let of_status = async |status: &str| {
        let page =
            flow.call("GET", &format!("/sessions?status={status}"), Value::Null).await.expect(200);
        page["sessions"].as_array().unwrap().clone()
    };
    assert_eq!(of_status("completed").await, [all[3].clone()]);
    assert_eq!(of_status("open").await.len(), 4);
    assert_eq!(of_status("rejected").await.len(), 0);
    assert_eq!((&all[3]["exchanges"], &all[3]["screen"]), (&json!(2), &json!("SUCCESS")));
}

#[tokio::test]
async fn what_can_not_be_asked_is_refused() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.count("token-of-ana").await;
    let ask = async |query: &str| flow.call("GET", &format!("/sessions{query}"), Value::Null).await;

    for (query, status, named) in [
        ("?limit=0", 422, "limit"),
        ("?limit=501", 422, "limit"),
        ("?status=closed", 422, "closed"),
        ("?limit=x", 400, "query"),
        ("?before=x", 400, "query"),
        ("?colour=red", 400, "colour"),
    ] {
        let refused = ask(query).await;
        assert!(refused.problem(status).contains(named), "{query}: {}", refused.text);
    }
    ask("/x").await.problem(404);
    ask("/0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11").await.problem(404);
    assert_eq!(
        ask("?before=0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11").await.expect(200)["sessions"],
        json!([])
    );
}

#[tokio::test]
async fn an_expired_session_is_listed_as_what_it_is() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"session_ttl_seconds": 1}), Component::Steady)
        .await;
    flow.count("token-of-ana").await;
    let listed = async |status: &str| {
        let page =
            flow.call("GET", &format!("/sessions?status={status}"), Value::Null).await.expect(200);
        page["sessions"].as_array().unwrap().len()
    };

    flowhost_tests::eventually("it expires", async || {
        (flow.session().await["status"] == "expired").then_some(())
    })
    .await;

    assert_eq!((listed("expired").await, listed("open").await), (1, 0));
}

#[tokio::test]
async fn a_deleted_session_is_gone_and_its_requests_stay_answered() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ben").await, 1);
    let others = flow.sessions().await;
    let client = flow.client();
    let first = client.seal(&payload::init("token-of-ana")).unwrap();
    let last = client.seal(&asking("count", "token-of-ana")).unwrap();
    for request in [&first, &last] {
        assert_eq!(client.send(request).await.unwrap().status, 200);
    }
    let report = payload::error_notification("FORM", "some-error", "Ana typed", "token-of-ana");
    assert_eq!(client.call(&report).await.unwrap().status, 200);
    let session = flow.sessions().await[0]["id"].clone();

    forget(&flow, "token-of-ana").await;

    assert_eq!(flow.sessions().await, others);
    let path = format!("/sessions/{}", session.as_str().unwrap());
    flow.call("GET", &path, Value::Null).await.problem(404);
    for rows in [
        format!(
            "select count(*) from exchanges where session_id = '{}'",
            session.as_str().unwrap()
        ),
        "select count(*) from client_errors".to_owned(),
    ] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(rows.clone()))
            .fetch_one(&host.database().pool().await)
            .await
            .unwrap();
        assert_eq!(left, 0, "{rows}");
    }
    for request in [&first, &last] {
        let again = client.send(request).await.unwrap();
        assert_eq!((again.status, again.body.as_slice()), (409, &b""[..]));
    }
    let audit = host.admin().get("/v1/audit?limit=1").await.expect(200);
    let entry = &audit["entries"][0];
    let target = format!("booking/{}", session.as_str().unwrap());
    assert_eq!((&entry["action"], &entry["target"]), (&json!("session.delete"), &json!(target)));
    assert!(!audit.to_string().contains("token-of-ana"), "{audit}");

    assert_eq!(flow.count("token-of-ana").await, 1, "the token may begin a new conversation");
    assert_eq!(flow.sessions().await.len(), 2);
}

#[tokio::test]
async fn what_was_logged_of_a_session_that_is_gone_is_deleted_too() {
    let host = TestHost::start().await;
    let keeper = keeper(&host.tenant("acme").await, "keeper").await;
    let pool = host.database().pool().await;
    for token in ["token-of-ana", "token-of-ben"] {
        let form = json!({"do": "log", "value": token});
        let logged = keeper.client().call(&payload::data_exchange("FORM", form, token)).await;
        assert_eq!(logged.unwrap().status, 200);
    }
    let lines = "select count(distinct token_hash) from plugin_log_lines";
    let lines = async || sqlx::query_scalar::<_, i64>(lines).fetch_one(&pool).await.unwrap();
    flowhost_tests::eventually("the lines are written", async || {
        (lines().await == 2).then_some(())
    })
    .await;
    // As retention does it, or as it was never there because its first turn failed.
    sqlx::query("delete from sessions").execute(&pool).await.unwrap();

    forget(&keeper, "token-of-ana").await;

    assert_eq!(lines().await, 1, "Ben's");
    let audit = host.admin().get("/v1/audit?limit=1").await.expect(200);
    assert_eq!(audit["entries"][0]["target"], "keeper");
    let again = json!({"flow_token": "token-of-ana"});
    keeper.call("POST", "/sessions/delete", again).await.problem(404);
}

#[tokio::test]
async fn only_what_the_token_names_in_this_flow_is_deleted() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let other = tenant.flow("other", json!({}), Component::Steady).await;
    let elsewhere = host.tenant("b").await.flow("booking", json!({}), Component::Steady).await;
    for flow in [&flow, &other, &elsewhere] {
        assert_eq!(flow.count("token-of-ana").await, 1);
    }
    assert_eq!(flow.count("unused").await, 1, "many recipients share this token");
    let delete = async |body: Value| flow.call("POST", "/sessions/delete", body).await;

    for unknown in ["token-of-ben", "unused"] {
        let refused = delete(json!({"flow_token": unknown})).await;
        assert!(refused.problem(404).contains("session"), "{}", refused.text);
        assert!(!refused.text.contains(unknown), "{}", refused.text);
    }
    assert!(delete(json!({"flow_token": ""})).await.problem(422).contains("flow_token"));
    assert!(delete(json!({})).await.problem(422).contains("flow_token"));
    let reader = host.api_token(json!({"tenant": "acme", "role": "read"})).await;
    let path = "/v1/tenants/acme/flows/booking/sessions/delete";
    reader.call("POST", path, json!({"flow_token": "token-of-ana"})).await.problem(403);
    let deployer = host.api_token(json!({"tenant": "acme", "role": "deploy"})).await;
    let others = "/v1/tenants/b/flows/booking/sessions/delete";
    deployer.call("POST", others, json!({"flow_token": "token-of-ana"})).await.problem(404);
    assert_eq!(flow.sessions().await.len(), 2);

    deployer.call("POST", path, json!({"flow_token": "token-of-ana"})).await.expect(204);

    assert_eq!(flow.sessions().await.len(), 1);
    for kept in [&other, &elsewhere] {
        assert_eq!(kept.count("token-of-ana").await, 2);
    }
    deployer.call("POST", path, json!({"flow_token": "token-of-ana"})).await.problem(404);
}

#[tokio::test]
async fn a_deleted_token_that_was_minted_is_admitted_no_more() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"token_policy": "minted"}), Component::Steady)
        .await;
    let minted = flow.call("POST", "/tokens", json!({})).await.expect(201);
    let token = minted["flow_token"].as_str().unwrap();
    assert_eq!(flow.count(token).await, 1);

    forget(&flow, token).await;

    assert_eq!(flow.ask("count", token).await.status, 427);
}

#[tokio::test]
async fn what_a_turn_commits_before_a_deletion_goes_with_the_session() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let client = flow.client();
    let request = client.seal(&asking("count", "token-of-ana")).unwrap();
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from sessions for update").execute(&mut *locking).await.unwrap();
    let deleting = async {
        locks_are_waited_for(&pool, 1).await;
        forget(&flow, "token-of-ana").await;
    };
    let releasing = async {
        locks_are_waited_for(&pool, 2).await;
        locking.rollback().await.unwrap();
    };

    let (answered, (), ()) = tokio::join!(client.send(&request), deleting, releasing);

    assert_eq!(answered.unwrap().status, 200);
    assert_eq!(flow.sessions().await, Vec::<Value>::new());
    assert_eq!(client.send(&request).await.unwrap().status, 409);
}

#[tokio::test]
async fn a_turn_that_meets_a_deletion_begins_a_new_session() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let before = flow.session().await["id"].clone();
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("select from sessions for update").execute(&mut *locking).await.unwrap();
    let turn = async {
        locks_are_waited_for(&pool, 1).await;
        flow.count("token-of-ana").await
    };
    let releasing = async {
        locks_are_waited_for(&pool, 2).await;
        locking.rollback().await.unwrap();
    };

    let ((), count, ()) = tokio::join!(forget(&flow, "token-of-ana"), turn, releasing);

    assert_eq!(count, 1, "nothing of the deleted session is left");
    assert_eq!(flow.exchanges().await, 1);
    assert_ne!(flow.session().await["id"], before);
}

/// Deletes the session of a token.
async fn forget(flow: &TestFlow, token: &str) {
    flow.call("POST", "/sessions/delete", json!({"flow_token": token})).await.expect(204);
}
