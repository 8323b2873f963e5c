//! Phones on a page, with a Flow that has every component.

mod browser;
mod drawing;
mod posting;

use serde_json::{Map, json};

use flowhost_flow_json::{Document, FlowJson};

use super::*;

/// A conversation on a screen of the Flow with every component, with the examples as its data.
fn on(screen: &str) -> Conversation {
    within(every_component(), screen)
}

/// The same with another Flow. The screen that was shown before is its first one.
fn within(document: Document, screen: &str) -> Conversation {
    let first = document.screens().next().unwrap();
    let (first, example) = (first.id.to_owned(), first.example_data());
    let data = document.screen(screen).unwrap().example_data();
    let mut conversation = Conversation::new(Some(document), "t");
    conversation.arrive(&first, example);
    conversation.arrive(screen, data);
    conversation
}

/// A conversation on a screen with these components.
fn with(components: Value) -> Conversation {
    let layout = json!({"type": "SingleColumnLayout", "children": components});
    let flow =
        json!({"version": "7.3", "screens": [{"id": "A", "title": "Title", "layout": layout}]});
    within(Document::parse(flow.to_string().as_bytes()).unwrap(), "A")
}

fn every_component() -> Document {
    FlowJson::parse(EVERY_COMPONENT.as_bytes()).expect("WhatsApp would take it").document().clone()
}

fn drawn(conversation: &Conversation) -> String {
    drawn_after(conversation, &[])
}

fn drawn_after(conversation: &Conversation, problems: &[String]) -> String {
    let files_can_be_fetched = true;
    let form = PhoneForm { action: "/console/p", csrf: "secret", problems, files_can_be_fetched };
    screen(conversation, &form).into_string()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

const EVERY_COMPONENT: &str = include_str!("every_component.json");
