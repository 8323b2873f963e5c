//! Repeats an action whenever a project's files change.

use std::future::Future;
use std::path::Path;

use crate::output::note;
use crate::signals::Signals;
use flowhost_devkit::plugin_project::Sources;

/// Runs `work` now and after each change of a file in `folder`, until a signal comes. Failures are
/// printed and do not end it.
pub(super) async fn run<F: Future<Output = anyhow::Result<()>>>(
    folder: &Path,
    work: impl Fn() -> F,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    // Taken before the work, so that changes during the work count.
    let mut sources = Sources::of(folder).await;
    loop {
        tokio::select! {
            result = work() => match result {
                Ok(()) => (),
                Err(error) => note(&crate::describe(&error)),
            },
            _ = signals.next() => return Ok(()),
        }
        note("watching for changes; Ctrl-C ends it");
        tokio::select! {
            () = sources.changed() => note("a file changed"),
            _ = signals.next() => return Ok(()),
        }
    }
}
