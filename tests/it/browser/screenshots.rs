//! The pictures of the console in the README.
//!
//! ```sh
//! cargo test --workspace --test it -- --ignored screenshots
//! ```
//!
//! writes them to `host/docs/images/`. It is a test that is only run when asked for: so it has the
//! harness of the tests, and costs a run of the tests nothing.

use flowhost_client::payload;
use flowhost_tests::{Chromium, Component, eventually, repository};
use serde_json::json;
use sqlx::query;

use super::pages::leave_by;
use super::phone;
use super::sample::{Role, Sample};

#[tokio::test]
#[ignore = "writes the pictures of the README"]
async fn screenshots_of_the_main_pages() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    fill(&sample).await;
    sample.sign_in(&browser, Role::Operator).await;
    browser.prefer_colours("light").await;
    browser.hide_scrollbars().await;
    browser.resize(1280, 860).await;
    let booking = "/console/tenants/acme/flows/booking";
    let open = async |path: &str| browser.open(&sample.url(path).await).await;

    eventually("what got no reply is counted", async || {
        open("/console/tenants/acme/flows/enquiries/live").await;
        browser.text().await.contains("the sender's").then_some(())
    })
    .await;
    open("/console").await;
    // All of it: each light is there.
    browser.resize(1280, 1180).await;
    keep(&browser, "overview").await;
    browser.resize(1280, 860).await;
    open(booking).await;
    keep(&browser, "flow").await;
    open("/console/tenants/acme/flows/enquiries/live").await;
    leave_by(&browser, "[action*=reveal] button").await;
    browser
        .run("document.querySelectorAll('td details').forEach((why) => { why.open = true })")
        .await;
    browser.run("document.querySelector('.filter').scrollIntoView()").await;
    keep(&browser, "live").await;
    open(&format!("{booking}/sessions/{{session}}")).await;
    leave_by(&browser, "[action$=reveal] button").await;
    browser.run("document.querySelector('#course').scrollIntoView()").await;
    keep(&browser, "conversation").await;
    open(&format!("{booking}/phone")).await;
    leave_by(&browser, "main button.primary").await;
    phone::choose(&browser).await;
    eventually("the button can be pressed", async || {
        let is_grey = "return !document.querySelector('#phone-press:not(.early)')";
        (browser.run(is_grey).await == false).then_some(())
    })
    .await;
    browser.run("scrollTo(0, 0)").await;
    keep(&browser, "phone").await;
    sample.host.stop().await;
}

/// Takes a picture of what the window shows.
async fn keep(browser: &Chromium, name: &str) {
    let folder = repository("host/docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(format!("{folder}/{name}.png"), browser.picture().await).unwrap();
}

/// Other tenants, with each light and what may be behind it.
async fn add_tenants(sample: &Sample) {
    let host = &sample.host;
    let named = async |slug: &str, name: &str| {
        let tenant = host.tenant(slug).await;
        tenant.call("PATCH", "", json!({ "name": name })).await.expect(200);
        tenant
    };
    let bakery = host.tenant_without_app_secret("bakery").await;
    bakery.call("PATCH", "", json!({ "name": "The Corner Bakery" })).await.expect(200);
    let cinema = named("cinema", "Lantern Cinema").await;
    cinema.flow_without_plugin("seats", json!({})).await;
    let museum = named("museum", "City Museum").await;
    museum.flow("tickets", json!({}), Component::Echo).await;
    let pharmacy = named("pharmacy", "Linden Pharmacy").await;
    let refills = pharmacy.flow("refills", json!({}), Component::Echo).await;
    let report = payload::error_notification("FORM", "public-key-missing", "", "a-token-of-nobody");
    refills.client().call(&report).await.unwrap();
    let salon = named("salon", "Salon Aurora").await;
    salon.flow("bookings", json!({}), Component::Echo).await;
    let travel = named("travel", "Blue Harbour Travel").await;
    travel.flow("trips", json!({}), Component::Echo).await;
    travel.call("PATCH", "", json!({ "disabled": true })).await.expect(200);
    let globex = json!({ "name": "Globex Insurance" });
    host.admin().call("PATCH", "/v1/tenants/globex", globex).await.expect(200);
    let graph = json!({ "access_token": "token-of-meta", "phone_number_ids": ["1002"] });
    for tenant in [&museum, &salon, &travel] {
        tenant.call("PUT", "/graph", graph.clone()).await.expect(204);
    }
    // What Meta would say.
    let said = "update phone_numbers p set status = \
                  case t.slug when 'salon' then 'mismatch' when 'acme' then 'failed' else 'valid' end \
                from tenants t where t.tenant_id = p.tenant_id";
    query(said).execute(&host.database().pool().await).await.unwrap();
}

/// Tenants in several states, and flows that are used.
async fn fill(sample: &Sample) {
    add_tenants(sample).await;
    // A failure is an exchange where the customer is told of it.
    sample.enquiries.set(json!({ "on_failure": "error-message" })).await;
    let client = sample.enquiries.client();
    for customer in 0..24 {
        sample.converse().await;
        let token = format!("a-token-of-customer-{customer}");
        client.call(&payload::init(&token)).await.unwrap();
        let act = if customer % 8 == 3 { "fail" } else { "log" };
        let said = json!({ "do": act, "value": "the calendar does not answer" });
        client.call(&payload::data_exchange("FORM", said, &token)).await.unwrap();
    }
    // And these are where nobody is.
    sample.enquiries.set(json!({ "on_failure": "status" })).await;
    let said = json!({ "do": "fail", "value": "the calendar does not answer" });
    let said = payload::data_exchange("FORM", said, "a-token-of-customer-25");
    for _ in 0..2 {
        client.call(&said).await.unwrap();
    }
    let client = client.signing_with("an old secret");
    for _ in 0..7 {
        client.call(&said).await.unwrap();
    }
    // Not all in one minute.
    let spread = "update exchanges set created_at = created_at - \
                  (abs(hashtext(session_id::text)) % 3000) * interval '1 second'";
    query(spread).execute(&sample.host.database().pool().await).await.unwrap();
}
