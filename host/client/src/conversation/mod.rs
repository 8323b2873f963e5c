//! A user's way through a Flow: which screen is shown with which data, what was entered, and what a
//! tap does. No I/O: the caller talks to the user and the endpoint, asks here what to show, and
//! reports what happened.
//!
//! ```text
//! open ──► Ask ──► the endpoint ──► arrive ──► screen ──► enter.. ──► press ──► Ask | Moved | Ends
//! ```

mod action;
mod days;
mod entry;
mod expression;
mod field;
mod files;
mod limits;
mod list;
mod markdown;
mod pattern;
mod picture;
mod range;
mod scope;
mod screen;
mod text;
mod weight;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use flowhost_flow_json::Document;

use super::payload;

pub use self::action::Action;
pub use self::days::OfferedDay;
pub use self::entry::iso_day;
pub use self::field::{Choice, Days, Field, FieldKind};
pub use self::files::PickedFile;
pub use self::list::{EntryTexts, ListEntry, NavigationList};
pub use self::markdown::{Block, Span};
pub use self::pattern::Pattern;
pub use self::picture::{Carousel, Picture};
pub use self::range::{End, Range};
pub use self::screen::{Footer, Item, Screen};
pub use self::text::Text;

use self::action::Trigger;
use self::scope::{MAX_COPIED, Scope, Seen};

/// One conversation with an endpoint, as the user sees it. A copy shares what its screens hold with
/// the original, until one of them changes it.
#[derive(Clone, Debug)]
pub struct Conversation {
    flow_json: Option<Document>,
    flow_token: String,
    /// The screens to go back to, and last the one that is shown.
    shown: Vec<String>,
    seen: BTreeMap<String, Arc<Seen>>,
    /// How many bytes the evaluations of the deed under way may still take.
    left: usize,
}

/// The result of something that the user did.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// This is sent to the endpoint.
    Ask(Value),
    /// The Flow closes without asking the endpoint, and the chat gets this.
    Ends(Map<String, Value>),
    /// Another screen is shown, or the screen has changed.
    Moved,
    /// Nothing happens.
    Nothing,
    /// A web page is opened.
    OpensUrl(String),
    /// The phone doesn't allow it, for these reasons.
    Refused(Vec<String>),
}

impl Conversation {
    /// What a conversation holds at most, in bytes of memory, before the user enters something: usual
    /// screens have a few KiB of data each, and replies at most 256 KiB of text by default.
    pub const MAX_WEIGHT: usize = 4 << 20;

    /// A conversation with this token. Without a Flow JSON the screens are only known from the
    /// endpoint's answers.
    pub fn new(flow_json: Option<Document>, flow_token: &str) -> Self {
        Self {
            flow_json,
            flow_token: flow_token.to_owned(),
            shown: Vec::new(),
            seen: BTreeMap::new(),
            left: UNLIMITED,
        }
    }

    /// Whether there is a Flow JSON, which says more of a screen than the endpoint's answers.
    pub fn knows_screens(&self) -> bool {
        self.flow_json.is_some()
    }

    /// The user opens the Flow.
    pub fn open(&self) -> Step {
        Step::Ask(payload::init(&self.flow_token))
    }

    /// The endpoint answered with a screen, which is shown, or updated if it is shown already. If
    /// the user comes back to it, the screens after it are closed. Data that would make the
    /// conversation hold more than [`Self::MAX_WEIGHT`] are not kept, and the screen says so.
    pub fn arrive(&mut self, screen: &str, data: Map<String, Value>) {
        match self.shown.iter().position(|shown| shown == screen) {
            Some(at) => self.shown.truncate(at + 1),
            None => self.shown.push(screen.to_owned()),
        }
        let seen = self.here_mut();
        (seen.data, seen.is_cut) = (Map::new(), false);
        if self.has_room_for(&data) {
            self.here_mut().data = data;
        } else {
            self.here_mut().is_cut = true;
        }
        self.fill_in(true);
    }

