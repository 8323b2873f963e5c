//! Files that are picked on a phone of the console, without scripts.

use flowhost_tests::{
    BrowserSession, ConsoleReply, DataFolder, HostProcess, SentFile, TestFlow, TestHost, csrf_of,
    with_files,
};
use serde_json::json;

use super::{Phone, picking_flow};

#[tokio::test]
async fn picked_files_come_to_the_plugin_of_a_host_for_development() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;
    let flow = picking_flow(&host.tenant("acme").await).await;
    let token = host.admin().token().unwrap();
    let browser = BrowserSession::sign_in(&host.admin().url(""), token).await;
    let phone = Phone::open(&browser, "active").await;
    let opened = phone.page().await;
    assert!(opened.contains("enctype=\"multipart/form-data\""), "{opened}");
    assert!(!opened.contains("Plugins can't fetch files"), "{opened}");

    let two = [jpg("a.jpg", b"the first"), jpg("b.jpg", b"the second")];
    assert_eq!(pick(&phone, "enter", &two).await.status, 303);
    let page = phone.page().await;
    assert!(page.contains("Take away a.jpg") && page.contains("Take away b.jpg"), "{page}");
    let (_, id) = page.split_once("value=\"remove.").unwrap();
    let remove = format!("remove.{}", id.split('"').next().unwrap());
    assert_eq!(pick(&phone, &remove, &[]).await.status, 303);
    // Picked and sent at once, as without scripts.
    assert_eq!(pick(&phone, "press", &[jpg("c.jpg", b"the third")]).await.status, 303);
    let page = phone.page().await.replace("&quot;", "\"");
    for said in [
        r#"{"body":"the second","bytes":10,"name":"b.jpg"},{"body":"the third","bytes":9,"name":"c.jpg"}"#,
        "encryption_metadata",
        "http://127.0.0.1:",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(flow.exchanges().await, 2);
}

#[tokio::test]
async fn what_the_field_does_not_take_is_refused() {
    let (host, flow, phone) = production().await;

    let pdf = SentFile { media_type: "application/pdf", ..jpg("a.pdf", b"%PDF") };
    let large = vec![0; 2 << 10];
    for (files, why) in [
        (vec![pdf], "Photos: a.pdf is no picture"),
        (vec![jpg("a.jpg", &large)], "Photos: a.jpg is too large: this field takes at most 1 KiB"),
        (vec![jpg("a.jpg", b"a"); 3], "Photos: At most 2 files, not 3"),
        (vec![SentFile { field: "file.other", ..jpg("a.jpg", b"a") }], "This field is required"),
    ] {
        assert_eq!(pick(&phone, "press", &files).await.status, 303, "{why}");
        let page = phone.page().await;
        assert!(page.contains(why) && !page.contains("Take away"), "{why}: {page}");
    }
    let many = vec![jpg("a.jpg", b"a"); 31];
    assert_eq!(pick(&phone, "press", &many).await.status, 422);
    let endless = vec![0; (25 << 20) + 1];
    let refused = pick(&phone, "press", &[jpg("a.jpg", &endless)]).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("a file has at most 25 MiB"), "{}", refused.text);
    assert_eq!(flow.exchanges().await, 1);
    host.stop().await;
}

#[tokio::test]
async fn a_host_in_production_says_that_no_plugin_fetches_the_files() {
    let (host, _flow, phone) = production().await;
    let page = phone.page().await;
    assert!(page.contains("Plugins can't fetch files from this phone"), "{page}");

    assert_eq!(pick(&phone, "press", &[jpg("a.jpg", b"a picture")]).await.status, 303);

    let page = phone.page().await.replace("&quot;", "\"");
    assert!(page.contains("https://played-phone.invalid/"), "{page}");
    assert!(page.contains(r#""error":"invalid-reference""#), "{page}");
    host.stop().await;
}

async fn production() -> (TestHost, TestFlow, Phone) {
    let host = TestHost::start().await;
    let flow = picking_flow(&host.tenant("acme").await).await;
    let browser = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let phone = Phone::open(&browser, "active").await;
    (host, flow, phone)
}

/// Taps with files picked.
async fn pick(phone: &Phone, what: &str, files: &[SentFile<'_>]) -> ConsoleReply {
    let csrf = csrf_of(&phone.page().await);
    let fields = [("csrf", csrf.as_str()), ("screen", "NEXT"), ("do", what)];
    let request = with_files(phone.browser.post(&phone.path), &fields, files);
    let sent = request.header("sec-fetch-site", "same-origin").send().await.unwrap();
    ConsoleReply::of(sent).await
}

fn jpg<'a>(name: &'a str, bytes: &'a [u8]) -> SentFile<'a> {
    SentFile { field: "file.photos", name, media_type: "image/jpeg", bytes }
}
