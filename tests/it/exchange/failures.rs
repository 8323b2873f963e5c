//! Plugins that fail in every way they can: the host keeps running, the session is unharmed, and
//! other tenants are not affected.

use std::time::Duration;

use flowhost_tests::{Component, TestHost, asking, logged};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn a_plugin_that_traps_panics_exits_or_fills_its_stack_harms_nobody() {
    fails_without_harm(Component::Trapper, json!({}), &["trap", "panic", "exit", "stack"]).await;
}

#[tokio::test]
async fn a_plugin_that_never_ends_is_cut_off() {
    fails_without_harm(Component::Looper, json!({"cpu_ms": 50}), &["loop"; 4]).await;
}

#[tokio::test]
async fn a_plugin_that_takes_all_the_memory_gets_no_more() {
    // On a busy machine, filling 64 MiB takes more than the default CPU time.
    fails_without_harm(Component::Hoarder, json!({"cpu_ms": 2000}), &["hoard", "hoard-at-once"])
        .await;
}

#[tokio::test]
async fn a_plugin_that_sleeps_is_cut_off() {
    fails_without_harm(Component::Slow, json!({"wall_ms": 300}), &["sleep"; 4]).await;
}

#[tokio::test]
async fn an_answer_that_can_not_be_shown_is_a_failure() {
    let all =
        ["big-reply", "big-state", "bad-json", "not-an-object", "bad-state", "success", "internal"];
    fails_without_harm(Component::Chatty, json!({}), &all).await;
}

#[tokio::test]
async fn what_a_plugin_may_rightly_do_is_no_failure() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    for (number, what) in ["flood", "long-line", "nothing"].into_iter().enumerate() {
        let reply = flow.ask(what, "token-of-ana").await;
        assert_eq!(
            (reply.status, reply.payload.unwrap()["screen"].as_str()),
            (200, Some("NEXT")),
            "{what}"
        );
        assert_eq!(flow.exchanges().await, number as u64 + 1);
    }

    let refused = flow.ask("bad-request", "token-of-ana").await;
    assert_eq!(refused.status, 200);
    let same_screen =
        json!({"screen": "FORM", "data": {"error_message": "Please check what you entered."}});
    assert_eq!(refused.payload, Some(same_screen));
    assert_eq!(flow.count("token-of-ana").await, 4, "a bad request keeps the state");

    let closed = flow.ask("close", "token-of-ana").await;
    assert_eq!(
        (closed.status, closed.payload),
        (200, Some(json!({"screen": "SUCCESS", "data": {}})))
    );
    assert_eq!(flow.session().await["status"], "completed");
}

#[tokio::test]
async fn a_failure_without_a_screen_to_show_it_on_is_a_status() {
    let host = TestHost::start().await;
    let settings =
        json!({"on_failure": "error-message", "limits": {"memory_bytes": 1 << 20, "cpu_ms": 1}});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Trapper).await;
    let mut request = asking("trap", "token-of-ana");
    request["action"] = "INIT".into();
    request["screen"] = "".into();

    let reply = flow.client().call(&request).await.unwrap();

    assert_eq!((reply.status, reply.payload), (500, None));
    assert_eq!(flow.sessions().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_are_answered_while_a_plugin_computes_for_ever() {
    let host = TestHost::start().await;
    let looping = host
        .tenant("looping")
        .await
        .flow("booking", json!({"limits": {"cpu_ms": 2000}}), Component::Looper)
        .await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let client = looping.client();
    let spinning = tokio::spawn(async move {
        let requests: Vec<_> =
            (0..8).map(|number| asking("loop", &format!("token-of-{number}"))).collect();
        join_all(requests.iter().map(|request| client.call(request))).await
    });

    for number in 1..=10 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }

    assert!(
        !spinning.is_finished(),
        "eight loops of 2 s of CPU time each were over before ten answers of the neighbour"
    );
    let statuses: Vec<_> = spinning
        .await
        .unwrap()
        .into_iter()
        .map(|reply| reply.map(|reply| reply.status).unwrap_or(0))
        .collect();
    // Eight loops share the wall time. A client may have given up, but none may have got an answer.
    assert!(statuses.iter().all(|status| [0, 500].contains(status)), "{statuses:?}");
    assert_eq!(neighbour.count("token-of-ana").await, 11);
}

#[tokio::test]
async fn more_calls_than_a_flow_has_places_for_are_sent_away() {
    let host = TestHost::start().await;
    let settings = json!({"limits": {"concurrency": 1, "queue": 0, "wall_ms": 2000}});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Slow).await;
    let client = flow.client();
    let requests: Vec<_> =
        (0..4).map(|number| asking("sleep", &format!("token-of-{number}"))).collect();

    let replies = join_all(requests.iter().map(|request| client.call(request))).await;

    let replies: Vec<_> = replies.into_iter().map(Result::unwrap).collect();
    let (busy, served): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 429);
    assert!(!busy.is_empty(), "{served:?}");
    assert!(
        busy.iter()
            .all(|reply| reply.retry_after >= Some(Duration::from_secs(1))
                && reply.payload.is_none()),
        "{busy:?}"
    );
    assert!(!served.is_empty() && served.iter().all(|reply| reply.status == 500), "{served:?}");
    assert_eq!(flow.count("token-later").await, 1, "the place is free again");
}

/// Lets a plugin misbehave under both settings of `on_failure`: nothing is stored, the session
/// continues, and so does the neighbour's flow.
async fn fails_without_harm(component: Component, limits: Value, mischief: &[&str]) {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant
        .flow("booking", json!({"limits": limits, "failure_text": "Sorry."}), component)
        .await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let mut counted = 1;

    for &what in mischief {
        let reply = flow.ask(what, "token-of-ana").await;
        assert_eq!((reply.status, reply.payload), (500, None), "{what}");
        let session = flow.session().await;
        assert_eq!(
            (&session["screen"], &session["status"]),
            (&json!("NEXT"), &json!("open")),
            "{what}"
        );
        counted += 1;
        assert_eq!(flow.count("token-of-ana").await, counted, "after {what}");
    }
    assert_eq!(flow.exchanges().await, counted);

    flow.set(json!({"on_failure": "error-message"})).await;
    for &what in mischief {
        let reply = flow.ask(what, "token-of-ana").await;
        assert_eq!(reply.status, 200, "{what}");
        assert_eq!(
            reply.payload,
            Some(json!({"screen": "FORM", "data": {"error_message": "Sorry."}})),
            "{what}"
        );
        let session = flow.session().await;
        let last = session["history"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&session["screen"], &session["status"]),
            (&json!("NEXT"), &json!("open")),
            "{what}"
        );
        assert_eq!(
            (&last["outcome"], &last["screen_out"]),
            (&json!("failed"), &Value::Null),
            "{what}"
        );
        counted += 1;
        assert_eq!(flow.count("token-of-ana").await, counted, "after {what}");
    }

    assert_eq!(neighbour.count("token-of-ana").await, 1);
    assert_eq!(
        logged(Level::ERROR, &host.database().tenant_id("acme").await),
        Vec::<String>::new(),
        "a plugin's failure is not the host's"
    );
}
