//! Measures how near a full exchange comes to its floor, which is the one RSA private operation
//! that it cannot do without. Prints one table; each figure is also a ratio to the floor just
//! before and after it, with the target beside it. A run takes about four minutes:
//!
//! `cargo bench -p flowhost --bench exchange` (`-- --seconds N` for each figure, 5 by default;
//! `-- --quick` measures 1 s each, to see that it works)
//!
//! **Method.** Host, PostgreSQL and generator share the cores of this machine, which should do
//! nothing else: the table begins with how much of it others used. The host is the program of this
//! build, as `flowhost serve`, with its log at `warn`. The cluster is its own, durable, in
//! `/var/tmp` and as PostgreSQL sets it: fsync, full page writes and synchronous commit are on. The
//! tables have a thousand rows and statistics before a figure of exchanges is taken. The
//! generator is `flowhost client load`: keep-alive connections over the loopback, one request under
//! way on each, all requests sealed before, each with its own flow token, key and IV, two fifths of
//! a figure's time as warm-up before it, a sample of the answers opened after it. A figure with an
//! answer that is not as it should be ends the run.
//!
//! - **The floor** is measured in this process with aws-lc-rs, as the host decrypts: RSA-OAEP with a
//!   2048-bit key, on one thread, then on as many as there are cores, half a second each, before and
//!   after each figure; a figure's ratio is to the mean of the two. A machine that is shared changes
//!   its speed within a run, and so do a figure and its floor. What `openssl speed` prints is another
//!   floor, of another library, and shown for comparison.
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

mod generator;
mod scene;
mod table;

use std::time::Duration;

use flowhost_tests::measure::{Floor, Machine, cores, fdatasync, openssl};

use self::generator::{Load, Measured};
use self::scene::Scene;
use self::table::Table;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let seconds = seconds();
    let mut scene = Scene::start().await;
    let busy = Machine::busy_cores(Duration::from_secs(2)).await;
    let floor = scene.floor(Duration::from_secs(seconds.into()));
    let figures = Figures::measure(&mut scene, floor, seconds).await;
    let table = figures.table(busy, fdatasync(scene.folder()));
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
    async fn measure(scene: &mut Scene, floor: Floor, seconds: u32) -> Self {
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
        scene.measure(&Load::of(INIT, 16, floor.cores, 1)).await;
        scene.analyze().await;
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

    fn table(&self, busy: f64, fdatasync: Duration) -> Table {
        let floors: Vec<_> = self.all().map(|measured| measured.floor).collect();
        let mean = Floor::mean(&floors);
        let mut table = Table::new();
        let (least, most) = floors.iter().fold((f64::MAX, 0.0), |(least, most), floor| {
            (f64::min(least, floor.cores), f64::max(most, floor.cores))
        });
        table.note(format!("the floor on all cores was {least:.0} to {most:.0} /s in this run"));
        table.note(format!("fdatasync of 8 KiB on the database's disk takes {fdatasync:.2?}"));
        let warning =
            if busy > QUIET { ": TOO MANY for these figures to mean anything" } else { "" };
        table.note(format!(
            "{} cores, of which others used {busy:.2} before the run{warning}",
            cores()
        ));
        table.floors(mean, openssl(1), openssl(cores()));
        match &self.pinned_ping {
            Some(ping) => table.rate(
                "ping, host pinned to one core, 64 connections",
                ping.per_second,
                ping.floor.core,
                "of one core >= 88 %; in batches >= 180 %",
            ),
            None => table
                .note("no ping with a pinned host: that takes `taskset` and two cores".to_owned()),
        }
        for (connections, ping) in ["1 connection", "64 connections"].iter().zip(&self.ping) {
            let what = format!("ping, all cores, {connections}");
            table.rate(&what, ping.per_second, ping.floor.cores, "");
        }
        let targets = ["", "", ">= 45 %; in batches >= 75 %"];
        for ((connections, init), target) in [1, 16, 64].iter().zip(&self.init).zip(targets) {
            let what = format!("full exchange, all cores, connections: {connections}");
            table.rate(&what, init.per_second, init.floor.cores, target);
        }
        self.add_times(&mut table);
        self.add_costs(&mut table);
        table
    }

    fn all(&self) -> impl Iterator<Item = &Measured> {
        let several = self.pinned_ping.iter().chain(&self.ping).chain(&self.init);
        several.chain([&self.half, &self.unsynced, &self.forged])
    }

    fn add_times(&self, table: &mut Table) {
        let (one, half, unsynced) = (&self.init[0], &self.half, &self.unsynced);
        let what =
            format!("p99 of a full exchange at {:.0} a second, half the highest", half.rate());
        table.time(&what, half.p99_ms, half.floor, "<= 12 RSA times");
        table.time("p50 of it", half.p50_ms, half.floor, "");
        table.time("p50 of a full exchange, one connection", one.p50_ms, one.floor, "<= 1.5 ms");
        table.time("the same with synchronous_commit=off", unsynced.p50_ms, unsynced.floor, "");
    }

    fn add_costs(&self, table: &mut Table) {
        let (full, ping, forged) = (&self.init[2], &self.ping[1], &self.forged);
        let (one, half) = (&self.init[0], &self.half);
        for (which, measured) in
            [("64 connections", full), ("at half the highest rate", half), ("one connection", one)]
        {
            let (cost, floor) = (&measured.cost, measured.floor);
            table.time(
                &format!("CPU of the host for a full exchange, {which}"),
                cost.host_ms,
                floor,
                "",
            );
            table.time(&format!("CPU of PostgreSQL for it, {which}"), cost.postgres_ms, floor, "");
        }
        table.time("CPU of the host for a ping, 64 connections", ping.cost.host_ms, ping.floor, "");
        table.time("CPU of the host for a bad signature", forged.cost.host_ms, forged.floor, "");
        let all = full.cost.host_ms + full.cost.postgres_ms;
        table.share(
            "a bad signature, of a full exchange's CPU",
            forged.cost.host_ms / all,
            "< 2 %",
        );
        table.count("bad signatures refused in a second", forged.per_second);
        table.count("context switches of the host for a full exchange", full.cost.host_switches);
        table.count(
            "context switches of PostgreSQL for a full exchange",
            full.cost.postgres_switches,
        );
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
