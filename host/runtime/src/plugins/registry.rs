//! Plugins that are ready to be called, by the digest of their component. A plugin is loaded on
//! demand, once however many callers ask at the same time: from memory, else from the code cache,
//! else by compiling it.

use std::collections::HashSet;
use std::fs::File;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wasmtime::component::Linker;

use super::code_cache::CodeCache;
use super::compile::{CompileSettings, Compiled, Compiler, Purpose, Source};
use super::engine::{EngineIdentity, PluginEngine, Ticking};
use super::host::CallState;
use super::limits::Needs;
use super::loaded::{Loaded, LoadedLimits};
use super::native_code::{self, OwnCode, SharedCode};
use super::symbols::{SymbolCache, Symbols};
use super::wit::v1::Instantiable;
use super::{ComponentError, HostLimits, Inspection, LoadError, advice, explain};
use crate::telemetry::Metrics;
use crate::tenant_limits::TenantLimits;
use flowhost_protocol::crypto::CodeKeys;
use flowhost_protocol::ids::{PluginDigest, TenantId};

/// Reads the components of tenants. Plugins know nothing else of where these are stored.
pub trait ComponentSource: Send + Sync {
    /// The bytes of a tenant's component, or `None` if the tenant has no such component.
    fn component(&self, tenant: TenantId, digest: PluginDigest) -> FoundComponent<'_>;
}

/// The result of [`ComponentSource::component`].
pub type FoundComponent<'a> = Pin<
    Box<
        dyn Future<Output = Result<Option<Vec<u8>>, Arc<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'a,
    >,
>;

/// Where code comes from, and which keys prove that it is ours.
pub struct CodeSettings {
    /// How components are compiled.
    pub compile: CompileSettings,
    /// The folder of the code cache. Without one, components are compiled again at each start.
    pub cache: Option<PathBuf>,
    /// The keys of the MAC over code.
    pub keys: CodeKeys,
}

/// A component that is being uploaded.
pub struct NewComponent {
    /// The tenant that uploads it.
    pub tenant: TenantId,
    /// The digest of its bytes.
    pub digest: PluginDigest,
    /// Its bytes, read from the file's current position.
    pub file: File,
    /// Whether the tenant has the same bytes already.
    pub known: bool,
}

pub(super) struct Registry {
    tools: Arc<Tools>,
    compiler: Compiler,
    source: Box<dyn ComponentSource>,
    loaded: Loaded<Plugin>,
    /// Loading code from the cache takes a core, and twice the code's size for a moment.
    loads: TenantLimits,
    symbols: SymbolCache,
}

/// What turns code into a plugin. Used on blocking threads.
struct Tools {
    engine: PluginEngine,
    identity: EngineIdentity,
    linker: Linker<CallState>,
    keys: CodeKeys,
    cache: Option<CodeCache>,
    shared: SharedCode,
}

/// A plugin that is ready to be called.
pub(super) struct Plugin {
    pub(super) guest: Instantiable,
    /// What each call of it takes of the host before it begins.
    pub(super) needs: Needs,
    head: Head,
    code_bytes: usize,
    /// What other plugins share of its code stays for them as long as this one is loaded.
    _shared: Option<Arc<File>>,
}

/// Sealed together with the code. The digest and the engine say what the code is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    digest: [u8; 32],
    engine: [u8; 32],
    inspection: Inspection,
    compile_ms: u64,
}

/// The result of compiling an uploaded component.
#[derive(Clone, Debug)]
pub struct CompiledComponent {
    /// What the component says of itself.
    pub inspection: Inspection,
    /// How long compiling took, now or when it was first compiled.
    pub compile_time: Duration,
}

