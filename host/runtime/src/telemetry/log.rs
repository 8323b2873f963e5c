//! How the program's log reaches standard error: a bounded queue, and one thread that writes.
//!
//! Logging never waits for the reader and never fails because of it. A full disk, a reader that is
//! gone and a reader that does not read cost lines, and lost lines are counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

/// Queues lines for a thread of its own that writes them.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Signals that a line was queued.
    arrived: Condvar,
    /// Signals that the queue is empty and nothing is being written.
    written: Condvar,
    lost: Counter,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
}

impl LogWriter {
    /// Starts the thread, which writes to `to` as long as the process lives. `lost` counts the
    /// lines that are not written.
    pub(super) fn start(to: impl Write + Send + 'static, lost: Counter) -> io::Result<Self> {
        let queue = Mutex::default();
        let shared =
            Arc::new(Shared { queue, arrived: Condvar::new(), written: Condvar::new(), lost });
        let writing = shared.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writing.write_all_lines(to))?;
        Ok(Self { shared })
    }

    /// Queues a line if there is room for it; otherwise counts it as lost.
    pub(super) fn put(&self, line: &[u8]) {
        let mut queue = self.shared.lock();
        let bytes = queue.bytes + line.len() + LINE_OVERHEAD;
        if bytes > MOST_BYTES {
            self.shared.lost.inc();
            return;
        }
        queue.bytes = bytes;
        queue.lines.push_back(line.to_vec());
        self.shared.arrived.notify_one();
    }

    /// Waits until everything is written, but at most `longest`: nobody may be reading.
    pub(super) fn finish(&self, longest: Duration) {
        let left = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        drop(self.shared.written.wait_timeout_while(self.shared.lock(), longest, left));
    }
}

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Never returns. It does not hold the lock while it writes, since a write may block forever.
    fn write_all_lines(&self, mut to: impl Write) {
        loop {
            let line = self.next_line();
            if to.write_all(&line).and_then(|()| to.flush()).is_err() {
                self.lost.inc();
            }
        }
    }

    fn next_line(&self) -> Vec<u8> {
        let mut queue = self.lock();
        queue.writing = false;
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len() + LINE_OVERHEAD;
                queue.writing = true;
                return line;
            }
            self.written.notify_all();
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some 10,000 lines: enough for a burst, and a bound on what an unread log costs.
const MOST_BYTES: usize = 4 << 20;

/// What a line costs besides its bytes. It bounds the number of short lines too.
const LINE_OVERHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    #[test]
    fn lines_are_written_in_their_order() {
        let (to, written) = channel();
        let log = LogWriter::start(Channel(to), Counter::default()).unwrap();

        (0..100).for_each(|number| log.put(format!("line {number}\n").as_bytes()));
        log.finish(LONG);

        let all: String = written.try_iter().map(|line| String::from_utf8(line).unwrap()).collect();
        assert_eq!(all, (0..100).map(|number| format!("line {number}\n")).collect::<String>());
    }

    #[test]
    fn lines_that_nobody_takes_are_lost_and_counted_once_the_queue_is_full() {
        let (unblock, blocked) = channel();
        let lost = Counter::default();
        let log = LogWriter::start(Blocked(blocked), lost.clone()).unwrap();
        let line = vec![b'x'; 1 << 20];

        (0..10).for_each(|_| log.put(&line));

        // Three fit, and the thread may have taken one more.
        assert!((6..=7).contains(&lost.get()), "{}", lost.get());
        log.finish(Duration::ZERO);
        drop(unblock);
        log.finish(LONG);
        log.put(&line);
        assert!((6..=7).contains(&lost.get()), "there is room again: {}", lost.get());
    }

    #[test]
    fn a_line_that_can_not_be_written_is_counted_and_the_next_one_is_tried() {
        let lost = Counter::default();
        let log = LogWriter::start(Full, lost.clone()).unwrap();

        (0..3).for_each(|_| log.put(b"line\n"));
        log.finish(LONG);

        assert_eq!(lost.get(), 3);
    }

    /// An upper bound only: the test waits no longer than it has to.
    const LONG: Duration = Duration::from_secs(60);

    struct Channel(Sender<Vec<u8>>);

    impl Write for Channel {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.send(line.to_vec()).map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes nothing until its other end is gone.
    struct Blocked(Receiver<()>);

    impl Write for Blocked {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
