//! Malformed requests of every kind get the right status, and the host keeps serving.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, asking, logged, post, sign};
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn a_signed_body_that_is_no_envelope_is_421_and_an_unsigned_one_432() {
    let (host, flow) = start().await;
    let good = flow.client().seal(&payload::ping()).unwrap();
    let good: Value = serde_json::from_slice(&good.body).unwrap();
    let field = |name: &str| good[name].as_str().unwrap();
    let with = |name: &str, value: Value| {
        let mut envelope = good.clone();
        envelope[name] = value;
        envelope.to_string().into_bytes()
    };
    let whole = good.to_string();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "0",
        "not JSON",
        "1e400",
        &"9".repeat(100_000),
        "{\"encrypted_flow_data\":1e999999}",
        &whole[..whole.len() - 1],
        &whole[..whole.len() / 2],
        &format!("{whole}x"),
        &format!("[{whole}]"),
        &"[".repeat(10_000),
        &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        &format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        &whole.replacen('{', &format!("{{\"initial_vector\":{},", good["initial_vector"]), 1),
        "<xml/>",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    bodies.push(b"\xff\xfe\x00".to_vec());
    bodies.push(vec![0; 100_000]);
    for name in ["encrypted_flow_data", "encrypted_aes_key", "initial_vector"] {
        for value in [
            json!(null),
            json!(1),
            json!([]),
            json!({}),
            json!(""),
            json!("***"),
            json!("AAAA"),
            json!("é"),
            json!(true),
        ] {
            bodies.push(with(name, value));
        }
        bodies.push(with(name, json!(format!("_{}", &field(name)[1..]))));
        bodies.push(with(name, json!(format!("{}====", field(name)))));
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(name);
        bodies.push(missing.to_string().into_bytes());
    }

    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let signature = sign(&flow.tenant.app_secret, &body);
        assert_eq!(
            post(&flow.url(), Some(&signature), body.clone()).await,
            (421, Vec::new()),
            "{shown}"
        );
        assert_eq!(post(&flow.url(), None, body).await, (432, Vec::new()), "unsigned: {shown}");
    }

    goes_on(&host, &flow).await;
}

#[tokio::test]
async fn a_plaintext_that_is_no_payload_is_421() {
    let (host, flow) = start().await;
    let client = flow.client();
    let deep = format!(
        r#"{{"action":"INIT","data":{{"a":{}{}}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let deep_objects = format!(
        r#"{{"action":"INIT","data":{}1{}}}"#,
        r#"{"a":"#.repeat(10_000),
        "}".repeat(10_000)
    );
    let plaintexts = [
        &b""[..],
        b"null",
        b"[]",
        b"5",
        b"\"ping\"",
        b"{",
        b"{\"action\":\"ping\"",
        b"{\"action\":\"\xff\"}",
        br#"{"action":5}"#,
        br#"{"action":null}"#,
        br#"{"action":["ping"]}"#,
        br#"{"action":"INIT","action":"INIT"}"#,
        br#"{"action":"INIT","data":[]}"#,
        br#"{"action":"INIT","data":"x"}"#,
        br#"{"action":"data_exchange","screen":7,"data":{}}"#,
        br#"{"action":"data_exchange","screen":"A","data":{},"flow_token":7}"#,
        br#"{"action":"data_exchange","screen":"A","data":{},"flow_token":{}}"#,
        br#"{"action":"INIT","version":{}}"#,
        br#"{"action":"INIT"} {"action":"INIT"}"#,
        br#"{"action":"INIT","data":{"a":"\ud83"}}"#,
        br#"{"action":"INIT","data":{"a":"\x"}}"#,
        b"{\"action\":\"INIT\",\"data\":{\"a\":\"\x00\"}}",
        deep.as_bytes(),
        deep_objects.as_bytes(),
    ];

    for plaintext in plaintexts {
        let reply = client.send(&client.seal_bytes(plaintext).unwrap()).await.unwrap();
        let shown = String::from_utf8_lossy(&plaintext[..plaintext.len().min(80)]);
        assert_eq!((reply.status, reply.body), (421, Vec::new()), "{shown}");
    }

    goes_on(&host, &flow).await;
}

#[tokio::test]
async fn an_action_that_nobody_knows_is_400() {
    let (host, flow) = start().await;
    for action in ["", "navigate", "init", "PING", "data-exchange", &"x".repeat(10_000)] {
        let reply = flow
            .client()
            .call(&json!({"version": "3.0", "action": action, "flow_token": "token-of-ana"}))
            .await
            .unwrap();
        assert_eq!((reply.status, reply.payload), (400, None), "{action:.20}");
    }
    goes_on(&host, &flow).await;
}

#[tokio::test]
async fn a_body_past_the_limit_is_413_whatever_its_signature() {
    let (host, flow) = start().await;
    let body = vec![b'a'; 10 << 20];
    let signature = sign(&flow.tenant.app_secret, &body);

    for signature in [Some(signature.as_str()), Some("sha256=nonsense"), None] {
        assert_eq!(
            post(&flow.url(), signature, body.clone()).await,
            (413, Vec::new()),
            "{signature:?}"
        );
    }

    let fits = vec![b'a'; 1 << 20];
    assert_eq!(
        post(&flow.url(), Some(&sign(&flow.tenant.app_secret, &fits)), fits.clone()).await,
        (421, Vec::new())
    );
    goes_on(&host, &flow).await;
}

#[tokio::test]
async fn two_signature_headers_are_none() {
    let (host, flow) = start().await;
    let request = flow.client().seal(&payload::ping()).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();

    let send = async |signatures: &[&str]| {
        let request = client.post(flow.url()).body(request.body.clone());
        let request = signatures
            .iter()
            .fold(request, |request, one| request.header("x-hub-signature-256", *one));
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(send(&[&request.signature, &request.signature]).await, 432);
    assert_eq!(send(&["sha256=00", &request.signature]).await, 432);
    assert_eq!(send(&[&request.signature]).await, 200);
    goes_on(&host, &flow).await;
}

#[tokio::test]
async fn paths_that_are_not_there_are_404_without_a_word() {
    let (host, flow) = start().await;
    let base = host.public_url();
    let request = flow.client().seal(&payload::ping()).unwrap();
    for path in [
        "/flows/acme/other",
        "/flows/other/booking",
        "/flows/acme",
        "/flows",
        "/",
        "/v1/tenants",
        "/flows/acme/other/",
        "/flows/acme/booking/x",
        "/flows/%00/%ff",
    ] {
        let answer =
            post(&format!("{base}{path}"), Some(&request.signature), request.body.clone()).await;
        assert_eq!(answer, (404, Vec::new()), "{path}");
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz", "/readyz", "/metrics", "/v1/tenants"] {
        assert_eq!(
            client.get(format!("{base}{path}")).send().await.unwrap().status(),
            404,
            "{path}"
        );
    }
    assert_eq!(client.get(&base).send().await.unwrap().status(), 200);
    goes_on(&host, &flow).await;
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// Nothing was stored, no error was logged as the host's, and the next request is answered.
async fn goes_on(host: &TestHost, flow: &TestFlow) {
    assert_eq!(flow.sessions().await, Vec::<Value>::new());
    assert_eq!(flow.client().call(&asking("count", "after")).await.unwrap().status, 200);
    assert_eq!(
        logged(Level::ERROR, &host.database().tenant_id("acme").await),
        Vec::<String>::new()
    );
}
