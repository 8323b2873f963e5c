//! A clinic's appointments: pick one (APPOINTMENT), say for whom (DETAILS), look it over (SUMMARY), done.
//!
//! The screens are in `flow.json`. Each of its three forms has one function here, and each screen one that shows it.

mod calendar;
mod choice;
mod clinic;
mod contact;
#[cfg(test)]
mod tests;

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, log};
use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::choice::{Choice, Slot};
use crate::contact::Contact;

struct Appointment;

flowhost_sdk::export!(Appointment);

/// What is remembered between two screens.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Booking {
    slot: Option<Slot>,
    contact: Option<Contact>,
}

/// What the business may attach to the flow token. All of it is optional, and so is the context itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    /// Known already, so that the user need not type it.
    name: String,
    email: String,
    phone: String,
    /// `2026-11-23`: take this for the current day. For rehearsals and tests, whose dates stand in a script.
    today: Option<String>,
}

/// The form of screen SUMMARY.
#[derive(Deserialize)]
struct Confirmation {
    #[serde(default)]
    terms: bool,
}

impl FlowPlugin for Appointment {
    type State = Booking;

    /// Shows what was picked before, if the user opens the flow a second time.
    fn init(_: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        appointment_screen(session)
    }

    fn submit(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        match exchange.screen() {
            // A dropdown was changed: it says which in `trigger`, the button does not.
            Some("APPOINTMENT") if exchange.field("trigger").is_some() => pick(exchange, session),
            Some("APPOINTMENT") => submit_appointment(exchange, session),
            Some("DETAILS") => submit_details(exchange, session),
            Some("SUMMARY") => confirm(exchange, session),
            other => Err(Error::internal(format!("flow.json has no form on screen {other:?}"))),
        }
    }

    fn back(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        match exchange.screen() {
            Some("TERMS") => Ok(summary_screen(session)),
            Some("SUMMARY") => details_screen(session),
            _ => appointment_screen(session),
        }
    }
}

/// A dropdown of APPOINTMENT was changed: the next one opens.
fn pick(exchange: &Exchange, session: &Session<Booking>) -> Result<Reply, Error> {
    let today = today(session)?;
    let choice = exchange.data::<Choice>()?.checked(today);
    Ok(Reply::screen("APPOINTMENT").data(choice.lists(today)))
}

fn submit_appointment(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
    let today = today(session)?;
    let choice = exchange.data::<Choice>()?;
    match choice.slot(today) {
        Ok(slot) => {
            session.state.slot = Some(slot);
            details_screen(session)
        }
        Err(problem) => Ok(Reply::screen("APPOINTMENT").data(choice.checked(today).lists(today)).error(problem)),
    }
}

fn submit_details(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
    let contact = exchange.data::<Contact>()?.trimmed();
    let problem = contact.problem();
    // Kept even so: who mends one field should not have to fill in the others again.
    session.state.contact = Some(contact);
    if session.state.slot.is_none() {
        return Ok(details_screen(session)?.error("Please go back and choose an appointment first."));
    }
    match problem {
        Some(problem) => Ok(details_screen(session)?.error(problem)),
        None => Ok(summary_screen(session)),
    }
}

fn confirm(exchange: &Exchange, session: &Session<Booking>) -> Result<Reply, Error> {
    let Booking { slot, contact } = &session.state;
    let Some(slot) = slot else {
        return Ok(summary_screen(session).error("Please go back and choose an appointment first."));
    };
    let Some(contact) = contact.as_ref().filter(|contact| contact.problem().is_none()) else {
        return Ok(summary_screen(session).error("Please go back and enter your details first."));
    };
    if !exchange.data::<Confirmation>()?.terms {
        return Ok(summary_screen(session).error("Please agree to the terms."));
    }
    // Hours may have passed since the appointment was picked.
    if slot.choice().slot(today(session)?).is_err() {
        return Ok(summary_screen(session).error("This appointment is gone. Please go back and choose another one."));
    }
    let booking = booking_number(exchange.flow_token(), slot);
    log::info!("booked {booking}: {}", slot.describe());
    Ok(Reply::complete(json!({
        "booking": booking,
        "appointment": slot.describe(),
        "department": slot.department,
        "location": slot.location,
        "date": slot.date,
        "time": slot.time,
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "more_details": contact.more_details,
    })))
}

fn appointment_screen(session: &Session<Booking>) -> Result<Reply, Error> {
    let today = today(session)?;
    let choice = session.state.slot.as_ref().map(Slot::choice).unwrap_or_default().checked(today);
    Ok(Reply::screen("APPOINTMENT").data(choice.lists(today)))
}

/// The form holds what was typed before, or what the business knows.
fn details_screen(session: &Session<Booking>) -> Result<Reply, Error> {
    let contact = match &session.state.contact {
        Some(contact) => contact.clone(),
        None => {
            let Context { name, email, phone, .. } = context(session)?;
            Contact { name, email, phone, more_details: String::new() }
        }
    };
    Ok(Reply::screen("DETAILS").data(json!({ "appointment": describe_slot(session), "chosen": contact })))
}

fn summary_screen(session: &Session<Booking>) -> Reply {
    let details = session.state.contact.as_ref().map_or_else(String::new, |contact| {
        let lines = [&contact.name, &contact.email, &contact.phone, &contact.more_details];
        lines.into_iter().filter(|line| !line.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
    });
    Reply::screen("SUMMARY").data(json!({ "appointment": describe_slot(session), "details": details }))
}

fn describe_slot(session: &Session<Booking>) -> String {
    session.state.slot.as_ref().map(Slot::describe).unwrap_or_default()
}

fn context(session: &Session<Booking>) -> Result<Context, Error> {
    Ok(session.context()?.unwrap_or_default())
}

fn today(session: &Session<Booking>) -> Result<Day, Error> {
    match context(session)?.today {
        Some(text) => Day::parse(&text).ok_or_else(|| Error::internal(format!("the context's today is no date: {text:?}"))),
        None => Ok(Day::today()),
    }
}

/// The same conversation and appointment have the same number, so a confirmation sent twice is one booking.
fn booking_number(flow_token: &str, slot: &Slot) -> String {
    let number = clinic::hash(&[flow_token, &slot.department, &slot.location, &slot.date, &slot.time]);
    format!("A-{number:08X}")
}
