//! The limits on a client: time, headers, bodies, connections. All time-outs are short here and
//! nothing is measured: either the host ends what it should, or the test waits in vain.

use std::time::Duration;

use flowhost_server::config::ListenerLimits;
use flowhost_tests::{Component, RawConnection, TestFlow, TestHost, eventually};
use serde_json::json;

#[tokio::test]
async fn who_never_finishes_a_head_is_hung_up_on_while_others_are_served() {
    let (host, flow) = start(|limits| limits.head_timeout = SHORT).await;
    let mut slow = Vec::new();
    for beginning in [
        "",
        "P",
        "POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\nx-half: ",
        "PRI * HTTP/2.0\r\n",
        PREFACE,
    ] {
        for _ in 0..10 {
            let mut connection = RawConnection::open(&host.public_url()).await;
            connection.write(beginning).await;
            slow.push((beginning, connection));
        }
    }

    assert_eq!(flow.count("token-of-ana").await, 1);

    for (beginning, mut connection) in slow {
        let said = connection.read_to_end().await;
        assert!(!said.contains("HTTP/1.1"), "{beginning:?}: {said}");
    }
    assert_eq!(flow.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_second_head_has_no_more_time_than_the_first() {
    let (host, _flow) = start(|limits| limits.head_timeout = SHORT).await;
    let mut connection = RawConnection::open(&host.public_url()).await;
    connection.write(GET_NOTHING).await;
    assert!(connection.read_head().await.starts_with("HTTP/1.1 404"));

    connection.write("GET / HTTP/1.1\r\n").await;

    assert_eq!(connection.read_to_end().await, "");
}

#[tokio::test]
async fn a_connection_without_requests_is_closed_in_the_end() {
    let (host, _flow) = start(|limits| limits.idle_timeout = SHORT).await;
    let mut connection = RawConnection::open(&host.public_url()).await;
    connection.write(GET_NOTHING).await;
    assert!(connection.read_head().await.starts_with("HTTP/1.1 404"));

    assert_eq!(connection.read_to_end().await, "");
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_408() {
    for (whole, part) in [(SHORT, LONG), (LONG, SHORT)] {
        let (host, flow) =
            start(|limits| (limits.body_timeout, limits.body_idle_timeout) = (whole, part)).await;
        let mut connection = RawConnection::open(&host.public_url()).await;
        connection.write("POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n0123456789").await;

        let answer = connection.read_to_end().await;

        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(flow.count("token-of-ana").await, 1);
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let (host, flow) = start(|_| ()).await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-one: of many\r\n".repeat(101));
    // It is longer than the host reads.
    let endless = format!("GET / HTTP/1.1\r\nx-endless: {}", "x".repeat(100_000));

    for head in [large, many, endless] {
        let mut connection = RawConnection::open(&host.public_url()).await;
        connection.write(&head).await;
        let answer = connection.read_to_end().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{head:.60}: {answer}");
    }
    assert_eq!(flow.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn a_body_for_an_endpoint_that_is_not_there_is_not_taken_in() {
    let (host, _flow) = start(|_| ()).await;
    for path in ["/flows/acme/other", "/flows/nobody/booking", "/nothing"] {
        let mut connection = RawConnection::open(&host.public_url()).await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10737418240\r\n\r\n");
        connection.write(head).await;
        assert!(connection.read_head().await.starts_with("HTTP/1.1 404"), "{path}");

        let written = connection.write_until_refused(10 << 30).await;

        // The buffers of the two sockets hold some of it.
        assert!(written < 64 << 20, "{path}: {written} bytes");
    }
}

#[tokio::test]
async fn connections_past_the_limit_wait_until_another_one_ends() {
    let (host, _flow) = start(|limits| limits.max_connections = 2).await;
    let metric = async |line: &str| {
        eventually(line, async || {
            host.admin().get("/metrics").await.text.lines().any(|shown| shown == line).then_some(())
        })
        .await;
    };
    let mut two = Vec::new();
    for _ in 0..2 {
        let mut connection = RawConnection::open(&host.public_url()).await;
        connection
            .write("POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n")
            .await;
        two.push(connection);
    }
    metric("flowhost_connections{listener=\"public\"} 2").await;
    let mut third = RawConnection::open(&host.public_url()).await;
    third.write(GET_NOTHING).await;
    metric("flowhost_connection_limit_reached_total{listener=\"public\"} 1").await;

    two.pop();

    assert!(third.read_head().await.starts_with("HTTP/1.1 404"));
    metric("flowhost_requests_total{status=\"404\"} 1").await;
    two[0].write("x").await;
    assert!(
        two[0].read_head().await.starts_with("HTTP/1.1 432"),
        "who is at work is not hung up on"
    );
}

#[tokio::test]
async fn connections_that_do_nothing_make_room_on_both_listeners() {
    // None of the connections closes by itself.
    let few = |limits: &mut ListenerLimits| {
        (limits.max_connections, limits.head_timeout, limits.idle_timeout) = (20, LONG, LONG);
    };
    let host = TestHost::configured(|config| {
        [&mut config.limits.public, &mut config.limits.admin].into_iter().for_each(few)
    })
    .await;
    for listener in [host.public_url(), host.admin().url("")] {
        let mut idle = Vec::new();
        for beginning in ["", "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "GET / HTTP/1.1\r\nx-half: "] {
            for _ in 0..10 {
                let mut connection = RawConnection::open(&listener).await;
                connection.write(beginning).await;
                idle.push(connection);
            }
        }

        let mut next = RawConnection::open(&listener).await;
        next.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;

        assert!(next.read_head().await.starts_with("HTTP/1.1 "), "{listener}");
    }
}

#[tokio::test]
async fn a_request_that_names_no_host_or_two_is_400() {
    let host = TestHost::start().await;
    for listener in [host.public_url(), host.admin().url("")] {
        for (version, headers, is_refused) in [
            ("1.1", "", true),
            ("1.1", "host: x\r\nhost: y\r\n", true),
            ("1.1", "host: x\r\n", false),
            ("1.0", "", false),
        ] {
            let mut connection = RawConnection::open(&listener).await;
            connection
                .write(format!(
                    "POST /nothing HTTP/{version}\r\n{headers}content-length: 1\r\n\r\nx"
                ))
                .await;
            let answer = connection.read_head().await;
            assert_eq!(
                answer.starts_with("HTTP/1.1 400 "),
                is_refused,
                "HTTP/{version} {headers}: {answer}"
            );
            assert!(answer.contains("\r\nx-request-id: "), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_host_that_stops_closes_what_is_idle() {
    let (host, _flow) = start(|_| ()).await;
    let mut idle = RawConnection::open(&host.public_url()).await;
    idle.write(GET_NOTHING).await;
    assert!(idle.read_head().await.starts_with("HTTP/1.1 404"));
    let mut silent = RawConnection::open(&host.public_url()).await;

    host.stop().await;

    assert_eq!(idle.read_to_end().await, "");
    assert_eq!(silent.read_to_end().await, "");
}

/// A host whose public listener has changed limits, and a flow that counts.
async fn start(change: impl FnOnce(&mut ListenerLimits)) -> (TestHost, TestFlow) {
    let host = TestHost::configured(|config| change(&mut config.limits.public)).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

const SHORT: Duration = Duration::from_millis(300);

const LONG: Duration = Duration::from_secs(3600);

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const GET_NOTHING: &str = "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n";
