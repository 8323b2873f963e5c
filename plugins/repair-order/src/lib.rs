//! A repair of a bicycle: what (SERVICE), photos of the damage (PHOTOS), how soon and with which
//! parts (PRICE), where to pick it up (PICKUP), a look at it all (SUMMARY), done.
//!
//! It uses all that a plugin can reach. Each form has one function here; `view` shows the screens.

mod order;
mod photos;
mod pickup;
mod price;
#[cfg(test)]
mod tests;
mod view;
mod words;
mod workshop;

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, config, json, log};
use serde::Deserialize;

use crate::order::Order;
use crate::pickup::Address;
use crate::price::{Options, Price};
use crate::screens::Form;
use crate::screens::pickup::Errors;
use crate::words::Words;

struct RepairOrder;

flowhost_sdk::export!(RepairOrder);
flowhost_sdk::screens!("flow.json");

/// What the business may attach to the flow token. Every field is optional, and so is the context
/// itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    /// The customer's number, under which the last address is kept.
    customer: Option<u64>,
    /// For example `pt_BR`; without it, the setting `language` counts.
    language: Option<String>,
}

impl FlowPlugin for RepairOrder {
    type State = Order;

    fn init(_: &Exchange, session: &mut Session<Order>) -> Result<Reply, Error> {
        let words = words(session)?;
        if session.shared() {
            return Ok(Reply::reject_token(words.own_message));
        }
        view::service(&workshop::services(words.language), &mut session.state, words)
    }

    fn submit(exchange: &Exchange, session: &mut Session<Order>) -> Result<Reply, Error> {
        let words = words(session)?;
        match exchange.form::<Form>()? {
            Form::Service(form) => submit_service(form, session, words),
            Form::Photos(form) => submit_photos(form, session, words),
            Form::Price(form) => submit_price(form, session, words),
            Form::Pickup(form) => submit_pickup(form, session, words),
            Form::Summary(form) => submit_summary(form, session, words),
        }
    }

    fn back(exchange: &Exchange, session: &mut Session<Order>) -> Result<Reply, Error> {
        let words = words(session)?;
        match exchange.screen() {
            Some("SUMMARY") => pickup_screen(session, Errors::default(), words),
            Some("PICKUP") => view::price(&session.state, words),
            Some("PRICE") => Ok(view::photos(words)),
            _ => {
                let services = workshop::latest_services(words.language);
                view::service(&services, &mut session.state, words)
            }
        }
    }
}

/// A page was turned, a repair chosen, or the button to try again pressed.
fn submit_service(
    form: screens::service::Form,
    session: &mut Session<Order>,
    words: &Words,
) -> Result<Reply, Error> {
    let order = &mut session.state;
    let services = workshop::latest_services(words.language);
    if let Some(turn) = form.turn {
        order.page = if turn == "next" { order.page + 1 } else { order.page.saturating_sub(1) };
        return view::service(&services, order, words);
    }
    let chosen = form.service.as_ref();
    order.service = services.iter().find(|known| Some(&known.id) == chosen).cloned();
    if order.service.is_some() {
        return Ok(view::photos(words));
    }
    let reply = view::service(&services, order, words)?;
    // The apology has its own text; and who tried again with success needs none.
    let is_gone = chosen.is_some() && !services.is_empty();
    Ok(if is_gone { reply.error(words.choose_service) } else { reply })
}

fn submit_photos(
    form: screens::photos::Form,
    session: &mut Session<Order>,
    words: &Words,
) -> Result<Reply, Error> {
    match photos::fetch(&form.photos, words)? {
        Err(problem) => Ok(view::photos(words).error(problem)),
        Ok(photos) => {
            session.state.photos = photos;
            view::price(&session.state, words)
        }
    }
}

/// A dropdown changed, which names itself in `trigger`, or the button was pressed.
fn submit_price(
    form: screens::price::Form,
    session: &mut Session<Order>,
    words: &Words,
) -> Result<Reply, Error> {
    session.state.options = Options::of(form.speed.as_deref(), form.parts.as_deref());
    if form.trigger.is_some() {
        return view::price(&session.state, words);
    }
    pickup_screen(session, Errors::default(), words)
}

fn submit_pickup(
    form: screens::pickup::Form,
    session: &mut Session<Order>,
    words: &Words,
) -> Result<Reply, Error> {
    let address = Address::of(&form);
    let mut errors = address.errors(words);
    // Stored even if something is wrong, so that nothing has to be typed again.
    session.state.address = Some(address);
    session.state.slot = pickup::slot(&form.slot);
    if session.state.slot.is_none() {
        errors.slot = Some(words.bad_slot.into());
    }
    if errors == Errors::default() {
        view::summary(&session.state, words)
    } else {
        pickup_screen(session, errors, words)
    }
}

/// Ends the conversation. The parameters come to the business in the message that WhatsApp sends
/// then.
fn submit_summary(
    form: screens::summary::Form,
    session: &mut Session<Order>,
    words: &Words,
) -> Result<Reply, Error> {
    let order = &session.state;
    let (Some(service), Some(address), Some(slot), [_, ..]) =
        (&order.service, &order.address, order.slot, order.photos.as_slice())
    else {
        return Ok(view::summary(order, words)?.error(words.incomplete));
    };
    if address.errors(words) != Errors::default() {
        return Ok(view::summary(order, words)?.error(words.incomplete));
    }
    // Hours may have passed since the time was chosen.
    if pickup::slot(&pickup::slot_id(slot)).is_none() {
        return Ok(view::summary(order, words)?.error(words.bad_slot));
    }
    let price = Price::of(service.price(), order.options, price::vat()?)?;
    let number = format!("R-{:05}", order::next_number()?);
    if let Some(customer) = context(session)?.customer {
        order::keep_address(customer, address)?;
    }
    log::info!("{number}: {}, {} photos, {}", service.id, order.photos.len(), price.total);
    Ok(Reply::complete(json!({
        "order": number,
        "service": service.id,
        "photos": order.photos,
        "speed": order.options.speed(),
        "parts": order.options.parts(),
        "price": price.total,
        "name": address.name,
        "street": address.street,
        "postcode": address.postcode,
        "pickup": slot.to_string(),
        "notes": form.notes,
    })))
}

/// A customer who ordered before finds the address filled in.
fn pickup_screen(
    session: &mut Session<Order>,
    errors: Errors,
    words: &Words,
) -> Result<Reply, Error> {
    if session.state.address.is_none()
        && let Some(customer) = context(session)?.customer
    {
        session.state.address = order::last_address(customer)?;
    }
    Ok(view::pickup(&session.state, errors, words))
}

/// In the language of the context, else of the settings.
fn words(session: &Session<Order>) -> Result<&'static Words, Error> {
    let codes = [context(session)?.language, config::get("language")];
    Ok(Words::choose(codes.iter().flatten().map(String::as_str)))
}

fn context(session: &Session<Order>) -> Result<Context, Error> {
    Ok(session.context()?.unwrap_or_default())
}
