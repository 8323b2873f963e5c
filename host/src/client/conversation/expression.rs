//! The expressions of a Flow JSON: `${data.x}`, conditions, and from version 6.0 on texts between backticks that join, compare and
//! reckon: `` `'Total: ' ${data.total} ' EUR'` ``.
//!
//! Only what stands in the Flow JSON is an expression. What the endpoint or the user sends is never read as one.

use serde_json::{Number, Value};

use crate::flow_json::Template;

use super::scope::Scope;

/// A text of a Flow JSON as a value: a reference that stands alone is what it refers to, of whatever type; a text between backticks is
/// evaluated; any other text is itself. Nothing where a reference leads nowhere.
pub(super) fn value_of(text: &str, scope: &Scope<'_>) -> Option<Value> {
    let trimmed = text.trim();
    match Template::of(trimmed) {
        Template::Reference(path) => scope.look_up(path).cloned(),
        Template::Expression(expression) => Some(evaluate(expression, scope).unwrap_or_else(|| Value::from(trimmed))),
        Template::Text(_) => Some(Value::from(text)),
    }
}

/// Whether a condition holds. One that can't be evaluated does not.
pub(super) fn holds(condition: &Value, scope: &Scope<'_>) -> bool {
    match condition {
        Value::Bool(flag) => *flag,
        Value::String(text) => evaluate(text.trim().trim_matches('`'), scope).is_some_and(|value| is_true(&value)),
        _ => false,
    }
}

/// How a value looks in a text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Nothing, if it is no expression.
fn evaluate(text: &str, scope: &Scope<'_>) -> Option<Value> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, scope, depth: 0 };
    let value = parser.any()?;
    parser.tokens.is_empty().then_some(value)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Literal(Value),
    Operator(&'static str),
    Reference(String),
}

/// Evaluates while it reads: the rules are those of arithmetic, `&&` binds tighter than `||`, and operands side by side are joined.
struct Parser<'a> {
    tokens: &'a [Token],
    scope: &'a Scope<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Value> {
        let mut value = self.all()?;
        while self.takes(&["||"]).is_some() {
            let right = self.all()?;
            value = Value::from(is_true(&value) || is_true(&right));
        }
        Some(value)
    }

    fn all(&mut self) -> Option<Value> {
        let mut value = self.comparison()?;
        while self.takes(&["&&"]).is_some() {
            let right = self.comparison()?;
            value = Value::from(is_true(&value) && is_true(&right));
        }
        Some(value)
    }

    fn comparison(&mut self) -> Option<Value> {
        let left = self.joined()?;
        let Some(operator) = self.takes(&["==", "!=", "<=", ">=", "<", ">"]) else { return Some(left) };
        let right = self.joined()?;
        Some(Value::from(match operator {
            "==" => same(&left, &right),
            "!=" => !same(&left, &right),
            ordered => {
                let (left, right) = (number(&left)?, number(&right)?);
                match ordered {
                    "<" => left < right,
                    "<=" => left <= right,
                    ">" => left > right,
                    _ => left >= right,
                }
            }
        }))
    }

    fn joined(&mut self) -> Option<Value> {
        let mut value = self.sum()?;
        while matches!(self.tokens.first(), Some(Token::Literal(_) | Token::Reference(_) | Token::Operator("("))) {
            let right = self.sum()?;
            value = Value::from(shown(&value) + &shown(&right));
        }
        Some(value)
    }

    fn sum(&mut self) -> Option<Value> {
        let mut value = self.product()?;
        while let Some(operator) = self.takes(&["+", "-"]) {
            let right = self.product()?;
            value = reckon(operator, &value, &right)?;
        }
        Some(value)
    }

    fn product(&mut self) -> Option<Value> {
        let mut value = self.operand()?;
        while let Some(operator) = self.takes(&["*", "/", "%"]) {
            let right = self.operand()?;
            value = reckon(operator, &value, &right)?;
        }
        Some(value)
    }

    fn operand(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        let value = match first {
            Token::Literal(value) => Some(value.clone()),
            Token::Reference(path) => Some(self.scope.look_up(path).cloned().unwrap_or_default()),
            Token::Operator("!") => self.operand().map(|value| Value::from(!is_true(&value))),
            Token::Operator("-") => self.operand().and_then(|value| reckon("-", &Value::from(0), &value)),
            Token::Operator("(") => {
                let value = self.any();
                self.takes(&[")"]).and(value)
            }
            Token::Operator(_) => None,
        };
        self.depth -= 1;
        value
    }

    fn takes(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        match self.tokens.split_first() {
            Some((Token::Operator(operator), rest)) if operators.contains(operator) => {
                self.tokens = rest;
                Some(operator)
            }
            _ => None,
        }
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = token(rest)?;
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

fn token(text: &str) -> Option<(Token, &str)> {
    if let Some(inside) = text.strip_prefix("${") {
        let (path, rest) = inside.split_once('}')?;
        return Some((Token::Reference(path.trim().to_owned()), rest));
    }
    if let Some(inside) = text.strip_prefix('\'') {
        return literal_text(inside);
    }
    if let Some(operator) = OPERATORS.into_iter().find(|operator| text.starts_with(operator)) {
        return Some((Token::Operator(operator), &text[operator.len()..]));
    }
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '.').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    // `true`, `false`, `null` and numbers are written as in JSON.
    let value: Value = serde_json::from_str(word).ok()?;
    Some((Token::Literal(value), rest))
}

/// A text in single quotes; a backslash takes the next character as it is.
fn literal_text(inside: &str) -> Option<(Token, &str)> {
    let mut text = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\'' => return Some((Token::Literal(Value::from(text)), &inside[at + 1..])),
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            char => text.push(char),
        }
    }
    None
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
    #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough for every bit of it to be kept")]
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

/// A number is the same however it is written.
fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq() || left - right == 0.0,
        _ => left == right,
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

/// The longer ones first: `<=` begins with `<`.
const OPERATORS: [&str; 16] = ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "+", "-", "*", "/", "%"];

/// Deeper brackets than anybody writes, and far from what the stack takes.
const MAX_DEPTH: usize = 64;

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
        with_scope(data, json!({"size": "large", "agree": false}), |scope| holds(&json!(text), scope))
    }

    #[test]
    fn a_reference_alone_keeps_its_type() {
        assert_eq!(value("${data.total}"), Some(json!(14)));
        assert_eq!(value(" ${form.size} "), Some(json!("large")));
        assert_eq!(value("${data.list}"), Some(json!(["a", "b"])));
        assert_eq!(value("${data.missing.deeper}"), None);
        assert_eq!(value("Hello ${data.name}"), Some(json!("Hello ${data.name}")), "joined only between backticks");
    }

    #[test]
    fn texts_between_backticks_are_joined_and_reckoned() {
        assert_eq!(value("`'Total: ' ${data.total} ' EUR'`"), Some(json!("Total: 14 EUR")));
        assert_eq!(value("`${data.total} * 2 + ${form.count} % 2`"), Some(json!(29)));
        assert_eq!(value("`(${data.total} + 1) / 2`"), Some(json!(7.5)));
        assert_eq!(value("`'it\\'s ' ${data.name}`"), Some(json!("it's Ana")));
        assert_eq!(value("`${data.total} > 10`"), Some(json!(true)));
        assert_eq!(value("`'a' ${data.missing} 'b'`"), Some(json!("ab")));
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
        for false_one in ["${form.agree}", "${data.name}", "${data.missing}", "${data.total} > 'x'", "", "${data.on} &&"] {
            assert!(!condition(false_one), "{false_one}");
        }
    }
}
