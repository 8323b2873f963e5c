//! A clinic's appointments: pick one (APPOINTMENT), say for whom (DETAILS), check it (SUMMARY),
//! done.
//!
//! The screens are in `flow.json`. Each of its three forms has one function here, and each screen
//! has one that shows it.

mod choice;
mod clinic;
mod contact;
#[cfg(test)]
mod tests;

use flowhost_sdk::time::{self, Date, Offset};
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, log};
use serde::{Deserialize, Serialize};

use crate::choice::Slot;
use crate::contact::Contact;
use crate::screens::Form;
use crate::screens::appointment::Chosen;

struct Appointment;

flowhost_sdk::export!(Appointment);
flowhost_sdk::screens!("flow.json");

/// What the plugin remembers between two screens.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Booking {
    slot: Option<Slot>,
    contact: Option<Contact>,
}

/// What the business may attach to the flow token. Every field is optional, and so is the context
/// itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    /// Filled in already, so that the user need not type it.
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    /// Replaces the current day, for example `2026-11-23`. For rehearsals and tests, whose scripts
    /// contain fixed dates.
    today: Option<Date>,
}

impl FlowPlugin for Appointment {
    type State = Booking;

    /// Shows the earlier picks if the user opens the flow again.
    fn init(_: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        appointment_screen(session)
    }

    fn submit(exchange: &Exchange, session: &mut Session<Booking>) -> Result<Reply, Error> {
        match exchange.form::<Form>()? {
            // A changed dropdown names itself in `trigger`; the button sends none.
            Form::Appointment(form) if form.trigger.is_some() => pick(form.into(), session),
            Form::Appointment(form) => submit_appointment(form.into(), session),
            Form::Details(contact) => submit_details(contact.trimmed(), session),
            Form::Summary(form) => confirm(form.terms, exchange, session),
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

/// A dropdown of APPOINTMENT was changed, so the next one opens.
fn pick(choice: Chosen, session: &Session<Booking>) -> Result<Reply, Error> {
    let today = today(session)?;
    Ok(Reply::show(choice.checked(today).screen(today)))
}

fn submit_appointment(choice: Chosen, session: &mut Session<Booking>) -> Result<Reply, Error> {
    let today = today(session)?;
    match choice.slot(today) {
        Ok(slot) => {
            session.state.slot = Some(slot);
            details_screen(session)
        }
        Err(problem) => Ok(Reply::show(choice.checked(today).screen(today)).error(problem)),
    }
}

fn submit_details(contact: Contact, session: &mut Session<Booking>) -> Result<Reply, Error> {
    let problem = contact.problem();
    // Stored even if it has a problem, so that the user need not fill in the other fields again.
    session.state.contact = Some(contact);
    if session.state.slot.is_none() {
        return Ok(
            details_screen(session)?.error("Please go back and choose an appointment first.")
        );
    }
    match problem {
        Some(problem) => Ok(details_screen(session)?.error(problem)),
        None => Ok(summary_screen(session)),
    }
}

fn confirm(agreed: bool, exchange: &Exchange, session: &Session<Booking>) -> Result<Reply, Error> {
    let Booking { slot, contact } = &session.state;
    let Some(slot) = slot else {
        return Ok(summary_screen(session).error("Please go back and choose an appointment first."));
    };
    let Some(contact) = contact.as_ref().filter(|contact| contact.problem().is_none()) else {
        return Ok(summary_screen(session).error("Please go back and enter your details first."));
    };
    if !agreed {
        return Ok(summary_screen(session).error("Please agree to the terms."));
    }
    // Hours may have passed since the user picked the appointment.
    if slot.choice().slot(today(session)?).is_err() {
        return Ok(summary_screen(session)
            .error("This appointment is gone. Please go back and choose another one."));
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
    let choice = session.state.slot.as_ref().map(Slot::choice).unwrap_or_default();
    Ok(Reply::show(choice.checked(today).screen(today)))
}

/// The form shows what the user typed before, or what the business knows.
fn details_screen(session: &Session<Booking>) -> Result<Reply, Error> {
    let chosen = match session.state.contact.clone() {
        Some(Contact { name, email, phone, more_details }) => screens::details::Chosen {
            name: Some(name),
            email: Some(email),
            phone: Some(phone),
            more_details,
        },
        None => {
            let Context { name, email, phone, .. } = context(session)?;
            screens::details::Chosen { name, email, phone, more_details: None }
        }
    };
    Ok(Reply::show(screens::Details { appointment: describe_slot(session), chosen }))
}

fn summary_screen(session: &Session<Booking>) -> Reply {
    let details = session.state.contact.as_ref().map_or_else(String::new, |contact| {
        let lines = [&contact.name, &contact.email, &contact.phone]
            .into_iter()
            .chain(&contact.more_details);
        lines.filter(|line| !line.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
    });
    Reply::show(screens::Summary { appointment: describe_slot(session), details })
}

fn describe_slot(session: &Session<Booking>) -> String {
    session.state.slot.as_ref().map(Slot::describe).unwrap_or_default()
}

fn context(session: &Session<Booking>) -> Result<Context, Error> {
    Ok(session.context()?.unwrap_or_default())
}

fn today(session: &Session<Booking>) -> Result<Date, Error> {
    Ok(context(session)?.today.unwrap_or_else(|| time::today(Offset::UTC)))
}

/// The same conversation and appointment get the same number, so a confirmation sent twice is one
/// booking.
fn booking_number(flow_token: &str, slot: &Slot) -> String {
    let number = clinic::hash(&[
        flow_token,
        &slot.department,
        &slot.location,
        &slot.date.to_string(),
        &slot.time,
    ]);
    format!("A-{number:08X}")
}
