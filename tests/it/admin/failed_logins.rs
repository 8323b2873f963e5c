//! Invalid tokens are slowed down by source, counted, and never delay a valid one.

use std::time::Duration;

use flowhost_tests::{TestHost, logged};
use futures_util::future::join_all;
use reqwest::Client;
use tracing::Level;

#[tokio::test]
async fn many_invalid_tokens_are_held_back_while_a_valid_one_gets_through() {
    let host =
        TestHost::configured(|config| config.longest_login_delay = Duration::from_secs(60)).await;
    let guesser = host.admin().with_token(Some("fha_a-recognisable-guess"));
    for _ in 0..3 {
        guesser.get("/v1/tenants").await.problem(401);
    }

    // From here on the delay doubles with each answer: one after another, the tenth would take 51
    // s.
    let guesses = join_all((0..110).map(|_| guesser.get("/v1/tenants")));
    let valid = async {
        for _ in 0..20 {
            host.admin().get("/v1/tenants").await.expect(200);
        }
    };
    tokio::select! {
        biased;
        _ = guesses => panic!("no guess was held back"),
        () = valid => {}
    }

    let log = logged(Level::WARN, "an invalid token was shown");
    assert!(
        log.iter().any(|line| line.contains("source=127.0.0.1") && line.contains("request.id")),
        "{log:?}"
    );
    assert!(logged(Level::TRACE, "a-recognisable-guess").is_empty());
}

#[tokio::test]
async fn past_so_many_that_wait_the_answer_is_429_at_once() {
    let host =
        TestHost::configured(|config| config.longest_login_delay = Duration::from_secs(1)).await;
    let guesser = host.admin().with_token(Some("fha_wrong"));

    let answers = join_all((0..150).map(|_| guesser.get("/v1/tenants"))).await;

    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert!(
        count(429) > 0 && count(401) >= 100 && count(401) + count(429) == 150,
        "{} and {}",
        count(401),
        count(429)
    );
    host.admin().get("/v1/tenants").await.expect(200);
}

#[tokio::test]
async fn what_was_refused_is_counted_by_its_reason() {
    let host = TestHost::start().await;
    for _ in 0..3 {
        host.admin().with_token(Some("fha_wrong")).get("/v1/tenants").await.problem(401);
    }
    host.admin().with_token(None).get("/v1/tenants").await.problem(401);
    host.admin().get("/v1/tenants").await.expect(200);

    let metrics = host.admin().get("/metrics").await.text;

    for line in ["reason=\"invalid-token\"} 3", "reason=\"no-token\"} 1"] {
        assert!(
            metrics.contains(&format!("flowhost_admin_requests_refused_total{{{line}")),
            "{line} in {metrics}"
        );
    }
}

#[tokio::test]
async fn who_shows_invalid_tokens_can_not_fill_the_log() {
    let host = TestHost::start().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let mut lines = Vec::new();
    for number in 0..10 {
        let guess = client
            .get(host.admin().url("/v1/tenants"))
            .bearer_auth(format!("fha_{number}"))
            .send()
            .await
            .unwrap();
        let id = guess.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(guess.status(), 401);
        assert_eq!(
            logged(Level::DEBUG, &id)
                .iter()
                .filter(|line| line.contains("an invalid token"))
                .count(),
            1,
            "{id}"
        );
        lines.extend(logged(Level::INFO, &id));
    }

    assert_eq!(lines.len(), 1, "one for each source: {lines:#?}");
}
