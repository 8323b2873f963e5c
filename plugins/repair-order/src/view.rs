//! The screens: what each shows of an order.

use flowhost_sdk::{Error, Reply, config, paging};

use crate::order::Order;
use crate::pickup;
use crate::price::{self, Price};
use crate::screens::{self, Item};
use crate::words::Words;
use crate::workshop::Service;

/// The most characters of an option's title.
const TITLE_MOST: usize = 30;

/// A page of the list. Without a list, an apology with a button to try again.
pub fn service(services: &[Service], order: &mut Order, words: &Words) -> Result<Reply, Error> {
    let open = !services.is_empty();
    let page = paging::page(services, order.page, paging::MOST_OPTIONS);
    order.page = page.number;
    let item = |service: &Service| Item {
        description: Some(words.language.short_money(service.price())),
        ..Item::new(service.id.as_str(), shortened(&service.title))
    };
    let mut shown: Vec<Item> = page.items.iter().map(item).collect();
    if !open {
        // A list has an entry at least, even where it is not shown.
        shown.push(Item::new("none", "-"));
    }
    let chosen = order.service.as_ref().map(|service| service.id.clone());
    let chosen = chosen.filter(|id| shown.iter().any(|item| item.id == *id));
    let reply = Reply::show(screens::Service {
        words: screens::service::Words {
            heading: if open { words.service_heading } else { words.closed_heading }.into(),
            services: words.services.into(),
            next: words.more.into(),
            previous: words.fewer.into(),
            button: if open { words.next_step } else { words.try_again }.into(),
        },
        workshop: config::require("workshop")?,
        open,
        services: shown,
        has_next: page.has_next,
        has_previous: page.has_previous(),
        chosen: screens::service::Chosen { service: chosen },
    });
    Ok(if open { reply } else { reply.error(words.closed) })
}

pub fn photos(words: &Words) -> Reply {
    Reply::show(screens::Photos {
        words: screens::photos::Words {
            heading: words.photos_heading.into(),
            photos: words.photos.into(),
            hint: words.photos_hint.into(),
            button: words.next_step.into(),
        },
    })
}

pub fn price(order: &Order, words: &Words) -> Result<Reply, Error> {
    let options = order.options;
    Ok(Reply::show(screens::Price {
        words: screens::price::Words {
            heading: words.price_heading.into(),
            speed: words.speed.into(),
            parts: words.parts.into(),
            button: words.next_step.into(),
        },
        speeds: vec![Item::new("normal", words.normal), Item::new("express", words.express)],
        parts: vec![Item::new("standard", words.standard), Item::new("premium", words.premium)],
        price: price_lines(order, words)?,
        chosen: screens::price::Chosen {
            speed: Some(options.speed().into()),
            parts: Some(options.parts().into()),
        },
    }))
}

/// With the address that was typed, or the customer's last one.
pub fn pickup(order: &Order, errors: screens::pickup::Errors, words: &Words) -> Reply {
    let item = |slot| Item::new(pickup::slot_id(slot), pickup::slot_title(slot, words));
    let slots: Vec<Item> = pickup::slots().into_iter().map(item).collect();
    let slot = order.slot.map(pickup::slot_id);
    let address = order.address.clone();
    let chosen = screens::pickup::Chosen {
        name: address.as_ref().map(|address| address.name.clone()),
        street: address.as_ref().map(|address| address.street.clone()),
        postcode: address.map(|address| address.postcode),
        slot: slot.filter(|id| slots.iter().any(|item| item.id == *id)),
    };
    Reply::show(screens::Pickup {
        words: screens::pickup::Words {
            heading: words.pickup_heading.into(),
            name: words.name.into(),
            street: words.street.into(),
            postcode: words.postcode.into(),
            slot: words.slot.into(),
            button: words.next_step.into(),
        },
        slots,
        chosen,
        errors,
    })
}

pub fn summary(order: &Order, words: &Words) -> Result<Reply, Error> {
    let count = order.photos.len();
    let photos = if count == 1 { words.one_photo } else { words.several_photos };
    let title = order.service.as_ref().map_or("", |service| &service.title);
    let pickup = match (&order.address, order.slot) {
        (Some(address), Some(slot)) => format!(
            "{}\n{}, {} Lisboa\n{}",
            address.name,
            address.street,
            address.postcode,
            pickup::slot_title(slot, words)
        ),
        _ => String::new(),
    };
    Ok(Reply::show(screens::Summary {
        words: screens::summary::Words {
            heading: words.summary_heading.into(),
            notes: words.notes.into(),
            button: words.order.into(),
        },
        repair: format!("{title}, {count} {photos}"),
        pickup,
        price: price_lines(order, words)?,
    }))
}

fn price_lines(order: &Order, words: &Words) -> Result<String, Error> {
    let Some(service) = &order.service else { return Ok(words.incomplete.to_owned()) };
    let price = Price::of(service.price(), order.options, price::vat()?)?;
    Ok(price.lines(&service.title, words))
}

fn shortened(title: &str) -> String {
    title.chars().take(TITLE_MOST).collect()
}
