//! `/v1/tenants/{tenant}/flows/{flow}/config`, and what plugins see of it.

use flowhost_tests::{Component, TestHost, eventually, watch};
use serde_json::{Value, json};

use super::{outcome, start};

#[tokio::test]
async fn a_plugin_reads_settings_and_no_secrets() {
    let (_outside, _host, flow) = start().await;
    let read = async |key: &str| {
        outcome(&flow, json!({"do": "config", "key": key})).await["value"].clone()
    };
    flow.call("PUT", "/config/greeting", json!({"value": "olá"})).await.expect(204);
    flow.call("PUT", "/config/key", secret("recognisable-secret")).await.expect(204);
    assert_eq!(
        (read("greeting").await, read("key").await, read("nothing").await),
        (json!("olá"), Value::Null, Value::Null)
    );

    flow.call("PUT", "/config/greeting", json!({"value": "bonjour"})).await.expect(204);
    assert_eq!(read("greeting").await, "bonjour");
    flow.call("DELETE", "/config/greeting", Value::Null).await.expect(204);
    assert_eq!(read("greeting").await, Value::Null);
    flow.call("DELETE", "/config/greeting", Value::Null).await.problem(404);
}

#[tokio::test]
async fn what_was_set_is_served_by_every_host() {
    let (outside, host, flow) = start().await;
    let second = host.second_configured(|config| config.egress = outside.egress()).await;
    let there = flow.served_at(&second).await;

    flow.call("PUT", "/config/greeting", json!({"value": "hello"})).await.expect(204);

    eventually("the other host has the setting", async || {
        let read = outcome(&there, json!({"do": "config", "key": "greeting"})).await;
        (read["value"] == "hello").then_some(())
    })
    .await;
}

#[tokio::test]
async fn another_flow_has_settings_of_its_own() {
    let (_outside, _host, flow) = start().await;
    flow.call("PUT", "/config/greeting", json!({"value": "hello"})).await.expect(204);
    let other = flow
        .tenant
        .flow(
            "other",
            json!({"grants": {"http": super::GRANTED, "media": true}}),
            Component::Caller,
        )
        .await;

    assert_eq!(
        outcome(&other, json!({"do": "config", "key": "greeting"})).await["value"],
        Value::Null
    );
    assert_eq!(other.call("GET", "/config", Value::Null).await.expect(200), json!({"config": []}));
}

#[tokio::test]
async fn a_secret_is_shown_to_nobody_and_a_setting_to_whoever_may_look() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    watch("recognisable-secret-of-the-config");
    watch("recognisable-setting-of-the-config");
    flow.call("PUT", "/config/api-key", secret("recognisable-secret-of-the-config"))
        .await
        .expect(204);
    flow.call("PUT", "/config/greeting", json!({"value": "recognisable-setting-of-the-config"}))
        .await
        .expect(204);

    let reader = host.api_token(json!({"tenant": "acme", "role": "read"})).await;
    let mut shown = reader.get("/v1/tenants/acme/flows/booking/config").await.expect(200);
    for value in shown["config"].as_array_mut().unwrap() {
        assert!(
            value.as_object_mut().unwrap().remove("updated_at").is_some_and(|at| at.is_string())
        );
    }
    let hosts = ["api.example.com:443", "api.example.com:8443"];
    assert_eq!(
        shown,
        json!({"config": [
            {"key": "api-key", "value": null, "secret": true, "hosts": hosts},
            {"key": "greeting", "value": "recognisable-setting-of-the-config", "secret": false, "hosts": []},
        ]})
    );
    flow.call("DELETE", "/config/api-key", Value::Null).await.expect(204);
    let audit = reader.get("/v1/audit").await.expect(200);
    let actions =
        audit["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap());
    let actions: Vec<_> = actions.filter(|action| action.starts_with("flow-config")).collect();
    assert_eq!(actions, ["flow-config.delete", "flow-config.set", "flow-config.set"]);
    assert_eq!(audit["entries"][0]["target"], "booking/api-key");
    assert_eq!(audit["entries"][0]["before"], json!({"secret": true, "hosts": hosts}));
    assert!(!audit.to_string().contains("recognisable"), "{audit}");
}

#[tokio::test]
async fn what_is_no_value_is_refused_with_what_it_may_be() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    for (key, body, named) in [
        ("a", json!({}), "value"),
        ("a", json!({"value": 1}), "value"),
        ("a", json!({"value": "x", "colour": 1}), "colour"),
        ("a", json!({"value": "x", "secret": true}), "hosts"),
        ("a", json!({"value": "x", "secret": true, "hosts": ["https://api.example.com"]}), "hosts"),
        ("a", json!({"value": "x", "secret": true, "hosts": ["127.0.0.1"]}), "hosts"),
        ("a", json!({"value": "", "secret": true, "hosts": ["api.example.com"]}), "empty"),
        ("a", json!({"value": "x", "hosts": ["api.example.com"]}), "secrets"),
        ("a", json!({"value": "x".repeat((16 << 10) + 1)}), "16384"),
        ("a%20b", json!({"value": "x"}), "key"),
        ("a%2Fb", json!({"value": "x"}), "key"),
        (&"k".repeat(65), json!({"value": "x"}), "64"),
    ] {
        let refused = flow.call("PUT", &format!("/config/{key}"), body.clone()).await;
        assert!(refused.problem(422).contains(named), "{key} {body}: {}", refused.text);
    }
    assert_eq!(flow.call("GET", "/config", Value::Null).await.expect(200), json!({"config": []}));
}

#[tokio::test]
async fn a_flow_has_so_many_values_and_so_many_bytes_of_them() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    for number in 0..64 {
        flow.call("PUT", &format!("/config/k{number}"), json!({"value": "x"})).await.expect(204);
    }
    assert!(
        flow.call("PUT", "/config/one-more", json!({"value": "x"}))
            .await
            .problem(422)
            .contains("64")
    );
    flow.call("PUT", "/config/k0", json!({"value": "y"})).await.expect(204);

    let large = json!({"value": "x".repeat(16 << 10)});
    for number in 0..3 {
        flow.call("PUT", &format!("/config/k{number}"), large.clone()).await.expect(204);
    }
    assert!(flow.call("PUT", "/config/k3", large).await.problem(422).contains("65536"));
}

fn secret(value: &str) -> Value {
    json!({"value": value, "secret": true, "hosts": ["api.example.com:8443", "api.example.com", "api.example.com:443"]})
}
