//! Expressions between backticks, and the conditions of an `If`: `` `'Hello ' ${data.name}` ``, `` `${form.age} >= 18 && !${form.opt_out}` ``.

use crate::document::Reference;

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Integer,
    Flag,
    /// Nobody can say.
    Unknown,
}

/// Why an expression is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// It ends too early, or something stands where it can't.
    Syntax(&'static str),
    /// A reference that refers to nothing; who resolves it has said so.
    Dangling,
    /// An operator that its operands don't fit.
    Types(&'a str, &'static str),
}

/// An expression as far as it was read.
pub(super) struct Reading {
    pub(super) gives: Type,
    /// Whether it is a value that is written down.
    pub(super) literal: bool,
    /// What WhatsApp may not compute in it.
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

/// Reads an expression; what a reference gives, `resolve` says. Costs a time that grows with its length.
pub(super) fn read<'a>(text: &'a str, resolve: &mut dyn FnMut(Reference<'a>) -> Option<Type>) -> Result<Reading, Fault<'a>> {
    let mut reader = Reader { rest: text, resolve, depth: 0 };
    let mut all = reader.binary(0)?;
    // What stands side by side is joined to a text.
    while reader.peek().is_some() {
        let next = reader.binary(0)?;
        all = Reading { doubt: all.doubt.or(next.doubt), ..Reading::of(Type::Text) };
    }
    Ok(all)
}

struct Reader<'r, 'a> {
    rest: &'a str,
    resolve: &'r mut dyn FnMut(Reference<'a>) -> Option<Type>,
    depth: usize,
}

impl<'a> Reader<'_, 'a> {
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

    /// Operators that bind at least so tightly, from left to right.
    fn binary(&mut self, least: usize) -> Result<Reading, Fault<'a>> {
        let mut left = self.unary()?;
        loop {
            self.peek();
            let known = |operator: &&(&str, usize)| self.rest.starts_with(operator.0) && operator.1 >= least;
            let Some((operator, binds)) = OPERATORS.iter().find(known) else { return Ok(left) };
            self.rest = &self.rest[operator.len()..];
            let right = self.binary(binds + 1)?;
            let doubt = left.doubt.or(right.doubt).or(doubt(operator, &left, &right));
            left = Reading { doubt, ..Reading::of(combined(operator, left.gives, right.gives)?) };
        }
    }

    fn unary(&mut self) -> Result<Reading, Fault<'a>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::Syntax("is nested too deeply"));
        }
        let read = match self.peek() {
            None => Err(Fault::Syntax("ends where a value is due")),
            Some('!') if !self.rest.starts_with("!=") => {
                self.take("!");
                let of = self.unary()?;
                let fits = matches!(of.gives, Type::Flag | Type::Unknown);
                if fits {
                    Ok(Reading { doubt: of.doubt, ..Reading::of(Type::Flag) })
                } else {
                    Err(Fault::Types("!", "true or false"))
                }
            }
            Some('(') => {
                self.take("(");
                let inside = self.binary(0)?;
                if self.take(")") {
                    Ok(Reading { literal: false, ..inside })
                } else {
                    Err(Fault::Syntax("has a parenthesis that is not closed"))
                }
            }
            Some('\'') => self.text(),
            Some('"') => Err(Fault::Syntax("has a text in double quotation marks; it stands in single ones, as 'text'")),
            Some('$') => self.reference(),
            Some(first) if first.is_ascii_digit() || first == '-' => self.number(),
            Some(_) => self.word(),
        };
        self.depth -= 1;
        read
    }

    fn text(&mut self) -> Result<Reading, Fault<'a>> {
        let mut escaped = false;
        for (at, char) in self.rest.char_indices().skip(1) {
            match char {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => {
                    self.rest = &self.rest[at + char.len_utf8()..];
                    return Ok(Reading::literal(Type::Text));
                }
                _ => (),
            }
        }
        Err(Fault::Syntax("has a text whose quotation mark is not closed"))
    }

    fn reference(&mut self) -> Result<Reading, Fault<'a>> {
        let (inside, rest) = self
            .rest
            .strip_prefix("${")
            .and_then(|rest| rest.split_once('}'))
            .ok_or(Fault::Syntax("has a reference that is none; it is written ${data.name} or ${form.name}"))?;
        self.rest = rest;
        let reference = Reference::inside(inside)
            .ok_or(Fault::Syntax("has a reference that is none; it is written ${data.name} or ${form.name}"))?;
        let gives = (self.resolve)(reference).ok_or(Fault::Dangling)?;
        Ok(Reading::of(gives))
    }

    fn number(&mut self) -> Result<Reading, Fault<'a>> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        if !digits.starts_with(|char: char| char.is_ascii_digit()) {
            self.take("-");
            let of = self.unary()?;
            let fits = matches!(of.gives, Type::Number | Type::Integer | Type::Unknown);
            return if fits { Ok(Reading { literal: false, ..of }) } else { Err(Fault::Types("-", "numbers")) };
        }
        self.rest = digits.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        Ok(Reading::literal(Type::Number))
    }

    fn word(&mut self) -> Result<Reading, Fault<'a>> {
        let end = self.rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "true" | "false" => Ok(Reading::literal(Type::Flag)),
            "" => Err(Fault::Syntax("has a character where none can be")),
            _ => Err(Fault::Syntax("has a word in it that is no text, since it stands in no quotation marks")),
        }
    }
}

