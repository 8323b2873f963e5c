//! `loop`: computes for ever.

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Looper;

impl Mischief for Looper {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        if what == "loop" {
            let mut number = 0_u64;
            loop {
                number = std::hint::black_box(number.wrapping_add(1));
            }
        }
        None
    }
}

flowhost_sdk::export!(Guest<Looper>);
