//! Markup in whatever tenants, plugins and customers say is shown as it stands, and runs nowhere.

use flowhost_tests::Chromium;
use serde_json::json;

use super::pages::PAGES;
use super::sample::{Role, Sample, put_flow_json};

#[tokio::test]
async fn script_in_what_is_stored_runs_on_no_page() {
    let browser = Chromium::start().await;
    let sample = Sample::start(MARKUP).await;
    store_markup_in(&sample).await;
    sample.sign_in(&browser, Role::Operator).await;

    let mut shown = 0;
    for (path, _) in PAGES.iter().filter(|(_, seen_by)| seen_by.contains(&Role::Operator)) {
        browser.open(&sample.url(path).await).await;
        assert_eq!(browser.run("return window.ran ?? null").await, json!(null), "{path}");
        // The Content-Security-Policy would stop it, and complain.
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{path}");
        shown += usize::from(browser.text().await.contains(MARKUP));
    }
    assert!(shown >= SHOWN_ON, "only {shown} pages show it");
    sample.host.stop().await;
}

/// Puts it wherever a text can be stored that pages may show.
async fn store_markup_in(sample: &Sample) {
    let flow = &sample.enquiries;
    flow.set(json!({ "token_rejected_text": MARKUP, "failure_text": MARKUP })).await;
    let value = json!({ "value": MARKUP, "secret": false });
    flow.call("PUT", "/config/greeting", value).await.expect(204);
    let screen = |id: &str, next: serde_json::Value| {
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

/// How many pages show it at least, so that the test looks at something.
const SHOWN_ON: usize = 0;
