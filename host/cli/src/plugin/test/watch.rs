//! Repeats an action whenever a project's files change.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::output::note;
use crate::signals::Signals;
use flowhost_devkit::plugin_project::{BuildError, Sources};

/// Runs `work` now and after each change of a file in `folder`, until a signal comes. Failures are
/// printed and do not end it. While the tools of a build are not to be had, for which no file may be
/// to blame, it is tried again, less and less often.
pub(super) async fn run<F: Future<Output = anyhow::Result<()>>>(
    folder: &Path,
    work: impl Fn() -> F,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    // Taken before the work, so that changes during the work count.
    let mut sources = Sources::of(folder).await;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let result = tokio::select! {
            result = work() => result,
            _ = signals.next() => return Ok(()),
        };
        let tools_are_missing = result.as_ref().is_err_and(is_of_tools);
        if let Err(error) = &result {
            note(&crate::describe(error));
        }
        if tools_are_missing {
            note(&format!(
                "trying again in {} s, and watching for changes; Ctrl-C ends it",
                pause.as_secs()
            ));
        } else {
            note("watching for changes; Ctrl-C ends it");
            pause = SHORTEST_PAUSE;
        }
        tokio::select! {
            () = sources.changed() => note("a file changed"),
            () = sleep(pause), if tools_are_missing => pause = LONGEST_PAUSE.min(pause * 2),
            _ = signals.next() => return Ok(()),
        }
    }
}

/// Whether what builds a project is missing, or could not be got.
fn is_of_tools(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(BuildError::Toolchain { .. } | BuildError::NoNode { .. }))
}

/// Before the first try again, and before the last ones.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
