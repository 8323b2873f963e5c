//! The macro of `flowhost-sdk`. Use it as `flowhost_sdk::export!`; this crate is not for direct use.

mod export;

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
