//! Where a guest was when it was stopped: the names of its functions, for its flow's log. Names are
//! bytes of the guest, so they are cut and escaped, and the host's own log has them at level debug
//! only.

use std::fmt::{self, Write as _};

use rustc_demangle::try_demangle;
use wasmtime::{FrameInfo, WasmBacktrace};

use crate::telemetry::printable;

/// The guest's functions on the stack, the innermost first: `alloc::slot <- booking::pick (3 times)
/// <- ..`. `None` if there was no function: the guest waited for the host, or had not started.
pub(super) fn of(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let names: Vec<String> = frames.iter().map(name).collect();
    shown(&names)
}

/// The name of one function, as in the source if it is a Rust function; its number without a name.
pub(super) fn name(frame: &FrameInfo) -> String {
    frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), readable)
}

fn shown(all: &[String]) -> Option<String> {
    // The frames inside of this one report the panic. They look alike for every panic.
    let panicked = all.iter().rposition(|name| name.ends_with("rust_begin_unwind"));
    let names = &all[panicked.map_or(0, |at| at + 1)..];
    // So do those that say which kind of panic it is, and its message does too.
    let names =
        &names[names.iter().take_while(|name| name.starts_with("core::panicking::")).count()..];
    let mut shown: Vec<String> = names
        .chunk_by(|a, b| a == b)
        .map(|same| match same {
            [name] => name.clone(),
            _ => format!("{} ({} times)", same[0], same.len()),
        })
        .collect();
    if all.len() >= MAX_FRAMES {
        // There may be more.
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
const MAX_MANGLED_BYTES: usize = 4 << 10;

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
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(shown(&names(&[])), None);
        assert_eq!(shown(&names(&["a", "b", "b", "a"])).as_deref(), Some("a <- b (2 times) <- a"));
        let panic = [
            "abort",
            "__rustc::rust_panic",
            "__rustc::rust_begin_unwind",
            "core::panicking::panic_fmt",
            "a",
        ];
        assert_eq!(shown(&names(&panic)).as_deref(), Some("a"));
        assert_eq!(shown(&vec!["a".to_owned(); MAX_FRAMES]).as_deref(), Some("a (24 times) <- …"));
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
