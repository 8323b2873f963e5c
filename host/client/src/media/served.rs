//! What is answered for a file: bytes in memory, or those of a file on the disk, read as they are sent.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// A body of a response.
pub(super) enum ServedBody {
    /// All of it. Taken when it is sent.
    Memory(Bytes),
    /// What is left of a file.
    File(FileRest),
}

/// A file from a place on.
pub(super) struct FileRest {
    file: Arc<File>,
    at: u64,
    length: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileRest {
    pub(super) fn of(file: Arc<File>, length: u64) -> Self {
        Self { file, at: 0, length, reading: None }
    }

    fn left(&self) -> u64 {
        self.length - self.at
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left() == 0 {
            return Poll::Ready(None);
        }
        let (file, at, left) = (self.file.clone(), self.at, self.left());
        let reading =
            self.reading.get_or_insert_with(|| spawn_blocking(move || part(&file, at, left)));
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        if let Ok(bytes) = &read {
            self.at += bytes.len() as u64;
        }
        Poll::Ready(Some(read))
    }
}

impl Body for ServedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let part = match &mut *self {
            Self::Memory(bytes) if bytes.is_empty() => None,
            Self::Memory(bytes) => Some(Ok(std::mem::take(bytes))),
            Self::File(rest) => ready!(rest.poll_part(cx)),
        };
        Poll::Ready(part.map(|part| part.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(rest) => rest.left(),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }
}

/// The next bytes of a file, with `left` to come. It is nobody else's, so it has not become shorter.
fn part(file: &File, at: u64, left: u64) -> io::Result<Bytes> {
    let length = left.min(PART_BYTES);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}

/// Read at a time, for each file that is being sent.
const PART_BYTES: u64 = 64 << 10;
