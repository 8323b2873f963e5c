//! The argument of a macro that takes a single text, and the errors of all macros.

use proc_macro2::{Literal, Span, TokenStream, TokenTree};
use quote::quote_spanned;

/// The single argument, a string literal, and its place. `name` is the macro's and `what` the
/// text's, for the error.
pub(crate) fn text(
    input: TokenStream,
    name: &str,
    what: &str,
) -> Result<(Span, String), (Span, String)> {
    let mut tokens = input.into_iter();
    let first =
        tokens.next().ok_or_else(|| (Span::call_site(), format!("{name} got no {what}")))?;
    if let Some(second) = tokens.next() {
        return Err((second.span(), format!("{name} got more than one argument")));
    }
    let text = match &first {
        TokenTree::Literal(literal) => text_of(literal),
        _ => None,
    };
    text.map(|text| (first.span(), text))
        .ok_or_else(|| (first.span(), format!("{name} got something else than a text")))
}

/// The items that fail with this message.
pub(crate) fn error(span: Span, message: &str) -> TokenStream {
    quote_spanned!(span=> ::core::compile_error!(#message);)
}

/// The expression that fails with this message. Its type is that of everything, so that it is the
/// only error.
#[cfg(feature = "time-zones")]
pub(crate) fn error_expression(span: Span, message: &str) -> TokenStream {
    quote_spanned!(span=> ::core::compile_error!(#message))
}

/// The text of a plain string literal; `None` if it is a number, a byte string, or has escapes,
/// which neither a path nor a name needs.
fn text_of(literal: &Literal) -> Option<String> {
    let source = literal.to_string();
    let text = source.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then(|| text.to_owned())
}
