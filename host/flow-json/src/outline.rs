//! An index of a document's screens, built before the checks so that resolving a reference is a
//! lookup. It borrows the document and checks nothing.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::document::{Action, Component, Document, Screen};
use super::kind::{ActionKind, ComponentKind};

/// The screens that have an id, in the order of the document, as many as a Flow may have.
pub(crate) struct Outline<'a> {
    pub(crate) screens: Vec<ScreenOutline<'a>>,
    numbers: HashMap<&'a str, usize>,
}

/// What the checks need to know of a screen.
pub(crate) struct ScreenOutline<'a> {
    pub(crate) id: &'a str,
    /// Its index in the document's list.
    pub(crate) number: usize,
    pub(crate) terminal: bool,
    /// Whether ending here is a success; true if not stated.
    pub(crate) success: bool,
    /// The data that it declares, if any.
    pub(crate) data: Option<&'a Map<String, Value>>,
    /// Its components by name; the first one if a name occurs twice.
    pub(crate) named: HashMap<&'a str, Component<'a>>,
    /// The targets of its `navigate` actions, without duplicates.
    pub(crate) destinations: Vec<&'a str>,
    pub(crate) has_form: bool,
    pub(crate) has_footer: bool,
    pub(crate) has_navigation_list: bool,
    pub(crate) has_branches: bool,
}

impl<'a> Outline<'a> {
    /// Indexes a document. If an id occurs twice, the first screen counts.
    pub(crate) fn of(document: &'a Document) -> Self {
        let screens: Vec<_> = document
            .screens()
            .take_while(|screen| screen.number < MAX_SCREENS)
            .map(ScreenOutline::of)
            .collect();
        let mut numbers = HashMap::new();
        for (number, screen) in screens.iter().enumerate() {
            numbers.entry(screen.id).or_insert(number);
        }
        Self { screens, numbers }
    }

    pub(crate) fn screen(&self, id: &str) -> Option<&ScreenOutline<'a>> {
        self.numbers.get(id).map(|number| &self.screens[*number])
    }
}

impl<'a> ScreenOutline<'a> {
    fn of(screen: Screen<'a>) -> Self {
        let components = screen.all_components();
        let mut named = HashMap::new();
        for component in &components {
            if let Some(name) = component.field_name() {
                named.entry(name).or_insert(*component);
            }
        }
        let mut known = HashSet::new();
        let actions = components.iter().flat_map(|component| component.actions());
        let leading = actions.filter(|action| action.kind() == Some(ActionKind::Navigate));
        let destinations =
            leading.filter_map(Action::next).filter(|id| known.insert(*id)).collect();
        let kinds: HashSet<ComponentKind> =
            components.iter().filter_map(|component| component.kind()).collect();
        let has = |kind: ComponentKind| kinds.contains(&kind);
        Self {
            id: screen.id,
            number: screen.number,
            terminal: screen.is_terminal(),
            success: screen.is_success(),
            data: screen.data(),
            named,
            destinations,
            has_form: has(ComponentKind::Form),
            has_footer: has(ComponentKind::Footer),
            has_navigation_list: has(ComponentKind::NavigationList),
            has_branches: has(ComponentKind::If) || has(ComponentKind::Switch),
        }
    }
}

/// The most screens that a Flow may have (`protocol.md` section 5). It keeps work per pair of
/// screens small.
pub(crate) const MAX_SCREENS: usize = 100;
