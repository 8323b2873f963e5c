//! Chooses the engine for RSA operations, and says in the log which one and why.

use flowhost_protocol::crypto::{BatchedRsa, InlineRsa, LANES, RsaEngine};
use flowhost_rsa_batches::{CryptoMb, LIBRARY};
use flowhost_runtime::telemetry;
use tokio::task::spawn_blocking;

use crate::config::RsaBatches;

/// The engine that the setting asks for if it works here, else the one that works everywhere.
pub(super) async fn choose(setting: RsaBatches) -> anyhow::Result<Box<dyn RsaEngine>> {
    let (library, asked_for) = match setting {
        RsaBatches::Off => {
            tracing::info!("RSA operations are done one by one: batches are switched off");
            return Ok(Box::new(InlineRsa));
        }
        RsaBatches::Auto => (LIBRARY.into(), false),
        RsaBatches::With(path) => (path, true),
    };
    let name = library.display().to_string();
    let tried = spawn_blocking(move || {
        let lanes = CryptoMb::load(library).map_err(|error| telemetry::chain(&error))?;
        BatchedRsa::tried(Box::new(lanes), tell_of_fault).map_err(|error| telemetry::chain(&error))
    });
    match tried.await? {
        Ok(engine) => {
            let least = engine.pace().least;
            tracing::info!(library = name, "RSA operations are done {least} to {LANES} at a time");
            Ok(Box::new(engine))
        }
        Err(error) if asked_for => {
            tracing::warn!(library = name, error, "RSA operations are done one by one");
            Ok(Box::new(InlineRsa))
        }
        Err(error) => {
            tracing::info!(library = name, error, "RSA operations are done one by one");
            Ok(Box::new(InlineRsa))
        }
    }
}

fn tell_of_fault() {
    tracing::error!(
        "a batch of RSA operations had a wrong result, which was computed again: the library or the processor errs, and from now on RSA operations are done one by one"
    );
}
