use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Booking;

impl FlowPlugin for Booking {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

flowhost_sdk::export!(Booking);
flowhost_sdk::export!(Booking);

fn main() {}
