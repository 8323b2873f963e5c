use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

flowhost_sdk::screens!("flow.json");

struct Booking;

impl FlowPlugin for Booking {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        match exchange.form::<screens::Form>()? {
            screens::Form::Table(form) if form.guests > 8 => Err(Error::bad_request("8 guests at most, please.")),
            _ => Ok(Reply::close()),
        }
    }
}

fn main() {}
