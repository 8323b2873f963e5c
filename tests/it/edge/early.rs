//! An answer that does not wait for the request's body: its connection either serves the next
//! request or announces its end and closes cleanly. A proxy uses its connections for everybody's
//! requests, so what one client sends must not break them.

use std::convert::Infallible;

use flowhost_tests::{Component, RawConnection, TestHost};
use futures_util::future::join_all;
use futures_util::stream::iter;
use http_body_util::{Either, Empty, StreamBody};
use hyper::Request;
use hyper::body::{Bytes, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::yield_now;

#[tokio::test]
async fn a_refused_request_leaves_its_connection_to_the_next() {
    let host = started().await;
    for Refused { listener, head, status } in refused(&host) {
        let mut connection = RawConnection::open(&listener).await;
        connection.write(format!("{head}content-length: {}\r\n\r\n", BODY.len())).await;
        yield_now().await;
        connection.write(BODY).await;

        let answer = connection.read_answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert!(answer.contains("\r\nx-request-id: "), "{head}: {answer}");
        assert!(!answer.contains("\r\nconnection: close\r\n"), "{head}: {answer}");

        connection.write(NEXT).await;
        assert!(
            connection.read_answer().await.starts_with("HTTP/1.1 "),
            "{head}: the next request was not answered"
        );
    }
}

#[tokio::test]
async fn a_body_that_comes_after_its_answer_is_read_and_the_connection_closed() {
    let host = started().await;
    let large: &[u8] = &vec![b'x'; 4 << 20];
    let mut requests = refused(&host);
    let endpoint = "POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\n".to_owned();
    requests.push(Refused { listener: host.public_url(), head: endpoint, status: 413 });

    join_all(requests.into_iter().map(|Refused { listener, head, status }| async move {
        let mut connection = RawConnection::open(&listener).await;
        connection.write(format!("{head}content-length: {}\r\n\r\n", large.len())).await;
        // The host refuses a body that is too large only after reading up to the limit.
        if status == 413 {
            connection.write(&large[..2 << 20]).await;
        }
        let answer = connection.read_answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert!(answer.contains("\r\nx-request-id: "), "{head}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{head}: {answer}");

        let left = if status == 413 { 2 << 20 } else { 4 << 20 };
        assert_eq!(
            connection.write_until_refused(left).await,
            left,
            "{head}: it is read until its client hangs up"
        );
        connection.write(NEXT).await;
        assert_eq!(connection.read_to_fin().await.unwrap(), "", "{head}");
    }))
    .await;
}

#[tokio::test]
async fn a_body_that_does_not_come_holds_its_answer_back_for_a_moment_only() {
    let host = started().await;
    join_all(refused(&host).into_iter().map(|Refused { listener, head, status }| async move {
        let mut connection = RawConnection::open(&listener).await;
        connection.write(format!("{head}content-length: {}\r\n\r\n", BODY.len())).await;
        let answer = connection.read_answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{head}: {answer}");
        connection.write(BODY).await;
        connection.write(NEXT).await;
        assert_eq!(connection.read_to_fin().await.unwrap(), "", "{head}");
    }))
    .await;
}

#[tokio::test]
async fn who_waits_to_be_asked_for_a_body_is_not_asked_in_vain() {
    let host = started().await;
    let mut connection = RawConnection::open(&host.public_url()).await;

    connection.write("POST /nothing HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n").await;

    let answer = connection.read_answer().await;
    assert!(
        answer.starts_with("HTTP/1.1 404 ") && answer.contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    assert_eq!(connection.read_to_fin().await.unwrap(), "");
}

#[tokio::test]
async fn http2_gives_up_the_one_stream_whose_body_nobody_read() {
    let host = started().await;
    let stream = TcpStream::connect(host.public_url().trim_start_matches("http://")).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let driven = tokio::spawn(connection);
    let url = |path: &str| format!("{}{path}", host.public_url());
    let endless = || {
        let part = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; 16 << 10])));
        Either::Left(StreamBody::new(iter(std::iter::repeat_with(part))))
    };

    for _ in 0..10 {
        let refused = sender
            .send_request(Request::post(url("/nothing")).body(endless()).unwrap())
            .await
            .unwrap();
        assert_eq!(refused.status(), 404);
        assert!(!refused.headers().contains_key("connection"));
    }

    let next = sender
        .send_request(Request::get(url("/")).body(Either::Right(Empty::new())).unwrap())
        .await
        .unwrap();
    assert_eq!(next.status(), 200);
    drop(sender);
    driven.await.unwrap().unwrap();
}

/// A request that is refused whatever its body is.
struct Refused {
    listener: String,
    head: String,
    status: u16,
}

fn refused(host: &TestHost) -> Vec<Refused> {
    let public = [
        ("POST /", 404),
        ("POST /nothing", 404),
        ("POST /flows/nobody/booking", 404),
        ("POST /flows/acme/nothing", 404),
        ("POST /flows/acme/off", 503),
        ("PUT /flows/acme/booking", 405),
    ];
    let of_nobody = [("POST /v1/tenants", 401), ("POST /healthz", 405)];
    let of_the_operator = [
        ("POST /v1/nothing", 404),
        ("PUT /v1/tenants", 405),
        ("GET /v1/tenants", 200),
        ("POST /v1/tenants/acme/flows/nothing/versions", 404),
    ];
    let request = |listener: &str, headers: &str, (request, status): (&str, u16)| {
        let head = format!("{request} HTTP/1.1\r\nhost: x\r\n{headers}");
        Refused { listener: listener.to_owned(), head, status }
    };
    let (public_url, admin_url) = (host.public_url(), host.admin().url(""));
    let token = format!("authorization: Bearer {}\r\n", host.admin_token());
    let public = public.into_iter().map(|case| request(&public_url, "", case));
    let of_nobody = of_nobody.into_iter().map(|case| request(&admin_url, "", case));
    let of_the_operator = of_the_operator.into_iter().map(|case| request(&admin_url, &token, case));
    public.chain(of_nobody).chain(of_the_operator).collect()
}

async fn started() -> TestHost {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    tenant.flow("booking", json!({}), Component::Steady).await;
    tenant.flow_without_plugin("off", json!({"disabled": true})).await;
    host
}

const BODY: &[u8] = &[b'x'; 1000];

const NEXT: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
