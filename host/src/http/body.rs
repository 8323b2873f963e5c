//! Bodies, read whole and within a limit.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use tokio::time::timeout;

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The connection broke.
    Broken,
    /// It has more bytes than allowed.
    TooLarge,
}

/// Reads a body of at most `limit` bytes. Of a larger one the rest is read and dropped, as far as is reasonable: a client that is
/// still sending would take an answer on a closed connection for a failure of the network.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if bytes.len() + chunk.len() > limit {
            drop(bytes);
            drain(chunks).await;
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn drain(mut chunks: axum::body::BodyDataStream) {
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
    use super::*;

    #[tokio::test]
    async fn reads_up_to_the_limit() {
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), b"1234");
        assert!(matches!(read(Body::from("12345"), 4).await, Err(BodyError::TooLarge)));
    }
}
