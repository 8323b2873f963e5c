//! Evaluates a Flow JSON's expressions: `${data.x}`, conditions, and from version 6.0 on texts
//! between backticks that join, compare and calculate: `` `'Total: ' ${data.total} ' EUR'` ``.
//!
//! Only texts of the Flow JSON are expressions. What the endpoint or the user sends is never
//! evaluated.

use serde_json::{Number, Value};

use flowhost_flow_json::{Meaning, NoExpression, Reference, Template};

use super::scope::Scope;

/// The value of a text of a Flow JSON. A reference that stands alone has the value it refers to, of
/// any type; a text between backticks is evaluated; any other text stands for itself. `None` if a
/// reference leads nowhere, or if that is too much for this evaluation.
pub(super) fn value_of(text: &str, scope: &Scope<'_>) -> Option<Value> {
    let trimmed = text.trim();
    match Template::of(trimmed) {
        Template::Reference(inside) => scope.copy(scope.look_up(Reference::inside(inside)?)?),
        Template::Expression(expression) => {
            evaluate(expression, scope).or_else(|| scope.copy_text(trimmed))
        }
        Template::Text(_) => scope.copy_text(text),
    }
}

/// Whether a condition holds. A condition that can't be evaluated doesn't.
pub(super) fn holds(condition: &Value, scope: &Scope<'_>) -> bool {
    match condition {
        Value::Bool(flag) => *flag,
        Value::String(text) => {
            evaluate(text.trim().trim_matches('`'), scope).is_some_and(|value| is_true(&value))
        }
        _ => false,
    }
}

/// A value as it appears within a text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `None` if the text is not an expression, or if reading it is too much for this evaluation.
fn evaluate(text: &str, scope: &Scope<'_>) -> Option<Value> {
    if !scope.spend(text.len()) {
        return None;
    }
    Evaluation { scope }.read(text).ok()
}

/// Evaluates an expression while parsing it.
struct Evaluation<'s> {
    scope: &'s Scope<'s>,
}

/// The text is not an expression, or can't be evaluated.
struct NoValue;

impl From<NoExpression> for NoValue {
    fn from(_: NoExpression) -> Self {
        Self
    }
}

impl<'a> Meaning<'a> for Evaluation<'_> {
    type Value = Value;
    type Fault = NoValue;

    fn text(&mut self, written: &'a str) -> Value {
        Value::from(unescaped(written))
    }

    fn number(&mut self, written: &'a str) -> Result<Value, NoValue> {
        serde_json::from_str(written).map_err(|_| NoValue)
    }

    fn flag(&mut self, flag: bool) -> Value {
        Value::from(flag)
    }

    fn reference(&mut self, reference: Reference<'a>) -> Result<Value, NoValue> {
        let found = self.scope.look_up(reference);
        Ok(found.and_then(|value| self.scope.copy(value)).unwrap_or_default())
    }

    fn group(&mut self, inside: Value) -> Value {
        inside
    }

    fn not(&mut self, of: Value) -> Result<Value, NoValue> {
        Ok(Value::from(!is_true(&of)))
    }

    fn negative(&mut self, of: Value) -> Result<Value, NoValue> {
        reckon("-", &Value::from(0), &of).ok_or(NoValue)
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: Value,
        right: Value,
    ) -> Result<Value, NoValue> {
        let ordered =
            |holds: fn(f64, f64) -> bool| Some(Value::from(holds(number(&left)?, number(&right)?)));
        let result = match operator {
            "||" => Some(Value::from(is_true(&left) || is_true(&right))),
            "&&" => Some(Value::from(is_true(&left) && is_true(&right))),
            "==" => Some(Value::from(same(&left, &right))),
            "!=" => Some(Value::from(!same(&left, &right))),
            "<" => ordered(|left, right| left < right),
            "<=" => ordered(|left, right| left <= right),
            ">" => ordered(|left, right| left > right),
            ">=" => ordered(|left, right| left >= right),
            _ => reckon(operator, &left, &right),
        };
        result.ok_or(NoValue)
    }

    fn joined(&mut self, left: Value, right: Value) -> Value {
        let mut text = match left {
            Value::String(text) => text,
            other => shown(&other),
        };
        match &right {
            Value::String(more) => text.push_str(more),
            other => text.push_str(&shown(other)),
        }
        Value::from(text)
    }
}

