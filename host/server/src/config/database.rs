//! Where the database is, and how many connections to it there may be.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

/// Reads a database URL. The problem does not repeat the URL: it may hold a password.
pub fn parse_database_url(text: &str) -> Result<PgConnectOptions, String> {
    // sqlx takes any scheme, and would then fail at a far less telling place.
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("DATABASE_URL does not start with postgres://".to_owned());
    }
    let options = PgConnectOptions::from_str(text).map_err(|_| "DATABASE_URL is not a valid postgres:// URL".to_owned())?;
    let name = options.get_application_name().unwrap_or("flowhost").to_owned();
    // A pooler refuses what it does not know, and no query here has a float in it.
    Ok(options.application_name(&name).extra_float_digits(None))
}

pub(super) fn required_database(url: Option<&str>) -> Result<PgConnectOptions, String> {
    match url.filter(|url| !url.is_empty()) {
        Some(url) => parse_database_url(url),
        None => Err("DATABASE_URL (or --database-url) is missing, for example postgres://user@localhost/flowhost".to_owned()),
    }
}

/// Tells a number of connections that a host can work with from one that it can't.
pub(super) fn check_database_connections(connections: u32) -> Result<u32, String> {
    match connections {
        LEAST_CONNECTIONS..=MOST_CONNECTIONS => Ok(connections),
        _ => Err(format!("--database-connections is not a number from {LEAST_CONNECTIONS} to {MOST_CONNECTIONS}")),
    }
}

/// A turn takes two short statements, so few connections serve many turns; PostgreSQL allows 100 to all hosts by default.
pub const DATABASE_CONNECTIONS: u32 = 20;

/// What plugins keep takes up to three of ten; two turns, a change and a health check shall not wait for each other.
const LEAST_CONNECTIONS: u32 = 4;

/// More than a PostgreSQL server can make use of.
const MOST_CONNECTIONS: u32 = 1_000;
