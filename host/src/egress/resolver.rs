//! Names to addresses, and past the guard: whoever connects gets no address that it may not connect to, so there is no time between
//! check and use in which a name could change its mind.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolving};
use tokio::sync::Semaphore;

use super::Guard;

/// Finds the addresses of a name.
pub trait Resolve: Send + Sync {
    /// The addresses, with port 0: the caller's own port counts. A port that is given goes before that of a scheme.
    fn resolve(&self, name: &str) -> Addresses;
}

/// Addresses on their way.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The operating system's resolver.
pub struct SystemResolver(Arc<Semaphore>);

impl Default for SystemResolver {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOOKUPS)))
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Addresses {
        let (name, places) = (name.to_owned(), self.0.clone());
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let look_up = move || {
                // Held until the operating system has answered, also where nobody waits for it any more.
                let _place = place;
                Ok((name.as_str(), 0).to_socket_addrs()?.collect())
            };
            tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}

/// Resolves as told, and leaves out what the guard refuses.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    pub(super) names: Arc<dyn Resolve>,
    pub(super) guard: Guard,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (addresses, guard) = (self.names.resolve(name.as_str()), self.guard.clone());
        Box::pin(async move {
            let found = addresses.await.map_err(|_| ResolveError::NoAddress)?;
            if found.is_empty() {
                return Err(ResolveError::NoAddress.into());
            }
            let permitted: Vec<_> = found.into_iter().filter(|address| guard.permits(*address)).collect();
            if permitted.is_empty() {
                return Err(ResolveError::Refused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// There is none, or none was found.
    #[error("the name has no address")]
    NoAddress,
    /// There are some, and none may be connected to.
    #[error("the name's addresses are not public ones")]
    Refused,
}

/// Each takes a thread for as long as the operating system takes, up to half a minute where a name server is silent.
const MAX_LOOKUPS: usize = 32;
