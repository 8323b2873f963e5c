//! Checks the routing model, and where `navigate` actions lead in addition to it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use serde_json::{Map, Value};

use super::Checker;
use super::head::KEYS;
use crate::finding::{Cause, Collector, Level};
use crate::meant::is_misspelled;
use crate::names::{INVALID_PROPERTY_TYPE, INVALID_ROUTING_MODEL};
use crate::outline::{Outline, ScreenOutline};
use crate::place::{Place, quoted};
use crate::routes::WrittenRoutes;
use crate::schema::described;
use crate::version::Version;

impl Checker<'_, '_> {
    /// Checks the routes between the screens. There must be at least one screen.
    pub(super) fn check_routes(&mut self, document: &Map<String, Value>) {
        let at = Place::WHOLE.key("routing_model");
        let (outline, routes) = (self.outline, self.routes);
        match document.get("routing_model") {
            Some(Value::Object(model)) => {
                self.check_model(model, &at);
                check_model_is_complete(outline, routes, self.found);
                check_loops(outline, routes, &at, self.found);
            }
            Some(other) => {
                let problem = format_args!("is {}; a routing model is an object", described(other));
                self.found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
                return;
            }
            // That it is missing or misspelled is reported.
            None if document.contains_key("data_api_version")
                || (outline.is_strict && is_misspelled(document, &KEYS, "routing_model")) =>
            {
                return;
            }
            None => (),
        }
        check_branches(document, outline, routes, &at, self.found);
        // Without a routing model, a NavigationList may lead to every screen, because its entries
        // can come with the data.
        let are_known = if document.contains_key("routing_model") {
            routes.are_clear && outline.screens.iter().all(|screen| routes.know(screen.id))
        } else {
            let has_list = |screen: &ScreenOutline<'_>| screen.has_navigation_list;
            self.actions_are_clear
                && !outline.screens.iter().any(has_list)
                && outline.screens.iter().all(|screen| screen.components_are_clear)
        };
        if are_known && outline.nameless == 0 {
            check_entries(outline, routes, self.version, &at, self.found);
            check_connections(outline, routes, &self.ways, self.found);
        }
    }

    fn check_model(&mut self, model: &Map<String, Value>, at: &Place<'_>) {
        for (source, list) in model {
            let at = at.key(source);
            if self.outline.screen(source).is_none() {
                self.no_screen(source, INVALID_ROUTING_MODEL, Level::Error, &at);
                continue;
            }
            let Some(list) = list.as_array() else {
                let problem =
                    format_args!("is {}; it must be a list of screen ids", described(list));
                self.found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
                continue;
            };
            for (number, target) in list.iter().enumerate() {
                let at = at.item(number);
                match target.as_str() {
                    Some(id) if self.outline.screen(id).is_some() => (),
                    Some(id) => self.no_screen(id, INVALID_ROUTING_MODEL, Level::Error, &at),
                    None => {
                        let problem =
                            format_args!("is {}; it must be a screen's id", described(target));
                        self.found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
                    }
                }
            }
        }
    }
}

fn check_model_is_complete(
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    found: &mut Collector,
) {
    let screens = Place::WHOLE.key("screens");
    let is_missing =
        |screen: &&ScreenOutline<'_>| routes.lack(screen.id) && !routes.is_renamed(screen.id);
    for screen in outline.screens.iter().filter(is_missing) {
        let problem = format_args!(
            "screen {} is missing in the routing model: the phone could never show it",
            quoted(screen.id)
        );
        found.error(&screens.item(screen.number).key("id"), Some(INVALID_ROUTING_MODEL), problem);
    }
}

/// Counts targets as written: a target listed twice is two branches.
fn check_branches(
    document: &Map<String, Value>,
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    at: &Place<'_>,
    found: &mut Collector,
) {
    for screen in &outline.screens {
        let written = document
            .get("routing_model")
            .and_then(|model| model.get(screen.id))
            .and_then(Value::as_array);
        let branches = written.map_or_else(|| routes.from(screen.id).len(), Vec::len);
        if branches > MAX_BRANCHES {
            let problem = format_args!("has {branches} branches; the most is {MAX_BRANCHES}");
            found.error(&at.key(screen.id), Some(INVALID_ROUTING_MODEL), problem);
        }
    }
}

/// Reports routes that lead back to their start. Searches depth first, without recursion.
fn check_loops(
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    at: &Place<'_>,
    found: &mut Collector,
) {
    let (mut done, mut on_the_way) = (HashSet::new(), HashSet::new());
    for screen in &outline.screens {
        let mut way: Vec<(&str, usize)> = Vec::new();
        if !done.contains(screen.id) {
            on_the_way.insert(screen.id);
            way.push((screen.id, 0));
        }
        while let Some((id, next)) = way.pop() {
            let Some((target, number)) = routes.from(id).get(next) else {
                on_the_way.remove(id);
                done.insert(id);
                continue;
            };
            way.push((id, next + 1));
            if on_the_way.contains(target) {
                let problem = format_args!(
                    "leads back to {}: a routing model has no loops, the phone goes back by itself",
                    quoted(target)
                );
                found.error(&at.key(id).item(*number), Some(INVALID_ROUTING_MODEL), problem);
            } else if !done.contains(target) {
                on_the_way.insert(target);
                way.push((target, 0));
            }
        }
    }
}

