//! `/v1/tenants/{tenant}/flows/{flow}/sessions`.

use flowhost_tests::{Component, TestHost};
use serde_json::{Value, json};

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
