//! Large bodies that count against a budget until they are sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use flowhost_runtime::tenant_limits::Permit;

/// A body that keeps its permit until the client has read it, or its connection ends.
pub(super) fn counted(bytes: impl Into<Bytes>, permit: Permit) -> Body {
    Body::new(Counted { rest: bytes.into(), _permit: permit })
}

/// Goes out in parts, each when the one before is on its way: a body in one piece is handed over at
/// once, however slowly it is read. Its length is known, so a client that doesn't read is not waited
/// for.
struct Counted {
    rest: Bytes,
    _permit: Permit,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.rest.len().min(PART_BYTES);
        let part = self.rest.split_to(part);
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

const PART_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use flowhost_protocol::ids::TenantId;
    use flowhost_runtime::telemetry::BudgetSeries;
    use flowhost_runtime::tenant_limits::TenantLimits;

    #[tokio::test]
    async fn a_body_counts_until_it_is_read_and_comes_whole() {
        let limits = TenantLimits::new(1, 1, BudgetSeries::default());
        let tenant = TenantId::new();
        let bytes: Vec<u8> = (0..3 * PART_BYTES + 1).map(|at| (at % 251) as u8).collect();
        let mut body = counted(bytes.clone(), limits.try_acquire(tenant).unwrap());
        assert_eq!(HttpBody::size_hint(&body).exact(), Some(bytes.len() as u64));

        let mut read = Vec::new();
        while read.len() < bytes.len() {
            assert!(limits.try_acquire(tenant).is_err());
            let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(part.len() <= PART_BYTES);
            read.extend_from_slice(&part);
        }

        assert!(body.frame().await.is_none() && read == bytes);
        drop(body);
        assert!(limits.try_acquire(tenant).is_ok());
    }
}
