//! What all plugins together may use of the machine.

use std::fs;
use std::path::Path;

/// What all plugins together may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestsConfig {
    /// Calls at the same time.
    pub calls: u32,
    /// Linear memory of all calls together.
    pub memory_bytes: u64,
}

impl Default for GuestsConfig {
    /// Half the memory that this process may have. The other half is for the host itself, the
    /// plugins' code, and the compilers.
    fn default() -> Self {
        let half = available_memory(Path::new("/")).unwrap_or(0) / 2;
        Self { calls: CALLS, memory_bytes: half.max(LEAST_MIB << 20) }
    }
}

impl GuestsConfig {
    /// Reads `--guest-memory-mib`.
    pub(super) fn parse(memory_mib: Option<u64>) -> Result<Self, String> {
        let Some(mib) = memory_mib else { return Ok(Self::default()) };
        if !(LEAST_MIB..=MOST_MIB).contains(&mib) {
            return Err(format!(
                "--guest-memory-mib is not a number from {LEAST_MIB} to {MOST_MIB}"
            ));
        }
        Ok(Self { memory_bytes: mib << 20, ..Self::default() })
    }
}

/// The memory that this process may have, in bytes: the machine's, or the limit of its control
/// group or of one above it if that is lower.
fn available_memory(root: &Path) -> Option<u64> {
    let mut limits: Vec<u64> = machine_memory(root).into_iter().collect();
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    for group in groups.lines() {
        let mut parts = group.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        // A line of version 2 names no controllers. Inside a container, paths usually begin at the
        // container's own group; if they don't, the root is still that group.
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            "memory" => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        for around in Path::new(path.trim_start_matches('/')).ancestors() {
            let limit = fs::read_to_string(root.join(mount).join(around).join(file));
            // `max` means no limit. Version 1 expresses the same with a number that is larger than
            // any machine's memory.
            limits.extend(limit.ok().and_then(|limit| limit.trim().parse::<u64>().ok()));
        }
    }
    limits.into_iter().min()
}

fn machine_memory(root: &Path) -> Option<u64> {
    let all = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = all.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Calls at the same time: as many as eight flows have at the highest concurrency, or 32 at the
/// default.
const CALLS: u32 = 512;

/// One tenant alone gets three eighths (`budget`). With this minimum one call of 64 MiB runs, and
/// others have some memory left.
const LEAST_MIB: u64 = 192;

/// 16 TiB.
const MOST_MIB: u64 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_machines_or_what_the_control_groups_leave_of_it() {
        let machine = ("proc/meminfo", "MemTotal:        4194304 kB\nMemFree: 1 kB\n");
        let (two, one) = ("proc/self/cgroup", "proc/self/cgroup");
        assert_eq!(memory(&[machine]), Some(4 << 30));
        let group = (two, "0::/system.slice/flowhost.service\n");
        assert_eq!(memory(&[machine, group]), Some(4 << 30));
        let own = ("sys/fs/cgroup/system.slice/flowhost.service/memory.max", "1073741824\n");
        assert_eq!(memory(&[machine, group, own]), Some(1 << 30));
        let around = ("sys/fs/cgroup/system.slice/memory.max", "536870912\n");
        assert_eq!(memory(&[machine, group, own, around]), Some(1 << 29));
        let none = ("sys/fs/cgroup/system.slice/memory.max", "max\n");
        assert_eq!(memory(&[machine, group, none]), Some(4 << 30));
        let container = [machine, (two, "0::/\n"), ("sys/fs/cgroup/memory.max", "2147483648\n")];
        assert_eq!(memory(&container), Some(2 << 30));
        let first = (one, "9:name=systemd:/x\n5:memory:/docker/abc\n0::/\n");
        let in_a_container = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648");
        assert_eq!(memory(&[machine, first, in_a_container]), Some(2 << 30));
        let unlimited = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        assert_eq!(memory(&[machine, first, unlimited]), Some(4 << 30));
        assert_eq!(memory(&[]), None);
    }

    #[test]
    fn this_machine_says_how_much_it_has() {
        assert!(available_memory(Path::new("/")).is_some());
        assert_eq!(GuestsConfig::parse(None), Ok(GuestsConfig::default()));
    }

    #[test]
    fn a_budget_that_no_call_fits_into_is_none() {
        assert_eq!(GuestsConfig::parse(Some(1024)).map(|guests| guests.memory_bytes), Ok(1 << 30));
        for mib in [0, 191, u64::MAX] {
            assert!(
                GuestsConfig::parse(Some(mib)).unwrap_err().contains("--guest-memory-mib"),
                "{mib}"
            );
        }
    }

    fn memory(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        available_memory(root.path())
    }
}
