//! Changing the master key: no host stops serving, and an interrupted change can be resumed.

use flowhost_client::payload;
use flowhost_protocol::crypto::{MasterKey, MasterKeys};
use flowhost_tests::{Component, Ended, TestFlow, TestHost, eventually, flowhost};
use serde_json::{Value, json};

#[tokio::test]
async fn every_host_serves_every_tenant_at_every_step() {
    let one = TestHost::start().await;
    let (old, new) = (one.master_key(), MasterKey::generate());
    let (before, both, after) = (
        MasterKeys::new(old.clone(), Some(new.clone())),
        MasterKeys::new(new.clone(), Some(old)),
        MasterKeys::new(new, None),
    );
    let mut flows =
        vec![one.tenant("made-before").await.flow("booking", json!({}), Component::Steady).await];
    assert_eq!(flows[0].count("token-of-ana").await, 1);

    let first = one.second_with(before).await;
    one.stop().await;
    flows.push(flow_at(&first, "made-while-both-are-known").await);
    serves(&first, &flows).await;
    let rotated = rotate(&first, &both).await;
    assert_eq!((rotated.resealed, rotated.done_before, rotated.shut.len()), (2, 0, 0));
    serves(&first, &flows).await;
    flows.push(flow_at(&first, "made-with-the-old-key-meanwhile").await);

    let second = first.second_with(both.clone()).await;
    serves(&second, &flows).await;
    flows.push(flow_at(&second, "made-with-the-new-key").await);
    serves(&first, &flows).await;
    first.stop().await;
    let rotated = rotate(&second, &both).await;
    assert_eq!((rotated.resealed, rotated.done_before), (1, 3));

    let third = second.second_with(after).await;
    second.stop().await;
    serves(&third, &flows).await;
    assert_eq!(
        flows[0].at(&third).count("token-of-ana").await,
        2,
        "what the data key sealed before still opens"
    );
    let recorded = third.admin().get("/v1/audit?limit=500").await.expect(200);
    let entries = recorded["entries"].as_array().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "master-key.rotate").count(), 3);
}

#[tokio::test]
async fn a_change_that_was_cut_off_goes_on_where_it_was() {
    let host = TestHost::start().await;
    for slug in ["a", "b", "c"] {
        host.tenant_without_app_secret(slug).await;
    }
    let new = MasterKey::generate();
    let keys = MasterKeys::new(new.clone(), Some(host.master_key()));
    let (options, cut_off_keys) = (host.database().options(), keys.clone());
    let cut_off = tokio::spawn(async move {
        let stop = |through, _| assert!(through < 2, "the power fails");
        flowhost_server::app::rotate_master_key(options, &cut_off_keys, stop).await.map(drop)
    });
    assert!(cut_off.await.unwrap_err().is_panic());

    let both = host.second_with(keys.clone()).await;
    assert_eq!(
        both.admin().get("/v1/tenants").await.expect(200)["tenants"].as_array().unwrap().len(),
        3
    );
    let rotated = rotate(&host, &keys).await;

    assert_eq!((rotated.resealed, rotated.done_before, rotated.shut.len()), (1, 2, 0));
    host.second_with(MasterKeys::new(new, None))
        .await
        .admin()
        .call("POST", "/v1/tenants/c/keys", json!({}))
        .await
        .expect(201);
}

#[tokio::test]
async fn what_neither_key_opens_is_named_and_left_alone() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    let strangers = MasterKeys::new(MasterKey::generate(), Some(MasterKey::generate()));

    let rotated = rotate(&host, &strangers).await;

    assert_eq!((rotated.resealed, rotated.done_before), (0, 0));
    assert_eq!(rotated.shut[0].to_string(), host.database().tenant_id("acme").await);
    host.tenant_without_app_secret("still-serving").await;
    host.admin().call("POST", "/v1/tenants/acme/keys", json!({})).await.expect(201);
}

#[tokio::test]
async fn the_command_changes_the_key_and_says_what_it_did() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    let generated = Ended::of(flowhost(&["master-key", "generate"])).await;
    assert_eq!(generated.code, Some(0), "{generated:?}");
    let new = MasterKey::from_base64(&generated.stdout).unwrap();
    let rotate = |second: Option<&str>| {
        let mut command = flowhost(&["master-key", "rotate", "--json"]);
        command
            .env("DATABASE_URL", host.database().url())
            .env("FLOWHOST_MASTER_KEY", generated.stdout.trim());
        command.envs(second.map(|key| ("FLOWHOST_SECOND_MASTER_KEY", key)));
        Ended::of(command)
    };

    let without = rotate(None).await;
    assert_eq!(without.code, Some(64), "{without:?}");
    assert!(without.stderr.contains("--second-master-key-file"), "{without:?}");
    for (resealed, done_before) in [(1, 0), (0, 1)] {
        let ended = rotate(Some(&host.master_key().to_base64())).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report, json!({"resealed": resealed, "done_before": done_before}));
    }

    let after = host.second_with(MasterKeys::new(new, None)).await;
    after.admin().call("POST", "/v1/tenants/acme/keys", json!({})).await.expect(201);
}

async fn rotate(host: &TestHost, keys: &MasterKeys) -> flowhost_server::admin::Rotation {
    flowhost_server::app::rotate_master_key(host.database().options(), keys, |_, _| ())
        .await
        .unwrap()
}

async fn flow_at(host: &TestHost, slug: &str) -> TestFlow {
    host.tenant(slug).await.flow("booking", json!({}), Component::Steady).await
}

/// Checks that every flow answers at this host.
async fn serves(host: &TestHost, flows: &[TestFlow]) {
    for flow in flows {
        let client = flow.at(host).client();
        eventually(&flow.tenant.slug, async || {
            (client.call(&payload::ping()).await.unwrap().status == 200).then_some(())
        })
        .await;
    }
}
