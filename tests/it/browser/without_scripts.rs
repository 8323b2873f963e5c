//! The console in a browser that runs no scripts.

use flowhost_tests::{Chromium, TestHost};

use super::sign_in;

#[tokio::test]
async fn forms_do_their_work_without_scripts() {
    let browser = Chromium::without_scripts().await;
    let host = TestHost::start().await;

    sign_in(&browser, &host, host.admin_token()).await;
    assert_eq!(browser.run("return typeof htmx").await, "undefined");
    browser.click(".sign-out button").await;
    browser.arrives_at("/console/sign-in").await;
    host.stop().await;
}
