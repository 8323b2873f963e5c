//! How a person gets in and out, and what the browser holds in between.

use flowhost_tests::{Chromium, TestHost, watch};
use serde_json::json;

use super::{COOKIE, held, sign_in};

#[tokio::test]
async fn the_printed_link_signs_in_and_the_button_out() {
    let browser = Chromium::start().await;
    let host = TestHost::start().await;

    browser.open(&host.console_link()).await;
    browser.arrives_at("/console").await;
    browser.shows("role operator").await;
    watch(&held(&browser).await.unwrap());

    browser.click(".sign-out button").await;
    browser.arrives_at("/console/sign-in").await;
    assert_eq!(held(&browser).await, None);
    browser.open(&host.admin().url("/console")).await;
    browser.arrives_at("/console/sign-in").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    host.stop().await;
}

#[tokio::test]
async fn a_browser_keeps_the_cookie_from_scripts_and_other_sites() {
    let browser = Chromium::start().await;
    let host = TestHost::start().await;
    sign_in(&browser, &host, host.admin_token()).await;

    let cookies = browser.cookies().await;
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let mut cookie = cookies[0].clone();
    cookie["value"].take();
    let expected = json!({
        "name": COOKIE,
        "value": null,
        "domain": "127.0.0.1",
        "path": "/",
        "httpOnly": true,
        "secure": true,
        "sameSite": "Strict",
    });
    assert_eq!(cookie, expected);
    assert_eq!(browser.run("return document.cookie").await, "");
    // htmx notes where it is, for as long as the tab is open.
    let kept = browser.run("return { ...localStorage, ...sessionStorage }").await;
    assert_eq!(kept, json!({ "htmx-current-path-for-history": "/console" }));
    host.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_answered_on_the_page() {
    let browser = Chromium::start().await;
    let host = TestHost::start().await;

    browser.open(&host.admin().url("/console/sign-in")).await;
    browser.fill("#token", "fha_wrong").await;
    browser.click("button.primary").await;
    browser.shows("No such token").await;
    assert_eq!(browser.cookies().await, Vec::<serde_json::Value>::new());
    assert_eq!(browser.barriers().await, Vec::<String>::new());

    browser.fill("#token", &format!(" {} ", host.admin_token())).await;
    browser.click("button.primary").await;
    browser.shows("role operator").await;
    watch(&held(&browser).await.unwrap());
    host.stop().await;
}

#[tokio::test]
async fn a_stolen_cookie_ends_with_its_owners_and_by_itself() {
    let thief = Chromium::start().await;
    let host = TestHost::start().await;
    let console = host.admin().url("/console");

    let owner = host.browser(host.admin_token()).await;
    steal(&thief, &console, owner.cookie()).await;
    thief.shows("role operator").await;
    owner.submit("/console", "/console/sign-out", &[]).await;
    thief.open(&console).await;
    thief.arrives_at("/console/sign-in").await;

    let owner = host.browser(host.admin_token()).await;
    steal(&thief, &console, owner.cookie()).await;
    thief.shows("role operator").await;
    let expire = "update api_tokens set expires_at = now() where for_console";
    sqlx::query(expire).execute(&host.database().pool().await).await.unwrap();
    // A form that was open all the while does nothing either.
    thief.click(".sign-out button").await;
    thief.shows("You are not signed in any more: nothing was done").await;
    thief.open(&console).await;
    thief.arrives_at("/console/sign-in").await;
    host.stop().await;
}

/// Opens a page with somebody else's cookie.
async fn steal(thief: &Chromium, console: &str, cookie: &str) {
    let (name, value) = cookie.split_once('=').unwrap();
    thief.open(console).await;
    let secure = json!({ "name": name, "value": value, "path": "/", "secure": true });
    thief.set_cookie(secure).await;
    thief.open(console).await;
}
