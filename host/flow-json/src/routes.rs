//! Which screen may follow which.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::Document;
use super::outline::Outline;

/// The routing model: the targets of each screen. If the document has none, its `navigate` actions
/// are the routes, as Meta defines it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Routes {
    targets: HashMap<String, Vec<String>>,
    inbound: HashSet<String>,
}

/// The routes between existing screens as the document writes them: each once, with its index in
/// its list.
pub(crate) struct WrittenRoutes<'a> {
    pub(crate) targets: HashMap<&'a str, Vec<(&'a str, usize)>>,
    inbound: HashSet<&'a str>,
}

impl Routes {
    /// Copies the routes, whatever else is wrong with the document.
    pub(crate) fn of(written: &WrittenRoutes<'_>) -> Self {
        let owned =
            |list: &[(&str, usize)]| list.iter().map(|(target, _)| (*target).to_owned()).collect();
        Self {
            targets: written
                .targets
                .iter()
                .map(|(source, list)| ((*source).to_owned(), owned(list)))
                .collect(),
            inbound: written.inbound.iter().map(|target| (*target).to_owned()).collect(),
        }
    }

    /// Whether the screen is at either end of a route.
    pub(crate) fn know(&self, screen: &str) -> bool {
        self.targets.contains_key(screen) || self.inbound.contains(screen)
    }

    pub(crate) fn lead(&self, from: &str, to: &str) -> bool {
        self.targets.get(from).is_some_and(|targets| targets.iter().any(|target| target == to))
    }

    /// Whether no route leads there, so that a flow can begin with it.
    pub(crate) fn begin_with(&self, screen: &str) -> bool {
        self.know(screen) && !self.inbound.contains(screen)
    }
}

impl<'a> WrittenRoutes<'a> {
    /// Reads the routes and leaves out those from or to a screen that does not exist.
    pub(crate) fn of(document: &'a Document, outline: &Outline<'a>) -> Self {
        let mut targets: HashMap<&str, Vec<(&str, usize)>> = match document
            .written()
            .get("routing_model")
        {
            Some(Value::Object(model)) => {
                let known = model.iter().filter(|(source, _)| outline.screen(source).is_some());
                known
                    .map(|(source, list)| (source.as_str(), written_targets(list, outline)))
                    .collect()
            }
            _ => outline
                .screens
                .iter()
                .map(|screen| (screen.id, numbered(screen.destinations.iter().copied(), outline)))
                .collect(),
        };
        // A single screen has no routes. Meta accepts an empty model then, and many of its examples
        // have one.
        if let [only] = outline.screens.as_slice() {
            targets.entry(only.id).or_default();
        }
        let inbound = targets.values().flatten().map(|(target, _)| *target).collect();
        Self { targets, inbound }
    }

    /// The targets of a screen.
    pub(crate) fn from(&self, screen: &str) -> &[(&'a str, usize)] {
        self.targets.get(screen).map_or(&[], Vec::as_slice)
    }

    /// Whether the screen is at either end of a route.
    pub(crate) fn know(&self, screen: &str) -> bool {
        self.targets.contains_key(screen) || self.inbound.contains(screen)
    }

    pub(crate) fn begin_with(&self, screen: &str) -> bool {
        self.know(screen) && !self.inbound.contains(screen)
    }

    pub(crate) fn lead(&self, from: &str, to: &str) -> bool {
        self.from(from).iter().any(|(target, _)| *target == to)
    }
}

fn written_targets<'a>(list: &'a Value, outline: &Outline<'a>) -> Vec<(&'a str, usize)> {
    numbered(
        list.as_array().into_iter().flatten().map(|target| target.as_str().unwrap_or_default()),
        outline,
    )
}

/// The targets that exist, without duplicates, with their indexes.
fn numbered<'a>(
    targets: impl Iterator<Item = &'a str>,
    outline: &Outline<'a>,
) -> Vec<(&'a str, usize)> {
    let mut seen = HashSet::new();
    let targets = targets
        .enumerate()
        .filter(|(_, target)| outline.screen(target).is_some() && seen.insert(*target));
    targets.map(|(number, target)| (target, number)).collect()
}
