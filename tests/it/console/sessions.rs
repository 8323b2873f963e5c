//! `…/sessions`, and one of them as a conversation.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

use crate::capabilities::{keeper, submit};

const SESSIONS: &str = "/console/tenants/acme/flows/booking/sessions";

/// What a drawn reply begins with.
const PHONE: &str = "<div class=\"phone\">";

#[tokio::test]
async fn each_role_sees_the_sessions_of_its_flows_and_what_happened() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    host.tenant("other").await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    assert_eq!(flow.ask("complete", "token-of-ana").await.status, 200);
    assert_eq!(flow.count("token-of-ben").await, 1);
    let ana = id(&flow, 1).await;

    for new in [
        json!({"scope": "operator"}),
        json!({"partner": "default"}),
        json!({"tenant": "acme", "role": "deploy"}),
        json!({"tenant": "acme", "role": "read"}),
    ] {
        let browser = host.browser_with(new.clone()).await;
        let list = browser.page(SESSIONS).await;
        assert_eq!(list.matches("<th scope=\"row\">").count(), 2, "{new}: {list}");
        let page = browser.page(&format!("{SESSIONS}/{ana}")).await;
        assert!(page.contains("1. data_exchange") && page.contains("→ SUCCESS"), "{new}: {page}");
        let offered = page.contains("Show what was answered");
        assert_eq!(offered, new["role"] != "read", "{new}: {page}");
    }
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let ended = reader.page(&format!("{SESSIONS}?status=completed")).await;
    assert_eq!(ended.matches("<th scope=\"row\">").count(), 1, "{ended}");
    let stranger = host.browser_with(json!({"tenant": "other", "role": "deploy"})).await;
    assert_eq!(stranger.open(SESSIONS).await.status, 404);
    assert_eq!(stranger.open(&format!("{SESSIONS}/{ana}")).await.status, 404);
    let reveal = format!("{SESSIONS}/{ana}/reveal");
    assert_eq!(stranger.submit("/console", &reveal, &[]).await.status, 404);
    assert_eq!(reader.submit("/console", &reveal, &[]).await.status, 403);
    assert_eq!(reader.open(&format!("{SESSIONS}/x")).await.status, 404);
    assert_eq!(audited(&host).await, Vec::<Value>::new());
    host.stop().await;
}

#[tokio::test]
async fn a_session_of_another_flow_is_not_shown_under_this_one() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    acme.flow("booking", json!({}), Component::Steady).await;
    let other = acme.flow("other", json!({}), Component::Steady).await;
    other.count("token-of-ana").await;
    let session = id(&other, 0).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;

    assert_eq!(deploy.open(&format!("{SESSIONS}/{session}")).await.status, 404);
    let reveal = format!("{SESSIONS}/{session}/reveal");
    assert_eq!(deploy.submit("/console", &reveal, &[]).await.status, 404);
    assert_eq!(audited(&host).await, Vec::<Value>::new());
    host.stop().await;
}

#[tokio::test]
async fn what_was_answered_is_opened_once_it_is_audited() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let document = include_str!("../../../plugins/appointment/flow.json");
    flow.call("PUT", "/flow-json", serde_json::from_str(document).unwrap()).await.expect(204);
    let opened = flow.client().call(&payload::init("token-of-ana")).await.unwrap();
    assert_eq!(opened.status, 200);
    let answered = opened.payload.unwrap()["screen"].as_str().unwrap().to_owned();
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let before = deploy.page(&path).await;
    assert!(
        !before.contains("class=\"phone\"") && !before.contains("&quot;data&quot;"),
        "{before}"
    );

    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let shown = reply.location.unwrap();
    let page = deploy.page(&shown).await;

    assert!(page.contains("class=\"phone\""), "{page}");
    assert!(page.contains("&quot;data&quot;") && page.contains(&answered), "{page}");
    let entries = audited(&host).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert!(entries[0]["target"].as_str().unwrap().starts_with("booking/"), "{entries:?}");
    let other = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    assert!(!other.page(&shown).await.contains("class=\"phone\""), "the entry is another's");
    host.stop().await;
}

