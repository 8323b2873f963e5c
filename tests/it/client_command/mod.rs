//! `flowhost client`, run against a foreign endpoint in Node and against our own host.

mod call;
mod chat;
mod files;
mod load;
mod record;
mod run;
mod stage;

use flowhost_tests::{Ended, NodeEndpoint, flowhost};

/// Runs a client command against the endpoint.
async fn client(command: &str, endpoint: &NodeEndpoint, extra: &[&str]) -> Ended {
    let known = endpoint.arguments();
    let mut arguments = vec!["client", command];
    arguments.extend(known.iter().map(String::as_str));
    arguments.extend(extra);
    Ended::of(flowhost(&arguments)).await
}

fn flow_json() -> String {
    NodeEndpoint::flow_json().to_str().unwrap().to_owned()
}
