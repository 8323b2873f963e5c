//! How far long work is, on standard error.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Says every few seconds how much is done.
pub struct Progress {
    what: &'static str,
    all: u64,
    began: Instant,
    done: Mutex<(u64, Instant)>,
}

impl Progress {
    /// Nothing of so many is done.
    pub fn of(what: &'static str, all: u64) -> Self {
        let began = Instant::now();
        Self { what, all, began, done: Mutex::new((0, began)) }
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        let Self { what, all, began, done } = self;
        let mut done = done.lock().unwrap();
        done.0 += more;
        if done.1.elapsed() > INTERVAL || done.0 == *all {
            done.1 = Instant::now();
            eprintln!("{what}: {} of {all} after {:.0} s", done.0, began.elapsed().as_secs_f64());
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(5);
