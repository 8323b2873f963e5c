use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Appointment;

impl FlowPlugin for Appointment {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
