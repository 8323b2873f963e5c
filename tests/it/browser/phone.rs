//! Booking an appointment on the phone, as a person does who never saw it.

use flowhost_tests::{Chromium, TestFlow};

use super::pages::leave_by;
use super::sample::{Role, Sample};

#[tokio::test]
async fn a_person_books_an_appointment_on_the_phone() {
    let browser = Chromium::start().await;
    let sample = opened(&browser).await;

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

fn option(list: &str, choice: &str) -> String {
    format!("#phone-field-{list}:enabled option{choice}")
}
