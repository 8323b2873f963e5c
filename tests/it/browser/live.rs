//! What comes to a page by itself, and what is sent from it by scripts.

use flowhost_tests::{Chromium, Component, eventually};
use tempfile::TempDir;

use super::sample::{Role, Sample};

#[tokio::test]
async fn what_happens_comes_to_the_live_page_by_itself() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(&browser, Role::Deploy).await;
    browser.open(&sample.url("/console/tenants/acme/flows/enquiries/live").await).await;
    browser.shows("No exchange is kept that fits").await;

    sample.fail("nobody answers").await;

    eventually("the exchange and the failure come", async || {
        let text = browser.text().await;
        (text.contains("FORM → NEXT") && text.contains("failed")).then_some(())
    })
    .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    sample.host.stop().await;
}

#[tokio::test]
async fn a_component_is_uploaded_with_a_file_from_the_disk() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(&browser, Role::Deploy).await;
    let folder = TempDir::new().unwrap();
    let wrong = folder.path().join("wrong.wasm");
    std::fs::write(&wrong, "no component").unwrap();
    let right = folder.path().join("right.wasm");
    std::fs::write(&right, Component::Steady.bytes().await).unwrap();
    browser.open(&sample.url("/console/tenants/acme/flows/booking").await).await;

    browser.fill("#upload-note", "the second one").await;
    browser.fill("#upload-component", wrong.to_str().unwrap()).await;
    browser.click("[data-upload] button.primary").await;
    browser.click("#notice .problem").await;

    browser.fill("#upload-component", right.to_str().unwrap()).await;
    browser.click("[data-upload] button.primary:enabled").await;
    browser.shows("Version 3").await;
    browser.shows("the second one").await;
    sample.host.stop().await;
}
