use flowhost_api::{CapabilitiesView, FindingView, FlowView, Right, VersionView};
use serde_json::{Map, Value, json};

use super::json::{self as flow_json, FlowJsonPage, MOST_BYTES_TO_EDIT};
use super::plan::{FlowJsonPlan, Plan};
use super::{changed_settings, settings, versions};
use crate::Viewer;

#[test]
fn a_plan_says_what_an_activation_changes() {
    let flow = flow(json!({"active_version": 1, "flow_json_digest": "sha256:a",
        "settings": {"grants": {"http": ["a.example:443"], "store": false, "media": false}}}));
    let active = version(1, &["a.example:443", "c.example:443"], false, Some("sha256:a"));
    let planned = |to: &VersionView| Plan::of(&flow, Some(&active), to);

    let plan = planned(&version(3, &["a.example:443", "b.example:443"], true, Some("sha256:b")));
    assert_eq!((plan.from, plan.to, plan.flow_json), (Some(1), 3, FlowJsonPlan::Replaced));
    assert_eq!(
        (plan.asks_more.http, plan.asks_more.store),
        (vec!["b.example:443".to_owned()], true)
    );
    assert_eq!(plan.asks_less.http, ["c.example:443"]);
    assert_eq!((plan.missing.http, plan.missing.store), (vec!["b.example:443".to_owned()], true));

    let plan = planned(&version(2, &["a.example:443"], false, Some("sha256:a")));
    assert!(plan.missing.is_empty() && plan.asks_more.is_empty());
    assert_eq!(plan.flow_json, FlowJsonPlan::Stays);
}

#[test]
fn a_version_without_a_flow_json_takes_the_flows() {
    for (now, new, plan) in [
        (None, None, FlowJsonPlan::None),
        (None, Some("sha256:a"), FlowJsonPlan::First),
        (Some("sha256:a"), None, FlowJsonPlan::Stays),
        (Some("sha256:a"), Some("sha256:a"), FlowJsonPlan::Stays),
        (Some("sha256:a"), Some("sha256:b"), FlowJsonPlan::Replaced),
    ] {
        let flow = flow(json!({"active_version": null, "flow_json_digest": now}));
        let planned = Plan::of(&flow, None, &version(1, &[], false, new));
        assert_eq!(planned.flow_json, plan, "{now:?} {new:?}");
    }
}

#[test]
fn versions_differ_in_what_they_ask_for_and_in_their_flow_json() {
    let before = version(1, &["a.example:443"], true, None);
    let after = version(2, &["b.example:443"], true, Some("sha256:a"));

    assert_eq!(
        versions::differences(&before, &after),
        [
            "asks also for http b.example:443",
            "asks no more for http a.example:443",
            "has a Flow JSON"
        ]
    );
    let same =
        VersionView { digest: before.digest.clone(), ..version(2, &["a.example:443"], true, None) };
    assert_eq!(versions::differences(&before, &same), ["same Flow JSON", "same component"]);
}

#[test]
fn every_setting_but_the_grants_has_a_field() {
    let named: Vec<&str> = settings::all().map(|setting| setting.name).collect();
    let mut there = Vec::new();
    for (name, value) in flowhost_protocol_settings() {
        match value {
            Value::Object(inner) if name != "grants" => {
                there.extend(inner.keys().map(|inner| format!("{name}.{inner}")))
            }
            _ if name == "grants" => (),
            _ => there.push(name),
        }
    }
    for name in &there {
        assert!(named.contains(&name.as_str()), "{name} has no field");
    }
    assert_eq!(named.len(), there.len());
}

