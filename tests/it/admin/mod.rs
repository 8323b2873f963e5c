//! The admin API, as an operator sees it.

mod app_secrets;
mod flows;
mod health;
mod keys;
mod sessions;
mod tenants;
mod versions;
