//! `screens!`: reads a Flow JSON and expands to types for its screens and forms.

mod code;
mod names;

use std::path::{Path, PathBuf};

use flowhost_flow_json::screen_types::Flow;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::argument::{self, error};

/// The expansion for one file, or errors at the span of its path.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (span, file) = match argument::text(input, "screens!", "file") {
        Ok(found) => found,
        Err((span, mistake)) => return failure(span, [format!("{mistake}: {USAGE}")]),
    };
    let path = manifest_folder().join(&file);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(reason) => return failure(span, [unreadable(&path, &reason)]),
    };
    // Cargo rebuilds the crate when an included file changes.
    let included = path.to_str().map(|path| {
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    match Flow::parse(&text) {
        Ok(flow) => {
            let module = code::module(&flow, &file);
            quote!(#included #module)
        }
        Err(mistakes) => {
            let failure = failure(span, mistakes.iter().map(|mistake| format!("{file}{mistake}")));
            quote!(#included #failure)
        }
    }
}

/// The expansion that fails with these messages.
///
/// An import that fails stands in for the module. rustc reports it, and then nothing of the names
/// that are looked for in it; without it, each use of one would be an error.
fn failure(span: Span, messages: impl IntoIterator<Item = String>) -> TokenStream {
    let errors = messages.into_iter().map(|message| error(span, &message));
    let stand_in = quote_spanned!(span=>
        use ::flowhost_sdk::__private::no_screens_while_the_flow_json_is_wrong as screens;
    );
    quote!(#(#errors)* #stand_in)
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells macros in the environment which crate they expand in"
)]
fn manifest_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}

fn unreadable(path: &Path, reason: &std::io::Error) -> String {
    format!(
        "screens! can't read {}: {reason}. The path begins at the folder of Cargo.toml. \
         A plugin without a Flow JSON does without `screens!`, and answers with `Reply::screen(..).data(json!({{..}}))`",
        path.display()
    )
}

/// The usage hint that ends every error.
const USAGE: &str = "write the path of the Flow JSON, from the folder of Cargo.toml on: `flowhost_sdk::screens!(\"flow.json\");`";

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(input: &str) -> String {
        expand(input.parse().expect("the input is Rust")).to_string()
    }

    #[test]
    fn misuse_says_what_to_write() {
        for (input, mistake) in [
            ("", "got no file"),
            ("\"flow.json\", Appointment", "got more than one argument"),
            ("flow", "something else than a text"),
            ("7", "something else than a text"),
        ] {
            let expansion = expansion(input);
            assert!(
                expansion.contains(mistake) && expansion.contains("flow.json"),
                "{input}: {expansion}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_named_and_told_where_it_is_sought() {
        let expansion = expansion("\"no-flow.json\"");

        assert!(
            expansion.contains("macros/no-flow.json") && expansion.contains("folder of Cargo.toml"),
            "{expansion}"
        );
    }

    #[test]
    fn a_broken_file_is_named_with_the_line() {
        let expansion = expansion("\"tests/flows/broken.json\"");

        assert!(expansion.contains("tests/flows/broken.json:4:17: "), "{expansion}");
        assert_eq!(expansion.matches("compile_error").count(), 1, "{expansion}");
        assert!(expansion.contains("as screens"), "{expansion}");
    }
}
