//! TLS for the public listener: rustls, with a certificate that is loaded again when its files
//! change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::{TlsAcceptor, rustls};
use zeroize::Zeroizing;

use flowhost_runtime::telemetry;

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then those between it and its root.
    pub certificate: PathBuf,
    /// PEM: its private key, not encrypted.
    pub key: PathBuf,
}

/// Why a listener can't have TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{} can't be read", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A file is not PEM, or lacks what it should have.
    #[error("{} has no {what} in PEM", path.display())]
    Pem {
        /// Its path.
        path: PathBuf,
        /// What the file lacks, as in "private key".
        what: &'static str,
        /// The PEM parser's error.
        #[source]
        source: pem::Error,
    },
    /// The certificate and the key are unusable, or don't belong together.
    #[error("the certificate can't be used with its key")]
    Pair(#[source] rustls::Error),
}

impl TlsFiles {
    /// Checks that both files can be read and belong together.
    pub fn check(&self) -> Result<(), TlsError> {
        self.read()?.certified_key(&default_provider()).map(drop)
    }

    fn read(&self) -> Result<Pair<'_>, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
        };
        Ok(Pair {
            files: self,
            certificate: read(&self.certificate)?,
            key: Zeroizing::new(read(&self.key)?),
        })
    }
}

/// The content of both files.
struct Pair<'a> {
    files: &'a TlsFiles,
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Pair<'_> {
    fn certified_key(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let no_certificate = |source| TlsError::Pem {
            path: self.files.certificate.clone(),
            what: "certificate",
            source,
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(no_certificate)?;
        if chain.is_empty() {
            return Err(no_certificate(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|source| TlsError::Pem {
            path: self.files.key.clone(),
            what: "private key",
            source,
        })?;
        CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)
    }

    /// A digest of both contents, to notice a change.
    fn digest(&self) -> [u8; 32] {
        let lengths = (self.certificate.len() as u64).to_be_bytes();
        Sha256::new()
            .chain_update(lengths)
            .chain_update(&self.certificate)
            .chain_update(&*self.key)
            .finalize()
            .into()
    }
}

/// A certificate in use, which follows its files.
pub(super) struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    in_use: ArcSwap<CertifiedKey>,
}

impl Certificate {
    pub(super) fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(default_provider());
        let in_use = ArcSwap::from_pointee(files.read()?.certified_key(&provider)?);
        Ok(Arc::new(Self { files, provider, in_use }))
    }

    /// Accepts TLS connections with the certificate that is in use at the time, and HTTP/2 if the
    /// client can.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Pair)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Loads the certificate again whenever its files have changed; never returns. Files that can't
    /// be used are logged once, and the previous certificate stays in use: the files may be in the
    /// middle of being replaced.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut seen = None;
        loop {
            let this = self.clone();
            let looked = tokio::task::spawn_blocking(move || this.look(seen)).await;
            seen = looked.unwrap_or(seen);
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Looks at the files, puts their content into use if it is new, and returns what was found.
    fn look(&self, seen: Option<Seen>) -> Option<Seen> {
        let outcome = self.files.read().map(|pair| (pair.digest(), pair));
        let now = match &outcome {
            Ok((digest, _)) => Seen::Content(*digest),
            Err(_) => Seen::Unreadable,
        };
        if seen == Some(now) {
            return seen;
        }
        match outcome.and_then(|(_, pair)| pair.certified_key(&self.provider)) {
            Ok(fresh) => self.replace(fresh),
            Err(error) => {
                tracing::error!(error = %telemetry::chain(&error), "the new TLS certificate can't be used; the old one stays in use");
            }
        }
        Some(now)
    }

    fn replace(&self, fresh: CertifiedKey) {
        let fresh = Arc::new(fresh);
        let old = self.in_use.swap(fresh.clone());
        if old.cert != fresh.cert {
            tracing::info!(file = %self.files.certificate.display(), "a new TLS certificate is in use");
        }
    }
}

/// What the last look found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Content([u8; 32]),
    Unreadable,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_use.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Certificate").field(&self.files).finish()
    }
}

/// Reading two files of a few KiB is cheap, and certificates are renewed days before the old one
/// expires.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
