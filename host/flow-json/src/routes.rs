//! Which screen may follow which.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::Document;
use super::outline::Outline;

/// The routing model: where each screen leads. Where the document has none, its `navigate` actions are the routes, as Meta has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Routes {
    targets: HashMap<String, Vec<String>>,
    inbound: HashSet<String>,
}

/// The same as it is written: the routes between screens that there are, each once, and which place of its list each has.
pub(crate) struct WrittenRoutes<'a> {
    pub(crate) targets: HashMap<&'a str, Vec<(&'a str, usize)>>,
    inbound: HashSet<&'a str>,
}

impl Routes {
    /// The routes of a document, whatever else is wrong with it.
    pub(crate) fn of(written: &WrittenRoutes<'_>) -> Self {
        let owned = |list: &[(&str, usize)]| list.iter().map(|(target, _)| (*target).to_owned()).collect();
        Self {
            targets: written.targets.iter().map(|(source, list)| ((*source).to_owned(), owned(list))).collect(),
            inbound: written.inbound.iter().map(|target| (*target).to_owned()).collect(),
        }
    }

    /// Whether the screen occurs in it, at whichever end of a route.
    pub(crate) fn know(&self, screen: &str) -> bool {
        self.targets.contains_key(screen) || self.inbound.contains(screen)
    }

    /// Whether there is a route from one to the other.
    pub(crate) fn lead(&self, from: &str, to: &str) -> bool {
        self.targets.get(from).is_some_and(|targets| targets.iter().any(|target| target == to))
    }

    /// Whether no route leads there: a flow can begin with it.
    pub(crate) fn begin_with(&self, screen: &str) -> bool {
        self.know(screen) && !self.inbound.contains(screen)
    }
}

impl<'a> WrittenRoutes<'a> {
    /// Reads them; what leads from or to a screen that there is not is left out.
    pub(crate) fn of(document: &'a Document, outline: &Outline<'a>) -> Self {
        let mut targets: HashMap<&str, Vec<(&str, usize)>> = match document.written().get("routing_model") {
            Some(Value::Object(model)) => {
                let known = model.iter().filter(|(source, _)| outline.screen(source).is_some());
                known.map(|(source, list)| (source.as_str(), written_targets(list, outline))).collect()
            }
            _ => outline.screens.iter().map(|screen| (screen.id, numbered(screen.destinations.iter().copied(), outline))).collect(),
        };
        // One screen alone has no routes; Meta takes an empty model then, and many of its examples have one.
        if let [only] = outline.screens.as_slice() {
            targets.entry(only.id).or_default();
        }
        let inbound = targets.values().flatten().map(|(target, _)| *target).collect();
        Self { targets, inbound }
    }

    /// Where a screen leads.
    pub(crate) fn from(&self, screen: &str) -> &[(&'a str, usize)] {
        self.targets.get(screen).map_or(&[], Vec::as_slice)
    }

    /// Whether the screen occurs in it, at whichever end of a route.
    pub(crate) fn know(&self, screen: &str) -> bool {
        self.targets.contains_key(screen) || self.inbound.contains(screen)
    }

    /// Whether no route leads there.
    pub(crate) fn begin_with(&self, screen: &str) -> bool {
        self.know(screen) && !self.inbound.contains(screen)
    }

    /// Whether there is a route from one to the other.
    pub(crate) fn lead(&self, from: &str, to: &str) -> bool {
        self.from(from).iter().any(|(target, _)| *target == to)
    }
}

fn written_targets<'a>(list: &'a Value, outline: &Outline<'a>) -> Vec<(&'a str, usize)> {
    numbered(list.as_array().into_iter().flatten().map(|target| target.as_str().unwrap_or_default()), outline)
}

/// Targets that there are, each once, with their numbers.
fn numbered<'a>(targets: impl Iterator<Item = &'a str>, outline: &Outline<'a>) -> Vec<(&'a str, usize)> {
    let mut seen = HashSet::new();
    let targets = targets.enumerate().filter(|(_, target)| outline.screen(target).is_some() && seen.insert(*target));
    targets.map(|(number, target)| (target, number)).collect()
}
