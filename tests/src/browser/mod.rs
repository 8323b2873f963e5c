//! Chromium, driven as a person drives it: with pages, keys and clicks.
//!
//! WebDriver is JSON over HTTP, and the harness has a client for that: a crate for it would bring a
//! dozen others.

mod axe;
mod driver;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::poll::eventually;
use driver::Driver;

/// A browser with a fresh profile, which is closed on drop.
#[derive(Debug)]
pub struct Chromium {
    driver: Driver,
    _place: SemaphorePermit<'static>,
}

impl Chromium {
    /// A browser, as soon as one of the few places is free. A test takes it before its host, so that
    /// none that waits for a browser holds a database.
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// A browser that runs no script of any page.
    pub async fn without_scripts() -> Self {
        Self::with(json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn with(preferences: Value) -> Self {
        let place = PLACES.acquire().await.expect("never closed");
        Self { driver: Driver::start(preferences).await, _place: place }
    }

    /// Opens a page and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.driver.post("/url", json!({ "url": url })).await;
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        text_of(&self.driver.get("/url").await)
    }

    /// Waits until the page at this path is there, whatever led to it.
    pub async fn arrives_at(&self, path: &str) {
        eventually(&format!("the browser is at {path}"), async || {
            let url = self.url().await;
            let (_, after) = url.split_once("://")?;
            after.ends_with(path).then_some(())
        })
        .await;
    }

    /// Waits until the page shows this.
    pub async fn shows(&self, text: &str) {
        eventually(&format!("the page shows {text:?}"), async || {
            self.text().await.contains(text).then_some(())
        })
        .await;
    }

    /// Waits until the page does not show this text.
    pub async fn shows_no_more(&self, text: &str) {
        eventually(&format!("the page shows no {text:?}"), async || {
            (!self.text().await.contains(text)).then_some(())
        })
        .await;
    }

    /// What the page shows, as text.
    pub async fn text(&self) -> String {
        text_of(&self.run("return document.body?.innerText ?? ''").await)
    }

    /// Types into the field that this CSS selector finds; into one for a file, its path.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.touch(selector, "value", json!({ "text": text })).await;
    }

    /// Clicks what this CSS selector finds.
    pub async fn click(&self, selector: &str) {
        self.touch(selector, "click", json!({})).await;
    }

    /// Does this with an element, as soon as it is there. A page that changes meanwhile may have
    /// taken away what was found: then it is looked for again.
    async fn touch(&self, selector: &str, what: &str, parameters: Value) {
        eventually(&format!("{what} of {selector}"), async || {
            let element = self.find(selector).await;
            let path = format!("/element/{element}/{what}");
            match self.driver.try_post(&path, &parameters).await {
                Ok(_) => Some(()),
                Err(why) if GONE.iter().any(|gone| why.contains(gone)) => None,
                Err(why) => panic!("{what} of {selector}: {why}"),
            }
        })
        .await;
    }

    /// Presses a key so many times.
    pub async fn press(&self, key: char, times: usize) {
        let key_down_and_up =
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keys = vec![key_down_and_up; times].concat();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": keys });
        self.driver.post("/actions", json!({ "actions": [keyboard] })).await;
    }

    /// Runs a function's body in the page, which its Content-Security-Policy does not stop, and
    /// returns what it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.driver.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// The cookies of the page's host, with their flags.
    pub async fn cookies(&self) -> Vec<Value> {
        self.driver.get("/cookie").await.as_array().cloned().unwrap_or_default()
    }

    /// Sets a cookie of the page's host; its fields are WebDriver's.
    pub async fn set_cookie(&self, cookie: Value) {
        self.driver.post("/cookie", json!({ "cookie": cookie })).await;
    }

    /// Makes the window's inside this large.
    pub async fn resize(&self, width: u32, height: u32) {
        // A window can't be narrower than 500 pixels, but a phone is.
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Takes the scrollbars away, for pictures.
    pub async fn hide_scrollbars(&self) {
        self.driver.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
    }

    /// Makes the system's colours `light` or `dark`.
    pub async fn prefer_colours(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.driver.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// What the browser's console has said since it was last asked: errors of scripts, violations of
    /// the Content-Security-Policy, what could not be loaded. Not that a form was sent again before its
    /// answer came, which ends the request before: the phone means that, and htmx says so in two lines.
    pub async fn complaints(&self) -> Vec<String> {
        let lines = self.driver.post("/se/log", json!({ "type": "browser" })).await;
        let lines = lines.as_array().cloned().unwrap_or_default();
        lines
            .iter()
            .map(|line| format!("{} {}", text_of(&line["level"]), text_of(&line["message"])))
            .filter(|line| !REPLACED.iter().any(|event| line.contains(event)))
            .collect()
    }

    /// What keeps people out of the page, as far as a program can tell: rules of `axe-core` whose
    /// violation is serious or critical, with the elements.
    pub async fn barriers(&self) -> Vec<String> {
        let found = self.driver.post("/execute/async", axe::search().await).await;
        axe::serious(&found)
    }

    /// What of the same page can't be read for want of contrast, in other colours: the one rule that
    /// is about them. After [`Chromium::barriers`], which looks for the rest.
    pub async fn colour_barriers(&self) -> Vec<String> {
        let again = axe::search_again("color-contrast");
        let found = self.driver.post("/execute/async", again).await;
        axe::serious(&found)
    }

    /// A picture of what the window shows, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let encoded = text_of(&self.driver.get("/screenshot").await);
        BASE64_STANDARD.decode(encoded).expect("WebDriver sends Base64")
    }

    async fn find(&self, selector: &str) -> String {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.driver.post("/element", by).await;
        text_of(&found[ELEMENT])
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Browsers at the same time: each takes a core while it loads a page, and 300 MB.
static PLACES: Semaphore = Semaphore::const_new(2);

/// How the driver says that an element is not on the page any more.
const GONE: [&str; 2] = ["stale element reference", "does not belong to the document"];

/// What htmx says where a form was sent again. The second it says with each failure, beside the first or
/// another line.
const REPLACED: [&str; 2] = ["htmx:sendAbort,", "htmx:afterRequest,"];

/// The name that WebDriver gives to the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
