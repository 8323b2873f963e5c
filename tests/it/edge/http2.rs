//! HTTP/2, with hyper's client or frame by frame.

use flowhost_tests::{RawConnection, TestHost};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

#[tokio::test]
async fn http2_is_spoken_in_clear_to_who_knows_of_it() {
    let host = TestHost::start().await;
    let stream = TcpStream::connect(host.public_url().trim_start_matches("http://")).await.unwrap();

    assert_eq!(get(stream, &host.public_url()).await, 200);
}

#[tokio::test]
async fn a_flood_of_streams_that_are_reset_at_once_ends_the_connection() {
    let host = TestHost::start().await;
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(SETTINGS, 0, 0, &[]));
    for number in 0..2_000 {
        let stream = 2 * number + 1;
        flood.extend(frame(HEADERS, END_STREAM_AND_HEADERS, stream, GET_ROOT));
        flood.extend(frame(RST_STREAM, 0, stream, &CANCEL));
    }

    let mut connection = RawConnection::open(&host.public_url()).await;
    connection.write(flood).await;

    connection.read_to_end().await;
    assert_eq!(reqwest::get(host.public_url()).await.unwrap().status(), 200);
}

/// Requests this URL over HTTP/2 and returns the status.
pub(super) async fn get(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &str,
) -> u16 {
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let driven = tokio::spawn(connection);
    let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
    let status = sender.send_request(request).await.unwrap().status().as_u16();
    drop(sender);
    driven.await.unwrap().unwrap();
    status
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM_AND_HEADERS: u8 = 5;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// HPACK: method GET, scheme http, path /, authority x.
const GET_ROOT: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'x'];
