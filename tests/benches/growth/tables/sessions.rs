//! What longer sessions cost.

use crate::sizes::{FEW, Sizes};
use flowhost_tests::measure::{CONNECTIONS, Figure, Script, Stage, Table};

pub(crate) async fn measure(stage: &Stage, sizes: Sizes) -> Vec<Table> {
    let mut table = Table::new("Sessions: of so many exchanges", &Figure::COLUMNS);
    table.note(format!(
        "{CONNECTIONS} connections, INIT and then BACK to the same screen, one connection for a session"
    ));
    let endpoints = stage.maker.endpoints(1);
    let host = stage.start_warm_host(FEW, &endpoints).await;
    for _ in 0..sizes.rounds {
        for exchanges in [1, 10, 50] {
            let script = Script::of(exchanges);
            let figure = stage.measure(&[&host], &endpoints, &script, CONNECTIONS).await;
            table.add(&format!("exchanges a session: {exchanges}"), figure.columns());
        }
    }
    host.stop().await;
    vec![table]
}
