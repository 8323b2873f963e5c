//! The honest neighbour: every exchange is answered by the same screen with the same data.

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Steady;

impl Mischief for Steady {
    fn act(_: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        None
    }
}

flowhost_sdk::export!(Guest<Steady>);
