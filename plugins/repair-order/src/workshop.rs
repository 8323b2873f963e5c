//! The workshop's API: what it repairs and for how much.

use std::time::Duration;

use flowhost_sdk::language::Language;
use flowhost_sdk::money::{Currency, Money};
use flowhost_sdk::{Error, http, log, store};
use serde::{Deserialize, Serialize};

const SERVICES: &str = "https://api.workshop.example/v1/services";

/// How long to wait for the API. A call has 8 seconds in all.
const PATIENCE: Duration = Duration::from_secs(3);

/// For how long the latest list serves while the API is down.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A repair that can be ordered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Service {
    pub id: String,
    pub title: String,
    /// Without tax.
    pub cents: i64,
}

impl Service {
    pub fn price(&self) -> Money {
        Money::new(self.cents, Currency::EUR)
    }
}

/// What the API says now; else what it said within the last day; else nothing.
pub fn services(language: &Language) -> Vec<Service> {
    let key = key(language);
    match ask(language) {
        Ok(services) => {
            // It may be too large to keep, but not to show.
            if let Err(error) = store::set_for(&key, &services, KEPT) {
                log::warn!("the list of repairs is not kept: {error}");
            }
            services
        }
        Err(error) => {
            log::warn!("{error}");
            store::get(&key).ok().flatten().unwrap_or_default()
        }
    }
}

/// The list that the user sees already, which spares asking again.
pub fn latest_services(language: &Language) -> Vec<Service> {
    let kept: Option<Vec<Service>> = store::get(&key(language)).ok().flatten();
    kept.unwrap_or_else(|| services(language))
}

fn ask(language: &Language) -> Result<Vec<Service>, Error> {
    let response = http::Request::get(format!("{SERVICES}?language={}", language.code))
        .header("x-api-key", "{{secret:workshop-key}}")
        .timeout(PATIENCE)
        .send()?;
    if !response.is_success() {
        let status = response.status();
        return Err(Error::internal(format!("the workshop's API answers with status {status}")));
    }
    let services: Vec<Service> = response.json()?;
    if services.is_empty() {
        return Err(Error::internal("the workshop's API knows no repairs"));
    }
    Ok(services)
}

fn key(language: &Language) -> String {
    format!("services/{}", language.code)
}