impl Registry {
    pub(super) fn new(
        engine: PluginEngine,
        linker: Linker<CallState>,
        limits: HostLimits,
        code: CodeSettings,
        source: Box<dyn ComponentSource>,
        metrics: &Metrics,
    ) -> Self {
        let identity = EngineIdentity::of(engine.engine());
        let cache = code.cache.and_then(open_cache);
        let compiler = Compiler::new(code.compile, identity, metrics);
        let shared = SharedCode::default();
        let tools = Arc::new(Tools { engine, identity, linker, keys: code.keys, cache, shared });
        let loaded = Loaded::new(LoadedLimits::of(limits));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let loads = TenantLimits::new(cores.max(2), 1, metrics.budget("loading-code"));
        let symbols = SymbolCache::new(metrics);
        Self { tools, compiler, source, loaded, loads, symbols }
    }

    pub(super) fn engine(&self) -> &wasmtime::Engine {
        self.tools.engine.engine()
    }

    /// To be held while a guest runs, so that it yields.
    pub(super) fn ticking(&self) -> Ticking {
        self.tools.engine.ticking()
    }

    /// The plugin with that digest, loaded if it is not yet. A refused component is not tried
    /// again. A component that could not be compiled, for a reason that may lie in the machine, is
    /// tried again after a pause.
    pub(super) async fn load(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<Arc<Plugin>, LoadError> {
        self.plugin(tenant, digest).await
    }

    /// Why a plugin can't be loaded, as far as this host knows already.
    pub(super) fn failure(&self, digest: PluginDigest) -> Option<LoadError> {
        self.loaded.failure(digest)
    }

    /// Compiles a plugin if there is no code of it in the cache.
    pub(super) async fn ensure_compiled(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<(), LoadError> {
        let tools = self.tools.clone();
        let is_cached = tokio::task::spawn_blocking(move || {
            tools.cache.as_ref().is_some_and(|cache| cache.has(digest, tools.identity))
        });
        if is_cached.await.unwrap_or(false) {
            return Ok(());
        }
        self.plugin(tenant, digest).await.map(drop)
    }

    /// Compiles an uploaded component, checks it against the contract, and keeps it ready.
    ///
    /// A component that is new to the tenant is compiled even if this host has its code from
    /// another tenant: the duration of an upload must not tell who else runs the same.
    pub(super) async fn prepare(&self, new: NewComponent) -> Result<CompiledComponent, LoadError> {
        let NewComponent { tenant, digest, file, known } = new;
        let plugin = if known {
            self.plugin(tenant, digest).await?
        } else {
            let plugin = self
                .compile(tenant, digest, Purpose::Upload, Source::File(file))
                .await?
                .map_err(LoadError::Component)?;
            // Does nothing if it is set already.
            let _ = self.loaded.cell(digest).set(Ok(plugin.clone()));
            self.loaded.weigh(digest, plugin.code_bytes);
            plugin
        };
        let compile_time = Duration::from_millis(plugin.head.compile_ms);
        Ok(CompiledComponent { inspection: plugin.head.inspection.clone(), compile_time })
    }

    /// The names of a component's functions. None of them if its bytes can't be had soon: who asks
    /// has a failure to report, not to wait for.
    pub(super) async fn symbols(&self, tenant: TenantId, digest: PluginDigest) -> Arc<Symbols> {
        let read = tokio::time::timeout(SYMBOLS_IN_TIME, self.read_symbols(tenant, digest));
        match self.symbols.get(tenant, digest) {
            Some(symbols) => symbols,
            None => read.await.ok().flatten().unwrap_or_default(),
        }
    }

    async fn read_symbols(&self, tenant: TenantId, digest: PluginDigest) -> Option<Arc<Symbols>> {
        let permit = self.symbols.reads.acquire(tenant).await;
        // Another call of the same plugin may have failed and read them meanwhile.
        if let Some(symbols) = self.symbols.get(tenant, digest) {
            return Some(symbols);
        }
        let bytes = self.source.component(tenant, digest).await.ok().flatten()?;
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            Arc::new(Symbols::read(&bytes))
        });
        let symbols = read.await.ok()?;
        self.symbols.keep(tenant, digest, symbols.clone());
        Some(symbols)
    }

