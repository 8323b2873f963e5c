//! Standard output and error of a plugin: each line is a line of its log, in the order in which it
//! wrote them. Writing never fails.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::log::{CallLog, MAX_LINE_BYTES};

/// Which of the two it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Output,
    Error,
}

/// Writes whole lines to the log of a call.
#[derive(Clone)]
pub(super) struct LoggedOutput {
    stream: Stream,
    log: Arc<Mutex<CallLog>>,
    /// The beginning of a line whose end has not come.
    unfinished: Arc<Mutex<Vec<u8>>>,
}

impl LoggedOutput {
    pub(super) fn new(stream: Stream, log: Arc<Mutex<CallLog>>) -> Self {
        Self { stream, log, unfinished: Arc::default() }
    }

    /// Writes what has no end of line to the log too.
    pub(super) fn finish(&self) {
        self.end_line(&mut lock(&self.unfinished));
    }

    fn take(&self, bytes: &[u8]) {
        let mut unfinished = lock(&self.unfinished);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) =
                piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            // One byte too many tells the log that something is missing.
            let room = (MAX_LINE_BYTES + 1).saturating_sub(unfinished.len());
            unfinished.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line(&mut unfinished);
            }
        }
    }

    fn end_line(&self, unfinished: &mut Vec<u8>) {
        let line = String::from_utf8_lossy(unfinished);
        let (line, mut log) = (line.trim_end(), lock(&self.log));
        match self.stream {
            Stream::Output => log.write_output(line),
            Stream::Error => log.write_error_output(line),
        }
        unfinished.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl IsTerminal for LoggedOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LoggedOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LoggedOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

#[async_trait]
impl Pollable for LoggedOutput {
    async fn ready(&mut self) {}
}

impl AsyncWrite for LoggedOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a guest may write at a time: the lines of it are counted while others wait.
const WRITE_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::host::log::tests::log;

    #[test]
    fn lines_stay_lines_and_keep_their_order() {
        let log = Arc::new(Mutex::new(log()));
        let mut streams =
            [Stream::Output, Stream::Error].map(|stream| LoggedOutput::new(stream, log.clone()));
        for (number, text) in [(0, "one\ntw"), (1, "a warning\n"), (0, "o\n\n  three \r\nfour")] {
            streams[number].write(Bytes::from(text)).unwrap();
        }
        streams.iter().for_each(LoggedOutput::finish);

        assert_eq!(lines(&log), ["one", "a warning", "two", "  three", "four"]);
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_another() {
        let log = Arc::new(Mutex::new(log()));
        let mut output = LoggedOutput::new(Stream::Output, log.clone());
        for _ in 0..100 {
            output.write(Bytes::from(vec![b'x'; WRITE_BYTES])).unwrap();
        }
        assert_eq!(lock(&output.unfinished).len(), MAX_LINE_BYTES + 1);
        output.write(Bytes::from("\nand more\n")).unwrap();

        let lines = lines(&log);
        assert!(lines[0].ends_with("x…") && lines[1] == "and more", "{lines:?}");
    }

    fn lines(log: &Mutex<CallLog>) -> Vec<String> {
        lock(log).take().unwrap().lines.into_iter().map(|line| line.message).collect()
    }
}
