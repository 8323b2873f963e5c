use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

flowhost_sdk::screens!("flow.json");

struct Booking;

impl FlowPlugin for Booking {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::show(flowhost_sdk::json!({ "summary": "A table for two" })))
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
