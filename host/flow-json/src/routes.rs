//! Which screen may follow which.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::document::Document;
use super::meant::meant;
use super::outline::{MAX_SCREENS, Outline};
use super::screen_id::{IdFault, id_fault};

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
    /// The screens that the routing model names anywhere.
    named: HashSet<&'a str>,
    /// Whether it names an id that no screen has, and that is not just another name for one.
    pub(crate) has_lost: bool,
    /// Whether a part of it is of the wrong type, so that it may be meant to name any screen.
    is_malformed: bool,
    /// Ids that the routing model names and no screen has, each with the screen that it probably
    /// means: one that the model does not name.
    renamed: HashMap<&'a str, &'a str>,
    /// Whether the routing model is as it should be, as far as one can read it.
    pub(crate) are_clear: bool,
    /// The screens whose routes are not all known, for a reason that is reported.
    unclear: HashSet<&'a str>,
    /// Whether each id that no screen has can be that of a screen without an id.
    pub(crate) nameless_explain: bool,
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
        let mut routes = Self {
            targets,
            inbound,
            named: HashSet::new(),
            has_lost: false,
            is_malformed: false,
            renamed: HashMap::new(),
            are_clear: true,
            unclear: HashSet::new(),
            nameless_explain: false,
        };
        let model = document.written().get("routing_model").and_then(Value::as_object);
        routes.find_unclear(model, outline);
        routes
    }

    /// Looks at what is wrong with the routing model, so that its consequences can be left out.
    fn find_unclear(&mut self, model: Option<&'a Map<String, Value>>, outline: &Outline<'a>) {
        let (mut lost, mut seen, mut is_source_lost) = (Vec::new(), HashSet::new(), false);
        let mut names = |id: &'a str| {
            let is_lost = outline.screen(id).is_none();
            match is_lost {
                true if seen.insert(id) => lost.push(id),
                true => (),
                false => drop(self.named.insert(id)),
            }
            !is_lost
        };
        for (source, list) in model.into_iter().flatten() {
            let targets = list.as_array().map(Vec::as_slice);
            let is_known = names(source);
            is_source_lost |= !is_known;
            let mut is_clear = is_known && targets.is_some();
            self.is_malformed |= targets.is_none();
            for target in targets.unwrap_or_default() {
                self.is_malformed |= !target.is_string();
                is_clear &= target.as_str().is_some_and(&mut names);
            }
            if !is_clear {
                self.are_clear = false;
                self.unclear.insert(source);
            }
        }
        let led_to = outline.screens.iter().flat_map(|screen| screen.destinations.iter().copied());
        let lost_ways =
            led_to.filter(|id| outline.screen(id).is_none() && seen.insert(*id)).count();
        self.nameless_explain = outline.nameless > 0 && lost.len() + lost_ways <= outline.nameless;
        let mut unnamed: Vec<&'a str> =
            outline.screens.iter().map(|screen| screen.id).filter(|id| self.lack(id)).collect();
        self.unclear.extend(unnamed.iter().copied());
        if is_source_lost {
            let without =
                outline.screens.iter().filter(|screen| !self.targets.contains_key(screen.id));
            self.unclear.extend(without.map(|screen| screen.id));
        }
        if let ([lost], [unnamed]) = (lost.as_slice(), unnamed.as_slice())
            && !matches!(id_fault(unnamed), Some(IdFault::Ends | IdFault::Reserved))
        {
            self.renamed.insert(lost, unnamed);
            return;
        }
        // A document may name thousands that no screen has.
        for lost in lost.into_iter().take(MAX_SCREENS) {
            match meant(lost, unnamed.iter().copied()) {
                Some(near) => {
                    unnamed.retain(|id| *id != near);
                    self.renamed.insert(lost, near);
                }
                None => self.has_lost = true,
            }
        }
    }

    /// Whether the routing model does not name this screen. One that is malformed may be meant to.
    pub(crate) fn lack(&self, screen: &str) -> bool {
        !self.know(screen) && !self.named.contains(screen) && !self.is_malformed
    }

    /// The screen that an id of the routing model probably means, if no screen has it.
    pub(crate) fn renamed(&self, id: &str) -> Option<&'a str> {
        self.renamed.get(id).copied()
    }

    /// Whether the routing model probably names this screen by another id.
    pub(crate) fn is_renamed(&self, screen: &str) -> bool {
        self.renamed.values().any(|id| *id == screen)
    }

    /// Whether all routes from a screen are known.
    pub(crate) fn are_clear_from(&self, screen: &str) -> bool {
        !self.unclear.contains(screen)
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
