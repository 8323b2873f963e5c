//! Files that the user picks, served as WhatsApp serves them: encrypted, each under keys of its own
//! that only its reference has (`host/docs/protocol.md`, section 6).
//!
//! The server is on the loopback address and speaks plain HTTP, which a host takes in development
//! only.

mod encrypted;
mod served;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
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

pub use self::encrypted::FileCipher;

use self::encrypted::EncryptedFile;
use self::served::{FileRest, ServedBody};

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
    content: Content,
    was_fetched: bool,
}

#[derive(Clone)]
enum Content {
    Gone,
    Memory(Bytes),
    /// A file of this many bytes.
    OnDisk(Arc<File>, u64),
}

/// A file on the disk that is served until this is dropped. The server lives as long.
pub struct Lent {
    server: Arc<MediaServer>,
    path: String,
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
        let content = match picked {
            Picked::File(_) => Content::Memory(bytes.into()),
            Picked::Damaged => {
                bytes[0] ^= 1;
                Content::Memory(bytes.into())
            }
            Picked::Gone => Content::Gone,
            Picked::TooLarge => {
                Content::Memory(vec![0; MAX_FILE_BYTES + MOST_ADDED_BYTES + 1].into())
            }
        };
        let path = self.put_content(media_id, content);
        reference(media_id, &self.url(&path), file_name, metadata)
    }

    /// Serves a file that [`FileCipher`] has encrypted, from the disk, until what this returns is
    /// dropped. Returns its URL too.
    pub fn lend(self: &Arc<Self>, media_id: &str, file: File, length: u64) -> (String, Lent) {
        let path = self.put_content(media_id, Content::OnDisk(Arc::new(file), length));
        (self.url(&path), Lent { server: self.clone(), path })
    }

    /// Puts a file on the shelf. Returns its path.
    fn put_content(&self, media_id: &str, content: Content) -> String {
        let path = random_path();
        let served = Served { media_id: media_id.to_owned(), content, was_fetched: false };
        self.shelf.lock().insert(path.clone(), served);
        path
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.server.shelf.lock().remove(&self.path);
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

    fn answer(&self, request: &Request<Incoming>) -> Response<ServedBody> {
        let empty = |status| {
            let mut response = Response::new(ServedBody::Memory(Bytes::new()));
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
        match file.content.clone() {
            Content::Gone => empty(StatusCode::NOT_FOUND),
            Content::Memory(bytes) => Response::new(ServedBody::Memory(bytes)),
            Content::OnDisk(file, length) => {
                Response::new(ServedBody::File(FileRest::of(file, length)))
            }
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

/// The reference of a file: the element of a picker's list.
pub fn reference(media_id: &str, url: &str, file_name: &str, metadata: Value) -> Value {
    json!({"media_id": media_id, "cdn_url": url, "file_name": file_name, "encryption_metadata": metadata})
}

/// A path that nobody else on this machine can guess.
fn random_path() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    format!("/media/{}", hex::encode(bytes))
}

/// The most bytes that a file may have: 25 MiB (`protocol.md` section 6).
pub const MAX_FILE_BYTES: usize = 25 << 20;

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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

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
    async fn a_file_on_the_disk_is_served_as_long_as_it_is_lent() {
        let server = Arc::new(MediaServer::start().unwrap());
        let plain = vec![7; 200_000];
        let mut cipher = FileCipher::new();
        let mut bytes = plain.chunks(999).flat_map(|part| cipher.update(part)).collect::<Vec<_>>();
        let (end, metadata) = cipher.finish();
        bytes.extend(end);
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();

        let (url, lent) = server.lend("m", file, bytes.len() as u64);

        let twice = [client().get(&url).send(), client().get(&url).send()];
        for fetched in twice {
            let body = fetched.await.unwrap().bytes().await.unwrap();
            assert_eq!(STANDARD.encode(Sha256::digest(&body)), metadata["encrypted_hash"]);
        }
        assert!(server.was_fetched("m"));
        drop(lent);
        assert_eq!(fetch(&url).await.0, 404);
        assert_eq!(Arc::strong_count(&server), 1);
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
