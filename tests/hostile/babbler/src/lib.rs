//! Writes to its standard output and error. `output` and `errors` write without end to one of them;
//! `once` writes 100 times 1 KiB to both and then answers.

use std::io::{Write, stderr, stdout};

use common::{Calls, Guest, Mischief, next};
use flowhost_sdk::{Error, Reply, Session};

struct Babbler;

impl Mischief for Babbler {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        match what {
            "output" => loop {
                let _ = stdout().write_all(LINE);
            },
            "errors" => loop {
                let _ = stderr().write_all(LINE);
            },
            "once" => {
                let written = (0..100).all(|_| {
                    stdout().write_all(LINE).and_then(|()| stderr().write_all(LINE)).is_ok()
                });
                Some(if written { Ok(next()) } else { Err(Error::internal("writing failed")) })
            }
            _ => None,
        }
    }
}

const LINE: &[u8] = &[b'x'; 1024];

flowhost_sdk::export!(Guest<Babbler>);
