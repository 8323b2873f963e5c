flowhost_sdk::screens!("broken.json");

fn main() {}
