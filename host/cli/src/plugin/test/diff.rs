//! Differences as lines of text: the position, what was expected, what came.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use crate::output::{cut, printable};
use flowhost_devkit::scenarios::{Difference, PlayedStep};

/// The kind of a line in a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// As expected, or context.
    Plain,
    /// Expected, but absent.
    Expected,
    /// Present, but not expected.
    Answered,
}

/// Everything to report about a failed step.
pub(super) fn lines_of(step: &PlayedStep) -> Vec<(Mark, String)> {
    let mut lines = Vec::new();
    let mut plain = |text: String| lines.push((Mark::Plain, printable(&text)));
    plain(headline(step));
    let inside = step.came.inside.as_ref();
    let failure = inside.and_then(|inside| inside.failure.as_deref());
    if let Some(failure) = failure {
        plain(format!("  the call failed: {failure}"));
    }
    inside
        .iter()
        .flat_map(|inside| &inside.problems)
        .for_each(|problem| plain(format!("  {problem}")));
    if step.expects_nothing {
        plain(
            "  it says nothing of what to expect: write `expect`, or let --update write what came"
                .to_owned(),
        );
    }
    match step.differences.iter().find(|difference| difference.path.to_string().is_empty()) {
        // Everything else differs because of that.
        Some(outcome) if failure.is_some() => lines.push(in_short(&outcome.expected)),
        _ => lines.extend(step.differences.iter().flat_map(of_difference)),
    }
    if let Some(inside) = inside {
        let each = inside.log.iter().enumerate();
        let others = each.filter(|(index, _)| inside.failure_line != Some(*index));
        lines.extend(others.map(|(_, line)| (Mark::Plain, format!("  log {}", printable(line)))));
    }
    lines
}

/// The outcome that was expected of a call that has none.
fn in_short(expected: &Value) -> (Mark, String) {
    let outcome = expected.as_object().and_then(|parts| parts.iter().next());
    let text =
        outcome.map_or_else(|| expected.to_string(), |(key, value)| format!("{key} {value}"));
    (Mark::Expected, cut(&format!("    expected {}", printable(&text)), LINE_WIDTH))
}

/// Which step it is.
pub(super) fn headline(step: &PlayedStep) -> String {
    format!("step {}, line {}: {}", step.number, step.line, sent(&step.request.payload))
}

/// What the client sent, in a few words.
fn sent(payload: &Value) -> String {
    let text = |key: &str| payload.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let error = payload
        .pointer("/data/error")
        .and_then(Value::as_str)
        .filter(|_| text("action") == Some("data_exchange"));
    let what = error.map_or_else(
        || text("action").unwrap_or_default().to_owned(),
        |key| format!("the client's error {key}"),
    );
    let screen = text("screen").map(|screen| format!(" on {screen}")).unwrap_or_default();
    cut(&format!("{what}{screen}"), LINE_WIDTH)
}

fn of_difference(difference: &Difference) -> Vec<(Mark, String)> {
    let pointer = difference.path.to_string();
    let place = if pointer.is_empty() { another_outcome(difference) } else { pointer };
    let mut lines = vec![(Mark::Plain, format!("  {}", printable(&place)))];
    let came = difference.came.as_ref();
    let is_long = |value: &Value| {
        (value.is_array() || value.is_object()) && value.to_string().len() > LINE_WIDTH
    };
    if is_long(&difference.expected) || came.is_some_and(is_long) {
        lines.extend(line_by_line(&difference.expected, came));
        return lines;
    }
    let came = came.map_or_else(|| "nothing".to_owned(), Value::to_string);
    lines.push((
        Mark::Expected,
        format!("    expected {}", printable(&difference.expected.to_string())),
    ));
    lines.push((Mark::Answered, format!("    came     {}", printable(&came))));
    lines
}

/// That there is another outcome, with the status if that is all that came: what is named below may
/// be a part of what was expected only.
fn another_outcome(difference: &Difference) -> String {
    let came = difference.came.as_ref();
    let status = came.and_then(|came| came.get("status")?.as_u64());
    let status = status.or(came.and_then(|came| came.get("rejected")).map(|_| 427));
    match (status, status.and_then(meaning)) {
        (Some(status), Some(meaning)) => format!("another outcome: status {status} ({meaning})"),
        (Some(status), None) => format!("another outcome: status {status}"),
        (None, _) => "another outcome:".to_owned(),
    }
}

/// A word for what is behind a data endpoint's status (`protocol.md`).
fn meaning(status: u64) -> Option<&'static str> {
    match status {
        421 => Some("undecryptable"),
        427 => Some("token"),
        432 => Some("signature"),
        500 => Some("failure"),
        _ => None,
    }
}

fn line_by_line(expected: &Value, came: Option<&Value>) -> Vec<(Mark, String)> {
    let came = came.map_or_else(String::new, |came| match named(expected, came) {
        // Another outcome has none of them.
        Value::Object(parts) if parts.is_empty() => format!("{came:#}"),
        parts => format!("{parts:#}"),
    });
    let expected = format!("{expected:#}");
    let diff = TextDiff::from_lines(&expected, &came);
    let lines = diff.iter_all_changes().map(|change| {
        let (mark, sign) = match change.tag() {
            ChangeTag::Equal => (Mark::Plain, ' '),
            ChangeTag::Delete => (Mark::Expected, '-'),
            ChangeTag::Insert => (Mark::Answered, '+'),
        };
        (mark, format!("    {sign} {}", printable(change.value().trim_end_matches('\n'))))
    });
    let lines: Vec<_> = lines.collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    let note = (more > 0)
        .then(|| (Mark::Plain, format!("    and {more} lines more; `--json` has them all")));
    lines.into_iter().take(MOST_LINES).chain(note).collect()
}

