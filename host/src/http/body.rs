//! Bodies, read whole and within limits of size and time.

use std::error::Error;
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, HttpBody};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use tokio::time::{Instant, timeout, timeout_at};

use super::body_memory::BodyShare;
use super::limits::ListenerLimits;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection broke.
    #[error("the body did not arrive whole")]
    Broken,
    /// All bodies together take as much memory as they may.
    #[error("all bodies together take as much memory as they may")]
    NoMemory,
    /// It has more bytes than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It did not come in the time it has.
    #[error("the body came too slowly")]
    TooSlow,
}

/// The same body, which fails if it comes too slowly, whoever reads it.
pub(super) fn timed(body: impl HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static, limits: &ListenerLimits) -> Body {
    let (end, idle) = (Instant::now() + limits.body_timeout, limits.body_idle_timeout);
    let chunks = Body::new(body).into_data_stream();
    Body::from_stream(try_unfold(chunks, move |mut chunks| async move {
        let next = timeout_at(end.min(Instant::now() + idle), chunks.next()).await.map_err(|_| BoxError::from(Slow))?;
        let next: Option<Bytes> = next.transpose()?;
        Ok::<_, BoxError>(next.map(|chunk| (chunk, chunks)))
    }))
}

/// A body came too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct Slow;

/// Reads a body of at most `limit` bytes. Of a larger one the rest is read and dropped, as far as is reasonable: a client that is
/// still sending would take an answer on a closed connection for a failure of the network.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    read_while(body, limit, |_| true).await
}

/// The same, as long as there is memory for it; the body's share of that is to be kept as long as the body.
pub(super) async fn read_within(body: Body, limit: usize, share: &mut BodyShare) -> Result<Vec<u8>, BodyError> {
    read_while(body, limit, |bytes| share.grow_to(bytes)).await
}

/// A body in parts, for whoever doesn't want it whole in memory.
pub(super) struct BodyParts {
    parts: BodyDataStream,
    left: usize,
}

impl BodyParts {
    /// A body of at most `limit` bytes.
    pub(super) fn of(body: Body, limit: usize) -> Self {
        Self { parts: body.into_data_stream(), left: limit }
    }

    /// The next part; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(part) = self.parts.next().await.transpose().map_err(|error| why(&error))? else { return Ok(None) };
        match self.left.checked_sub(part.len()) {
            Some(left) => self.left = left,
            None => {
                self.skip_rest().await;
                return Err(BodyError::TooLarge);
            }
        }
        Ok(Some(part))
    }

    /// Reads and drops what is left, as far as is reasonable: so the client gets to read the answer.
    pub(super) async fn skip_rest(&mut self) {
        drain(&mut self.parts).await;
    }
}

async fn read_while(body: Body, limit: usize, mut may_grow_to: impl FnMut(usize) -> bool) -> Result<Vec<u8>, BodyError> {
    let mut parts = BodyParts::of(body, limit);
    let mut bytes = Vec::new();
    while let Some(chunk) = parts.next().await? {
        if !may_grow_to(bytes.len() + chunk.len()) {
            return Err(BodyError::NoMemory);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn why(error: &(dyn Error + 'static)) -> BodyError {
    match error.source() {
        _ if error.is::<Slow>() => BodyError::TooSlow,
        Some(cause) => why(cause),
        None => BodyError::Broken,
    }
}

async fn drain(chunks: &mut BodyDataStream) {
    let mut drained = 0;
    let rest = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            drained += chunk.len();
            if drained > MAX_DRAINED_BYTES {
                break;
            }
        }
    };
    // Who doesn't get through in time is told nothing.
    let _ = timeout(DRAIN_TIME, rest).await;
}

/// A component that is somewhat too large gets its answer; an endless stream doesn't.
const MAX_DRAINED_BYTES: usize = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{iter, pending, unfold};
    use tokio::time::sleep;

    use super::*;
    use crate::http::{BodyMemory, HttpLimits};

    #[tokio::test]
    async fn reads_up_to_the_limit() {
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), b"1234");
        assert!(matches!(read(Body::from("12345"), 4).await, Err(BodyError::TooLarge)));
    }

    #[tokio::test]
    async fn reads_as_long_as_there_is_memory() {
        let memory = BodyMemory::new(1 << 20);
        let large = || Body::from(vec![0; 600 << 10]);
        let (mut one, mut other) = (memory.share(), memory.share());

        assert!(read_within(large(), 1 << 20, &mut one).await.is_ok());
        assert!(matches!(read_within(large(), 1 << 20, &mut other).await, Err(BodyError::NoMemory)));
        drop(one);
        assert!(read_within(large(), 1 << 20, &mut other).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_and_one_that_trickles_are_too_slow() {
        let limits = HttpLimits::default().public;
        let stopped = Body::from_stream(pending::<Result<Bytes, Infallible>>());
        let trickle = unfold((), async |()| {
            sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });

        for (body, seconds) in [(stopped, 5), (Body::from_stream(trickle), 10)] {
            let began = Instant::now();
            assert!(matches!(read(timed(body, &limits), 1000).await, Err(BodyError::TooSlow)));
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_is_broken_and_one_that_comes_is_read() {
        let limits = HttpLimits::default().public;
        let broken = Body::from_stream(iter([Ok(Bytes::from_static(b"12")), Err("reset")]));

        assert!(matches!(read(timed(broken, &limits), 4).await, Err(BodyError::Broken)));
        assert_eq!(read(timed(Body::from("1234"), &limits), 4).await.unwrap(), b"1234");
    }
}
