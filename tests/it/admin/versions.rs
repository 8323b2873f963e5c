//! `/v1/tenants/{tenant}/flows/{flow}/versions`, activation and rollback.

use flowhost_tests::{Component, RawConnection, TestHost, with_section, without_manifest};
use serde_json::{Value, json};

use crate::database::locks_are_waited_for;

#[tokio::test]
async fn versions_are_uploaded_activated_and_rolled_back() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let activate =
        async |version: i64| flow.call("POST", "/activate", json!({"version": version})).await;
    let rollback = async || flow.call("POST", "/rollback", Value::Null).await;
    let active =
        async || flow.call("GET", "", Value::Null).await.expect(200)["active_version"].clone();
    rollback().await.problem(409);

    let steady = Component::Steady.bytes().await;
    let first = flow.upload(steady).await.expect(201);
    assert_eq!((&first["version"], &first["size"]), (&json!(1), &json!(steady.len())));
    assert!(
        first["digest"].as_str().unwrap().starts_with("sha256:") && first["compile_ms"].is_u64(),
        "{first}"
    );
    assert_eq!(first["requests"], json!({"http": [], "store": false, "media": false}));
    assert_eq!(active().await, Value::Null, "an upload activates nothing");
    assert_eq!(activate(1).await.expect(200)["active_version"], 1);
    rollback().await.problem(409);
    assert_eq!(flow.count("token-of-ana").await, 1);

    let second = flow.upload(Component::Echo.bytes().await).await.expect(201);
    assert_eq!(second["version"], 2);
    assert_ne!(second["digest"], first["digest"]);
    assert_eq!(flow.count("token-of-ana").await, 2);
    activate(2).await.expect(200);
    // Activating the active version changes nothing, least of all the target of a rollback.
    activate(2).await.expect(200);
    let list = flow.call("GET", "/versions", Value::Null).await.expect(200);
    let shown: Vec<_> = list["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["version"].clone(), one["active"].clone()))
        .collect();
    assert_eq!(shown, [(json!(2), json!(true)), (json!(1), json!(false))]);

    assert_eq!(rollback().await.expect(200)["active_version"], 1);
    assert_eq!(active().await, 1);
    assert_eq!(flow.count("token-of-ana").await, 3, "the session outlives the change of versions");
    rollback().await.problem(409);

    for unknown in [0, 3, -1, i64::from(i32::MAX)] {
        assert!(activate(unknown).await.problem(404).contains("version"), "{unknown}");
    }
    assert_eq!(active().await, 1);
    let same_bytes = flow.upload(steady).await.expect(201);
    assert_eq!((&same_bytes["version"], &same_bytes["digest"]), (&json!(3), &first["digest"]));
}

/// Both wait for their tenant, the deletion first.
#[tokio::test]
async fn a_version_that_is_deleted_meanwhile_does_not_become_active() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.upload(Component::Echo.bytes().await).await.expect(201);
    let pool = host.database().pool().await;
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("select from tenants for update").execute(&mut *holding).await.unwrap();
    let of = flow.clone();
    let deleted = tokio::spawn(async move { of.call("DELETE", "/versions/2", Value::Null).await });
    locks_are_waited_for(&pool, 1).await;
    let of = flow.clone();
    let activated =
        tokio::spawn(async move { of.call("POST", "/activate", json!({"version": 2})).await });
    locks_are_waited_for(&pool, 2).await;

    holding.rollback().await.unwrap();

    deleted.await.unwrap().expect(204);
    assert!(activated.await.unwrap().problem(404).contains("version"));
    assert_eq!(flow.call("GET", "", Value::Null).await.expect(200)["active_version"], 1);
    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn the_number_of_a_deleted_version_is_never_another_ones() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let upload =
        async || flow.upload(Component::Echo.bytes().await).await.expect(201)["version"].clone();
    let delete = async |version: i32| {
        flow.call("DELETE", &format!("/versions/{version}"), Value::Null).await
    };
    assert_eq!(upload().await, 2);
    assert_eq!(upload().await, 3);

    delete(3).await.expect(204);
    delete(2).await.expect(204);
    delete(1_000).await.problem(404);

    assert_eq!(upload().await, 4);
}

