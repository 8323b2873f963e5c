//! Each language's plugins in a host of its own process.

use flowhost_tests::measure::{Endpoint, Host, Script, Stage, Table, memory_bytes};

use crate::compiling::mib;
use crate::guests::Guest;

/// The same load to one plugin of each language.
pub(crate) async fn exchanges(stage: &Stage, guests: &[Guest], rounds: u32) -> Table {
    let columns = [
        "exchanges/s",
        "p50 ms",
        "p99 ms",
        "host CPU ms",
        "alone: p50 ms",
        "alone: p99 ms",
        "alone: host CPU ms",
    ];
    let mut table = Table::new("Languages: an exchange through the whole host", &columns);
    table.note(format!("{CONNECTIONS} connections, and one alone; a new session each"));
    let endpoints = stage.maker.endpoints(1);
    let mut hosts = Vec::new();
    for guest in guests {
        hosts.push(stage.start_warm_host(guest.database, &endpoints).await);
    }
    let script = Script::of(1);
    for _ in 0..rounds {
        for (guest, host) in guests.iter().zip(&hosts) {
            let full = stage.measure(&[host], &endpoints, &script, CONNECTIONS).await;
            let alone = stage.measure(&[host], &endpoints, &script, 1).await;
            let row = vec![
                full.answered.per_second,
                full.answered.p50_ms,
                full.answered.p99_ms,
                full.host_ms,
                alone.answered.p50_ms,
                alone.answered.p99_ms,
                alone.host_ms,
            ];
            table.add(guest.name, row);
        }
    }
    for host in hosts {
        host.stop().await;
    }
    table
}

/// What a host with many plugins takes of the memory.
pub(crate) async fn tenants(stage: &Stage, guests: &[Guest]) -> Table {
    let columns = ["plugins", "MiB at first", "loaded", "called", "MiB a plugin", "tenants a GiB"];
    let mut table = Table::new("Languages: tenants with a component each", &columns);
    for guest in guests {
        let endpoints = stage.maker.endpoints(guest.tenants);
        let host = stage.start_host(guest.database).await;
        let first = memory(&host);
        host.touch("plugins to load", &endpoints).await;
        let loaded = memory(&host);
        call_each(&host, &endpoints).await;
        let called = memory(&host);
        host.stop().await;
        let count = f64::from(guest.tenants);
        let each = (called - first) / count;
        table.add(guest.name, vec![count, first, loaded, called, each, (1024.0 - first) / each]);
    }
    table
}

async fn call_each(host: &Host, endpoints: &[Endpoint]) {
    for endpoint in endpoints {
        host.exchange(endpoint).await;
    }
}

fn memory(host: &Host) -> f64 {
    mib(memory_bytes(host.process.id()))
}

/// As many connections as the exchange benchmark has at its most.
const CONNECTIONS: usize = 64;
