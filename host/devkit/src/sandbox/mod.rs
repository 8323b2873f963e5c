//! A plugin in its real sandbox, played by a scenario. A turn is the host's own, from the opened
//! request to the reply. The services behind the imports answer from the scenario, and sessions are
//! in memory. There is no server, no database and no network.
//!
//! Invariant: scenarios that are played side by side share compiled code and nothing else. Each has
//! its own tenant.

mod conversation;
mod fakes;
mod http;
mod store;
mod tenant;

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use conversation::Conversation;

use self::fakes::{Fake, Fakes};
use crate::media_files::{self, MediaFileError};
use crate::scenarios::Scenario;
use flowhost_exchange::endpoint::{LoadedFlowJson, ServedFlowJson};
use flowhost_flow_json::ReplyRules;
use flowhost_protocol::flow::MAX_MEMORY_BYTES;
use flowhost_protocol::ids::{FlowId, FlowJsonDigest, PluginDigest, Scope, TenantId};
use flowhost_runtime::plugins::{
    CodeSettings, ComponentSource, FoundComponent, HostLimits, Inspection, LoadError, Plugins,
    Profile, Services, inspect,
};
use flowhost_runtime::telemetry::Metrics;

/// A plugin that is ready to be played with.
pub struct Sandbox {
    plugins: Arc<Plugins>,
    metrics: Arc<Metrics>,
    digest: PluginDigest,
    inspection: Inspection,
    flow_json: LoadedFlowJson,
    fakes: Arc<Fakes>,
    profile: Option<Profile>,
}

impl Sandbox {
    /// Compiles a component, or takes its code from the cache, and loads it. With the rules of a
    /// Flow JSON, replies are checked as the phone would check them. With a profile, that gets
    /// samples of all calls.
    pub async fn open(
        component: Vec<u8>,
        code: CodeSettings,
        rules: Option<ReplyRules>,
        profile: Option<Profile>,
    ) -> Result<Self, LoadError> {
        let inspection = inspect(&component).map_err(LoadError::Component)?;
        let digest = PluginDigest(Sha256::digest(&component).into());
        let fakes = Arc::new(Fakes::default());
        let services = Services {
            http: fakes.clone(),
            logs: fakes.clone(),
            media: fakes.clone(),
            values: fakes.clone(),
        };
        let source = Box::new(OneComponent(component));
        let metrics = Arc::new(Metrics::new());
        let start = if profile.is_some() { Plugins::profiling } else { Plugins::new };
        let plugins = start(
            MAX_MEMORY_BYTES,
            HostLimits::default(),
            code,
            source,
            services,
            metrics.clone(),
        )?;
        plugins.ensure_loadable(TenantId::new(), digest).await?;
        // The digest only matters where the document can be replaced.
        let loaded = |rules| {
            LoadedFlowJson::Rules(Arc::new(ServedFlowJson {
                digest: FlowJsonDigest([0; 32]),
                rules,
            }))
        };
        let flow_json = rules.map_or(LoadedFlowJson::Absent, loaded);
        Ok(Self {
            plugins: Arc::new(plugins),
            metrics,
            digest,
            inspection,
            flow_json,
            fakes,
            profile,
        })
    }

    /// What the component says about itself.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Begins a scenario whose files are in `folder`.
    ///
    /// # Errors
    /// A file of its `[[media]]` can't be picked.
    pub fn begin(
        self: &Arc<Self>,
        scenario: &Scenario,
        folder: &Path,
    ) -> Result<Conversation, MediaFileError> {
        let scope = Scope { tenant: TenantId::new(), flow: FlowId::new() };
        let media = scenario.surroundings.media.iter();
        let files = media.map(|media| media_files::content(media, folder));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let fake = self.fakes.enter(scope.tenant, Fake::new(&scenario.surroundings, files));
        Ok(Conversation::new(self.clone(), scope, fake, scenario))
    }
}

struct OneComponent(Vec<u8>);

impl ComponentSource for OneComponent {
    fn component(&self, _: TenantId, _: PluginDigest) -> FoundComponent<'_> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}
