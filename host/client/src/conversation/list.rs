//! A list whose entries lead to other screens.

use serde_json::Value;

use flowhost_flow_json::ON_CLICK;

use super::action::{Action, Trigger};
use super::expression::shown;
use super::field::{Entry, Properties, is_large};
use super::picture::Picture;

/// A `NavigationList`.
#[derive(Clone, Debug, PartialEq)]
pub struct NavigationList {
    /// What stands above it. May be empty.
    pub label: String,
    /// A text below the label. May be empty.
    pub description: String,
    /// Whether pictures are large.
    pub large_media: bool,
    /// The entries, from top to bottom.
    pub entries: Vec<ListEntry>,
}

/// An entry to tap. All texts may be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ListEntry {
    /// The picture at its start.
    pub picture: Option<Picture>,
    /// What it is called.
    pub main: EntryTexts,
    /// The texts at its end.
    pub end: EntryTexts,
    /// A few words that stand out.
    pub badge: String,
    /// Further words.
    pub tags: Vec<String>,
    /// Whether it can be tapped.
    pub enabled: bool,
    /// What tapping it does.
    pub action: Action,
}

/// The texts of a part of an entry. Each may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryTexts {
    /// The first line.
    pub title: String,
    /// The second line.
    pub description: String,
    /// The third line.
    pub metadata: String,
}

impl NavigationList {
    /// Each entry has its own action or the list's.
    pub(super) fn of(list: &Properties<'_>) -> Self {
        let of_list = Trigger::written(list.written.member(ON_CLICK), list.scope);
        let entry = |Entry { filled, trigger }: Entry<'_>| {
            let own = trigger(ON_CLICK).action(list.scope);
            let tags = filled["tags"].as_array().into_iter().flatten().map(shown);
            ListEntry {
                picture: Picture::within(&filled["start"], "image"),
                main: EntryTexts::of(&filled["main-content"]),
                end: EntryTexts::of(&filled["end"]),
                badge: shown(&filled["badge"]),
                tags: tags.filter(|tag| !tag.is_empty()).collect(),
                enabled: filled["enabled"] != Value::Bool(false),
                action: own
                    .or_else(|| of_list.action(list.scope))
                    .unwrap_or(Action::Unknown(String::new())),
            }
        };
        Self {
            label: list.text("label"),
            description: list.text("description"),
            large_media: is_large(list, "media-size"),
            entries: list.entries("list-items", entry),
        }
    }
}

impl ListEntry {
    /// The entry in one line.
    pub fn line(&self) -> String {
        let Self { main, end, badge, .. } = self;
        let parts = [&main.title, &main.description, &main.metadata, &end.title, badge];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    }
}

impl EntryTexts {
    fn of(part: &Value) -> Self {
        let text = |name: &str| shown(&part[name]);
        Self { title: text("title"), description: text("description"), metadata: text("metadata") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Component;

    #[test]
    fn an_entry_has_its_texts_its_picture_and_its_own_action_or_the_lists() {
        let open = json!({"name": "open_url", "url": "${data.url}"});
        let ask = json!({"name": "data_exchange", "payload": {}});
        let written = json!({
            "type": "NavigationList", "name": "n", "label": "${data.label}", "media-size": "large", "on-click-action": ask,
            "list-items": [
                {
                    "id": "1", "main-content": {"title": "Tea", "description": "For two", "metadata": "Weekends"},
                    "end": {"title": "24 EUR", "metadata": "each"}, "start": {"image": "R0lGODlh", "alt-text": "A cup"},
                    "badge": "New", "tags": ["hot", ""], "on-click-action": open,
                },
                {"id": "2", "main-content": {"title": "Out"}, "enabled": false},
            ],
        });
        let data = json!({"label": "Drinks", "url": "https://a.org"});
        let list = with_scope(data, json!({}), |scope| {
            NavigationList::of(&Properties { written: Component::of(&written).unwrap(), scope })
        });

        assert_eq!((list.label.as_str(), list.large_media), ("Drinks", true));
        let [tea, out] = &list.entries[..] else { panic!("{list:?}") };
        assert_eq!(tea.line(), "Tea · For two · Weekends · 24 EUR · New");
        assert_eq!((tea.end.metadata.as_str(), &tea.tags[..]), ("each", &["hot".to_owned()][..]));
        let picture = tea.picture.as_ref().unwrap();
        assert_eq!(picture.alternative, "A cup");
        assert_eq!(picture.data_uri().as_deref(), Some("data:image/gif;base64,R0lGODlh"));
        assert_eq!(tea.action, Action::OpenUrl("https://a.org".to_owned()));
        assert_eq!((out.enabled, &out.picture), (false, &None));
        assert_eq!(out.action, Action::DataExchange(serde_json::Map::new()));
    }
}
