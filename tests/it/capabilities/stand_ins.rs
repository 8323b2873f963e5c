//! Servers that answer in the place of others on a developer's machine.

use flowhost_server::config::EgressConfig;
use flowhost_server::egress::StandIns;
use flowhost_tests::{Outside, TestFlow, TestHost, watch};
use serde_json::json;

use super::{calling_flow, outcome};

#[tokio::test]
async fn a_plain_server_answers_for_a_host_and_gets_its_secrets() {
    let outside = Outside::start().await;
    let stand_in = format!("api.example.com=http://{}", outside.plain);
    let (_host, flow) = host(&outside, &[&stand_in]).await;
    let secret = "recognisable-mocked-secret";
    watch(secret);
    let bound = json!({"value": secret, "secret": true, "hosts": ["api.example.com"]});
    flow.call("PUT", "/config/key", bound).await.expect(204);

    let form = json!({"do": "send", "url": "https://api.example.com/redirect/302",
        "headers": [["authorization", "{{secret:key}}"], ["x-to", "https://api.example.com/echo/it?a=b"]]});
    assert_eq!(outcome(&flow, form).await["status"], 200);

    let visits = outside.visits();
    assert_eq!(visits.len(), 2, "the redirect too: {visits:#?}");
    for visit in &visits {
        assert_eq!(visit.header("host"), Some("api.example.com"));
        assert_eq!(visit.header("authorization"), Some(secret));
    }
    assert_eq!(visits[1].path, "/echo/it?a=b");
}

#[tokio::test]
async fn a_server_with_tls_answers_for_a_host_under_its_name() {
    let outside = Outside::start().await;
    outside.name("api.example.com", &[&[outside.forbidden]]);
    let stand_in = format!("api.example.com=https://{}", outside.secure);
    let (_host, flow) = host(&outside, &[&stand_in]).await;

    let answer = outcome(&flow, json!({"do": "send", "url": "https://api.example.com/echo"})).await;

    assert_eq!(answer["status"], 200, "{answer}");
    assert_eq!(outside.visits()[0].header("host"), Some("api.example.com"));
    assert_eq!(outside.forbidden_visits(), 0);
}

#[tokio::test]
async fn what_is_not_granted_has_no_stand_in_and_refusals_name_the_switch() {
    let outside = Outside::start().await;
    let stand_in = format!("beyond.example.com=http://{}", outside.plain);
    let (_host, flow) = host(&outside, &[&stand_in]).await;
    let why = async |url: &str| {
        outcome(&flow, json!({"do": "send", "url": url})).await["why"].as_str().unwrap().to_owned()
    };

    assert!(
        why("https://beyond.example.com/").await.contains("requests to beyond.example.com: ask")
    );
    assert_eq!(outside.visits().len(), 0);
    outside.name("loopback.example.com", &[&[outside.forbidden]]);
    let private = why("https://loopback.example.com/").await;
    assert!(
        private.contains("`flowhost dev --mock loopback.example.com=http://127.0.0.1:PORT`")
            && private.contains("`--allow-private-egress`"),
        "{private}"
    );
    outside.name("stranger.example.com", &[&[outside.secure]]);
    let no_tls = why("https://stranger.example.com/").await;
    assert!(no_tls.contains("`--ca FILE`"), "{no_tls}");
}

/// A host as `flowhost dev` makes it, with a flow that may reach what `caller` requests.
async fn host(outside: &Outside, stand_ins: &[&str]) -> (TestHost, TestFlow) {
    let stand_ins: StandIns = stand_ins.iter().map(|text| text.parse().unwrap()).collect();
    let egress = EgressConfig { stand_ins: Some(stand_ins), ..outside.egress() };
    let host = TestHost::configured(|config| config.egress = egress).await;
    let flow = calling_flow(&host.tenant("acme").await).await;
    (host, flow)
}