    /// Does something for the user, such as all that was posted with a form: evaluations of the screen
    /// and changes. All its evaluations together may take so much; what would take more is refused, and
    /// nothing of it is done.
    pub fn deed(&mut self, act: impl FnOnce(&mut Self) -> Step) -> Step {
        let before = self.clone();
        self.left = MAX_OF_A_DEED;
        let step = act(self);
        if self.left == 0 {
            *self = before;
            return Step::Refused(vec![TOO_MUCH.to_owned()]);
        }
        self.left = UNLIMITED;
        step
    }

    /// The name of the screen that is shown; `None` before the first arrived.
    pub fn screen_name(&self) -> Option<&str> {
        self.shown.last().map(String::as_str)
    }

    /// The screen that is shown; `None` before the first arrived. Without a Flow JSON it has no
    /// items.
    pub fn screen(&self) -> Option<Screen> {
        self.screen_in(&Scope::new(self.here(), &self.seen, MAX_COPIED))
    }

    /// The same within a [`deed`](Self::deed): `None` also if that may evaluate no more.
    pub fn evaluate(&mut self) -> Option<Screen> {
        self.spend(Self::screen_in)
    }

    fn screen_in(&self, scope: &Scope<'_>) -> Option<Screen> {
        let name = self.shown.last()?;
        let unknown = || Screen {
            name: name.clone(),
            title: String::new(),
            items: Vec::new(),
            footer: None,
            is_cut: false,
        };
        let mut screen = self
            .written()
            .map_or_else(unknown, |written| Screen::of(written, scope, self.dates_are_days()));
        screen.is_cut |= self.here().is_cut;
        Some(screen)
    }

    /// The data of the screen that is shown.
    pub fn data(&self) -> &Map<String, Value> {
        &self.here().data
    }

    /// About what it holds in memory, in bytes: data, what was entered, and names; without the Flow
    /// JSON, which is shared.
    pub fn weight(&self) -> usize {
        let seen = self.seen.iter().map(|(name, seen)| name.len() + seen.weight());
        let shown = self.shown.iter().map(|name| size_of::<String>() + name.len());
        seen.chain(shown).sum()
    }

