//! Which screen may follow which.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use super::finding::{Collector, Pointer, quoted};
use super::names::{INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME, INVALID_PROPERTY_TYPE, INVALID_ROUTING_MODEL};
use super::schema::described;
use super::screen::ReadScreen;

/// The routing model: where each screen leads. Where the document has none, its `navigate` actions are the routes, as Meta has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Routes {
    targets: HashMap<String, Vec<String>>,
    inbound: HashSet<String>,
}

impl Routes {
    fn of(targets: HashMap<String, Vec<String>>) -> Self {
        let inbound = targets.values().flatten().cloned().collect();
        Self { targets, inbound }
    }

    /// Whether the screen occurs in it, at whichever end of a route.
    pub(super) fn know(&self, screen: &str) -> bool {
        self.targets.contains_key(screen) || self.inbound.contains(screen)
    }

    /// Whether there is a route from one to the other.
    pub(super) fn lead(&self, from: &str, to: &str) -> bool {
        self.from(from).iter().any(|target| target == to)
    }

    /// Where a screen leads.
    fn from(&self, screen: &str) -> &[String] {
        self.targets.get(screen).map_or(&[], Vec::as_slice)
    }

    /// Whether no route leads there: a flow can begin with it.
    pub(super) fn begin_with(&self, screen: &str) -> bool {
        self.know(screen) && !self.inbound.contains(screen)
    }
}

/// Reads the routing model, and checks it against the screens.
pub(super) fn read_routes(document: &Map<String, Value>, screens: &[ReadScreen], found: &mut Collector) -> Routes {
    let at = Pointer::default().key("routing_model");
    check_navigations(screens, found);
    let routes = match document.get("routing_model") {
        None => generated(screens),
        Some(Value::Object(model)) => {
            let (mut targets, places) = read_model(model, &at, screens, found);
            // One screen alone has no routes; Meta takes an empty model then, and many of its examples have one.
            if let [only] = screens {
                targets.entry(only.screen.id.clone()).or_default();
            }
            let routes = Routes::of(targets);
            check_model_is_complete(&routes, screens, found);
            check_loops(&routes, screens, &places, found);
            routes
        }
        Some(other) => {
            found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; a routing model is an object", described(other)));
            return generated(screens);
        }
    };
    check_branches(&routes, screens, found);
    check_entry_and_connections(&routes, screens, found);
    routes
}

/// Each screen's `navigate` actions as routes.
fn generated(screens: &[ReadScreen]) -> Routes {
    let ids = ids(screens);
    let targets = |read: &ReadScreen| {
        let mut seen = HashSet::new();
        let targets = read.navigations.iter().map(|(_, target)| target);
        targets.filter(|target| ids.contains(target.as_str()) && seen.insert(*target)).cloned().collect()
    };
    Routes::of(screens.iter().map(|read| (read.screen.id.clone(), targets(read))).collect())
}

/// Where a route from one screen to another stands.
type Places = HashMap<(String, String), Pointer>;

/// The routes between screens that there are, each once.
fn read_model(
    model: &Map<String, Value>,
    at: &Pointer,
    screens: &[ReadScreen],
    found: &mut Collector,
) -> (HashMap<String, Vec<String>>, Places) {
    let ids = ids(screens);
    let (mut routes, mut places) = (HashMap::new(), Places::new());
    for (source, list) in model {
        let at = at.key(source);
        if !ids.contains(source.as_str()) {
            found.add(&at, Some(INVALID_ROUTING_MODEL), format!("there is no screen {}", quoted(source)));
            continue;
        }
        let Some(list) = list.as_array() else {
            found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; it must be a list of screen ids", described(list)));
            continue;
        };
        let mut targets = Vec::new();
        for (number, target) in list.iter().enumerate() {
            let at = at.item(number);
            match target.as_str() {
                Some(id) if ids.contains(id) => {
                    if places.insert((source.clone(), id.to_owned()), at).is_none() {
                        targets.push(id.to_owned());
                    }
                }
                Some(id) => found.add(&at, Some(INVALID_ROUTING_MODEL), format!("there is no screen {}", quoted(id))),
                None => found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; it must be a screen's id", described(target))),
            }
        }
        routes.insert(source.clone(), targets);
    }
    (routes, places)
}

