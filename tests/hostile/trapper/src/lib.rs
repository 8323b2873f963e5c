//! `trap` executes `unreachable`; `panic` panics; `exit` exits through WASI; `stack` recurses until
//! the stack is full.

use std::hint::black_box;

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Trapper;

impl Mischief for Trapper {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        match what {
            // Compiles to the instruction `unreachable`, without a panic's message.
            "trap" => std::process::abort(),
            "panic" => panic!("this guest panics on purpose"),
            "exit" => std::process::exit(3),
            "stack" => Some(Err(Error::internal(format!("the stack held {} frames", recurse(1))))),
            _ => None,
        }
    }
}

/// The array keeps the optimiser from turning the recursion into a loop.
#[expect(unconditional_recursion, reason = "on purpose")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    recurse(depth + 1) + black_box(frame)[31]
}

flowhost_sdk::export!(Guest<Trapper>);
