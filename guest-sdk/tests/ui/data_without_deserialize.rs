use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

struct Appointment;

struct Form {
    guests: u32,
}

impl FlowPlugin for Appointment {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<Self::State>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let form = exchange.data::<Form>()?;
        Ok(Reply::screen("NEXT").data(flowhost_sdk::json!({ "guests": form.guests })))
    }
}

fn main() {}
