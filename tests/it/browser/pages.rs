//! Every page, as every role sees it. A new page is a line in [`PAGES`].

use std::collections::HashSet;

use flowhost_tests::{Chromium, eventually};

use super::sample::{Role, Sample};
use super::site;

/// A page that exists: its path, the least role that it is for, and the status that others get.
type PageLine = (&'static str, Role, u16);

/// All pages that have an address.
pub(super) const PAGES: [PageLine; 32] = [
    ("/console/sign-in", Role::Read, 404),
    ("/console", Role::Read, 404),
    ("/console?q=acme", Role::Read, 404),
    ("/console/new-tenant", Role::Partner, 403),
    ("/console/tenants/globex", Role::Operator, 404),
    ("/console/tenants/acme", Role::Read, 404),
    ("/console/tenants/acme/changes", Role::Read, 403),
    ("/console/tenants/acme/switch", Role::Partner, 403),
    ("/console/tenants/acme/delete", Role::Partner, 403),
    ("/console/tenants/acme/keys/new", Role::Partner, 403),
    ("/console/tenants/acme/keys/{key}/retire", Role::Partner, 403),
    ("/console/tenants/acme/api-tokens/{token}/revoke", Role::Partner, 403),
    ("/console/tenants/acme/graph/delete", Role::Partner, 403),
    ("/console/tenants/acme/flows/booking", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/versions/1/rehearse", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/versions/1/activate", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/versions/1/delete", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/rollback", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/switch", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/delete", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/flow-json", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/flow-json/delete", Role::Deploy, 403),
    ("/console/tenants/acme/flows/booking/live", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/live?still=1&span=day", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/sessions", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/sessions/{session}", Role::Read, 404),
    ("/console/tenants/acme/flows/booking/phone", Role::Deploy, 403),
    ("/console/tenants/acme/flows/enquiries", Role::Read, 404),
    ("/console/tenants/acme/flows/enquiries/config/greeting/delete", Role::Deploy, 403),
    ("/console/tenants/acme/flows/enquiries/flow-json", Role::Read, 404),
    ("/console/tenants/acme/flows/enquiries/live", Role::Read, 404),
    ("/console/tenants/acme/flows/enquiries/sessions/{session}", Role::Read, 404),
];

/// Pages that are behind a button: where it is, its selector, and the least role that has it.
pub(super) const BEHIND_BUTTONS: [(&str, &str, Role); 7] = [
    ("/console/tenants/acme/flows/booking/phone", "main button.primary", Role::Deploy),
    ("/console/tenants/acme/flows/enquiries/phone", "main button.primary", Role::Deploy),
    ("/console/tenants/acme/flows/booking/live", "[action*=reveal] button", Role::Deploy),
    ("/console/tenants/acme/flows/enquiries/live", "[action*=reveal] button", Role::Deploy),
    (
        "/console/tenants/acme/flows/booking/sessions/{session}",
        "[action$=reveal] button",
        Role::Deploy,
    ),
    (
        "/console/tenants/acme/flows/enquiries/sessions/{session}",
        "[action$=reveal] button",
        Role::Deploy,
    ),
    (
        "/console/tenants/acme/flows/booking/versions/2/rehearse",
        "main button.primary",
        Role::Deploy,
    ),
];

#[tokio::test]
async fn operators_find_every_page_usable() {
    go_through(Role::Operator).await;
}

#[tokio::test]
async fn partners_find_every_page_usable() {
    go_through(Role::Partner).await;
}

#[tokio::test]
async fn who_deploys_finds_every_page_usable() {
    go_through(Role::Deploy).await;
}

#[tokio::test]
async fn who_reads_finds_every_page_usable() {
    go_through(Role::Read).await;
}

#[tokio::test]
async fn a_page_with_every_mistake_is_found_to_have_them() {
    let browser = Chromium::start().await;
    let port = site(MISTAKES.to_owned()).await;
    browser.open(&format!("http://127.0.0.1:{port}/")).await;

    let wrong = wrong_with(&browser, 404).await;

    for what in [
        "the status is 200 instead of 404",
        "in dark colours: color-contrast",
        "in light colours: label",
        "360 pixels are not enough for <p class",
        "the Tab key does not reach <button tabindex",
        "nothing shows the focus of <input",
        "nothing shows the focus of <a",
        "is not defined",
    ] {
        let found = wrong.iter().filter(|line| line.contains(what)).count();
        assert_eq!(found, 1, "{what}: {wrong:#?}");
    }
}

async fn go_through(role: Role) {
    let browser = Chromium::start().await;
    let sample = Sample::start("Acme Clinic").await;
    sample.converse().await;
    sample.fail("the calendar does not answer").await;
    sample.sign_in(&browser, role).await;

    let mut wrong = Vec::new();
    for (path, least, otherwise) in PAGES {
        browser.open(&sample.url(path).await).await;
        let found = match role >= least {
            true => wrong_with(&browser, 200).await,
            // All refusals are one page, which is looked at below.
            false => wrong_with_status(&browser, otherwise).await,
        };
        wrong.extend(found.into_iter().map(|what| format!("{path}: {what}")));
    }
    for (path, button, _) in BEHIND_BUTTONS.iter().filter(|(.., least)| role >= *least) {
        browser.open(&sample.url(path).await).await;
        leave_by(&browser, button).await;
        let found = wrong_with(&browser, 200).await;
        wrong.extend(found.into_iter().map(|what| format!("{path} and {button}: {what}")));
    }
    browser.open(&sample.url(NOWHERE).await).await;
    wrong.extend(wrong_with(&browser, 404).await);
    assert!(wrong.is_empty(), "{role:?}: {wrong:#?}");
    sample.host.stop().await;
}

/// Clicks a button that leads to another page, and waits for that.
pub(super) async fn leave_by(browser: &Chromium, button: &str) {
    browser.run("window.old = true").await;
    browser.click(button).await;
    eventually("another page comes", async || {
        browser.run("return window.old ?? null").await.is_null().then_some(())
    })
    .await;
}

/// What is wrong with the page that is open, which should have come with this status.
async fn wrong_with(browser: &Chromium, status: u16) -> Vec<String> {
    let mut wrong = wrong_with_status(browser, status).await;
    wrong.extend(links_to_unknown_pages(browser).await);
    // What is folded must be as good as the rest.
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true })").await;
    browser.prefer_colours("light").await;
    let light = browser.barriers().await;
    browser.prefer_colours("dark").await;
    let dark = browser.colour_barriers().await;
    for (colours, barriers) in [("light", light), ("dark", dark)] {
        wrong.extend(barriers.into_iter().map(|what| format!("in {colours} colours: {what}")));
    }
    for width in [360, 1920, 1280] {
        browser.resize(width, 800).await;
        let sticking_out = browser.run(STICKING_OUT).await;
        if let Some(sticking_out) = sticking_out.as_str() {
            wrong.push(format!("{width} pixels are not enough for {sticking_out}"));
        }
    }
    wrong.extend(wrong_with_keyboard(browser).await);
    wrong.extend(browser.complaints().await);
    wrong
}

