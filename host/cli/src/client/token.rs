//! A flow token that stands for another.

use serde_json::Value;

/// Replaces every text that equals `from` as a whole.
pub(super) fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| replace(element, from, to))
        }
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, from, to)),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_replaced_wherever_it_is_the_whole_text() {
        let mut value = json!({"flow_token": "t", "data": ["t", {"x": "t"}, "not t"], "t": 1});

        replace(&mut value, "t", "u");

        assert_eq!(value, json!({"flow_token": "u", "data": ["u", {"x": "u"}, "not t"], "t": 1}));
    }
}
