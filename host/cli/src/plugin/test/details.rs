//! Everything about a step, for `--verbose`.

use serde_json::Value;

use super::diff::headline;
use crate::output::printable;
use flowhost_devkit::scenarios::PlayedStep;

/// What was sent and what came back, and what the plugin did meanwhile. The log is left out where
/// the differences show it already.
pub(super) fn lines_of(step: &PlayedStep) -> Vec<String> {
    let mut lines = Vec::new();
    if step.passed() {
        lines.push(printable(&headline(step)));
    }
    lines.extend(value_lines("sent", &step.request.payload));
    lines.push(format!("  {:NAME$}{}", "status", step.came.status));
    lines.extend(step.came.payload.iter().flat_map(|reply| value_lines("reply", reply)));
    let Some(inside) = &step.came.inside else { return lines };
    lines.extend(inside.state.iter().flat_map(|state| value_lines("state", state)));
    if !inside.store.is_empty() {
        lines.extend(value_lines("store", &Value::Object(inside.store.clone())));
    }
    let mut each = |name: &str, texts: &[String]| {
        lines.extend(texts.iter().map(|text| format!("  {name:NAME$}{}", printable(text))));
    };
    each("request", &inside.requests);
    if step.passed() {
        each("log", &inside.log);
    }
    lines
}

/// On one line, or if that is long with a line for each member.
fn value_lines(name: &str, value: &Value) -> Vec<String> {
    let short = value.to_string();
    if short.len() <= LINE_WIDTH {
        return vec![format!("  {name:NAME$}{}", printable(&short))];
    }
    let long = format!("{value:#}");
    let lines = long.lines().enumerate().map(|(number, line)| {
        let name = if number == 0 { name } else { "" };
        format!("  {name:NAME$}{}", printable(line))
    });
    lines.collect()
}

/// The width of the names' column.
const NAME: usize = 8;

/// What fits on most terminals beside the name.
const LINE_WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_value_has_a_line_for_each_member() {
        assert_eq!(value_lines("state", &json!({"n": 1})), ["  state   {\"n\":1}"]);

        let long = value_lines("reply", &json!({"a": "x".repeat(100), "b": "\u{1b}[2J"}));

        assert_eq!((long.len(), &*long[0], &*long[3]), (4, "  reply   {", "          }"));
        assert!(!long.concat().contains('\u{1b}'), "{long:?}");
    }
}
