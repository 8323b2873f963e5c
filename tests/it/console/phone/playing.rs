//! Against the active version, as a customer's phone would.

use flowhost_tests::{Component, csrf_of, eventually, with_form};
use serde_json::{Value, json};

use super::{Phone, clinic, exchanges, received, with};

#[tokio::test]
async fn an_appointment_is_booked_on_a_phone_in_the_browser() {
    let (host, flow, browser) = clinic().await;
    let phone = Phone::open(&browser, "active").await;
    let mut page = phone.page().await;
    assert_eq!(received(&page)["screen"], "APPOINTMENT");

    for list in ["department", "location", "date", "time"] {
        let choice = first_enabled(&received(&page)["data"][list]);
        page = phone.tap(&[(&format!("field.{list}"), &choice), ("do", "enter")]).await;
    }
    assert_eq!(exchanges(&page), 4, "a time asks nobody");
    page = phone.tap(&[("do", "press")]).await;
    assert_eq!(received(&page)["screen"], "DETAILS");

    let details = |email| {
        [
            ("field.name", "Ana <b>Souza"),
            ("field.email", email),
            ("field.phone", "+5511999999999"),
            ("do", "press"),
        ]
    };
    page = phone.tap(&details("ana.example.com")).await;
    assert_eq!(exchanges(&page), 5, "the phone itself takes no such address: {page}");
    page = phone.tap(&details("ana@example.com")).await;
    assert_eq!(received(&page)["screen"], "SUMMARY");
    assert!(page.contains("Ana &lt;b&gt;Souza") && !page.contains("<b>Souza"), "{page}");

    page = phone.tap(&[("do", "back")]).await;
    assert_eq!(received(&page)["screen"], "DETAILS");
    phone.tap(&[("do", "press")]).await;
    page = phone.tap(&[("field.terms", "yes"), ("do", "press")]).await;
    assert_eq!(received(&page)["screen"], "SUCCESS");
    assert!(page.contains("The chat gets:") && page.contains("Open the Flow"), "{page}");
    assert_eq!(flow.session().await["status"], "completed");

    page = phone.tap(&[("do", "again")]).await;
    assert!(page.contains("light bad\">427"), "the same token is over: {page}");
    host.stop().await;
}

#[tokio::test]
async fn a_refused_token_disables_the_button() {
    let settings = json!({"token_policy": "minted", "token_rejected_text": "Ask for a new form"});
    let (host, _flow, browser) = with(Component::Steady, settings).await;

    let fields = [("line", "active"), ("flow_token", "made-up"), ("theme", "dark")];
    let refused = Phone::open_with(&browser, &fields).await;
    assert!(refused.path.ends_with("?theme=dark"), "{}", refused.path);
    let page = refused.page().await;
    assert!(
        page.contains("Ask for a new form") && page.contains("disabled>Open the form"),
        "{page}"
    );
    assert!(page.contains("phone dark"), "{page}");

    let minted = Phone::open(&browser, "active").await.page().await;
    assert!(minted.contains("light good\">200"), "{minted}");
    host.stop().await;
}

#[tokio::test]
async fn a_failing_plugin_leaves_the_screen_as_it_is() {
    let (host, flow, browser) = with(Component::Trapper, json!({})).await;
    let phone = Phone::open(&browser, "active").await;

    let page = phone.submit(json!({"do": "trap"})).await;
    assert!(page.contains("Something went wrong"), "{page}");
    assert!(page.contains("light bad\">500") && page.contains("answered 500"), "{page}");
    assert_eq!(flow.exchanges().await, 1, "a failure is no exchange");
    let page = phone.submit(json!({"do": "count"})).await;
    assert!(page.contains("light good\">200") && !page.contains("Something went wrong"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn an_old_key_is_fetched_again_and_the_request_sent_twice() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&browser, "active").await;

    let page = phone.tap(&[("do", "old-key")]).await;
    assert!(page.contains("encrypted to an old key"), "{page}");
    let page = phone.submit(json!({})).await;
    assert!(page.contains("sent 2 times") && page.contains("light good\">200"), "{page}");
    assert!(!page.contains("encrypted to an old key"), "{page}");
    assert_eq!(flow.exchanges().await, 2);
    host.stop().await;
}

#[tokio::test]
async fn what_no_user_does_is_sent_too() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&browser, "active").await;
    phone.submit(json!({})).await;

    let page = phone.tap(&[("do", "repeat")]).await;
    assert!(page.contains("repeated: data_exchange from NEXT"), "{page}");
    assert_eq!(flow.exchanges().await, 2, "the stored reply came again");
    let page = phone.tap(&[("do", "ping")]).await;
    assert!(page.contains("The health check passes"), "{page}");
    let page = phone.tap(&[("do", "report"), ("key", "timeout_error")]).await;
    assert!(page.contains("The error notification is acknowledged"), "{page}");
    assert_eq!(flow.session().await["client_errors"][0]["key"], "timeout_error");
    let page = phone.tap(&[("do", "close")]).await;
    assert!(page.contains("The chat gets no message"), "{page}");
    let page = phone.submit(json!({})).await;
    assert_eq!(exchanges(&page), 5, "a closed Flow has no button");
    host.stop().await;
}

