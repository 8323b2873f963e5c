//! Judges the content of a 200: its form and, with a Flow JSON, whether the screen can be reached
//! and accepts the data.

use serde_json::{Map, Value};

use flowhost_flow_json::{
    ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, Finding, FlowJson, Origin, SUCCESS,
};

use super::problem::{Check, Problem};
use super::{Judgement, Outcome, RequestKind, near_miss};

pub(super) fn judge(request: &Value, reply: &Value, flow_json: Option<&FlowJson>) -> Judgement {
    match RequestKind::of(request) {
        kind @ RequestKind::ErrorNotification => {
            constant(kind, reply, "acknowledged", &Value::Bool(true), Outcome::Acknowledged)
        }
        kind @ RequestKind::HealthCheck => {
            constant(kind, reply, "status", &Value::from("active"), Outcome::Active)
        }
        RequestKind::Turn => turn(request, reply, flow_json),
    }
}

/// Judges an answer that must have one constant value.
fn constant(
    kind: RequestKind,
    reply: &Value,
    field: &str,
    due: &Value,
    outcome: Outcome,
) -> Judgement {
    if reply["data"][field] == *due {
        return kind.comes_to(outcome);
    }
    let message = format!(r#"{{"data":{{"{field}":{due}}}}} is due; it says {reply}"#);
    let pointer = if reply.is_object() { format!("/data/{field}") } else { String::new() };
    Judgement {
        hints: near_miss::wrapped(reply).into_iter().collect(),
        ..kind.fails(Problem::new(Check::Shape, message).at(pointer))
    }
}

fn turn(request: &Value, reply: &Value, flow_json: Option<&FlowJson>) -> Judgement {
    let checked = Parts::of(reply).and_then(|parts| {
        let problems = flow_json
            .map(|flow_json| beside_the_flow_json(request, reply, flow_json))
            .unwrap_or_default();
        if problems.is_empty() { Ok(parts) } else { Err(problems) }
    });
    let mut judgement = match checked {
        Ok(parts) => parts.judgement(),
        Err(problems) => Judgement { problems, ..RequestKind::Turn.comes_to(Outcome::Fails) },
    };
    judgement.hints.extend(near_miss::hints(reply));
    judgement
}

/// Where a reply does not fit the Flow JSON: rules 4 to 7 of `protocol.md` section 5.
fn beside_the_flow_json(request: &Value, reply: &Value, flow_json: &FlowJson) -> Vec<Problem> {
    let origin = match request["screen"].as_str() {
        Some(screen) if !screen.is_empty() && request["action"] != "INIT" => Origin::Screen(screen),
        _ => Origin::Init,
    };
    let Err(findings) = flow_json.check_reply(origin, reply) else { return Vec::new() };
    let problem = |finding: &Finding| {
        let is_about_the_way = finding.name == Check::Routing.error_key();
        let check = if is_about_the_way { Check::Routing } else { Check::Schema };
        Problem::new(check, finding.message.as_str()).at(finding.pointer.as_str())
    };
    findings.iter().map(problem).collect()
}

/// The parts of a reply whose form is right.
struct Parts {
    screen: String,
    data: Map<String, Value>,
    snackbar: Option<String>,
    params: Option<Map<String, Value>>,
}

impl Parts {
    /// Rules 1 and 3 of `protocol.md` section 5.
    fn of(reply: &Value) -> Result<Self, Vec<Problem>> {
        let Some(fields) = reply.as_object() else {
            return Err(vec![wrong(
                "",
                &format!("the whole reply is {}, not a JSON object", kind_of(reply)),
            )]);
        };
        let mut problems = Vec::new();
        let screen = fields.get("screen").and_then(Value::as_str).filter(|name| !name.is_empty());
        if screen.is_none() {
            problems.push(wrong("/screen", "`screen` must be the name of a screen, or SUCCESS"));
        }
        let mut data =
            fields.get("data").and_then(Value::as_object).cloned().unwrap_or_else(|| {
                problems.push(wrong("/data", "`data` must be an object"));
                Map::new()
            });
        let snackbar =
            taken(&mut data, ERROR_MESSAGE, &mut problems, |text| text.as_str().map(str::to_owned));
        let params = taken(&mut data, EXTENSION_MESSAGE_RESPONSE, &mut problems, |value| {
            value["params"].as_object().cloned()
        });
        match screen {
            Some(screen) if problems.is_empty() => {
                Ok(Self { screen: screen.to_owned(), data, snackbar, params })
            }
            _ => Err(problems),
        }
    }

    fn judgement(self) -> Judgement {
        if self.screen != SUCCESS {
            let Self { screen, data, snackbar, .. } = self;
            return RequestKind::Turn.comes_to(Outcome::ShowsScreen { screen, data, snackbar });
        }
        let lacks_token =
            self.params.as_ref().is_some_and(|params| !params.contains_key("flow_token"));
        let hints = lacks_token
            .then(|| "`params` should hold the flow_token: Meta's guide requires it".to_owned());
        Judgement {
            hints: hints.into_iter().collect(),
            ..RequestKind::Turn.comes_to(Outcome::Closes { params: self.params })
        }
    }
}

/// Takes out a field that has a meaning of its own. Adds a problem if its value is invalid.
fn taken<T>(
    data: &mut Map<String, Value>,
    name: &str,
    problems: &mut Vec<Problem>,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let value = data.shift_remove(name)?;
    let read = read(&value);
    if read.is_none() {
        let due = if name == ERROR_MESSAGE {
            "must be a string"
        } else {
            "must be an object with an object `params`"
        };
        problems.push(wrong(&format!("/data/{name}"), &format!("`{name}` {due}")));
    }
    read
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::Object(_) => "an object",
        Value::String(_) => "a string",
    }
}

