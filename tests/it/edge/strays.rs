//! URLs that are almost an endpoint's: a trailing slash is accepted, everything else is logged.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, asking, logged, post, sign};
use reqwest::{Client, Method};
use serde_json::json;
use tracing::Level;

#[tokio::test]
async fn a_slash_behind_the_url_makes_no_difference() {
    let (_host, flow) = start("slash").await;
    let with_slash = flow.client().at(&format!("{}/", flow.url())).unwrap();

    assert_eq!(with_slash.call(&payload::ping()).await.unwrap().status, 200);
    assert_eq!(
        with_slash.call(&asking("count", "token-of-ana")).await.unwrap().payload.unwrap()["data"]["count"],
        1
    );
    assert_eq!(flow.count("token-of-ana").await, 2, "it is the same endpoint");
    assert_eq!(logged(Level::INFO, "/flows/slash/booking/"), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_that_misses_a_flow_leaves_a_line_with_what_is_there() {
    let (host, flow) = start("missed").await;
    let request = flow.client().seal(&payload::ping()).unwrap();

    for (path, name) in [
        ("//flows/missed/booking", "two slashes in front"),
        ("/flows//missed/booking", "two slashes inside"),
        ("/api/flows/missed/booking", "a prefix"),
        ("/Flows/Missed/Booking", "upper case"),
        ("/missed/booking", "a part less"),
        ("/flows/missed/booking/x", "a part more"),
    ] {
        for _ in 0..3 {
            let answer = post(
                &format!("{}{path}", host.public_url()),
                Some(&request.signature),
                request.body.clone(),
            )
            .await;
            assert_eq!(answer, (404, Vec::new()), "{name}");
        }
        let lines = logged(Level::WARN, &format!("POST {path}\""));
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        assert!(
            lines[0].contains("the flow is at POST /flows/missed/booking,"),
            "{name}: {}",
            lines[0]
        );
    }
}

#[tokio::test]
async fn a_browser_is_told_what_an_endpoint_is_and_every_method_what_it_takes() {
    let (host, flow) = start("looked-at").await;
    let client = Client::builder().no_proxy().build().unwrap();

    for method in ["GET", "HEAD", "OPTIONS", "PUT"] {
        let send = async |url: &str| {
            client.request(method.parse::<Method>().unwrap(), url).send().await.unwrap()
        };
        for url in [flow.url(), format!("{}/", flow.url())] {
            let answer = send(&url).await;
            assert_eq!(answer.status(), 405, "{method}");
            assert_eq!(answer.headers()["allow"], "POST", "{method}");
            assert!(
                answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"),
                "{method}"
            );
            let text = answer.text().await.unwrap();
            assert_eq!(
                text.contains("data endpoint of a WhatsApp Flow"),
                method != "HEAD",
                "{method}: {text}"
            );
        }
        let lines = logged(Level::WARN, &format!("{method} /flows/looked-at/booking\""));
        assert_eq!(lines.len(), 1, "{lines:?}");
        let nowhere = send(&format!("{}/flows/looked-at/other", host.public_url())).await;
        assert_eq!(
            (nowhere.status().as_u16(), nowhere.text().await.unwrap()),
            (404, String::new()),
            "{method}"
        );
    }
}

#[tokio::test]
async fn strangers_do_not_fill_the_log_and_do_not_hide_what_meta_sends() {
    let (host, flow) = start("hidden").await;
    let url = |path: &str| format!("{}/{path}", host.public_url());
    for number in 0..50 {
        assert_eq!(post(&url(&format!("stranger-{number}.php")), None, "").await.0, 404);
    }
    for number in 0..50 {
        assert_eq!(post(&url(&format!("flows/stranger/{number}")), None, "").await.0, 404);
    }
    assert_eq!(logged(Level::INFO, "/stranger-").len(), 1);
    assert_eq!(logged(Level::INFO, "/flows/stranger/"), Vec::<String>::new());

    // A signature tells a mistyped name from a stranger's request.
    let signature = sign(&flow.tenant.app_secret, b"{}");
    for number in 0..50 {
        assert_eq!(
            post(&url(&format!("flows/hidden/mistyped-{number}")), Some(&signature), "{}").await.0,
            404
        );
    }
    let lines = logged(Level::INFO, "/flows/hidden/mistyped-");
    assert_eq!(lines.len(), 10, "{lines:?}");
    assert!(lines[0].contains("flows are at POST /flows/{tenant}/{flow}"), "{}", lines[0]);
}

async fn start(tenant: &str) -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant(tenant).await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}
