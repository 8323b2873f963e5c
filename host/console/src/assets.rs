//! The style sheet and the scripts, in the binary. Nothing is loaded from anywhere else.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file that pages name.
#[derive(Debug)]
pub struct Asset {
    /// Its name in the URL.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
    digest: String,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = hex::encode(&Sha256::digest(bytes)[..8]);
        Self { name, content_type, bytes, digest }
    }

    /// Its path, which changes with its content: browsers may keep it for ever.
    pub fn path(&self) -> String {
        format!("/console/assets/{}?v={}", self.name, self.digest)
    }
}

/// The asset with this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// All of them.
pub(crate) static ASSETS: LazyLock<[Asset; 7]> = LazyLock::new(|| {
    [
        Asset::new("console.css", CSS, include_bytes!("../assets/console.css")),
        Asset::new("phone.css", CSS, include_bytes!("../assets/phone.css")),
        Asset::new("phone-page.css", CSS, include_bytes!("../assets/phone-page.css")),
        // htmx 2.0.11 and its extension for server-sent events 2.2.4, as npm has them (0BSD).
        Asset::new("htmx.js", JAVASCRIPT, include_bytes!("../assets/htmx.js")),
        Asset::new("htmx-sse.js", JAVASCRIPT, include_bytes!("../assets/htmx-sse.js")),
        Asset::new("console.js", JAVASCRIPT, include_bytes!("../assets/console.js")),
        Asset::new("phone.js", JAVASCRIPT, include_bytes!("../assets/phone.js")),
    ]
});

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
