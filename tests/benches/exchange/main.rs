//! Measures how near a full exchange comes to its floor, which is the one RSA private operation
//! that it cannot do without. Prints one table; each figure is also a ratio to the floor of the
//! same run, with the target beside it. A run takes about two minutes:
//!
//! `cargo bench -p flowhost --bench exchange` (`-- --seconds N` for each figure, 5 by default;
//! `-- --quick` measures 1 s each, to see that it works)
//!
//! **Method.** Host, PostgreSQL and generator share the cores of this machine, which should do
//! nothing else: the table begins with how much of it others used. The host is the program of this
//! build, as `flowhost serve`, with its log at `warn`. The cluster is its own, durable, in
//! `/var/tmp` and as PostgreSQL sets it: fsync, full page writes and synchronous commit are on. The
//! generator is `flowhost client load`: keep-alive connections over the loopback, one request under
//! way on each, all requests sealed before, each with its own flow token, key and IV, two fifths of
//! a figure's time as warm-up before it, a sample of the answers opened after it. A figure with an
//! answer that is not as it should be ends the run.
//!
//! - **The floor** is measured in this process with aws-lc-rs, as the host decrypts: RSA-OAEP with a
//!   2048-bit key, on one thread, then on as many as there are cores; before all other figures and
//!   after them, and the mean counts. What `openssl speed` prints is another floor, of another
//!   library, and shown for comparison.
//! - **Pinned** rows have the host on core 0 and the generator on core 1 (`taskset`).
//! - **A full exchange** is an INIT of the appointment plugin with a new flow token: signature, RSA,
//!   a session that is read and written, a fresh instance of the plugin, the sealed reply. The flow
//!   has no Flow JSON.
//! - **p99 at half the highest throughput** is an open loop's: from when a request was due.
//! - **CPU and context switches** are what the kernel counts for the host's process and for all of
//!   PostgreSQL's, from before the warm-up until after the last answer, divided by all requests.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that fails is over, and its result is printed"
)]

mod floor;
mod generator;
mod scene;
mod table;
mod usage;

use std::time::Duration;

use self::floor::{Floor, fdatasync, openssl};
use self::generator::{Load, Measured};
use self::scene::Scene;
use self::table::Table;
use self::usage::Machine;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let seconds = seconds();
    let mut scene = Scene::start().await;
    let busy = Machine::busy_cores(Duration::from_secs(2)).await;
    let floor = Floor::measure(Duration::from_secs(seconds.into()));
    let figures = Figures::measure(&mut scene, &floor, seconds).await;
    let floors = [floor, Floor::measure(Duration::from_secs(seconds.into()))];
    let table = figures.table(&floors, busy, fdatasync(scene.folder()));
    scene.stop().await;
    println!("{table}");
}

/// All that is measured, in its order.
struct Figures {
    pinned_ping: Option<Measured>,
    ping: [Measured; 2],
    init: [Measured; 3],
    half: Measured,
    unsynced: Measured,
    forged: Measured,
}

impl Figures {
    async fn measure(scene: &mut Scene, floor: &Floor, seconds: u32) -> Self {
        // A host that decrypts in batches may do more than the floor. A figure whose requests are
        // used up is measured for less time.
        let (core, all) = (2.2 * floor.core, 2.2 * floor.cores);
        let pinned_ping = match generator::can_pin() {
            true => {
                scene.restart_host(Some(0)).await;
                let ping = Load::of(PING, 64, core, seconds).on_core(1);
                Some(scene.measure(&ping).await)
            }
            false => None,
        };
        scene.restart_host(None).await;
        let ping = [
            scene.measure(&Load::of(PING, 1, core, seconds)).await,
            scene.measure(&Load::of(PING, 64, all, seconds)).await,
        ];
        let init = [
            scene.measure(&Load::of(INIT, 1, floor.core, seconds)).await,
            scene.measure(&Load::of(INIT, 16, floor.cores, seconds)).await,
            scene.measure(&Load::of(INIT, 64, floor.cores, seconds)).await,
        ];
        let half = highest(&init) / 2.0;
        let half = Load::of(INIT, 256, half, seconds).at_rate(half);
        let half = scene.measure(&half).await;
        // They cost no RSA operation, so there are many times more.
        let forged = scene.measure(&Load::of(FORGED, 64, 6.0 * all, seconds)).await;
        scene.commit_synchronously(false).await;
        let unsynced = scene.measure(&Load::of(INIT, 1, floor.core, seconds)).await;
        scene.commit_synchronously(true).await;
        Self { pinned_ping, ping, init, half, unsynced, forged }
    }

