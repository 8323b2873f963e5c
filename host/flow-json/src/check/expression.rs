//! Infers the types of expressions and checks the operands of their operators.

use crate::document::{Meaning, NoExpression, Reference};

/// The type of an expression's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Integer,
    Flag,
    /// Can't be inferred.
    Unknown,
}

/// What is wrong with an expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// It ends too early, or has something in the wrong place.
    Syntax(&'static str),
    /// A reference without a target, which the resolver has reported.
    Dangling,
    /// An operator whose operands have the wrong types.
    Types(&'a str, &'static str),
}

impl From<NoExpression> for Fault<'_> {
    fn from(NoExpression(problem): NoExpression) -> Self {
        Self::Syntax(problem)
    }
}

/// What is known of an expression.
pub(super) struct Reading {
    pub(super) gives: Type,
    /// Whether it is a literal.
    pub(super) literal: bool,
    /// Something that WhatsApp may be unable to compute.
    pub(super) doubt: Option<&'static str>,
}

impl Reading {
    fn of(gives: Type) -> Self {
        Self { gives, literal: false, doubt: None }
    }

    fn literal(gives: Type) -> Self {
        Self { gives, literal: true, doubt: None }
    }
}

/// Infers the type of an expression. `resolve` gives the type of a reference.
pub(super) fn read<'a>(
    text: &'a str,
    resolve: &mut dyn FnMut(Reference<'a>) -> Option<Type>,
) -> Result<Reading, Fault<'a>> {
    Typing { resolve }.read(text)
}

struct Typing<'r, 'a> {
    resolve: &'r mut dyn FnMut(Reference<'a>) -> Option<Type>,
}

impl<'a> Meaning<'a> for Typing<'_, 'a> {
    type Value = Reading;
    type Fault = Fault<'a>;

    fn text(&mut self, _: &'a str) -> Reading {
        Reading::literal(Type::Text)
    }

    fn number(&mut self, _: &'a str) -> Result<Reading, Fault<'a>> {
        Ok(Reading::literal(Type::Number))
    }

    fn flag(&mut self, _: bool) -> Reading {
        Reading::literal(Type::Flag)
    }

    fn reference(&mut self, reference: Reference<'a>) -> Result<Reading, Fault<'a>> {
        (self.resolve)(reference).map(Reading::of).ok_or(Fault::Dangling)
    }

    fn group(&mut self, inside: Reading) -> Reading {
        Reading { literal: false, ..inside }
    }

    fn not(&mut self, of: Reading) -> Result<Reading, Fault<'a>> {
        let fits = matches!(of.gives, Type::Flag | Type::Unknown);
        if fits {
            Ok(Reading { doubt: of.doubt, ..Reading::of(Type::Flag) })
        } else {
            Err(Fault::Types("!", "true or false"))
        }
    }

    fn negative(&mut self, of: Reading) -> Result<Reading, Fault<'a>> {
        let fits = matches!(of.gives, Type::Number | Type::Integer | Type::Unknown);
        if fits { Ok(Reading { literal: false, ..of }) } else { Err(Fault::Types("-", "numbers")) }
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: Reading,
        right: Reading,
    ) -> Result<Reading, Fault<'a>> {
        let doubt = left.doubt.or(right.doubt).or(doubt(operator, &left, &right));
        Ok(Reading { doubt, ..Reading::of(combined(operator, left.gives, right.gives)?) })
    }

    fn joined(&mut self, left: Reading, right: Reading) -> Reading {
        Reading { doubt: left.doubt.or(right.doubt), ..Reading::of(Type::Text) }
    }
}

fn combined<'a>(operator: &'static str, left: Type, right: Type) -> Result<Type, Fault<'a>> {
    let as_number = |side: Type| if side == Type::Integer { Type::Number } else { side };
    let (left, right) = (as_number(left), as_number(right));
    let both =
        |wanted: Type| [left, right].iter().all(|side| *side == wanted || *side == Type::Unknown);
    match operator {
        "&&" | "||" if both(Type::Flag) => Ok(Type::Flag),
        "&&" | "||" => Err(Fault::Types(operator, "true or false")),
        "==" | "!="
            if left == right
                || both(Type::Unknown)
                || left == Type::Unknown
                || right == Type::Unknown =>
        {
            Ok(Type::Flag)
        }
        "==" | "!=" => Err(Fault::Types(operator, "two values of one type")),
        "<" | "<=" | ">" | ">=" if both(Type::Number) => Ok(Type::Flag),
        "+" | "-" | "*" | "/" | "%" if both(Type::Number) => Ok(Type::Number),
        _ => Err(Fault::Types(operator, "numbers")),
    }
}

