//! What more tenants cost.

use std::time::{Duration, Instant};

use flowhost_tests::measure::{
    CONNECTIONS, Endpoint, FLOW, Figure, Host, Script, Stage, Table, median, memory_bytes, slug,
};
use serde_json::json;

use crate::sizes::{FEW, FEW_TENANTS, MANY, Sizes};

pub(crate) async fn measure(stage: &Stage, sizes: Sizes) -> Vec<Table> {
    let endpoints = stage.maker.endpoints(sizes.tenants);
    vec![
        spread(stage, sizes, &endpoints).await,
        restart(stage, sizes).await,
        first_exchange(stage, sizes, &endpoints).await,
        memory(stage, sizes, &endpoints).await,
    ]
}

/// The same load to one tenant and to many, at a host that has loaded all of them.
async fn spread(stage: &Stage, sizes: Sizes, endpoints: &[Endpoint]) -> Table {
    let mut table = Table::new("Tenants: a load spread over so many", &Figure::COLUMNS);
    table.note(format!(
        "{CONNECTIONS} connections, a new session for each exchange, one database with {} tenants, all of them loaded",
        endpoints.len()
    ));
    let host = stage.start_warm_host(MANY, endpoints).await;
    for _ in 0..sizes.rounds {
        for count in [1, 100, endpoints.len()] {
            let some = &endpoints[..count.min(endpoints.len())];
            let figure = stage.measure(&[&host], some, &Script::of(1), CONNECTIONS).await;
            table.add(&format!("tenants: {}", some.len()), figure.columns());
        }
    }
    host.stop().await;
    table
}

/// What a host has to do with tenants that it doesn't serve at the moment.
async fn restart(stage: &Stage, sizes: Sizes) -> Table {
    let columns = [
        "ready ms",
        "host CPU ms/s then",
        "PG CPU ms/s then",
        "host CPU ms/s idle",
        "PG CPU ms/s idle",
    ];
    let mut table = Table::new("Tenants: start and rest", &columns);
    table.note("ready: from the process's start until it accepts requests, no tenant loaded");
    table.note(format!("then: in the {} s after it, without requests", START.as_secs()));
    table.note(format!("idle: in the {} s after these, without requests", IDLE.as_secs()));
    for _ in 0..sizes.rounds {
        for (database, tenants) in [(FEW, FEW_TENANTS), (MANY, sizes.tenants)] {
            let host = stage.start_host(database).await;
            let (host_then, postgres_then) = stage.idle(&host, START).await;
            let (host_idle, postgres_idle) = stage.idle(&host, IDLE).await;
            let ready = host.ready.as_secs_f64() * 1_000.0;
            table.add(
                &format!("database with {tenants} tenants"),
                vec![ready, host_then, postgres_then, host_idle, postgres_idle],
            );
            host.stop().await;
        }
    }
    table
}

/// What a change of one tenant costs, at two hosts in turns: one has few tenants, the other all.
pub(crate) async fn changes(stage: &Stage, sizes: Sizes) -> Table {
    let mut table = Table::new("Tenants: a change", &["ms"]);
    table.note(format!(
        "a PATCH of a flow's settings through the admin API until its answer, medians of {CHANGES}, at the two hosts in turns"
    ));
    let hosts = [stage.start_host(FEW).await, stage.start_host(MANY).await];
    for change in 0..WARM_UP_CHANGES {
        for host in &hosts {
            change_ms(host, change).await;
        }
    }
    for _ in 0..sizes.rounds {
        let mut took = [Vec::new(), Vec::new()];
        for change in 0..CHANGES {
            for (host, took) in hosts.iter().zip(&mut took) {
                took.push(change_ms(host, change).await);
            }
        }
        for (tenants, took) in [FEW_TENANTS, sizes.tenants].into_iter().zip(took) {
            table.add(&format!("database with {tenants} tenants"), vec![median(took)]);
        }
    }
    for host in hosts {
        host.stop().await;
    }
    table
}

async fn change_ms(host: &Host, change: u32) -> f64 {
    let path = format!("/v1/tenants/{}/flows/{FLOW}", slug(change % FEW_TENANTS));
    let settings = json!({ "limits": { "cpu_ms": 100 + change } });
    let began = Instant::now();
    host.process.admin().call("PATCH", &path, settings).await.expect(200);
    began.elapsed().as_secs_f64() * 1_000.0
}

/// What the first user of a tenant waits for.
async fn first_exchange(stage: &Stage, sizes: Sizes, endpoints: &[Endpoint]) -> Table {
    let mut table = Table::new("Tenants: the first exchange after a restart", &["ms"]);
    table.note(format!("one connection, medians of {FIRST_EXCHANGES} tenants"));
    let components = sizes.components as usize;
    let of_a_component: Vec<_> = endpoints.iter().take(components.min(FIRST_EXCHANGES)).collect();
    // The tenants that have the same components.
    let others = endpoints.iter().skip(components).take(of_a_component.len()).collect();
    for _ in 0..sizes.rounds {
        let host = stage.start_host(MANY).await;
        let with_code = exchange_ms(&host, &of_a_component).await;
        let without_code = exchange_ms(&host, &others).await;
        let again = exchange_ms(&host, &of_a_component).await;
        host.stop().await;
        for (name, ms) in [
            ("tenant loaded", again),
            ("tenant not loaded, its code is", without_code),
            ("neither loaded, code in the cache on disk", with_code),
        ] {
            table.add(name, vec![ms]);
        }
    }
    table
}

async fn exchange_ms(host: &Host, endpoints: &Vec<&Endpoint>) -> f64 {
    let mut took = Vec::new();
    for endpoint in endpoints {
        took.push(host.exchange(endpoint).await.as_secs_f64() * 1_000.0);
    }
    median(took)
}

/// What a host keeps in memory, and what it does when nothing is asked.
async fn memory(stage: &Stage, sizes: Sizes, endpoints: &[Endpoint]) -> Table {
    let columns = ["MiB", "idle host CPU ms/s", "idle PG CPU ms/s"];
    let mut table = Table::new("Tenants: memory of a host", &columns);
    table.note(format!(
        "a host on {} tenants since its start, pings only; each row has what the rows before loaded; what is resident, and files in memory",
        endpoints.len()
    ));
    let components = sizes.components as usize;
    let host = stage.start_host(MANY).await;
    // Once it has done what it does after its start.
    stage.idle(&host, START).await;
    let mut loaded = 0;
    for (count, what) in [
        (0, "nothing loaded".to_owned()),
        (1, "1 tenant".to_owned()),
        (components, format!("{components} tenants, {components} components")),
        (endpoints.len(), format!("{} tenants, {components} components", endpoints.len())),
    ] {
        host.touch("tenants to load", &endpoints[loaded..count]).await;
        loaded = count;
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
        let mib = memory_bytes(host.process.id()) as f64 / f64::from(1 << 20);
        let (idle_host, idle_postgres) = stage.idle(&host, START).await;
        table.add(&what, vec![mib, idle_host, idle_postgres]);
    }
    host.stop().await;
    table
}

/// Longer than what a host does for each of ten thousand tenants after its start.
const START: Duration = Duration::from_secs(10);

/// Thirty polls, and as much of everything that happens each second.
const IDLE: Duration = Duration::from_secs(30);

const CHANGES: u32 = 100;

/// Until each of a host's connections to the database, which take turns, has met each statement: its
/// first changes take five times as long as those after thirty.
const WARM_UP_CHANGES: u32 = 60;

const FIRST_EXCHANGES: usize = 50;
