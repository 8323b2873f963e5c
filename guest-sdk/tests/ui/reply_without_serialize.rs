use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Appointment;

struct Next {
    guests: u32,
}

impl FlowPlugin for Appointment {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::screen("NEXT").data(Next { guests: 2 }))
    }
}

fn main() {}
