//! Screens of Flows are evaluated and drawn off the async threads, and few of them at the same time:
//! one may take long, and each takes a CPU.

use super::{AdminError, FlowDesk, off_the_async_threads};

impl FlowDesk {
    /// Does what evaluates or draws screens. Waits until fewer than so many of this host do. Who has
    /// begun goes on to the end and keeps its permit until then, also if nobody waits for it any more.
    pub async fn drawing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AdminError> {
        let permit = self.admin().evaluating_screens.clone().acquire_owned().await;
        off_the_async_threads(move || {
            let _permit = permit;
            work()
        })
        .await
    }
}
