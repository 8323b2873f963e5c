//! The console in a browser that runs no scripts.

use flowhost_tests::{Chromium, Component};
use serde_json::Value;
use tempfile::TempDir;

use super::sample::{Role, Sample};

#[tokio::test]
async fn forms_do_their_work_without_scripts() {
    let browser = Chromium::without_scripts().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(&browser, Role::Operator).await;
    assert_eq!(browser.run("return typeof htmx").await, "undefined");

    browser.fill("#q", "glob").await;
    browser.click("[role=search] button").await;
    browser.shows("1 tenant with “glob” in the name or slug").await;

    browser.open(&sample.url("/console/new-tenant").await).await;
    browser.fill("#new-slug", "initech").await;
    browser.fill("#new-name", "Initech").await;
    browser.click("main button.primary").await;
    browser.arrives_at("/console/tenants/initech").await;
    let made = sample.host.admin().get("/v1/tenants/initech").await.expect(200);
    assert_eq!(made["name"], "Initech");

    let folder = TempDir::new().unwrap();
    let component = folder.path().join("steady.wasm");
    std::fs::write(&component, Component::Steady.bytes().await).unwrap();
    let flow = "/console/tenants/acme/flows/enquiries";
    browser.open(&sample.url(flow).await).await;
    browser.fill("#upload-component", component.to_str().unwrap()).await;
    browser.click("[data-upload] button.primary").await;
    browser.shows("Version 2").await;
    browser.open(&sample.url(&format!("{flow}/versions/2/activate")).await).await;
    browser.click("main form button").await;
    browser.arrives_at(flow).await;
    let active = sample.enquiries.call("GET", "", Value::Null).await.expect(200);
    assert_eq!(active["active_version"], 2);

    browser.click(".sign-out button").await;
    browser.arrives_at("/console/sign-in").await;
    sample.host.stop().await;
}
