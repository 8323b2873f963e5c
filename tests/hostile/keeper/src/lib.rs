//! Uses its store and its log as the form says, well or badly. In `do`, with the fields that each
//! takes:
//!
//! - `get` (`key`), `set` (`key`, `value`, `ttl`), `swap` (`key`, `value`, `expected`), `delete`
//!   (`key`), `list` (`key`, `count`);
//! - `fill` (`key`, `count`): writes a value of `count` bytes; `many` (`key`, `count`): writes
//!   `count` keys; `insist` (`key`, `count`): reads the key `count` times;
//! - `raise` (`key`): adds one with compare-and-set, retrying until it succeeds;
//! - `log` (`level`, `value`), `flood` (`value`, `count`), `print` (`value`), `fail` (`value`),
//!   `panic` (`value`), `print-then-panic` (`value`).
//!
//! - `look`: returns the time in seconds, and a number that differs in each call.
//!
//! If the store refuses something, the screen's data has `error`.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowhost_sdk::log::{self, Level};
use flowhost_sdk::store::{self, StoreError, Version};
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json};
use serde::Deserialize;
use serde_json::Value;

struct Keeper;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    #[serde(rename = "do")]
    act: String,
    key: String,
    value: String,
    level: Option<String>,
    count: u32,
    ttl: Option<u64>,
    expected: Option<Version>,
}

impl FlowPlugin for Keeper {
    type State = ();

    fn init(exchange: &Exchange, session: &mut Session<()>) -> Result<Reply, Error> {
        if exchange.field("do").is_some() {
            return Self::submit(exchange, session);
        }
        Ok(Reply::screen("FORM"))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let form: Form = exchange.data()?;
        match form.act.as_str() {
            "fail" => return Err(Error::internal(form.value)),
            "panic" => panic!("{}", form.value),
            "print" => println!("{}", form.value),
            "print-then-panic" => {
                println!("before it");
                panic!("{}", form.value)
            }
            "log" => log::log!(form.level(), "{}", form.value),
            "flood" => (0..form.count).for_each(|line| log::info!("{} {line}", form.value)),
            _ => {
                return Ok(Reply::screen("NEXT").data(
                    form.keep().unwrap_or_else(|error| json!({ "error": format!("{error:?}") })),
                ));
            }
        }
        Ok(Reply::screen("NEXT"))
    }
}

impl Form {
    fn level(&self) -> Level {
        self.level.as_deref().and_then(|level| level.parse().ok()).unwrap_or(Level::Info)
    }

    fn keep(&self) -> Result<Value, StoreError> {
        let Self { key, value, count, .. } = self;
        Ok(match self.act.as_str() {
            "get" => match store::bytes(key)? {
                Some(entry) => {
                    json!({ "value": String::from_utf8_lossy(&entry.value), "version": entry.version })
                }
                None => json!({ "value": null }),
            },
            "set" => {
                json!({ "version": store::set_bytes(key, value.as_bytes(), self.ttl.map(Duration::from_secs))? })
            }
            "swap" => {
                json!({ "version": store::compare_and_set_bytes(key, self.expected, value.as_bytes(), None)? })
            }
            "delete" => {
                store::delete(key)?;
                json!({})
            }
            "list" => json!({ "keys": store::list(key, *count)? }),
            "fill" => {
                json!({ "version": store::set_bytes(key, &vec![b'x'; *count as usize], None)? })
            }
            "many" => {
                let written =
                    (0..*count).map(|number| store::set(&format!("{key}{number}"), &number));
                let errors: Vec<_> = written.filter_map(Result::err).collect();
                json!({ "refused": errors.len(), "last": errors.last().map(|error| format!("{error:?}")) })
            }
            "insist" => {
                let asked = (0..*count).map(|_| store::bytes(key));
                json!({ "answered": asked.filter(Result::is_ok).count() })
            }
            "look" => {
                let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                json!({ "time": time.as_secs(), "number": RandomState::new().hash_one(0).to_string() })
            }
            "raise" => json!({ "attempts": raise(key)? }),
            _ => json!({}),
        })
    }
}

/// Adds one to a number and returns the number of attempts.
fn raise(key: &str) -> Result<u32, StoreError> {
    for attempt in 1.. {
        let stored = store::entry::<u32>(key)?;
        let (number, version) =
            stored.map_or((0, None), |entry| (entry.value, Some(entry.version)));
        if store::compare_and_set(key, version, &(number + 1))?.is_some() {
            return Ok(attempt);
        }
    }
    unreachable!("the host bounds how often a call may ask")
}

flowhost_sdk::export!(Keeper);
