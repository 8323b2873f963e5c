//! Whatever an endpoint answers is counted. The endpoints here answer without a private key.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::super::{FlowClient, MAX_REPLY_BYTES, payload};
use super::*;

#[test]
fn connections_that_the_endpoint_closes_are_opened_again() {
    let report = load("HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");

    assert_eq!(report.statuses, BTreeMap::from([(503, 5)]), "{report:?}");
    assert!(report.failures.is_empty() && report.latency_ms.is_none(), "{report:?}");
    assert!(!report.is_clean());
}

#[test]
fn what_is_not_http_is_counted_as_that() {
    let report = load("SSH-2.0-OpenSSH_9.2\r\n\r\n");

    assert_eq!(only_failure(&report), (Failure::NotHttp, 5), "{report:?}");
    assert_eq!(report.failures[0].first, "what came back is not HTTP");
}

#[test]
fn an_answer_that_ends_early_is_counted_as_broken() {
    for cut in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"] {
        let report = load(cut);

        assert_eq!(only_failure(&report), (Failure::Broken, 5), "{cut}: {report:?}");
        assert_eq!((report.counted, report.expected), (5, 0));
    }
}

#[test]
fn a_head_without_an_end_is_not_read_for_ever() {
    let report = load(&format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_REPLY_BYTES)));

    assert_eq!(only_failure(&report), (Failure::NotHttp, 5), "{report:?}");
}

#[test]
fn an_answer_past_the_cap_is_counted_as_too_large() {
    let body = "A".repeat(MAX_REPLY_BYTES + 1);
    let report = load(&format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"));

    assert_eq!(only_failure(&report), (Failure::TooLarge, 5), "{report:?}");
}

#[test]
fn a_200_that_does_not_open_is_wrong() {
    let report = load("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nAAAA");

    assert_eq!((report.expected, report.sample.judged, report.sample.wrong), (5, 5, 5));
    assert!(!report.is_clean() && report.latency_ms.is_some(), "{report:?}");
    assert!(report.sample.problems[0].contains("reported as"), "{report:?}");
}

#[test]
fn an_endpoint_that_is_not_there_is_an_error_and_no_report() {
    let phone = phone("http://127.0.0.1:1/");
    let prepared = Prepared::seal(&phone, &payload::ping(), 1, false).unwrap();

    let refused = run(&phone, &PLAN, prepared, |_| ());

    assert!(matches!(refused, Err(LoadError::Unreachable(_))), "{refused:?}");
}

#[test]
fn an_endpoint_that_goes_away_uses_no_request_up_without_a_pause() {
    let (url, endpoint) = endpoint(|listener| {
        drop(listener.accept());
        drop(listener);
    });
    let phone = phone(&url);
    let prepared = Prepared::seal(&phone, &payload::ping(), 3, false).unwrap();
    let plan = Plan { connections: NonZeroUsize::MIN, ..PLAN };

    let report = run(&phone, &plan, prepared, |_| ()).unwrap();

    endpoint.join().unwrap();
    let counts: u64 = report.failures.iter().map(|failures| failures.count).sum();
    assert_eq!((report.counted, counts, report.ran_out), (3, 3, true), "{report:?}");
    assert!(report.failures.iter().any(|failures| failures.kind == Failure::Connect));
}

#[test]
fn an_open_loop_with_too_few_requests_stops_when_they_are_used_up() {
    let answer = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let plan = Plan { pace: Pace::Open { per_second: 1_000.0 }, ..PLAN };

    let report = load_as(plan, answer);

    assert_eq!(report.statuses, BTreeMap::from([(503, 5)]), "{report:?}");
    assert_eq!(report.measured_s, 0.005);
}

fn only_failure(report: &Report) -> (Failure, u64) {
    assert_eq!(report.failures.len(), 1, "{report:?}");
    (report.failures[0].kind, report.failures[0].count)
}

/// Five requests over two connections, each answered with these bytes, after which the endpoint
/// closes.
fn load(answer: &str) -> Report {
    load_as(PLAN, answer)
}

fn load_as(plan: Plan, answer: &str) -> Report {
    let answer = answer.to_owned();
    let (url, _) = endpoint(move |listener| {
        for stream in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || answer_one(stream.unwrap(), &answer));
        }
    });
    let phone = phone(&url);
    let prepared = Prepared::seal(&phone, &payload::init("x"), 5, false).unwrap();
    let report = run(&phone, &plan, prepared, |_| ()).unwrap();
    assert!(report.ran_out && report.counted == 5, "{report:?}");
    report
}

fn endpoint(serve: impl FnOnce(TcpListener) + Send + 'static) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/flow", listener.local_addr().unwrap());
    (url, thread::spawn(move || serve(listener)))
}

/// The peer may hang up in the middle of an answer that it refuses.
fn answer_one(stream: TcpStream, answer: &str) {
    let (mut reader, mut length) = (BufReader::new(&stream), 0);
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    if reader.take(length).read_to_end(&mut Vec::new()).is_ok() {
        let _ = (&stream).write_all(answer.as_bytes());
    }
}

fn phone(url: &str) -> Phone {
    Phone::new(FlowClient::new(url, PUBLIC_KEY, "secret").unwrap())
}

/// Far longer than five requests take.
const PLAN: Plan = Plan {
    pace: Pace::Closed,
    connections: NonZeroUsize::new(2).unwrap(),
    warm_up: Duration::ZERO,
    duration: Duration::from_secs(60),
};

const PUBLIC_KEY: &str = include_str!("../../../../tests/fixtures/vectors/keys/public.pem");
