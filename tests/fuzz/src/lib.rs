//! The checks of the fuzz targets. Each module has one `check`, which takes any bytes and panics if
//! the host breaks a rule.
//!
//! A check compares the host with a second opinion ([`oracle`] and what each module computes
//! itself); that the host does not panic is not enough. It returns whether the host accepted the
//! input, so that seeds can say which of the two they are for.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub mod envelope;
pub mod key_file;
pub mod oaep;
pub mod opened_payload;
pub mod oracle;
pub mod signature_header;
pub mod token_rules;
pub mod token_signature;

/// Takes any bytes, panics if the host breaks a rule, and returns whether the host accepted them.
pub type Check = fn(&[u8]) -> bool;

/// Every target, by the name of its program and of its folder of seeds.
pub const TARGETS: [(&str, Check); 7] = [
    ("envelope", envelope::check),
    ("key_file", key_file::check),
    ("oaep", oaep::check),
    ("opened_payload", opened_payload::check),
    ("signature_header", signature_header::check),
    ("token_rules", token_rules::check),
    ("token_signature", token_signature::check),
];

/// Polls to the end. What the checks poll yields, and waits for nothing.
fn until_ready<T>(future: impl Future<Output = T>) -> T {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
