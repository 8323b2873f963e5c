//! Builds of the same project that begin at the same time, such as those of `dev` and of
//! `plugin test`: they write the same files, and one would read what the other has half written.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::error::BuildError;

/// Waits until nobody else holds an open file, and holds it until the result is dropped. Programs
/// that are started meanwhile do not hold it.
///
/// `progress` is told if somebody does.
pub(super) async fn hold(
    file: File,
    path: &Path,
    progress: &impl Fn(&str),
) -> Result<File, BuildError> {
    let mut is_told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if is_told => sleep(PAUSE).await,
            Err(TryLockError::WouldBlock) => {
                progress("another build of this project is under way: waiting for it");
                is_told = true;
            }
            Err(TryLockError::Error(error)) => return Err(BuildError::file("lock", path)(error)),
        }
    }
}

/// Nobody notices it beside a build, which takes seconds.
const PAUSE: Duration = Duration::from_millis(50);
