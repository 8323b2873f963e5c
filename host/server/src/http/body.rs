//! Reads request bodies within limits of size and time.

use std::error::Error;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;

use super::body_memory::BodyShare;
use super::incoming::TooSlow;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection broke.
    #[error("the body did not arrive whole")]
    Broken,
    /// All bodies together already use the memory they may.
    #[error("all bodies together take as much memory as they may")]
    NoMemory,
    /// The body has more bytes than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// The body did not arrive within its time.
    #[error("the body came too slowly")]
    TooSlow,
}

/// Reads a body of at most `limit` bytes. The connection deals with what is left of a larger one.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    read_whole(body, limit, None).await
}

/// Like [`read`], as long as there is memory for the body. Keep `share` for as long as the body.
pub(super) async fn read_within(
    body: Body,
    limit: usize,
    share: &mut BodyShare,
) -> Result<Vec<u8>, BodyError> {
    let must_make_room = share.must_make_room();
    let read = must_make_room.run_until_cancelled(read_whole(body, limit, Some(&mut *share))).await;
    share.settle();
    read.unwrap_or(Err(BodyError::NoMemory))
}

/// A body in parts, for a reader that doesn't need all of it in memory.
pub(super) struct BodyParts {
    parts: BodyDataStream,
    left: usize,
}

impl BodyParts {
    /// A body of at most `limit` bytes.
    pub(super) fn of(body: Body, limit: usize) -> Self {
        Self { parts: body.into_data_stream(), left: limit }
    }

    /// The next part, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(part) = self.parts.next().await.transpose().map_err(|error| why(&error))? else {
            return Ok(None);
        };
        match self.left.checked_sub(part.len()) {
            Some(left) => self.left = left,
            None => return Err(BodyError::TooLarge),
        }
        Ok(Some(part))
    }
}

async fn read_whole(
    body: Body,
    limit: usize,
    mut share: Option<&mut BodyShare>,
) -> Result<Vec<u8>, BodyError> {
    let mut parts = BodyParts::of(body, limit);
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await? {
        let needed = bytes.len() + part.len();
        if needed > bytes.capacity() {
            let capacity = needed.next_power_of_two().min(limit);
            if let Some(share) = &mut share
                && !share.grow_to(capacity).await
            {
                return Err(BodyError::NoMemory);
            }
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// What is wrong with a body whose reader failed with this.
pub(super) fn why(error: &(dyn Error + 'static)) -> BodyError {
    match error.source() {
        _ if error.is::<TooSlow>() => BodyError::TooSlow,
        Some(cause) => why(cause),
        None => BodyError::Broken,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{iter, pending};
    use tokio::task::yield_now;

    use super::*;
    use crate::http::BodyMemory;

    #[tokio::test]
    async fn reads_up_to_the_limit() {
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), b"1234");
        assert!(matches!(read(Body::from("12345"), 4).await, Err(BodyError::TooLarge)));
    }

    #[tokio::test]
    async fn reads_as_long_as_there_is_memory() {
        let memory = BodyMemory::new(1 << 20, 1 << 20);
        let large = || Body::from(vec![0; 600 << 10]);
        let (mut one, mut other) = (memory.share(), memory.share());

        assert!(read_within(large(), 1 << 20, &mut one).await.is_ok());
        assert!(matches!(
            read_within(large(), 1 << 20, &mut other).await,
            Err(BodyError::NoMemory)
        ));
        drop(one);
        assert!(read_within(large(), 1 << 20, &mut other).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_never_ends_makes_room_for_the_next() {
        let memory = BodyMemory::new(16 << 10, 0);
        let endless = Body::from_stream(
            iter([Ok::<_, Infallible>(Bytes::from_static(b"x"))]).chain(pending()),
        );
        let next = async {
            yield_now().await;
            read_within(Body::from("1234"), 4, &mut memory.share()).await
        };

        let (endless, next) =
            tokio::join!(async { read_within(endless, 4, &mut memory.share()).await }, next);

        assert!(matches!(endless, Err(BodyError::NoMemory)));
        assert_eq!(next.unwrap(), b"1234");
    }
}
