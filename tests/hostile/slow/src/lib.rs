//! `sleep` sleeps for a minute, parked in the host, and then answers.

use std::time::Duration;

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

struct Slow;

impl Mischief for Slow {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        if what == "sleep" {
            std::thread::sleep(Duration::from_secs(60));
        }
        None
    }
}

flowhost_sdk::export!(Guest<Slow>);
