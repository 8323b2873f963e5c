//! Booking an appointment on the phone, as a person does who never saw it.

use flowhost_tests::{Chromium, Component, DataFolder, HostProcess, TestFlow, eventually, watch};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::held;
use super::pages::leave_by;
use super::sample::{Role, Sample, put_flow_json};
use super::sign_in_at;
use crate::console::phone::picking_flow;

#[tokio::test]
async fn a_person_books_an_appointment_on_the_phone() {
    let browser = Chromium::start().await;
    let sample = opened(&browser).await;

    for (width, height) in LOW_WINDOWS {
        browser.resize(width, height).await;
        eventually(&format!("the button is in a window of {width} x {height}"), async || {
            browser.run(BUTTON_IS_IN_WINDOW).await.as_bool()?.then_some(())
        })
        .await;
    }
    choose(&browser).await;
    book(&browser, &sample.booking).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    sample.host.stop().await;
}

#[tokio::test]
async fn a_person_without_scripts_books_an_appointment_too() {
    let browser = Chromium::without_scripts().await;
    let sample = opened(&browser).await;

    for (list, choice) in CHOICES {
        browser.click(&option(list, choice)).await;
        leave_by(&browser, ".phone-update").await;
    }
    book(&browser, &sample.booking).await;
    sample.host.stop().await;
}

#[tokio::test]
async fn a_person_picks_a_photo_that_the_plugin_fetches() {
    let browser = Chromium::start().await;
    let data = DataFolder::new();
    let _host = with_picker(&browser, &data).await;
    let (_folder, photo) = photo();

    browser.fill("#phone-field-photos", &photo).await;
    browser.shows("photo.jpg").await;
    browser.click("#phone [aria-label='Take away photo.jpg']").await;
    browser.shows_no_more("photo.jpg").await;
    browser.click("#phone-press").await;
    browser.shows("This field is required").await;
    browser.fill("#phone-field-photos", &photo).await;
    browser.shows("photo.jpg").await;
    assert_eq!(browser.barriers().await, Vec::<String>::new());
    browser.click("#phone-press").await;
    browser.shows(FETCHED).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_person_without_scripts_picks_a_photo_too() {
    let browser = Chromium::without_scripts().await;
    let data = DataFolder::new();
    let _host = with_picker(&browser, &data).await;
    let (_folder, photo) = photo();

    browser.fill("#phone-field-photos", &photo).await;
    browser.click("#phone-press").await;
    browser.shows(FETCHED).await;
}

/// A host for development with a flow that takes photos, and a new phone in the browser.
async fn with_picker(browser: &Chromium, data: &DataFolder) -> HostProcess {
    let host = HostProcess::dev(data).await;
    picking_flow(&host.tenant("acme").await).await;
    let admin = host.admin();
    sign_in_at(browser, admin, admin.token().unwrap()).await;
    browser.open(&admin.url("/console/tenants/acme/flows/booking/phone")).await;
    browser.click("main button.primary").await;
    browser.shows("Photos").await;
    host
}

/// A file that a browser takes for a photo.
fn photo() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, "a picture").unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// What the plugin says of it.
const FETCHED: &str = r#"[{"body":"a picture","bytes":9,"name":"photo.jpg"}]"#;

#[tokio::test]
async fn the_printed_link_opens_a_phone_and_going_back_opens_none() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;

    browser.open(&sample.host.console_link_to(AT_ONCE)).await;
    choose(&browser).await;
    watch(&held(&browser).await.unwrap());
    assert_eq!(opened_phones(&sample).await, 1);
    browser.run("history.back()").await;
    // A link that somebody sends opens none.
    browser.open(&sample.url(AT_ONCE).await).await;
    browser.click("main button.primary").await;
    choose(&browser).await;
    assert_eq!(opened_phones(&sample).await, 2, "one by the link, and one by the button");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    sample.host.stop().await;
}

#[tokio::test]
async fn without_scripts_the_printed_link_leads_to_the_button() {
    let browser = Chromium::without_scripts().await;
    let sample = Sample::start("Acme Clinic").await;

    browser.open(&sample.host.console_link_to(AT_ONCE)).await;
    browser.click("main button.primary").await;
    watch(&held(&browser).await.unwrap());
    browser.click(&option(CHOICES[0].0, CHOICES[0].1)).await;
    assert_eq!(opened_phones(&sample).await, 1);
    sample.host.stop().await;
}

