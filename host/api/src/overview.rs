//! Tenants at a glance, for the console.

/// What the state of a tenant is made of. Counts stop at 1,000.
#[derive(Clone, Debug)]
pub struct TenantOverview {
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its partner's slug.
    pub partner: String,
    /// Whether it or its partner is switched off.
    pub disabled: bool,
    /// Whether it has an app secret that is valid now.
    pub app_secret: bool,
    /// Its public key at Meta.
    pub key: KeyAtMeta,
    /// How many flows it has.
    pub flows: i64,
    /// How many of them are switched off.
    pub flows_off: i64,
    /// How many of the others have no active version.
    pub flows_without_version: i64,
    /// How many components of active versions this host knows that it can't load. It loads nothing
    /// to find out.
    pub unloadable: usize,
    /// How many exchanges failed in the last hour.
    pub failed_exchanges: i64,
    /// How many requests got no reply in the last hour, without those that their senders are to
    /// blame for.
    pub unanswered: i64,
}

/// What is known of a tenant's active public key at Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAtMeta {
    /// A client reported this error of it.
    Reported(String),
    /// The worst state that it is in for a phone number, as the API spells it.
    Status(&'static str),
    /// Without access to the Graph API, or without phone numbers, nobody asks Meta.
    Unasked,
}
