//! `export!`: checks its argument and expands to the component's exports.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

/// The usage hint that ends every error.
const USAGE: &str =
    "write the plugin's type, and nothing else: `flowhost_sdk::export!(Appointment);`";

/// The expansion for one type, or an error at the place of the mistake.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match find_mistake(&input) {
        Some((span, mistake)) => {
            let message = format!("{mistake}: {USAGE}");
            quote_spanned!(span=> ::core::compile_error!(#message);)
        }
        None => exports(&input),
    }
}

fn find_mistake(input: &TokenStream) -> Option<(Span, &'static str)> {
    let Some(first) = input.clone().into_iter().next() else {
        return Some((Span::call_site(), "export! got no type"));
    };
    if let TokenTree::Literal(literal) = &first {
        return Some((literal.span(), "export! got a value instead of a type"));
    }
    second_argument(input).map(|span| (span, "export! got more than one argument"))
}

/// The span of the first comma outside of `<..>`.
fn second_argument(input: &TokenStream) -> Option<Span> {
    let mut depth = 0;
    for token in input.clone() {
        let TokenTree::Punct(punct) = token else { continue };
        match punct.as_char() {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => return Some(punct.span()),
            _ => {}
        }
    }
    None
}

/// `is_plugin` is compiled natively too, so that `cargo check` reports a missing `impl FlowPlugin`
/// and names the type. The module is also there natively: defined twice, it says by its name what
/// is wrong, where the linker would report only duplicate symbols.
fn exports(plugin: &TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        mod a_component_has_one_plugin {}
        const _: () = {
            const fn is_plugin<P: ::flowhost_sdk::FlowPlugin>() {}
            is_plugin::<#plugin>()
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = ::flowhost_sdk::__private::Component<#plugin>;
            ::flowhost_sdk::__private::export_component!(Exported with_types_in ::flowhost_sdk::__private::bindings);
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares without white space: the file is formatted for people, tokens are printed with
    /// spaces of their own.
    fn assert_expands(input: &str, expected: &str) {
        let expansion = expand(input.parse().expect("the input is Rust")).to_string();
        let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(without_blanks(&expansion), without_blanks(expected));
    }

    #[test]
    fn expands_a_type_to_its_exports() {
        assert_expands("Appointment", include_str!("../tests/output/a_type.rs"));
    }

    #[test]
    fn a_comma_inside_a_type_is_not_an_argument() {
        assert_expands("Wizard<Clinic, 3>", include_str!("../tests/output/a_generic_type.rs"));
    }

    #[test]
    fn misuse_says_what_to_write() {
        for (input, mistake) in [
            ("", "export! got no type"),
            ("A, B", "export! got more than one argument"),
            ("\"A\"", "export! got a value instead of a type"),
        ] {
            let expansion = expand(input.parse().expect("the input is Rust")).to_string();
            assert!(
                expansion.contains(mistake) && expansion.contains("Appointment"),
                "{input}: {expansion}"
            );
        }
    }
}
