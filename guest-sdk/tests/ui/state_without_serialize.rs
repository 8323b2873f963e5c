use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Appointment;

#[derive(Default)]
struct Booking {
    guests: u32,
}

impl FlowPlugin for Appointment {
    type State = Booking;

    fn init(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

fn main() {}
