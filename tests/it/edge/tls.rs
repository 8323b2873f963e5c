//! TLS on the public listener.

use std::sync::Arc;

use flowhost_client::payload;
use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::{
    Component, Ended, HostProcess, TestCertificate, TestDatabase, TestFlow, TestHost, eventually,
    flowhost, logged,
};
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tracing::Level;

#[tokio::test]
async fn whatsapp_is_answered_over_tls_and_nobody_without() {
    let certificate = TestCertificate::generate();
    let (host, flow) = start(&certificate).await;

    assert!(host.public_url().starts_with("https://127.0.0.1:"), "{}", host.public_url());
    assert_eq!(ping(&flow, &certificate.client()).await, Ok(()));
    let plain = flow.url().replace("https://", "http://");
    assert!(certificate.client().get(plain).send().await.is_err());
    let stranger = TestCertificate::generate();
    assert!(
        ping(&flow, &stranger.client()).await.is_err(),
        "a client that doesn't know the certificate must not trust it"
    );
}

#[tokio::test]
async fn http2_is_spoken_where_the_client_can_and_http1_elsewhere() {
    let certificate = TestCertificate::generate();
    let (host, _flow) = start(&certificate).await;

    for (offered, chosen) in
        [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
    {
        let stream = handshake(&host.public_url(), &certificate, offered).await;
        let protocol = stream
            .get_ref()
            .1
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned());
        assert_eq!(protocol.as_deref(), chosen, "{offered:?}");
    }
    let stream = handshake(&host.public_url(), &certificate, &["h2"]).await;
    assert_eq!(super::http2::get(stream, "https://localhost/").await, 200);
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_and_a_bad_one_is_not() {
    let certificate = TestCertificate::generate();
    let (_host, flow) = start(&certificate).await;
    let old = certificate.client();
    assert_eq!(ping(&flow, &old).await, Ok(()));

    certificate.renew();
    let renewed = certificate.client();
    eventually("the new certificate is in use", async || ping(&flow, &renewed).await.ok()).await;

    let files = certificate.files();
    std::fs::write(&files.key, "nonsense").unwrap();
    let name = files.key.display().to_string();
    eventually("the bad key is logged", async || logged(Level::ERROR, &name).pop()).await;
    assert_eq!(ping(&flow, &certificate.client()).await, Ok(()), "the old one stays in use");

    // A valid key that does not belong to this certificate, as in the middle of a renewal.
    std::fs::copy(TestCertificate::generate().files().key, &files.key).unwrap();
    eventually("the pair is logged", async || logged(Level::ERROR, "KeyMismatch").pop()).await;
    assert_eq!(ping(&flow, &certificate.client()).await, Ok(()));

    certificate.renew();
    let renewed = certificate.client();
    eventually("the good certificate is in use", async || ping(&flow, &renewed).await.ok()).await;
    assert_eq!(logged(Level::ERROR, &name).len(), 1, "what is bad is said once");
}

#[tokio::test]
async fn the_program_serves_tls_and_its_client_talks_to_it() {
    let (database, certificate, folder) =
        (TestDatabase::migrated().await, TestCertificate::generate(), tempfile::tempdir().unwrap());
    let (files, token) = (certificate.files(), AdminToken::generate());
    let mut command = flowhost(&["serve", "--tls-cert"]);
    command.arg(&files.certificate).arg("--tls-key").arg(&files.key);
    command.env("DATABASE_URL", database.url()).env("FLOWHOST_ADMIN_TOKEN", token.expose());
    command.env("FLOWHOST_MASTER_KEY", MasterKey::generate().to_base64().as_str());
    let host = HostProcess::serving(command, folder.path(), token.expose()).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert!(flow.url().starts_with("https://"), "{}", flow.url());
    let key = folder.path().join("key.pem");
    std::fs::write(&key, &flow.tenant.public_key_pem).unwrap();

    let mut call = flowhost(&["client", "call", "--json", "--url", &flow.url(), "--public-key"]);
    call.arg(&key)
        .env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret)
        .env("SSL_CERT_FILE", &files.certificate);
    let called = Ended::of(call).await;

    assert_eq!(called.code, Some(0), "{called:?}");
    assert!(called.stdout.contains("active"), "{called:?}");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_bad_usage() {
    let (one, other) = (TestCertificate::generate().files(), TestCertificate::generate());
    let (certificate, key) = (other.files().certificate, other.files().key);
    let refused = async |arguments: &[&str], said: &str| {
        let mut command = flowhost(&["dev", "--data-dir", "/does/not/matter"]);
        let ended = Ended::of({
            command.args(arguments);
            command
        })
        .await;
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    };

    refused(&["--tls-cert", certificate.to_str().unwrap()], "--tls-key").await;
    refused(&["--tls-key", key.to_str().unwrap()], "--tls-cert").await;
    refused(
        &["--tls-cert", key.to_str().unwrap(), "--tls-key", key.to_str().unwrap()],
        "has no certificate",
    )
    .await;
    let gone = one.key.to_str().unwrap();
    refused(&["--tls-cert", certificate.to_str().unwrap(), "--tls-key", gone], "can't be read")
        .await;
}

async fn start(certificate: &TestCertificate) -> (TestHost, TestFlow) {
    let host = TestHost::configured(|config| config.tls = Some(certificate.files())).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// Sends WhatsApp's health check with this client.
async fn ping(flow: &TestFlow, client: &Client) -> Result<(), String> {
    let request = flow.client().seal(&payload::ping()).unwrap();
    let post = client
        .post(flow.url())
        .header("x-hub-signature-256", &request.signature)
        .body(request.body.clone());
    let response = post.send().await.map_err(|error| format!("{error:?}"))?;
    assert_eq!(response.status(), 200);
    assert_eq!(request.open(&response.bytes().await.unwrap()).unwrap()["data"]["status"], "active");
    Ok(())
}

async fn handshake(
    url: &str,
    certificate: &TestCertificate,
    offered: &[&str],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let mut config = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(url.trim_start_matches("https://")).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap()
}
