//! The demo's script: a whole conversation, and every refusal that protects it.

use serde_json::Value;

use flowhost_client::{FlowClient, payload};
use flowhost_protocol::crypto::random_bytes;

use super::appointment;
use super::report::{Expected, Heard, Report};
use super::stage::{Stage, Tenant};

/// Plays the whole script; the report collects the failures.
pub(super) async fn play(stage: &Stage, report: &mut Report) {
    let Stage { a, b } = stage;
    for tenant in [a, b] {
        ping(report, tenant).await;
    }
    let token = random_token();
    refuse_forgeries(report, stage, &token).await;
    match appointment::book(report, a, &token).await {
        Ok(()) => refuse_finished_token(report, a, &token).await,
        Err(why) => report.broken_off(why),
    }
    same_token_elsewhere(report, stage, &token).await;
}

/// Sends a payload as WhatsApp would, and records the answer. Returns the payload if it is as
/// expected.
pub(super) async fn step(
    report: &mut Report,
    title: &str,
    client: &FlowClient,
    payload: &Value,
    expected: Expected,
) -> Option<Value> {
    let heard = exchange(client, payload).await;
    report.step(title, payload, heard, &expected)
}

async fn exchange(client: &FlowClient, payload: &Value) -> anyhow::Result<Heard> {
    let request = client.seal(payload)?;
    let raw = client.send(&request).await?;
    let (status, body_is_empty, duration) = (raw.status, raw.body.is_empty(), raw.duration);
    let payload = raw.open(&request)?.payload;
    Ok(Heard { status, body_is_empty, payload, duration })
}

async fn ping(report: &mut Report, tenant: &Tenant) {
    let title = format!("Health check of {}", tenant.slug);
    let expected = Expected::payload(200, "the endpoint is active", |reply| {
        reply["data"]["status"] == "active"
    });
    step(report, &title, &tenant.client, &payload::ping(), expected).await;
}

/// None of these may reach a plugin or start the conversation that is played afterwards.
async fn refuse_forgeries(report: &mut Report, Stage { a, b }: &Stage, token: &str) {
    let init = payload::init(token);
    let forged = a.client.clone().signing_with(b.app_secret.expose());
    step(
        report,
        "A request to clinic-a, signed with another app's secret",
        &forged,
        &init,
        Expected::refusal(432),
    )
    .await;

    let title = "A request to clinic-a, sealed for a key that it does not have";
    match a.client.clone().encrypting_to(&b.public_key_pem) {
        Ok(astray) => drop(step(report, title, &astray, &init, Expected::refusal(421)).await),
        Err(error) => drop(report.step(title, &init, Err(error.into()), &Expected::refusal(421))),
    }

    let title = "A request sealed for clinic-a, sent to clinic-b with clinic-b's signature: its key must not open it";
    match forged.at(&b.url) {
        Ok(smuggled) => drop(step(report, title, &smuggled, &init, Expected::refusal(421)).await),
        Err(error) => drop(report.step(title, &init, Err(error.into()), &Expected::refusal(421))),
    }
}

async fn refuse_finished_token(report: &mut Report, tenant: &Tenant, token: &str) {
    let expected = Expected::payload(427, "an encrypted text for the user", |reply| {
        reply["error_msg"].as_str().is_some_and(|text| !text.is_empty())
    });
    let title = "INIT with the token of the finished conversation: its button must be disabled";
    step(report, title, &tenant.client, &payload::init(token), expected).await;
}

/// What one tenant's users did must be invisible to another tenant.
async fn same_token_elsewhere(report: &mut Report, Stage { b, .. }: &Stage, token: &str) {
    let title = "INIT with the same token at clinic-b: it knows nothing of clinic-a's conversation";
    let expected = Expected::payload(
        200,
        "the first screen, with nothing chosen",
        appointment::is_fresh_start,
    );
    step(report, title, &b.client, &payload::init(token), expected).await;
}

fn random_token() -> String {
    format!(
        "demo-{}",
        random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    )
}
