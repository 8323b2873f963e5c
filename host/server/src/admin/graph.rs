//! A tenant's access to Meta's Graph API, and its public keys there.

use serde_json::json;
use time::OffsetDateTime;

use super::changes::shown;
use super::keys::key_view;
use super::{AdminError, TenantDesk};
use crate::graph::AccessToken;
use crate::key_uploads::{KeyUploadError, access_token_context};
use crate::store::{self, StoredKey, StoredPhoneNumber, UploadStatus};
use flowhost_api::{GraphAccessView, ListedKey, SetGraphAccess, UploadKey, UploadView};
use flowhost_protocol::ids::{KeyId, PhoneNumberId};

impl TenantDesk {
    /// Sets the tenant's access token and phone numbers, in place of the previous ones.
    pub async fn put_graph_access(&self, new: SetGraphAccess) -> Result<(), AdminError> {
        let token = AccessToken::parse(&new.access_token)
            .map_err(|error| AdminError::Invalid(error.to_string()))?;
        let phone_numbers = parse_phone_numbers(&new.phone_number_ids)?;
        let sealed = self
            .data_key()?
            .seal(&access_token_context(self.tenant().id), token.expose().as_bytes());
        let before: Vec<_> = store::list_phone_numbers(self.store(), self.tenant().id)
            .await?
            .into_iter()
            .map(|number| number.id)
            .collect();
        let mut change = self.begin_change().await?;
        store::put_graph_access(&mut change, &sealed, &phone_numbers).await?;
        let mut record = self.record("graph.set");
        record.before = shown(&json!({ "phone_number_ids": before }));
        record.after = shown(&json!({ "phone_number_ids": phone_numbers }));
        self.finish(change, record).await
    }

    /// The tenant's phone numbers, and whether it has an access token.
    pub async fn show_graph_access(&self) -> Result<GraphAccessView, AdminError> {
        let has_access_token =
            store::find_access_token(self.store(), self.tenant().id).await?.is_some();
        let phone_numbers = store::list_phone_numbers(self.store(), self.tenant().id).await?;
        let phone_number_ids =
            phone_numbers.into_iter().map(|number| number.id.to_string()).collect();
        Ok(GraphAccessView { phone_number_ids, has_access_token })
    }

    /// Deletes the tenant's access token and phone numbers. Uploaded keys stay at Meta.
    pub async fn delete_graph_access(&self) -> Result<(), AdminError> {
        let mut change = self.begin_change().await?;
        if !store::delete_graph_access(&mut change).await? {
            return Err(AdminError::NotFound("access to the Graph API"));
        }
        self.finish(change, self.record("graph.forget")).await
    }

    /// Uploads the active key's public half to Meta. Returns the status of each phone number
    /// afterwards, whether or not its upload succeeded.
    pub async fn upload_key(
        &self,
        key: KeyId,
        upload: UploadKey,
    ) -> Result<Vec<UploadView>, AdminError> {
        let keys = store::list_keys(self.store(), self.tenant().id).await?;
        let key = keys.into_iter().find(|one| one.id == key).ok_or(AdminError::NotFound("key"))?;
        if key.retires_at.is_some() {
            return Err(AdminError::Conflict(
                "this key is not the active one: clients that got it now could not go on with it after it retired".to_owned(),
            ));
        }
        let phone_numbers = self.phone_numbers_to_upload_for(upload).await?;
        // Recorded before Meta is called, so that the caller is known whatever comes of the call.
        let mut record = self.record("key.upload");
        record.target = Some(key.id.to_string());
        record.after =
            shown(&json!({ "phone_number_ids": phone_numbers, "fingerprint": key.fingerprint }));
        self.finish(self.begin_change().await?, record).await?;
        self.upload_to_meta(key, phone_numbers).await
    }

    /// The tenant's key pairs, newest first, with their known status at Meta.
    pub async fn list_keys(&self) -> Result<Vec<ListedKey>, AdminError> {
        let keys = store::list_keys(self.store(), self.tenant().id).await?;
        let mut phone_numbers = store::list_phone_numbers(self.store(), self.tenant().id).await?;
        let active = |key: &StoredKey| key.retires_at.is_none();
        Ok(keys
            .into_iter()
            .map(|key| {
                listed_key(
                    if active(&key) { std::mem::take(&mut phone_numbers) } else { Vec::new() },
                    key,
                )
            })
            .collect())
    }

