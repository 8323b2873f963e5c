//! What an uploaded component may consist of: less than the engine's own modules may.

use wasmparser::Validator;

use super::super::{ComponentError, Inspection, advice, wasm_features};
use crate::telemetry::printable;

/// Validates what was uploaded with the features of components alone. The engine has one feature
/// more, which the modules that it generates between a component's parts need, and whose code it
/// must not take from anybody else.
pub(super) fn check(component: &[u8], inspection: &Inspection) -> Result<(), ComponentError> {
    let mut validator = Validator::new_with_features(wasm_features::of_components());
    validator.validate_all(component).map(drop).map_err(|error| {
        let why = printable(&error.to_string(), MAX_REASON_BYTES);
        ComponentError::Invalid(advice::on(&why, inspection))
    })
}

/// Names of imports and types can be long.
const MAX_REASON_BYTES: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_of_a_module_are_refused_though_the_engine_knows_them() {
        let component = wat::parse_str("(component (core module (memory 1) (memory 1)))").unwrap();
        let engine = crate::plugins::engine::compiling_engine().unwrap();

        let refused = check(&component, &Inspection::default()).unwrap_err().to_string();

        assert!(refused.contains("multi"), "{refused}");
        assert!(engine.precompile_component(&component).is_ok());
    }
}
