//! Unknown tenants, flows and routes get the same answer; a flow that is switched off says only
//! that.

use flowhost_tests::{Component, RawConnection, TestHost};
use serde_json::json;

#[tokio::test]
async fn an_unknown_tenant_or_flow_and_no_route_are_the_same_answer() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let expected = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

    for request in [
        "POST /flows/acme/other",
        "POST /flows/nobody/booking",
        "POST /flows/%ff/booking",
        "POST /flows/acme/other/",
        "POST //flows/acme/booking",
        "POST /nothing",
        "POST /",
        "GET /flows/acme/other",
        "GET /flows/nobody/booking",
        "OPTIONS /flows/acme/other",
        "PUT /flows/nobody/booking",
    ] {
        for headers in ["", "x-hub-signature-256: sha256=00\r\n"] {
            let answer = ask(
                &host,
                &format!("{request} HTTP/1.1\r\nhost: x\r\n{headers}content-length: 2\r\n\r\n{{}}"),
            )
            .await;
            assert_eq!(answer, expected, "{request}");
        }
    }
}

#[tokio::test]
async fn what_is_switched_off_says_so_and_nothing_else() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({"disabled": true}), Component::Steady).await;
    let request =
        |path: &str| format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}");
    let switched_off = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

    assert_eq!(ask(&host, &request("/flows/acme/booking")).await, switched_off);
    flow.set(json!({"disabled": false})).await;
    tenant.call("PATCH", "", json!({"disabled": true})).await.expect(200);
    assert_eq!(ask(&host, &request("/flows/acme/booking")).await, switched_off);

    let not_there = ask(&host, &request("/flows/acme/other")).await;
    assert!(
        not_there.starts_with("HTTP/1.1 404 "),
        "a flow that is not there is not switched off: {not_there}"
    );
}

/// The head of the answer without the headers that differ each time.
async fn ask(host: &TestHost, request: &str) -> String {
    let mut connection = RawConnection::open(&host.public_url()).await;
    connection.write(request).await;
    let answer = connection.read_head().await;
    assert!(answer.contains("\r\ndate: ") && answer.contains("\r\nx-request-id: "), "{answer}");
    let lines = answer.split_inclusive("\r\n");
    lines
        .filter(|line| !line.starts_with("date: ") && !line.starts_with("x-request-id: "))
        .collect()
}
