//! All requests share the memory for bodies: clients without credentials can't take it from those
//! that have them.

use std::convert::Infallible;

use flowhost_client::payload;
use flowhost_tests::{Component, RawConnection, TestFlow, TestHost};
use futures_util::future::join_all;
use futures_util::stream::{StreamExt, iter, pending};
use http_body_util::StreamBody;
use hyper::Request;
use hyper::body::{Bytes, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

#[tokio::test]
async fn large_bodies_that_never_end_do_not_keep_small_ones_out() {
    for signature in [
        "",
        "x-hub-signature-256: sha256=0000000000000000000000000000000000000000000000000000000000000000\r\n",
    ] {
        let (host, flow) = started().await;
        let head = format!(
            "POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\n{signature}content-length: {MIB}\r\n\r\n"
        );
        let _slow = join_all((0..300).map(|_| async {
            let mut connection = RawConnection::open(&host.public_url()).await;
            connection.write(&head).await;
            connection.write(vec![b'x'; MIB - 1]).await;
            connection
        }))
        .await;

        all_are_answered(&flow).await;
    }
}

#[tokio::test]
async fn many_streams_of_few_connections_do_not_keep_small_bodies_out() {
    let (host, flow) = started().await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        let stream =
            TcpStream::connect(host.public_url().trim_start_matches("http://")).await.unwrap();
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        for _ in 0..100 {
            let part = Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; MIB - 1])));
            let body = iter([part]).chain(pending());
            let request = Request::post(flow.url()).body(StreamBody::new(Box::pin(body))).unwrap();
            let mut sender = sender.clone();
            slow.push(tokio::spawn(async move { sender.send_request(request).await.map(drop) }));
        }
    }

    all_are_answered(&flow).await;

    slow.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn all_are_answered(flow: &TestFlow) {
    let client = flow.client();
    for _ in 0..100 {
        assert_eq!(client.call(&payload::ping()).await.unwrap().status, 200);
    }
}

async fn started() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

const MIB: usize = 1 << 20;
