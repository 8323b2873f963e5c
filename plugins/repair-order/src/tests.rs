//! Conversations, played natively. `scenarios/` has those that the sandbox plays.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use flowhost_sdk::testing::{Answer, Conversation};
use flowhost_sdk::time::Timestamp;
use flowhost_sdk::{http, json};

use crate::RepairOrder;

/// 2026-10-23, a Friday. Clocks in Lisbon are set back on Sunday.
const FRIDAY: i64 = 1_792_749_600;

fn chat() -> Conversation<RepairOrder> {
    Conversation::start()
        .with_config("workshop", "Bicicletas Augusta")
        .with_time(Timestamp::from_unix_seconds(FRIDAY))
        .with_context(json!({ "customer": 4711 }))
        .with_media(|_| Ok(b"\xff\xd8\xff\xe0".to_vec()))
        .with_http(|request| {
            assert_eq!(request.header_value("x-api-key"), Some("{{secret:workshop-key}}"));
            let services =
                json!([{ "id": "brakes", "title": "Adjust the brakes", "cents": 2_500 }]);
            Ok(http::Response::new(200, services.to_string()))
        })
}

/// The answer is screen PICKUP.
fn order_up_to_pickup(chat: &mut Conversation<RepairOrder>) -> Answer {
    chat.init().unwrap();
    chat.submit("SERVICE", json!({ "service": "brakes" })).unwrap();
    chat.submit("PHOTOS", json!({ "photos": [{ "media_id": "1" }] })).unwrap();
    chat.submit("PRICE", json!({ "speed": "normal", "parts": "standard" })).unwrap()
}

fn order(chat: &mut Conversation<RepairOrder>) -> Answer {
    let pickup = order_up_to_pickup(chat);
    let slot = &pickup.data()["slots"][0]["id"];
    let form =
        json!({ "name": "Ana", "street": "Rua Augusta 1", "postcode": "1100-048", "slot": slot });
    chat.submit("PICKUP", form).unwrap();
    chat.submit("SUMMARY", json!({ "notes": "The bell rings." })).unwrap()
}

#[test]
fn an_order_has_a_running_number_and_all_that_was_entered() {
    let done = order(&mut chat());
    let params = done.params().unwrap();
    assert_eq!((&params["order"], &params["price"]), (&json!("R-00001"), &json!("30.75 EUR")));
    assert_eq!(
        params["photos"],
        json!([{ "kind": "jpeg", "bytes": 4, "digest": "daae5265f4703b25" }])
    );
    assert_eq!(params["notes"], "The bell rings.");
    // Clocks were set back: nine o'clock in Lisbon is nine o'clock UTC again.
    assert_eq!(params["pickup"], "2026-10-26T09:00:00Z");
    let next = order(&mut chat().with_token("another-message"));
    assert_eq!(next.params().unwrap()["order"], "R-00002");
}

#[test]
fn a_slot_is_offered_as_clocks_in_lisbon_show_it() {
    let mut chat = chat();
    chat.init().unwrap();
    let first = |chat: &mut Conversation<RepairOrder>| {
        let form = json!({ "speed": "normal", "parts": "standard" });
        chat.submit("PRICE", form).unwrap().data()["slots"][0].clone()
    };
    let monday = first(&mut chat);
    assert_eq!(monday["title"], "Mon, Oct 26, 9:00 AM");
    chat.pass(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(first(&mut chat)["title"], "Tue, Oct 27, 9:00 AM");
}

#[test]
fn while_the_api_is_down_its_last_list_is_shown() {
    let down = Rc::new(Cell::new(false));
    let api = down.clone();
    let mut chat = chat().with_http(move |_| match api.get() {
        true => Err(http::Error::Timeout),
        false => {
            Ok(http::Response::new(200, r#"[{ "id": "chain", "title": "Chain", "cents": 4190 }]"#))
        }
    });
    chat.init().unwrap();
    down.set(true);
    assert_eq!(chat.init().unwrap().data()["services"][0]["id"], "chain");
    chat.pass(Duration::from_secs(25 * 60 * 60));
    assert_eq!(chat.init().unwrap().data()["open"], false);
}

#[test]
fn no_screen_can_be_skipped() {
    let mut chat = chat();
    chat.init().unwrap();
    let answer = chat.submit("SUMMARY", json!({})).unwrap();
    assert_eq!(answer.error(), Some("Something is missing. Please go back and fill it in."));
}

#[test]
fn an_address_that_was_wrong_is_not_ordered_for() {
    let mut chat = chat();
    order_up_to_pickup(&mut chat);
    let wrong = json!({ "name": "Ana", "street": "Rua Augusta", "postcode": "", "slot": "2026-10-26T09:00:00Z" });
    let answer = chat.submit("PICKUP", wrong).unwrap();
    assert_eq!(answer.data()["errors"]["postcode"], "Like 1100-048, please.");
    assert!(chat.submit("SUMMARY", json!({})).unwrap().error().is_some());
}
