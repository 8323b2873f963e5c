//! `flowhost key upload`: uploads the public key to Meta.

use clap::Args;

use flowhost_api::{KeyList, Route, UploadKey, UploadList};
use flowhost_server::config::Environment;

use super::super::api::ApiArgs;
use super::super::table::{Table, or_dash};

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
            let list: KeyList = api.call(Route::ListKeys, &[&args.tenant]).await?.read()?;
            let active =
                list.keys.into_iter().map(|listed| listed.key).find(|key| key.state == "active");
            active
                .ok_or_else(|| {
                    anyhow::anyhow!(
                        "the tenant has no active key; make one: flowhost key rotate {}",
                        args.tenant
                    )
                })?
                .id
                .to_string()
        }
    };
    let body = UploadKey { phone_number_id: args.phone_number_id };
    let answer = api.send(Route::UploadKey, &[&args.tenant, &id], &body).await?;
    args.api.print(&answer, |list: UploadList| for_people(&list))?;
    let failed = answer
        .read::<UploadList>()?
        .uploads
        .iter()
        .filter(|upload| upload.status != "valid")
        .count();
    anyhow::ensure!(failed == 0, "{failed} of the phone numbers can't use the key yet");
    Ok(())
}

fn for_people(list: &UploadList) -> String {
    let mut table = Table::new(&["PHONE NUMBER ID", "STATUS", "DETAIL"]);
    for upload in &list.uploads {
        table.row([
            upload.phone_number_id.clone(),
            upload.status.clone(),
            or_dash(upload.detail.as_ref()),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phone_number_has_a_line_with_what_meta_said() {
        let text = r#"{"uploads":[{"phone_number_id":"1","status":"valid","checked_at":"2026-01-02T03:04:05Z"},
            {"phone_number_id":"2","status":"failed","detail":"Meta refused: no\u001b"}]}"#;

        let shown = for_people(&serde_json::from_str(text).unwrap());

        assert_eq!(
            shown,
            "PHONE NUMBER ID  STATUS  DETAIL\n1                valid   -\n2                failed  Meta refused: no\u{fffd}"
        );
    }
}
