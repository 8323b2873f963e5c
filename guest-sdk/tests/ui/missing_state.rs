use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Appointment;

impl FlowPlugin for Appointment {
    fn init(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