    /// Removes plugins that are neither active nor recently used.
    pub(super) fn retain(&self, active: &HashSet<PluginDigest>) {
        self.loaded.retain(active);
    }

    async fn plugin(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<Arc<Plugin>, LoadError> {
        let cell = self.loaded.cell(digest);
        if let Some(loaded) = cell.get() {
            return loaded.clone().map_err(LoadError::Component);
        }
        let loaded = cell
            .get_or_try_init(|| async {
                if let Some(plugin) = self.cached(tenant, digest).await? {
                    return Ok(Ok(plugin));
                }
                self.loaded.may_try(digest)?;
                let bytes = self
                    .source
                    .component(tenant, digest)
                    .await
                    .map_err(LoadError::Source)?
                    .ok_or(LoadError::Absent)?;
                let began = Instant::now();
                let compiled =
                    self.compile(tenant, digest, Purpose::Load, Source::Memory(bytes)).await;
                if let Err(failure) = &compiled {
                    self.loaded.rest(digest, failure, (began.elapsed() * RESTS).max(SHORTEST_REST));
                }
                compiled
            })
            .await?;
        self.weighed(digest, loaded)
    }

    fn weighed(
        &self,
        digest: PluginDigest,
        loaded: &Result<Arc<Plugin>, ComponentError>,
    ) -> Result<Arc<Plugin>, LoadError> {
        let plugin = loaded.clone().map_err(LoadError::Component)?;
        self.loaded.weigh(digest, plugin.code_bytes);
        Ok(plugin)
    }

    async fn cached(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<Option<Arc<Plugin>>, LoadError> {
        let permit = self.loads.acquire(tenant).await;
        let tools = self.tools.clone();
        let cached = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            tools.cached(digest)
        });
        cached.await.unwrap_or(Ok(None))
    }

    /// The outer error may pass; the inner one is final.
    async fn compile(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
        purpose: Purpose,
        source: Source,
    ) -> Result<Result<Arc<Plugin>, ComponentError>, LoadError> {
        let began = Instant::now();
        let compiled = match self.compiler.compile(tenant, purpose, source).await {
            Err(LoadError::Component(refused)) if refused.may_be_the_machines() => {
                return Err(LoadError::NotNow(refused));
            }
            Err(LoadError::Component(refused)) => return Ok(Err(refused)),
            other => other?,
        };
        let compile_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let tools = self.tools.clone();
        let taken =
            tokio::task::spawn_blocking(move || tools.take(digest, compiled, compile_ms)).await;
        match taken.map_err(|error| LoadError::Host(error.to_string()))? {
            Err(LoadError::Component(refused)) => Ok(Err(refused)),
            other => other.map(Ok),
        }
    }
}

