//! What a browser sends back of a phone.

use std::collections::HashMap;

use flowhost_client::conversation::{Conversation, Field, FieldKind, PickedFile, Screen, Step};
use serde_json::{Map, Value};

use super::posted;

/// Does what was posted with the form of [`screen`](super::screen): enters the fields that were
/// changed, from top to bottom, and the files that were picked, and then does what `do` says.
///
/// The first field that makes the endpoint be asked, the Flow end or another screen appear ends it. A
/// value that the phone would not let the user enter is refused, and then `do` is not done. Fields
/// that are not on the screen or can't be changed are ignored, and so is a form of another screen.
/// `close` is the caller's: it does nothing here.
pub fn apply(
    conversation: &mut Conversation,
    posted: &[(String, String)],
    files: &[PickedFile],
) -> Step {
    let Some(screen) = conversation.evaluate() else { return Step::Nothing };
    let posted = by_name(posted);
    let last = |name: &str| posted.get(name).and_then(|texts| texts.last().copied());
    let is_of_another = last("screen").is_some_and(|name| name != screen.name);
    let what = last("do").unwrap_or("enter");
    if is_of_another || what == "close" {
        return Step::Nothing;
    }
    if !conversation.knows_screens() {
        return act_blindly(conversation, what, last(posted::DATA).unwrap_or_default());
    }
    let entered = enter(conversation, &screen.name, changes(conversation, &screen, &posted), files);
    match entered {
        Step::Nothing | Step::Moved if shows(conversation, &screen.name) => {
            match act(conversation, what) {
                Step::Nothing => entered,
                step => step,
            }
        }
        step => step,
    }
}

type Posted<'a> = HashMap<&'a str, Vec<&'a str>>;

fn by_name(posted: &[(String, String)]) -> Posted<'_> {
    let mut named = Posted::new();
    for (name, text) in posted {
        named.entry(name).or_default().push(text);
    }
    named
}

/// What differs from what was drawn: fields by their names, with what was posted.
fn changes(
    conversation: &Conversation,
    screen: &Screen,
    posted: &Posted<'_>,
) -> Vec<(String, Vec<String>)> {
    let change = |field: &Field| {
        let said = posted::said(field, posted.get(posted::name(field).as_str())?);
        let drawn = posted::drawn(field, conversation.value(&field.name));
        // Browsers take the first line break of a text that begins with one.
        let trimmed = |texts: &[String]| -> Vec<String> {
            texts.iter().map(|text| text.trim().to_owned()).collect()
        };
        (trimmed(&said) != trimmed(&drawn)).then(|| (field.name.clone(), said))
    };
    screen.fields().filter(|field| field.enabled).filter_map(change).take(MAX_CHANGES).collect()
}

/// Enters all that can be entered. What is refused does not keep the others from it.
fn enter(
    conversation: &mut Conversation,
    screen: &str,
    changes: Vec<(String, Vec<String>)>,
    files: &[PickedFile],
) -> Step {
    let (mut entered, mut refused) = (Step::Nothing, Vec::new());
    for (name, said) in changes {
        // What was entered before may have changed the screen.
        let Some(now) = conversation.evaluate().filter(|now| now.name == screen) else { break };
        let Some(field) = now.fields().find(|field| field.name == name && field.enabled) else {
            continue;
        };
        match posted::read(field, &said) {
            Err(problem) => refused.push(format!("{}: {problem}", field.title())),
            Ok(value) => match fill_in(conversation, field, value) {
                Step::Nothing => (),
                Step::Moved => entered = Step::Moved,
                step => return step,
            },
        }
    }
    if !files.is_empty() {
        refused.extend(pick(conversation, screen, files));
    }
    if refused.is_empty() { entered } else { Step::Refused(refused) }
}

/// Picks files for the fields of the screen. Returns why some were refused.
fn pick(conversation: &mut Conversation, screen: &str, files: &[PickedFile]) -> Vec<String> {
    let mut refused = Vec::new();
    let now = conversation.evaluate().filter(|now| now.name == screen);
    for field in now.iter().flat_map(|now| now.fields()).filter(|field| field.enabled) {
        let own = files.iter().filter(|file| file.field == field.name).cloned();
        let own: Vec<PickedFile> = own.collect();
        if own.is_empty() {
            continue;
        }
        if let Step::Refused(why) = conversation.pick(field, &own) {
            refused.extend(why);
        }
    }
    refused
}

/// A phone lets texts and days stand that it will not accept.
fn fill_in(conversation: &mut Conversation, field: &Field, value: Option<Value>) -> Step {
    match value {
        Some(value) if !is_choice(field) && field.check(Some(&value)).is_err() => {
            conversation.leave(field, value);
            Step::Nothing
        }
        value => conversation.enter(field, value),
    }
}

fn is_choice(field: &Field) -> bool {
    matches!(field.kind, FieldKind::One(_) | FieldKind::Many { .. } | FieldKind::OptIn)
}

fn shows(conversation: &Conversation, screen: &str) -> bool {
    conversation.screen_name() == Some(screen)
}

fn act(conversation: &mut Conversation, what: &str) -> Step {
    match what {
        "press" => conversation.press(),
        "back" => conversation.back(),
        _ => match (what.strip_prefix(posted::REMOVE), what.strip_prefix("follow.")) {
            (Some(media_id), _) => conversation.take_away(media_id),
            (None, Some(link)) => match link.parse() {
                Ok(link) => conversation.follow(link),
                Err(_) => Step::Nothing,
            },
            (None, None) => Step::Nothing,
        },
    }
}

/// Without a Flow JSON the data is posted as it is.
fn act_blindly(conversation: &mut Conversation, what: &str, data: &str) -> Step {
    let refuse = |why: &str| Step::Refused(vec![why.to_owned()]);
    match what {
        "back" => conversation.back(),
        "press" if data.len() > posted::MAX_BYTES => refuse("The data is too long"),
        "press" if data.trim().is_empty() => conversation.submit(Value::Object(Map::new())),
        "press" => match serde_json::from_str(data) {
            Ok(data @ Value::Object(_)) => conversation.submit(data),
            _ => refuse("That is no JSON object like {\"name\":\"Ana\"}"),
        },
        _ => Step::Nothing,
    }
}

/// Twice the components that Meta's reference allows on a screen. After each change the whole screen
/// is evaluated again.
const MAX_CHANGES: usize = 100;
