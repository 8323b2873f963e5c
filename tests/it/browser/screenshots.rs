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
use flowhost_tests::{Chromium, repository};
use serde_json::json;

use super::pages::leave_by;
use super::sample::{Role, Sample};

#[tokio::test]
#[ignore = "writes the pictures of the README"]
async fn screenshots_of_the_main_pages() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    fill(&sample).await;
    sample.sign_in(&browser, Role::Operator).await;
    browser.prefer_colours("light").await;
    let flow = "/console/tenants/acme/flows/booking";

    take(&browser, &sample, "/console", None, "overview").await;
    take(&browser, &sample, flow, None, "flow").await;
    take(&browser, &sample, &format!("{flow}/live"), None, "live").await;
    let session = format!("{flow}/sessions/{{session}}");
    take(&browser, &sample, &session, Some("[action$=reveal] button"), "conversation").await;
    take(&browser, &sample, &format!("{flow}/phone"), Some("main button.primary"), "phone").await;
    sample.host.stop().await;
}

/// Opens a page, and another behind a button of it if there is one, and takes its picture.
async fn take(browser: &Chromium, sample: &Sample, path: &str, button: Option<&str>, name: &str) {
    browser.resize(WIDTH, HEIGHT).await;
    browser.open(&sample.url(path).await).await;
    if let Some(button) = button {
        leave_by(browser, button).await;
    }
    let folder = repository("host/docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(format!("{folder}/{name}.png"), browser.picture().await).unwrap();
}

/// Tenants in every state, and a flow that is used.
async fn fill(sample: &Sample) {
    let admin = sample.host.admin();
    for (slug, name) in [("bakery", "The Corner Bakery"), ("cinema", "Cinema Paradiso")] {
        let new = CreateTenant {
            slug: slug.to_owned(),
            name: Some(name.to_owned()),
            ..CreateTenant::default()
        };
        let _: TenantView = admin.ask(Route::CreateTenant, &[], &new).await;
    }
    sample.fail("the calendar does not answer").await;
    let wrong =
        payload::data_exchange("APPOINTMENT", json!({ "department": 5 }), "a-token-of-ana-silva");
    for _ in 0..4 {
        sample.converse().await;
        sample.booking.client().call(&wrong).await.unwrap();
    }
}

/// A window that shows a page whole enough.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 860;
