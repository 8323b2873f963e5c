use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

flowhost_sdk::screens!("flow.json");

struct Booking;

impl FlowPlugin for Booking {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::show(screens::Confirm { summary: "A table for two".into(), price: "20" }))
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
