use flowhost_api::{AuditPage, GraphAccessView, Right};
use serde_json::{Value, json};

use super::{TenantPage, content, switch_tenant};
use crate::Viewer;

#[test]
fn each_role_sees_the_forms_that_it_may_send() {
    for (most, forms) in [
        (Right::Read, vec![]),
        (Right::Deploy, vec!["flows"]),
        (Right::Manage, vec!["flows", "app-secret", "graph", "settings", "api-tokens"]),
    ] {
        let drawn = draw(most, json!({}));
        let actions = drawn.split("action=\"/console/tenants/acme/").skip(1);
        let actions: Vec<_> = actions.map(|after| after.split('"').next().unwrap()).collect();
        assert_eq!(actions, forms, "{most:?}");
        assert_eq!(drawn.contains("/keys/new"), most >= Right::Manage, "{most:?}");
    }
}

#[test]
fn a_missing_app_secret_and_a_switched_off_tenant_are_said() {
    let drawn = draw(Right::Read, json!({"disabled": true}));

    assert!(drawn.contains("not set") && drawn.contains("switched off"), "{drawn}");
}

#[test]
fn the_question_names_what_stops() {
    let tenant = tenant(json!({"name": "<Acme>"}));
    let drawn = switch_tenant(&viewer(Right::Manage), &tenant, &[]).into_string();

    assert!(drawn.contains("&lt;Acme&gt;") && drawn.contains("503"), "{drawn}");
    assert!(drawn.contains("name=\"disabled\" value=\"true\""), "{drawn}");
}

fn draw(most: Right, fields: Value) -> String {
    let viewer = viewer(most);
    content(&TenantPage {
        viewer: &viewer,
        tenant: tenant(fields),
        flows: Vec::new(),
        health: Vec::new(),
        keys: Vec::new(),
        graph: GraphAccessView { phone_number_ids: Vec::new(), has_access_token: false },
        has_app_secret: false,
        previous_app_secret_until: None,
        api_tokens: Vec::new(),
        audit: AuditPage { entries: Vec::new(), next_before: None },
    })
    .into_string()
}

fn tenant(fields: Value) -> flowhost_api::TenantView {
    let mut tenant = json!({"slug": "acme", "name": "Acme", "waba_id": null, "partner": "default",
        "disabled": false, "requests_per_second": null, "created_at": "2026-03-01T12:00:00Z"});
    tenant.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(tenant).unwrap()
}

fn viewer(most: Right) -> Viewer {
    Viewer { role: "read", most, csrf: "csrf".to_owned() }
}