/// The content of a text in single quotation marks: a backslash takes the next character literally.
fn unescaped(written: &str) -> String {
    let mut chars = written.chars();
    let mut text = String::with_capacity(written.len());
    while let Some(char) = chars.next() {
        text.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    text
}

fn reckon(operator: &str, left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = (number(left)?, number(right)?);
    let result = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => left % right,
    };
    let is_whole = result.fract() == 0.0 && result.abs() < LARGEST_EXACT;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and small enough for every bit of it to be kept"
    )]
    let whole = is_whole.then(|| Value::from(result as i64));
    whole.or_else(|| Number::from_f64(result).map(Value::Number))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether two values are equal. Numbers are compared by value.
fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq() || left - right == 0.0,
        _ => left == right,
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

/// 2^53: whole numbers below it have an exact floating-point form.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scope::tests::with_scope;
    use super::*;

    fn value(text: &str) -> Option<Value> {
        let data = json!({"name": "Ana", "total": 14, "on": true, "sneaky": "${data.name}", "list": ["a", "b"]});
        with_scope(data, json!({"size": "large", "count": "3"}), |scope| value_of(text, scope))
    }

    fn condition(text: &str) -> bool {
        let data = json!({"name": "Ana", "total": 14, "on": true});
        with_scope(data, json!({"size": "large", "agree": false}), |scope| {
            holds(&json!(text), scope)
        })
    }

    #[test]
    fn a_reference_alone_keeps_its_type() {
        assert_eq!(value("${data.total}"), Some(json!(14)));
        assert_eq!(value(" ${form.size} "), Some(json!("large")));
        assert_eq!(value("${data.list}"), Some(json!(["a", "b"])));
        assert_eq!(value("${data.missing.deeper}"), None);
        assert_eq!(
            value("Hello ${data.name}"),
            Some(json!("Hello ${data.name}")),
            "joined only between backticks"
        );
    }

    #[test]
    fn texts_between_backticks_are_joined_and_reckoned() {
        assert_eq!(value("`'Total: ' ${data.total} ' EUR'`"), Some(json!("Total: 14 EUR")));
        assert_eq!(value("`${data.total} * 2 + ${form.count} % 2`"), Some(json!(29)));
        assert_eq!(value("`(${data.total} + 1) / 2`"), Some(json!(7.5)));
        assert_eq!(value("`'it\\'s ' ${data.name}`"), Some(json!("it's Ana")));
        assert_eq!(value("`${data.total} > 10`"), Some(json!(true)));
        assert_eq!(value("`'a' ${data.missing} 'b'`"), Some(json!("ab")));
        assert_eq!(
            value("`'More than ten: ' ${data.total} > 10`"),
            Some(json!("More than ten: true")),
            "joined last"
        );
    }

    #[test]
    fn what_is_no_expression_is_shown_as_it_is() {
        for broken in ["`'open`", "`1 +`", "`)`", "`${data.total`", "`nonsense`", "`1 / 0`"] {
            assert_eq!(value(broken), Some(json!(broken)));
        }
        let deep = format!("`{}1{}`", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(value(&deep), Some(json!(deep)));
        let negated = format!("`{}1`", "!".repeat(100_000));
        assert_eq!(value(&negated), Some(json!(negated)));
    }

    #[test]
    fn what_comes_from_outside_is_no_expression() {
        assert_eq!(value("${data.sneaky}"), Some(json!("${data.name}")));
        assert_eq!(value("`'x' ${data.sneaky}`"), Some(json!("x${data.name}")));
    }

    #[test]
    fn conditions_hold_or_not() {
        for true_one in [
            "${data.on}",
            "!${form.agree}",
            "${data.total} >= 14 && ${form.size} == 'large'",
            "(${data.total} < 3) || ${data.name} != 'Bob'",
            "`${data.total} == 14.0`",
            "true || false && false",
        ] {
            assert!(condition(true_one), "{true_one}");
        }
        for false_one in [
            "${form.agree}",
            "${data.name}",
            "${data.missing}",
            "${data.total} > 'x'",
            "",
            "${data.on} &&",
        ] {
            assert!(!condition(false_one), "{false_one}");
        }
    }
}
