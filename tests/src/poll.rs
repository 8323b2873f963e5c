//! Waiting for what will be.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Asks again and again until there is an answer; fails the test after a generous time.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(POLL).await;
    }
}

/// Far above what anything here takes, also on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(20);
