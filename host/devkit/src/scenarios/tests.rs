//! Reading and playing scenarios.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use flowhost_protocol::flow::{Capabilities, OnReopen};

#[test]
fn a_scenario_says_what_is_sent_what_is_expected_and_what_is_around() {
    let scenario = Scenario::parse("booking", EVERYTHING).unwrap();

    assert_eq!(
        (scenario.name.as_str(), scenario.flow_token.as_str(), scenario.seed),
        ("booking", "abc", Some(7))
    );
    assert_eq!(scenario.now.unwrap().unix_timestamp(), 1_795_424_400);
    assert_eq!(scenario.context, Some(json!({"name": "Ana", "price": "$5", "nothing": null})));
    let around = &scenario.surroundings;
    assert_eq!(around.config["greeting"], "Hello");
    assert_eq!(around.secrets["api-key"][0].to_string(), "api.example.com:443");
    assert_eq!(
        around.store,
        [("visits".to_owned(), b"{\"n\":1}".to_vec()), ("raw".to_owned(), b"x".to_vec())]
    );
    assert_eq!(around.http[0].headers["authorization"], "Bearer {{secret:api-key}}");
    assert_eq!(around.http[0].answer.as_ref().unwrap().body, br#"{"id":7}"#);
    assert_eq!(
        (around.http[1].method.as_str(), around.http[1].repeat, &around.http[1].answer),
        ("GET", true, &Err(HttpFailure::Timeout))
    );
    assert_eq!(around.media[0].content, Ok(MediaContent::File("photo.jpg".into())));
    assert_eq!(around.media[1].content, Err(MediaFailure::CheckFailed));
    assert_eq!(scenario.steps.len(), 4);
    assert_eq!(scenario.steps[1].now.unwrap() - scenario.now.unwrap(), time::Duration::HOUR);
    let expect = scenario.steps[1].expect.as_ref().unwrap();
    assert_eq!(
        (expect.outcome, expect.log.as_deref()),
        ("completed", Some(["booked".to_owned()].as_slice()))
    );
    assert_eq!(
        expect.part("completed"),
        Some(&Pattern::Object(vec![("booking".to_owned(), Pattern::Any(Kind::Text))]))
    );
}

#[test]
fn what_is_left_out_has_a_default() {
    let scenario = Scenario::parse("short", "[[step]]\nsend = { action = \"INIT\" }\n").unwrap();

    assert_eq!(
        (scenario.flow_token.as_str(), scenario.data_api_version.as_str()),
        ("scenario short", "3.0")
    );
    assert_eq!(
        (scenario.now, scenario.seed, scenario.signed_token, scenario.minted_token),
        (None, None, false, false)
    );
    assert_eq!(scenario.settings, Settings::default());
    assert_eq!(scenario.surroundings, Surroundings::default());
    assert!(scenario.steps[0].expect.is_none());
}

#[test]
fn a_mistake_is_named_with_its_line() {
    for (text, line, named) in [
        ("a = ", 1, ""),
        ("\n\nseed = -1\n", 3, "`seed`"),
        ("x = 1\n[[step]]\nsend = { action = \"INIT\" }", 1, "a scenario has no `x`"),
        ("now = \"2026-11-23\"\n", 1, "without quotes"),
        ("now = 2026-11-23T09:00:00\n", 1, "offset"),
        ("signed_token = false\n", 1, "left out"),
        ("on_reopen = \"again\"\n", 1, "on_reopen"),
        ("\n[settings]\ncolour = 1\n", 2, "colour"),
        ("[settings]\nlimits = { wall_ms = 10_000 }\n", 1, "limits.wall_ms"),
        ("settings = 1\n", 1, "`settings` is a table"),
        ("on_reopen = \"restart\"\n[settings]\non_reopen = \"restart\"\n", 1, "say it once"),
        ("minted_token = false\n", 1, "left out"),
        ("[[step]]\nsend = { repeat = 1 }\n", 2, "an earlier step"),
        (
            "[[step]]\nsend = { action = \"ping\" }\n[[step]]\nsend = { repeat = 0 }\n",
            4,
            "an earlier step",
        ),
        (
            "[[step]]\nsend = { action = \"ping\" }\n[[step]]\nsend = { repeat = 1, action = \"INIT\" }\n",
            4,
            "nothing stands beside it",
        ),
        (
            "[[step]]\nsend = { action = \"ping\" }\n[[step]]\nsend = { repeat = 1 }\n[[step]]\nsend = { repeat = 2 }\n",
            6,
            "repeats step 1",
        ),
        ("flow_token = \"t\"\n", 1, "at least one [[step]]"),
        ("step = []\n", 1, "at least one [[step]]"),
        ("[step]\nsend = 1\n", 1, "[[step]]"),
        ("[[step]]\n", 1, "lacks `send`"),
        ("[[step]]\nsend = {}\n", 2, "`action`"),
        ("\n[[stpe]]\n", 2, "a scenario has no `stpe`"),
        ("[[step]]\nsned = {}\n", 2, "a step has no `sned`"),
        (
            "[[step]]\nsend = { action = \"ping\" }\nexpct = {}\n",
            3,
            "a step has no `expct`: it has `send`, `expect`, `now`",
        ),
        ("[[step]]\nsend = { action = \"init\" }\n", 2, "\"INIT\" or"),
        ("[[step]]\nsend = { action = \"INIT\", screen = \"A\" }\n", 2, "INIT has no `screen`"),
        ("[[step]]\nsend = { action = \"BACK\" }\n", 2, "needs the `screen`"),
        (
            "[[step]]\nsend = { action = \"data_exchange\", screen = \"A\", data = 1 }\n",
            2,
            "`data` is a table",
        ),
        ("[[step]]\nsend = { error = \"x\", action = \"INIT\" }\n", 2, "or the `error`"),
        ("[[step]]\nsend = { action = \"INIT\", data = { a = \"$any\" } }\n", 2, "expected only"),
        ("[[step]]\nsend = { action = \"INIT\", data = { a = \"$5\" } }\n", 2, "write \"$$5\""),
        ("[[step]]\nsend = { action = \"INIT\", data = { a = 2026-11-23 } }\n", 2, "in quotes"),
        ("[[step]]\nsend = { action = \"INIT\", data = { a = inf } }\n", 2, "infinite"),
        (&expecting("{}"), 3, "names one of `screen`"),
        (&expecting("{ screen = \"A\", completed = {} }"), 3, "names one of"),
        (&expecting("{ screen = 1 }"), 3, "`screen` is a text"),
        (&expecting("{ closed = true, data = {} }"), 3, "beside `screen` only"),
        (&expecting("{ completed = 1 }"), 3, "the params"),
        (&expecting("{ status = 200 }"), 3, "by what it says"),
        (&expecting("{ status = 427 }"), 3, "by what it says"),
        (&expecting("{ screen = \"A\", log = \"x\" }"), 3, "list of texts"),
        (&expecting("{ screen = \"A\", sate = {} }"), 3, "`sate`"),
        (&expecting("{ screen = \"A\", data = {\n  a = [\n    \"$strin\" ] } }"), 5, "$string"),
        (&after("[config]\nx = 1\n"), 2, "`x` is a text"),
        (&after("[[store]]\nkey = \"x\"\n"), 1, "`json` or `text`"),
        (&after("[[http]]\nrequest = { url = \"nowhere\" }\n"), 2, "URL"),
        (
            &after("[[http]]\nrequest = { url = \"https://a.example\" }\nanswer = {}\n"),
            3,
            "`status`",
        ),
        (
            &after(
                "[[http]]\nrequest = { url = \"https://a.example\" }\nanswer = { status = 20 }\n",
            ),
            3,
            "200 to 599",
        ),
        (
            &after(
                "[[http]]\nrequest = { url = \"https://a.example\" }\nanswer = { error = \"slow\" }\n",
            ),
            3,
            "\"timeout\" or",
        ),
        (&after("[[media]]\nmedia_id = \"1\"\n"), 1, "one of `file`"),
    ] {
        let error = Scenario::parse("x", text).expect_err(text);
        assert_eq!(error.line(), line, "{text}: {error}");
        assert!(error.message().contains(named), "{text}: {error}");
    }
}

#[test]
fn the_reference_is_true() {
    let reference = include_str!("../../../docs/scenarios.md");
    let blocks: Vec<_> = reference
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 7);
    for block in blocks {
        let step = if block.contains("[[step]]") {
            ""
        } else {
            "[[step]]\nsend = { action = \"INIT\" }\n"
        };
        Scenario::parse("x", &format!("{block}{step}"))
            .unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
    let kinds = Kind::ALL.map(|kind| format!("\"{}\"", kind.word()));
    let others = ["\"$null\"", "\"$absent\"", "`state = ", "`log = "].map(str::to_owned);
    for word in
        OUTCOMES.map(|outcome| format!("| `{outcome} = ")).into_iter().chain(kinds).chain(others)
    {
        assert!(reference.contains(&word), "{word}");
    }
}

#[tokio::test]
async fn every_kind_of_reply_has_a_word() {
    for (status, payload, expected) in [
        (
            200,
            json!({"screen": "A", "data": {"a": 1, "error_message": "no"}}),
            "{ screen = \"A\", data = { a = 1 }, error = \"no\" }",
        ),
        (200, json!({"screen": "A"}), "{ screen = \"$string\", data = {} }"),
        (200, json!({"screen": "SUCCESS", "data": {}}), "{ closed = true }"),
        (200, params(json!({"x": 1, "flow_token": "t"})), "{ completed = { x = 1 } }"),
        (427, json!({"error_msg": "gone"}), "{ rejected = \"gone\" }"),
        (200, json!({"data": {"acknowledged": true}}), "{ acknowledged = true }"),
        (200, json!({"data": {"status": "active"}}), "{ active = true }"),
        (500, json!(null), "{ status = 500 }"),
    ] {
        let (passing, came) = (expecting(expected), came(status, &payload));
        let played = Scenario::parse("x", &passing).unwrap().play(&mut Always(came.clone())).await;
        assert!(played.passed(), "{expected}: {played:?}");
        let other = if status == 500 { "{ closed = true }" } else { "{ status = 500 }" };
        assert!(
            !Scenario::parse("x", &expecting(other))
                .unwrap()
                .play(&mut Always(came))
                .await
                .passed(),
            "{expected}"
        );
    }
}

#[tokio::test]
async fn what_was_not_expected_is_pointed_at() {
    let came =
        came(200, &json!({"screen": "A", "data": {"list": [{"id": "x"}], "error_message": "no"}}));
    for (expected, pointers) in [
        (
            "{ screen = \"A\", data = { list = [{ id = \"y\" }] }, error = \"no\" }",
            &["/data/list/0/id"][..],
        ),
        ("{ screen = \"A\" }", &["/error"]),
        ("{ screen = \"B\", error = \"$any\", data = { n = 1 } }", &["/screen", "/data/n"]),
        ("{ completed = {} }", &[""]),
    ] {
        let played = Scenario::parse("x", &expecting(expected))
            .unwrap()
            .play(&mut Always(came.clone()))
            .await;
        let found: Vec<_> = played.steps[0]
            .differences
            .iter()
            .map(|difference| difference.path.to_string())
            .collect();
        assert_eq!(found, pointers, "{expected}");
    }
}

#[tokio::test]
async fn state_and_log_are_compared_only_where_they_can_be_seen() {
    let text = expecting("{ screen = \"A\", state = { n = 2 }, log = [\"one\", \"two\"] }");
    let scenario =
        Scenario::parse("x", &format!("seed = 1\ncontext = {{ a = 1 }}\n{text}")).unwrap();
    let reply = came(200, &json!({"screen": "A", "data": {}}));
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    let inside = |n: u32, log: &[&str]| Inside {
        state: Some(json!({"n": n})),
        log: lines(log),
        ..Inside::default()
    };
    let with = |inside| Always(Answered { inside: Some(inside), ..reply.clone() });

    assert!(scenario.play(&mut with(inside(2, &["info: one", "x", "info: two"]))).await.passed());
    let wrong = scenario.play(&mut with(inside(1, &["two", "one"]))).await;
    let pointers: Vec<_> =
        wrong.steps[0].differences.iter().map(|difference| difference.path.to_string()).collect();
    assert_eq!(pointers, ["/state/n", "/log"]);

    let outside = scenario.play(&mut Always(reply.clone())).await;
    assert!(outside.passed());
    for skipped in ["seed", "context is not played: --mint", "step 1: `state`", "step 1: `log`"] {
        assert!(
            outside.skipped.iter().any(|line| line.contains(skipped)),
            "{skipped}: {:?}",
            outside.skipped
        );
    }
}

#[tokio::test]
async fn among_other_surroundings_a_play_ends_with_what_differs() {
    let step = |screen: &str| {
        format!("[[step]]\nsend = {{ action = \"INIT\" }}\nexpect = {{ screen = \"{screen}\" }}\n")
    };
    let text = ["A", "B", "A", "A"].map(step).concat();
    let reply = came(200, &json!({"screen": "A", "data": {}}));
    let scenario = Scenario::parse("x", &text).unwrap();
    assert_eq!(scenario.play(&mut Always(reply.clone())).await.steps.len(), 4);
    let scenario = Scenario::parse("x", &format!("seed = 1\n{text}")).unwrap();

    let outside = scenario.play(&mut Always(reply.clone())).await;
    assert_eq!(outside.steps.len(), 2);
    assert!(!outside.passed());
    let last = outside.skipped.last().unwrap();
    assert_eq!(last, "steps 3 to 4 are not played: they come after one that differs");

    let inside = Answered { inside: Some(Inside::default()), ..reply };
    assert_eq!(scenario.play(&mut Always(inside)).await.steps.len(), 4);
}

#[test]
fn a_file_has_one_entry() {
    let entry = "[[media]]\nmedia_id = \"1\"\ntext = \"a\"\n";
    let error = Scenario::parse("x", &after(&format!("{entry}{entry}"))).unwrap_err().to_string();

    assert!(error.contains("there is an entry for \"1\" already, on line 1"), "{error}");
}

#[tokio::test]
async fn a_step_that_expects_nothing_fails_and_so_does_a_call_with_a_problem() {
    let reply = came(200, &json!({"screen": "A", "data": {}}));
    let nothing = Scenario::parse("x", "[[step]]\nsend = { action = \"INIT\" }\n").unwrap();
    assert!(!nothing.play(&mut Always(reply.clone())).await.passed());

    let expected = Scenario::parse("x", &expecting("{ screen = \"A\" }")).unwrap();
    let inside =
        Inside { problems: vec!["GET https://a.example/".to_owned()], ..Inside::default() };
    assert!(!expected.play(&mut Always(Answered { inside: Some(inside), ..reply })).await.passed());
}

#[test]
fn requests_are_what_a_phone_sends() {
    let scenario = Scenario::parse("x", &format!("signed_token = true\n{EVERYTHING}")).unwrap();
    let request = |index: usize| scenario.request(index + 1, &scenario.steps[index], None);

    let token = json!("abc");
    assert_eq!(
        request(0).payload,
        json!({"version": "4.0", "action": "INIT", "screen": "", "data": {}, "flow_token": token})
    );
    assert_eq!(request(1).payload["data"], json!({"day": "2026-11-24"}));
    let error = json!({"error": "timeout_error", "error_message": "slow"});
    assert_eq!(
        request(2).payload,
        json!({"version": "4.0", "action": "data_exchange", "screen": "DAY", "data": error, "flow_token": token})
    );
    assert_eq!(request(3).payload, json!({"version": "4.0", "action": "ping"}));
    assert_eq!([0, 1, 2, 3].map(|index| request(index).signed), [true, true, false, false]);
}

#[test]
fn a_repeat_is_the_request_of_its_step() {
    let text = "signed_token = true\n[[step]]\nsend = { action = \"ping\" }\n[[step]]\nsend = { action = \"INIT\", data = { a = 1 } }\n\
                [[step]]\nsend = { repeat = 2 }\n";
    let scenario = Scenario::parse("x", text).unwrap();
    let request = |index: usize| scenario.request(index + 1, &scenario.steps[index], None);

    assert_eq!(request(2), request(1));
    assert_eq!((request(0).number, request(1).number), (1, 2));
}

#[test]
fn all_that_a_plugin_asks_for_is_granted_unless_the_settings_say_what() {
    let asked = Capabilities { store: true, ..Capabilities::default() };
    let settings =
        |text: &str| Scenario::parse("x", &after(text)).unwrap().settings.granting(&asked);

    assert!(settings("").grants.store);
    let with_a_text = settings("[settings]\nfailure_text = \"sorry\"\n");
    assert_eq!((with_a_text.failure_text.as_str(), with_a_text.grants.store), ("sorry", true));
    assert!(!settings("[settings]\ngrants = { media = true }\n").grants.store);
    assert_eq!(settings("on_reopen = \"continue\"\n").on_reopen, OnReopen::Continue);
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in "[a-z\\[\\]{}=\"$,.\n 0-9#]{0,80}") {
        let _ = Scenario::parse("x", &text);
    }

    #[test]
    fn a_cut_scenario_is_read_or_refused(at in 0..EVERYTHING.len()) {
        let cut = &EVERYTHING[..EVERYTHING.floor_char_boundary(at)];
        if let Err(error) = Scenario::parse("x", cut) {
            prop_assert!((1..=cut.lines().count() + 1).contains(&error.line()));
        }
    }
}

