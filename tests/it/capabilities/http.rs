//! Outbound requests: their targets, their content and their limits.

use std::net::SocketAddr;

use flowhost_client::payload;
use flowhost_server::egress::OwnAddresses;
use flowhost_tests::{Component, Outside, TestFlow, Visit, eventually, logged, watch};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::Level;

use super::{calling_flow, outcome, outcomes, start};

#[tokio::test]
async fn a_granted_host_gets_the_request_as_it_is_and_the_plugin_its_answer() {
    let (outside, _host, flow) = start().await;
    let form = json!({
        "do": "send", "method": "POST", "url": "https://api.example.com/echo/a?b=c", "body": "olá",
        "headers": [["X-Thing", "one"], ["x-thing", "two"]],
    });

    let answer = outcome(&flow, form).await;

    assert_eq!(answer["status"], 200, "{answer}");
    let heard: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&heard["method"], &heard["path"], &heard["body"]),
        (&json!("POST"), &json!("/echo/a?b=c"), &json!("olá"))
    );
    let [visit] = visits(&outside);
    let things: Vec<_> = visit
        .headers
        .iter()
        .filter(|(name, _)| name == "x-thing")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(things, ["one", "two"]);
    assert_eq!(visit.header("host"), Some("api.example.com"));
    for absent in ["cookie", "referer", "accept-encoding", "proxy-authorization"] {
        assert_eq!(visit.header(absent), None, "{absent}");
    }
    let plain = outcome(&flow, get("http://plain.example.com/echo")).await;
    assert_eq!(plain["status"], 200, "{plain}");
}

#[tokio::test]
async fn what_the_manifest_or_the_flow_leaves_out_is_not_granted() {
    let (outside, _host, flow) = start().await;
    let refused = async |url: &str| refusal(&flow, get(url), "not-granted").await;
    flow.set(json!({"grants": {"http": ["api.example.com", "beyond.example.com"]}})).await;
    outside.name("beyond.example.com", &[&[outside.secure]]);

    assert!(
        refused("https://ungranted.example.com/").await.contains("to ungranted.example.com: ask"),
        "the flow leaves it out"
    );
    assert!(
        refused("https://beyond.example.com/").await.contains("to beyond.example.com: ask"),
        "the manifest leaves it out"
    );
    assert!(
        refused("https://api.example.com:8443/").await.contains("to api.example.com:8443: ask"),
        "another port"
    );
    assert_eq!(outside.visits().len(), 0);
    assert_eq!(outcome(&flow, get("https://api.example.com/echo")).await["status"], 200);
}

#[tokio::test]
async fn addresses_are_never_granted_however_they_are_written() {
    let (outside, _host, flow) = start().await;
    let port = outside.forbidden.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "127.0.0.1.",
    ] {
        let why = refusal(&flow, get(&format!("https://{host}:{port}/")), "not-granted").await;
        assert!(why.contains("address"), "{host}: {why}");
    }
    assert_eq!(outside.forbidden_visits(), 0);
}

