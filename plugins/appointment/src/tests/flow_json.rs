//! `flow.json` as the client uses it to accept or refuse replies.

use flowhost_sdk::testing::Answer;
use serde_json::Value;

pub(super) struct FlowJson(Value);

impl FlowJson {
    pub(super) fn load() -> Self {
        FlowJson(serde_json::from_str(include_str!("../../flow.json")).unwrap())
    }

    /// Panics unless the client accepts this answer on screen `from` (`None` on INIT).
    pub(super) fn check(&self, from: Option<&str>, answer: &Answer) {
        let Answer::Screen { screen, data, .. } = answer else { return };
        match from {
            None => assert!(!self.has_inbound(screen), "{screen} is no entry screen"),
            Some(from) => {
                let allowed =
                    from == screen || self.leads(from, screen) || self.leads(screen, from);
                assert!(allowed, "the routing model has no way from {from} to {screen}");
            }
        }
        let declared = &self.screen(screen)["data"];
        for (name, value) in data.as_object().unwrap() {
            assert!(!declared[name].is_null(), "{screen} does not declare {name}");
            check_type(&format!("{screen}.{name}"), &declared[name], value);
        }
        // The client would accept less, but the screen would show a gap.
        for name in declared.as_object().unwrap().keys() {
            assert!(data.get(name).is_some(), "{screen} lacks {name}");
        }
    }

    pub(super) fn check_static_rules(&self) {
        let mut entries = 0;
        for screen in self.0["screens"].as_array().unwrap() {
            let id = screen["id"].as_str().unwrap();
            assert!(
                id != "SUCCESS" && id.chars().all(|c| c.is_ascii_alphabetic() || c == '_'),
                "{id}"
            );
            assert!(self.0["routing_model"][id].is_array(), "{id} is not in the routing model");
            entries += u32::from(!self.has_inbound(id));
            if screen["terminal"] == true {
                assert!(
                    screen["layout"].to_string().contains("\"Footer\""),
                    "{id} is terminal without a footer"
                );
            }
            for (name, declared) in screen["data"].as_object().into_iter().flatten() {
                check_type(&format!("{id}.{name}"), declared, &declared["__example__"]);
            }
        }
        assert_eq!(entries, 1);
        for target in self.0["routing_model"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|list| list.as_array().unwrap())
        {
            assert!(
                !self.screen(target.as_str().unwrap()).is_null(),
                "there is no screen {target}"
            );
        }
    }

    fn screen(&self, id: &str) -> &Value {
        self.0["screens"]
            .as_array()
            .unwrap()
            .iter()
            .find(|screen| screen["id"] == id)
            .unwrap_or(&Value::Null)
    }

    fn leads(&self, from: &str, to: &str) -> bool {
        self.0["routing_model"][from].as_array().unwrap().iter().any(|target| target == to)
    }

    fn has_inbound(&self, screen: &str) -> bool {
        self.0["routing_model"].as_object().unwrap().keys().any(|from| self.leads(from, screen))
    }
}

/// Checks the part of JSON Schema that `flow.json` uses.
fn check_type(path: &str, declared: &Value, value: &Value) {
    let fits = match declared["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{path} has the type {other}, which this check does not know"),
    };
    assert!(fits, "{path} is {value}, but declared as {}", declared["type"]);
    for item in value.as_array().into_iter().flatten() {
        check_type(&format!("{path}[]"), &declared["items"], item);
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        check_type(&format!("{path}.{name}"), &declared["properties"][name], value);
    }
}
