//! The admin API, as operators use it.

mod api_tokens;
mod app_secrets;
mod audit;
mod failed_logins;
mod flows;
mod graph;
mod health;
mod keys;
mod no_text;
mod openapi;
mod partners;
mod rights;
mod sessions;
mod tenants;
mod versions;
