//! What a phone shows of an answer that it got some time ago, with nothing to press.

use flowhost_client::conversation::Conversation;
use flowhost_client::judgement::Judgement;
use flowhost_client::{Handset, Shows};
use flowhost_flow_json::Document;
use maud::{Markup, html};
use serde_json::Value;

use super::inside::{end, refusal};
use super::still;

/// An answer as the phone shows it by this Flow JSON: its screen with the message that pops up on it,
/// or what the chat says once the Flow is over. `is_refusal` is whether it came with status 427.
/// `None` if it is nothing that a phone can show, or the Flow JSON does not have its screen.
pub fn answer(said: &Value, is_refusal: bool, document: Option<&Document>) -> Option<Markup> {
    let mut handset = Handset::new(Conversation::new(document.cloned(), ""));
    handset.receive(&Judgement::of_answer(said, is_refusal));
    let chat = |said: Markup| html! { div.phone-chat { (said) } };
    let inside = match handset.shows() {
        Shows::Disabled(text) => chat(refusal(text)),
        Shows::Ended(params) => chat(end(params.as_ref())),
        Shows::Screen => {
            document?.screen(said.get("screen")?.as_str()?)?;
            still(handset.conversation())
        }
        Shows::Message | Shows::Unopened(_) => return None,
    };
    Some(html! {
        div.phone {
            @if let Some(text) = handset.snackbar() { p.snackbar { (text) } }
            (inside)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_screen_comes_with_the_message_that_pops_up_on_it() {
        let shown = shown(&json!({"screen": "A", "data": {"error_message": "Full <b>"}}), false);
        let shown = shown.unwrap();

        assert!(shown.contains("<p class=\"snackbar\">Full &lt;b&gt;</p>"), "{shown}");
        assert!(shown.contains("Hello"), "{shown}");
    }

    #[test]
    fn the_end_of_a_flow_is_what_the_chat_says() {
        let params = json!({"extension_message_response": {"params": {"flow_token": "t", "n": 7}}});
        let closed = shown(&json!({"screen": "SUCCESS", "data": params}), false).unwrap();
        assert!(
            closed.contains("The chat gets:") && closed.contains("&quot;n&quot;: 7"),
            "{closed}"
        );
        let refused = shown(&json!({"error_msg": "Too late"}), true).unwrap();
        assert!(refused.contains("Too late") && refused.contains("disabled for good"), "{refused}");
    }

    #[test]
    fn what_no_phone_shows_is_not_drawn() {
        for (said, is_refusal) in [
            (json!({"screen": "B", "data": {}}), false),
            (json!({"error_msg": "over"}), false),
            (json!({"screen": "A", "data": {}}), true),
            (json!(null), false),
        ] {
            assert_eq!(shown(&said, is_refusal), None, "{said}");
        }
        let unknown = answer(&json!({"screen": "A", "data": {}}), false, None);
        assert!(unknown.is_none(), "nothing says what is on it");
    }

    fn shown(said: &Value, is_refusal: bool) -> Option<String> {
        let flow_json = json!({"version": "7.0", "screens": [{
            "id": "A", "title": "Hello", "terminal": true,
            "layout": {"type": "SingleColumnLayout", "children": [{"type": "TextHeading", "text": "Hello"}]},
        }]});
        let document = Document::parse(flow_json.to_string().as_bytes()).unwrap();
        answer(said, is_refusal, Some(&document)).map(Markup::into_string)
    }
}
