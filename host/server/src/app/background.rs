//! The background tasks of a host. They are restarted when they panic, or when they end although
//! they never should.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::http::Readiness;
use flowhost_runtime::telemetry::Metrics;

/// A host's tasks. Dropped, they end at once.
pub(super) struct Background {
    tasks: JoinSet<()>,
    last: JoinSet<()>,
    stop: CancellationToken,
    watch: Arc<Watch>,
}

/// Knows which tasks are down.
pub(super) struct Watch {
    metrics: Arc<Metrics>,
    down: Mutex<BTreeSet<Task>>,
}

/// A background task of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Follows changes, including kill switches.
    Changes,
    /// Checks public keys at Meta.
    KeyChecks,
    /// Compiles active plugins that the cache of compiled code lacks, once.
    Loading,
    /// Deletes what is over.
    Purge,
    /// Writes what plugins logged, until the host stops.
    PluginLogs,
    /// Counts requests that got no reply, until the host stops.
    Unanswered,
}

/// How long a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// As long as the host. If the task ends, it has failed.
    Endless,
    /// Until it is done.
    UntilDone,
}

impl Task {
    fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::KeyChecks => "key-checks",
            Self::Loading => "loading",
            Self::Purge => "purge",
            Self::PluginLogs => "plugin-logs",
            Self::Unanswered => "unanswered",
        }
    }

    /// Whether a host without this task gives answers that it should not give.
    fn is_essential(self) -> bool {
        self == Self::Changes
    }
}

impl Background {
    /// Starts with no task.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        let watch = Arc::new(Watch { metrics, down: Mutex::default() });
        Self { tasks: JoinSet::new(), last: JoinSet::new(), stop: CancellationToken::new(), watch }
    }

    /// The watch that knows which tasks are down.
    pub(super) fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }

    /// Starts a task, and starts it again each time that it fails.
    pub(super) fn start<F>(
        &mut self,
        task: Task,
        life: Life,
        make: impl FnMut() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(self.watch.clone().keep_up(task, life, make));
    }

    /// Starts a task that [`Background::stop`] waits for. When told to stop, it finishes its current
    /// work.
    pub(super) fn start_last<F>(
        &mut self,
        task: Task,
        mut make: impl FnMut(CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.last
            .spawn(self.watch.clone().keep_up(task, Life::UntilDone, move || make(stop.clone())));
    }

    /// Ends all tasks. Returns whether those that are waited for finished within `time`.
    pub(super) async fn stop(mut self, time: Duration) -> bool {
        self.stop.cancel();
        timeout(time, async { while self.last.join_next().await.is_some() {} }).await.is_ok()
    }
}

impl Watch {
    /// Whether the host may serve with the tasks that are down.
    pub(super) fn readiness(&self) -> Readiness {
        let (essential, others) = self.down();
        if !essential.is_empty() {
            Readiness::No(format!("down: {}", essential.join(", ")))
        } else if !others.is_empty() {
            Readiness::Yes(format!("ready, but down: {}", others.join(", ")))
        } else {
            Readiness::Yes("ready".to_owned())
        }
    }

    /// The essential tasks that are down, without which the host must not serve, and the others
    /// that are down.
    fn down(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let (essential, others): (Vec<Task>, Vec<Task>) =
            self.lock().iter().partition(|task| task.is_essential());
        let names = |tasks: Vec<Task>| tasks.into_iter().map(Task::as_str).collect();
        (names(essential), names(others))
    }

    /// Runs a task until it is done, again and again.
    async fn keep_up<F: Future<Output = ()>>(
        self: Arc<Self>,
        task: Task,
        life: Life,
        mut make: impl FnMut() -> F,
    ) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let began = Instant::now();
            self.began(task);
            // `make` may panic too.
            let ended = AssertUnwindSafe(async { make().await }).catch_unwind().await;
            if ended.is_ok() && life == Life::UntilDone {
                return;
            }
            // A run that lasted long has nothing to do with the failure before it.
            pause = if began.elapsed() > LONGEST_PAUSE { SHORTEST_PAUSE } else { pause };
            self.failed(task, ended.is_err(), pause);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn began(&self, task: Task) {
        self.lock().remove(&task);
        self.metrics.task_began(task.as_str());
    }

    fn failed(&self, task: Task, panicked: bool, pause: Duration) {
        self.lock().insert(task);
        self.metrics.task_failed(task.as_str());
        let (task, again_in_s) = (task.as_str(), pause.as_secs());
        tracing::error!(
            task,
            panicked,
            again_in_s,
            "a task of the host failed; it is started again"
        );
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Task>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pauses before a restart, which double from the shortest to the longest, because each try
/// costs work and log lines.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_and_is_down_meanwhile() {
        let (metrics, starts, panic) =
            (Arc::new(Metrics::new()), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut background = Background::new(metrics.clone());
        let watch = background.watch();
        let (counted, told) = (starts.clone(), panic.clone());
        background.start(Task::Changes, Life::Endless, move || {
            let (counted, told) = (counted.clone(), told.clone());
            async move {
                counted.fetch_add(1, Ordering::Relaxed);
                told.notified().await;
                panic!("told to");
            }
        });

        settle().await;
        assert_eq!(
            (watch.readiness(), shown(&metrics, "up{task=\"changes\"}")),
            (Readiness::Yes("ready".to_owned()), 1)
        );
        panic.notify_one();
        settle().await;
        assert_eq!(
            (watch.readiness(), shown(&metrics, "up{task=\"changes\"}")),
            (Readiness::No("down: changes".to_owned()), 0)
        );
        tokio::time::advance(SHORTEST_PAUSE).await;
        settle().await;

        assert_eq!(
            (watch.readiness(), shown(&metrics, "up{task=\"changes\"}")),
            (Readiness::Yes("ready".to_owned()), 1)
        );
        assert_eq!(starts.load(Ordering::Relaxed), 2);
        assert_eq!(shown(&metrics, "failures_total{task=\"changes\"}"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_should_never_end_is_restarted_and_one_that_is_done_is_not() {
        let metrics = Arc::new(Metrics::new());
        let mut background = Background::new(metrics.clone());
        background.start(Task::Purge, Life::Endless, || async {});
        background.start(Task::Loading, Life::UntilDone, || async {});

        settle().await;

        assert_eq!(
            background.watch().readiness(),
            Readiness::Yes("ready, but down: purge".to_owned())
        );
        assert!(!metrics.to_text().contains("failures_total{task=\"loading\"}"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_at_once_is_tried_ever_less_often() {
        let metrics = Arc::new(Metrics::new());
        let mut background = Background::new(metrics.clone());
        background.start(Task::KeyChecks, Life::Endless, || async { panic!("always") });

        sleep(Duration::from_secs(600)).await;

        let failures = shown(&metrics, "failures_total{task=\"key-checks\"}");
        assert!((10..30).contains(&failures), "{failures}");
    }

    /// Lets every task run until it waits.
    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    fn shown(metrics: &Metrics, of: &str) -> u64 {
        let text = metrics.to_text();
        let prefix = format!("flowhost_background_task_{of} ");
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap_or_else(|| panic!("{of} in {text}"));
        value.parse().unwrap()
    }
}
