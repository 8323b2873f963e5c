//! The number of files that this process may have open. Every connection is one, and the code of
//! every plugin in memory is one or two.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use flowhost_server::config::HttpLimits;

/// Raises the soft limit (usually 1,024) to the hard limit, and warns in the log if the listeners
/// and the plugins may take more than that.
pub(super) fn allow_for(limits: &HttpLimits) {
    let connections = limits.public.max_connections + limits.admin.max_connections;
    let needed = (connections + OTHER_FILES) as u64;
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map(|()| hard));
    match raised {
        Ok(allowed) if allowed < needed => {
            tracing::warn!(
                allowed,
                needed,
                "the listeners and the plugins may take more files than this process may have open"
            );
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, needed, "the number of files that may be open can't be raised")
        }
    }
}

/// The code of 1,000 plugins with a part of it that others could have too (ADR 44), the connections
/// of 512 calls, and 100 for the database, the standard streams and files that are being read.
const OTHER_FILES: usize = 2 * 1_000 + 512 + 100;
