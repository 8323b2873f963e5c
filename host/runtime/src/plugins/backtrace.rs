//! Where a guest was when it was stopped, for its flow's log: its functions, and the lines of their
//! source. Names and files are bytes of the guest, so they are cut and escaped, and the host's own
//! log has them at level debug only.

use std::fmt::{self, Write as _};

use rustc_demangle::try_demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

use super::symbols::Symbols;
use crate::telemetry::printable;

/// The functions that were on a guest's stack, as numbers: the innermost first.
#[derive(Debug)]
pub(super) struct Stack(Vec<Frame>);

/// A function of the component that was under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    module: Option<u32>,
    function: u32,
    /// Where in the component its instruction is.
    offset: Option<usize>,
}

/// A function as its author knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Function {
    /// Its name as in the source, escaped and cut; its number if it has none.
    pub(super) name: String,
    /// Whether the component names it.
    pub(super) is_named: bool,
    /// File and line, if they are known and the author's own.
    place: Option<String>,
}

impl Stack {
    /// `None` if there was no function: the guest waited for the host, or had not started.
    pub(super) fn of(error: &wasmtime::Error) -> Option<Self> {
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        (!frames.is_empty()).then(|| Self(frames.iter().map(Frame::of).collect()))
    }

    /// One line: `alloc::slot (src/slots.rs:41) <- booking::pick (src/lib.rs:88) (3 times) <- ..`.
    pub(super) fn shown(&self, symbols: &Symbols) -> Option<String> {
        let functions: Vec<_> = self.0.iter().flat_map(|frame| frame.functions(symbols)).collect();
        shown(&functions, self.0.len() >= MAX_FRAMES)
    }
}

impl Frame {
    pub(super) fn of(frame: &FrameInfo) -> Self {
        Self {
            // wasmtime tells a module's number with each of its functions only.
            module: frame.module().functions().next().map(|function| function.module.as_u32()),
            function: frame.func_index(),
            // wasmtime counts from the beginning of the component.
            offset: frame.module_offset(),
        }
    }

    /// The functions that are one for the machine, the innermost first: the compiler has put all but
    /// the last into the one after it.
    pub(super) fn functions(self, symbols: &Symbols) -> Vec<Function> {
        let named = self
            .module
            .map(|module| symbols.named(module, self.function, self.offset))
            .unwrap_or_default();
        let mut functions: Vec<Function> = Vec::new();
        let mut own_place = None;
        for at in &named.places {
            let place = (at.line > 0 && !at.file.is_empty())
                .then(|| format!("{}:{}", printable(at.file, MAX_NAME_BYTES), at.line));
            match at.name {
                Some(name) => {
                    functions.push(Function { name: readable(name), is_named: true, place });
                }
                None => own_place = place,
            }
        }
        let name = named.function.map(readable);
        functions.push(Function {
            is_named: name.is_some(),
            name: name.unwrap_or_else(|| format!("function {}", self.function)),
            place: own_place,
        });
        functions
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

/// The functions as one line, which may not be all.
fn shown(all: &[Function], may_be_more: bool) -> Option<String> {
    // The functions inside of this one report the panic. They look alike for every panic.
    let panicked = all.iter().rposition(|function| function.name.ends_with("rust_begin_unwind"));
    let functions = &all[panicked.map_or(0, |at| at + 1)..];
    // So do those that say which kind of panic it is, and its message does too.
    let kinds =
        functions.iter().take_while(|function| function.name.starts_with("core::panicking::"));
    let functions = &functions[kinds.count()..];
    let mut shown: Vec<String> = functions
        .chunk_by(|a, b| a == b)
        .map(|same| match same {
            [function] => function.to_string(),
            _ => format!("{} ({} times)", same[0], same.len()),
        })
        .collect();
    if may_be_more {
        shown.push("…".to_owned());
    }
    (!shown.is_empty()).then(|| shown.join(" <- "))
}

/// The name as in the source if a Rust compiler made it; otherwise unchanged.
fn readable(name: &str) -> String {
    let mut text = Beginning(String::new());
    let demangled = Some(name)
        .filter(|name| name.len() <= MAX_MANGLED_BYTES)
        .and_then(|name| try_demangle(name).ok());
    // An error only says that the text is full. The alternate form leaves out the name's hash.
    let _ = match demangled {
        Some(name) => write!(text, "{name:#}"),
        None => text.write_str(name),
    };
    printable(&text.0, MAX_NAME_BYTES)
}

/// Takes the beginning of a text, then fails. So demangling stops for a name that would grow
/// without bound.
struct Beginning(String);

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One byte too many, in whatever character, tells `printable` that something is missing.
        self.0.extend(text.chars().take(MAX_NAME_BYTES + 1));
        if self.0.len() > MAX_NAME_BYTES { Err(fmt::Error) } else { Ok(()) }
    }
}

