//! The pictures of the console in the README.
//!
//! ```sh
//! cargo test --workspace --test it -- --ignored screenshots
//! ```
//!
//! writes them to `host/docs/images/`. It is a test that is only run when asked for: so it has the
//! harness of the tests, and costs a run of the tests nothing.

use flowhost_api::{CreateTenant, Route, TenantView};
use flowhost_client::payload;
use flowhost_tests::{Chromium, Component, repository};
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

    open("/console").await;
    keep(&browser, "overview").await;
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

/// Tenants in several states, and flows that are used.
async fn fill(sample: &Sample) {
    let bakery = CreateTenant {
        slug: "bakery".to_owned(),
        name: Some("The Corner Bakery".to_owned()),
        ..CreateTenant::default()
    };
    let _: TenantView = sample.host.admin().ask(Route::CreateTenant, &[], &bakery).await;
    let museum = sample.host.tenant("museum").await;
    museum.call("PATCH", "", json!({ "name": "City Museum" })).await.expect(200);
    museum.flow("tickets", json!({}), Component::Echo).await;
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
    // Not all in one minute.
    let spread = "update exchanges set created_at = created_at - \
                  (abs(hashtext(session_id::text)) % 3000) * interval '1 second'";
    query(spread).execute(&sample.host.database().pool().await).await.unwrap();
}