/// Finds what WhatsApp's own parser seems to refuse although its reference allows it.
fn doubt(operator: &str, left: &Reading, right: &Reading) -> Option<&'static str> {
    let one_integer = (left.gives == Type::Integer) != (right.gives == Type::Integer);
    match operator {
        "==" | "!=" if left.literal && right.literal => {
            Some("compares two values that are written down: it is always the same")
        }
        "==" | "!=" if one_integer => Some(
            "compares an integer with a number, which WhatsApp may refuse: declare it as a number",
        ),
        "%" => Some("has a `%`, which WhatsApp may refuse where the result is no text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Type, Fault<'_>> {
        let mut resolve = |reference: Reference<'_>| match reference.path {
            "text" => Some(Type::Text),
            "number" => Some(Type::Number),
            "flag" => Some(Type::Flag),
            "integer" => Some(Type::Integer),
            "list" => Some(Type::Unknown),
            _ => None,
        };
        read(text, &mut resolve).map(|reading| reading.gives)
    }

    #[test]
    fn the_type_of_an_expression_is_known() {
        for (text, gives) in [
            ("'Hello ' ${data.text}", Type::Text),
            ("${data.number} ' years'", Type::Text),
            ("${data.number} + 2 * (3 - ${form.number})", Type::Number),
            ("${data.number} >= 18 && !${data.flag} || ${data.text} == 'x'", Type::Flag),
            ("(${data.flag} == true) == ${form.flag}", Type::Flag),
            ("-${data.number} % 2", Type::Number),
            ("${data.list} == 'a'", Type::Flag),
            ("${data.integer} + 1", Type::Number),
            ("-${data.integer}", Type::Integer),
            ("'it\\'s'", Type::Text),
        ] {
            assert_eq!(of(text), Ok(gives), "{text}");
        }
    }

    #[test]
    fn what_may_not_be_computed_is_doubted() {
        let mut resolve = |_: Reference<'_>| Some(Type::Integer);
        for (text, doubted) in [
            ("${data.x} == 3", true),
            ("'a' ${data.x} == 3", true),
            ("${data.x} == ${data.y}", false),
            ("${data.x} > 3", false),
            ("1 == 1", true),
            ("${data.x} % 2 > 0", true),
            ("!(${data.x} == 3)", true),
            ("- 5 == 1", false),
            ("(1) == 1", false),
        ] {
            let reading =
                read(text, &mut resolve).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!(reading.doubt.is_some(), doubted, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "1 +",
            "(1",
            "'open",
            "${data}",
            "${data.text",
            "hello",
            "${data.flag} ? 1 : 2",
            "1 == ",
            "&& 1",
            "#",
            "${data.text} == \"a\"",
        ] {
            assert!(matches!(of(text), Err(Fault::Syntax(_))), "{text}: {:?}", of(text));
        }
        for text in [
            "${data.text} + 1",
            "!${data.number}",
            "${data.flag} > 1",
            "${data.text} == 1",
            "${data.flag} && 'x'",
            "-'x'",
        ] {
            assert!(matches!(of(text), Err(Fault::Types(..))), "{text}: {:?}", of(text));
        }
        assert_eq!(of("${data.text} == 1"), Err(Fault::Types("==", "two values of one type")));
        assert_eq!(of("${data.flag} && 'x'"), Err(Fault::Types("&&", "true or false")));
        assert_eq!(of("${data.text} < 1"), Err(Fault::Types("<", "numbers")));
        assert_eq!(of("${data.nothing} == 1"), Err(Fault::Dangling));
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(matches!(of(&deep), Err(Fault::Syntax("is nested too deeply"))));
    }
}
