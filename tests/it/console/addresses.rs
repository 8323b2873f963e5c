//! Addresses with something wrong in them: each is answered with a page that says so.

use std::path::Path;

use flowhost_tests::{BrowserSession, TestHost, repository};
use reqwest::Response;
use serde_json::json;

#[tokio::test]
async fn a_wrong_path_or_query_leads_to_a_page_whatever_the_route() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let browser = host.browser(host.admin_token()).await;
    let mut refusals = Vec::new();
    let mut wrong = Vec::new();

    for route in routes() {
        let good = named(&route, |name| match name {
            "tenant" => "acme",
            "flow" => "booking",
            _ => "1",
        });
        let bad = ["%ff", "%00", "nowhere"].map(|name| named(&route, |_| name));
        let queries = ["before=x", "span=a&span=b&code=a&code=b&q=a&q=b&shown=a&shown=b", "q=%00"];
        let all = bad.into_iter().chain(queries.map(|query| format!("{good}?{query}")));
        for path in all {
            for answer in [get(&browser, &path).await, post(&browser, &path).await] {
                let status = answer.status();
                if status.is_client_error() || status.is_server_error() {
                    refusals.push((path.clone(), status.as_u16()));
                    let page = answer.text().await.unwrap();
                    if !page.contains("<main") || status.is_server_error() {
                        wrong.push(format!("{path}: {status} {page:.100}"));
                    }
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
    for refusal in [
        ("/console/sign-in?span=a&span=b&code=a&code=b&q=a&q=b&shown=a&shown=b", 400),
        ("/console/tenants/acme/changes?before=x", 400),
        ("/console/tenants/acme/flows/booking/settings?q=%00", 405),
        ("/console/tenants/%ff/flows/%ff/config/%ff/delete", 404),
    ] {
        assert!(
            refusals.contains(&(refusal.0.to_owned(), refusal.1)),
            "{refusal:?}: {refusals:#?}"
        );
    }
    host.stop().await;
}

#[tokio::test]
async fn a_page_that_is_refused_leads_to_those_above_it_that_are_there() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let reader = host.browser_with(json!({ "tenant": "acme", "role": "read" })).await;

    for (path, status, above) in [
        ("acme/flows/booking/delete", 403, vec!["acme", "acme/flows/booking"]),
        ("acme/flows/booking/sessions/nowhere", 404, vec!["acme", "acme/flows/booking"]),
        ("acme/flows/nowhere/live", 404, vec!["acme"]),
        ("globex/flows/booking/live", 404, vec![]),
        ("acme/nowhere/at/all", 404, vec![]),
    ] {
        let answer = get(&reader, &format!("/console/tenants/{path}")).await;
        assert_eq!(answer.status(), status, "{path}");
        let page = answer.text().await.unwrap();
        let links: Vec<_> = page.split("<a href=\"/console/tenants/").skip(1).collect();
        let links: Vec<_> = links.iter().map(|link| link.split('"').next().unwrap()).collect();
        assert_eq!(links, above, "{path}: {page}");
        assert!(!page.contains('`'), "{path}: {page}");
    }
    host.stop().await;
}

async fn get(browser: &BrowserSession, path: &str) -> Response {
    browser.follow(path).await
}

/// Without what forms carry, so that nothing is done.
async fn post(browser: &BrowserSession, path: &str) -> Response {
    let request = browser.post(path).header("sec-fetch-site", "same-origin");
    request.send().await.expect("the host answers")
}

/// A route's path with something in the place of each name.
fn named(route: &str, name: impl Fn(&str) -> &'static str) -> String {
    let segments = route.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(rest) => name(rest.trim_end_matches('}').trim_start_matches('*')),
        None => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The paths of the console's pages, as its source has them. Style sheets and scripts are no pages.
fn routes() -> Vec<String> {
    let mut routes = Vec::new();
    read_folder(Path::new(&repository("host/server/src/http/console")), &mut routes);
    routes.sort();
    routes.dedup();
    routes.retain(|route| !route.starts_with("/console/assets/"));
    assert!(routes.len() > 45, "{routes:#?}");
    routes
}

fn read_folder(folder: &Path, routes: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, routes);
        } else {
            read_source(&std::fs::read_to_string(&path).unwrap(), routes);
        }
    }
}

/// Takes each text that is a path, and what `of` and `of_version` make one of.
fn read_source(source: &str, routes: &mut Vec<String>) {
    let texts = |before: &'static str| {
        source.split(before).skip(1).map(|after| after.split('"').next().unwrap_or_default())
    };
    let paths = texts("\"/console").map(|rest| format!("/console{rest}"));
    routes.extend(paths.filter(|path| !path.contains("{{")));
    let is_of_flow = source.contains("of_version");
    let base = if is_of_flow { FLOW } else { TENANT };
    routes.extend(texts("of(\"").map(|rest| format!("{base}/{rest}")));
    routes.extend(texts("of_version(\"").map(|rest| format!("{FLOW}/versions/{{version}}/{rest}")));
}

const TENANT: &str = "/console/tenants/{tenant}";
const FLOW: &str = "/console/tenants/{tenant}/flows/{flow}";
