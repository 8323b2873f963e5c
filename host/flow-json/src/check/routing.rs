//! Checks the routing model, and where `navigate` actions lead in addition to it.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use crate::finding::{Collector, Level};
use crate::names::{INVALID_PROPERTY_TYPE, INVALID_ROUTING_MODEL};
use crate::outline::{Outline, ScreenOutline};
use crate::place::{Place, quoted};
use crate::routes::WrittenRoutes;
use crate::schema::described;
use crate::version::Version;

/// Checks the routes between the screens. There must be at least one screen.
pub(super) fn check_routes(
    document: &Map<String, Value>,
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    version: Version,
    found: &mut Collector,
) {
    let at = Place::WHOLE.key("routing_model");
    match document.get("routing_model") {
        None => (),
        Some(Value::Object(model)) => {
            check_model(model, outline, &at, found);
            check_model_is_complete(outline, routes, found);
            check_loops(outline, routes, &at, found);
        }
        Some(other) => {
            let problem = format_args!("is {}; a routing model is an object", described(other));
            found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
            return;
        }
    }
    check_branches(document, outline, routes, &at, found);
    // Without a routing model, a NavigationList may lead to every screen, because its entries can
    // come with the data.
    if document.contains_key("routing_model")
        || !outline.screens.iter().any(|screen| screen.has_navigation_list)
    {
        check_entries_and_connections(outline, routes, version, &at, found);
    }
}

fn check_model(
    model: &Map<String, Value>,
    outline: &Outline<'_>,
    at: &Place<'_>,
    found: &mut Collector,
) {
    let unknown = |id: &str, at: &Place<'_>, found: &mut Collector| {
        found.error(
            at,
            Some(INVALID_ROUTING_MODEL),
            format_args!("there is no screen {}", quoted(id)),
        );
    };
    for (source, list) in model {
        let at = at.key(source);
        if outline.screen(source).is_none() {
            unknown(source, &at, found);
            continue;
        }
        let Some(list) = list.as_array() else {
            let problem = format_args!("is {}; it must be a list of screen ids", described(list));
            found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
            continue;
        };
        for (number, target) in list.iter().enumerate() {
            let at = at.item(number);
            match target.as_str() {
                Some(id) if outline.screen(id).is_some() => (),
                Some(id) => unknown(id, &at, found),
                None => {
                    let problem =
                        format_args!("is {}; it must be a screen's id", described(target));
                    found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
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
    for screen in outline.screens.iter().filter(|screen| !routes.know(screen.id)) {
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

/// Checks that there is an entry screen and that all screens are connected.
fn check_entries_and_connections(
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
        found.add(
            if unseen { Level::Note } else { Level::Error },
            at,
            Some(INVALID_ROUTING_MODEL),
            problem,
        );
    } else if version >= NAVIGATION_COUNTS_SINCE {
        let led_to: HashSet<&str> = outline.screens.iter().flat_map(destinations).collect();
        if !outline
            .screens
            .iter()
            .any(|screen| routes.begin_with(screen.id) && !led_to.contains(screen.id))
        {
            let problem = format_args!(
                "there is no entry screen, which the flow could begin with: each is the target of a route or, which counts from 7.3 on, of \
                 an action navigate; the phone goes back by itself"
            );
            found.error(at, Some(INVALID_ROUTING_MODEL), problem);
        }
    }
    let Some(first) = outline.screens.first() else { return };
    let (screens, connected) = (Place::WHOLE.key("screens"), connected_with(first, routes));
    for screen in outline
        .screens
        .iter()
        .filter(|screen| routes.know(screen.id) && !connected.contains(screen.id))
    {
        let problem = format_args!(
            "no way connects {} with {}: all screens must be connected",
            quoted(screen.id),
            quoted(first.id)
        );
        found.error(&screens.item(screen.number).key("id"), Some(INVALID_ROUTING_MODEL), problem);
    }
}

/// Where a screen's actions lead, except to the screen itself, which is reported elsewhere.
/// WhatsApp ignores screens with a NavigationList.
fn destinations<'s, 'a>(
    screen: &'s ScreenOutline<'a>,
) -> impl Iterator<Item = &'a str> + use<'s, 'a> {
    screen.destinations.iter().copied().filter(|id| *id != screen.id && !screen.has_navigation_list)
}

/// The screens that routes connect with this one, in either direction.
fn connected_with<'a>(first: &ScreenOutline<'a>, routes: &WrittenRoutes<'a>) -> HashSet<&'a str> {
    let mut neighbours: HashMap<&str, Vec<&str>> = HashMap::new();
    for (source, targets) in &routes.targets {
        for (target, _) in targets {
            neighbours.entry(source).or_default().push(target);
            neighbours.entry(target).or_default().push(source);
        }
    }
    let (mut connected, mut to_visit) = (HashSet::from([first.id]), VecDeque::from([first.id]));
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