#[tokio::test]
async fn names_that_lead_to_addresses_inside_lead_nowhere() {
    let (outside, host, flow) = start().await;
    let inside = |address: &str| -> SocketAddr {
        format!("{address}:{}", outside.forbidden.port()).parse().unwrap()
    };
    for (name, addresses) in [
        ("loopback.example.com", vec![outside.forbidden, inside("[::1]")]),
        ("mapped.example.com", vec![inside("[::ffff:127.0.0.1]")]),
        (
            "nat64.example.com",
            vec![
                inside("[64:ff9b::7f00:1]"),
                inside("[64:ff9b:1::7f00:1]"),
                inside("[2002:7f00:1::1]"),
            ],
        ),
        (
            "metadata.example.com",
            vec![
                "169.254.169.254:80".parse().unwrap(),
                inside("[fd00:ec2::254]"),
                inside("0.0.0.0"),
            ],
        ),
    ] {
        outside.name(name, &[&addresses]);
        let why = refusal(&flow, get(&format!("https://{name}/")), "not-granted").await;
        assert!(why.contains(name) && why.contains("not public"), "{why}");
        assert!(!why.contains("127.0.0.1") && !why.contains("169.254"), "{why}");
    }
    outside.name("mixed.example.com", &[&[outside.forbidden, inside("10.0.0.1"), outside.secure]]);
    assert_eq!(
        outcome(&flow, get("https://mixed.example.com/echo")).await["status"],
        200,
        "public ones among them are used"
    );
    assert_eq!(outside.forbidden_visits(), 0);
    let tenant = host.database().tenant_id("acme").await;
    assert!(
        logged(Level::DEBUG, &tenant)
            .iter()
            .any(|line| line.contains("loopback.example.com") && line.contains("not-granted"))
    );
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_checked_again_for_every_connection() {
    let (outside, _host, flow) = start().await;
    outside.name("rebinding.example.com", &[&[outside.secure], &[outside.forbidden]]);

    assert_eq!(outcome(&flow, get("https://rebinding.example.com/close")).await["status"], 200);
    let why = refusal(&flow, get("https://rebinding.example.com/"), "not-granted").await;

    assert!(why.contains("not public"), "{why}");
    assert_eq!(outside.forbidden_visits(), 0);
}

#[tokio::test]
async fn each_target_of_a_redirect_is_checked_like_the_first() {
    let (outside, _host, flow) = start().await;
    outside.name("loopback.example.com", &[&[outside.forbidden]]);
    let forbidden = format!("https://127.0.0.1:{}/", outside.forbidden.port());
    flow.set(json!({"grants": {"http": ["api.example.com", "api.example.com:80", "loopback.example.com", "other.example.com"]}}))
        .await;
    for (to, named) in [
        ("https://ungranted.example.com/echo", "requests to ungranted.example.com:"),
        ("https://loopback.example.com/", "not public"),
        (&forbidden, "address"),
        ("http://api.example.com/echo", "https to http"),
        ("https://user:pass@api.example.com/echo", "user name"),
        ("https://api.example.com./echo", "api.example.com."),
        ("//ungranted.example.com/echo", "requests to ungranted.example.com:"),
        ("file:///etc/passwd", "scheme"),
    ] {
        let why = refusal(&flow, redirected(302, to), "not-granted").await;
        assert!(why.contains(named), "{to}: {why}");
    }
    let loops =
        refusal(&flow, redirected(302, "https://api.example.com/redirect/302"), "unreachable")
            .await;
    assert!(loops.contains("more than 4 times"), "{loops}");
    assert_eq!(outside.forbidden_visits(), 0);

    assert_eq!(
        outcome(&flow, redirected(302, "https://other.example.com/echo#x")).await["status"],
        200
    );
    assert_eq!(outcome(&flow, redirected(307, "/echo/here")).await["status"], 200);
    assert_eq!(outside.visits().last().unwrap().path, "/echo/here");
}

#[tokio::test]
async fn requests_that_would_be_others_than_they_seem_are_refused() {
    let (outside, _host, flow) = start().await;
    let ok = "https://api.example.com/echo";
    for (form, named) in [
        (get("https://user:pass@api.example.com/echo"), "user name"),
        (get("https://api.example.com\\@ungranted.example.com/"), "backslash"),
        (get("https://api.example.com/\r\nx: y"), "control"),
        (get("https://api.example.com/#part"), "fragment"),
        (get("http://api.example.com:443/"), "443"),
        (get("gopher://api.example.com/"), "scheme"),
        (json!({"do": "send", "url": ok, "method": "CONNECT"}), "CONNECT"),
        (json!({"do": "send", "url": ok, "method": "GET / HTTP/1.1\r\n"}), "method"),
        (json!({"do": "send", "url": ok, "headers": [["x", "a\r\nhost: b"]]}), "header x"),
        (json!({"do": "send", "url": ok, "headers": [["a\nb", "x"]]}), "name"),
        (json!({"do": "send", "url": ok, "headers": [["Host", "ungranted.example.com"]]}), "host"),
        (json!({"do": "send", "url": ok, "headers": [["Content-Length", "0"]]}), "content-length"),
        (
            json!({"do": "send", "url": ok, "headers": [["Transfer-Encoding", "chunked"]]}),
            "transfer-encoding",
        ),
        (
            json!({"do": "send", "url": ok, "headers": [["Proxy-Authorization", "x"]]}),
            "proxy-authorization",
        ),
    ] {
        let why = refusal(&flow, form.clone(), "bad-request").await;
        assert!(why.contains(named), "{form}: {why}");
    }
    assert!(
        refusal(&flow, get("https://api.example.com./"), "not-granted")
            .await
            .contains("requests to api.example.com.:")
    );
    assert_eq!(outside.visits().len(), 0);
}

#[tokio::test]
async fn a_call_sends_so_many_requests_and_the_next_call_as_many_again() {
    let (outside, _host, flow) = start().await;
    let mut form = get("https://api.example.com/echo");
    form["times"] = json!(10);

    for _ in 0..2 {
        let told = outcomes(&flow, form.clone()).await;
        assert!(told[..8].iter().all(|outcome| outcome["status"] == 200), "{told:?}");
        assert!(told[8..].iter().all(|outcome| outcome["error"] == "quota-exceeded"), "{told:?}");
    }
    assert_eq!(outside.visits().len(), 16);

    flow.set(json!({"limits": {"outbound_requests": 1}})).await;
    assert_eq!(outcomes(&flow, form).await[1]["error"], "quota-exceeded");
    flow.call("PATCH", "", json!({"limits": {"outbound_requests": 33}})).await.problem(422);
}

#[tokio::test]
async fn a_response_is_not_read_past_its_limit() {
    let (_outside, _host, flow) = start().await;
    flow.set(json!({"limits": {"cpu_ms": 2000, "wall_ms": 9000}})).await;
    let largest = outcome(&flow, get(&format!("https://api.example.com/large/{}", 4 << 20))).await;
    assert_eq!(largest["bytes"], 4 << 20, "{largest}");
    for path in [
        format!("large/{}", (4 << 20) + 1),
        "large/100000000".to_owned(),
        "endless".to_owned(),
        "heads".to_owned(),
    ] {
        refusal(&flow, get(&format!("https://api.example.com/{path}")), "too-large").await;
    }

    flow.set(json!({"limits": {"outbound_response_bytes": 10}})).await;
    refusal(&flow, get("https://api.example.com/large/11"), "too-large").await;
    assert_eq!(outcome(&flow, get("https://api.example.com/large/10")).await["bytes"], 10);
    flow.set(json!({"limits": {"outbound_response_bytes": null, "memory_bytes": 4 << 20}})).await;
    refusal(&flow, get(&format!("https://api.example.com/large/{}", (2 << 20) + 1)), "too-large")
        .await;
}

#[tokio::test]
async fn a_slow_or_silent_server_costs_the_plugin_its_time_and_nothing_else() {
    let (outside, _host, flow) = start().await;
    for path in ["silent", "drip"] {
        let mut form = get(&format!("https://api.example.com/{path}"));
        form["timeout_ms"] = json!(100);
        refusal(&flow, form, "timeout").await;
    }
    flow.set(json!({"limits": {"wall_ms": 1000}})).await;
    for path in ["silent", "drip"] {
        let mut form = get(&format!("https://api.example.com/{path}"));
        form["timeout_ms"] = json!(100_000);
        refusal(&flow, form, "timeout").await;
    }
    let connections: Vec<_> = outside.visits().iter().map(|visit| visit.connection).collect();
    assert_eq!(connections.len(), 4);
    eventually("the connections are closed", async || {
        connections.iter().all(|connection| !outside.is_open(*connection)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_is_not_there_or_not_who_it_says_is_unreachable() {
    let (outside, _host, flow) = start().await;
    let unreachable = async |url: &str| refusal(&flow, get(url), "unreachable").await;
    assert!(
        unreachable("https://gone.example.com/").await.contains("gone.example.com has no address")
    );
    outside.name("stranger.example.com", &[&[outside.secure]]);
    assert!(
        unreachable("https://stranger.example.com/")
            .await
            .contains("no certificate that is valid for it")
    );
    outside.name("api.example.com", &[&[outside.plain]]);
    assert!(
        unreachable("https://api.example.com/").await.contains("api.example.com"),
        "it speaks no TLS"
    );
    assert_eq!(outside.visits().len(), 0);
}

#[tokio::test]
async fn a_secret_goes_to_its_hosts_and_into_nothing_else() {
    let (outside, host, flow) = start().await;
    let secret = "recognisable-outbound-secret";
    watch(secret);
    let bound = json!({"value": secret, "secret": true, "hosts": ["api.example.com", "plain.example.com:80"]});
    flow.call("PUT", "/config/key", bound).await.expect(204);
    let asking = |url: &str| {
        json!({"do": "send", "method": "POST", "url": url, "headers": [["authorization", "Bearer {{secret:key}}"]],
               "body": "{\"key\":\"{{secret:key}}\"}"})
    };

    assert_eq!(outcome(&flow, asking("https://api.example.com/close")).await["status"], 200);

    let [visit] = visits(&outside);
    assert_eq!(visit.header("authorization"), Some(format!("Bearer {secret}").as_str()));
    assert_eq!(visit.body, format!("{{\"key\":\"{secret}\"}}"));
    for (form, kind, named) in [
        (
            asking("https://other.example.com/echo"),
            "not-granted",
            "the secret key is not bound to other.example.com:443",
        ),
        (asking("http://plain.example.com/echo"), "bad-request", "https only"),
        (get("https://api.example.com/?key={{secret:key}}"), "bad-request", "URL"),
        (
            json!({"do": "send", "url": "https://api.example.com/", "headers": [["x", "{{secret:other}}"]]}),
            "bad-request",
            "no secret other",
        ),
        (
            json!({"do": "send", "url": "https://api.example.com/", "body": "{{secret:key"}),
            "bad-request",
            "{{secret:NAME}}",
        ),
    ] {
        let why = refusal(&flow, form.clone(), kind).await;
        assert!(why.contains(named) && !why.contains("recognisable"), "{form}: {why}");
    }
    assert_eq!(outside.visits().len(), 1);
    let tenant = host.database().tenant_id("acme").await;
    let log =
        [logged(Level::TRACE, &tenant), logged(Level::TRACE, "recognisable-outbound")].concat();
    assert!(!log.is_empty() && log.iter().all(|line| !line.contains(secret)), "{log:#?}");
}

#[tokio::test]
async fn a_redirect_takes_no_secrets_and_credentials_to_another_host() {
    let (outside, _host, flow) = start().await;
    let secret = "recognisable-redirected-secret";
    watch(secret);
    flow.call(
        "PUT",
        "/config/key",
        json!({"value": secret, "secret": true, "hosts": ["api.example.com"]}),
    )
    .await
    .expect(204);
    let redirected = |status: u16, to: &str, body: &str| {
        json!({"do": "send", "method": "POST", "url": format!("https://api.example.com/redirect/{status}"), "body": body,
               "headers": [["x-to", to], ["x-key", "{{secret:key}}"], ["authorization", "Basic eDp5"], ["cookie", "a=b"], ["x-id", "7"]]})
    };

    assert_eq!(
        outcome(&flow, redirected(307, "https://other.example.com/echo", "plain")).await["status"],
        200
    );
    let visit = outside.visits().pop().unwrap();
    assert_eq!(
        (visit.header("host"), visit.header("x-id"), visit.body.as_str()),
        (Some("other.example.com"), Some("7"), "plain")
    );
    for absent in ["x-key", "authorization", "cookie"] {
        assert_eq!(visit.header(absent), None, "{absent}");
    }

    let why = refusal(
        &flow,
        redirected(308, "https://other.example.com/echo", "{{secret:key}}"),
        "not-granted",
    )
    .await;
    assert!(why.contains("secret in its body") && !why.contains(secret), "{why}");
    assert_eq!(
        outcome(&flow, redirected(303, "https://other.example.com/echo", "{{secret:key}}")).await["status"],
        200
    );
    let visit = outside.visits().pop().unwrap();
    assert_eq!(
        (visit.method.as_str(), visit.body.as_str(), visit.header("x-key")),
        ("GET", "", None)
    );

    assert_eq!(outcome(&flow, redirected(307, "/echo", "{{secret:key}}")).await["status"], 200);
    let visit = outside.visits().pop().unwrap();
    assert_eq!(
        (visit.header("x-key"), visit.body.as_str()),
        (Some(secret), secret),
        "the same host may have it"
    );
}

#[tokio::test]
async fn tenants_share_neither_connections_nor_cookies() {
    let (outside, host, flow) = start().await;
    let other = calling_flow(&host.tenant("other").await).await;
    for caller in [&flow, &flow, &other, &other] {
        assert_eq!(outcome(caller, get("https://api.example.com/cookie")).await["status"], 200);
    }

    let visits: [Visit; 4] = visits(&outside);
    let [a, again, b, b_again] = visits.each_ref().map(|visit| visit.connection);
    assert_eq!((a, b), (again, b_again), "a tenant's own are used again");
    assert_ne!(a, b);
    assert!(visits.iter().all(|visit| visit.header("cookie").is_none()));
}

#[tokio::test]
async fn a_tenant_whose_servers_are_silent_holds_up_nobody_else() {
    let (outside, host, flow) = start().await;
    let other = calling_flow(&host.tenant("other").await).await;
    flow.set(json!({"limits": {"concurrency": 64, "cpu_ms": 2000, "wall_ms": 6000}})).await;
    let silent = join_all((0..40).map(|number| {
        let client = flow.client();
        async move {
            let request = payload::data_exchange(
                "FORM",
                get("http://plain.example.com/silent"),
                &format!("token-of-{number}"),
            );
            client.call(&request).await.unwrap().status
        }
    }));
    let honest = async {
        eventually("the tenant's places are taken", async || {
            (outside.visits().len() >= 32).then_some(())
        })
        .await;
        let answer = outcome(&other, get("https://api.example.com/echo")).await;
        (
            answer["status"].clone(),
            outside.visits().iter().filter(|visit| visit.path == "/silent").count(),
        )
    };

    let (statuses, (status, under_way)) = futures_util::future::join(silent, honest).await;

    assert_eq!((status, under_way), (json!(200), 32), "32 of a tenant's are sent at the same time");
    assert_eq!(statuses, [200; 40]);
}

#[tokio::test]
async fn without_exceptions_the_guard_reaches_nothing_on_this_machine() {
    let outside = Outside::start().await;
    let mut egress = outside.egress();
    egress.guard.exceptions.clear();
    let host = flowhost_tests::TestHost::configured(|config| config.egress = egress).await;
    let flow = calling_flow(&host.tenant("acme").await).await;

    assert!(
        refusal(&flow, get("https://api.example.com/echo"), "not-granted")
            .await
            .contains("not public")
    );
    assert_eq!(outside.visits().len(), 0);

    let mut egress = outside.egress();
    egress.guard.exceptions.clear();
    egress.guard.private_addresses = true;
    let developing = host.second_configured(|config| config.egress = egress).await;
    let there = flow.served_at(&developing).await;
    assert_eq!(
        outcome(&there, get("https://api.example.com/echo")).await["status"],
        200,
        "with --allow-private-egress"
    );
}

#[tokio::test]
async fn a_plugin_never_reaches_the_host_that_runs_it() {
    let outside = Outside::start().await;
    let mut egress = outside.egress();
    egress.guard.private_addresses = true;
    egress.guard.own = OwnAddresses::known_as(vec!["api.example.com".parse().unwrap()]);
    let host = flowhost_tests::TestHost::configured(|config| config.egress = egress).await;
    let flow = calling_flow(&host.tenant("acme").await).await;
    assert!(
        refusal(&flow, get("https://api.example.com/echo"), "not-granted")
            .await
            .contains("not public"),
        "its own name"
    );

    outside.name("plain.example.com", &[&[outside.plain]]);
    assert_eq!(
        outcome(&flow, get("http://plain.example.com/close")).await["status"],
        200,
        "another server on this machine"
    );
    for listener in [host.public_url(), host.admin().url("")] {
        let own: SocketAddr = listener.trim_start_matches("http://").parse().unwrap();
        outside.name("plain.example.com", &[&[own]]);
        let why = refusal(&flow, get("http://plain.example.com/healthz"), "not-granted").await;
        assert!(why.contains("not public"), "{why}");
    }
}

#[tokio::test]
async fn a_component_that_asks_for_nothing_reaches_nothing() {
    let (outside, _host, flow) = start().await;
    let bare = Component::Caller.bytes_without_section().await;
    let uploaded = flow.upload(bare).await.expect(201);
    flow.call("POST", "/activate", json!({"version": uploaded["version"]})).await.expect(200);

    assert!(
        refusal(&flow, get("https://api.example.com/echo"), "not-granted")
            .await
            .contains("flow grant TENANT FLOW --http api.example.com")
    );
    let fetched = outcome(
        &flow,
        json!({"do": "fetch", "reference": {"cdn_url": "https://mmg.whatsapp.net/"}}),
    )
    .await;
    assert_eq!(fetched["error"], "not-granted");
    assert_eq!(outside.visits().len(), 0);
}

fn get(url: &str) -> Value {
    json!({"do": "send", "url": url})
}

fn redirected(status: u16, to: &str) -> Value {
    json!({"do": "send", "url": format!("https://api.example.com/redirect/{status}"), "headers": [["x-to", to]]})
}

/// The text of the error in the outcome, which must be of this kind.
async fn refusal(flow: &TestFlow, form: Value, kind: &str) -> String {
    let told = outcome(flow, form.clone()).await;
    assert_eq!(told["error"], kind, "{form}: {told}");
    told["why"].as_str().unwrap().to_owned()
}

fn visits<const N: usize>(outside: &Outside) -> [Visit; N] {
    outside.visits().try_into().unwrap_or_else(|visits| panic!("{visits:#?}"))
}