/// Whether the page that is open came with this status, and loading it was nothing to complain about.
async fn wrong_with_status(browser: &Chromium, status: u16) -> Vec<String> {
    let mut wrong = browser.complaints().await;
    // Browsers complain about every page that is not there, or not for them.
    let refused = format!("the server responded with a status of {status}");
    wrong.retain(|line| status == 200 || !line.contains(&refused));
    let came = "return performance.getEntriesByType('navigation')[0].responseStatus";
    let came = browser.run(came).await;
    if came != status {
        wrong.push(format!("the status is {came} instead of {status}"));
    }
    wrong
}

/// The links to pages that no line of [`PAGES`] is like.
async fn links_to_unknown_pages(browser: &Chromium) -> Vec<String> {
    let links = browser.run("return [...document.links].map((link) => link.pathname)").await;
    let links = links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned());
    let known = PAGES.iter().map(|(path, ..)| kind(path));
    let known: HashSet<_> = known.chain(NOT_LOOKED_AT.map(kind)).collect();
    let unknown = links.filter(|link| link.starts_with("/console") && !known.contains(&kind(link)));
    unknown.map(|link| format!("no line of the table is like the link to {link}")).collect()
}

/// A path without its query, where the names of things stand for all of their kind.
fn kind(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| match segment {
        "acme" | "globex" | "booking" | "enquiries" => "{name}".to_owned(),
        id if id.starts_with('{') => "{id}".to_owned(),
        id if id.bytes().any(|byte| byte.is_ascii_digit()) => "{id}".to_owned(),
        word => word.to_owned(),
    });
    segments.collect()
}

/// Goes through the page with the Tab key alone.
async fn wrong_with_keyboard(browser: &Chromium) -> Vec<String> {
    let presses = browser.run(include_str!("keyboard.js")).await.as_u64().unwrap();
    browser.press(TAB, usize::try_from(presses).unwrap()).await;
    let missed = browser.run("return walk.missed()").await;
    missed.as_array().unwrap().iter().map(|what| what.as_str().unwrap().to_owned()).collect()
}

const NOWHERE: &str = "/console/nowhere";

/// What links lead to besides pages in the table: a download, what is behind buttons, and the page
/// for what is not there to its own content.
const NOT_LOOKED_AT: [&str; 3] = [
    "/console/tenants/acme/flows/booking/flow-json/document",
    "/console/tenants/acme/flows/booking/phone/{phone}",
    NOWHERE,
];

/// WebDriver's name for the key.
const TAB: char = '\u{e004}';

const MISTAKES: &str = "<!DOCTYPE html><html lang=en><title>x</title><style>
input { outline: none } .grey { color: #999 } .wide { width: 1000px } #far { position: absolute; left: -999px }
@media (prefers-color-scheme: light) { .grey { color: #222 } }
</style><main><h1>x</h1><p class=grey>Hard to read</p><p class=wide>x</p>
<input><button tabindex=2>First</button><button id=second>Second</button><a href=/ id=far>Far away</a>
</main><script>nothing()</script>";

/// The element that makes the page scroll sideways, if it does.
const STICKING_OUT: &str = "
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return null;
const outside = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > width + 1);
return (outside.at(-1) ?? document.body).outerHTML.slice(0, 200);";
