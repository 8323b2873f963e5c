//! The patterns of text inputs: JavaScript's regular expressions, run by an engine whose time grows
//! with the text alone.
//!
//! A Flow JSON comes from a tenant, and a pattern may be written to run for hours in an engine that
//! tries one way after another. What means something else here than in JavaScript is translated, and
//! what can't be is not run: the field then says that its pattern is not checked.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// A regular expression of JavaScript's, compiled when it is first needed. Two are equal that are
/// written alike.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    /// `None` if it can't be checked here.
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(written: String) -> Self {
        Self { written, compiled: OnceLock::new() }
    }

    /// Whether a text matches it somewhere, as JavaScript's `test` says. `None` if that is not checked
    /// here: the pattern has something that this engine lacks, such as a look-around, or is too large.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let compiled = self.compiled()?;
        (text.len() <= MAX_TEXT_BYTES).then(|| compiled.is_match(text))
    }

    /// Whether it can be checked here.
    pub(super) fn is_known(&self) -> bool {
        self.compiled().is_some()
    }

    fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.written)).as_ref()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

fn compile(pattern: &str) -> Option<Regex> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return None;
    }
    let translated = translate(pattern)?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
        .ok()
}

/// The pattern as this engine writes it. Classes such as `\d` have ASCII alone in JavaScript, `.` and
/// `\s` other characters, and a bracket or an ampersand in a set stands for itself there.
fn translate(pattern: &str) -> Option<String> {
    let mut translated = String::with_capacity(pattern.len() * 2);
    let (mut chars, mut in_set, mut repeated) = (pattern.chars().peekable(), false, Repeated::No);
    while let Some(char) = chars.next() {
        let before = std::mem::take(&mut repeated);
        match (char, in_set) {
            ('\\', _) => escape(chars.next()?, chars.peek().copied(), in_set, &mut translated)?,
            ('[', false) => {
                in_set = true;
                translated.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    translated.push('^');
                }
                // An empty set, which here would go on.
                if chars.peek() == Some(&']') {
                    return None;
                }
            }
            (']', true) => {
                in_set = false;
                translated.push(']');
            }
            ('[' | '&' | '~', true) => translated.extend(['\\', char]),
            // A range that begins or ends with a hyphen or a class, which here would be something else.
            ('-', true) if matches!(chars.peek(), Some('-' | '\\')) => return None,
            ('.', false) => translated.push_str(ANY),
            ('*' | '+' | '?' | '{', false) => {
                repeated = match (char, before) {
                    ('?', Repeated::Once) => Repeated::Lazily,
                    (_, Repeated::No) => Repeated::Once,
                    // An error in JavaScript.
                    _ => return None,
                };
                translated.push(char);
                if char == '{' {
                    bounds(&mut chars, &mut translated)?;
                }
            }
            // Flags, which JavaScript does not have here.
            ('(', false) if chars.peek() == Some(&'?') => {
                chars.next();
                let kind = chars.next().filter(|kind| [':', '<'].contains(kind))?;
                translated.extend(['(', '?', kind]);
            }
            (char, _) => translated.push(char),
        }
    }
    Some(translated)
}

/// Whether what comes before is repeated already.
#[derive(Clone, Copy, Default)]
enum Repeated {
    #[default]
    No,
    Once,
    /// As seldom as possible.
    Lazily,
}

/// The rest of `{2}`, `{2,}` or `{2,3}`. `None` for what is text in JavaScript.
fn bounds(chars: &mut Peekable<Chars<'_>>, translated: &mut String) -> Option<()> {
    let (mut digits, mut commas) = (0, 0);
    for char in chars.by_ref() {
        translated.push(char);
        match char {
            '0'..='9' => digits += 1,
            ',' if digits > 0 && commas == 0 => commas += 1,
            '}' if digits > 0 => return Some(()),
            _ => return None,
        }
    }
    None
}

