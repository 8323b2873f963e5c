//! `loop` computes for ever; `compute` computes for about 100 ms and then answers.

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Looper;

impl Mischief for Looper {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        match what {
            "loop" => loop {
                count(u64::MAX);
            },
            "compute" => {
                count(COMPUTING);
                Some(Ok(common::next()))
            }
            _ => None,
        }
    }
}

/// A function of its own, so that a profile can name it.
#[inline(never)]
fn count(to: u64) {
    let mut number = 0_u64;
    while number < to {
        number = std::hint::black_box(number + 1);
    }
}

/// About 100 ms on a core of 2024.
const COMPUTING: u64 = 100_000_000;

flowhost_sdk::export!(Guest<Looper>);
