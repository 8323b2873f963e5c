//! An index of a document's screens, built before the checks so that resolving a reference is a
//! lookup. It borrows the document and checks nothing.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::check::SCREEN_KEYS;
use super::document::{CASES, CHILDREN, Component, Document, ELSE, Screen, THEN};
use super::kind::{ActionKind, ComponentKind};
use super::meant::is_misspelled;
use super::version::Version;

/// The screens that have an id, in the order of the document, as many as a Flow may have.
pub(crate) struct Outline<'a> {
    pub(crate) screens: Vec<ScreenOutline<'a>>,
    numbers: HashMap<&'a str, usize>,
    /// How many screens have no id of their own, so that others can't name them.
    pub(crate) nameless: usize,
    /// Whether misspelled keys and unknown components are errors, so that what follows from them
    /// need not be reported.
    pub(crate) is_strict: bool,
}

/// What the checks need to know of a screen.
pub(crate) struct ScreenOutline<'a> {
    pub(crate) id: &'a str,
    /// As in the [`Outline`].
    pub(crate) is_strict: bool,
    /// Its index in the document's list.
    pub(crate) number: usize,
    pub(crate) terminal: bool,
    /// False if what it says of being terminal is wrong or misspelled, which is reported.
    pub(crate) terminal_is_clear: bool,
    /// Whether ending here is a success; true if not stated.
    pub(crate) success: bool,
    /// The data that it declares, if any.
    pub(crate) data: Option<&'a Map<String, Value>>,
    /// False if its `data` is no object or is misspelled, which is reported.
    pub(crate) data_is_clear: bool,
    /// Its components by name; the first one if a name occurs twice.
    pub(crate) named: HashMap<&'a str, Component<'a>>,
    /// False if not all components can be found, for a reason that is reported.
    pub(crate) components_are_clear: bool,
    /// False if it may have fields under other names than those, for a reason that is reported.
    pub(crate) fields_are_clear: bool,
    /// Whether a component is of no known kind, which is an error.
    pub(crate) has_unknown: bool,
    /// The targets of its `navigate` actions, without duplicates.
    pub(crate) destinations: Vec<&'a str>,
    pub(crate) has_form: bool,
    pub(crate) has_footer: bool,
    /// Whether an action ends the flow.
    pub(crate) completes: bool,
    /// Whether it says something of success.
    pub(crate) says_success: bool,
    pub(crate) has_navigation_list: bool,
    pub(crate) has_branches: bool,
}

impl<'a> Outline<'a> {
    /// Indexes a document. If an id occurs twice, the first screen counts.
    pub(crate) fn of(document: &'a Document) -> Self {
        let version = document.version().and_then(Version::parse);
        let is_strict = version.is_none_or(|version| !version.is_retired() && !version.is_later());
        let screens: Vec<_> = document
            .screens()
            .take_while(|screen| screen.number < MAX_SCREENS)
            .map(|screen| ScreenOutline::of(screen, version, is_strict))
            .collect();
        let mut numbers = HashMap::new();
        for (number, screen) in screens.iter().enumerate() {
            numbers.entry(screen.id).or_insert(number);
        }
        let written =
            document.written().get("screens").and_then(Value::as_array).map_or(0, Vec::len);
        let nameless = written.min(MAX_SCREENS) - numbers.len();
        Self { screens, numbers, nameless, is_strict }
    }

    /// Whether a screen is terminal.
    pub(crate) fn has_terminal(&self) -> bool {
        self.screens.iter().any(|screen| screen.terminal)
    }

    pub(crate) fn screen(&self, id: &str) -> Option<&ScreenOutline<'a>> {
        self.numbers.get(id).map(|number| &self.screens[*number])
    }
}

impl<'a> ScreenOutline<'a> {
    fn of(screen: Screen<'a>, version: Option<Version>, is_strict: bool) -> Self {
        let components = screen.all_components();
        let mut named = HashMap::new();
        let written = screen.written();
        let is_misspelled = |name: &str| is_strict && is_misspelled(written, &SCREEN_KEYS, name);
        let mut components_are_clear = match written.get("layout") {
            Some(layout) => layout.get(CHILDREN).is_some_and(is_list),
            // Before 6.0 a screen may do without.
            None => {
                version.is_some_and(|version| version < Version(6, 0)) && !is_misspelled("layout")
            }
        };
        let mut names_are_clear = true;
        for component in &components {
            let name = component.field_name();
            let is_twice = name.is_some_and(|name| named.contains_key(name));
            if let Some(name) = name {
                named.entry(name).or_insert(*component);
            }
            let lacks_name = name.is_none() && component.field().is_some();
            names_are_clear &= !is_twice && !lacks_name;
            components_are_clear &= lists_are_clear(*component);
        }
        let mut known = HashSet::new();
        let (mut destinations, mut completes) = (Vec::new(), false);
        for action in components.iter().flat_map(|component| component.actions()) {
            match action.kind() {
                Some(ActionKind::Navigate) => {
                    destinations.extend(action.next().filter(|id| known.insert(*id)));
                }
                Some(ActionKind::Complete) => completes = true,
                _ => (),
            }
        }
        let has_unknown = components.iter().skip(1).any(|component| component.kind().is_none());
        let kinds: HashSet<ComponentKind> =
            components.iter().filter_map(|component| component.kind()).collect();
        let has = |kind: ComponentKind| kinds.contains(&kind);
        Self {
            id: screen.id,
            is_strict,
            number: screen.number,
            terminal: screen.is_terminal(),
            terminal_is_clear: written.get("terminal").is_none_or(Value::is_boolean)
                && !is_misspelled("terminal"),
            success: screen.is_success(),
            data: screen.data(),
            data_is_clear: written.get("data").is_none_or(Value::is_object)
                && !is_misspelled("data"),
            named,
            components_are_clear: components_are_clear || !is_strict,
            fields_are_clear: (components_are_clear && names_are_clear) || !is_strict,
            has_unknown: has_unknown && is_strict,
            destinations,
            has_form: has(ComponentKind::Form),
            has_footer: has(ComponentKind::Footer),
            completes,
            says_success: written.contains_key("success"),
            has_navigation_list: has(ComponentKind::NavigationList),
            has_branches: has(ComponentKind::If) || has(ComponentKind::Switch),
        }
    }
}

/// False if a component's lists of components are wrong or misspelled, which is reported. Those of
/// a component of no known kind are not looked at.
fn lists_are_clear(component: Component<'_>) -> bool {
    let has = |name: &str| component.member(name).is_some_and(is_list);
    match component.kind() {
        Some(ComponentKind::Form) => has(CHILDREN),
        Some(ComponentKind::If) => {
            has(THEN)
                && component.member(ELSE).is_none_or(is_list)
                && !is_misspelled(component.written(), &[THEN, ELSE], ELSE)
        }
        Some(ComponentKind::Switch) => {
            let cases = component.member(CASES).and_then(Value::as_object);
            cases.is_some_and(|cases| cases.values().all(is_list))
        }
        _ => true,
    }
}

fn is_list(components: &Value) -> bool {
    components.as_array().is_some_and(|components| components.iter().all(Value::is_object))
}

/// The most screens that a Flow may have (`protocol.md` section 5). It keeps work per pair of
/// screens small.
pub(crate) const MAX_SCREENS: usize = 100;
