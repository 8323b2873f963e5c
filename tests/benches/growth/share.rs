//! Shares of the processor, so that several hosts can be compared on a machine with few cores.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A control group whose processes together may use only this much of a core.
pub(crate) struct Share(PathBuf);

impl Share {
    /// `None` if this process may not make control groups.
    pub(crate) fn make(name: &str) -> Option<Self> {
        let (period, quota) = (PERIOD_US.to_string(), QUOTA_US.to_string());
        let second = [("cpu.max", format!("{quota} {period}"))];
        let first = [("cpu.cfs_period_us", period), ("cpu.cfs_quota_us", quota)];
        Self::with("/sys/fs/cgroup", name, &second)
            .or_else(|_| Self::with("/sys/fs/cgroup/cpu", name, &first))
            .ok()
    }

    fn with(root: &str, name: &str, settings: &[(&str, String)]) -> io::Result<Self> {
        let group = Path::new(root).join(format!("flowhost-growth-{name}"));
        fs::create_dir(&group)?;
        let share = Self(group);
        for (file, value) in settings {
            // Not `fs::write`: in a folder that is no control group it would make the file.
            File::options().write(true).open(share.0.join(file))?.write_all(value.as_bytes())?;
        }
        Ok(share)
    }

    /// Puts a process with all its threads into the group.
    pub(crate) fn confine(&self, process: u32) {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).unwrap();
    }
}

impl Drop for Share {
    /// Works only once its processes have ended.
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The share in words.
pub(crate) const SHARE: &str = "0.3 of a core, in slices of 3 of each 10 ms";

/// Short, or a request would wait for most of the usual 100 ms.
const PERIOD_US: u32 = 10_000;
const QUOTA_US: u32 = 3_000;
