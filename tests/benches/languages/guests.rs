//! The same handler in each language.

use flowhost_devkit::plugin_project::{BuildOptions, build};
use flowhost_tests::repository;

use crate::sizes::Sizes;

/// A component, and what is made of it.
pub(crate) struct Guest {
    /// The table's row.
    pub(crate) name: &'static str,
    /// The database whose tenants have it.
    pub(crate) database: &'static str,
    pub(crate) component: Vec<u8>,
    /// Tenants with a variant of it each.
    pub(crate) tenants: u32,
}

/// Builds all guests, Rust's first.
pub(crate) async fn build_all(with_starlingmonkey: bool, sizes: &Sizes) -> Vec<Guest> {
    let mut guests = vec![
        built("Rust", "rust", "wasm", sizes.rust).await,
        built("TypeScript, QuickJS", "typescript", "languages/typescript", sizes.typescript).await,
    ];
    if with_starlingmonkey {
        let (folder, target) = ("starlingmonkey", "languages/starlingmonkey");
        let tenants = sizes.starlingmonkey;
        guests.push(built("TypeScript, StarlingMonkey", folder, target, tenants).await);
    }
    guests.push(built("Python", "python", "python", sizes.python).await);
    guests
}

/// What the integration tests build with in Rust and in Python is in the same folders.
async fn built(name: &'static str, folder: &'static str, target: &str, tenants: u32) -> Guest {
    let options = BuildOptions {
        project_dir: repository(&format!("tests/benches/languages/guests/{folder}")).into(),
        target_dir: Some(repository(&format!("target/{target}")).into()),
        ..BuildOptions::default()
    };
    let built = build(options, |step| eprintln!("{name}: {step}")).await;
    let built = built.unwrap_or_else(|error| panic!("{name}: {error}"));
    let component = std::fs::read(built.path).unwrap();
    Guest { name, database: folder, component, tenants }
}
