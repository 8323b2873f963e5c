//! What a flow's plugin keeps beyond a session, for its author. It may be about customers, so it
//! takes the right that reading logs takes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::page::PageLimit;
use super::{AdminError, FlowDesk, off_the_async_threads};
use crate::key_values::SealedValues;
use crate::store;
use flowhost_api::{StoreKeyList, StoreKeysQuery, StoreValueQuery, StoreValueView};

impl FlowDesk {
    /// Keys of the flow's store that have not expired, in order.
    pub async fn list_store_keys(&self, query: StoreKeysQuery) -> Result<StoreKeyList, AdminError> {
        let limit = PageLimit::parse(query.limit)?;
        let values = self.sealed_values()?;
        let sealed = store::list_flow_keys(self.store(), self.scope()).await?;
        let to_read = usize::try_from(limit.to_read()).unwrap_or(usize::MAX);
        // Opening thousands of keys takes milliseconds.
        let opened =
            off_the_async_threads(move || values.first_keys(&sealed, &query.prefix, to_read));
        let mut keys = opened.await?.map_err(|error| AdminError::Sealed("key", error))?;
        let more = limit.cut(&mut keys, |_| ()).is_some();
        Ok(StoreKeyList { keys, more })
    }

    /// One value of the flow's store.
    pub async fn show_store_value(
        &self,
        StoreValueQuery { key }: StoreValueQuery,
    ) -> Result<StoreValueView, AdminError> {
        let values = self.sealed_values()?;
        let found =
            store::find_flow_value(self.store(), self.scope(), &values.fingerprint(&key)).await?;
        let stored = found.ok_or(AdminError::NotFound("value"))?;
        let kept =
            values.open(&key, &stored).map_err(|error| AdminError::Sealed("value", error))?;
        let (text, base64) = match String::from_utf8(kept.value) {
            Ok(text) => (Some(text), None),
            Err(bytes) => (None, Some(STANDARD.encode(bytes.as_bytes()))),
        };
        Ok(StoreValueView { key, text, base64, version: kept.version })
    }

    fn sealed_values(&self) -> Result<SealedValues, AdminError> {
        Ok(SealedValues::new(self.scope(), Arc::new(self.data_key()?)))
    }
}
