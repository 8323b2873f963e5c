//! What processes have used so far, as Linux counts it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

/// What the hosts and PostgreSQL have used since they began.
pub struct Usage {
    host: Process,
    postgres: Process,
}

/// What one request took.
pub struct Cost {
    /// Processor time of the hosts.
    pub host_ms: f64,
    /// Processor time of all of PostgreSQL's processes.
    pub postgres_ms: f64,
    /// Context switches of the hosts.
    pub host_switches: f64,
    /// Context switches of PostgreSQL.
    pub postgres_switches: f64,
}

/// A process with all its threads.
#[derive(Default)]
struct Process {
    cpu: Duration,
    switches: u64,
}

impl Usage {
    /// Of these hosts together, and of all processes whose parent is this one.
    pub fn of(hosts: &[u32], postmaster: u32) -> Self {
        let mut postgres = Process::of(postmaster);
        // Of the children that have ended, such as workers of autovacuum, their parent has the sum.
        let ended = stat(postmaster).map_or(0, |stat| stat[CHILDREN] + stat[CHILDREN + 1]);
        postgres.cpu += Duration::from_millis(ended * TICK_MS);
        for child in numbered(Path::new("/proc")).filter(|id| Self::parent(*id) == Some(postmaster))
        {
            postgres.add(&Process::of(child));
        }
        let mut all = Process::default();
        hosts.iter().for_each(|host| all.add(&Process::of(*host)));
        Self { host: all, postgres }
    }

    /// The parent of a process that is still there.
    pub fn parent(process: u32) -> Option<u32> {
        u32::try_from(stat(process)?[PARENT]).ok()
    }

    /// What each of so many requests took since then.
    pub fn since(&self, before: &Self, requests: f64) -> Cost {
        let ms = |now: &Process, before: &Process| {
            now.cpu.saturating_sub(before.cpu).as_secs_f64() * 1_000.0 / requests
        };
        #[expect(clippy::cast_precision_loss, reason = "no run counts 2^52 of anything")]
        let switches = |now: &Process, before: &Process| {
            now.switches.saturating_sub(before.switches) as f64 / requests
        };
        Cost {
            host_ms: ms(&self.host, &before.host),
            postgres_ms: ms(&self.postgres, &before.postgres),
            host_switches: switches(&self.host, &before.host),
            postgres_switches: switches(&self.postgres, &before.postgres),
        }
    }
}

impl Process {
    fn of(id: u32) -> Self {
        let tasks = PathBuf::from(format!("/proc/{id}/task"));
        let switches = numbered(&tasks).map(|task| switches(&tasks.join(task.to_string()))).sum();
        Self { cpu: cpu_time(id).unwrap_or_default(), switches }
    }

    fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.switches += other.switches;
    }
}

/// The processor time of a process with all threads that it ever had, to the nanosecond; `None` if
/// it is gone.
pub fn cpu_time(process: u32) -> Option<Duration> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process.cast_signed())).ok()?;
    clock.now().ok().map(Duration::from)
}

/// The resident memory of a process, in bytes.
pub fn resident_bytes(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most resident memory that a process had so far, in bytes.
pub fn peak_resident_bytes(process: u32) -> u64 {
    status(process, "VmHWM:")
}

/// All memory that a process keeps, in bytes: what is resident, and its files in memory as a whole,
/// whether they are mapped or not. No page is counted twice.
pub fn memory_bytes(process: u32) -> u64 {
    let private = status(process, "RssAnon:") + status(process, "RssFile:");
    private + memory_files(process)
}

/// A size that the kernel tells in KiB, in bytes; 0 if the process is gone.
fn status(process: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix(name));
    kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

/// What a process has in files that are memory, in bytes.
fn memory_files(process: u32) -> u64 {
    let open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let is_memory = |path: &PathBuf| {
        fs::read_link(path).is_ok_and(|target| target.to_string_lossy().starts_with("/memfd:"))
    };
    let files = open.map(|entry| entry.path()).filter(is_memory);
    let sizes = files.filter_map(|path| fs::metadata(path).ok());
    // Several descriptors may be of one file.
    let sizes = sizes.map(|about| ((about.dev(), about.ino()), about.blocks() * BLOCK_BYTES));
    sizes.collect::<HashMap<_, _>>().values().sum()
}

/// The machine as a whole.
pub struct Machine;

impl Machine {
    /// How many cores are busy while this program does nothing.
    pub async fn busy_cores(time: Duration) -> f64 {
        let before = busy_ticks();
        tokio::time::sleep(time).await;
        let ticks = busy_ticks().saturating_sub(before);
        Duration::from_millis(ticks * TICK_MS).as_secs_f64() / time.as_secs_f64()
    }
}

/// User, nice, system, and from the sixth on interrupts and what a hypervisor took. The fourth and
/// fifth are idle and waiting for a disk.
fn busy_ticks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let columns = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let columns: Vec<u64> = columns.map_while(|column| column.parse().ok()).collect();
    columns[..3].iter().chain(&columns[5..8]).sum()
}

/// The numbers of a process's `stat` after its name, which may hold anything; `None` if it is gone.
/// The first column, a letter, is 0.
fn stat(process: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let columns = text.rsplit_once(')')?.1.split_whitespace();
    Some(columns.map(|column| column.parse().unwrap_or(0)).collect())
}

fn switches(task: &Path) -> u64 {
    let text = fs::read_to_string(task.join("status")).unwrap_or_default();
    let counts = text.lines().filter_map(|line| line.split_once("ctxt_switches:"));
    counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum()
}

/// The entries of a folder whose names are numbers.
fn numbered(folder: &Path) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Linux counts in hundredths of a second for programs, whatever its own clock does.
const TICK_MS: u64 = 10;

/// What `st_blocks` counts in, whatever the file system does.
const BLOCK_BYTES: u64 = 512;

/// Columns of `stat` after the name: `man 5 proc` counts from 1, and the name is the second.
const PARENT: usize = 4 - 3;
const CHILDREN: usize = 16 - 3;