/// An escaped character, if it means the same or can be said in another way.
fn escape(char: char, next: Option<char>, in_set: bool, translated: &mut String) -> Option<()> {
    match (char, in_set) {
        ('d', _) => translated.push_str("[0-9]"),
        ('D', _) => translated.push_str("[^0-9]"),
        ('w', _) => translated.push_str("[0-9A-Za-z_]"),
        ('W', _) => translated.push_str("[^0-9A-Za-z_]"),
        ('s', _) => translated.extend(["[", BLANKS, "]"]),
        ('S', _) => translated.extend(["[^", BLANKS, "]"]),
        ('b', false) => translated.push_str(r"(?-u:\b)"),
        ('u' | 'x', _) if next == Some('{') => return None,
        ('n' | 'r' | 't' | 'f' | 'v' | 'u' | 'x', _) => translated.extend(['\\', char]),
        (char, _) if char.is_ascii_punctuation() && !['<', '>'].contains(&char) => {
            translated.extend(['\\', char]);
        }
        _ => return None,
    }
    Some(())
}

/// What `.` is in JavaScript: all but the ends of lines.
const ANY: &str = r"[^\n\r\x{2028}\x{2029}]";

/// What `\s` has in JavaScript: white space and ends of lines.
const BLANKS: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// Longer than what anybody writes for one line of text.
const MAX_PATTERN_BYTES: usize = 1_000;

/// Enough for eighty letters of any language. Compiling takes 0.5 ms at the most.
pub(super) const MAX_COMPILED_BYTES: usize = 64 << 10;

/// Groups in groups.
const MAX_NESTING: u32 = 20;

/// An input has 80 characters if its author does not say otherwise. The worst pattern found takes 47 ms
/// for four times as many.
const MAX_TEXT_BYTES: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        Pattern::new(pattern.to_owned()).matches(text)
    }

    #[test]
    fn a_pattern_is_compiled_once() {
        let pattern = Pattern::new("^a+$".to_owned());
        assert!(pattern.compiled.get().is_none());

        assert!(pattern.is_known() && pattern.matches("aa") == Some(true));
        let first = pattern.compiled().unwrap();
        assert!(std::ptr::eq(first, pattern.compiled().unwrap()));
    }

    #[test]
    fn a_pattern_means_what_it_means_in_javascript() {
        for (pattern, fits, does_not) in [
            ("^[a-z0-9]{6,}$", "abc123", "abc"),
            ("b", "abc", "ac"),
            (r"^\d{4}$", "1234", "١٢٣٤"),
            (r"^\w+$", "ab_1", "ñandú"),
            (r"^[\d\s-]+$", "12 3-4", "12a"),
            (r"^[^\W\d]+$", "ab", "a1"),
            (r"^[[&~]+$", "[&~", "a"),
            (r"\bcat\b", "a cat", "concat"),
            (r"^\/a\.b$", "/a.b", "/axb"),
            (r"^\u0041\x42$", "AB", "ab"),
            ("^(?:a|b)(?<rest>c)$", "ac", "cc"),
            (r"^[A-Za-zÀ-ÿ '’-]{2,80}$", "Zoë d’Arc", "1"),
            ("^.$", "é", "\r"),
            (r"^\s$", "\u{FEFF}", "\u{85}"),
            (r"^[\S]{2,}?$", "ab", "a"),
            (r"^[\d.+-]+$", "+1.2-", "a"),
            ("^a{2}$", "aa", "a"),
        ] {
            assert_eq!(matches(pattern, fits), Some(true), "{pattern}");
            assert_eq!(matches(pattern, does_not), Some(false), "{pattern}");
        }
    }

    #[test]
    fn what_can_not_be_run_is_not_checked() {
        let nested = format!("{}a{}", "(".repeat(50), ")".repeat(50));
        for pattern in [
            "(?=a)a",
            "(?<!a)b",
            r"(a)\1",
            "(?i)a",
            "[]",
            "[^]",
            "a{,3}",
            "a{ 2 }",
            "a{2",
            "a{b}",
            "a*+",
            "a{2}{3}",
            "a???",
            r"[.-\w]",
            r"[+-\d]",
            r"\u{41}",
            "[+--]",
            "(",
            r"\",
            r"\cA",
            r"[\b]",
            r"\A",
            r"(\w{1000}){1000}",
            &nested,
            &"a".repeat(1_001),
        ] {
            let pattern = Pattern::new(pattern.to_owned());
            assert!(!pattern.is_known(), "{pattern}");
            assert_eq!(pattern.matches("a"), None, "{pattern}");
        }
        assert_eq!(matches("a", &"a".repeat(MAX_TEXT_BYTES + 1)), None);
    }

    #[test]
    fn a_pattern_that_would_run_for_hours_elsewhere_is_answered() {
        assert_eq!(matches("^(a+)+$", &format!("{}b", "a".repeat(1_000))), Some(false));
    }
}
