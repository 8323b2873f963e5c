use flowhost_sdk::time::{Zone, zone};

const LISBON: Zone = zone!("Europe/Lissabon");

fn main() {}
