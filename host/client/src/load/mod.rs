//! Load on an endpoint, and what it answers to it.
//!
//! All requests are sealed and signed before the measured time ([`Prepared`]), each with its own
//! flow token, key and IV, since an endpoint may answer a repeat from memory. In the measured time
//! they only travel. A sample of the answers is opened and judged afterwards, so that a 200 counts
//! for something.
//!
//! One thread sends everything: each connection is a task with one request under way at most, and
//! no pool. The endpoint often runs on the same processors.

mod connection;
mod error;
mod prepared;
mod report;
mod schedule;
mod tally;

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout_at};

use super::{Phone, TIMEOUT};

use self::connection::{Answer, Connection, Failed, Target};
use self::schedule::{Schedule, pace};
use self::tally::{Request, Tally};

pub use self::connection::Failure;
pub use self::error::LoadError;
pub use self::prepared::{MAX_PREPARED_BYTES, Prepared};
pub use self::report::{Failures, Latency, Report, Sample};
pub use self::tally::Progress;

/// How much load, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What decides when a request is sent.
    pub pace: Pace,
    /// The connections, each with one request under way at most.
    pub connections: NonZeroUsize,
    /// How long requests are sent before those that count.
    pub warm_up: Duration,
    /// How long requests are sent that count.
    pub duration: Duration,
}

/// What decides when a request is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each connection sends the next request when it has the answer to the one before. This
    /// measures throughput: an endpoint that stalls is sent less meanwhile, so the latencies are
    /// those of a client that waits.
    Closed,
    /// So many a second are due, at even distances, whatever the endpoint does. A request's time
    /// runs from when it was due, so one that waits for a free connection is as late as its user
    /// finds it.
    Open {
        /// The rate.
        per_second: f64,
    },
}

impl Plan {
    /// How many requests are due; `None` if only the endpoint's speed says so.
    pub fn requests(&self) -> Option<usize> {
        self.schedule().map(|schedule| schedule.requests())
    }

    fn schedule(&self) -> Option<Schedule> {
        match self.pace {
            Pace::Closed => None,
            Pace::Open { per_second } => Some(Schedule::new(per_second, self.total())),
        }
    }

    fn total(&self) -> Duration {
        self.warm_up + self.duration
    }
}

/// Sends the prepared requests to the phone's endpoint as planned, and judges a sample of the
/// answers. It blocks its thread. `progress` is called every second.
///
/// # Errors
/// [`LoadError`] if no connection can be opened at the start. What fails later is counted.
pub fn run(
    phone: &Phone,
    plan: &Plan,
    prepared: Prepared,
    progress: impl FnMut(&Progress),
) -> Result<Report, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Machine)?;
    let run = LocalSet::new().block_on(&runtime, drive(phone, *plan, prepared, progress))?;
    let tally = run.tally.into_inner();
    Ok(Report::of(phone, plan, &run.prepared, tally, run.exhausted_after.get()))
}

/// What the connections' tasks share.
struct Run {
    target: Target,
    plan: Plan,
    prepared: Prepared,
    began: Instant,
    /// Of an open loop.
    due: Option<Due>,
    /// The number of a closed loop's next request.
    next: Cell<usize>,
    /// When no prepared request was left.
    exhausted_after: Cell<Option<Duration>>,
    tally: RefCell<Tally>,
}

/// The requests that are due.
struct Due {
    schedule: Schedule,
    numbers: Mutex<UnboundedReceiver<usize>>,
}

impl Due {
    async fn next(&self) -> Option<Request> {
        let number = self.numbers.lock().await.recv().await?;
        Some(Request { number, due: self.schedule.due(number) })
    }
}

async fn drive(
    phone: &Phone,
    plan: Plan,
    prepared: Prepared,
    progress: impl FnMut(&Progress),
) -> Result<Run, LoadError> {
    let target = Target::resolve(&phone.client().endpoint).await?;
    let mut connections = Vec::new();
    for _ in 0..plan.connections.get() {
        connections.push(target.connect().await.map_err(LoadError::Unreachable)?);
    }
    let began = Instant::now();
    let due = plan.schedule().map(|schedule| pace(schedule, began.into_std())).transpose()?;
    let run = Rc::new(Run {
        target,
        plan,
        began,
        due: due.map(|(schedule, numbers)| Due { schedule, numbers: Mutex::new(numbers) }),
        next: Cell::new(0),
        exhausted_after: Cell::new(None),
        tally: RefCell::new(Tally::new(plan.warm_up, prepared.expected_status())),
        prepared,
    });
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn_local(run.clone().work(connection));
    }
    watch(&run, tasks, progress).await;
    Ok(Rc::into_inner(run).expect("the tasks that shared it have ended"))
}

/// Waits for the tasks, and tells how far they are.
async fn watch(run: &Run, mut tasks: JoinSet<()>, mut progress: impl FnMut(&Progress)) {
    let mut seconds = interval_at(run.began + PROGRESS_INTERVAL, PROGRESS_INTERVAL);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended.expect("a task neither panics nor is cancelled"),
                None => return,
            },
            _ = seconds.tick() => {
                let now = run.began.elapsed();
                progress(&run.tally.borrow_mut().progress(now, run.plan.total()));
            }
        }
    }
}

impl Run {
    async fn work(self: Rc<Self>, connection: Connection) {
        let mut connection = Some(connection);
        while let Some(request) = self.next().await {
            let result = self.exchange(&mut connection, request).await;
            let failure = result.as_ref().err().map(|failed| failed.kind);
            self.tally.borrow_mut().note(request, self.began.elapsed(), result);
            if failure.is_some() {
                // What else arrives on it would answer the request that failed.
                connection = None;
            }
            if failure == Some(Failure::Connect) {
                sleep(RECONNECT_PAUSE).await;
            }
        }
    }

    /// The next request to send, if there is time for one and it is prepared.
    async fn next(&self) -> Option<Request> {
        let request = match &self.due {
            Some(due) => due.next().await?,
            None => Request { number: self.next.get(), due: self.began.elapsed() },
        };
        if request.due >= self.plan.total() || self.exhausted_after.get().is_some() {
            return None;
        }
        if request.number >= self.prepared.requests.len() {
            self.exhausted_after.set(Some(request.due));
            return None;
        }
        self.next.set(request.number + 1);
        Some(request)
    }

    /// A phone gives up [`TIMEOUT`] after the request was due, whether or not it could be sent.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        request: Request,
    ) -> Result<Answer, Failed> {
        let deadline = self.began + request.due + TIMEOUT;
        if deadline <= Instant::now() {
            return Err(Failed::timed_out());
        }
        let sealed = &self.prepared.requests[request.number];
        let keeps = |status| self.tally.borrow_mut().keeps(request, status);
        let exchange = self.target.exchange(connection, sealed, keeps);
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(Failed::timed_out()))
    }
}

const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// The pause of a connection that could not be opened again: without one, an endpoint that is gone
/// would use up all prepared requests in a moment.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