    /// The value of a field on the screen.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.here().form.get(field)
    }

    /// The user leaves something in a field that the phone doesn't accept: it stays there, and
    /// triggers nothing. [`Self::press`] refuses it.
    pub fn leave(&mut self, field: &Field, value: Value) {
        self.here_mut().form.insert(field.name.clone(), value);
        self.fill_in(false);
    }

    /// The user enters a value; `None` empties the field.
    pub fn enter(&mut self, field: &Field, value: Option<Value>) -> Step {
        let before = self.value(&field.name).cloned().or_else(|| field.empty());
        let after = value.or_else(|| field.empty());
        if before == after {
            return Step::Nothing;
        }
        let form = &mut self.here_mut().form;
        match after.clone() {
            Some(value) => drop(form.insert(field.name.clone(), value)),
            None => drop(form.shift_remove(&field.name)),
        }
        self.fill_in(false);
        let mut step = Step::Nothing;
        for trigger in triggers(field, before.as_ref(), after.as_ref()) {
            let action = self.spend(|_, scope| trigger.action(scope));
            // An action that asks the endpoint or ends the Flow is done last; the others wait for
            // its result.
            if let (Step::Nothing | Step::Moved, Some(action)) = (&step, action) {
                step = self.act(action);
            }
        }
        step
    }

    /// Why the phone would not let the user press the button: one line for each field that is not
    /// valid.
    pub fn problems(&self) -> Vec<String> {
        self.screen().map(|screen| self.problems_on(&screen)).unwrap_or_default()
    }

    fn problems_on(&self, screen: &Screen) -> Vec<String> {
        let enabled = screen.fields().filter(|field| field.enabled);
        let problems = enabled.filter_map(|field| field.problem(self.value(&field.name)));
        problems.take(MAX_PROBLEMS).collect()
    }

    /// The user presses the button.
    pub fn press(&mut self) -> Step {
        let screen = self.evaluate();
        let problems = screen.as_ref().map(|screen| self.problems_on(screen)).unwrap_or_default();
        if !problems.is_empty() {
            return Step::Refused(problems);
        }
        match screen.and_then(|screen| screen.footer) {
            Some(footer) if footer.enabled => self.act(footer.action),
            Some(_) => Step::Refused(vec!["The button is disabled".to_owned()]),
            None => Step::Refused(vec!["This screen has no button".to_owned()]),
        }
    }

    /// The user taps a link of the screen, counted from 0.
    pub fn follow(&mut self, link: usize) -> Step {
        let Some(screen) = self.evaluate() else { return Step::Nothing };
        match screen.links().nth(link) {
            Some((action, true)) => self.act(action.clone()),
            Some(_) => Step::Refused(vec!["This can't be tapped".to_owned()]),
            None => Step::Refused(vec!["There is no such link on this screen".to_owned()]),
        }
    }

    /// The user submits `data`, whatever is on the screen.
    pub fn submit(&self, data: Value) -> Step {
        let screen = self.screen_name().unwrap_or_default();
        Step::Ask(payload::data_exchange(screen, data, &self.flow_token))
    }

    /// Whether there is a screen to go back to. Without a Flow JSON only the endpoint knows.
    pub fn can_go_back(&self) -> bool {
        self.shown.len() > usize::from(self.knows_screens())
    }

    /// The user goes back. The endpoint is asked if the screen has `refresh_on_back`, or if the
    /// screen is not known.
    pub fn back(&mut self) -> Step {
        let Some(current) = self.shown.last() else { return Step::Nothing };
        let refreshes = self.flow_json.is_none()
            || self.written().is_some_and(flowhost_flow_json::Screen::refreshes_on_back);
        if !self.can_go_back() {
            return Step::Refused(vec!["This is the first screen".to_owned()]);
        }
        if refreshes {
            return Step::Ask(payload::back(current, &self.flow_token));
        }
        self.shown.pop();
        Step::Moved
    }

    fn act(&mut self, action: Action) -> Step {
        match action {
            Action::Complete(params) => Step::Ends(params),
            Action::DataExchange(data) => self.submit(data.into()),
            Action::Navigate { screen, .. } if self.screen_of(&screen).is_none() => {
                Step::Refused(vec![format!("The Flow JSON has no screen {screen}")])
            }
            Action::Navigate { screen, data } => {
                self.arrive(&screen, data);
                Step::Moved
            }
            Action::OpenUrl(url) => Step::OpensUrl(url),
            Action::Unknown(name) => {
                Step::Refused(vec![format!("`{name}` is no action that this client knows")])
            }
            Action::UpdateData(data) if !self.has_room_for(&data) => {
                Step::Refused(vec!["The screen would hold more than a phone could".to_owned()])
            }
            Action::UpdateData(data) => {
                self.here_mut().data.extend(data);
                self.fill_in(true);
                Step::Moved
            }
        }
    }

    /// Sets fields to the values that the screen now gives them; with `prune`, removes selections
    /// that are no longer possible. New values may make further fields visible.
    fn fill_in(&mut self, prune: bool) {
        for _ in 0..MAX_LAYERS {
            let Some(screen) = self.evaluate() else { break };
            let seen = self.here_mut();
            let mut changed = false;
            for field in screen.fields() {
                changed |= seen.fill_in(field, prune);
            }
            if !changed {
                break;
            }
        }
    }

    /// Evaluates something at the expense of the deed under way.
    fn spend<T>(&mut self, evaluate: impl FnOnce(&Self, &Scope<'_>) -> Option<T>) -> Option<T> {
        if self.left == 0 {
            return None;
        }
        let most = MAX_COPIED.min(self.left);
        let scope = Scope::new(self.here(), &self.seen, most);
        let (evaluated, taken) = (evaluate(self, &scope), most - scope.left());
        self.left = self.left.saturating_sub(taken + EVALUATION);
        evaluated
    }

    fn has_room_for(&self, data: &Map<String, Value>) -> bool {
        self.weight() + weight::of_members(data) <= Self::MAX_WEIGHT
    }

    fn here(&self) -> &Seen {
        let seen = self.shown.last().and_then(|name| self.seen.get(name));
        seen.map_or(&NOTHING, Arc::as_ref)
    }

    fn here_mut(&mut self) -> &mut Seen {
        let name = self.shown.last().cloned().unwrap_or_default();
        Arc::make_mut(self.seen.entry(name).or_default())
    }

    fn written(&self) -> Option<flowhost_flow_json::Screen<'_>> {
        self.screen_of(self.shown.last()?)
    }

    fn screen_of(&self, name: &str) -> Option<flowhost_flow_json::Screen<'_>> {
        self.flow_json.as_ref()?.screen(name)
    }

    fn dates_are_days(&self) -> bool {
        self.flow_json.as_ref().is_none_or(Document::dates_are_days)
    }
}

