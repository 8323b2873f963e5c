//! The time and the random numbers that plugins get.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{outcome, outcomes, start};

#[tokio::test]
async fn a_plugin_draws_ids_that_do_not_come_again() {
    let (_outside, _host, flow) = start().await;

    let mut ids = HashSet::new();
    for _ in 0..3 {
        for drawn in outcomes(&flow, json!({"do": "draw", "times": 10})).await {
            assert!(ids.insert(drawn["id"].as_str().unwrap().to_owned()), "{drawn} came before");
        }
    }

    assert!(ids.len() == 30 && ids.iter().all(|id| id.len() == 16), "{ids:?}");
}

#[tokio::test]
async fn a_plugins_clock_is_the_hosts() {
    let (_outside, _host, flow) = start().await;
    let millis = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;

    let before = millis();
    let drawn = outcome(&flow, json!({"do": "draw"})).await;
    let now = drawn["now"].as_i64().unwrap();

    assert!((before..=millis()).contains(&now), "{now} is not between {before} and {}", millis());
    let day = time::OffsetDateTime::from_unix_timestamp(now / 1000).unwrap().date().to_string();
    assert_eq!(drawn["today"], day);
}
