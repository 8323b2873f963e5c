//! A queue of lines on their way to the database: bounded in bytes, and fair. Flows take turns.
//! When the queue is full, the flow with the most waiting lines loses some.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flowhost_protocol::ids::Scope;
use flowhost_runtime::plugins::CallLines;

#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    flows: HashMap<Scope, FlowLines>,
    /// The order of the flows. Each flow with waiting lines is in it once.
    turns: VecDeque<Scope>,
    bytes: usize,
}

/// The waiting lines of one flow.
#[derive(Default)]
struct FlowLines {
    calls: VecDeque<CallLines>,
    bytes: usize,
    /// Lines that were dropped and that no waiting call has reported yet.
    lost: u32,
}

impl Queue {
    /// Adds the lines of a call. Returns how many lines were dropped for it, its own or others.
    pub(super) fn put(&self, lines: CallLines) -> u64 {
        self.waiting().put(lines, MAX_BYTES)
    }

    /// Takes lines of the flow whose turn it is: at least [`BATCH_LINES`] if there are so many, at
    /// most one call more.
    pub(super) fn take(&self) -> Option<(Scope, Vec<CallLines>)> {
        self.waiting().take()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn put(&mut self, mut lines: CallLines, most: usize) -> u64 {
        let (scope, size) = (lines.scope, size(&lines));
        let mut dropped = 0;
        while self.bytes + size > most {
            let own = self.flows.get(&scope).map_or(0, |flow| flow.bytes);
            let Some((&largest, bytes)) = self
                .flows
                .iter()
                .map(|(scope, flow)| (scope, flow.bytes))
                .max_by_key(|(_, bytes)| *bytes)
            else {
                return lines.lines.len() as u64;
            };
            if largest == scope || bytes <= own + size {
                self.lose(scope, count(&lines));
                return dropped + lines.lines.len() as u64;
            }
            dropped += self.drop_oldest(largest);
        }
        let flow = self.flows.entry(scope).or_default();
        if flow.calls.is_empty() {
            self.turns.push_back(scope);
        }
        lines.dropped = lines.dropped.saturating_add(std::mem::take(&mut flow.lost));
        flow.calls.push_back(lines);
        flow.bytes += size;
        self.bytes += size;
        dropped
    }

    /// Counts lost lines at a flow that has others waiting. The next line reports them.
    fn lose(&mut self, scope: Scope, lines: u32) {
        if let Some(flow) = self.flows.get_mut(&scope) {
            flow.lost = flow.lost.saturating_add(lines);
        }
    }

    /// Drops the oldest call of a flow, and returns how many lines it had.
    fn drop_oldest(&mut self, scope: Scope) -> u64 {
        let Some(flow) = self.flows.get_mut(&scope) else { return 0 };
        let Some(oldest) = flow.calls.pop_front() else { return 0 };
        let bytes = size(&oldest);
        flow.lost = flow.lost.saturating_add(count(&oldest));
        flow.bytes -= bytes;
        self.bytes -= bytes;
        if flow.calls.is_empty() {
            self.flows.remove(&scope);
            self.turns.retain(|turn| *turn != scope);
        }
        oldest.lines.len() as u64
    }

    fn take(&mut self) -> Option<(Scope, Vec<CallLines>)> {
        let scope = self.turns.pop_front()?;
        let flow = self.flows.get_mut(&scope)?;
        let (mut taken, mut lines) = (Vec::new(), 0);
        while lines < BATCH_LINES
            && let Some(call) = flow.calls.pop_front()
        {
            let bytes = size(&call);
            flow.bytes -= bytes;
            self.bytes -= bytes;
            lines += call.lines.len();
            taken.push(call);
        }
        if flow.calls.is_empty() {
            if let Some(last) = taken.last_mut() {
                last.dropped = last.dropped.saturating_add(flow.lost);
            }
            self.flows.remove(&scope);
        } else {
            self.turns.push_back(scope);
        }
        Some((scope, taken))
    }
}

/// The lines of a call, including the dropped ones.
fn count(call: &CallLines) -> u32 {
    u32::try_from(call.lines.len()).unwrap_or(u32::MAX).saturating_add(call.dropped)
}

/// An estimate of the memory that a call's lines take.
fn size(call: &CallLines) -> usize {
    CALL_BYTES + call.lines.iter().map(|line| LINE_BYTES + line.message.capacity()).sum::<usize>()
}

/// The overhead of a call in lists and maps, and of a line besides its text.
const CALL_BYTES: usize = 256;
const LINE_BYTES: usize = 64;

/// Per host: 64 calls that each log as much as they may.
const MAX_BYTES: usize = 16 << 20;

/// Lines in one transaction: some 10 ms of sealing and writing.
const BATCH_LINES: usize = 256;

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use flowhost_protocol::flow::LogLevel;
    use flowhost_protocol::ids::{FlowId, TenantId};
    use flowhost_runtime::plugins::LogLine;

