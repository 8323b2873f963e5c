//! What the screens of a document have, before any of it is checked: read once, so that each reference is a look-up later. It borrows the
//! document and judges nothing.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::document::{Action, Component, Document, Screen};
use super::kind::{ActionKind, ComponentKind};

/// The screens that have an id, in the order of the document; of more than a Flow may have, the first.
pub(crate) struct Outline<'a> {
    pub(crate) screens: Vec<ScreenOutline<'a>>,
    numbers: HashMap<&'a str, usize>,
}

/// What a screen has.
pub(crate) struct ScreenOutline<'a> {
    pub(crate) id: &'a str,
    /// Its number in the document.
    pub(crate) number: usize,
    pub(crate) terminal: bool,
    /// Whether ending here is a success; true where it isn't said.
    pub(crate) success: bool,
    /// What it declares as its data, if anything.
    pub(crate) data: Option<&'a Map<String, Value>>,
    /// Its components that have a name, by it: the first of each.
    pub(crate) named: HashMap<&'a str, Component<'a>>,
    /// The screens that its `navigate` actions lead to, each once.
    pub(crate) destinations: Vec<&'a str>,
    pub(crate) has_form: bool,
    pub(crate) has_footer: bool,
    pub(crate) has_navigation_list: bool,
    /// Whether it has an `If` or a `Switch`.
    pub(crate) has_branches: bool,
}

impl<'a> Outline<'a> {
    /// Looks through a document. Where an id occurs twice, the first screen counts.
    pub(crate) fn of(document: &'a Document) -> Self {
        let screens: Vec<_> = document.screens().take_while(|screen| screen.number < MAX_SCREENS).map(ScreenOutline::of).collect();
        let mut numbers = HashMap::new();
        for (number, screen) in screens.iter().enumerate() {
            numbers.entry(screen.id).or_insert(number);
        }
        Self { screens, numbers }
    }

    /// The screen of that id.
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
        let destinations = leading.filter_map(Action::next).filter(|id| known.insert(*id)).collect();
        let kinds: HashSet<ComponentKind> = components.iter().filter_map(|component| component.kind()).collect();
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

/// The most that a Flow may have (`protocol.md` section 5): with it, what is done for each pair of screens stays small.
pub(crate) const MAX_SCREENS: usize = 100;