fn combined<'a>(operator: &'static str, left: Type, right: Type) -> Result<Type, Fault<'a>> {
    let as_number = |side: Type| if side == Type::Integer { Type::Number } else { side };
    let (left, right) = (as_number(left), as_number(right));
    let both = |wanted: Type| [left, right].iter().all(|side| *side == wanted || *side == Type::Unknown);
    match operator {
        "&&" | "||" if both(Type::Flag) => Ok(Type::Flag),
        "&&" | "||" => Err(Fault::Types(operator, "true or false")),
        "==" | "!=" if left == right || both(Type::Unknown) || left == Type::Unknown || right == Type::Unknown => Ok(Type::Flag),
        "==" | "!=" => Err(Fault::Types(operator, "two values of one type")),
        "<" | "<=" | ">" | ">=" if both(Type::Number) => Ok(Type::Flag),
        "+" | "-" | "*" | "/" | "%" if both(Type::Number) => Ok(Type::Number),
        _ => Err(Fault::Types(operator, "numbers")),
    }
}

/// What WhatsApp's own reader of expressions seems not to take, though its reference does.
fn doubt(operator: &str, left: &Reading, right: &Reading) -> Option<&'static str> {
    let integers = [left, right].iter().filter(|side| side.gives == Type::Integer).count();
    match operator {
        "==" | "!=" if left.literal && right.literal => Some("compares two values that are written down: it is always the same"),
        "==" | "!=" if integers == 1 => {
            Some("compares an integer with a number, which WhatsApp may refuse: declare it as a number")
        }
        "%" => Some("has a `%`, which WhatsApp may refuse where the result is no text"),
        _ => None,
    }
}

/// From the loosest to the tightest; a longer one before what it begins with.
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

/// Far more parentheses than anybody writes.
const MAX_DEPTH: usize = 50;

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
        ] {
            let reading = read(text, &mut resolve).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
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
        for text in ["${data.text} + 1", "!${data.number}", "${data.flag} > 1", "${data.text} == 1", "${data.flag} && 'x'", "-'x'"]
        {
            assert!(matches!(of(text), Err(Fault::Types(..))), "{text}: {:?}", of(text));
        }
        assert_eq!(of("${data.nothing} == 1"), Err(Fault::Dangling));
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(matches!(of(&deep), Err(Fault::Syntax("is nested too deeply"))));
    }
}
