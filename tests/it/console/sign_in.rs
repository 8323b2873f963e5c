//! Who gets into the console, and how it ends.

use flowhost_api::ApiTokenList;
use flowhost_server::config::{AdminToken, Console};
use flowhost_tests::{BrowserSession, TestHost, csrf_of, with_form};
use reqwest::Client;
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_becomes_a_cookie_that_opens_the_console_alone() {
    let host = TestHost::start().await;
    let browser = host.browser(host.admin_token()).await;
    assert!(browser.page("/console").await.contains("role <strong>operator</strong>"));

    let held = browser.cookie().split_once('=').unwrap().1;
    host.admin().with_token(Some(held)).get("/v1/tenants").await.problem(401);
    let api_token = browser.holding(&format!("__Host-flowhost-console={}", host.admin_token()));
    assert_eq!(api_token.open("/console").await.location.unwrap(), "/console/sign-in");
    for other in ["", "__Host-flowhost-console=", "__Host-flowhost-console=fhc_x", "x=y"] {
        assert_eq!(browser.holding(other).open("/console").await.status, 303, "{other}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_cookie_ends_by_signing_out_and_with_its_token() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let operator = host.browser(host.admin_token()).await;
    let out = operator.submit("/console", "/console/sign-out", &[]).await;
    assert_eq!((out.status, out.location.as_deref()), (303, Some("/console/sign-in")));
    assert!(out.cookies[0].contains("Max-Age=0"));
    assert_eq!(operator.open("/console").await.status, 303);

    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    reader.page("/console").await;
    let listed = host.admin().get("/v1/api-tokens").await.expect(200);
    let listed: ApiTokenList = serde_json::from_value(listed).unwrap();
    let held = listed.api_tokens.iter().find(|token| token.for_console).unwrap();
    let shown = held.made_by.unwrap();
    let audit = host.admin().get("/v1/audit?tenant=acme").await.expect(200);
    let signed_in = &audit["entries"][0];
    assert_eq!(signed_in["action"], "console.sign-in");
    assert_eq!(signed_in["actor"]["api_token"], json!(shown));
    let path = format!("/v1/api-tokens/{shown}");
    host.admin().call("DELETE", &path, Value::Null).await.expect(204);
    assert_eq!(reader.open("/console").await.status, 303);
    host.stop().await;
}

#[tokio::test]
async fn a_token_signs_in_so_many_browsers_and_no_more() {
    let host = TestHost::start().await;
    let first = host.browser(host.admin_token()).await;
    for _ in 0..15 {
        host.browser(host.admin_token()).await;
    }
    first.page("/console").await;
    let last = host.browser(host.admin_token()).await;
    last.page("/console").await;
    assert_eq!(first.open("/console").await.status, 303);
    host.stop().await;
}

#[tokio::test]
async fn a_sign_in_by_the_token_of_the_environment_ends_with_it() {
    let host = TestHost::start().await;
    let by_token = host.browser(host.admin_token()).await;
    let linked = Client::builder().no_proxy().build().unwrap().get(host.console_link()).send();
    let set = linked.await.unwrap().headers()["set-cookie"].to_str().unwrap().to_owned();
    let by_link = by_token.holding(set.split(';').next().unwrap());
    let by_row = host.browser_with(json!({"scope": "operator"})).await;

    let same = host.second().await;
    let changed =
        host.second_configured(|config| config.admin_token = Some(AdminToken::generate())).await;

    for (host, holds) in [(&host, true), (&same, true), (&changed, false)] {
        let opens = async |browser: &BrowserSession| {
            browser.at(&host.admin().url("")).open("/console").await.status == 200
        };
        assert_eq!(opens(&by_token).await, holds);
        assert_eq!(opens(&by_link).await, holds);
        assert!(opens(&by_row).await, "it ends with its own token");
    }
    changed.stop().await;
    same.stop().await;
    host.stop().await;
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let host = TestHost::start().await;
    let link = host.console_link();
    let client = Client::builder().no_proxy().build().unwrap();

    let first = client.get(&link).send().await.unwrap();
    assert_eq!(first.status(), 200);
    let set = first.headers()["set-cookie"].to_str().unwrap();
    let browser = host.browser(host.admin_token()).await.holding(set.split(';').next().unwrap());
    assert!(browser.page("/console").await.contains("operator"));
    let again = client.get(&link).send().await.unwrap();
    assert_eq!(again.status(), 403);
    assert!(!again.headers().contains_key("set-cookie"));
    host.stop().await;
}

#[tokio::test]
async fn what_other_sites_and_old_pages_send_does_nothing() {
    let host = TestHost::start().await;
    let browser = host.browser(host.admin_token()).await;
    let csrf = csrf_of(&browser.page("/console").await);
    let other = host.browser(host.admin_token()).await;
    let others = csrf_of(&other.page("/console").await);

    for (site, csrf) in [
        (Some("cross-site"), &csrf),
        (Some("same-site"), &csrf),
        (None, &csrf),
        (Some("same-origin"), &others),
        (Some("same-origin"), &String::new()),
    ] {
        let mut request = with_form(browser.post("/console/sign-out"), &[("csrf", csrf)]);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 403, "{site:?}");
        assert!(reply.headers()["content-security-policy"].to_str().unwrap().contains("'none'"));
    }
    browser.page("/console").await;
    host.stop().await;
}

#[tokio::test]
async fn a_wrong_token_signs_nobody_in_and_is_counted() {
    let host = TestHost::start().await;
    let url = host.admin().url("/console/sign-in");
    let client = Client::builder().no_proxy().build().unwrap();
    let send = client.post(&url).header("sec-fetch-site", "same-origin");
    let reply = with_form(send, &[("token", "fha_wrong")]).send().await.unwrap();

    assert_eq!(reply.status(), 401);
    assert!(!reply.headers().contains_key("set-cookie"));
    assert!(reply.text().await.unwrap().contains("No such token"));
    host.stop().await;
}

#[tokio::test]
async fn a_developers_browser_needs_no_tls_on_its_own_machine() {
    for console in [Console::On, Console::ForDevelopment] {
        let host = TestHost::configured(|config| config.console = console).await;
        let browser = host.browser(host.admin_token()).await;
        let (name, held) = browser.cookie().split_once('=').unwrap();
        let port = host.admin().url("").rsplit(':').next().unwrap().to_owned();
        let names = match console {
            Console::ForDevelopment => {
                ["__Host-", ""].map(|prefix| format!("{prefix}flowhost-console-{port}")).to_vec()
            }
            _ => vec!["__Host-flowhost-console".to_owned()],
        };
        assert_eq!(name, names[0]);
        let open = async |name: &str, at: &str| {
            let client = Client::builder().no_proxy().build().unwrap();
            let send =
                client.get(host.admin().url("/console")).header("cookie", format!("{name}={held}"));
            send.header("host", at).send().await.unwrap().url().path().to_owned()
        };
        let here = format!("127.0.0.1:{port}");
        for name in &names {
            assert_eq!(open(name, &here).await, "/console", "{console:?}: {name}");
        }
        let others = ["flowhost-console", "__Host-flowhost-console", "flowhost-console-1"];
        for name in others.into_iter().filter(|name| names.iter().all(|own| own != name)) {
            assert_eq!(open(name, &here).await, "/console/sign-in", "{console:?}: {name}");
        }
        let plain = names.last().unwrap();
        let from_elsewhere = open(plain, "flows.example").await;
        assert_eq!(from_elsewhere == "/console", console == Console::On, "{from_elsewhere}");

        let out = browser.submit("/console", "/console/sign-out", &[]).await;
        let forgotten: Vec<_> =
            out.cookies.iter().map(|set| set.split('=').next().unwrap()).collect();
        assert_eq!(forgotten, names);
        assert!(out.cookies.iter().all(|set| set.contains("Max-Age=0")), "{:?}", out.cookies);
        host.stop().await;
    }
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookie_is_told_so() {
    let host = TestHost::start().await;
    let browser = host.browser(host.admin_token()).await.holding("");
    let url = host.admin().url("/console/sign-in");
    let client = Client::builder().no_proxy().build().unwrap();
    let send = client.post(&url).header("sec-fetch-site", "same-origin");
    let reply = with_form(send, &[("token", host.admin_token())]).send().await.unwrap();

    let holds = host.browser(host.admin_token()).await.open("/console?signed-in=1").await;
    assert_eq!((holds.status, holds.location.as_deref()), (303, Some("/console")));
    // It followed two redirects, without a cookie.
    assert!(reply.text().await.unwrap().contains("kept no cookie"));
    assert!(!browser.page("/console/sign-in").await.contains("kept no cookie"));
    host.stop().await;
}

#[tokio::test]
async fn a_host_without_the_console_serves_nothing_of_it() {
    let host = TestHost::configured(|config| config.console = Console::Off).await;
    let client = Client::builder().no_proxy().build().unwrap();
    for path in ["/console", "/console/sign-in", "/console/assets/htmx.js", "/nothing"] {
        let reply = client.get(host.admin().url(path)).send().await.unwrap();
        assert_eq!(reply.status(), 401, "{path}: as any path that is not there");
    }
    host.stop().await;
}
