//! Measures whether a host stays flat as tenants, hosts, payloads, sessions and old data grow.
//! Prints tables; each figure has its ratio to the table's first row beside it.
//!
//! `cargo bench -p flowhost --bench growth` (`-- tenants changes hosts payloads sessions old` for
//! these tables only)
//!
//! How much is made, by the environment, with its default:
//!
//! - `FLOWHOST_GROWTH_TENANTS` 10000, with `FLOWHOST_GROWTH_COMPONENTS` 500 different components and
//!   `FLOWHOST_GROWTH_KEYS` 200 different key pairs among them
//! - `FLOWHOST_GROWTH_OLD_SESSIONS` 1000000: 10000000 need 20 GB of disk
//! - `FLOWHOST_GROWTH_SECONDS` 5 for each figure, `FLOWHOST_GROWTH_ROUNDS` 3
//! - `FLOWHOST_GROWTH_SHARED_BUFFERS`: PostgreSQL's setting of that name, such as `4GB`; by default as
//!   PostgreSQL sets it, 128 MB
//! - `FLOWHOST_GROWTH_RUNS` 1: how often all tables are measured, each with hosts of its own, on the
//!   tenants and old rows that were made once
//!
//! **Method.** Host, PostgreSQL and generator share the cores of this machine, which should do
//! nothing else. The host is the program of this build, as `flowhost serve`, with its log at `warn`.
//! The cluster is its own, durable, in `/var/tmp` and otherwise as PostgreSQL sets it: checkpoints
//! too come when they come. The rows of a table are measured in turns, each round once; a figure is the median
//! of its rounds, a ratio the median of the ratios within one round. Two fifths of a figure's time
//! are sent before it as warm-up.
//!
//! - **Tenants** are made straight in the database, sealed as the host seals. Each has its own data
//!   key, app secret, flow and sealed private key; of key pairs there are fewer, since one takes a
//!   core for a quarter of a second. Components are the appointment plugin with one more section.
//!   Their code is compiled before anything is measured.
//! - **The load** is a closed loop from one thread of this program, over keep-alive connections, of
//!   requests that were sealed before. A figure with an answer that is no 200 ends the run. A full
//!   exchange is an INIT with a new flow token; longer sessions go on with BACK.
//! - **CPU** is what the kernel counts for the host's process and for all of PostgreSQL's, from
//!   before the warm-up until after the last answer, of one exchange. **WAL bytes** are the whole
//!   server's, divided likewise: with what checkpoints and autovacuum add.
//! - **Old data** is a copy of the database with all tenants, with ended sessions and an exchange of
//!   each, of the last four weeks: younger than what a host deletes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

mod old;
mod share;
mod sizes;
mod tables;

use std::time::Duration;

use flowhost_tests::Component;
use flowhost_tests::measure::{Floor, Machine, Stage, Tenants, cores};

use self::sizes::{FEW, FEW_TENANTS, MANY, Sizes};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let chosen = chosen();
    let busy = Machine::busy_cores(Duration::from_secs(2)).await;
    let sizes = Sizes::of_environment();
    let settings = sizes.shared_buffers.map(|size| ("shared_buffers", size));
    let stage = Stage::start(sizes.keys, sizes.seconds, settings.as_slice()).await;
    let floor = stage.measure_floor();
    println!("{sizes}");
    println!("{} cores, of which others used {busy:.2} before the run", cores());
    make_databases(&stage, sizes).await;
    if chosen.iter().any(|name| name == "old") {
        tables::old::make(&stage, sizes).await;
    }
    for run in 1..=sizes.runs {
        println!("\nrun {run} of {}", sizes.runs);
        for name in &chosen {
            let tables = match name.as_str() {
                "tenants" => tables::tenants::measure(&stage, sizes).await,
                "changes" => vec![tables::tenants::changes(&stage, sizes).await],
                "hosts" => tables::hosts::measure(&stage, sizes).await,
                "payloads" => tables::payloads::measure(&stage, sizes).await,
                "sessions" => tables::sessions::measure(&stage, sizes).await,
                _ => tables::old::measure(&stage, sizes).await,
            };
            tables.iter().for_each(|table| println!("\n{table}"));
        }
    }
    let floor = Floor::mean(&[floor, stage.measure_floor()]);
    println!("\nan RSA-2048 operation took {:.2} ms on one core", 1_000.0 / floor.core);
    stage.stop().await;
}

/// Makes the databases with few and with many tenants.
async fn make_databases(stage: &Stage, sizes: Sizes) {
    let plugin = Component::Appointment.bytes().await;
    let Sizes { tenants, components, .. } = sizes;
    for (database, count) in [(FEW, FEW_TENANTS), (MANY, tenants)] {
        let components = components.min(count);
        stage.make_database(database, Tenants { count, plugin, components }).await;
    }
}

/// The tables to measure. Cargo passes an argument of its own, `--bench`.
fn chosen() -> Vec<String> {
    let given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let given: Vec<_> = given.collect();
    for name in &given {
        assert!(TABLES.contains(&name.as_str()), "there is no table {name}: {TABLES:?}");
    }
    if given.is_empty() { TABLES.map(str::to_owned).to_vec() } else { given }
}

const TABLES: [&str; 6] = ["tenants", "changes", "hosts", "payloads", "sessions", "old"];
