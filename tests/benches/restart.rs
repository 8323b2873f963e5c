//! Measures how long a host takes to become ready again with 200 active plugins, all of different
//! bytes, with the cache of compiled code and without. Ready means that it accepts requests; it
//! loads a tenant and its code when the first one comes. Without a cache it compiles while it serves.
//!
//! `cargo bench -p flowhost --bench restart`: the host compiles in a process of the program, which
//! is built with the benchmark.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

use std::time::{Duration, Instant};

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, variant};
use futures_util::stream::{StreamExt as _, iter};
use serde_json::json;
use tempfile::TempDir;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let cache = TempDir::new().unwrap();
    let host =
        TestHost::compiling(|config| config.compile.code_cache = Some(cache.path().to_owned()))
            .await;
    let steady = Component::Steady.bytes().await;
    let deployed: Vec<_> =
        iter(0..TENANTS).map(|tenant| deploy(&host, tenant, steady)).buffered(4).collect().await;
    let flows: Vec<_> = deployed.into_iter().flatten().collect();

    let mut warm = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let again = host
            .second_configured(|config| config.compile.code_cache = Some(cache.path().to_owned()))
            .await;
        let ready = began.elapsed();
        all_served(&again, &flows).await;
        warm.push((ready, began.elapsed()));
        again.stop().await;
    }
    let began = Instant::now();
    let cold = host.second_configured(|config| config.compile.code_cache = None).await;
    let cold_ready = began.elapsed();
    all_served(&cold, &flows).await;
    let cold_served = began.elapsed();
    cold.stop().await;

    warm.sort();
    let (ready, served) = warm[ROUNDS / 2];
    println!(
        "{} active plugins, {} KiB each; median of {ROUNDS} warm starts",
        flows.len(),
        steady.len() >> 10
    );
    println!("warm cache: ready after {ready:>9.1?}, each plugin answered after {served:>9.1?}");
    println!(
        "no cache:   ready after {cold_ready:>9.1?}, each plugin answered after {cold_served:>9.1?}"
    );
    assert!(ready < LIMIT, "a host with a warm cache is ready in under {LIMIT:?}");
    host.stop().await;
}

/// A tenant whose flows each have a different plugin.
async fn deploy(host: &TestHost, number: u64, component: &[u8]) -> Vec<TestFlow> {
    let tenant = host.tenant(&format!("tenant-{number}")).await;
    let mut flows = Vec::new();
    for plugin in 0..PLUGINS_OF_TENANT {
        let flow = tenant.flow_without_plugin(&format!("flow-{plugin}"), json!({})).await;
        flow.upload(variant(component, number * PLUGINS_OF_TENANT + plugin)).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        flows.push(flow);
    }
    flows
}

/// A ping succeeds once the plugin can be called. A host that is still compiling delays the answer.
async fn all_served(host: &TestHost, flows: &[TestFlow]) {
    for flow in flows {
        while flow.at(host).client().call(&payload::ping()).await.unwrap().status != 200 {}
    }
}

const TENANTS: u64 = 20;
const PLUGINS_OF_TENANT: u64 = 10;
const ROUNDS: usize = 5;
const LIMIT: Duration = Duration::from_secs(3);