/// How many frames wasmtime looks up: enough for what lies between a panic and the author's own
/// code.
pub(super) const MAX_FRAMES: usize = 24;

/// Names with generic arguments are long, and most of what matters is at their beginning.
const MAX_NAME_BYTES: usize = 120;

/// Rust's own names have some hundred bytes.
pub(super) const MAX_MANGLED_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_functions_name_is_shown_as_it_was_written() {
        for (mangled, name) in [
            (
                "_ZN11appointment6choice4Slot8describe17h69052f616434ca3bE",
                "appointment::choice::Slot::describe",
            ),
            ("_RNvMsa_NtCs9pv848UzQwQ_4core3fmtNtB5_9Formatter3pad", "<core::fmt::Formatter>::pad"),
            ("cabi_realloc", "cabi_realloc"),
            ("_ZN4half", "_ZN4half"),
            ("", ""),
        ] {
            assert_eq!(readable(mangled), name);
        }
    }

    #[test]
    fn a_name_can_not_steer_a_terminal_and_is_cut() {
        assert_eq!(readable("a\nERROR b\u{1b}[31m\u{202e}"), "a\\nERROR b\\u{1b}[31m\\u{202e}");
        for letter in ["x", "é", "\u{1b}", "𝄞"] {
            let name = readable(&letter.repeat(100_000));
            assert!(name.ends_with('…') && name.len() <= MAX_NAME_BYTES * 6 + 3, "{name}");
        }
    }

    #[test]
    fn a_name_that_grows_when_it_is_demangled_ends_early() {
        // Each tuple is twice the one before: 2^40 letters in all.
        let mut generics = "IC1aTuuE".to_owned();
        let mut last = 4;
        for _ in 0..40 {
            let at = generics.len();
            let back = format!("B{}_", base_62(last));
            generics += &format!("T{back}{back}E");
            last = at;
        }
        let mangled = format!("_R{generics}E");
        assert!(try_demangle(&mangled).is_ok(), "{mangled}");

        let name = readable(&mangled);

        assert!(
            name.starts_with("a::<((), ())")
                && name.ends_with('…')
                && name.len() <= MAX_NAME_BYTES + 3,
            "{name}"
        );
    }

    #[test]
    fn functions_that_call_themselves_are_counted_and_a_panics_own_left_out() {
        let functions =
            |names: &[&str]| names.iter().map(|name| function(name)).collect::<Vec<_>>();
        assert_eq!(shown(&functions(&[]), false), None);
        assert_eq!(
            shown(&functions(&["a", "b", "b", "a"]), false).as_deref(),
            Some("a <- b (2 times) <- a")
        );
        let panic = [
            "abort",
            "__rustc::rust_panic",
            "__rustc::rust_begin_unwind",
            "core::panicking::panic_fmt",
            "a",
        ];
        assert_eq!(shown(&functions(&panic), false).as_deref(), Some("a"));
        assert_eq!(shown(&functions(&["a"; 24]), true).as_deref(), Some("a (24 times) <- …"));
    }

    #[test]
    fn a_function_has_its_file_and_line_and_what_was_put_into_it_comes_first() {
        let at = |line| Function { place: Some(format!("src/lib.rs:{line}")), ..function("a") };

        let shown = shown(&[at(1), at(2), at(2), function("b")], false);

        assert_eq!(shown.as_deref(), Some("a (src/lib.rs:1) <- a (src/lib.rs:2) (2 times) <- b"));
    }

    #[test]
    fn a_frame_that_nothing_is_known_of_is_a_number() {
        for module in [None, Some(0), Some(u32::MAX)] {
            let frame = Frame { module, function: 12, offset: Some(usize::MAX) };

            let functions = frame.functions(&Symbols::default());

            assert_eq!(shown(&functions, false).as_deref(), Some("function 12"));
            assert!(!functions[0].is_named);
        }
    }

    fn function(name: &str) -> Function {
        Function { name: name.to_owned(), is_named: true, place: None }
    }

    fn base_62(number: usize) -> String {
        let digit = |digit: usize| {
            char::from(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit])
        };
        match number {
            0 => String::new(),
            number if number <= 62 => digit(number - 1).to_string(),
            number => format!("{}{}", digit((number - 1) / 62), digit((number - 1) % 62)),
        }
    }
}