    fn table(&self, floors: &[Floor; 2], busy: f64, fdatasync: Duration) -> Table {
        let floor = Floor::mean(floors);
        let mut table = Table::new(&floor);
        let [before, after] = floors;
        table.note(format!(
            "floor before and after the run: {:.0} and {:.0} /s on one core, {:.0} and {:.0} /s on all",
            before.core, after.core, before.cores, after.cores
        ));
        table.note(format!("fdatasync of 8 KiB on the database's disk takes {fdatasync:.2?}"));
        let warning =
            if busy > QUIET { ": TOO MANY for these figures to mean anything" } else { "" };
        table.note(format!(
            "{} cores, of which others used {busy:.2} before the run{warning}",
            floor.count
        ));
        table.floors(openssl(1), openssl(floor.count));
        match &self.pinned_ping {
            Some(ping) => table.rate(
                "ping, host pinned to one core, 64 connections",
                ping.per_second,
                floor.core,
                "of one core >= 88 %; in batches >= 180 %",
            ),
            None => table
                .note("no ping with a pinned host: that takes `taskset` and two cores".to_owned()),
        }
        for (connections, ping) in ["1 connection", "64 connections"].iter().zip(&self.ping) {
            let what = format!("ping, all cores, {connections}");
            table.rate(&what, ping.per_second, floor.cores, "");
        }
        let targets = ["", "", ">= 45 %; in batches >= 75 %"];
        for ((connections, init), target) in [1, 16, 64].iter().zip(&self.init).zip(targets) {
            let what = format!("full exchange, all cores, connections: {connections}");
            table.rate(&what, init.per_second, floor.cores, target);
        }
        self.add_times(&mut table);
        self.add_costs(&mut table);
        table
    }

    fn add_times(&self, table: &mut Table) {
        let (one, half) = (&self.init[0], &self.half);
        let what =
            format!("p99 of a full exchange at {:.0} a second, half the highest", half.rate());
        table.time(&what, half.p99_ms, "<= 12 RSA times");
        table.time("p50 of a full exchange, one connection", one.p50_ms, "<= 1.5 ms");
        table.time("the same with synchronous_commit=off", self.unsynced.p50_ms, "");
        table.time("so waiting for the disk takes", one.p50_ms - self.unsynced.p50_ms, "");
    }

    fn add_costs(&self, table: &mut Table) {
        let (full, ping, forged) = (&self.init[2].cost, &self.ping[1].cost, &self.forged.cost);
        let all = full.host_ms + full.postgres_ms;
        table.time("CPU of the host for a full exchange, 64 connections", full.host_ms, "");
        table.time("CPU of PostgreSQL for a full exchange", full.postgres_ms, "");
        table.time("CPU of the host for a ping, 64 connections", ping.host_ms, "");
        table.time("CPU of the host for a bad signature", forged.host_ms, "");
        table.share("a bad signature, of a full exchange's CPU", forged.host_ms / all, "< 2 %");
        table.count("bad signatures refused in a second", self.forged.per_second);
        table.count("context switches of the host for a full exchange", full.host_switches);
        table.count("context switches of PostgreSQL for a full exchange", full.postgres_switches);
    }
}

fn highest(measured: &[Measured]) -> f64 {
    measured.iter().map(|measured| measured.per_second).fold(0.0, f64::max)
}

/// Cargo passes an argument of its own, `--bench`.
fn seconds() -> u32 {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--quick") {
        return 1;
    }
    let given = arguments.iter().skip_while(|argument| *argument != "--seconds").nth(1);
    given.map_or(5, |seconds| seconds.parse().expect("--seconds takes a whole number"))
}

/// Cores that others use on a machine that is quiet enough.
const QUIET: f64 = 0.1;

const PING: &[&str] = &["--action", "ping"];
const INIT: &[&str] = &["--action", "INIT"];
const FORGED: &[&str] = &["--action", "INIT", "--bad-signature"];
