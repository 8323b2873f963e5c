//! Certificates that the tests make.

use std::path::PathBuf;

use flowhost_server::config::TlsFiles;
use tempfile::TempDir;

/// A self-signed certificate for `localhost` and 127.0.0.1, in files.
#[derive(Debug)]
pub struct TestCertificate(TempDir);

impl TestCertificate {
    /// Makes a new certificate.
    pub fn generate() -> Self {
        let certificate = Self(tempfile::tempdir().expect("a folder can be made"));
        certificate.renew();
        certificate
    }

    /// Writes a different certificate into the same files.
    pub fn renew(&self) {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        let TlsFiles { certificate, key } = self.files();
        std::fs::write(certificate, made.cert.pem()).expect("a file can be written");
        std::fs::write(key, made.signing_key.serialize_pem()).expect("a file can be written");
    }

    /// The paths of the certificate and its key.
    pub fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("certificate.pem"), key: self.path("key.pem") }
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        std::fs::read_to_string(self.files().certificate).expect("the file can be read")
    }

    /// A client that trusts only the current certificate.
    pub fn client(&self) -> reqwest::Client {
        let certificate =
            reqwest::Certificate::from_pem(self.pem().as_bytes()).expect("a certificate");
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]);
        builder.build().expect("an HTTP client can be made")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
