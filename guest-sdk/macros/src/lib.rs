//! The macros of `flowhost-sdk`. Use them as `flowhost_sdk::export!` and `flowhost_sdk::screens!`; this crate is not for direct use.

mod export;
mod screens;

/// Makes a type that implements `FlowPlugin` the plugin of this crate.
///
/// Write it once, at the top level of `src/lib.rs`:
///
/// ```ignore
/// flowhost_sdk::export!(Appointment);
/// ```
#[proc_macro]
pub fn export(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    export::expand(input.into()).into()
}

/// Makes a module `screens` of the Flow JSON: a type for each screen's data, and one for each form that the plugin is sent. The path
/// begins at the folder of `Cargo.toml`; when the file changes, the crate is built again.
///
/// Write it once, at the top level of `src/lib.rs`:
///
/// ```ignore
/// flowhost_sdk::screens!("flow.json");
/// ```
///
/// For a screen `DETAILS` of the Flow JSON there are
///
/// - `screens::Details`, its data, to answer with `Reply::show(screens::Details { .. })`: a field for each property that the screen
///   declares in `data`;
/// - `screens::details::Form`, what its `data_exchange` actions send: a field for each key of their payloads;
/// - `screens::details::..`, a type for each object inside of its data;
/// - a variant of `screens::Form`, for `match exchange.form::<screens::Form>()?`.
///
/// `screens::Item` is what the lists of all screens consist of whose entries have an `id` and a `title`.
///
/// Types follow the Flow JSON. In data, `string` is `String`, `number` is `Number`, `integer` is `i64`, `boolean` is `bool`, `array` a `Vec`
/// and `object` a type of its own. In a form, a text or a choice is a `String`, a `DatePicker`'s day a `Date` (from Flow JSON 5.0 on; a
/// `String` before), a group of choices a `Vec<String>`, an `OptIn` a `bool`, and picked files a `Vec<media::Reference>`. What can't be known
/// is a `serde_json::Value`.
///
/// **What a reply may leave out** is an `Option`: with a list `required` in `data` or in an object, what is not listed; without one, what
/// the author's own `__example__` of the object leaves out; and each property of the objects that a form has as its `init-values` or
/// `error-messages`. Everything else has to be given, though the client would take less: it would show a hole.
///
/// **What a form may lack** is an `Option` too, none also when it comes empty: what is not `required`, is not always visible and enabled, or
/// is not sent by every action of its screen.
#[proc_macro]
pub fn screens(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    screens::expand(input.into()).into()
}
