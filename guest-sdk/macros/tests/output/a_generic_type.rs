#[doc(hidden)]
mod a_component_has_one_plugin {}
const _: () = {
    const fn is_plugin<P: ::flowhost_sdk::FlowPlugin>() {}
    is_plugin::<Wizard<Clinic, 3>>()
};
#[cfg(target_arch = "wasm32")]
const _: () = {
    type Exported = ::flowhost_sdk::__private::Component<Wizard<Clinic, 3>>;
    ::flowhost_sdk::__private::export_component!(Exported with_types_in ::flowhost_sdk::__private::bindings);
};
