//! Writes what came back into a scenario's text, and keeps everything else as it is: comments,
//! order, and expectations that were met.

use serde_json::Value as Json;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::error::{ScenarioError, Source};
use super::expectation::worth_expecting;
use super::pattern::{At, escaped};
use super::written::{table_with, value_of};
use super::{Difference, OUTCOMES, Played, PlayedStep};

/// A scenario's text that expects what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The new text.
    pub text: String,
    /// The steps whose expectations were changed, counted from 1.
    pub changed: Vec<usize>,
    /// Why some results were not taken over, each as a sentence. A failed call, for example, is
    /// never made an expectation by accident.
    pub refused: Vec<String>,
}

/// Replaces expectations by what came back.
pub fn update(text: &str, played: &Played) -> Result<Update, ScenarioError> {
    let source = Source(text);
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| source.error(&error.span(), error.message()))?;
    let (mut changed, mut refused) = (Vec::new(), Vec::new());
    for step in
        played.steps.iter().filter(|step| step.expects_nothing || !step.differences.is_empty())
    {
        if let Some(why) = refusal(step) {
            refused.push(format!("step {}: {why}", step.number));
        } else if let Some(table) = table_of(&mut document, step.number - 1) {
            rewrite(table, step);
            changed.push(step.number);
        }
    }
    Ok(Update { text: document.to_string(), changed, refused })
}

/// Why a step's result is not taken over; `None` if it is.
pub(super) fn refusal(step: &PlayedStep) -> Option<String> {
    let failure = step.came.inside.as_ref().and_then(|inside| inside.failure.clone());
    let failure = failure.or_else(|| {
        let status = step.came.status;
        (!matches!(status, 200 | 427)).then(|| format!("the answer has the status {status}"))
    })?;
    let intended = step
        .differences
        .iter()
        .all(|difference| matches!(difference.path.steps(), [At::Key(key), ..] if BESIDE.contains(&key.as_str())));
    if intended && !step.expects_nothing {
        return None;
    }
    let status = step.came.status;
    Some(format!(
        "{failure}; where that is meant, write `expect = {{ status = {status} }}` yourself"
    ))
}

pub(super) fn table_of(document: &mut DocumentMut, index: usize) -> Option<StepTable<'_>> {
    match document.get_mut("step")? {
        Item::ArrayOfTables(tables) => tables.get_mut(index).map(StepTable::Table),
        item => item.as_array_mut()?.get_mut(index)?.as_inline_table_mut().map(StepTable::Inline),
    }
}

/// A `[[step]]`, or an element of `step = [..]`, which can only have values in it.
pub(super) enum StepTable<'a> {
    Table(&'a mut Table),
    Inline(&'a mut InlineTable),
}

impl StepTable<'_> {
    /// Gives the step this expectation.
    pub(super) fn expect(&mut self, expected: &Json) {
        let item = if matches!(self, StepTable::Table(_)) {
            Item::Table(table_with(expected))
        } else {
            Item::Value(value_of(expected))
        };
        self.like().insert("expect", item);
    }

    fn like(&mut self) -> &mut dyn TableLike {
        match self {
            Self::Table(table) => *table,
            Self::Inline(table) => *table,
        }
    }
}

fn rewrite(mut table: StepTable<'_>, step: &PlayedStep) {
    if step.expects_nothing {
        return table.expect(&escaped(&worth_expecting(&step.came)));
    }
    let Some(expect) = table.like().get_mut("expect") else { return };
    for difference in &step.differences {
        match difference.path.steps() {
            [] => replace_outcome(expect, &escaped(&worth_expecting(&step.came))),
            path => set(expect, path, &written(difference)),
        }
    }
}

/// Replaces the outcome: what was expected of the old one is removed, the rest is kept.
fn replace_outcome(expect: &mut Item, came: &Json) {
    let Some(table) = expect.as_table_like_mut() else { return };
    for key in OUTCOMES.into_iter().chain(["data", "error"]) {
        table.remove(key);
    }
    for (key, value) in came.as_object().into_iter().flatten() {
        table.insert(key, Item::Value(value_of(value)));
    }
    // The blanks before the closing bracket would now be before a comma. Tables of several lines
    // may have comments, and are left as they are.
    if let Item::Value(Value::InlineTable(table)) = expect
        && !table.to_string().contains('\n')
    {
        table.fmt();
    }
}

