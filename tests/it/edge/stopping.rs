//! Stopping a host, as seen by clients and proxies.

use std::sync::Once;

use flowhost_client::{SealedRequest, payload};
use flowhost_tests::{Component, RawConnection, Served, TestFlow, eventually};
use futures_util::future::join_all;
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

use super::limits::GET_NOTHING;

#[tokio::test]
async fn clients_that_leave_when_they_are_told_to_lose_nothing() {
    let (served, flow) = started(&["--drain-delay", "2"]).await;
    let request = ping(&flow);
    let once = Once::new();
    let clients = (0..16).map(|_| async {
        let mut connection = RawConnection::open(&served.host.public_url()).await;
        for answered in 0.. {
            connection.write(&request).await;
            let answer = connection.read_answer().await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "request {answered}: {answer:?}");
            if answer.contains("\r\nconnection: close\r\n") {
                assert_eq!(connection.read_to_fin().await.unwrap(), "");
                return answered;
            }
            if answered == 20 {
                once.call_once(|| served.host.terminate());
            }
        }
        unreachable!("connections don't last for ever")
    });

    let answered = join_all(clients).await;

    assert!(answered.iter().any(|answered| *answered >= 20), "{answered:?}");
    assert_eq!(served.host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_host_that_is_not_ready_serves_on_until_it_is_told_again() {
    let (served, flow) = started(&["--drain-delay", "3600"]).await;
    let idle = http2(&served).await;
    let mut kept = RawConnection::open(&served.host.public_url()).await;
    kept.write(ping(&flow)).await;
    assert!(!kept.read_answer().await.contains("connection: close"));

    served.host.terminate();
    eventually("the host is not ready", async || {
        (served.host.admin().get("/readyz").await.status == 503).then_some(())
    })
    .await;

    assert_eq!(served.host.admin().get("/healthz").await.status, 200);
    let new = RawConnection::open(&served.host.public_url()).await;
    for mut connection in [kept, new] {
        connection.write(ping(&flow)).await;
        let answer = connection.read_answer().await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("\r\nconnection: close\r\n"),
            "{answer}"
        );
        assert_eq!(connection.read_to_fin().await.unwrap(), "");
    }
    // HTTP/2 announces the end without a request, and still answers a request that arrives first.
    idle.driven.await.unwrap().unwrap();
    http2(&served).await.driven.await.unwrap().unwrap();

    served.host.terminate();
    assert_eq!(served.host.ended().await.code(), Some(128 + 15));
}

#[tokio::test]
async fn an_idle_connection_is_closed_once_the_delay_is_over() {
    let (served, _flow) = started(&["--drain-delay", "1"]).await;
    let mut idle = RawConnection::open(&served.host.public_url()).await;
    idle.write(GET_NOTHING).await;
    assert!(idle.read_answer().await.starts_with("HTTP/1.1 404 "));

    served.host.terminate();

    assert_eq!(idle.read_to_fin().await.unwrap(), "");
    assert_eq!(served.host.ended().await.code(), Some(0));
}

struct Http2 {
    _sender: hyper::client::conn::http2::SendRequest<Empty<Bytes>>,
    driven: tokio::task::JoinHandle<hyper::Result<()>>,
}

/// A connection that has served one request.
async fn http2(served: &Served) -> Http2 {
    let url = served.host.public_url();
    let stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let driven = tokio::spawn(connection);
    assert_eq!(
        sender.send_request(Request::get(url).body(Empty::new()).unwrap()).await.unwrap().status(),
        200
    );
    Http2 { _sender: sender, driven }
}

/// A signed ping as raw HTTP/1.1.
pub(super) fn ping(flow: &TestFlow) -> Vec<u8> {
    let SealedRequest { signature, body, .. } = flow.client().seal(&payload::ping()).unwrap();
    let path = flow.url().split_once("://").unwrap().1.split_once('/').unwrap().1.to_owned();
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {signature}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_ref()].concat()
}

async fn started(arguments: &[&str]) -> (Served, TestFlow) {
    let served = Served::start(arguments).await;
    let flow = served.host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (served, flow)
}
