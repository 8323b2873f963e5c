//! Files that the user picks, served as WhatsApp serves them: encrypted, each under keys of its own
//! that only its reference has (`host/docs/protocol.md`, section 6).
//!
//! The server is on the loopback address and speaks plain HTTP, which a host takes in development
//! only.

mod encrypted;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rsa::rand_core::{OsRng, RngCore};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use self::encrypted::EncryptedFile;

/// What is served in the place of a file.
#[derive(Clone, Copy, Debug)]
pub enum Picked<'a> {
    /// The file with this content.
    File(&'a [u8]),
    /// A file that is not the one that was sent.
    Damaged,
    /// Nothing: the file has expired.
    Gone,
    /// More bytes than a file may have.
    TooLarge,
}

/// A server of picked files on this machine. It ends when dropped.
pub struct MediaServer {
    address: SocketAddr,
    shelf: Arc<Shelf>,
    serving: JoinHandle<()>,
}

/// The files by their paths.
#[derive(Default)]
struct Shelf(Mutex<HashMap<String, Served>>);

struct Served {
    media_id: String,
    /// `None` for a file that is gone.
    body: Option<Bytes>,
    was_fetched: bool,
}

impl MediaServer {
    /// Begins to serve, on a free port. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// There is no port to listen at.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (address, shelf) = (listener.local_addr()?, Arc::new(Shelf::default()));
        let serving = tokio::spawn(serve(listener, shelf.clone()));
        Ok(Self { address, shelf, serving })
    }

    /// Serves a file of at most 25 MiB, and returns its reference: the element of a picker's list,
    /// which holds the file's keys.
    pub fn put(&self, media_id: &str, file_name: &str, picked: Picked<'_>) -> Value {
        let plain = if let Picked::File(plain) = picked { plain } else { &[] };
        let EncryptedFile { mut bytes, metadata } = EncryptedFile::of(plain);
        let body = match picked {
            Picked::File(_) => Some(bytes),
            Picked::Damaged => {
                bytes[0] ^= 1;
                Some(bytes)
            }
            Picked::Gone => None,
            Picked::TooLarge => Some(vec![0; MAX_FILE_BYTES + MOST_ADDED_BYTES + 1]),
        };
        let path = random_path();
        let url = format!("http://{}{path}", self.address);
        let served = Served {
            media_id: media_id.to_owned(),
            body: body.map(Bytes::from),
            was_fetched: false,
        };
        self.shelf.lock().insert(path, served);
        json!({"media_id": media_id, "cdn_url": url, "file_name": file_name, "encryption_metadata": metadata})
    }

    /// Whether somebody asked for the file, even for one that is gone.
    pub fn was_fetched(&self, media_id: &str) -> bool {
        self.shelf.lock().values().any(|file| file.media_id == media_id && file.was_fetched)
    }
}

impl fmt::Debug for MediaServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Served>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let empty = |status| {
            let mut response = Response::new(Full::default());
            *response.status_mut() = status;
            response
        };
        if request.method() != Method::GET {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let mut files = self.lock();
        let Some(file) = files.get_mut(request.uri().path()) else {
            return empty(StatusCode::NOT_FOUND);
        };
        file.was_fetched = true;
        match &file.body {
            Some(body) => Response::new(Full::new(body.clone())),
            None => empty(StatusCode::NOT_FOUND),
        }
    }
}

/// Serves a bounded number of connections until it is aborted, and they end with it.
async fn serve(listener: TcpListener, shelf: Arc<Shelf>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                match accepted {
                    Ok((stream, _)) => drop(connections.spawn(answer(stream, shelf.clone()))),
                    // Such as too many open files: the same error would come again at once.
                    Err(_) => sleep(PAUSE).await,
                }
            }
            Some(_) = connections.join_next() => (),
        }
    }
}

/// Answers one request. A connection that breaks is its client's to notice.
async fn answer(stream: TcpStream, shelf: Arc<Shelf>) {
    let service = service_fn(|request| {
        let response = shelf.answer(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = connection.await;
}

/// A path that nobody else on this machine can guess.
fn random_path() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    format!("/media/{}", hex::encode(bytes))
}

/// The most bytes that a file may have: 25 MiB (`protocol.md` section 6).
const MAX_FILE_BYTES: usize = 25 << 20;

/// The most that an encrypted file has more: a block of padding, and the MAC.
const MOST_ADDED_BYTES: usize = 16 + 10;

/// Twice as many files as a host fetches at a time.
const MAX_CONNECTIONS: usize = 16;

/// Between a connection that could not be accepted and the next.
const PAUSE: Duration = Duration::from_millis(100);

/// Longer than a head takes on one machine.
const HEAD_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_served_under_its_url_alone() {
        let server = MediaServer::start().unwrap();
        let reference = server.put("m-1", "a.jpg", Picked::File(b"a picture"));
        let url = reference["cdn_url"].as_str().unwrap();

        assert_eq!(
            (reference["media_id"].as_str(), reference["file_name"].as_str()),
            (Some("m-1"), Some("a.jpg"))
        );
        assert!(!server.was_fetched("m-1"));
        let other = format!("http://{}/media/{}", server.address, "0".repeat(32));
        assert_eq!(fetch(&other).await.0, 404);
        assert!(!server.was_fetched("m-1"));
        // 9 bytes, padded to a block, and the MAC.
        assert_eq!(fetch(url).await, (200, 16 + 10));
        assert!(server.was_fetched("m-1"));
        let posted = client().post(url).send().await.unwrap();
        assert_eq!(posted.status().as_u16(), 405);
    }

    #[tokio::test]
    async fn what_is_no_file_is_served_as_what_it_is() {
        let server = MediaServer::start().unwrap();
        let url = |picked| server.put("m", "a", picked)["cdn_url"].as_str().unwrap().to_owned();

        assert_eq!(fetch(&url(Picked::Gone)).await, (404, 0));
        assert!(server.was_fetched("m"), "it was asked for");
        assert_eq!(fetch(&url(Picked::Damaged)).await, (200, 26));
        assert_eq!(fetch(&url(Picked::TooLarge)).await, (200, MAX_FILE_BYTES + 27));
    }

    #[tokio::test]
    async fn it_ends_when_it_is_dropped() {
        let server = MediaServer::start().unwrap();
        let url = server.put("m", "a", Picked::File(b""))["cdn_url"].as_str().unwrap().to_owned();
        let address = server.address;
        assert_eq!(fetch(&url).await.0, 200);
        assert!(format!("{server:?}").ends_with(&format!("{address}, .. }}")));

        drop(server);
        // The task is gone when the runtime comes to it.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    async fn fetch(url: &str) -> (u16, usize) {
        let response = client().get(url).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().len())
    }

    fn client() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().build().unwrap()
    }
}
