//! What larger requests and replies cost.

use flowhost_tests::Component;
use flowhost_tests::measure::{Endpoint, Figure, Script, Stage, Table};
use serde_json::{Value, json};

use crate::sizes::{FEW, Sizes};

pub(crate) async fn measure(stage: &Stage, sizes: Sizes) -> Vec<Table> {
    let host = stage.start_warm_host(FEW, &stage.maker.endpoints(1)).await;
    // A reply of 512 KiB is more than flows may have unless their settings say so.
    let settings = json!({ "limits": { "reply_bytes": 1 << 20 } });
    let tenant = host.process.tenant("payloads").await;
    let endpoints = [Endpoint::of(&tenant.flow("parrot", settings, Component::Parrot).await)];
    let mut tables = Vec::new();
    for (what, data) in [("requests", asking as fn(usize) -> Value), ("replies", asking_for)] {
        let mut table = Table::new(format!("Payloads: {what} with so much data"), &Figure::COLUMNS);
        table.note(format!("{CONNECTIONS} connections, a new session for each exchange"));
        for _ in 0..sizes.rounds {
            for bytes in BYTES {
                let script = Script { exchanges: 1, data: data(bytes) };
                let figure = stage.measure(&[&host], &endpoints, &script, CONNECTIONS).await;
                #[expect(clippy::cast_precision_loss, reason = "half a MiB")]
                table.add(&format!("{} KiB", bytes as f64 / 1024.0), figure.columns());
            }
        }
        tables.push(table);
    }
    host.stop().await;
    tables
}

/// A form with so much text, which is answered with a few bytes.
fn asking(bytes: usize) -> Value {
    json!({ "text": "x".repeat(bytes) })
}

/// A form that the parrot answers with so much text.
fn asking_for(bytes: usize) -> Value {
    json!({ "do": "screen", "data": [[r#"{"text":""#, 1], ["x", bytes], [r#""}"#, 1]] })
}

/// Enough to keep two cores busy. More would only wait, each with half a megabyte.
const CONNECTIONS: usize = 16;

const BYTES: [usize; 4] = [512, 4 << 10, 64 << 10, 512 << 10];
