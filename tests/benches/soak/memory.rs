//! The memory of the hosts that this process has started.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flowhost_tests::measure::resident_bytes;

/// Polls the hosts' memory until stopped, and remembers the most that one of them had.
pub(crate) struct Peak {
    kib: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    watching: JoinHandle<()>,
}

impl Peak {
    pub(crate) fn watch() -> Self {
        let (kib, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let watching = thread::spawn({
            let (kib, stop) = (kib.clone(), stop.clone());
            move || {
                while !stop.load(Ordering::Relaxed) {
                    kib.fetch_max(resident_kib().into_iter().max().unwrap_or(0), Ordering::Relaxed);
                    thread::sleep(INTERVAL);
                }
            }
        });
        Self { kib, stop, watching }
    }

    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watching.join().expect("looking does not fail");
        self.kib.load(Ordering::Relaxed)
    }
}

/// The memory of each host in KiB, including the processes that compile for it.
pub(crate) fn resident_kib() -> Vec<u64> {
    let hosts =
        children(std::process::id()).into_iter().filter(|process| name(*process) == "flowhost");
    let resident = |process| resident_bytes(process) >> 10;
    hosts.map(|host| children(host).into_iter().chain([host]).map(resident).sum()).collect()
}

/// The child processes of any thread of a process; none if the process has just ended.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

fn name(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()
}

/// Short enough for guests that take 62 MiB, because they hold it for longer.
const INTERVAL: Duration = Duration::from_millis(100);
