//! The handler that languages are compared with: it reads twenty slots, and shows those that are
//! free.

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, config, json, log, store};
use serde::{Deserialize, Serialize};

/// As a calendar's API gives it.
#[derive(Deserialize)]
struct Slot {
    id: String,
    day: String,
    time: String,
    free: bool,
}

/// As a list of the flow takes it.
#[derive(Serialize)]
struct Item {
    id: String,
    title: String,
}

struct Slots;

flowhost_sdk::export!(Slots);

impl FlowPlugin for Slots {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        free_slots()
    }

    /// Waits for the host first, which tells how much memory a call takes that is under way.
    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        store::get::<bool>("wait")?;
        free_slots()
    }
}

fn free_slots() -> Result<Reply, Error> {
    let slots: Vec<Slot> = serde_json::from_str(SLOTS)?;
    let free: Vec<Item> = slots.into_iter().filter(|slot| slot.free).map(item).collect();
    log::info!("{} slots are free", free.len());
    let heading = config::get("heading").unwrap_or_else(|| "Free slots".to_owned());
    Ok(Reply::screen("APPOINTMENT").data(json!({ "heading": heading, "slots": free })))
}

fn item(slot: Slot) -> Item {
    Item { title: format!("{}, {}", slot.day, slot.time), id: slot.id }
}

const SLOTS: &str = include_str!("slots.json");
