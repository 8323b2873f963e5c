//! Expressions between backticks, and the conditions of an `If`: `` `'Hello ' ${data.name}` ``,
//! `` `${form.age} >= 18 && !${form.opt_out}` ``.

use super::reference::Reference;

/// Gives an expression its meaning while it is parsed: its type for a checker, its value for a
/// renderer.
pub trait Meaning<'a> {
    /// The result of an operand or an operator.
    type Value;
    /// Why an expression has no result.
    type Fault: From<NoExpression>;

    /// A string in single quotation marks, as written between them. A backslash escapes the next
    /// character.
    fn text(&mut self, written: &'a str) -> Self::Value;

    /// A number literal: digits and points, with an optional sign.
    fn number(&mut self, written: &'a str) -> Result<Self::Value, Self::Fault>;

    /// A boolean literal.
    fn flag(&mut self, flag: bool) -> Self::Value;

    /// The target of a reference.
    fn reference(&mut self, reference: Reference<'a>) -> Result<Self::Value, Self::Fault>;

    /// An expression in parentheses.
    fn group(&mut self, inside: Self::Value) -> Self::Value;

    /// Logical negation.
    fn not(&mut self, of: Self::Value) -> Result<Self::Value, Self::Fault>;

    /// Arithmetic negation.
    fn negative(&mut self, of: Self::Value) -> Result<Self::Value, Self::Fault>;

    /// A binary operator: one of `||`, `&&`, `==`, `!=`, `<=`, `>=`, `<`, `>`, `+`, `-`, `*`, `/`
    /// and `%`.
    fn binary(
        &mut self,
        operator: &'static str,
        left: Self::Value,
        right: Self::Value,
    ) -> Result<Self::Value, Self::Fault>;

    /// The concatenation of two adjacent expressions.
    fn joined(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;

    /// Evaluates an expression, without its backticks. The time grows with its length.
    fn read(&mut self, text: &'a str) -> Result<Self::Value, Self::Fault>
    where
        Self: Sized,
    {
        let mut reader = Reader { rest: text, meaning: self, depth: 0 };
        let mut all = reader.binary(0)?;
        // Adjacent expressions are concatenated as text.
        while reader.peek().is_some() {
            let next = reader.binary(0)?;
            all = reader.meaning.joined(all, next);
        }
        Ok(all)
    }
}

/// Why a text is not an expression: it ends too early, or has something in the wrong place. The
/// message follows the words "the expression".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoExpression(pub &'static str);

struct Reader<'r, 'a, M> {
    rest: &'a str,
    meaning: &'r mut M,
    depth: usize,
}

impl<'a, M: Meaning<'a>> Reader<'_, 'a, M> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        self.peek();
        let taken = self.rest.strip_prefix(token);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    /// Parses left-associative operators whose precedence is at least `least`.
    fn binary(&mut self, least: usize) -> Result<M::Value, M::Fault> {
        let mut left = self.unary()?;
        loop {
            self.peek();
            let known = |operator: &&(&str, usize)| {
                self.rest.starts_with(operator.0) && operator.1 >= least
            };
            let Some((operator, binds)) = OPERATORS.iter().find(known) else { return Ok(left) };
            self.rest = &self.rest[operator.len()..];
            let right = self.binary(binds + 1)?;
            left = self.meaning.binary(operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Result<M::Value, M::Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(NoExpression("is nested too deeply").into());
        }
        let read = match self.peek() {
            None => Err(NoExpression("ends where a value is due").into()),
            Some('!') => {
                self.take("!");
                let of = self.unary()?;
                self.meaning.not(of)
            }
            Some('(') => {
                self.take("(");
                let inside = self.binary(0)?;
                if self.take(")") {
                    Ok(self.meaning.group(inside))
                } else {
                    Err(NoExpression("has a parenthesis that is not closed").into())
                }
            }
            Some('\'') => self.text(),
            Some('"') => Err(NoExpression(
                "has a text in double quotation marks; it stands in single ones, as 'text'",
            )
            .into()),
            Some('$') => self.reference(),
            Some(first) if first.is_ascii_digit() || first == '-' => self.number(),
            Some(_) => self.word(),
        };
        self.depth -= 1;
        read
    }

    fn text(&mut self) -> Result<M::Value, M::Fault> {
        let mut escaped = false;
        for (at, char) in self.rest.char_indices().skip(1) {
            match char {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => {
                    let written = &self.rest[1..at];
                    self.rest = &self.rest[at + 1..];
                    return Ok(self.meaning.text(written));
                }
                _ => (),
            }
        }
        Err(NoExpression("has a text whose quotation mark is not closed").into())
    }

    fn reference(&mut self) -> Result<M::Value, M::Fault> {
        let (inside, rest) = self
            .rest
            .strip_prefix("${")
            .and_then(|rest| rest.split_once('}'))
            .ok_or(NO_REFERENCE)?;
        self.rest = rest;
        let reference = Reference::inside(inside).ok_or(NO_REFERENCE)?;
        self.meaning.reference(reference)
    }

    fn number(&mut self) -> Result<M::Value, M::Fault> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        if !digits.starts_with(|char: char| char.is_ascii_digit()) {
            self.take("-");
            let of = self.unary()?;
            return self.meaning.negative(of);
        }
        let after = digits.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        let written = &self.rest[..self.rest.len() - after.len()];
        self.rest = after;
        self.meaning.number(written)
    }

    fn word(&mut self) -> Result<M::Value, M::Fault> {
        let end = self
            .rest
            .find(|char: char| !char.is_alphanumeric() && char != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "true" | "false" => Ok(self.meaning.flag(word == "true")),
            "" => Err(NoExpression("has a character where none can be").into()),
            _ => Err(NoExpression(
                "has a word in it that is no text, since it stands in no quotation marks",
            )
            .into()),
        }
    }
}

const NO_REFERENCE: NoExpression =
    NoExpression("has a reference that is none; it is written ${data.name} or ${form.name}");

/// From the lowest precedence to the highest. A longer operator comes before its own prefix.
const OPERATORS: [(&str, usize); 13] = [
    ("||", 1),
    ("&&", 2),
    ("==", 3),
    ("!=", 3),
    ("<=", 4),
    (">=", 4),
    ("<", 4),
    (">", 4),
    ("+", 5),
    ("-", 5),
    ("*", 6),
    ("/", 6),
    ("%", 6),
];

/// Far more nesting than anybody writes.
const MAX_DEPTH: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes an expression out again, with parentheses around every operation.
    struct Written;

    impl<'a> Meaning<'a> for Written {
        type Value = String;
        type Fault = NoExpression;

        fn text(&mut self, written: &'a str) -> String {
            format!("'{written}'")
        }

        fn number(&mut self, written: &'a str) -> Result<String, NoExpression> {
            Ok(written.to_owned())
        }

        fn flag(&mut self, flag: bool) -> String {
            flag.to_string()
        }

        fn reference(&mut self, reference: Reference<'a>) -> Result<String, NoExpression> {
            Ok(reference.path.to_owned())
        }

        fn group(&mut self, inside: String) -> String {
            inside
        }

        fn not(&mut self, of: String) -> Result<String, NoExpression> {
            Ok(format!("!{of}"))
        }

        fn negative(&mut self, of: String) -> Result<String, NoExpression> {
            Ok(format!("-{of}"))
        }

        fn binary(
            &mut self,
            operator: &'static str,
            left: String,
            right: String,
        ) -> Result<String, NoExpression> {
            Ok(format!("({left} {operator} {right})"))
        }

        fn joined(&mut self, left: String, right: String) -> String {
            format!("{left} & {right}")
        }
    }

    #[test]
    fn operators_bind_as_in_arithmetic_and_texts_are_joined_last() {
        for (text, written) in [
            ("1 + 2 * 3 - 4 / 5 % 6", "((1 + (2 * 3)) - ((4 / 5) % 6))"),
            ("${data.a} || ${data.b} && ${data.c} == 1", "(a || (b && (c == 1)))"),
            ("1 == 2 != 3 < 4", "((1 == 2) != (3 < 4))"),
            ("1<=2>=3>4", "(((1 <= 2) >= 3) > 4)"),
            ("(1 + 2) * -3", "((1 + 2) * -3)"),
            ("-${form.a} - -(1)", "(-a - -1)"),
            ("!${data.a} && !!true", "(!a && !!true)"),
            ("'it\\'s ' ${data.a} + 1 'x'", "'it\\'s ' & (a + 1) & 'x'"),
            ("'a' ${data.a} == 3", "'a' & (a == 3)"),
            (" false ", "false"),
        ] {
            assert_eq!(Written.read(text).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn an_expression_may_be_long_but_not_deep() {
        let sum = vec!["1"; 1000].join(" + ");
        assert!(Written.read(&sum).is_ok());
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        let most = nested(49);
        assert_eq!(Written.read(&most).as_deref(), Ok("1"));
        let more = nested(50);
        assert_eq!(Written.read(&more), Err(NoExpression("is nested too deeply")));
    }
}
