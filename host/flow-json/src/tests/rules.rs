//! Runs `tests/fixtures/flow_json/rules`: one valid document, and for each rule an edit of it and
//! the findings that the edit must cause.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// A line of `rules.jsonl`.
#[derive(Deserialize)]
pub(super) struct Rule {
    /// What is wrong, in words.
    pub(super) what: String,
    /// The new value for each place. Null removes a member, and a place that ends with `/-`
    /// appends.
    edit: BTreeMap<String, Value>,
    /// Each finding as `LEVEL POINTER NAME`, with `-` for no name, and perhaps a part of its
    /// message. A leading `*` allows further findings.
    finds: Vec<String>,
}

#[test]
fn each_rule_finds_what_is_wrong_and_nothing_else() {
    let rules = all_rules();
    assert!(rules.len() >= 500, "{}", rules.len());
    let base = base();
    let failed: Vec<String> =
        rules.iter().filter_map(|rule| rule.broken(base.clone()).err()).collect();
    assert!(failed.is_empty(), "{} of {} rules:\n{}", failed.len(), rules.len(), failed.join("\n"));
}

/// Every line of `rules.jsonl`.
pub(super) fn all_rules() -> Vec<Rule> {
    let text = String::from_utf8(fixture("rules/rules.jsonl")).unwrap();
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    text.lines().map(read).collect()
}

/// The document that the rules change.
pub(super) fn base() -> Value {
    serde_json::from_slice(&fixture("rules/base.json")).unwrap()
}

impl Rule {
    /// The document with the rule's edits.
    pub(super) fn edited(&self, mut document: Value) -> Result<Value, String> {
        let edits = self.edit.iter().map(|(place, value)| Ok((resolved(place, &document)?, value)));
        let edits = edits.collect::<Result<Vec<_>, String>>()?;
        // Later elements of a list go first, so that the earlier ones keep their indexes.
        for (place, value) in edits.into_iter().rev() {
            edit(&mut document, &place, value)
                .ok_or_else(|| format!("{}: {place} cannot be edited", self.what))?;
        }
        Ok(document)
    }

    fn broken(&self, document: Value) -> Result<(), String> {
        let document = self.edited(document)?;
        let found = findings(&document);
        let mut rest: Vec<&Finding> = found.iter().collect();
        for due in &self.finds {
            let mut parts = due.trim_start_matches('*').splitn(4, ' ');
            let wanted = parts.by_ref().take(3).map(|part| resolved(part, &document));
            let wanted = wanted.collect::<Result<Vec<_>, _>>()?.join(" ");
            let says = parts.next().unwrap_or_default();
            let fits = |found: &&Finding| shown(found) == wanted && found.message.contains(says);
            match rest.iter().position(fits) {
                Some(at) => drop(rest.remove(at)),
                None => return Err(format!("{}: `{due}` is not among\n{found}", self.what)),
            }
        }
        let others_too = self.finds.iter().any(|due| due.starts_with('*'));
        if rest.is_empty() || others_too {
            Ok(())
        } else {
            let rest: Vec<String> = rest.into_iter().map(Finding::to_string).collect();
            Err(format!("{}: beside it is found\n  {}", self.what, rest.join("\n  ")))
        }
    }
}

fn shown(finding: &Finding) -> String {
    let level = if finding.level == Level::Error { "error" } else { "note" };
    format!("{level} {} {}", finding.pointer, finding.name.unwrap_or("-"))
}

/// Resolves a place that may begin with `@SCREEN` or `@SCREEN.COMPONENT`, a component's name or
/// type.
fn resolved(place: &str, document: &Value) -> Result<String, String> {
    let Some(short) = place.strip_prefix('@') else { return Ok(place.to_owned()) };
    let (short, rest) = short.split_at(short.find('/').unwrap_or(short.len()));
    let (screen, component) = short
        .split_once('.')
        .map_or((short, None), |(screen, component)| (screen, Some(component)));
    let number =
        document["screens"].as_array().unwrap().iter().position(|written| written["id"] == screen);
    let at = format!("/screens/{}", number.ok_or_else(|| format!("{place} is not there"))?);
    let Some(component) = component else { return Ok(at + rest) };
    let layout = format!("{at}/layout");
    let is = |value: &Value| value["name"] == component || value["type"] == component;
    let found = document.pointer(&layout).and_then(|value| find(value, &layout, &is));
    Ok(found.ok_or_else(|| format!("{place} is not there"))? + rest)
}

fn find(value: &Value, at: &str, is: &dyn Fn(&Value) -> bool) -> Option<String> {
    if value.is_object() && is(value) {
        return Some(at.to_owned());
    }
    match value {
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| find(value, &format!("{at}/{name}"), is))
        }
        Value::Array(elements) => (0..)
            .zip(elements)
            .find_map(|(number, value): (usize, _)| find(value, &format!("{at}/{number}"), is)),
        _ => None,
    }
}

fn edit(document: &mut Value, place: &str, value: &Value) -> Option<()> {
    let (parent, name) = place.rsplit_once('/')?;
    match (document.pointer_mut(parent)?, value) {
        (Value::Object(members), Value::Null) => drop(members.shift_remove(name)?),
        (Value::Object(members), value) => drop(members.insert(name.to_owned(), value.clone())),
        (Value::Array(elements), value) if name == "-" => elements.push(value.clone()),
        (Value::Array(elements), Value::Null) => drop(elements.remove(name.parse().ok()?)),
        (Value::Array(elements), value) => {
            *elements.get_mut(name.parse::<usize>().ok()?)? = value.clone()
        }
        _ => return None,
    }
    Some(())
}
