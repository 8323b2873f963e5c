//! What is remembered of an order, and what outlives it: the running number and the customer's
//! address.

use std::time::Duration;

use flowhost_sdk::time::Timestamp;
use flowhost_sdk::{Error, store};
use serde::{Deserialize, Serialize};

use crate::photos::Photo;
use crate::pickup::Address;
use crate::price::Options;
use crate::workshop::Service;

/// For how long a customer's address is kept.
const KEPT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How often to try for a number while others take theirs.
const TRIES: usize = 20;

/// Remembered from screen to screen. A field that comes later is `default` in older conversations.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Order {
    /// The page of the list that the user sees.
    pub page: usize,
    /// With the price that the user saw.
    pub service: Option<Service>,
    pub photos: Vec<Photo>,
    pub options: Options,
    pub address: Option<Address>,
    pub slot: Option<Timestamp>,
}

/// The next order's number. A call may run twice, so a number may be left out, but none is given
/// twice.
pub fn next_number() -> Result<u32, Error> {
    for _ in 0..TRIES {
        let last = store::entry::<u32>("last-order")?;
        let (last, version) = last.map_or((0, None), |entry| (entry.value, Some(entry.version)));
        if store::compare_and_set("last-order", version, &(last + 1))?.is_some() {
            return Ok(last + 1);
        }
    }
    Err(Error::internal("there are too many orders at the same time"))
}

/// Where the customer's bicycle was picked up last.
pub fn last_address(customer: u64) -> Result<Option<Address>, Error> {
    Ok(store::get(&key(customer))?)
}

pub fn keep_address(customer: u64, address: &Address) -> Result<(), Error> {
    store::set_for(&key(customer), address, KEPT)?;
    Ok(())
}

fn key(customer: u64) -> String {
    format!("address/{customer}")
}
