//! TLS in front of the test database, as on a network server; the test server itself listens on a
//! socket only.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::TestCertificate;

/// A server that accepts only encrypted connections, on every address of this machine. It ends when
/// dropped.
#[derive(Debug)]
pub struct TlsFront {
    place: String,
    accepting: JoinHandle<()>,
}

impl TlsFront {
    /// A server in front of this database, with this certificate.
    pub async fn before(options: &PgConnectOptions, certificate: &TestCertificate) -> Self {
        let files = certificate.files();
        let chain = CertificateDer::from_pem_file(files.certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(files.key).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .expect("they fit");
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let socket = options.get_socket().expect("the test server listens on a socket");
        let server = socket.join(format!(".s.PGSQL.{}", options.get_port()));
        let place = format!("{port}/{}", options.get_database().expect("a database is named"));
        Self {
            place,
            accepting: tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), server)),
        }
    }

    /// The URL of the database under this name of the server, as this user.
    pub fn url(&self, user: &str, name: &str) -> String {
        format!("postgres://{user}@{name}:{}", self.place)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, server: PathBuf) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, tls.clone(), server.clone()));
    }
}

/// Answers the request for TLS, with which every client begins, and passes on what is inside. Any
/// error ends the connection.
async fn pass(mut client: TcpStream, tls: TlsAcceptor, server: PathBuf) -> Option<()> {
    let mut request = [0; 8];
    client.read_exact(&mut request).await.ok()?;
    client.write_all(b"S").await.ok()?;
    let mut client = tls.accept(client).await.ok()?;
    let mut server = UnixStream::connect(server).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}
