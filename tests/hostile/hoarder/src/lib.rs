//! `hoard` allocates and fills memory piece by piece until none is left; `hoard-at-once` allocates
//! 1 GiB.

use std::hint::black_box;

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session};

const PIECE: usize = 1 << 20;
const ALL: usize = 1 << 30;

struct Hoarder;

impl Mischief for Hoarder {
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        match what {
            "hoard" => {
                let mut hoard = Vec::new();
                loop {
                    // Not zeros, because those need not be touched.
                    hoard.push(black_box(vec![0xA5_u8; PIECE]));
                }
            }
            "hoard-at-once" => {
                let hoard = black_box(vec![0xA5_u8; ALL]);
                Some(Err(Error::internal(format!("{} bytes were given", hoard.len()))))
            }
            _ => None,
        }
    }
}

flowhost_sdk::export!(Guest<Hoarder>);
