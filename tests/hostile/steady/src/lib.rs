//! The honest neighbour: answers every exchange with the same screen and the same data.

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Steady;

impl Mischief for Steady {
    fn act(_: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        None
    }
}

flowhost_sdk::export!(Guest<Steady>);