/// Documents that are similar often enough to be worth comparing.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-3.0..3.0).prop_map(Value::from),
        "[$a/~]{0,3}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[ab/~]{1,2}", inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn expecting(expected: &str) -> String {
    format!("[[step]]\nsend = {{ action = \"INIT\" }}\nexpect = {expected}\n")
}

fn after(text: &str) -> String {
    format!("{text}[[step]]\nsend = {{ action = \"INIT\" }}\n")
}

fn params(params: Value) -> Value {
    json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": params}}})
}

fn came(status: u16, payload: &Value) -> Answered {
    let payload = Some(payload.clone()).filter(|payload| !payload.is_null());
    Answered { status, payload, took: Duration::ZERO, inside: None }
}

struct Always(Answered);

impl Answers for Always {
    async fn answer(&mut self, _: &Request) -> Result<Answered, NoAnswer> {
        Ok(self.0.clone())
    }
}

pub(super) const EVERYTHING: &str = r#"
# A booking, from the first screen to the last.
flow_token = "abc"
data_api_version = "4.0"
context = { name = "Ana", price = "$$5", nothing = "$null" }
now = 2026-11-23T09:00:00Z
seed = 7

[config]
greeting = "Hello"

[secrets]
api-key = ["api.example.com"]

[[store]]
key = "visits"
json = { n = 1 }

[[store]]
key = "raw"
text = "x"

[[http]]
request = { method = "post", url = "https://api.example.com/book", headers = { Authorization = "Bearer {{secret:api-key}}" }, json = { day = "$string" } }
answer = { status = 201, json = { id = 7 } }

[[http]]
request = { url = "https://api.example.com/slow" }
answer = { error = "timeout" }
repeat = true

[[media]]
media_id = "m-1"
file = "photo.jpg"

[[media]]
media_id = "m-2"
error = "check-failed"

[[step]]
send = { action = "INIT" }
[step.expect]
screen = "DAY"
data.days = [{ id = "2026-11-24" }]

[[step]]
now = 2026-11-23T10:00:00Z
send = { action = "data_exchange", screen = "DAY", data = { day = "2026-11-24" } }
expect = {
    completed = { booking = "$string" },
    log = ["booked"],
}

[[step]]
send = { error = "timeout_error", message = "slow", screen = "DAY" }
expect = { acknowledged = true }

[[step]]
send = { action = "ping" }
expect = { active = true }
"#;