#[tokio::test]
async fn typed_text_outlives_new_versions_and_the_page_names_them() {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    put_flow_json(&sample.enquiries, asking_for_a_note()).await;
    sample.sign_in(&browser, Role::Deploy).await;
    browser.open(&sample.url("/console/tenants/acme/flows/enquiries/phone").await).await;
    browser.click("main button.primary").await;
    browser.shows("Version 1, active").await;

    // It is not sent before the field is left.
    browser.fill("#phone-field-note", "half a sen").await;
    for version in [2, 3] {
        sample.enquiries.deploy(Component::Keeper).await;
        browser.shows(&format!("Version {version}, active")).await;
        browser.shows(&format!("Version {version} is active now")).await;
    }
    browser.shows("The Flow was opened with version 1").await;
    let typed = "return document.querySelector('#phone-field-note').value";
    assert_eq!(browser.run(typed).await, "half a sen");

    browser.click("#phone-news button").await;
    browser.shows_no_more("is active now").await;
    browser.shows("Version 3, active").await;
    assert_eq!(browser.run(typed).await, "");
    sample.host.stop().await;
}

/// A Flow whose first screen has a text to be typed.
fn asking_for_a_note() -> Value {
    let screen = |id: &str, children: Value| {
        let layout = json!({ "type": "SingleColumnLayout", "children": children });
        json!({ "id": id, "title": "Enquiry", "layout": layout })
    };
    let form = screen(
        "FORM",
        json!([
            { "type": "TextInput", "name": "note", "label": "Note" },
            { "type": "Footer", "label": "Send", "on-click-action": {
                "name": "data_exchange", "payload": { "note": "${form.note}" },
            } },
        ]),
    );
    let done = json!({ "name": "complete", "payload": {} });
    let mut next =
        screen("NEXT", json!([{ "type": "Footer", "label": "Done", "on-click-action": done }]));
    next["terminal"] = json!(true);
    json!({
        "version": "7.3",
        "data_api_version": "3.0",
        "routing_model": { "FORM": ["NEXT"], "NEXT": [] },
        "screens": [form, next],
    })
}

async fn opened_phones(sample: &Sample) -> usize {
    let audit = sample.host.admin().get("/v1/audit?tenant=acme").await.expect(200);
    let entries = audit["entries"].as_array().unwrap();
    entries.iter().filter(|entry| entry["action"] == "phone.open").count()
}

/// A host with the clinic's flow, and a new phone in the browser of somebody of the clinic's.
async fn opened(browser: &Chromium) -> Sample {
    let sample = Sample::start("Acme Clinic").await;
    sample.sign_in(browser, Role::Deploy).await;
    let phones = sample.url("/console/tenants/acme/flows/booking/phone").await;
    browser.open(&phones).await;
    browser.click("main button.primary").await;
    sample
}

/// Chooses on the first screen, whose lists open one after another.
pub(super) async fn choose(browser: &Chromium) {
    for (list, choice) in CHOICES {
        browser.click(&option(list, choice)).await;
    }
    browser.click("#phone-field-time option:checked:not([value=''])").await;
}

/// Goes on from the first screen, where all is chosen, to the end.
async fn book(browser: &Chromium, flow: &TestFlow) {
    browser.click("#phone-press").await;
    for (field, text) in
        [("name", "Ana <b>Souza"), ("email", "ana@example.com"), ("phone", "+5511999999999")]
    {
        browser.fill(&format!("#phone-field-{field}"), text).await;
    }
    browser.click("#phone-press").await;
    browser.shows("Ana <b>Souza").await;
    browser.click("#phone-field-terms").await;
    browser.click("#phone-press").await;
    browser.shows("The chat gets:").await;
    assert_eq!(flow.session().await["status"], "completed");
}

/// The lists of the first screen, each of which opens the next, and what is chosen there.
const CHOICES: [(&str, &str); 4] = [
    ("department", "[value=dental]"),
    ("location", "[value=river]"),
    ("date", ":enabled:not([value=''])"),
    ("time", ":enabled:not([value=''])"),
];

/// Usual laptops, less what their browsers need for themselves.
const LOW_WINDOWS: [(u32, u32); 2] = [(1280, 720), (1366, 650)];

const BUTTON_IS_IN_WINDOW: &str = "
const { top, bottom } = document.querySelector('#phone-press').getBoundingClientRect();
return scrollY === 0 && top >= 0 && bottom <= innerHeight;";

/// Where the link of `demo --keep` and of `dev --plugin` leads.
const AT_ONCE: &str = "/console/tenants/acme/flows/booking/phone?open=1";

fn option(list: &str, choice: &str) -> String {
    format!("#phone-field-{list}:enabled option{choice}")
}