    #[test]
    fn a_flood_of_one_flow_costs_no_other_its_lines() {
        let (flooding, quiet) = (scope(), scope());
        let mut waiting = Waiting::default();
        let mut dropped = 0;
        for _ in 0..1000 {
            dropped += waiting.put(call(flooding, 10, 1000), MOST);
        }
        for _ in 0..3 {
            dropped += waiting.put(call(quiet, 1, 10), MOST);
        }

        assert!(waiting.bytes <= MOST);
        let (kept_flood, kept_quiet) = drain(&mut waiting, flooding, quiet);
        assert_eq!(kept_quiet, 3);
        assert_eq!(kept_flood + dropped, 10_000, "what was dropped is counted");
        assert_eq!((waiting.bytes, waiting.flows.len(), waiting.turns.len()), (0, 0, 0));
    }

    #[test]
    fn flows_take_turns() {
        let (busy, quiet) = (scope(), scope());
        let mut waiting = Waiting::default();
        for _ in 0..100 {
            waiting.put(call(busy, 64, 10), usize::MAX);
        }
        waiting.put(call(quiet, 1, 10), usize::MAX);

        assert_eq!(waiting.take().unwrap().0, busy);
        assert_eq!(waiting.take().unwrap().0, quiet);
        assert_eq!(waiting.take().unwrap().0, busy);
    }

    #[test]
    fn a_flow_that_lost_lines_says_so_at_its_next() {
        let flow = scope();
        let mut waiting = Waiting::default();
        while waiting.put(call(flow, 10, 1000), MOST) == 0 {}

        let mut told = 0;
        while let Some((_, calls)) = waiting.take() {
            told += calls.iter().map(|call| call.dropped).sum::<u32>();
        }

        assert_eq!(told, 10);
    }

    #[test]
    fn a_call_that_is_too_large_for_an_empty_queue_is_dropped() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.put(call(scope(), 64, MOST), MOST), 64);
        assert!(waiting.take().is_none());
    }

    fn drain(waiting: &mut Waiting, flooding: Scope, quiet: Scope) -> (u64, u64) {
        let (mut flood, mut other) = (0, 0);
        while let Some((scope, calls)) = waiting.take() {
            let lines = calls.iter().map(|call| call.lines.len() as u64).sum::<u64>();
            assert!(scope == flooding || scope == quiet);
            *if scope == flooding { &mut flood } else { &mut other } += lines;
        }
        (flood, other)
    }

    fn scope() -> Scope {
        Scope { tenant: TenantId::new(), flow: FlowId::new() }
    }

    fn call(scope: Scope, lines: usize, bytes: usize) -> CallLines {
        let line = LogLine {
            level: LogLevel::Info,
            at: OffsetDateTime::UNIX_EPOCH,
            message: "x".repeat(bytes),
        };
        CallLines {
            scope,
            version: 1,
            request: None,
            token: None,
            lines: vec![line; lines],
            dropped: 0,
        }
    }

    const MOST: usize = 100_000;
}