#[tokio::test]
async fn a_second_tap_waits_for_the_first_and_a_page_does_not() {
    let (host, _flow, browser) = with(Component::Slow, json!({"limits": {"wall_ms": 5000}})).await;
    let phone = Phone::open(&browser, "active").await;
    let form = [("data", "{\"do\":\"sleep\"}"), ("do", "press")];

    let sleeping = phone.send(&form);
    let meanwhile = async {
        eventually("the phone waits", async || {
            phone.page().await.contains("still waiting").then_some(())
        })
        .await;
        phone.send(&[("do", "ping")]).await
    };
    let (slept, second) = futures_util::future::join(sleeping, meanwhile).await;
    assert_eq!((slept.status, second.status), (303, 409), "{second:?}");
    assert!(second.text.contains("still waiting"), "{}", second.text);
    assert!(phone.page().await.contains("light bad\">500"));
    host.stop().await;
}

#[tokio::test]
async fn a_new_version_is_news_once() {
    let (host, flow, browser) = clinic().await;
    let fresh = Phone::open(&browser, "active").await;
    let touched = Phone::open(&browser, "active").await;
    touched.tap(&[("do", "ping")]).await;
    let news = async |phone: &Phone, known: i32| {
        browser.open(&format!("{}/news?known={known}", phone.path)).await
    };
    assert_eq!(news(&fresh, 1).await.status, 204);

    flow.deploy(Component::Steady).await;
    let (of_fresh, of_touched) = (news(&fresh, 1).await, news(&touched, 1).await);
    assert_eq!((of_fresh.status, of_touched.status), (200, 200));
    assert!(of_fresh.text.contains("hx-trigger=\"load\""), "{}", of_fresh.text);
    assert!(!of_touched.text.contains("hx-trigger=\"load\""), "{}", of_touched.text);
    let named = "<p id=\"phone-version\" hx-swap-oob=\"true\"><strong>Version 2, active";
    assert!(of_touched.text.contains(named), "{}", of_touched.text);
    assert_eq!(news(&touched, 2).await.status, 204);

    // The version of before is active again: the phone is as it should be.
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let back = news(&touched, 2).await.text;
    assert!(back.contains("Version 1, active") && !back.contains("is active now"), "{back}");
    host.stop().await;
}

#[tokio::test]
async fn htmx_gets_the_parts_that_change() {
    let (host, _flow, browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&browser, "active").await;
    let csrf = csrf_of(&phone.page().await);

    let request = with_form(browser.post(&phone.path), &[("csrf", csrf.as_str()), ("do", "ping")]);
    let request = request.header("sec-fetch-site", "same-origin").header("hx-request", "true");
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let parts = reply.text().await.unwrap();
    assert!(parts.starts_with("<div id=\"phone\""), "{parts}");
    assert!(parts.contains("id=\"transcript\"") && parts.contains("hx-swap-oob"), "{parts}");
    assert!(!parts.contains("<html"), "{parts}");
    host.stop().await;
}

fn first_enabled(list: &Value) -> String {
    let list = list.as_array().unwrap();
    let enabled = list.iter().find(|choice| choice["enabled"] != false).unwrap();
    enabled["id"].as_str().unwrap().to_owned()
}
