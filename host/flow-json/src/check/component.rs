//! Checks the components of a screen: their kinds, places, number and members.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::table::{Areas, COMPONENTS, Row, Takes};
use super::{Checker, Scope};
use crate::document::{Action, ON_CLICK};
use crate::finding::Level;
use crate::kind::{ActionKind, ComponentKind, Field};
use crate::meant::meant;
use crate::names::{
    COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN, COMPONENTS_OUTSIDE_FORM, DUPLICATE_FORM_COMPONENT_NAMES,
    INVALID_COMPONENT_PLACEMENT, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE,
    INVALID_RICHTEXT_PLACEMENT, INVALID_TYPE_PROPERTY_VALUE, MAX_ALLOWED_COMPONENTS_PER_SCREEN,
    MAXIMUM_IF_NESTING, MISSING_FOOTER_IN_IF_ELSE_BRANCHES, MISSING_FOOTER_IN_SWITCH_BRANCHES,
    MISSING_REQUIRED_TYPE_PROPERTY, PATTERN_MISMATCH,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::{FOOTER_DUE_SINCE, Version};

/// The place of a list of components.
#[derive(Clone, Copy)]
pub(super) struct Spot<'s, 'a> {
    pub(super) scope: Scope<'s, 'a>,
    pub(super) area: Areas,
    /// How many `If`s are nested directly in each other here.
    pub(super) ifs: usize,
}

/// Counts a screen's components during the check.
#[derive(Default)]
pub(super) struct Tally<'a> {
    names: HashSet<&'a str>,
    /// All components but Forms, those of all branches included.
    components: usize,
    forms: usize,
    /// The most of each kind that can be visible at once: of branches, the one with the most
    /// counts.
    at_once: Counts,
    rich_texts: usize,
    navigation_lists: usize,
    footers: usize,
}

type Counts = [usize; ComponentKind::COUNT];

