flowhost_sdk::screens!("../../../../guest-sdk/macros/tests/flows/broken.json");

fn main() {}
