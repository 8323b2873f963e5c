//! Plugins that are ready to be called, by the digest of their component. Loaded on demand, once however many ask at the same time.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use wasmtime::component::{Component, Linker};

use super::engine::PluginEngine;
use super::host::CallState;
use super::wit::v1::{self, Instantiable};
use super::{ComponentError, Inspection, LoadError, inspect};
use crate::ids::{PluginDigest, TenantId};

/// Keeps the components of tenants; the plugins' only view of where they are stored.
pub trait ComponentSource: Send + Sync {
    /// The bytes of a tenant's component; none if there is no such one.
    fn component(&self, tenant: TenantId, digest: PluginDigest) -> FoundComponent<'_>;
}

/// A component on its way from a [`ComponentSource`].
pub type FoundComponent<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, Arc<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// Loads and keeps plugins.
pub(super) struct Registry {
    engine: PluginEngine,
    linker: Linker<CallState>,
    source: Box<dyn ComponentSource>,
    loaded: Mutex<HashMap<PluginDigest, Entry>>,
    /// One compilation at a time: it takes a core and up to gigabytes.
    compiling: Semaphore,
}

struct Entry {
    cell: Arc<OnceCell<Result<Arc<Instantiable>, ComponentError>>>,
    used: Instant,
}

/// A component that was compiled to see whether it can be.
#[derive(Clone, Debug)]
pub struct CompiledComponent {
    /// What it consists of.
    pub digest: PluginDigest,
    /// What it says of itself.
    pub inspection: Inspection,
    /// How long compiling took.
    pub compile_time: Duration,
}

impl Registry {
    /// An empty registry.
    pub(super) fn new(engine: PluginEngine, source: Box<dyn ComponentSource>) -> wasmtime::Result<Self> {
        let linker = v1::linker(engine.engine())?;
        Ok(Self { engine, linker, source, loaded: Mutex::default(), compiling: Semaphore::new(1) })
    }

    /// wasmtime's engine.
    pub(super) fn engine(&self) -> &wasmtime::Engine {
        self.engine.engine()
    }

    /// The plugin of that content, loaded if it is not yet. A component that was refused stays refused without another try.
    pub(super) async fn load(&self, tenant: TenantId, digest: PluginDigest) -> Result<Arc<Instantiable>, LoadError> {
        let cell = self.cell(digest);
        let loaded = cell
            .get_or_try_init(|| async {
                let bytes = self.source.component(tenant, digest).await.map_err(LoadError::Source)?.ok_or(LoadError::Absent)?;
                self.compile(bytes).await
            })
            .await?;
        loaded.clone().map_err(LoadError::Component)
    }

    /// Compiles an uploaded component, checks it against the contract, and keeps it ready.
    pub(super) async fn prepare(&self, bytes: Vec<u8>) -> Result<CompiledComponent, LoadError> {
        let digest = PluginDigest(Sha256::digest(&bytes).into());
        let inspection = inspect(&bytes).map_err(LoadError::Component)?;
        let cell = self.cell(digest);
        let began = Instant::now();
        let loaded = cell.get_or_try_init(|| self.compile(bytes)).await?;
        loaded.as_ref().map_err(|error| LoadError::Component(error.clone()))?;
        Ok(CompiledComponent { digest, inspection, compile_time: began.elapsed() })
    }

    /// Forgets plugins that are not active and were not used for ten minutes.
    pub(super) fn retain(&self, active: &HashSet<PluginDigest>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|digest, entry| active.contains(digest) || entry.used.elapsed() < KEEP_UNUSED);
    }

    fn cell(&self, digest: PluginDigest) -> Arc<OnceCell<Result<Arc<Instantiable>, ComponentError>>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = loaded.entry(digest).or_insert_with(|| Entry { cell: Arc::default(), used: Instant::now() });
        entry.used = Instant::now();
        entry.cell.clone()
    }

    /// Compiles off the async threads. The outer error may pass, the inner one won't.
    async fn compile(&self, bytes: Vec<u8>) -> Result<Result<Arc<Instantiable>, ComponentError>, LoadError> {
        let _one_at_a_time = self.compiling.acquire().await.map_err(|error| LoadError::Host(error.to_string()))?;
        let engine = self.engine.engine().clone();
        let compiled = tokio::task::spawn_blocking(move || compile(&engine, &bytes)).await;
        let component = match compiled.map_err(|error| LoadError::Host(error.to_string()))? {
            Ok(component) => component,
            Err(error) => return Ok(Err(error)),
        };
        let instantiable = Instantiable::new(&self.linker, &component);
        Ok(instantiable.map(Arc::new).map_err(|error| ComponentError::WrongWorld(explain(&error))))
    }
}

fn compile(engine: &wasmtime::Engine, bytes: &[u8]) -> Result<Component, ComponentError> {
    Component::new(engine, bytes).map_err(|error| ComponentError::Invalid(explain(&error)))
}

/// wasmtime's chain of reasons on one line.
fn explain(error: &wasmtime::Error) -> String {
    let reasons: Vec<String> = error.chain().map(ToString::to_string).collect();
    crate::telemetry::printable(&reasons.join(": "), EXPLANATION_BYTES)
}

/// A plugin that was just uploaded is about to be activated, and one that was just replaced may come back.
const KEEP_UNUSED: Duration = Duration::from_secs(10 * 60);

/// Names of imports and types can be long; an answer needs no more.
const EXPLANATION_BYTES: usize = 2_000;
