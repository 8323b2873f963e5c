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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_where_a_secret_may_go_and_not_the_secret() {
        let hosts = vec!["api.example.com".parse().unwrap()];
        let shown =
            format!("{:?}", BoundSecret { value: Zeroizing::new("hunter2".to_owned()), hosts });
        assert!(shown.contains("api.example.com") && !shown.contains("hunter2"), "{shown}");
    }
}
