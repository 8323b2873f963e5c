//! What the screens of a document have, before any of it is checked: read once, so that each reference is a look-up later. It borrows the
//! document and judges nothing.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

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
    pub(crate) named: HashMap<&'a str, &'a Map<String, Value>>,
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
    pub(crate) fn of(document: &'a Map<String, Value>) -> Self {
        let written = document.get("screens").and_then(Value::as_array).into_iter().flatten();
        let screens: Vec<_> =
            written.take(MAX_SCREENS).enumerate().filter_map(|(number, screen)| ScreenOutline::of(screen, number)).collect();
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
    fn of(screen: &'a Value, number: usize) -> Option<Self> {
        let id = screen.get("id")?.as_str()?;
        let flag = |name: &str| screen.get(name).and_then(Value::as_bool);
        let mut walk = Walk::default();
        if let Some(layout) = screen.get("layout").and_then(Value::as_object) {
            walk.component(layout);
        }
        Some(Self {
            id,
            number,
            terminal: flag("terminal").unwrap_or(false),
            success: flag("success").unwrap_or(true),
            data: screen.get("data").and_then(Value::as_object),
            named: walk.named,
            destinations: walk.destinations,
            has_form: walk.types.contains("Form"),
            has_footer: walk.types.contains("Footer"),
            has_navigation_list: walk.types.contains("NavigationList"),
            has_branches: walk.types.contains("If") || walk.types.contains("Switch"),
        })
    }
}

/// On the way through a screen's components. The document is at most 128 levels deep, and so is this.
#[derive(Default)]
struct Walk<'a> {
    named: HashMap<&'a str, &'a Map<String, Value>>,
    types: HashSet<&'a str>,
    destinations: Vec<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> Walk<'a> {
    /// A layout is none, and is read as one: it has `children` too.
    fn component(&mut self, component: &'a Map<String, Value>) {
        let text = |name: &str| component.get(name).and_then(Value::as_str);
        self.types.extend(text("type"));
        // The name of a Form is not that of a field.
        if let Some(name) = text("name").filter(|_| text("type") != Some("Form")) {
            self.named.entry(name).or_insert(component);
        }
        self.destination(component);
        let items = component.get("list-items").and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_object).for_each(|item| self.destination(item));
        for list in BRANCHES.iter().filter_map(|name| component.get(*name)) {
            self.components(list);
        }
        component.get("cases").and_then(Value::as_object).into_iter().flat_map(Map::values).for_each(|case| self.components(case));
    }

    fn components(&mut self, list: &'a Value) {
        list.as_array().into_iter().flatten().filter_map(Value::as_object).for_each(|component| self.component(component));
    }

    fn destination(&mut self, component: &'a Map<String, Value>) {
        let Some(action) = component.get("on-click-action").filter(|action| action["name"] == "navigate") else { return };
        if let Some(id) = action["next"]["name"].as_str().filter(|id| self.known.insert(id)) {
            self.destinations.push(id);
        }
    }
}

/// The most that a Flow may have (`protocol.md` section 5): with it, what is done for each pair of screens stays small.
pub(crate) const MAX_SCREENS: usize = 100;

/// The lists of components that a component can have, beside the cases of a `Switch`.
const BRANCHES: [&str; 3] = ["children", "then", "else"];