/// The parts of the answer that the scenario names. The others are not compared, and would hide the
/// differences. An array's elements past the expected ones are shown like its last expected
/// element.
fn named(expected: &Value, came: &Value) -> Value {
    match (expected, came) {
        (Value::Object(parts), Value::Object(fields)) => {
            let part = |(name, part): (&String, &Value)| {
                Some((name.clone(), named(part, fields.get(name)?)))
            };
            parts.iter().filter_map(part).collect::<Map<_, _>>().into()
        }
        (Value::Array(parts), Value::Array(elements)) => {
            let part = |index: usize| parts.get(index).or(parts.last());
            let element = |(index, element): (usize, &Value)| {
                part(index).map_or_else(|| element.clone(), |part| named(part, element))
            };
            elements.iter().enumerate().map(element).collect()
        }
        _ => came.clone(),
    }
}

/// The width that leaves room for the words around.
const LINE_WIDTH: usize = 100;

/// A few screens; nobody reads more.
const MOST_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use flowhost_devkit::scenarios::{Answered, Inside, Path, Pattern, Request};

    #[test]
    fn a_list_that_is_longer_than_expected_shows_what_is_more() {
        let titled =
            |id: &str| json!({"id": id, "title": "a title that takes some room on its line"});
        let expected = json!([{"id": "a"}, {"id": "b"}]);
        let came = json!([titled("a"), titled("b"), titled("c")]);

        let differences = Pattern::of(&expected).differences(&Path::key("data"), Some(&came));
        let lines = of_difference(&differences[0]);

        let marked = |mark| {
            lines
                .iter()
                .filter(move |line| line.0 == mark)
                .map(|line| line.1.as_str())
                .collect::<Vec<_>>()
        };
        assert!(lines[0].1.ends_with("/data"), "{lines:?}");
        assert_eq!(marked(Mark::Expected), [""; 0]);
        assert_eq!(marked(Mark::Answered), ["    +   },", "    +   {", "    +     \"id\": \"c\""]);
    }

    #[test]
    fn a_failed_call_is_told_once_and_in_short() {
        let failure = "the plugin panicked at src/lib.rs:5:9: no table, in booking::free";
        let rows = vec![json!({"id": "a row of a long list"}); 500];
        let step = failed_step(
            failure,
            &["info: looking for a table", &format!("error: {failure}"), "info: free"],
            &json!({"screen": "TABLES", "data": {"rows": rows}}),
        );

        let lines: Vec<_> = lines_of(&step).into_iter().map(|(_, line)| line).collect();

        let expected = [
            "step 1, line 3: INIT",
            &format!("  the call failed: {failure}"),
            "    expected screen \"TABLES\"",
            "  log info: looking for a table",
            "  log info: free",
        ];
        assert_eq!(lines, expected);
    }

    /// Over the network nothing is known but the status.
    #[test]
    fn a_status_is_told_with_its_meaning_however_long_the_expectation_is() {
        let title = "a title that takes some room on its line".repeat(3);
        for (status, told) in [
            (500, "  another outcome: status 500 (failure)"),
            (432, "  another outcome: status 432 (signature)"),
            (404, "  another outcome: status 404"),
        ] {
            for expected in [json!({"screen": "A"}), json!({"screen": "A", "title": title})] {
                let came = json!({"status": status});
                let difference =
                    Difference { path: Path::default(), expected, came: Some(came.clone()) };
                let lines = of_difference(&difference);

                assert_eq!(lines[0].1, told, "{lines:?}");
            }
        }
    }

    fn failed_step(failure: &str, log: &[&str], expected: &Value) -> PlayedStep {
        let inside = Inside {
            log: log.iter().map(|line| (*line).to_owned()).collect(),
            failure: Some(failure.to_owned()),
            failure_line: Some(1),
            ..Inside::default()
        };
        let difference = |path, expected: &Value, came| Difference {
            path,
            expected: expected.clone(),
            came: Some(came),
        };
        PlayedStep {
            number: 1,
            line: 3,
            request: Request {
                number: 1,
                payload: json!({"action": "INIT"}),
                signed: false,
                now: None,
            },
            came: Answered {
                status: 500,
                payload: None,
                took: Duration::ZERO,
                inside: Some(inside),
            },
            differences: vec![
                difference(Path::default(), expected, json!({"status": 500})),
                difference(Path::key("state"), &json!({"table": 1}), Value::Null),
            ],
            expects_nothing: false,
        }
    }

    #[test]
    fn what_a_plugin_says_can_not_steer_the_terminal() {
        let difference =
            Pattern::of(&json!("a")).differences(&Path::key("\u{1b}[2J"), Some(&json!("\u{9b}2J")));
        assert!(
            of_difference(&difference[0])
                .iter()
                .all(|(_, line)| !line.contains(['\u{1b}', '\u{9b}']))
        );
    }
}
