//! One mistake is one finding: what follows from it is left out. Each kind of mistake is made in
//! every place of every valid document.

use super::rules::base;
use super::*;

/// A kind of mistake, and what is found when it is made in every place where it can be.
struct Kind {
    what: &'static str,
    make: fn(&Value, &[Step]) -> Option<Value>,
    /// How often it can be made; how often nothing is found, one finding, and several.
    ///
    /// What nothing finds is none, such as an optional key that is left out, or a key in an
    /// example. Several are found where the mistake breaks several rules that are not about it
    /// alone: a number field becomes one of text, which an expression and a payload can't use; a
    /// screen that was the last one, or a Form, is gone. And what was noted before under another
    /// id counts here as news.
    counts: [usize; 4],
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

const KINDS: [Kind; 7] = [
    Kind { what: "a key is left out", make: without_a_key, counts: [2079, 459, 1614, 6] },
    Kind { what: "a key is misspelled", make: with_a_misspelled_key, counts: [2079, 211, 1868, 0] },
    Kind {
        what: "a value is of another type",
        make: with_another_type,
        counts: [2486, 61, 2425, 0],
    },
    Kind { what: "an entry is left out", make: without_an_entry, counts: [407, 185, 218, 4] },
    Kind {
        what: "a name, an id or a type is misspelled",
        make: with_another_name,
        counts: [701, 56, 643, 2],
    },
    Kind {
        what: "a reference is misspelled",
        make: with_another_reference,
        counts: [73, 0, 73, 0],
    },
    Kind {
        what: "a screen is called otherwise",
        make: with_another_screen,
        counts: [89, 1, 86, 2],
    },
];

#[test]
fn one_mistake_is_one_finding() {
    let documents = all_documents();
    let mut wrong = Vec::new();
    for Kind { what, make, counts } in KINDS {
        let (mut counted, mut several) = ([0; 4], Vec::new());
        for (name, document) in &documents {
            let usual = findings(document);
            let is_usual = |finding: &Finding| {
                usual
                    .iter()
                    .any(|usual| usual.level == finding.level && usual.message == finding.message)
            };
            for place in places(document) {
                let Some(mistaken) = make(document, &place) else { continue };
                let found = findings(&mistaken);
                let found_more = found.iter().filter(|finding| !is_usual(finding)).count();
                counted[0] += 1;
                counted[1 + found_more.min(2)] += 1;
                if found_more > 1 {
                    several.push(format!("{name} {}: {}\n{found}", pointer(&place), found_more));
                }
            }
        }
        if counted != counts {
            wrong.push(format!("{what}: {counted:?}, not {counts:?}\n{}", several.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_bracket_that_is_missing_is_one_finding() {
    for (name, text) in documents("valid") {
        let closing = |at: &usize| [b'}', b']'].contains(&text[*at]);
        for at in (0..text.len()).filter(closing) {
            let text = [&text[..at], &text[at + 1..]].concat();
            let Err(found) = FlowJson::parse(&text) else { continue };
            assert_eq!(
                found.of(Level::Error).count(),
                1,
                "{name} without the bracket at {at}:\n{found}"
            );
        }
    }
}

/// The valid documents of versions that can be published, the one of the rules, and a sample's.
fn all_documents() -> Vec<(String, Value)> {
    let can_be_published = |(name, _): &(String, Vec<u8>)| {
        version::published().any(|version| name.starts_with(&version.to_string()))
    };
    let read = |(name, text): (String, Vec<u8>)| (name, serde_json::from_slice(&text).unwrap());
    let mut all: Vec<(String, Value)> =
        documents("valid").into_iter().filter(can_be_published).map(read).collect();
    all.push(("the rules' document".to_owned(), base()));
    let sample = include_str!("../../../../plugins/appointment/flow.json");
    all.push(("a sample".to_owned(), serde_json::from_str(sample).unwrap()));
    all
}

fn without_a_key(document: &Value, place: &[Step]) -> Option<Value> {
    let (Step::Key(key), around) = place.split_last()? else { return None };
    edited(document, around, |parent| {
        parent.as_object_mut()?.shift_remove(key)?;
        Some(())
    })
}

fn with_a_misspelled_key(document: &Value, place: &[Step]) -> Option<Value> {
    let (Step::Key(key), around) = place.split_last()? else { return None };
    let misspelled = misspelled(key)?;
    edited(document, around, |parent| {
        let members = parent.as_object_mut()?;
        *members = std::mem::take(members)
            .into_iter()
            .map(|(name, value)| (if name == *key { misspelled.clone() } else { name }, value))
            .collect();
        Some(())
    })
}

fn with_another_type(document: &Value, place: &[Step]) -> Option<Value> {
    place.last()?;
    edited(document, place, |value| {
        *value = if value.is_number() { json!("five") } else { json!(5) };
        Some(())
    })
}

fn without_an_entry(document: &Value, place: &[Step]) -> Option<Value> {
    let (Step::Item(number), around) = place.split_last()? else { return None };
    edited(document, around, |parent| {
        parent.as_array_mut()?.remove(*number);
        Some(())
    })
}

fn with_another_name(document: &Value, place: &[Step]) -> Option<Value> {
    let Step::Key(key) = place.last()? else { return None };
    let names_something = ["id", "name", "type"].contains(&key.as_str());
    if !names_something {
        return None;
    }
    edited(document, place, |value| {
        *value = json!(misspelled(value.as_str()?)?);
        Some(())
    })
}

fn with_another_reference(document: &Value, place: &[Step]) -> Option<Value> {
    edited(document, place, |value| {
        let text = value.as_str()?;
        let inside = &text[text.find("${")? + 2..];
        let reference = &inside[..inside.find('}')?];
        *value = json!(text.replacen(reference, &misspelled(reference)?, 1));
        Some(())
    })
}

fn with_another_screen(document: &Value, place: &[Step]) -> Option<Value> {
    let [Step::Key(screens), Step::Item(_), Step::Key(id)] = place else { return None };
    if screens != "screens" || id != "id" {
        return None;
    }
    edited(document, place, |value| {
        *value = json!("CALLED_OTHERWISE");
        Some(())
    })
}

/// The name with its last letter twice.
fn misspelled(name: &str) -> Option<String> {
    Some(format!("{name}{}", name.chars().last()?))
}

/// A copy of the document in which something is edited; `None` if it can't be.
fn edited(
    document: &Value,
    place: &[Step],
    edit: impl FnOnce(&mut Value) -> Option<()>,
) -> Option<Value> {
    let mut document = document.clone();
    let value = place.iter().try_fold(&mut document, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Item(number) => value.get_mut(*number),
    })?;
    edit(value)?;
    Some(document)
}

/// Every place of a document.
fn places(document: &Value) -> Vec<Vec<Step>> {
    let (mut all, mut to_visit) = (Vec::new(), vec![(Vec::new(), document)]);
    while let Some((place, value)) = to_visit.pop() {
        let inside = |step: Step| [place.clone(), vec![step]].concat();
        match value {
            Value::Object(members) => {
                to_visit.extend(
                    members.iter().map(|(key, value)| (inside(Step::Key(key.clone())), value)),
                );
            }
            Value::Array(elements) => to_visit.extend(
                elements
                    .iter()
                    .enumerate()
                    .map(|(number, value)| (inside(Step::Item(number)), value)),
            ),
            _ => (),
        }
        all.push(place);
    }
    all
}

fn pointer(place: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => format!("/{key}"),
        Step::Item(number) => format!("/{number}"),
    };
    place.iter().map(step).collect()
}
