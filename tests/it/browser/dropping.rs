//! Files that are dropped onto a page.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flowhost_tests::{Chromium, Component};
use serde_json::{Value, json};

use super::sample::{Role, Sample};

#[tokio::test]
async fn a_component_is_dropped_and_the_page_says_how_far_it_is() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(&browser, Role::Deploy).await;
    browser.open(&sample.url("/console/tenants/acme/flows/booking").await).await;

    browser.run(NOTE_PROGRESS).await;
    drop_file(&browser, "wrong.wasm", b"no component").await;
    browser.click("#notice .problem").await;
    let seen = browser.run("return window.seen").await;
    let last = seen.as_array().unwrap().last().unwrap().clone();
    assert!(seen.as_array().unwrap().contains(&json!([true, 0, ""])), "{seen}");
    assert!(
        seen.to_string().contains(r#"[true,100,"The host compiles and checks it…"]"#),
        "{seen}"
    );
    assert_eq!(last, json!([false, 100, ""]), "{seen}");

    drop_file(&browser, "right.wasm", Component::Steady.bytes().await).await;
    browser.shows("Version 3 was uploaded").await;
    sample.host.stop().await;
}

#[tokio::test]
async fn a_flow_json_is_dropped_and_its_mistakes_are_shown() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(&browser, Role::Deploy).await;
    let page = "/console/tenants/acme/flows/enquiries/flow-json";
    browser.open(&sample.url(page).await).await;

    drop_file(&browser, "wrong.json", b"{\n\"version\": 7\n}").await;
    browser.shows("The Flow JSON was not taken").await;
    let document = sample.booking.call("GET", "/flow-json", Value::Null).await.expect(200);
    drop_file(&browser, "right.json", document.to_string().as_bytes()).await;
    browser.shows("The Flow JSON was put").await;

    let stored = sample.enquiries.call("GET", "/flow-json", Value::Null).await.expect(200);
    assert_eq!(stored, document);
    assert_eq!(browser.complaints().await.iter().filter(|line| !line.contains("422")).count(), 0);
    sample.host.stop().await;
}

/// Drags a file from outside over the page, and drops it there.
async fn drop_file(browser: &Chromium, name: &str, content: &[u8]) {
    let content = BASE64_STANDARD.encode(content);
    let marked = browser
        .run(&format!(
            "const bytes = Uint8Array.from(atob('{content}'), (letter) => letter.charCodeAt(0));
             const dataTransfer = new DataTransfer();
             dataTransfer.items.add(new File([bytes], '{name}'));
             const send = (type) => document.querySelector('main').dispatchEvent(
                 new DragEvent(type, {{ dataTransfer, bubbles: true, cancelable: true }}));
             send('dragenter');
             const taken = !send('dragover');
             const marked = document.querySelector('form[data-drop]').classList.contains('over');
             send('drop');
             return taken && marked;"
        ))
        .await;
    assert_eq!(marked, true, "the page says that a file may be dropped");
}

/// Notes whether the bar is there, how far it is, and what stands beside it, whenever that changes.
const NOTE_PROGRESS: &str = "
window.seen = [];
const bar = document.querySelector('[data-upload] progress');
const said = document.querySelector('[data-upload] [data-said]');
const note = () => window.seen.push([!bar.hidden, bar.value, said.textContent]);
new MutationObserver(note).observe(document.querySelector('[data-upload]'),
    { attributes: true, childList: true, subtree: true });";
