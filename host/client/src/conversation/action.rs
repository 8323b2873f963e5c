//! What components do when they are tapped.

use serde_json::{Map, Value};

use flowhost_flow_json::ActionKind;

use super::expression::shown;
use super::scope::Scope;

/// What happens when a component is tapped, with the payload filled in.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Closes the Flow and sends this to the chat, without asking the endpoint.
    Complete(Map<String, Value>),
    /// Asks the endpoint, with this data.
    DataExchange(Map<String, Value>),
    /// Shows another screen, without asking the endpoint.
    Navigate {
        /// The screen's name.
        screen: String,
        /// The screen's data.
        data: Map<String, Value>,
    },
    /// Opens a web page.
    OpenUrl(String),
    /// An action of unknown kind, with the kind's name.
    Unknown(String),
    /// Changes the screen's data, without asking the endpoint.
    UpdateData(Map<String, Value>),
}

/// An action that may happen later: its expressions depend on what is entered until then.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trigger {
    action: Value,
    /// Whether the endpoint sent the action; then there are no expressions in it.
    is_sent: bool,
}

impl Action {
    /// An action as written in the Flow JSON, such as `on-click-action`.
    pub(super) fn of(written: Option<&Value>, scope: &Scope<'_>) -> Self {
        let action = written.and_then(flowhost_flow_json::Action::of);
        action.map_or_else(
            || Self::Unknown(String::new()),
            |action| Self::with(action, |part| scope.fill(part)),
        )
    }

    fn with(
        action: flowhost_flow_json::Action<'_>,
        fill: impl Fn(&Value) -> Option<Value>,
    ) -> Self {
        let payload = || match action.payload().and_then(&fill) {
            Some(Value::Object(payload)) => payload,
            _ => Map::new(),
        };
        match (action.kind(), action.next()) {
            (Some(ActionKind::Complete), _) => Self::Complete(payload()),
            (Some(ActionKind::DataExchange), _) => Self::DataExchange(payload()),
            (Some(ActionKind::Navigate), Some(screen)) => {
                Self::Navigate { screen: screen.to_owned(), data: payload() }
            }
            (Some(ActionKind::OpenUrl), _) => Self::OpenUrl(
                action.url().and_then(&fill).map(|url| shown(&url)).unwrap_or_default(),
            ),
            (Some(ActionKind::UpdateData), _) => Self::UpdateData(payload()),
            (Some(ActionKind::Navigate) | None, _) => Self::Unknown(action.name().to_owned()),
        }
    }
}

impl Trigger {
    /// An action of the Flow JSON; null means none.
    pub(super) fn written(action: Option<&Value>, scope: &Scope<'_>) -> Self {
        let action = action.and_then(|action| scope.copy(action)).unwrap_or_default();
        Self { action, is_sent: false }
    }

    /// An action that the endpoint sent; null means none.
    pub(super) fn sent(action: Option<&Value>, scope: &Scope<'_>) -> Self {
        Self { is_sent: true, ..Self::written(action, scope) }
    }

    pub(super) fn action(&self, scope: &Scope<'_>) -> Option<Action> {
        let fill = |part: &Value| if self.is_sent { scope.copy(part) } else { scope.fill(part) };
        flowhost_flow_json::Action::of(&self.action).map(|action| Action::with(action, fill))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scope::tests::with_scope;
    use super::*;

    #[test]
    fn each_kind_is_read_with_its_payload_filled_in() {
        let read = |written: Value| {
            with_scope(json!({"a": 1}), json!({"b": "c"}), |scope| {
                Action::of(Some(&written), scope)
            })
        };
        let map = |value: Value| value.as_object().unwrap().clone();

        let payload = json!({"x": "${data.a}", "y": "${form.b}", "z": "${form.none}"});
        let filled = map(json!({"x": 1, "y": "c"}));
        assert_eq!(
            read(json!({"name": "data_exchange", "payload": payload})),
            Action::DataExchange(filled.clone())
        );
        assert_eq!(
            read(json!({"name": "complete", "payload": payload})),
            Action::Complete(filled.clone())
        );
        assert_eq!(
            read(json!({"name": "update_data", "payload": payload})),
            Action::UpdateData(filled.clone())
        );
        let navigate = json!({"name": "navigate", "next": {"type": "screen", "name": "NEXT"}, "payload": payload});
        assert_eq!(read(navigate), Action::Navigate { screen: "NEXT".to_owned(), data: filled });
        assert_eq!(
            read(json!({"name": "open_url", "url": "https://example.com"})),
            Action::OpenUrl("https://example.com".to_owned())
        );
        for unknown in [json!({"name": "navigate"}), json!({"name": "dance"}), json!(null)] {
            assert!(matches!(read(unknown), Action::Unknown(_)));
        }
    }

    #[test]
    fn what_the_endpoint_sent_is_taken_literally() {
        let update = json!({"name": "update_data", "payload": {"x": "${data.a}"}});
        let (written, sent) = with_scope(json!({"a": 1}), json!({}), |scope| {
            (
                Trigger::written(Some(&update), scope).action(scope),
                Trigger::sent(Some(&update), scope).action(scope),
            )
        });
        let updating = |value: Value| Some(Action::UpdateData(value.as_object().unwrap().clone()));

        assert_eq!(written, updating(json!({"x": 1})));
        assert_eq!(sent, updating(json!({"x": "${data.a}"})));
        assert_eq!(
            with_scope(json!({}), json!({}), |scope| Trigger::written(None, scope).action(scope)),
            None
        );
    }
}
