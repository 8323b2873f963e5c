//! Waits for a condition.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Asks repeatedly until there is an answer, and fails the test after a generous time.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask).await
}

/// The same, for what comes after a project is built and compiled.
pub async fn eventually_built<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE_FOR_BUILDS, what, ask).await
}

async fn within<T>(time: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + time;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(POLL).await;
    }
}

/// Far above what anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A component in Python takes half a minute of CPU, and has to share it with other tests.
const PATIENCE_FOR_BUILDS: Duration = Duration::from_secs(600);

const POLL: Duration = Duration::from_millis(20);
