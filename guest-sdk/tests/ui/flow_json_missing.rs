flowhost_sdk::screens!("no-flow.json");

fn main() {}
