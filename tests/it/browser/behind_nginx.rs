//! The console behind nginx with TLS, as `operators.md` shows it. Skipped if nginx is not installed.

use flowhost_tests::{
    Chromium, Component, Proxy, TestCertificate, TestHost, repository, watch, with_form,
    with_section,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::sample::Sample;
use super::{COOKIE, held};

#[tokio::test]
async fn the_console_works_behind_nginx_with_the_lines_of_the_manual() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    let certificate = TestCertificate::generate();
    let lines = lines_of_the_manual(&sample.host.admin().url(""));
    let Some(proxy) = Proxy::nginx_with_tls(&lines, &certificate) else { return };
    let token = sample.host.api_token(json!({ "tenant": "acme", "role": "deploy" })).await;
    let token = token.token().unwrap();
    let flow = "/console/tenants/acme/flows/enquiries";
    let open = async |path: &str| browser.open(&format!("{}{path}", proxy.url())).await;

    open("/console/sign-in").await;
    browser.fill("#token", token).await;
    browser.click("button.primary").await;
    browser.arrives_at("/console").await;
    watch(&held(&browser).await.expect("a cookie"));
    let cookie = browser.cookies().await.into_iter().find(|cookie| cookie["name"] == COOKIE);
    assert_eq!(cookie.unwrap()["secure"], true);

    open(&format!("{flow}/config/greeting/delete")).await;
    browser.click("main form button").await;
    browser.arrives_at(flow).await;
    let config = sample.enquiries.call("GET", "/config", Value::Null).await.expect(200);
    assert_eq!(config["config"], json!([]));

    open(&format!("{flow}/live")).await;
    browser.shows("No exchange is kept that fits").await;
    sample.fail("nobody answers").await;
    browser.shows("FORM → NEXT").await;

    // nginx takes 1 MiB unless it is told to take more.
    let large = with_section(Component::Steady.bytes().await, "padding", &vec![0; 4 << 20]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("large.wasm");
    std::fs::write(&file, large).unwrap();
    open(flow).await;
    browser.fill("#upload-component", file.to_str().unwrap()).await;
    browser.click("[data-upload] button.primary").await;
    browser.shows("Version 2 was uploaded").await;
    sample.host.stop().await;
}

#[tokio::test]
async fn nginx_leaves_the_name_that_the_origin_of_forms_is_compared_with() {
    let host = TestHost::start().await;
    let certificate = TestCertificate::generate();
    let lines = lines_of_the_manual(&host.admin().url(""));
    let Some(proxy) = Proxy::nginx_with_tls(&lines, &certificate) else { return };
    // As a browser without `Sec-Fetch-Site` sends it.
    let client = certificate.client();
    let send = async |origin: &str| {
        let form = client.post(format!("{}/console/sign-in", proxy.url())).header("origin", origin);
        with_form(form, &[("token", "fha_wrong")]).send().await.unwrap().status().as_u16()
    };

    assert_eq!(send(proxy.url()).await, 401);
    assert_eq!(send("https://another.example").await, 403);
    host.stop().await;
}

/// What stands in `operators.md`, in front of this admin listener.
fn lines_of_the_manual(admin_url: &str) -> String {
    let manual = std::fs::read_to_string(repository("host/docs/operators.md")).unwrap();
    let (_, lines) = manual.split_once("```nginx\n").expect("lines for nginx");
    let (lines, _) = lines.split_once("```").expect("their end");
    assert!(lines.contains(ADMIN_LISTENER), "{lines}");
    lines.replace(ADMIN_LISTENER, admin_url.trim_end_matches('/'))
}

const ADMIN_LISTENER: &str = "http://127.0.0.1:8081";
