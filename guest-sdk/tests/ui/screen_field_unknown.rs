use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

flowhost_sdk::screens!("flow.json");

struct Booking;

impl FlowPlugin for Booking {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::show(screens::Table { sizes: Vec::new(), earliest: "2026-11-23".into(), latest: "2026-11-30".into() }))
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