#[test]
fn a_form_changes_what_differs_and_nothing_else() {
    let now = object(json!({"failure_text": "a\nb", "limits": {"cpu_ms": 200, "wall_ms": 8000}}));
    let fields = |fields: &[(&str, &str)]| {
        let owned = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        changed_settings(&now, &owned.collect::<Vec<_>>())
    };

    let same =
        [("csrf", "x"), ("failure_text", "a\r\nb"), ("limits.cpu_ms", "200"), ("unknown", "1")];
    assert_eq!(fields(&same).unwrap(), Map::new());
    let changed = [("limits.cpu_ms", "50"), ("limits.wall_ms", ""), ("failure_text", "c")];
    assert_eq!(
        Value::Object(fields(&changed).unwrap()),
        json!({"limits": {"cpu_ms": 50, "wall_ms": null}, "failure_text": "c"})
    );
    assert!(fields(&[("limits.cpu_ms", "5 s")]).unwrap_err().contains("CPU time"));
}

#[test]
fn findings_stand_beside_their_lines_and_long_lines_are_cut() {
    let viewer = Viewer { role: "read", most: Right::Read, csrf: String::new() };
    let finding = FindingView {
        level: "error".to_owned(),
        pointer: "/a".to_owned(),
        line: Some(2),
        column: Some(1),
        name: None,
        message: "<b>wrong</b>".to_owned(),
    };
    let text = format!("{{\n\"{}ä\"\n}}", "x".repeat(600));
    let page = FlowJsonPage {
        viewer: &viewer,
        tenant: "acme",
        flow: "booking",
        text: Some(&text),
        findings: &[finding],
        is_stored: true,
        versions: &[],
        chosen: None,
    };
    let drawn = flow_json::content(&page).into_string();

    let line = drawn.split("<li id=\"L2\">").nth(1).unwrap().split("</li>").next().unwrap();
    assert!(line.contains("&lt;b&gt;wrong") && line.contains("… (604 bytes)"), "{line}");
    assert!(drawn.contains("href=\"#L2\"") && !drawn.contains("<form"), "{drawn}");
}

#[test]
fn a_text_that_is_too_long_to_be_edited_is_not_in_the_form() {
    let viewer = Viewer { role: "deploy", most: Right::Deploy, csrf: String::new() };
    let longest = "x".repeat(MOST_BYTES_TO_EDIT);
    let longer = format!("{longest}x");
    for is_stored in [true, false] {
        let drawn = |text| {
            let page = FlowJsonPage {
                viewer: &viewer,
                tenant: "acme",
                flow: "booking",
                text: Some(text),
                findings: &[],
                is_stored,
                versions: &[],
                chosen: None,
            };
            flow_json::content(&page).into_string()
        };

        assert!(drawn(&longest).len() > MOST_BYTES_TO_EDIT);
        let drawn = drawn(&longer);
        assert!(drawn.len() < 5_000 && drawn.contains("too long to be edited"), "{drawn}");
    }
}

#[test]
fn sizes_are_for_people() {
    for (bytes, size) in [(1, "1 KiB"), (1025, "2 KiB"), (3 << 20, "3.0 MiB")] {
        assert_eq!(versions::size(bytes), size);
    }
}

/// As the host has them, with their defaults.
fn flowhost_protocol_settings() -> Map<String, Value> {
    flowhost_protocol::flow::FlowSettings::default().to_map()
}

fn flow(fields: Value) -> FlowView {
    let mut flow = object(
        json!({"name": "booking", "endpoint_path": "/flows/acme/booking", "active_version": null,
        "disabled": false, "flow_json_digest": null,
        "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z"}),
    );
    flow.extend(object(fields));
    serde_json::from_value(Value::Object(flow)).unwrap()
}

fn version(number: i32, http: &[&str], store: bool, flow_json: Option<&str>) -> VersionView {
    let requests = CapabilitiesView {
        http: http.iter().map(|host| (*host).to_owned()).collect(),
        store,
        media: false,
    };
    let view = json!({"version": number, "digest": format!("sha256:{number}"), "size": 1000, "note": null,
        "created_at": "2026-03-01T12:00:00Z", "flow_json_digest": flow_json, "requests": requests});
    serde_json::from_value(view).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