/// What came, as written in a scenario.
fn written(difference: &Difference) -> Json {
    difference.came.as_ref().map_or_else(|| Json::from(super::pattern::ABSENT), escaped)
}

/// Replaces a value and keeps the comments around it.
fn set(item: &mut Item, path: &[At], new: &Json) {
    match (item, path) {
        (Item::Value(value), path) => set_value(value, path, new),
        (Item::Table(table), [At::Key(key), rest @ ..]) => match table.get_mut(key) {
            Some(inner) => set(inner, rest, new),
            None => drop(table.insert(key, Item::Value(value_of(new)))),
        },
        (Item::ArrayOfTables(tables), [At::Index(index), At::Key(key), rest @ ..]) => {
            let inner = tables.get_mut(*index).and_then(|table| table.get_mut(key));
            if let Some(inner) = inner {
                set(inner, rest, new);
            }
        }
        (item, []) => *item = Item::Value(value_of(new)),
        // An element of [[..]] that is no longer a table.
        (item @ Item::ArrayOfTables(_), path) => {
            item.make_value();
            set(item, path, new);
        }
        _ => (),
    }
}

fn set_value(value: &mut Value, path: &[At], new: &Json) {
    match (value, path) {
        (value, []) => {
            let decor = value.decor().clone();
            *value = value_of(new);
            *value.decor_mut() = decor;
        }
        (Value::InlineTable(table), [At::Key(key), rest @ ..]) => match table.get_mut(key) {
            Some(inner) => set_value(inner, rest, new),
            None => drop(table.insert(key, value_of(new))),
        },
        (Value::Array(elements), [At::Index(index), rest @ ..]) => {
            if let Some(inner) = elements.get_mut(*index) {
                set_value(inner, rest, new);
            }
        }
        _ => (),
    }
}

