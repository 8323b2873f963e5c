use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};
use screens::{Form, Item};

flowhost_sdk::screens!("no-flow.json");

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Booking {
    table: Option<screens::table::Form>,
}

impl FlowPlugin for Booking {
    type State = Booking;

    fn init(_: &Exchange, _: &mut Session<Booking>) -> Result<Reply, Error> {
        let sizes = vec![Item::new("2", "Two of us")];
        Ok(Reply::show(screens::Table { sizes, earliest: "2026-11-23".into() }))
    }

    fn submit(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        match exchange.form::<Form>()? {
            Form::Table(form) if form.day.is_weekend() => Err(Error::bad_request("We are closed.")),
            Form::Table(form) => {
                let summary = format!("A table for {} on {}", form.guests, form.day.title());
                session.state.table = Some(form);
                Ok(Reply::show(screens::Confirm { summary, price: 20.into() }))
            }
            Form::Confirm(_) => Ok(Reply::close()),
        }
    }
}

fn main() {}
