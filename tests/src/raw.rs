//! A client that writes any bytes, even those that no HTTP library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A plain TCP connection to a listener.
#[derive(Debug)]
pub struct RawConnection(TcpStream);

impl RawConnection {
    /// Connects to the listener at this URL.
    pub async fn open(url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        Self(TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{url}: {error}")))
    }

    /// Writes bytes. A peer that has hung up meanwhile is not a failure.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Writes zeros as long as the peer accepts them, but no more than `most`. Returns how many it
    /// accepted.
    pub async fn write_until_refused(&mut self, most: usize) -> usize {
        let (mut written, chunk) = (0, [0; 64 << 10]);
        while written < most {
            let sent =
                timeout(PATIENCE, self.0.write(&chunk)).await.expect("the host reads or hangs up");
            let Ok(sent) = sent else { break };
            written += sent;
        }
        written
    }

    /// Reads until the peer closes the connection; fails the test if it doesn't.
    pub async fn read_to_end(&mut self) -> String {
        let mut received = Vec::new();
        // A connection that is reset has ended too.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut received))
            .await
            .expect("the host closes the connection");
        String::from_utf8_lossy(&received).into_owned()
    }

    /// Reads until the peer closes the connection in order; an error if it is reset.
    pub async fn read_to_fin(&mut self) -> std::io::Result<String> {
        let mut received = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut received))
            .await
            .expect("the host closes the connection")?;
        Ok(String::from_utf8_lossy(&received).into_owned())
    }

    /// Reads one answer with the body that its `content-length` announces, and returns its head.
    pub async fn read_answer(&mut self) -> String {
        let head = self.read_head().await;
        let headers = head.to_lowercase();
        let length = headers
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        timeout(PATIENCE, self.0.read_exact(&mut vec![0; length]))
            .await
            .expect("the host sends the body")
            .expect("the whole body");
        head
    }

    /// Reads one answer without a body; empty if the peer hung up instead.
    pub async fn read_head(&mut self) -> String {
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.expect("the host answers");
            let Ok(byte) = byte else { break };
            received.push(byte);
        }
        String::from_utf8_lossy(&received).into_owned()
    }
}

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