    async fn phone_numbers_to_upload_for(
        &self,
        upload: UploadKey,
    ) -> Result<Vec<PhoneNumberId>, AdminError> {
        let named = upload.phone_number_id.map(|id| parse_phone_number(&id)).transpose()?;
        let known = store::list_phone_numbers(self.store(), self.tenant().id).await?;
        if known.is_empty() {
            return Err(no_graph_access());
        }
        match named {
            None => Ok(known.into_iter().map(|number| number.id).collect()),
            Some(named) if known.iter().any(|number| number.id == named) => Ok(vec![named]),
            Some(named) => Err(AdminError::Invalid(format!(
                "{} is none of the tenant's phone numbers",
                named.as_str()
            ))),
        }
    }

    /// Runs in its own task, so that every upload is recorded even if the caller hangs up.
    async fn upload_to_meta(
        &self,
        key: StoredKey,
        phone_numbers: Vec<PhoneNumberId>,
    ) -> Result<Vec<UploadView>, AdminError> {
        let (desk, asked) = (self.clone(), phone_numbers.clone());
        let work =
            async move { desk.admin().key_uploads.upload(desk.tenant(), &key, &asked).await };
        if !tokio::spawn(work)
            .await
            .map_err(|error| AdminError::Interrupted(error.to_string()))??
        {
            return Err(no_graph_access());
        }
        let known = store::list_phone_numbers(self.store(), self.tenant().id).await?;
        Ok(known
            .into_iter()
            .filter(|number| phone_numbers.contains(&number.id))
            .map(upload_view)
            .collect())
    }
}

fn listed_key(phone_numbers: Vec<StoredPhoneNumber>, key: StoredKey) -> ListedKey {
    let reported = key.report.as_ref().filter(|(_, at)| {
        *at > OffsetDateTime::now_utc() - REPORT_COUNTS_FOR && key.retires_at.is_none()
    });
    let wanting = phone_numbers.iter().find(|number| !has_key(number, &key.fingerprint));
    let reason = wanting
        .map(|number| number.status.as_str().to_owned())
        .or_else(|| reported.map(|(error, _)| error.clone()));
    ListedKey {
        needs_upload: reason.is_some(),
        needs_upload_reason: reason,
        uploads: phone_numbers.into_iter().map(upload_view).collect(),
        key: key_view(key),
    }
}

/// Whether Meta has the key for this phone number, as far as is known. A failed call does not
/// change what Meta has.
fn has_key(number: &StoredPhoneNumber, fingerprint: &str) -> bool {
    let same = number.fingerprint.as_deref() == Some(fingerprint);
    same && matches!(number.status, UploadStatus::Valid | UploadStatus::Failed)
}

fn upload_view(number: StoredPhoneNumber) -> UploadView {
    UploadView {
        phone_number_id: number.id.to_string(),
        status: number.status.as_str().to_owned(),
        fingerprint: number.fingerprint,
        detail: number.detail,
        uploaded_at: number.uploaded_at.map(Into::into),
        checked_at: number.checked_at.map(Into::into),
    }
}

impl From<KeyUploadError> for AdminError {
    fn from(error: KeyUploadError) -> Self {
        match error {
            KeyUploadError::Sealed(error) => Self::Sealed("access token", error),
            KeyUploadError::Store(error) => error.into(),
            KeyUploadError::Tenant(error) => error.into(),
            KeyUploadError::Unreadable(error) => Self::Interrupted(error.to_string()),
        }
    }
}

fn parse_phone_numbers(texts: &[String]) -> Result<Vec<PhoneNumberId>, AdminError> {
    if texts.len() > MAX_PHONE_NUMBERS {
        return Err(AdminError::Invalid(format!(
            "a tenant has at most {MAX_PHONE_NUMBERS} phone numbers here"
        )));
    }
    let mut ids =
        texts.iter().map(|text| parse_phone_number(text)).collect::<Result<Vec<_>, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

fn parse_phone_number(text: &str) -> Result<PhoneNumberId, AdminError> {
    text.parse().map_err(|error| AdminError::Invalid(format!("{text:?}: {error}")))
}

fn no_graph_access() -> AdminError {
    AdminError::Conflict(
        "the tenant has no access token or no phone numbers yet: set them with PUT /v1/tenants/{tenant}/graph, or `flowhost graph set`"
            .to_owned(),
    )
}

/// Twice what Meta allows most businesses, and as many as one call can upload for in its time.
const MAX_PHONE_NUMBERS: usize = 100;

/// How long a client's report counts. Clients that still lack the key report it again. Where keys
/// are uploaded by hand, only the end of the reports shows that it is done.
const REPORT_COUNTS_FOR: time::Duration = time::Duration::days(7);