fn check_model_is_complete(routes: &Routes, screens: &[ReadScreen], found: &mut Collector) {
    for read in screens {
        let id = &read.screen.id;
        if !routes.know(id) {
            let message = format!("screen {} is missing in the routing model: the phone could never show it", quoted(id));
            found.add(&read.at.key("id"), Some(INVALID_ROUTING_MODEL), message);
        }
        for (at, target) in read.navigations.iter().filter(|(_, target)| routes.know(target) && target != id) {
            if !routes.lead(id, target) {
                let message = format!("leads to {}, but the routing model has no route there from {}", quoted(target), quoted(id));
                found.add(at, Some(INVALID_ROUTING_MODEL), message);
            }
        }
    }
}

fn check_navigations(screens: &[ReadScreen], found: &mut Collector) {
    let ids = ids(screens);
    for read in screens {
        for (at, target) in &read.navigations {
            let message = match target {
                target if *target == read.screen.id => format!("leads to its own screen, {}", quoted(target)),
                target if !ids.contains(target.as_str()) => format!("there is no screen {}", quoted(target)),
                _ => continue,
            };
            found.add(at, Some(INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME), message);
        }
    }
}

fn check_branches(routes: &Routes, screens: &[ReadScreen], found: &mut Collector) {
    for read in screens {
        let branches = routes.from(&read.screen.id).len();
        if branches > MAX_BRANCHES {
            let at = Pointer::default().key("routing_model").key(&read.screen.id);
            found.add(&at, Some(INVALID_ROUTING_MODEL), format!("has {branches} branches; the most is {MAX_BRANCHES}"));
        }
    }
}

/// Routes that lead back to where they came from. Depth first, without recursion.
fn check_loops(routes: &Routes, screens: &[ReadScreen], places: &Places, found: &mut Collector) {
    let (mut done, mut on_the_way) = (HashSet::new(), HashSet::new());
    for read in screens {
        let mut way: Vec<(&str, usize)> = Vec::new();
        if !done.contains(read.screen.id.as_str()) {
            on_the_way.insert(read.screen.id.as_str());
            way.push((&read.screen.id, 0));
        }
        while let Some((id, next)) = way.pop() {
            let Some(target) = routes.from(id).get(next) else {
                on_the_way.remove(id);
                done.insert(id);
                continue;
            };
            way.push((id, next + 1));
            if on_the_way.contains(target.as_str()) {
                let message =
                    format!("leads back to {}: a routing model has no loops, the phone goes back by itself", quoted(target));
                let place = places.get(&(id.to_owned(), target.clone())).cloned().unwrap_or_default();
                found.add(&place, Some(INVALID_ROUTING_MODEL), message);
            } else if !done.contains(target.as_str()) {
                on_the_way.insert(target);
                way.push((target, 0));
            }
        }
    }
}

/// One screen that nothing leads to, and a way from it to every other.
fn check_entry_and_connections(routes: &Routes, screens: &[ReadScreen], found: &mut Collector) {
    let mut entries = screens.iter().filter(|read| routes.begin_with(&read.screen.id));
    let Some(entry) = entries.next() else {
        if !screens.is_empty() {
            let message = "there is no entry screen: each screen is the target of a route";
            found.add(&Pointer::default().key("routing_model"), Some(INVALID_ROUTING_MODEL), message);
        }
        return;
    };
    for other in entries.filter(|other| other.screen.id != entry.screen.id) {
        let (id, first) = (quoted(&other.screen.id), quoted(&entry.screen.id));
        let message = format!("no route leads to {id}: it would be a second entry screen beside {first}");
        found.add(&other.at.key("id"), Some(INVALID_ROUTING_MODEL), message);
    }
    let reached = reached_from(&entry.screen.id, routes);
    for read in screens {
        let id = &read.screen.id;
        if routes.know(id) && !reached.contains(id.as_str()) && !routes.begin_with(id) {
            let message = format!("no way leads from the entry screen {} to {}", quoted(&entry.screen.id), quoted(id));
            found.add(&read.at.key("id"), Some(INVALID_ROUTING_MODEL), message);
        }
    }
}

fn reached_from<'a>(entry: &'a str, routes: &'a Routes) -> HashSet<&'a str> {
    let (mut reached, mut to_visit) = (HashSet::from([entry]), VecDeque::from([entry]));
    while let Some(id) = to_visit.pop_front() {
        for target in routes.from(id) {
            if reached.insert(target) {
                to_visit.push_back(target);
            }
        }
    }
    reached
}

fn ids(screens: &[ReadScreen]) -> HashSet<&str> {
    screens.iter().map(|read| read.screen.id.as_str()).collect()
}

/// `protocol.md` section 5.
const MAX_BRANCHES: usize = 10;
