//! Maps names of the Flow JSON to Rust names.

use flowhost_flow_json::screen_types;
use proc_macro2::{Ident, Span};

/// Makes names unique.
#[derive(Debug, Default)]
pub(super) struct Names(screen_types::Names);

impl Names {
    /// Starts with these names taken.
    pub(super) fn with(taken: &[&str]) -> Self {
        Names(screen_types::Names::with(taken))
    }

    /// Takes `wanted`, or if it is taken, `wanted` with a number.
    pub(super) fn take(&mut self, wanted: &str) -> Ident {
        ident(&self.0.take(wanted))
    }
}

/// Turns `MY_SCREEN`, `my_screen` and `myScreen` into `MyScreen`.
pub(super) fn type_name(name: &str) -> String {
    match screen_types::type_name(name) {
        name if name == "Self" => "SelfScreen".to_owned(),
        name => name,
    }
}

/// Turns `MY_SCREEN` into `my_screen`, for the module beside the type.
pub(super) fn module_name(screen: &str) -> String {
    screen.trim_matches('_').to_ascii_lowercase()
}

/// A property's name, changed only where Rust requires it.
pub(super) fn field_name(name: &str) -> String {
    let allowed: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    match allowed.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{allowed}"),
        Some(_) if allowed.chars().any(|c| c != '_') => allowed,
        _ => "unnamed".to_owned(),
    }
}

/// The name without the `r#` of a raw identifier.
pub(super) fn plain(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn ident(name: &str) -> Ident {
    if NEVER_RAW.contains(&name) {
        Ident::new(&format!("{name}_"), Span::call_site())
    } else if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// Keywords that can't be raw identifiers (the Rust reference, "Raw identifiers").
const NEVER_RAW: [&str; 4] = ["Self", "crate", "self", "super"];

/// All other keywords, reserved ones included (the Rust reference, "Keywords").
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield", "safe",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_camel_case() {
        for (name, expected) in [
            ("APPOINTMENT", "Appointment"),
            ("MY_SCREEN", "MyScreen"),
            ("_my__screen_", "MyScreen"),
            ("myScreen", "MyScreen"),
            ("WhatsApp", "WhatsApp"),
            ("A_B", "AB"),
            ("SELF", "SelfScreen"),
            ("alt-text", "AltText"),
            ("2nd", "N2nd"),
            ("é", "Unnamed"),
        ] {
            assert_eq!(type_name(name), expected, "{name}");
        }
    }

    #[test]
    fn fields_keep_their_names_where_rust_allows_it() {
        for (name, expected) in [
            ("firstName", "firstName"),
            ("alt-text", "alt_text"),
            ("2nd", "_2nd"),
            ("", "unnamed"),
            ("_", "unnamed"),
            ("é1", "_1"),
        ] {
            assert_eq!(field_name(name), expected, "{name}");
        }
    }

    #[test]
    fn keywords_and_names_taken_become_others() {
        let mut names = Names::with(&["Form"]);

        assert_eq!(names.take("type").to_string(), "r#type");
        assert_eq!(names.take("self").to_string(), "self_");
        assert_eq!(names.take("Form").to_string(), "Form2");
        assert_eq!(names.take("Form").to_string(), "Form3");
        assert_eq!(plain(&Names::default().take("type")), "type");
    }
}