impl Seen {
    /// Returns whether that changed anything.
    fn fill_in(&mut self, field: &Field, prune: bool) -> bool {
        let name = &field.name;
        let told = field.initial.as_ref();
        let mut changed = told != self.initial.get(name);
        if changed {
            match told {
                Some(value) => {
                    self.initial.insert(name.clone(), value.clone());
                    self.form.insert(name.clone(), value.clone());
                }
                None => drop(self.initial.shift_remove(name)),
            }
        }
        if prune && let Some(held) = self.form.get_mut(name) {
            let ids: HashSet<&str> =
                field.choices().iter().map(|choice| choice.id.as_str()).collect();
            let offered = |id: &Value| id.as_str().is_some_and(|id| ids.contains(id));
            match (&field.kind, held) {
                (FieldKind::One(_), held) if !offered(held) => {
                    self.form.shift_remove(name);
                    changed = true;
                }
                (FieldKind::Many { .. }, Value::Array(ids)) => {
                    let before = ids.len();
                    ids.retain(offered);
                    changed |= ids.len() < before;
                }
                _ => (),
            }
        }
        if !self.form.contains_key(name)
            && let Some(empty) = field.empty()
        {
            self.form.insert(name.clone(), empty);
            changed = true;
        }
        changed
    }
}

/// The actions that a change triggers, in order: of choices no longer selected, of choices selected
/// now, of the field itself.
fn triggers(field: &Field, before: Option<&Value>, after: Option<&Value>) -> Vec<Trigger> {
    let (before, now) = (picked(before), picked(after));
    let was = |choice: &Choice| before.contains(choice.id.as_str());
    let is = |choice: &Choice| now.contains(choice.id.as_str());
    let left = field.choices().iter().filter(|choice| was(choice) && !is(choice));
    let joined = field.choices().iter().filter(|choice| !was(choice) && is(choice));
    let is_empty = after.is_none_or(|value| field.is_empty(value));
    let own = if is_empty && field.on_unselect != Trigger::default() {
        &field.on_unselect
    } else {
        &field.on_select
    };
    let of_choices =
        left.map(|choice| &choice.on_unselect).chain(joined.map(|choice| &choice.on_select));
    let of_choices = of_choices.filter(|trigger| **trigger != Trigger::default());
    of_choices.take(MAX_TRIGGERS).chain([own]).cloned().collect()
}

/// The ids of the choices that a field's value holds.
pub fn picked(value: Option<&Value>) -> HashSet<&str> {
    match value {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).collect(),
        Some(id) => id.as_str().into_iter().collect(),
        None => HashSet::new(),
    }
}

/// Stands in before there is a screen.
static NOTHING: std::sync::LazyLock<Seen> = std::sync::LazyLock::new(Seen::default);

/// How often filling in fields may show further fields, which are filled in and show others. No
/// Flow needs more.
const MAX_LAYERS: usize = 8;

/// Of choices, for one change: as many as a screen shows by Meta's reference. After each one the
/// screen is evaluated again.
const MAX_TRIGGERS: usize = 20;

/// Of all evaluations in one deed, in bytes: 62 evaluations of the largest screens. A form of 50 fields
/// that are all filled in at once takes some 200 evaluations, nearly all of which copy less than
/// 100 KiB.
const MAX_OF_A_DEED: usize = 256 << 20;

/// Outside of a deed.
const UNLIMITED: usize = usize::MAX;

/// What an evaluation counts besides what it copies, so that a deed has 2,048 of them at most.
const EVALUATION: usize = 128 << 10;

/// For the user.
const TOO_MUCH: &str = "This takes more than a phone could do at once: nothing of it was done";

