use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Booking;

#[derive(serde::Deserialize, serde::Serialize)]
struct State {
    guests: u32,
}

impl FlowPlugin for Booking {
    type State = State;

    fn init(_: &Exchange, _: &mut Session<State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange, _: &mut Session<State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