#[tokio::test]
async fn only_the_last_reply_is_there_and_the_page_says_so() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    for _ in 0..2 {
        flow.count("token-of-ana").await;
    }
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let operator = host.browser(host.admin_token()).await;

    let reply = operator.submit(&path, &format!("{path}/reveal"), &[]).await;
    let page = operator.page(&reply.location.unwrap()).await;

    assert!(page.contains("the reply to the last request alone"), "{page}");
    assert!(page.contains("Replies that are kept</a>"), "{page}");
    let (first, second) = page.split_once("id=\"exchange-2\"").unwrap();
    assert!(!first.contains("The reply as JSON"), "{page}");
    assert!(second.contains("&quot;count&quot;: 2"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn a_whole_conversation_is_drawn_screen_by_screen_for_who_opened_it() {
    let host = TestHost::start().await;
    let keeping = json!({"keep_replies": true});
    let flow = host.tenant("acme").await.flow("booking", keeping, Component::Appointment).await;
    let document = include_str!("../../../plugins/appointment/flow.json");
    flow.call("PUT", "/flow-json", serde_json::from_str(document).unwrap()).await.expect(204);
    book(&flow).await;
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    for browser in [&deploy, &reader] {
        let masked = browser.page(&path).await;
        assert!(masked.contains("the last 50 replies"), "{masked}");
        assert!(!masked.contains(PHONE) && !masked.contains("Ana Silva"), "{masked}");
    }
    assert_eq!(audited(&host).await, Vec::<Value>::new());

    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    let shown = reply.location.unwrap();
    let page = deploy.page(&shown).await;

    assert_eq!(audited(&host).await.len(), 1);
    let exchanges: Vec<_> = page.split("id=\"exchange-").skip(1).collect();
    assert_eq!(exchanges.len(), 4, "{page}");
    for (exchange, parts) in exchanges.iter().zip([
        ["1. INIT: – → APPOINTMENT", "Appointment</p>", "Department"],
        ["2. data_exchange: APPOINTMENT → DETAILS", "Your details</p>", "Ana Silva"],
        ["3. data_exchange: DETAILS → SUMMARY", "Summary</p>", "ana@example.com"],
        ["4. data_exchange: SUMMARY → SUCCESS", "The Flow is closed", "&quot;booking&quot;"],
    ]) {
        assert_eq!(exchange.matches(PHONE).count(), 1, "{exchange}");
        for part in parts {
            assert!(exchange.contains(part), "{part}: {exchange}");
        }
    }
    let other = reader.page(&shown).await;
    assert!(!other.contains(PHONE) && !other.contains("Ana Silva"), "who reads opens nothing");
    host.stop().await;
}

#[tokio::test]
async fn a_long_conversation_is_drawn_twenty_replies_a_page() {
    let host = TestHost::start().await;
    let keeping = json!({"keep_replies": true});
    let flow = host.tenant("acme").await.flow("booking", keeping, Component::Steady).await;
    for _ in 0..22 {
        flow.count("token-of-ana").await;
    }
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    let shown = reply.location.unwrap();
    let drawn = |page: &str| {
        let has_one = |exchange: &&str| exchange.contains("The reply as JSON");
        let exchanges = page.split("id=\"exchange-").skip(1).filter(has_one);
        exchanges.map(|exchange| exchange.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };

    let newest = deploy.page(&shown).await;
    let before = newest.split("before=").nth(1).unwrap().split('"').next().unwrap();
    let oldest = deploy.page(&format!("{shown}&before={before}")).await;

    assert_eq!((drawn(&newest).len(), drawn(&newest)[0].as_str(), before), (20, "3", "3"));
    assert_eq!(drawn(&oldest), ["1", "2"]);
    assert!(oldest.contains("Draw the newest") && !oldest.contains("Draw those before"));
    assert!(drawn(&deploy.page(&format!("{path}?before={before}")).await).is_empty());
    assert_eq!(deploy.open(&format!("{shown}&before=x")).await.status, 400);
    host.stop().await;
}

#[tokio::test]
async fn each_reply_is_drawn_by_the_flow_json_of_the_version_that_gave_it() {
    let host = TestHost::start().await;
    let keeping = json!({"keep_replies": true});
    let flow = host.tenant("acme").await.flow("booking", keeping, Component::Steady).await;
    flow.call("PUT", "/flow-json", titled("Of the first")).await.expect(204);
    flow.count("token-of-ana").await;
    flow.deploy(Component::Chatty).await;
    flow.call("PUT", "/versions/2/flow-json", titled("Of the second")).await.expect(204);
    flow.count("token-of-ana").await;
    // Exchanges may go before their session.
    let pool = host.database().pool().await;
    sqlx::query("delete from exchanges").execute(&pool).await.unwrap();
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;

    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    let page = deploy.page(&reply.location.unwrap()).await;

    let (first, second) = page.split_once("number 2, is not kept any more").unwrap();
    assert!(first.contains("Of the first</p>") && !first.contains("Of the second"), "{page}");
    assert!(second.contains("Of the second</p>") && !second.contains("Of the first"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn script_that_was_logged_reported_or_answered_is_text() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "<script>logged</script>"})).await;
    let session = id(&flow, 0).await;
    let path = format!("{SESSIONS}/{session}");
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    eventually("the line is written", async || {
        deploy.page(&path).await.contains("id=\"line-").then_some(())
    })
    .await;
    assert!(deploy.page(&path).await.contains("23 characters, masked"));

    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    let page = deploy.page(&reply.location.unwrap()).await;

    assert!(page.contains("&lt;script&gt;logged") && !page.contains("<script>logged"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn what_a_phone_reported_is_masked_until_it_is_opened() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.count("token-of-ana").await;
    let report = payload::error_notification("<b>", "<i>-error", "Ana typed <b>", "token-of-ana");
    assert_eq!(flow.client().call(&report).await.unwrap().status, 200);
    let path = format!("{SESSIONS}/{}", id(&flow, 0).await);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;

    let masked = deploy.page(&path).await;
    assert!(
        masked.contains("13 characters, masked") && masked.contains("&lt;i&gt;-error"),
        "{masked}"
    );
    let read = reader.page(&path).await;
    assert!(read.contains("&lt;i&gt;-error") && !read.contains("characters, masked"), "{read}");
    let reply = deploy.submit(&path, &format!("{path}/reveal"), &[]).await;
    assert!(deploy.page(&reply.location.unwrap()).await.contains("Ana typed &lt;b&gt;"));
    host.stop().await;
}

/// A customer books an appointment, from the first screen to the end.
async fn book(flow: &TestFlow) {
    // The dates below are fixed.
    let context = json!({"context": {"name": "Ana Silva", "today": "2026-11-20"}});
    let minted = flow.call("POST", "/tokens", context).await.expect(201);
    let token = minted["flow_token"].as_str().unwrap();
    let slot =
        json!({"department": "dental", "location": "river", "date": "2026-11-23", "time": "10:30"});
    let contact = json!({"name": "Ana Silva", "email": "ana@example.com", "phone": "+55 11 91234-5678", "more_details": ""});
    let client = flow.client();
    for request in [
        payload::init(token),
        payload::data_exchange("APPOINTMENT", slot, token),
        payload::data_exchange("DETAILS", contact, token),
        payload::data_exchange("SUMMARY", json!({"terms": true}), token),
    ] {
        assert_eq!(client.call(&request).await.unwrap().status, 200);
    }
}

/// A Flow JSON for what the guests of `tests/hostile` answer, with this title.
fn titled(title: &str) -> Value {
    let button =
        |action: Value| json!({"type": "Footer", "label": "Next", "on-click-action": action});
    let layout = |children: Value| json!({"type": "SingleColumnLayout", "children": children});
    json!({
        "version": "7.3",
        "data_api_version": "3.0",
        "routing_model": {"FORM": ["NEXT"], "NEXT": []},
        "screens": [
            {"id": "FORM", "title": "Form", "layout": layout(json!([
                button(json!({"name": "data_exchange", "payload": {"do": "count"}})),
            ]))},
            {
                "id": "NEXT", "title": title, "terminal": true,
                "data": {
                    "greeting": {"type": "string", "__example__": ""},
                    "count": {"type": "integer", "__example__": 1},
                },
                "layout": layout(json!([
                    {"type": "TextHeading", "text": "${data.greeting}"},
                    button(json!({"name": "complete", "payload": {}})),
                ])),
            },
        ],
    })
}

async fn id(flow: &TestFlow, at: usize) -> String {
    flow.sessions().await[at]["id"].as_str().unwrap().to_owned()
}

async fn audited(host: &TestHost) -> Vec<Value> {
    let log = host.admin().get("/v1/audit").await.expect(200);
    let entries = log["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["action"] == "session.reveal").cloned().collect()
}
