//! Who gets a phone, whose it is, and how many there are.

use flowhost_tests::{Component, csrf_of, with_form};
use serde_json::{Value, json};

use super::{PHONES, Phone, with};

#[tokio::test]
async fn a_phone_is_for_who_may_deploy_and_for_its_own_token() {
    let (host, _flow, browser) = with(Component::Steady, json!({})).await;
    host.tenant("other").await.flow("booking", json!({}), Component::Steady).await;
    let phone = Phone::open(&browser, "active").await;
    let others = PHONES.replace("acme", "other");

    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let stranger = host.browser_with(json!({"tenant": "other", "role": "deploy"})).await;
    for (who, path, status) in [
        (&reader, PHONES, 403),
        (&reader, phone.path.as_str(), 403),
        (&stranger, PHONES, 404),
        (&stranger, phone.path.as_str(), 404),
        (&stranger, others.as_str(), 200),
    ] {
        assert_eq!(who.open(path).await.status, status, "{path}");
        let csrf = csrf_of(&who.page("/console").await);
        let form = [("csrf", csrf.as_str()), ("line", "active"), ("do", "ping")];
        let post = with_form(who.post(path), &form).header("sec-fetch-site", "same-origin");
        let posted = post.send().await.unwrap().status().as_u16();
        assert_eq!(posted, if status == 200 { 303 } else { status }, "POST {path}");
    }

    let colleague = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let theirs = colleague.open(&phone.path).await;
    assert_eq!(theirs.status, 404);
    assert!(theirs.text.contains("does not know this phone"), "{}", theirs.text);
    assert_eq!(browser.holding("x=y").open(&phone.path).await.status, 303);
    for bad in ["zz", "00000000000000000000000000000000"] {
        assert_eq!(browser.open(&format!("{PHONES}/{bad}")).await.status, 404, "{bad}");
    }
    host.stop().await;
}

#[tokio::test]
async fn who_shares_the_token_of_the_environment_shares_no_phone() {
    let (host, _flow, _browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&host.browser(host.admin_token()).await, "active").await;

    assert_eq!(host.browser(host.admin_token()).await.open(&phone.path).await.status, 404);
    phone.page().await;
    host.stop().await;
}

#[tokio::test]
async fn a_form_of_another_page_does_nothing_with_a_phone() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&browser, "active").await;
    let others = csrf_of(&host.browser(host.admin_token()).await.page("/console").await);
    let own = csrf_of(&phone.page().await);

    for (path, csrf, site) in [
        (PHONES, &others, "same-origin"),
        (phone.path.as_str(), &others, "same-origin"),
        (phone.path.as_str(), &own, "cross-site"),
    ] {
        let form = [("csrf", csrf.as_str()), ("line", "active"), ("do", "again")];
        let post = with_form(browser.post(path), &form).header("sec-fetch-site", site);
        assert_eq!(post.send().await.unwrap().status(), 403, "{path} {site}");
    }
    assert_eq!(flow.exchanges().await, 1);
    host.stop().await;
}

#[tokio::test]
async fn a_phone_without_key_or_app_secret_says_what_to_do() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let bare = host.tenant_without_app_secret("bare").await;
    bare.flow("booking", json!({}), Component::Steady).await;
    let owner = host.browser_with(json!({"tenant": "bare", "role": "deploy"})).await;
    let phones = PHONES.replace("acme", "bare");
    let refused = owner.submit(&phones, &phones, &[("line", "active")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("flowhost app-secret set bare"), "{}", refused.text);

    let keys = flow.tenant.call("GET", "/keys", Value::Null).await.expect(200);
    let key = keys["keys"][0]["id"].as_str().unwrap();
    flow.tenant.call("DELETE", &format!("/keys/{key}"), Value::Null).await.expect(204);
    let refused = browser.submit(PHONES, PHONES, &[("line", "active")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("flowhost key create acme"), "{}", refused.text);
    assert!(flow.sessions().await.is_empty(), "no token is minted for nothing");
    host.stop().await;
}

#[tokio::test]
async fn a_fifth_phone_takes_the_place_of_the_oldest() {
    let (host, _flow, browser) = with(Component::Steady, json!({})).await;
    let mut phones = Vec::new();
    for (line, token) in [("active", ""), ("1", ""), ("1", ""), ("1", ""), ("active", "mine")] {
        let fields = [("line", line), ("flow_token", token)];
        phones.push(Phone::open_with(&browser, &fields).await);
    }

    assert_eq!(browser.open(&phones[0].path).await.status, 404);
    for phone in &phones[1..] {
        phone.page().await;
    }
    let audit = host.admin().get("/v1/audit?tenant=acme").await.expect(200);
    let opened: Vec<&Value> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "phone.open")
        .map(|entry| &entry["after"])
        .collect();
    let active = json!({"version": "active", "flow_token": "minted"});
    let rehearsed = json!({"version": 1, "rehearsal": true, "flow_token": "minted"});
    let given = json!({"version": "active", "flow_token": "given"});
    assert_eq!(opened, [&given, &rehearsed, &rehearsed, &rehearsed, &active]);
    host.stop().await;
}

#[tokio::test]
async fn no_token_is_minted_for_a_phone_that_has_no_place() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let colleague = async || host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    for _ in 0..4 {
        let colleague = colleague().await;
        for _ in 0..4 {
            Phone::open(&colleague, "1").await;
        }
    }

    let refused = browser.submit(PHONES, PHONES, &[("line", "active")]).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert!(refused.text.contains("as many phones as it may"), "{}", refused.text);
    assert!(flow.sessions().await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn what_can_not_be_opened_is_refused() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let keeper = Component::Keeper.bytes().await;
    flow.upload(keeper).await.expect(201);
    let long = "t".repeat(1025);

    for (line, token, status) in
        [("7", "", 404), ("x", "", 404), ("2", "", 409), ("active", long.as_str(), 422)]
    {
        let fields = [("line", line), ("flow_token", token)];
        let reply = browser.submit(PHONES, PHONES, &fields).await;
        assert_eq!(reply.status, status, "{line}: {}", reply.text);
    }
    let page = browser.page(PHONES).await;
    assert!(page.contains("The active version (1)") && page.contains("version 2"), "{page}");
    host.stop().await;
}
