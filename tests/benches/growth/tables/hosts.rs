//! What a second host brings.

use crate::share::{SHARE, Share};
use crate::sizes::{MANY, Sizes};
use flowhost_tests::measure::{CONNECTIONS, Figure, Host, Script, Stage, Table};

pub(crate) async fn measure(stage: &Stage, sizes: Sizes) -> Vec<Table> {
    let mut table = Table::new("Hosts: so many on one PostgreSQL", &Figure::COLUMNS);
    let shares: Vec<_> = ["a", "b"].iter().filter_map(|name| Share::make(name)).collect();
    if shares.len() < 2 {
        table.note("not measured: this process may not make control groups");
        return vec![table];
    }
    table.note(format!(
        "each host may use {SHARE} (a control group), so PostgreSQL and the load have the rest; {CONNECTIONS} connections to each"
    ));
    let endpoints = stage.maker.endpoints(sizes.tenants.min(100));
    let hosts = [
        stage.start_warm_host(MANY, &endpoints).await,
        stage.start_warm_host(MANY, &endpoints).await,
    ];
    for (host, share) in hosts.iter().zip(&shares) {
        share.confine(host.process.id());
    }
    for _ in 0..sizes.rounds {
        for count in [1, 2] {
            let some: Vec<&Host> = hosts.iter().take(count).collect();
            let connections = count * CONNECTIONS;
            let figure = stage.measure(&some, &endpoints, &Script::of(1), connections).await;
            table.add(&format!("hosts: {count}"), figure.columns());
        }
    }
    for host in hosts {
        host.stop().await;
    }
    vec![table]
}