impl<'a> Checker<'_, 'a> {
    /// Checks a list of components.
    pub(super) fn components(
        &mut self,
        list: &'a Value,
        spot: Spot<'_, 'a>,
        tally: &mut Tally<'a>,
        at: &Place<'_>,
    ) {
        let Value::Array(components) = list else {
            let problem = format_args!("is {}; it must be a list of components", described(list));
            self.wrong(at, INVALID_PROPERTY_TYPE, problem);
            return;
        };
        for (number, component) in components.iter().enumerate() {
            let at = at.item(number);
            match component {
                Value::Object(members) => self.component(members, spot, tally, &at),
                other => {
                    self.wrong(
                        &at,
                        INVALID_PROPERTY_TYPE,
                        format_args!("is {}; a component is an object", described(other)),
                    );
                }
            }
        }
    }

    fn component(
        &mut self,
        members: &'a Map<String, Value>,
        spot: Spot<'_, 'a>,
        tally: &mut Tally<'a>,
        at: &Place<'_>,
    ) {
        let Some(kind) = self.kind(members, at) else { return };
        let row = Row::of(kind);
        self.stands_right(row, spot, at);
        self.counted(row, spot, tally, at);
        self.named_once(members, kind, tally, at);
        let inside =
            Scope { in_form: spot.scope.in_form || kind == ComponentKind::Form, ..spot.scope };
        self.members(members, row.keys, "type", format_args!("{}", kind.name()), spot.scope, at);
        self.special(members, kind, inside, at);
        if kind == ComponentKind::Footer && tally.footers == 1 && spot.scope.screen.terminal {
            self.check_last_footer(members, at);
        }
        let spot = Spot {
            scope: inside,
            ifs: if kind == ComponentKind::If { spot.ifs + 1 } else { 0 },
            ..spot
        };
        self.components_inside(members, row, spot, tally, at);
    }

    /// Checks the lists of components in a component. Only one branch is visible at a time.
    fn components_inside(
        &mut self,
        members: &'a Map<String, Value>,
        row: &Row,
        spot: Spot<'_, 'a>,
        tally: &mut Tally<'a>,
        at: &Place<'_>,
    ) {
        let before = tally.at_once;
        let (mut most, mut branches, mut with_footer) = (before, 0, 0);
        let mut list = |checker: &mut Self, list: &'a Value, area: Areas, at: &Place<'_>| {
            tally.at_once = before;
            checker.components(list, Spot { area, ..spot }, tally, at);
            most.iter_mut().zip(tally.at_once).for_each(|(most, count)| *most = count.max(*most));
            branches += 1;
            with_footer += usize::from(tally.at_once[FOOTER] > before[FOOTER]);
        };
        for key in row.keys {
            let Some(value) = members.get(key.name) else { continue };
            let at = at.key(key.name);
            match (key.takes, value) {
                (Takes::Components(area), _) => list(self, value, area, &at),
                (Takes::Cases, Value::Object(cases)) => {
                    self.check_cases(cases, &at);
                    cases
                        .iter()
                        .for_each(|(name, case)| list(self, case, Areas::CASE, &at.key(name)));
                }
                (Takes::Cases, other) => {
                    let problem = format_args!(
                        "is {}; it must be an object with a list of components for each value",
                        described(other)
                    );
                    self.wrong(&at, INVALID_PROPERTY_TYPE, problem);
                }
                _ => (),
            }
        }
        tally.at_once = most;
        let is_if = row.kind == ComponentKind::If;
        let branches = if is_if { 2 } else { branches };
        let screen = spot.scope.screen;
        let are_known = screen.components_are_clear && !screen.has_unknown;
        if with_footer > 0 && with_footer < branches && are_known {
            let problem = format_args!(
                "has a Footer in one branch and none in another: Meta's reference asks for one in each"
            );
            self.found.note(
                at,
                Some(if is_if {
                    MISSING_FOOTER_IN_IF_ELSE_BRANCHES
                } else {
                    MISSING_FOOTER_IN_SWITCH_BRANCHES
                }),
                problem,
            );
        }
    }

    /// The component's kind, if it is known.
    fn kind(&mut self, members: &'a Map<String, Value>, at: &Place<'_>) -> Option<ComponentKind> {
        let Some(kind) = members.get("type") else {
            self.actions_are_clear &= self.level == Level::Note;
            self.wrong(
                at,
                MISSING_REQUIRED_TYPE_PROPERTY,
                format_args!("lacks its `type`, for example \"TextBody\""),
            );
            return None;
        };
        let at = at.key("type");
        let Some(kind) = kind.as_str() else {
            self.actions_are_clear &= self.level == Level::Note;
            self.wrong(
                &at,
                INVALID_PROPERTY_TYPE,
                format_args!("is {}; a type is a text", described(kind)),
            );
            return None;
        };
        let known = ComponentKind::named(kind);
        match known.map(Row::of) {
            Some(row) if self.version < row.since => {
                let (since, version) = (row.since, self.version);
                let problem = format_args!(
                    "{kind} is there from version {since} on; this document is of version {version}"
                );
                self.wrong(&at, INVALID_TYPE_PROPERTY_VALUE, problem);
            }
            Some(_) => (),
            None => {
                // A later version may have it.
                let level = if self.version.is_later() { Level::Note } else { self.level };
                self.actions_are_clear &= level == Level::Note;
                let advice = std::fmt::from_fn(|f| {
                    match meant(kind, COMPONENTS.iter().map(|row| row.kind.name())) {
                        Some(meant) => write!(f, "; write {meant}"),
                        None => Ok(()),
                    }
                });
                let problem = format_args!("there is no component {}{advice}", quoted(kind));
                self.found.add(level, &at, Some(INVALID_TYPE_PROPERTY_VALUE), problem);
            }
        }
        known
    }

    fn stands_right(&mut self, row: &'static Row, spot: Spot<'_, 'a>, at: &Place<'_>) {
        let (kind, area) = (row.kind, spot.area);
        let name = kind.name();
        let at = at.key("type");
        let in_branch = area == Areas::BRANCH || area == Areas::CASE;
        if !row.areas.contain(area) || (in_branch && self.version < row.in_branches_since) {
            self.wrong(
                &at,
                INVALID_PROPERTY_VALUE,
                format_args!("{name} can't stand {}", area.described()),
            );
        }
        if kind == ComponentKind::If && spot.ifs >= MAX_NESTED_IFS {
            let problem = format_args!(
                "is an If in {} others; at most {MAX_NESTED_IFS} stand in each other",
                spot.ifs
            );
            self.wrong(&at, MAXIMUM_IF_NESTING, problem);
        }
        if kind.field().is_some() && spot.scope.screen.has_form && !spot.scope.in_form {
            match kind {
                // WhatsApp does not report these.
                ComponentKind::CalendarPicker
                | ComponentKind::ChipsSelector
                | ComponentKind::NavigationList => (),
                _ => self.wrong(
                    &at,
                    COMPONENTS_OUTSIDE_FORM,
                    format_args!(
                        "{name} stands outside of the Form that the screen has; put it inside"
                    ),
                ),
            }
        }
    }

    fn counted(
        &mut self,
        row: &'static Row,
        spot: Spot<'_, 'a>,
        tally: &mut Tally<'a>,
        at: &Place<'_>,
    ) {
        let at = at.key("type");
        let kind = row.kind;
        tally.at_once[kind as usize] += 1;
        match kind {
            ComponentKind::RichText => tally.rich_texts += 1,
            ComponentKind::NavigationList => tally.navigation_lists += 1,
            ComponentKind::Footer => tally.footers += 1,
            ComponentKind::Form => tally.forms += 1,
            _ => (),
        }
        if kind != ComponentKind::Form {
            tally.components += 1;
            if tally.components == MANY_COMPONENTS + 1 {
                self.doubtful(
                    &at,
                    format_args!("is one more than the {MANY_COMPONENTS} components that Meta's reference allows on a screen"),
                );
            }
            if tally.components == MAX_COMPONENTS + 1 {
                let problem = format_args!(
                    "is one more than the {MAX_COMPONENTS} components that a screen may have"
                );
                self.wrong(&at, MAX_ALLOWED_COMPONENTS_PER_SCREEN, problem);
            }
        }
        let count = tally.at_once[kind as usize];
        let pickers = || {
            tally.at_once[ComponentKind::PhotoPicker as usize]
                + tally.at_once[ComponentKind::DocumentPicker as usize]
        };
        if let Some(most) = row.most.filter(|most| count > *most) {
            let name = kind.name();
            let problem =
                format_args!("is {name} number {count} of the screen; the most is {most}");
            self.wrong(&at, COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN, problem);
        } else if kind.field() == Some(Field::Media) && pickers() > 1 {
            let problem =
                format_args!("a screen has one PhotoPicker or one DocumentPicker, not both");
            self.wrong(&at, COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN, problem);
        } else if kind == ComponentKind::Form && count > 1 {
            // WhatsApp counts Forms from 7.0 on, and only on screens without branches.
            let level = if self.version.0 >= 7 && !spot.scope.screen.has_branches {
                self.level
            } else {
                Level::Note
            };
            let problem = format_args!("is Form number {count} of the screen; it may have one");
            self.found.add(level, &at, Some(COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN), problem);
        }
    }

    fn named_once(
        &mut self,
        members: &'a Map<String, Value>,
        kind: ComponentKind,
        tally: &mut Tally<'a>,
        at: &Place<'_>,
    ) {
        let Some(name) =
            members.get("name").and_then(Value::as_str).filter(|_| kind != ComponentKind::Form)
        else {
            return;
        };
        if !tally.names.insert(name) {
            let problem = format_args!(
                "{} is the name of another component of the screen already",
                quoted(name)
            );
            self.wrong(&at.key("name"), DUPLICATE_FORM_COMPONENT_NAMES, problem);
        }
    }

    /// Checks the Footer of a terminal screen. WhatsApp checks only the first one.
    fn check_last_footer(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        let action = members.get(ON_CLICK).and_then(Action::of).and_then(Action::kind);
        if self.version >= FOOTER_DUE_SINCE && action == Some(ActionKind::Navigate) {
            let problem = format_args!(
                "leads on from a terminal screen; its Footer ends the flow, by `complete` or `data_exchange`"
            );
            self.wrong(&at.key(ON_CLICK).key("name"), INVALID_PROPERTY_VALUE, problem);
        }
    }

    fn check_cases(&mut self, cases: &Map<String, Value>, at: &Place<'_>) {
        if cases.is_empty() {
            self.wrong(at, INVALID_PROPERTY_VALUE, format_args!("is empty; name a case at least"));
        }
        for name in cases.keys() {
            let mut letters = name.bytes();
            let begins = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic());
            if !begins
                || !letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            {
                let problem = format_args!(
                    "{} can't be a case: one begins with a letter and has letters, digits, - and _",
                    quoted(name)
                );
                self.wrong(&at.key(name), PATTERN_MISMATCH, problem);
            }
        }
    }

    /// Checks for components that must not have others beside them.
    pub(super) fn check_company(&mut self, tally: &Tally<'_>, at: &Place<'_>) {
        let Tally { components, rich_texts, navigation_lists, footers, .. } = *tally;
        // A Footer is allowed beside a RichText from 6.3 on.
        let beside =
            components - rich_texts - if self.version >= Version(6, 3) { footers } else { 0 };
        if rich_texts > 1
            || (rich_texts == 1
                && (beside > 0 || (self.version < Version(6, 3) && tally.forms > 0)))
        {
            let with =
                if self.version >= Version(6, 3) { " with nothing but a Footer" } else { "" };
            let name = if self.version < Version(6, 0) {
                INVALID_RICHTEXT_PLACEMENT
            } else {
                INVALID_COMPONENT_PLACEMENT
            };
            self.wrong(
                at,
                name,
                format_args!("a RichText stands alone on its screen{with}; what else is there goes to another screen"),
            );
        }
        if navigation_lists > 2 || (navigation_lists > 0 && components > navigation_lists) {
            let problem = format_args!(
                "a screen with a NavigationList has no other components beside it, and two such lists at most"
            );
            self.wrong(at, INVALID_COMPONENT_PLACEMENT, problem);
        }
    }
}

/// The index of the Footer's count.
const FOOTER: usize = ComponentKind::Footer as usize;

/// Counts only `If`s directly inside each other.
const MAX_NESTED_IFS: usize = 3;

/// The limit in Meta's reference, then the one that the validator enforces.
const MANY_COMPONENTS: usize = 50;
const MAX_COMPONENTS: usize = 100;