fn wrong(pointer: &str, message: &str) -> Problem {
    Problem::new(Check::Shape, message).at(pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::payload;
    use super::*;

    fn judged(reply: Value) -> Judgement {
        judge(&payload::init("t"), &reply, None)
    }

    #[test]
    fn a_screen_is_shown_with_its_data_and_its_message() {
        let judgement = judged(
            json!({"screen": "NAME", "data": {"a": 1, "error_message": "No."}, "version": "3.0"}),
        );

        let data = json!({"a": 1}).as_object().unwrap().clone();
        let screen = "NAME".to_owned();
        assert_eq!(
            judgement.outcome,
            Outcome::ShowsScreen { screen, data, snackbar: Some("No.".to_owned()) }
        );
        assert!(!judgement.is_failure());
    }

    #[test]
    fn success_closes_the_flow_with_or_without_a_message() {
        let with = judged(
            json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": {"flow_token": "t"}}}}),
        );
        let without = judged(json!({"screen": "SUCCESS", "data": {}}));
        let tokenless = judged(
            json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": {}}}}),
        );

        assert_eq!(
            with.lines(),
            [r#"The phone closes the Flow; the chat gets {"flow_token":"t"}."#]
        );
        assert_eq!(without.outcome, Outcome::Closes { params: None });
        assert!(tokenless.hints[0].contains("flow_token") && !tokenless.is_failure());
    }

    #[test]
    fn every_mistake_of_form_is_named_with_its_place() {
        let wrong = json!({"screen": 1, "data": {"error_message": {}, "extension_message_response": {"params": []}}});

        let judgement = judged(wrong);

        let pointers: Vec<_> =
            judgement.problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        assert_eq!(
            pointers,
            ["/screen", "/data/error_message", "/data/extension_message_response"]
        );
        assert!(judgement.is_failure());
        for (reply, part) in [
            (json!([]), "not a JSON object"),
            (json!("{\"screen\":\"A\"}"), "JSON twice"),
            (json!({}), "`screen`"),
        ] {
            let lines = judged(reply).lines().join("\n");
            assert!(lines.contains(part) && lines.contains("payload-schema-error"), "{lines}");
        }
    }

    #[test]
    fn health_checks_and_notifications_have_one_right_answer() {
        let active = json!({"data": {"status": "active"}});
        let acknowledged = json!({"data": {"acknowledged": true}, "version": "3.0"});

        let notice = payload::error_notification("A", "timeout_error", "", "t");
        assert_eq!(judge(&payload::ping(), &active, None).outcome, Outcome::Active);
        assert_eq!(judge(&notice, &acknowledged, None).outcome, Outcome::Acknowledged);
        let failed = judge(&payload::ping(), &acknowledged, None);
        assert!(failed.is_failure() && failed.lines()[0].contains("health check fails"));
        assert!(judge(&notice, &active, None).lines()[0].contains("not acknowledged"));
    }

    #[test]
    fn a_flow_json_says_which_screens_can_follow_and_what_they_take() {
        let flow_json = FlowJson::parse(PIZZA).unwrap();
        let judged = |request: Value, reply: Value| judge(&request, &reply, Some(&flow_json));
        let order =
            json!({"screen": "ORDER", "data": {"greeting": "Hello", "error_message": "No."}});
        let summary = json!({"screen": "SUMMARY", "data": {"order": "large", "total": "14"}});
        let submit = payload::data_exchange("ORDER", json!({}), "t");

        assert!(matches!(
            judged(payload::init("t"), order.clone()).outcome,
            Outcome::ShowsScreen { .. }
        ));
        assert!(!judged(payload::back("SUMMARY", "t"), order).is_failure());
        let first = judged(payload::init("t"), json!({"screen": "SUMMARY", "data": {}}));
        assert_eq!(
            (first.problems[0].check, first.problems[0].reported_as.as_deref()),
            (Check::Routing, Some("invalid-screen-transition"))
        );
        assert_eq!(
            judged(submit.clone(), json!({"screen": "COUPON", "data": {}})).problems[0].check,
            Check::Routing
        );
        assert_eq!(
            judged(submit.clone(), json!({"screen": "NOWHERE", "data": {}})).problems[0].check,
            Check::Routing
        );
        let wrong = judged(submit.clone(), summary);
        assert_eq!(
            (wrong.problems[0].check, wrong.problems[0].pointer.as_deref()),
            (Check::Schema, Some("/data/total"))
        );
        assert!(
            !judged(submit, json!({"screen": "SUCCESS", "data": {"anything": 1}})).is_failure()
        );
    }

    const PIZZA: &[u8] = include_bytes!("../../../../tests/fixtures/interop/flow.json");
}
