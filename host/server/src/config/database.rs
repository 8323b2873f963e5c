//! Where the database is, and how many connections a host may open to it.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

/// Reads a database URL. The error does not repeat the URL, which may hold a password.
pub fn parse_database_url(text: &str) -> Result<PgConnectOptions, String> {
    // sqlx takes any scheme, and would fail later with a far less helpful error.
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("DATABASE_URL does not start with postgres://".to_owned());
    }
    let options = PgConnectOptions::from_str(text)
        .map_err(|_| "DATABASE_URL is not a valid postgres:// URL".to_owned())?;
    let name = options.get_application_name().unwrap_or("flowhost").to_owned();
    // A pooler refuses parameters that it does not know, and no query here returns a float.
    Ok(options.application_name(&name).extra_float_digits(None))
}

pub(super) fn required_database(url: Option<&str>) -> Result<PgConnectOptions, String> {
    match url.filter(|url| !url.is_empty()) {
        Some(url) => parse_database_url(url),
        None => Err("DATABASE_URL (or --database-url) is missing, for example postgres://user@localhost/flowhost".to_owned()),
    }
}

/// Checks that a host can work with this number of connections.
pub(super) fn check_database_connections(connections: u32) -> Result<u32, String> {
    match connections {
        LEAST_CONNECTIONS..=MOST_CONNECTIONS => Ok(connections),
        _ => Err(format!(
            "--database-connections is not a number from {LEAST_CONNECTIONS} to {MOST_CONNECTIONS}"
        )),
    }
}

/// A turn takes two short statements, so few connections serve many turns. By default PostgreSQL
/// allows 100 to all hosts together.
pub const DATABASE_CONNECTIONS: u32 = 20;

/// The plugins' key-value store takes up to three connections of ten. Two turns, a change and a
/// health check must not wait for each other.
const LEAST_CONNECTIONS: u32 = 4;

/// More than a PostgreSQL server can make use of.
const MOST_CONNECTIONS: u32 = 1_000;
