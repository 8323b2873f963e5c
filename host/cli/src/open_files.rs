//! How many files this process may have open: every connection is one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use flowhost_server::config::HttpLimits;

/// Raises the usual limit (as a rule 1,024) to the hardest that the system allows, and says so in the log where the listeners may
/// take in more connections than that.
pub(super) fn allow_for(limits: &HttpLimits) {
    let connections = limits.public.max_connections + limits.admin.max_connections;
    let needed = (connections + OTHER_FILES) as u64;
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map(|()| hard));
    match raised {
        Ok(allowed) if allowed < needed => {
            tracing::warn!(allowed, needed, "the listeners take in more connections than this process may have files open");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, needed, "the number of files that may be open can't be raised"),
    }
}

/// The database's connections, the standard streams, what is being read.
const OTHER_FILES: usize = 100;
