//! Requests that are sealed and signed, ready to be sent.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

use rsa::rand_core::{OsRng, RngCore};
use serde_json::Value;

use super::super::{ClientError, Phone, SealedRequest};
use super::LoadError;

/// Requests that differ in their keys, IVs and flow tokens. They take about 1 KiB each, and what
/// their data takes.
#[derive(Debug)]
pub struct Prepared {
    payload: Value,
    tokens: String,
    is_forged: bool,
    pub(super) requests: Vec<SealedRequest>,
}

impl Prepared {
    /// Seals a payload `count` times, on all processors. If it has a flow token, each request gets
    /// another one. With `is_forged`, the signatures are wrong in their last digit.
    ///
    /// # Errors
    /// [`LoadError::TooMany`] if they take more than [`MAX_PREPARED_BYTES`];
    /// [`LoadError::Client`] if sealing fails.
    pub fn seal(
        phone: &Phone,
        payload: &Value,
        count: usize,
        is_forged: bool,
    ) -> Result<Self, LoadError> {
        let tokens = format!("load-{:016x}", OsRng.next_u64());
        let mut prepared =
            Self { payload: payload.clone(), tokens, is_forged, requests: Vec::new() };
        let bytes = size(&prepared.seal_one(phone, 0)?);
        if bytes.saturating_mul(count) > MAX_PREPARED_BYTES {
            return Err(LoadError::TooMany { count, bytes, limit: MAX_PREPARED_BYTES });
        }
        prepared.requests = prepared.seal_all(phone, count)?;
        Ok(prepared)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.requests.len()
    }

    /// The status of an answer to them that is as it should be.
    pub(super) fn expected_status(&self) -> u16 {
        if self.is_forged { 432 } else { 200 }
    }

    /// The content of a request.
    pub(super) fn payload(&self, phone: &Phone, number: usize) -> Value {
        let mut payload = self.payload.clone();
        if let Some(token) = payload.get_mut("flow_token") {
            *token = Value::from(format!("{}-{number}", self.tokens));
        }
        phone.dress(payload)
    }

    fn seal_all(&self, phone: &Phone, count: usize) -> Result<Vec<SealedRequest>, ClientError> {
        let share = count.div_ceil(thread::available_parallelism().map_or(1, NonZeroUsize::get));
        let seal = |numbers: Range<usize>| -> Result<Vec<_>, _> {
            numbers.map(|number| self.seal_one(phone, number)).collect()
        };
        thread::scope(|scope| {
            let starts = (0..count).step_by(share.max(1));
            let shares: Vec<_> = starts
                .map(|start| scope.spawn(move || seal(start..count.min(start + share))))
                .collect();
            let mut all = Vec::with_capacity(count);
            for share in shares {
                all.append(&mut share.join().expect("sealing does not panic")?);
            }
            Ok(all)
        })
    }

    fn seal_one(&self, phone: &Phone, number: usize) -> Result<SealedRequest, ClientError> {
        let mut request = phone.client().seal(&self.payload(phone, number))?;
        if self.is_forged {
            let last = request.signature.pop();
            request.signature.push(if last == Some('0') { '1' } else { '0' });
        }
        Ok(request)
    }
}

fn size(request: &SealedRequest) -> usize {
    size_of::<SealedRequest>() + request.body.len() + request.signature.len()
}

/// What prepared requests may take: 1 GiB.
pub const MAX_PREPARED_BYTES: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::super::super::{FlowClient, payload};
    use super::*;

    #[test]
    fn each_request_has_a_flow_token_and_a_ciphertext_of_its_own() {
        let prepared = Prepared::seal(&phone(), &payload::init("x"), 7, false).unwrap();

        let tokens: HashSet<_> =
            (0..7).map(|number| prepared.payload(&phone(), number)["flow_token"].clone()).collect();
        let bodies: HashSet<_> = prepared.requests.iter().map(|request| &request.body).collect();
        assert_eq!((tokens.len(), bodies.len(), prepared.count()), (7, 7, 7));
        assert!(tokens.iter().all(|token| token.as_str().unwrap().len() > 20), "{tokens:?}");
    }

    #[test]
    fn a_health_check_stays_without_a_flow_token() {
        let prepared = Prepared::seal(&phone(), &payload::ping(), 1, false).unwrap();

        assert_eq!(prepared.payload(&phone(), 0), payload::ping());
    }

    #[test]
    fn a_forged_signature_differs_in_its_last_digit() {
        let prepared = Prepared::seal(&phone(), &payload::ping(), 20, true).unwrap();

        let phone = phone();
        for request in &prepared.requests {
            let right = phone.client().secret.header(&request.body);
            assert_eq!(request.signature.len(), right.len());
            assert_eq!(request.signature[..70], right[..70]);
            assert_ne!(request.signature, right);
        }
    }

    #[test]
    fn more_than_memory_may_hold_is_refused_before_it_is_sealed() {
        let mut large = payload::init("x");
        large["data"] = json!("x".repeat(10_000));

        let refused = Prepared::seal(&phone(), &large, 1_000_000, false);

        assert!(matches!(refused, Err(LoadError::TooMany { count: 1_000_000, .. })), "{refused:?}");
    }

    fn phone() -> Phone {
        Phone::new(FlowClient::new("http://localhost/", PUBLIC_KEY, "secret").unwrap())
    }

    const PUBLIC_KEY: &str = include_str!("../../../../tests/fixtures/vectors/keys/public.pem");
}
