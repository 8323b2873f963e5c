//! `flowhost key upload`: uploads the public key to Meta.

use clap::Args;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use flowhost_server::config::Environment;

use super::super::api::ApiArgs;
use super::super::table::{Table, or_dash};
use super::view::{Key, Keys};

/// Arguments of `key upload`.
#[derive(Args)]
pub struct UploadArgs {
    /// The tenant's slug
    tenant: String,
    /// The key's id, as `flowhost key list` shows it; the active key, if not given
    id: Option<String>,
    /// Upload for this phone number only
    #[arg(long, value_name = "ID")]
    phone_number_id: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Uploads, prints the status of the key for each phone number, and fails unless all are good.
pub(super) async fn upload(args: UploadArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    let id = match args.id {
        Some(id) => id,
        None => {
            let keys: Keys<Key> = api.get(&["tenants", &args.tenant, "keys"]).await?.read()?;
            let active = keys.keys.into_iter().find(|key| key.state == "active");
            active
                .ok_or_else(|| {
                    anyhow::anyhow!(
                        "the tenant has no active key; make one: flowhost key rotate {}",
                        args.tenant
                    )
                })?
                .id
        }
    };
    let mut body = json!({});
    if let Some(phone_number) = args.phone_number_id {
        body["phone_number_id"] = json!(phone_number);
    }
    let answer = api
        .call(Method::POST, &["tenants", &args.tenant, "keys", &id, "upload"], Some(&body))
        .await?;
    args.api.print(&answer, |uploads: Uploads| uploads.for_people())?;
    let failed =
        answer.read::<Uploads>()?.uploads.iter().filter(|upload| upload.status != "valid").count();
    anyhow::ensure!(failed == 0, "{failed} of the phone numbers can't use the key yet");
    Ok(())
}

#[derive(Deserialize)]
struct Uploads {
    uploads: Vec<Upload>,
}

/// The status of a key at Meta for one phone number.
#[derive(Deserialize)]
pub(super) struct Upload {
    phone_number_id: String,
    pub(super) status: String,
    detail: Option<String>,
}

impl Uploads {
    fn for_people(&self) -> String {
        let mut table = Table::new(&["PHONE NUMBER ID", "STATUS", "DETAIL"]);
        for upload in &self.uploads {
            table.row([
                upload.phone_number_id.clone(),
                upload.status.clone(),
                or_dash(upload.detail.as_ref()),
            ]);
        }
        table.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phone_number_has_a_line_with_what_meta_said() {
        let text = r#"{"uploads":[{"phone_number_id":"1","status":"valid","checked_at":"2026-01-02T03:04:05Z"},
            {"phone_number_id":"2","status":"failed","detail":"Meta refused: no\u001b"}]}"#;

        let shown = serde_json::from_str::<Uploads>(text).unwrap().for_people();

        assert_eq!(
            shown,
            "PHONE NUMBER ID  STATUS  DETAIL\n1                valid   -\n2                failed  Meta refused: no\u{fffd}"
        );
    }
}