#[tokio::test]
async fn a_rollback_never_leads_to_what_is_active() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.upload(Component::Echo.bytes().await).await.expect(201);
    flow.upload(Component::Chatty.bytes().await).await.expect(201);
    for version in [2, 3, 2] {
        flow.call("POST", "/activate", json!({ "version": version })).await.expect(200);
    }

    flow.call("DELETE", "/versions/3", Value::Null).await.expect(204);

    let rolled_back = flow.call("POST", "/rollback", Value::Null).await.expect(200);
    assert_eq!(rolled_back["active_version"], 1);
    flow.call("POST", "/rollback", Value::Null).await.problem(409);
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_with_the_reason() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let steady = Component::Steady.bytes().await;
    let mut damaged = steady.to_vec();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);

    for (component, reason) in [
        (&b""[..], "not a WebAssembly component"),
        (b"garbage", "not a WebAssembly component"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0", "not a WebAssembly component"),
        (b"\0asm\x01\0\0\0", "core module"),
        (b"\0asm\x0d\0\x01\0", "contract"),
        (&steady[..steady.len() - 100], "compiled"),
        (&steady[..steady.len() / 2], "compiled"),
        (&damaged, "compiled"),
    ] {
        let refused = flow.upload(component).await;
        assert!(
            refused.problem(422).contains(reason),
            "{} bytes, {reason}: {}",
            component.len(),
            refused.text
        );
    }

    assert_eq!(
        flow.call("GET", "/versions", Value::Null).await.expect(200),
        json!({"versions": []})
    );
    for body in [
        json!({}),
        json!({"version": "1"}),
        json!({"version": 1, "now": true}),
        json!({"version": 1i64 << 40}),
    ] {
        flow.call("POST", "/activate", body.clone()).await.problem(422);
    }
    assert_eq!(flow.deploy(Component::Steady).await, 1);
    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn what_is_made_for_another_host_is_refused_by_name() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let steady = Component::Steady.bytes().await;
    let empty = b"\0asm\x0d\0\x01\0";
    let of_sdk = |version: &str| {
        with_section(empty, "flowhost:plugin", json!({"sdk": version}).to_string().as_bytes())
    };
    let wat = |text: &str| wat::parse_str(text).unwrap();

    for (component, reason) in [
        (of_sdk("9.1.0"), "flowhost-sdk 9.1.0"),
        (
            wat(r#"(component (import "flowhost:flow/log@2.0.0" (instance)))"#),
            "release 2.0.0 of the plugin contract",
        ),
        (
            wat(r#"(component (import "example:clock/now@1.0.0" (func)))"#),
            "example:clock/now@1.0.0",
        ),
        (wat(OTHER_WORLD), "doesn't fit the plugin contract"),
        (with_section(steady, "flowhost:plugin", &vec![b' '; 60 << 20]), "`flowhost:plugin`"),
    ] {
        let refused = flow.upload(component).await;
        assert!(refused.problem(422).contains(reason), "{reason}: {}", refused.text);
    }

    assert_eq!(
        flow.call("GET", "/versions", Value::Null).await.expect(200),
        json!({"versions": []})
    );
}

#[tokio::test]
async fn sixty_mib_that_nobody_reads_do_no_harm() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let large = with_section(Component::Steady.bytes().await, "notes", &vec![b'x'; 60 << 20]);

    let uploaded = flow.upload(large.clone()).await.expect(201);

    assert_eq!(uploaded["size"], json!(large.len()));
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn a_component_past_the_limit_is_413() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

    let refused = flow.upload(vec![0; (64 << 20) + 1]).await;

    assert!(refused.problem(413).contains("64 MiB"), "{}", refused.text);
    assert_eq!(
        flow.call("GET", "/versions", Value::Null).await.expect(200),
        json!({"versions": []})
    );
}

#[tokio::test]
async fn who_may_not_upload_is_told_so_before_the_body_comes() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let reader = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"tenant": "acme", "role": "read"}))
        .await
        .expect(201);
    let (token, path) =
        (reader["token"].as_str().unwrap(), "/v1/tenants/acme/flows/booking/versions");
    let mut connection = RawConnection::open(&host.admin().url("")).await;

    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 60000000\r\n\r\n"
    );
    connection.write(&head).await;

    let answer = connection.read_head().await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn an_upload_goes_to_the_flow_that_it_was_begun_for_or_nowhere() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let mut flow = tenant.flow_without_plugin("booking", json!({})).await;
    let token = host.admin_token();
    let uploads = [
        ("POST", "versions", Component::Steady.bytes().await.to_vec()),
        ("PUT", "flow-json", FLOW_JSON.as_bytes().to_vec()),
    ];

    for (method, what, body) in uploads {
        let mut connection = RawConnection::open(&host.admin().url("")).await;
        let (head, length) =
            (format!("{method} /v1/tenants/acme/flows/booking/{what} HTTP/1.1"), body.len());
        let headers = format!(
            "host: x\r\nauthorization: Bearer {token}\r\nexpect: 100-continue\r\ncontent-length: {length}"
        );
        connection.write(format!("{head}\r\n{headers}\r\n\r\n")).await;
        let go_on = connection.read_head().await;
        assert!(go_on.starts_with("HTTP/1.1 100 "), "{go_on}");
        flow.call("DELETE", "", Value::Null).await.expect(204);
        flow = tenant.flow_without_plugin("booking", json!({})).await;
        connection.write(body).await;

        let answer = connection.read_answer().await;

        assert!(answer.starts_with("HTTP/1.1 404 "), "{what}: {answer}");
        assert_eq!(
            flow.call("GET", "/versions", Value::Null).await.expect(200),
            json!({"versions": []})
        );
        assert_eq!(
            flow.call("GET", "", Value::Null).await.expect(200)["flow_json_digest"],
            Value::Null
        );
    }
}

/// It exports a function that the contract doesn't have, and not those that it has.
const OTHER_WORLD: &str = r#"(component
    (core module $code (func (export "f")))
    (core instance $code (instantiate $code))
    (func (export "other") (canon lift (core func $code "f"))))"#;

#[tokio::test]
async fn an_upload_says_whether_the_component_has_a_manifest() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let built = Component::Chatty.bytes().await;

    for (component, has_one) in
        [(built.to_vec(), true), (without_manifest(built), false), (without_manifest(built), false)]
    {
        let uploaded = flow.upload(component).await.expect(201);
        assert_eq!(uploaded["manifest"], json!(has_one), "{uploaded}");
    }
}

const FLOW_JSON: &str = r#"{"version": "7.3", "screens": [{"id": "DONE", "title": "Done", "terminal": true, "layout": {"type": "SingleColumnLayout",
    "children": [{"type": "Footer", "label": "Done", "on-click-action": {"name": "complete", "payload": {}}}]}}]}"#;