impl Tools {
    /// The cached code of a component, if it is our own and for this engine. Code that the operating
    /// system refuses to load now is as good as before, and compiling it again would help nobody.
    fn cached(&self, digest: PluginDigest) -> Result<Option<Arc<Plugin>>, LoadError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let Some(sealed) = cache.read(digest, self.identity) else { return Ok(None) };
        let why = match self.checked(digest, sealed).map(|(code, head)| self.plugin(&code, head)) {
            Some(Ok(plugin)) => return Ok(Some(plugin)),
            Some(Err(LoadError::Host(why))) => return Err(LoadError::Host(why)),
            Some(Err(error)) => error.to_string(),
            None => "it is not this host's".to_owned(),
        };
        tracing::warn!(plugin = %digest, why, "compiled code in the cache can't be used; it is compiled again");
        cache.remove(digest, self.identity);
        Ok(None)
    }

    /// Seals code that was just compiled, loads it as cached code is loaded, and writes it to the
    /// cache.
    fn take(
        &self,
        digest: PluginDigest,
        compiled: Compiled,
        compile_ms: u64,
    ) -> Result<Arc<Plugin>, LoadError> {
        let head = Head {
            digest: digest.0,
            engine: self.identity.0,
            inspection: compiled.inspection,
            compile_ms,
        };
        let head = serde_json::to_vec(&head).map_err(|error| LoadError::Host(error.to_string()))?;
        let sealed = native_code::seal(&self.keys, &head, &compiled.code);
        drop(compiled.code);
        let unsealable = || LoadError::Host("code that was just sealed does not open".to_owned());
        let (code, head) = self.checked(digest, sealed).ok_or_else(unsealable)?;
        let plugin = self.plugin(&code, head)?;
        if let Some(cache) = &self.cache {
            cache.write(digest, self.identity, code.sealed());
        }
        Ok(plugin)
    }

    /// Checks the seal, and that the code is for this component and this engine.
    fn checked(&self, digest: PluginDigest, sealed: Vec<u8>) -> Option<(OwnCode, Head)> {
        let code = OwnCode::check(&self.keys, sealed)?;
        let head: Head = serde_json::from_slice(code.head()).ok()?;
        (head.digest == digest.0 && head.engine == self.identity.0).then_some((code, head))
    }

    fn plugin(&self, code: &OwnCode, head: Head) -> Result<Arc<Plugin>, LoadError> {
        let inspection = &head.inspection;
        let loaded = code
            .load(self.engine.engine(), &self.shared)
            .map_err(|error| unloadable(&error, inspection))?;
        let component = loaded.component;
        let guest = Instantiable::new(&self.linker, &component).map_err(|error| {
            LoadError::Component(ComponentError::WrongWorld(advice::on(
                &explain(&error),
                inspection,
            )))
        })?;
        let needs = Needs::of(component.resources_required().as_ref(), inspection);
        Ok(Arc::new(Plugin {
            guest,
            needs,
            head,
            code_bytes: code.code_bytes(),
            _shared: loaded.shared,
        }))
    }
}

/// Why code of ours, made for this engine, cannot be loaded: the operating system refuses, or the
/// pool has no room for what the component asks for (memories, tables, instances).
fn unloadable(error: &wasmtime::Error, inspection: &Inspection) -> LoadError {
    let why = explain(error);
    if why.contains("(os error ") {
        LoadError::Host(why)
    } else {
        LoadError::Component(ComponentError::Invalid(advice::on(&why, inspection)))
    }
}

fn open_cache(folder: PathBuf) -> Option<CodeCache> {
    match CodeCache::open(folder.clone(), MAX_CACHE_BYTES) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "the folder for compiled code can't be used; plugins are compiled again");
            None
        }
    }
}

/// A plugin that cannot be compiled rests three times as long as the attempt took, so repeated
/// attempts take at most a quarter of a core.
const RESTS: u32 = 3;

/// An attempt that fails at once is not repeated at once.
const SHORTEST_REST: Duration = Duration::from_secs(1);

/// The log of a failure has no names rather than that its answer waits longer.
const SYMBOLS_IN_TIME: Duration = Duration::from_secs(1);

