//! What pages of other sites can do with a browser that is signed in: nothing.

use flowhost_tests::{Chromium, TestHost, eventually};

use super::{held, sign_in, site};

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let browser = Chromium::start().await;
    let host = TestHost::start().await;
    let console = host.admin().url("/console");
    sign_in(&browser, &host, host.admin_token()).await;
    let csrf = browser.run("return document.querySelector('[name=csrf]').value").await;
    // As good as it can be: no other site knows what the console's own forms carry.
    let port = site(format!(
        "<form method=post action={console}/sign-out><input name=csrf value={}><button>Win</button></form>",
        csrf.as_str().unwrap()
    ))
    .await;

    // Another port is the same site to a browser, which sends the cookie along; another name is not.
    for name in ["127.0.0.1", "localhost"] {
        browser.open(&format!("http://{name}:{port}/")).await;
        browser.click("button").await;
        browser.shows("another site made the browser send this: nothing was done").await;
        browser.open(&console).await;
        browser.shows("role operator").await;
    }
    assert!(held(&browser).await.is_some());
    host.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_see_nothing_of_the_console() {
    let browser = Chromium::start().await;
    let host = TestHost::start().await;
    let console = host.admin().url("/console");
    sign_in(&browser, &host, host.admin_token()).await;
    let port = site(format!(
        "<iframe src={console}></iframe><script>fetch('{console}', {{ credentials: 'include' }})\
         .then((page) => page.text(), () => 'nothing').then((seen) => {{ document.title = seen }})</script>"
    ))
    .await;

    browser.open(&format!("http://127.0.0.1:{port}/")).await;
    eventually("the page has tried", async || {
        (browser.run("return document.title").await == "nothing").then_some(())
    })
    .await;
    let complaints = browser.complaints().await;
    assert!(complaints.iter().any(|line| line.contains("frame-ancestors")), "{complaints:#?}");
    host.stop().await;
}