/// Checks that there is an entry screen.
fn check_entries(
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    version: Version,
    at: &Place<'_>,
    found: &mut Collector,
) {
    if !outline.screens.iter().any(|screen| routes.begin_with(screen.id)) {
        let problem = format_args!(
            "there is no entry screen, which the flow could begin with: each is the target of a route"
        );
        // WhatsApp doesn't check this in these versions.
        let unseen = version >= Version(6, 3) && version < NAVIGATION_COUNTS_SINCE;
        let level = if unseen { Level::Note } else { Level::Error };
        found.add(level, at, Some(INVALID_ROUTING_MODEL), problem);
    } else if version >= NAVIGATION_COUNTS_SINCE {
        let led_to: HashSet<&str> = outline.screens.iter().flat_map(destinations).collect();
        let begins = |screen: &ScreenOutline<'_>| {
            routes.begin_with(screen.id) && !led_to.contains(screen.id)
        };
        if !outline.screens.iter().any(begins) {
            let problem = format_args!(
                "there is no entry screen, which the flow could begin with: each is the target of a route or, which counts from 7.3 on, of \
                 an action navigate; the phone goes back by itself"
            );
            found.error(at, Some(INVALID_ROUTING_MODEL), problem);
        }
    }
}

/// Checks that all screens are connected. Screens that are connected with each other alone are one
/// finding.
fn check_connections(
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    ways: &[(&str, &str)],
    found: &mut Collector,
) {
    let Some(first) = outline.screens.first() else { return };
    let (screens, neighbours) = (Place::WHOLE.key("screens"), neighbours(routes));
    let mut connected = connected_with(first.id, &neighbours);
    for screen in &outline.screens {
        if !routes.know(screen.id) || connected.contains(screen.id) {
            continue;
        }
        let island = connected_with(screen.id, &neighbours);
        let and_more = fmt::from_fn(|f| match island.len() - 1 {
            0 => Ok(()),
            1 => f.write_str(" and a screen that follows"),
            more => write!(f, " and {more} screens that follow"),
        });
        let problem = format_args!(
            "no way connects {}{and_more} with {}: all screens must be connected",
            quoted(screen.id),
            quoted(first.id)
        );
        let at = screens.item(screen.number);
        let (at, name) = (at.key("id"), Some(INVALID_ROUTING_MODEL));
        // An action that leads there without a route has the same cause.
        let leads_there = |way: &&(&str, &str)| island.contains(way.1) && !island.contains(way.0);
        match ways.iter().find(leads_there) {
            Some((from, to)) => {
                found.add_once(Cause::NoRoute(from, to), Level::Error, &at, name, problem);
            }
            None => found.error(&at, name, problem),
        }
        connected.extend(island);
    }
}

/// Where a screen's actions lead, except to the screen itself, which is reported elsewhere.
/// WhatsApp ignores screens with a NavigationList.
fn destinations<'s, 'a>(
    screen: &'s ScreenOutline<'a>,
) -> impl Iterator<Item = &'a str> + use<'s, 'a> {
    // A component of no known kind may be one too.
    let is_list = screen.has_navigation_list || screen.has_unknown;
    screen.destinations.iter().copied().filter(move |id| *id != screen.id && !is_list)
}

/// The screens at the other ends of each screen's routes, in either direction.
fn neighbours<'a>(routes: &WrittenRoutes<'a>) -> HashMap<&'a str, Vec<&'a str>> {
    let mut neighbours: HashMap<&str, Vec<&str>> = HashMap::new();
    for (source, targets) in &routes.targets {
        for (target, _) in targets {
            neighbours.entry(source).or_default().push(target);
            neighbours.entry(target).or_default().push(source);
        }
    }
    neighbours
}

/// The screens that routes connect with this one, itself included.
fn connected_with<'a>(
    first: &'a str,
    neighbours: &HashMap<&'a str, Vec<&'a str>>,
) -> HashSet<&'a str> {
    let (mut connected, mut to_visit) = (HashSet::from([first]), VecDeque::from([first]));
    while let Some(id) = to_visit.pop_front() {
        to_visit.extend(
            neighbours.get(id).into_iter().flatten().copied().filter(|id| connected.insert(*id)),
        );
    }
    connected
}

/// From this version on, a screen that is the target of a `navigate` action is not an entry screen.
const NAVIGATION_COUNTS_SINCE: Version = Version(7, 3);

/// `protocol.md` section 5.
const MAX_BRANCHES: usize = 10;