/// Nobody reads more at once.
const MAX_PROBLEMS: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use flowhost_flow_json::ComponentKind;

    #[test]
    fn a_flow_is_walked_from_the_first_screen_to_the_last() {
        let mut conversation = conversation(PIZZA);
        assert_eq!(conversation.open(), Step::Ask(payload::init("t")));
        conversation.arrive("ORDER", order(false));
        assert_eq!(names(&conversation), ["name", "size"]);

        assert_eq!(enter(&mut conversation, "name", "Ana"), Step::Nothing);
        let asked = json!({"trigger": "size", "size": "large"});
        assert_eq!(
            enter(&mut conversation, "size", "2"),
            Step::Ask(payload::data_exchange("ORDER", asked, "t"))
        );
        conversation.arrive("ORDER", order(true));
        assert_eq!(names(&conversation), ["name", "size", "topping", "extras"]);
        assert_eq!(conversation.value("name"), Some(&json!("Ana")), "what was entered stays");
        assert_eq!(
            conversation.press(),
            Step::Refused(vec!["Topping: This field is required".to_owned()])
        );
        enter(&mut conversation, "topping", "salami");
        enter(&mut conversation, "extras", "Garlic, 1");
        let form = json!({"name": "Ana", "size": "large", "topping": "salami", "extras": ["garlic", "olives"]});
        assert_eq!(conversation.press(), Step::Ask(payload::data_exchange("ORDER", form, "t")));
    }

    #[test]
    fn navigating_and_going_back_ask_nobody_unless_the_screen_refreshes() {
        let mut conversation = conversation(PIZZA);
        conversation.arrive("ORDER", order(true));
        assert_eq!(conversation.back(), Step::Refused(vec!["This is the first screen".to_owned()]));
        conversation.arrive("SUMMARY", map(json!({"order": "large salami", "total": 14})));

        assert_eq!(conversation.follow(0), Step::Moved);
        let coupon = conversation.screen().unwrap();
        assert_eq!(
            (coupon.name.as_str(), conversation.data()),
            ("COUPON", &map(json!({"total": 14})))
        );
        assert!(is_text(&coupon.items[0], ComponentKind::TextBody, "Before the coupon: 14"));
        enter(&mut conversation, "code", "1234");
        assert!(matches!(conversation.follow(0), Step::Refused(_)));
        assert_eq!(conversation.back(), Step::Moved);
        assert_eq!(conversation.screen().unwrap().name, "SUMMARY");
        assert_eq!(
            conversation.press(),
            Step::Ask(payload::data_exchange("SUMMARY", json!({"tip": "", "coupon": "1234"}), "t"))
        );
        assert_eq!(conversation.back(), Step::Ask(payload::back("SUMMARY", "t")));
        conversation.arrive("ORDER", order(true));
        assert!(
            matches!(conversation.back(), Step::Refused(_)),
            "the screen that was left is gone"
        );
    }

    #[test]
    fn what_the_endpoint_fills_in_wins_when_it_is_news() {
        let screen = json!({
            "id": "A",
            "layout": {"children": [{"type": "Form", "init-values": "${data.chosen}", "children": [
                {"type": "Dropdown", "name": "city", "data-source": "${data.cities}"},
                {"type": "TextInput", "name": "name", "label": "Name", "init-value": "Ana"},
            ]}]},
        });
        let mut conversation =
            conversation(&json!({"version": "7.2", "screens": [screen]}).to_string());
        let data = |cities: &[&str], chosen: Value| {
            let cities: Vec<Value> =
                cities.iter().map(|id| json!({"id": id, "title": id})).collect();
            map(json!({"cities": cities, "chosen": chosen}))
        };

        conversation.arrive("A", data(&["rome", "oslo"], json!({"city": "rome"})));
        assert_eq!(
            (conversation.value("city"), conversation.value("name")),
            (Some(&json!("rome")), Some(&json!("Ana")))
        );
        enter(&mut conversation, "city", "oslo");
        enter(&mut conversation, "name", "Bob");
        conversation.arrive("A", data(&["rome", "oslo"], json!({"city": "rome"})));
        assert_eq!(conversation.value("city"), Some(&json!("oslo")), "said before, so no news");
        assert_eq!(conversation.value("name"), Some(&json!("Bob")));
        conversation.arrive("A", data(&["rome", "bonn"], json!({})));
        assert_eq!(conversation.value("city"), None, "not offered any more");
        conversation.arrive("A", data(&["rome", "bonn"], json!({"city": "bonn"})));
        assert_eq!(conversation.value("city"), Some(&json!("bonn")));
    }

    #[test]
    fn a_choice_may_change_the_screen_by_itself() {
        let hide = |flag: bool| json!({"name": "update_data", "payload": {"hidden": flag}});
        let screen = json!({"id": "A", "layout": {"children": [
            {"type": "RadioButtonsGroup", "name": "r", "data-source": [
                {"id": "x", "title": "X", "on-select-action": hide(true), "on-unselect-action": hide(false)},
                {"id": "y", "title": "Y"},
            ]},
            {"type": "TextBody", "text": "there", "visible": "`!${data.hidden}`"},
            {"type": "Footer", "label": "Done", "on-click-action": {"name": "complete", "payload": {"r": "${form.r}"}}},
        ]}});
        let mut conversation =
            conversation(&json!({"version": "7.2", "screens": [screen]}).to_string());
        let is_there = |conversation: &Conversation| {
            let is_it = |item: &Item| is_text(item, ComponentKind::TextBody, "there");
            conversation.screen().unwrap().items.iter().any(is_it)
        };
        conversation.arrive("A", Map::new());
        assert!(is_there(&conversation));

        assert_eq!(enter(&mut conversation, "r", "x"), Step::Moved);
        assert!(!is_there(&conversation));
        assert_eq!(enter(&mut conversation, "r", "y"), Step::Moved);
        assert!(is_there(&conversation));
        assert_eq!(enter(&mut conversation, "r", "y"), Step::Nothing);
        assert_eq!(conversation.press(), Step::Ends(map(json!({"r": "y"}))));
    }

    #[test]
    fn the_days_of_a_range_go_out_one_by_one_and_a_number_as_it_came() {
        let screen = json!({"id": "STAY", "layout": {"children": [{"type": "Form", "init-values": {"guests": 5}, "error-messages": "${data.errors}", "children": [
            {"type": "CalendarPicker", "name": "days", "mode": "range", "label": {"start-date": "Arrival", "end-date": "Departure"}, "required": "${data.must}"},
            {"type": "TextInput", "name": "guests", "label": "Guests", "input-type": "number"},
            {"type": "Footer", "label": "Go", "on-click-action": {"name": "data_exchange", "payload": {
                "days": "${form.days}", "first": "${form.days.start-date}", "guests": "${form.guests}",
            }}},
        ]}]}});
        let mut conversation =
            conversation(&json!({"version": "7.3", "screens": [screen]}).to_string());
        let sent = |days: Option<Value>| {
            let first = days.as_ref().map(|days| days["start-date"].clone());
            let data = [("days", days), ("first", first), ("guests", Some(json!(5)))].into_iter();
            let data: Map<String, Value> =
                data.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            Step::Ask(payload::data_exchange("STAY", data.into(), "t"))
        };

        conversation.arrive(
            "STAY",
            map(json!({"must": {"start-date": false}, "errors": {"days": {"start-date": "Full"}}})),
        );
        assert_eq!(
            conversation.screen().unwrap().fields().next().unwrap().errors,
            ["Arrival: Full"]
        );
        assert_eq!(conversation.press(), sent(None));
        conversation.arrive("STAY", map(json!({"must": {"start-date": true}})));
        assert_eq!(
            conversation.press(),
            Step::Refused(vec!["Arrival – Departure: Arrival is required".to_owned()])
        );
        enter(&mut conversation, "days", "2026-11-23");
        assert_eq!(
            conversation.press(),
            sent(Some(json!({"start-date": "2026-11-23", "end-date": ""})))
        );
    }

    #[test]
    fn what_is_left_in_a_field_stays_and_is_refused() {
        let screen = json!({"id": "A", "layout": {"children": [
            {"type": "TextInput", "name": "mail", "label": "Email", "input-type": "email", "on-select-action": {"name": "data_exchange"}},
            {"type": "TextBody", "text": "${form.mail}"},
            {"type": "NavigationList", "name": "n", "list-items": [{"id": "1", "main-content": {"title": "Out"}, "enabled": false}]},
            {"type": "Footer", "label": "Go", "on-click-action": {"name": "complete", "payload": {}}},
        ]}});
        let mut conversation =
            conversation(&json!({"version": "7.2", "screens": [screen]}).to_string());
        conversation.arrive("A", Map::new());
        assert!(!conversation.can_go_back());

        let field = conversation.screen().unwrap().fields().next().unwrap().clone();
        conversation.leave(&field, json!("ana@"));

        let shown = conversation.screen().unwrap();
        assert!(is_text(&shown.items[1], ComponentKind::TextBody, "ana@"));
        let refused = |why: &str| Step::Refused(vec![why.to_owned()]);
        assert_eq!(conversation.press(), refused("Email: That is no email"));
        assert_eq!(conversation.follow(0), refused("This can't be tapped"));
    }

    #[test]
    fn a_screen_that_grows_with_each_tap_is_refused_in_time() {
        let double = json!({"name": "update_data", "payload": {"x": "`${data.x} ${data.x}`"}});
        let mut conversation = one_screen(json!([
            {"type": "EmbeddedLink", "text": "More", "on-click-action": double},
        ]));
        conversation.arrive("A", map(json!({"x": "x".repeat(1_000)})));

        let steps: Vec<Step> = (0..40).map(|_| conversation.follow(0)).collect();

        assert!(matches!(steps[0], Step::Moved));
        assert!(matches!(steps[39], Step::Refused(_)));
        assert!(conversation.weight() > 1 << 20, "{}", conversation.weight());
        assert!(conversation.weight() <= Conversation::MAX_WEIGHT);
    }

    #[test]
    fn a_deed_that_takes_too_much_is_refused_and_undone() {
        let field = |number: usize| json!({"type": "TextInput", "name": format!("f{number}")});
        let shown = json!({"type": "TextBody", "text": "${data.x}"});
        let children = (0..2).map(field).chain([shown]).collect();
        for (bytes, times, is_refused) in
            [(1, 500, false), (1, 1_100, true), (1 << 20, 100, false), (1 << 20, 200, true)]
        {
            let mut conversation = one_screen(Value::clone(&children));
            conversation.arrive("A", map(json!({"x": "x".repeat(bytes)})));
            let step = conversation.deed(|conversation| {
                for time in 0..times {
                    enter_text(conversation, &format!("f{}", time % 2), &time.to_string());
                }
                Step::Moved
            });

            let refused = Step::Refused(vec![TOO_MUCH.to_owned()]);
            assert_eq!(step == refused, is_refused, "{bytes} bytes, {times} times: {step:?}");
            let held = conversation.value("f1").unwrap();
            assert_eq!(*held == "", is_refused, "{bytes} bytes, {times} times: {held}");
            assert_eq!(conversation.deed(|conversation| conversation.back()), {
                Step::Refused(vec!["This is the first screen".to_owned()])
            });
        }
    }

    #[test]
    fn long_expressions_and_many_components_count_too() {
        let long = format!("`'{}' == 'b'`", "a".repeat(1 << 20));
        let action = json!({"name": "complete", "payload": {"x": vec![0; 1_000]}});
        for children in [
            json!(vec![json!({"type": "TextBody", "text": long}); 5]),
            json!(vec![json!({"type": "TextBody", "visible": false}); 40_000]),
            json!(vec![json!({"type": "TextInput", "name": "i", "pattern": "^[0-9]{5}$"}); 100]),
            json!(vec![json!({"type": "OptIn", "name": "o", "on-select-action": action}); 100]),
        ] {
            let mut conversation = one_screen(children);
            conversation.arrive("A", Map::new());
            assert!(conversation.screen().unwrap().is_cut);
        }
    }

    #[test]
    fn a_copy_shares_what_its_screens_hold() {
        let mut conversation = conversation(PIZZA);
        conversation.arrive("ORDER", order(true));
        conversation.arrive("SUMMARY", map(json!({"order": "large salami", "total": 14})));
        let mut copy = conversation.clone();
        enter(&mut copy, "tip", "2");

        let shares = |screen: &str| Arc::ptr_eq(&conversation.seen[screen], &copy.seen[screen]);
        assert_eq!((shares("ORDER"), shares("SUMMARY")), (true, false));
        assert_ne!(conversation.value("tip"), copy.value("tip"));
    }

    #[test]
    fn a_screen_says_that_it_is_too_large_to_show() {
        let text = json!({"type": "TextBody", "text": "`${data.x}`"});
        let field = json!({"type": "TextInput", "name": "n", "label": "${data.x}"});
        let mut conversation = one_screen(vec![[text, field]; 100].into_iter().flatten().collect());
        conversation.arrive("A", map(json!({"x": "x".repeat(256 << 10)})));
        let screen = conversation.screen().unwrap();
        assert!(screen.is_cut);
        assert!(screen.items.len() < 40, "{}", screen.items.len());
        assert!(screen.fields().all(|field| field.name == "n"));

        conversation.arrive("A", map(json!({"x": vec![0; 200_000]})));
        let screen = conversation.screen().unwrap();
        assert!(screen.is_cut && conversation.data().is_empty());
        conversation.arrive("A", map(json!({"x": "short"})));
        assert!(!conversation.screen().unwrap().is_cut);
    }

    #[test]
    fn of_many_choices_only_some_act_at_once() {
        let act = json!({"name": "update_data", "payload": {}});
        let choice = |id: usize| json!({"id": id.to_string(), "on-select-action": act});
        let choices: Vec<Value> = (0..1_000).map(choice).collect();
        let mut conversation =
            one_screen(json!([{"type": "CheckboxGroup", "name": "c", "data-source": choices}]));
        conversation.arrive("A", Map::new());
        let field = conversation.screen().unwrap().fields().next().unwrap().clone();

        let all: Vec<String> = (0..1_000).map(|id| id.to_string()).collect();
        assert_eq!(triggers(&field, None, Some(&json!(all))).len(), MAX_TRIGGERS + 1);
    }

    #[test]
    fn without_a_flow_json_everything_is_asked() {
        let mut conversation = Conversation::new(None, "t");
        conversation.arrive("A", map(json!({"x": 1})));

        assert!(conversation.screen().unwrap().items.is_empty());
        assert_eq!(
            conversation.submit(json!({"y": 2})),
            Step::Ask(payload::data_exchange("A", json!({"y": 2}), "t"))
        );
        assert_eq!(conversation.back(), Step::Ask(payload::back("A", "t")));
    }

    fn conversation(flow_json: &str) -> Conversation {
        Conversation::new(Some(Document::parse(flow_json.as_bytes()).unwrap()), "t")
    }

    fn one_screen(children: Value) -> Conversation {
        let screen = json!({"id": "A", "layout": {"children": children}});
        conversation(&json!({"version": "7.2", "screens": [screen]}).to_string())
    }

    fn enter(conversation: &mut Conversation, name: &str, typed: &str) -> Step {
        let screen = conversation.screen().unwrap();
        let field = screen.fields().find(|field| field.name == name).unwrap();
        let value = field.read(typed).unwrap();
        field.check(Some(&value)).unwrap();
        conversation.enter(field, Some(value))
    }

    /// As a form does, within a deed.
    fn enter_text(conversation: &mut Conversation, name: &str, text: &str) {
        let Some(screen) = conversation.evaluate() else { return };
        let field = screen.fields().find(|field| field.name == name).unwrap();
        conversation.enter(field, Some(json!(text)));
    }

    fn names(conversation: &Conversation) -> Vec<String> {
        conversation.screen().unwrap().fields().map(|field| field.name.clone()).collect()
    }

    fn order(has_size: bool) -> Map<String, Value> {
        let toppings =
            json!([{"id": "cheese", "title": "Cheese"}, {"id": "salami", "title": "Salami"}]);
        map(json!({"greeting": "Hello", "has_size": has_size, "toppings": toppings}))
    }

    fn is_text(item: &Item, style: ComponentKind, due: &str) -> bool {
        matches!(item, Item::Text(text) if text.style == style && text.text == due)
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    const PIZZA: &str = include_str!("../../../../tests/fixtures/interop/flow.json");
}
