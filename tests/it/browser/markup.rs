//! Markup in whatever tenants, plugins and customers say is shown as it stands, and runs nowhere.

use flowhost_tests::Chromium;
use serde_json::{Value, json};

use super::pages::{BEHIND_BUTTONS, PAGES, leave_by};
use super::sample::{Role, Sample, put_flow_json};

#[tokio::test]
async fn script_in_what_is_stored_runs_on_no_page() {
    let browser = Chromium::start().await;
    let sample = Sample::start(MARKUP).await;
    sample.converse().await;
    store_markup_in(&sample).await;
    sample.sign_in(&browser, Role::Operator).await;

    let (mut shown, mut wrong) = (Vec::new(), Vec::new());
    let all = PAGES.iter().map(|(path, ..)| (path, None));
    let behind = BEHIND_BUTTONS.iter().map(|(path, button, _)| (path, Some(button)));
    for (path, button) in all.chain(behind) {
        browser.open(&sample.url(path).await).await;
        if let Some(button) = button {
            leave_by(&browser, button).await;
        }
        if browser.run("return window.ran ?? null").await != Value::Null {
            wrong.push(format!("{path}: it ran"));
        }
        // The Content-Security-Policy would stop it, and complain.
        let complaints = browser.complaints().await;
        wrong.extend(complaints.into_iter().map(|line| format!("{path}: {line}")));
        let text = browser.run("return document.body.textContent").await;
        if text.as_str().unwrap().contains(IMAGE) {
            shown.push((*path, button.is_some()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(shown, SHOWN_ON);
    sample.host.stop().await;
}

/// Puts it wherever a text can be stored that pages may show.
async fn store_markup_in(sample: &Sample) {
    let flow = &sample.enquiries;
    flow.set(json!({ "token_rejected_text": MARKUP, "failure_text": MARKUP })).await;
    let screen = |id: &str, next: Value| {
        let children = json!([{ "type": "TextHeading", "text": MARKUP }, { "type": "Footer", "label": "Go on", "on-click-action": next }]);
        let layout = json!({ "type": "SingleColumnLayout", "children": children });
        json!({ "id": id, "title": MARKUP, "layout": layout })
    };
    let mut last = screen("NEXT", json!({ "name": "complete", "payload": { "said": MARKUP } }));
    last["terminal"] = json!(true);
    let send = json!({ "name": "data_exchange", "payload": { "do": "log", "value": MARKUP } });
    let document = json!({
        "version": "7.3",
        "data_api_version": "4.0",
        "routing_model": { "FORM": ["NEXT"], "NEXT": [] },
        "screens": [screen("FORM", send), last],
    });
    put_flow_json(flow, document).await;
    sample.fail(MARKUP).await;
}

/// Ends the text, the attribute or the script that it stands in.
const MARKUP: &str = "'\"></script><img src=x onerror='ran=1'><script>ran=1</script>";

/// The part that looks the same in JSON.
const IMAGE: &str = "<img src=x onerror='ran=1'>";

/// The pages that show it, and whether they are behind a button.
const SHOWN_ON: [(&str, bool); 11] = [
    ("/console", false),
    ("/console?q=acme", false),
    ("/console/tenants/acme", false),
    ("/console/tenants/acme/changes", false),
    ("/console/tenants/acme/switch", false),
    ("/console/tenants/acme/delete", false),
    ("/console/tenants/acme/flows/enquiries", false),
    ("/console/tenants/acme/flows/enquiries/flow-json", false),
    ("/console/tenants/acme/flows/enquiries/phone", true),
    ("/console/tenants/acme/flows/enquiries/live", true),
    ("/console/tenants/acme/flows/enquiries/sessions/{session}", true),
];
