//! Phones in the browser, without scripts: forms, and pages that are loaded again.

mod doors;
mod files;
mod playing;
mod rehearsals;

use flowhost_tests::{BrowserSession, Component, ConsoleReply, TestFlow, TestHost, TestTenant};
use serde_json::{Value, json};

/// A phone on its page.
struct Phone {
    browser: BrowserSession,
    path: String,
}

impl Phone {
    /// Opens one that is connected to this: `active`, or the number of a version.
    async fn open(browser: &BrowserSession, line: &str) -> Self {
        Self::open_with(browser, &[("line", line)]).await
    }

    async fn open_with(browser: &BrowserSession, fields: &[(&str, &str)]) -> Self {
        let reply = browser.submit(PHONES, PHONES, fields).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        Self { browser: browser.clone(), path: reply.location.unwrap() }
    }

    async fn page(&self) -> String {
        self.browser.page(&self.path).await
    }

    /// Sends a form, whatever comes of it.
    async fn send(&self, fields: &[(&str, &str)]) -> ConsoleReply {
        self.browser.submit(&self.path, &self.path, fields).await
    }

    /// Sends a form, and returns the page after it.
    async fn tap(&self, fields: &[(&str, &str)]) -> String {
        let reply = self.send(fields).await;
        assert_eq!((reply.status, reply.location.as_ref()), (303, Some(&self.path)), "{reply:?}");
        self.page().await
    }

    /// Submits a form of a flow without a Flow JSON, as JSON.
    async fn submit(&self, data: Value) -> String {
        self.tap(&[("data", &data.to_string()), ("do", "press")]).await
    }
}

/// A host with the clinic's flow, and a browser of the tenant's.
async fn clinic() -> (TestHost, TestFlow, BrowserSession) {
    let (host, flow, browser) = with(Component::Appointment, json!({})).await;
    flow.call("PUT", "/flow-json", serde_json::from_str(FLOW_JSON).unwrap()).await.expect(204);
    (host, flow, browser)
}

/// A host with this plugin, and a browser of the tenant's.
async fn with(component: Component, settings: Value) -> (TestHost, TestFlow, BrowserSession) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", settings, component).await;
    let browser = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    (host, flow, browser)
}

/// A flow with a picker, which shows what the plugin says of the files.
pub(crate) async fn picking_flow(tenant: &TestTenant) -> TestFlow {
    let settings = json!({"grants": {"media": true}});
    let asks = json!({"media": true});
    let flow = tenant.flow_without_plugin("booking", settings).await;
    let screen = json!({
        "id": "NEXT", "title": "Files",
        "data": { "said": { "type": "string", "__example__": "nothing" } },
        "layout": { "type": "SingleColumnLayout", "children": [
            { "type": "TextBody", "text": "${data.said}" },
            { "type": "PhotoPicker", "name": "photos", "label": "Photos", "min-uploaded-photos": 1,
              "max-uploaded-photos": 2, "max-file-size-kb": 1 },
            { "type": "Footer", "label": "Send", "on-click-action": {
                "name": "data_exchange", "payload": { "do": "fetch-all", "photos": "${form.photos}" },
            } },
        ] },
    });
    let done = json!({ "type": "Footer", "label": "Done", "on-click-action": { "name": "complete", "payload": {} } });
    let end = json!({
        "id": "END", "title": "End", "terminal": true,
        "layout": { "type": "SingleColumnLayout", "children": [done] },
    });
    let flow_json = json!({
        "version": "7.3", "data_api_version": "3.0", "routing_model": { "NEXT": ["END"], "END": [] },
        "screens": [screen, end],
    });
    flow.call("PUT", "/flow-json", flow_json).await.expect(204);
    flow.upload(Component::Caller.bytes_asking_for(asks).await).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    flow
}

/// What the newest exchange on a page received.
fn received(page: &str) -> Value {
    let (_, after) = page.split_once("Received</h3>").expect("an exchange");
    let text = after.split_once('>').unwrap().1.split_once("</pre>").unwrap().0;
    serde_json::from_str(&text.replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
}

/// How many exchanges a page shows.
fn exchanges(page: &str) -> usize {
    page.matches("<details").count()
}

const PHONES: &str = "/console/tenants/acme/flows/booking/phone";
const FLOW_JSON: &str = include_str!("../../../../plugins/appointment/flow.json");