/// The keys of `expect` besides the reply.
const BESIDE: [&str; 3] = ["state", "store", "log"];

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::any_json;
    use super::super::{Answered, Answers, Inside, NoAnswer, Request, Scenario};
    use super::*;

    #[tokio::test]
    async fn what_came_stands_where_something_else_was_expected_and_comments_stay() {
        let text = r#"# A conversation.
now = 2026-11-23T09:00:00Z # Monday

[[step]] # it begins
send = { action = "INIT" }

[step.expect]
screen = "FIRST" # the entry
data.list = [
    { id = "a" }, # the first
    { id = "wrong" },
]
data.price = "$string"
data.gone = 1

[[step]]
send = { action = "data_exchange", screen = "FIRST" }
expect = { screen = "FIRST", state = { n = 1 } }
"#;
        let replies = [
            json!({"screen": "FIRST", "data": {"list": [{"id": "a", "t": 1}, {"id": "$b"}], "price": "1"}}),
            json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": {"x": null}}}}),
        ];

        let updated = updated(text, &replies).await;

        let expected = text
            .replace("\"wrong\"", "\"$$b\"")
            .replace("data.gone = 1", "data.gone = \"$absent\"");
        let expected = expected.replace(
            "{ screen = \"FIRST\", state = { n = 1 } }",
            "{ state = { n = 1 }, completed = { x = \"$null\" } }",
        );
        assert_eq!(updated.text, expected);
        assert_eq!((updated.changed.as_slice(), updated.refused.len()), ([1, 2].as_slice(), 0));
    }

    #[tokio::test]
    async fn a_step_that_expects_nothing_yet_gets_all_that_came() {
        let text = "[[step]]\nsend = { action = \"INIT\" }\n\n# The second.\n[[step]]\nsend = { action = \"ping\" }\n";
        let list: Vec<_> =
            (0..5).map(|id| json!({"id": id, "title": "a title that takes some room"})).collect();
        let replies = [
            json!({"screen": "A", "data": {"list": list, "error_message": "no"}}),
            json!({"data": {"status": "active"}}),
        ];

        let updated = updated(text, &replies).await;

        assert_eq!(Scenario::parse("x", &updated.text).unwrap().steps.len(), 2, "{}", updated.text);
        assert!(play(&updated.text, &replies).await.passed(), "{}", updated.text);
        assert!(
            updated.text.contains("# The second.\n") && updated.text.contains("error = \"no\""),
            "{}",
            updated.text
        );
        assert!(updated.text.lines().all(|line| line.len() < 120), "{}", updated.text);
    }

    #[tokio::test]
    async fn the_flow_token_of_what_completes_is_not_expected() {
        let text = "[[step]]\nsend = { action = \"INIT\" }\n";
        let params = json!({"flow_token": "scenario x", "booking": "B-17"});
        let reply = json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": params}}});

        let updated = updated(text, std::slice::from_ref(&reply)).await;

        assert!(updated.text.contains("booking = \"B-17\""), "{}", updated.text);
        assert!(!updated.text.contains("flow_token"), "{}", updated.text);
        assert!(play(&updated.text, &[reply]).await.passed(), "{}", updated.text);
    }

    #[tokio::test]
    async fn a_failed_call_is_never_taken_over() {
        let text = "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"A\" }\n\n[[step]]\nsend = { action = \"INIT\" }\n";
        let played = play_with(text, Failing).await;

        let updated = update(text, &played).unwrap();

        assert_eq!(
            (updated.text.as_str(), updated.changed.len(), updated.refused.len()),
            (text, 0, 2)
        );
        assert!(
            updated.refused[0].contains("trapped") && updated.refused[0].contains("status = 500"),
            "{:?}",
            updated.refused
        );
    }

    #[tokio::test]
    async fn forms_with_brackets_and_without_are_updated_alike() {
        for (text, part) in [
            (
                "step = [{ send = { action = \"INIT\" }, expect = { screen = \"B\" } }]\n",
                "screen = \"A\"",
            ),
            ("step = [{ send = { action = \"INIT\" } }]\n", "screen = \"A\""),
            (
                "[[step]]\n[step.send]\naction = \"INIT\"\n[step.expect]\nscreen = \"A\"\n[[step.expect.data.list]]\nid = 2\n",
                "id = 1",
            ),
            (
                "[[step]]\nsend.action = \"INIT\"\nexpect.screen = \"A\"\nexpect.data = { list = [7] }\n",
                "[{ id = 1 }]",
            ),
        ] {
            let replies = [json!({"screen": "A", "data": {"list": [{"id": 1}]}})];
            let updated = updated(text, &replies).await;
            assert!(
                updated.text.contains(part) && play(&updated.text, &replies).await.passed(),
                "{text}\n{}",
                updated.text
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_updated_passes_and_keeps_its_comments(first in any_json(), second in any_json(), error in any::<bool>()) {
            let reply = |data: &Json| json!({"screen": "A", "data": {"it": data}});
            let mut then = reply(&second);
            if error {
                then["data"]["error_message"] = json!("no");
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let text = "# one\n[[step]] # two\nsend = { action = \"INIT\" } # three\n";
                let written = updated(text, &[reply(&first)]).await.text;
                assert!(play(&written, &[reply(&first)]).await.passed(), "{written}");
                let again = updated(&written, std::slice::from_ref(&then)).await.text;
                assert!(play(&again, &[then]).await.passed(), "{again}");
                assert!(["# one\n", "# two\n", "# three\n"].iter().all(|comment| again.contains(comment)), "{again}");
            });
        }
    }

    async fn updated(text: &str, replies: &[Json]) -> Update {
        update(text, &play(text, replies).await).unwrap()
    }

    async fn play(text: &str, replies: &[Json]) -> Played {
        play_with(text, Replies(replies.iter().cloned().collect())).await
    }

    async fn play_with(text: &str, mut with: impl Answers) -> Played {
        Scenario::parse("x", text).unwrap().play(&mut with).await
    }

    struct Replies(VecDeque<Json>);

    impl Answers for Replies {
        async fn answer(&mut self, _: &Request) -> Result<Answered, NoAnswer> {
            let payload =
                self.0.pop_front().ok_or_else(|| NoAnswer("there is no more".to_owned()))?;
            let inside = Inside { state: Some(json!({"n": 1})), ..Inside::default() };
            Ok(Answered {
                status: 200,
                payload: Some(payload),
                took: Duration::ZERO,
                inside: Some(inside),
            })
        }
    }

    struct Failing;

    impl Answers for Failing {
        async fn answer(&mut self, _: &Request) -> Result<Answered, NoAnswer> {
            let inside = Inside {
                failure: Some("the plugin trapped: unreachable".to_owned()),
                ..Inside::default()
            };
            Ok(Answered { status: 500, payload: None, took: Duration::ZERO, inside: Some(inside) })
        }
    }
}
