//! What a tenant set for its flow's plugin: settings, which the plugin reads, and secrets, which it
//! can only use.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::HttpHost;

/// A flow's settings and secrets, by key.
#[derive(Debug, Default)]
pub struct FlowConfig {
    /// Values that the plugin may read.
    pub settings: BTreeMap<String, String>,
    /// Values that only the host sees: it fills them into outbound requests.
    pub secrets: BTreeMap<String, BoundSecret>,
}

/// A secret and where it may go. It is wiped when dropped and never shown.
pub struct BoundSecret {
    /// The secret in clear.
    pub value: Zeroizing<String>,
    /// The only hosts that it may be sent to.
    pub hosts: Vec<HttpHost>,
}

impl fmt::Debug for BoundSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundSecret(for {:?})", self.hosts)
    }
}
