//! Tenants beside others that take everything: places for calls, the processor, or failures without
//! end.

use std::time::Duration;

use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually, logged};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn tenants_full_of_sleepers_leave_others_served() {
    // Fewer places than are requested: three tenants could take them all.
    let host = TestHost::configured(|config| config.guests.calls = 32).await;
    let settings = json!({"limits": {"concurrency": 64, "queue": 64, "wall_ms": 9000}});
    let mut clients = Vec::new();
    for greedy in 0..8 {
        let tenant = host.tenant(&format!("greedy-{greedy}")).await;
        clients.push(tenant.flow("booking", settings.clone(), Component::Slow).await.client());
    }
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let requests: Vec<_> =
        (0..96).map(|number| asking("sleep", &format!("token-of-{number}"))).collect();
    let sleep = |(number, request): (usize, _)| clients[number % 8].call(request);
    let mut sleepers: FuturesUnordered<_> = requests.iter().enumerate().map(sleep).collect();

    // Sleepers last at least 9 s, so any answer after 1.5 s means that there was no place.
    for _ in 0..48 {
        assert_eq!(sleepers.next().await.unwrap().unwrap().status, 429);
    }

    for number in 1..=5 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }
    let page = host.admin().get("/metrics").await.text;
    let ended: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("flowhost_plugin_wall_seconds_count{tenant=\"greedy"))
        .collect();
    assert!(
        ended.len() == 8 && ended.iter().all(|line| line.ends_with(" 0")),
        "somebody woke before: {ended:?}"
    );
}

/// It needs a single-threaded runtime, so it asks for one explicitly.
#[tokio::test(flavor = "current_thread")]
async fn on_one_thread_loops_are_cut_off_and_a_neighbour_is_answered() {
    let host = TestHost::start().await;
    let hostile = host.tenant("hostile").await;
    let looping =
        hostile.flow("looping", json!({"limits": {"cpu_ms": 300}}), Component::Looper).await;
    let sleeping =
        hostile.flow("sleeping", json!({"limits": {"wall_ms": 1000}}), Component::Slow).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let mischief = [("loop", looping.client()), ("sleep", sleeping.client())];
    let under_way = tokio::spawn(async move {
        let asked = mischief.iter().flat_map(|(what, client)| {
            (0..4).map(move |number| (client, asking(what, &number.to_string())))
        });
        join_all(asked.map(async |(client, request)| client.call(&request).await.unwrap().status))
            .await
    });

    for number in 1..=5 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }

    assert!(
        !under_way.is_finished(),
        "four loops of 300 ms of CPU time each were over before five answers of the neighbour"
    );
    assert_eq!(under_way.await.unwrap(), [500; 8]);
    let page = host.admin().get("/metrics").await.text;
    for (flow, kind) in [("looping", "cpu-time"), ("sleeping", "wall-time")] {
        let line = format!(
            "flowhost_plugin_failures_total{{tenant=\"hostile\",flow=\"{flow}\",version=\"1\",kind=\"{kind}\",blame=\"guest\"}} 4"
        );
        assert!(page.lines().any(|shown| shown == line), "{line} is not in:\n{page}");
    }
}

#[tokio::test]
async fn a_plugin_that_only_fails_is_left_alone_until_a_trial_succeeds() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({"failure_text": "Sorry."}), Component::Trapper).await;
    let neighbour = tenant.flow("another", json!({}), Component::Trapper).await;
    open_circuit(&flow, "trap").await;

    let refused = flow.ask("count", "token-of-ana").await;
    assert_eq!((refused.status, &refused.payload), (503, &None));
    let retry_after = refused.retry_after.unwrap();
    assert!(
        Duration::from_secs(1) <= retry_after && retry_after <= Duration::from_secs(10),
        "{retry_after:?}"
    );
    assert_eq!(neighbour.count("token-of-ana").await, 1, "another flow with the same bytes");
    assert_eq!(flow.sessions().await, Vec::<Value>::new());

    flow.set(json!({"on_failure": "error-message"})).await;
    let shown = flow.ask("count", "token-shown").await;
    let text = json!({"screen": "FORM", "data": {"error_message": "Sorry."}});
    assert_eq!((shown.status, shown.payload), (200, Some(text)));
    flow.set(json!({"on_failure": "status"})).await;

    eventually("a trial is let through", async || {
        (flow.ask("count", "token-later").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(flow.ask("trap", "token-of-ana").await.status, 500, "it is called again");
    assert_eq!(flow.count("token-of-ana").await, 1);
    let tenant_id = host.database().tenant_id("acme").await;
    let lines: Vec<_> = logged(Level::INFO, &tenant_id)
        .into_iter()
        .filter(|line| line.contains("circuit is"))
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("WARN")
            && lines[0].contains("is open")
            && lines[0].contains("failures=10"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("INFO") && lines[1].contains("is closed"), "{lines:?}");
}

#[tokio::test]
async fn another_version_begins_afresh() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Trapper).await;
    open_circuit(&flow, "trap").await;
    assert_eq!(flow.ask("count", "token-of-ana").await.status, 503);

    flow.deploy(Component::Steady).await;

    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn unshowable_answers_open_the_circuit_and_bad_requests_do_not() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    for _ in 0..2 {
        for _ in 0..9 {
            assert_eq!(flow.ask("bad-json", "token-of-ana").await.status, 500);
        }
        assert_eq!(flow.ask("bad-request", "token-of-ana").await.status, 200);
    }

    open_circuit(&flow, "bad-json").await;

    assert_eq!(flow.ask("bad-request", "token-of-ana").await.status, 503);
}

/// Fails as often in a row as it takes to open the circuit.
async fn open_circuit(flow: &TestFlow, what: &str) {
    for _ in 0..10 {
        assert_eq!(flow.ask(what, "token-of-ana").await.status, 500);
    }
}