/// As much as may be loaded: thousands of plugins of half a MiB, or a hundred that bring a language's
/// whole runtime.
const MAX_CACHE_BYTES: u64 = 4 << 30;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use nix::libc::SYS_memfd_create;
    use tempfile::TempDir;

    use super::super::compile::WorkerLimits;
    use super::super::refusal::without;
    use super::super::wit::v1;
    use super::*;
    use flowhost_protocol::crypto::{MasterKey, MasterKeys};

    #[test]
    fn code_of_another_release_or_component_is_refused_even_with_our_mac() {
        let engine = PluginEngine::of_calls(4);
        let (identity, linker) =
            (EngineIdentity::of(engine.engine()), v1::linker(engine.engine()).unwrap());
        let keys = CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None));
        let shared = SharedCode::default();
        let tools = Tools { engine, identity, linker, keys, cache: None, shared };
        let sealed = |digest, engine| {
            let head = Head { digest, engine, inspection: Inspection::default(), compile_ms: 0 };
            native_code::seal(&tools.keys, &serde_json::to_vec(&head).unwrap(), b"code")
        };

        assert!(tools.checked(PluginDigest([1; 32]), sealed([1; 32], identity.0)).is_some());
        assert!(tools.checked(PluginDigest([1; 32]), sealed([1; 32], [0; 32])).is_none());
        assert!(tools.checked(PluginDigest([1; 32]), sealed([2; 32], identity.0)).is_none());
    }

    #[test]
    fn code_that_the_system_can_not_load_now_stays_in_the_cache() {
        let folder = TempDir::new().unwrap();
        let tools = registry(folder.path(), &Metrics::new()).tools;
        let digest = PluginDigest([1; 32]);
        tools.put_into_cache(digest);

        let refused = without(SYS_memfd_create, None, || tools.cached(digest).map(|_| ()));

        let Err(LoadError::Host(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains("Too many open files"), "{why}");
        let has_code = tools.cache.as_ref().unwrap().has(digest, tools.identity);
        assert!(has_code, "it was not the code's fault");
    }

    #[tokio::test]
    async fn code_is_loaded_from_the_cache_by_as_many_at_once_as_there_are_cores() {
        let (folder, metrics) = (TempDir::new().unwrap(), Metrics::new());
        let registry = registry(folder.path(), &metrics);
        let digest = PluginDigest([1; 32]);
        registry.tools.put_into_cache(digest);
        let cores = std::thread::available_parallelism().unwrap().get().max(2);
        let others = join_all((0..cores).map(|_| registry.loads.acquire(TenantId::new()))).await;

        let mut load = pin!(registry.cached(TenantId::new(), digest));
        assert!(load.as_mut().now_or_never().is_none());
        drop(others);
        load.await.unwrap();

        let waited = r#"budget_waits_total{budget="loading-code"} 1"#;
        assert!(metrics.to_text().contains(waited), "{}", metrics.to_text());
    }

    /// Without a component.
    struct Nothing;

    impl ComponentSource for Nothing {
        fn component(&self, _: TenantId, _: PluginDigest) -> FoundComponent<'_> {
            Box::pin(async { Ok(None) })
        }
    }

    /// A registry whose cache is this folder.
    fn registry(folder: &Path, metrics: &Metrics) -> Registry {
        let engine = PluginEngine::of_calls(4);
        let linker = v1::linker(engine.engine()).unwrap();
        let code = CodeSettings {
            compile: CompileSettings {
                program: "/bin/false".into(),
                limits: WorkerLimits::default(),
                time: Duration::from_secs(1),
            },
            cache: Some(folder.to_owned()),
            keys: CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None)),
        };
        let limits = HostLimits { calls: 4, memory_bytes: 64 << 20 };
        Registry::new(engine, linker, limits, code, Box::new(Nothing), metrics)
    }

    impl Tools {
        /// Keeps code as that of a component.
        fn put_into_cache(&self, digest: PluginDigest) {
            let component = wat::parse_str("(component (core module (func)))").unwrap();
            let code = self.engine.engine().precompile_component(&component).unwrap();
            let head = Head {
                digest: digest.0,
                engine: self.identity.0,
                inspection: Inspection::default(),
                compile_ms: 0,
            };
            let sealed = native_code::seal(&self.keys, &serde_json::to_vec(&head).unwrap(), &code);
            self.cache.as_ref().unwrap().write(digest, self.identity, &sealed);
        }
    }

    #[test]
    fn bytes_that_are_no_code_are_refused_by_wasmtime_too() {
        let engine = PluginEngine::of_calls(4);
        let keys = CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None));
        let own = OwnCode::check(&keys, native_code::seal(&keys, b"{}", b"code")).unwrap();

        assert!(own.load(engine.engine(), &SharedCode::default()).is_err());
    }
}
