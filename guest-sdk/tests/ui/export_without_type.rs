flowhost_sdk::export!();

fn main() {}
