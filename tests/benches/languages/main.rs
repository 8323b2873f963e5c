//! Measures what a plugin costs in each language: the same handler in Rust, in TypeScript with
//! QuickJS, and in Python. Prints tables; each figure has its ratio to Rust's row beside it.
//!
//! `cargo bench -p flowhost --bench languages` (`-- components calls exchanges tenants` for these
//! tables only, `-- starlingmonkey` for TypeScript with StarlingMonkey, too)
//!
//! How much is made and measured, by the environment, with its default:
//!
//! - `FLOWHOST_LANGUAGES_RUST` 40, `_TYPESCRIPT` 40, `_PYTHON` 4 and `_STARLINGMONKEY` 4 tenants
//!   with a component each. For the figures of the documentation it is 400, 400, 20 and 20, which
//!   takes a quarter of an hour to compile on two cores.
//! - `FLOWHOST_LANGUAGES_SECONDS` 5 for each figure through the whole host, `_CALLS` 1000 for each
//!   in the runtime alone, `_ROUNDS` 3
//!
//! **Method.** The handler parses twenty slots, filters and maps them, writes a line into the log,
//! reads a setting, and shows a screen; the run ends if two languages show different ones. Its
//! sources are in `guests/`, and `flowhost plugin build` makes the components. A variant of a
//! component has one more section, and its code is compiled, kept and loaded as any other's. Host,
//! PostgreSQL and generator share the cores of this machine, which should do nothing else once the
//! program says that measuring begins. Languages are measured in turns, each round once; a figure is
//! the median of its rounds, a ratio the median of the ratios within one round.
//!
//! - **Compiling** is `flowhost compile-worker`, as a host starts it. Its processor time and its
//!   largest resident memory are read when the first byte of its answer is there; the answer's size
//!   is that of the code.
//! - **Calls in the runtime** are made in this process, one after another, each in an instance of
//!   its own, without HTTP, cryptography and a database. Loading takes the code from the cache on
//!   disk, which the system has in memory; the first call is that of a plugin just loaded. Medians
//!   of five, each with a new engine. A call that is under way waits for the host's store: memory is
//!   what the process grows by with 64 of them, in places of the pool that nothing used before.
//! - **Through the whole host**: `flowhost serve` with its log at `warn`, on a durable PostgreSQL
//!   of its own; a closed loop of requests that were sealed before, each an INIT with a new flow
//!   token, after two fifths of a figure's time as warm-up.
//! - **Tenants**: what a host takes after its start, once all its plugins are loaded, and once each
//!   of them was called: resident memory, with all of what it keeps in memory files, mapped or not.
//!   A plugin's is the growth by all of them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that fails is over, and its result is printed"
)]

mod calls;
mod compiling;
mod guests;
mod services;
mod sizes;
mod whole;

use std::time::Duration;

use flowhost_tests::measure::{Floor, Machine, Stage, Tenants, cores};

use self::sizes::Sizes;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let (sizes, chosen) = (Sizes::of_environment(), Chosen::of_arguments());
    let guests = guests::build_all(chosen.starlingmonkey, &sizes).await;
    let stage = Stage::start(KEYS, sizes.seconds, &[]).await;
    for guest in &guests {
        // One is enough for exchanges.
        let count = if chosen.has("tenants") { guest.tenants } else { 1 };
        let tenants = Tenants { count, plugin: &guest.component, components: count };
        stage.make_database(guest.database, tenants).await;
    }
    let bench = calls::Bench::prepare(&guests, stage.postgres.folder().join("calls")).await;

    eprintln!("everything is made, and measuring begins");
    let busy = Machine::busy_cores(Duration::from_secs(2)).await;
    let floor = stage.measure_floor();
    println!("{sizes}");
    println!("{} cores, of which others used {busy:.2} before the run", cores());
    if chosen.has("components") {
        println!("\n{}", compiling::measure(&guests, sizes.rounds));
    }
    if chosen.has("calls") {
        println!("\n{}", bench.measure(&guests, &sizes).await);
    }
    if chosen.has("exchanges") {
        println!("\n{}", whole::exchanges(&stage, &guests, sizes.rounds).await);
    }
    if chosen.has("tenants") {
        println!("\n{}", whole::tenants(&stage, &guests).await);
    }
    let floor = Floor::mean(&[floor, stage.measure_floor()]);
    println!("\nan RSA-2048 operation took {:.2} ms on one core", 1_000.0 / floor.core);
    stage.stop().await;
}

/// What the arguments choose.
struct Chosen {
    /// None are all.
    tables: Vec<String>,
    starlingmonkey: bool,
}

impl Chosen {
    /// Cargo passes an argument of its own, `--bench`.
    fn of_arguments() -> Self {
        let given = std::env::args().skip(1).filter(|given| given != "--bench");
        let (engines, tables): (Vec<_>, Vec<_>) =
            given.partition(|given| given == "starlingmonkey");
        for table in &tables {
            assert!(TABLES.contains(&table.as_str()), "there is no table {table}: {TABLES:?}");
        }
        Self { tables, starlingmonkey: !engines.is_empty() }
    }

    fn has(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|chosen| chosen == table)
    }
}

const TABLES: [&str; 4] = ["components", "calls", "exchanges", "tenants"];

/// Key pairs that the tenants share: one takes a core for a quarter of a second.
const KEYS: u32 = 20;
