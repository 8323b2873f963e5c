//! Parses the lines that the user types.

/// A line of the user's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Start the screen over.
    Again,
    /// Go back.
    Back,
    /// Empty the field.
    Clear,
    /// Show what can be typed.
    Help,
    /// An empty line: keep the field's value, or press the button.
    Keep,
    /// Tap a link, counted from 0.
    Link(usize),
    /// End the conversation.
    Quit,
    /// The text to fill in.
    Text(String),
    /// An unknown command.
    Unknown(String),
}

impl Typed {
    /// Parses a line without its line end.
    pub(super) fn of(line: &str) -> Self {
        let line = line.trim();
        match line.strip_prefix(':') {
            None if line.is_empty() => Self::Keep,
            None => Self::Text(line.to_owned()),
            Some("again") => Self::Again,
            Some("back") => Self::Back,
            Some("clear") => Self::Clear,
            Some("help") => Self::Help,
            Some("quit") => Self::Quit,
            Some(text) if text.starts_with(':') => Self::Text(text.to_owned()),
            Some(number) => {
                match number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
                    Some(link) => Self::Link(link),
                    None => Self::Unknown(line.to_owned()),
                }
            }
        }
    }
}

pub(super) const HELP: &str = "  Enter    keeps what a field holds, presses the button
  :1, :2   taps that link
  :again   starts the screen over
  :back    goes back
  :clear   empties the field
  :quit    ends the conversation
  ::text   is text that begins with a colon
A choice is picked by its number, its id or its title; several are separated by commas.
Photos and documents are picked by their paths; several are separated by commas.
A range is two days with a space between them; - stands for a day that is left out.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_begin_with_a_colon_and_text_may() {
        assert_eq!(Typed::of("  Ana "), Typed::Text("Ana".to_owned()));
        assert_eq!(Typed::of(""), Typed::Keep);
        assert_eq!(Typed::of(":back"), Typed::Back);
        assert_eq!(Typed::of(":2"), Typed::Link(1));
        assert_eq!(Typed::of("::-)"), Typed::Text(":-)".to_owned()));
        for unknown in [":0", ":dance", ":"] {
            assert_eq!(Typed::of(unknown), Typed::Unknown(unknown.to_owned()));
        }
    }
}
