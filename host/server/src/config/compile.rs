//! How components are compiled, and where their code is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Environment;

/// How components are compiled, and where their code is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileConfig {
    /// The program that compiles when called with `compile-worker`: `flowhost` of the same release.
    pub program: PathBuf,
    /// The most memory that compiling one component may take.
    pub memory_bytes: u64,
    /// The most CPU time that it may take.
    pub cpu_seconds: u64,
    /// The most wall time that it may take, however busy the machine is.
    pub time: Duration,
    /// The folder that keeps compiled code between starts; `None` for no cache.
    pub code_cache: Option<PathBuf>,
    /// The folder that keeps uploads until they are compiled.
    pub upload_folder: PathBuf,
}

impl Default for CompileConfig {
    /// 60 s and 2 GiB (`SANDBOX.md`). No cache.
    fn default() -> Self {
        Self {
            // The executable that the kernel started this process from, even if its file was
            // replaced.
            program: PathBuf::from("/proc/self/exe"),
            memory_bytes: 2 << 30,
            cpu_seconds: 60,
            // Twice the CPU time, for a machine under double load.
            time: Duration::from_secs(120),
            code_cache: None,
            upload_folder: std::env::temp_dir(),
        }
    }
}

/// Reads `--code-cache`: a folder, or `none`. Without it, this is the user's cache folder, if there
/// is one.
pub fn code_cache(given: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    match given {
        Some(none) if none == Path::new("none") => None,
        Some(folder) => Some(folder.to_owned()),
        None => environment.cache_folder().map(|folder| folder.join("flowhost")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_it_is_said_or_where_caches_are() {
        let both = Environment::of(&[("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/me")]);
        let home = Environment::of(&[("XDG_CACHE_HOME", ""), ("HOME", "/home/me")]);
        let relative = Environment::of(&[("XDG_CACHE_HOME", "cache"), ("HOME", "/home/me")]);

        assert_eq!(code_cache(None, &both), Some("/cache/flowhost".into()));
        assert_eq!(code_cache(None, &home), Some("/home/me/.cache/flowhost".into()));
        assert_eq!(code_cache(None, &relative), Some("/home/me/.cache/flowhost".into()));
        assert_eq!(code_cache(None, &Environment::of(&[])), None);
        assert_eq!(code_cache(Some(Path::new("here")), &both), Some("here".into()));
        assert_eq!(code_cache(Some(Path::new("none")), &both), None);
    }
}
