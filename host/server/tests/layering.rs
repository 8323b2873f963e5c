//! Checks what Cargo can't check in the packages of `host/`: the direction of dependencies between
//! the modules of one package, which crate belongs to which module, and where keys and `unsafe` may
//! occur. Reads every path in every source file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// The other modules of its own package that each module may use. Change it only for a reason that
/// is worth an ADR.
const MAY_USE: &[(&str, &[&str])] = &[
    ("devkit/media_files", &["scenarios"]),
    ("devkit/plugin_project", &[]),
    ("devkit/postgres", &[]),
    ("devkit/sandbox", &["media_files", "scenarios"]),
    ("devkit/scenarios", &[]),
    ("exchange/endpoint", &["sessions"]),
    ("exchange/exchange", &["endpoint", "sessions"]),
    ("exchange/sessions", &[]),
    ("protocol/crypto", &[]),
    ("protocol/envelope", &["crypto", "flow", "ids", "signature"]),
    ("protocol/flow", &["ids"]),
    ("protocol/ids", &[]),
    ("protocol/signature", &["crypto"]),
    // Everything that tenants share is counted and handed out in the same way.
    ("runtime/budget", &["telemetry"]),
    ("runtime/plugins", &["budget", "telemetry", "tenant_limits"]),
    ("runtime/telemetry", &[]),
    ("runtime/tenant_limits", &["telemetry"]),
    ("server/admin", &["graph", "key_uploads", "key_values", "plugin_logs", "store", "tenants"]),
    (
        "server/app",
        &[
            "admin",
            "config",
            "egress",
            "graph",
            "http",
            "key_uploads",
            "key_values",
            "plugin_logs",
            "retention",
            "store",
            "tenants",
            "unanswered",
        ],
    ),
    ("server/config", &["egress", "http"]),
    ("server/egress", &[]),
    ("server/graph", &[]),
    ("server/http", &["admin", "unanswered"]),
    ("server/key_uploads", &["graph", "store", "tenants"]),
    ("server/key_values", &["store", "tenants"]),
    ("server/plugin_logs", &["store", "tenants"]),
    ("server/retention", &["store"]),
    ("server/store", &[]),
    ("server/tenants", &["store"]),
    ("server/unanswered", &["store"]),
];

/// Crates that only these modules or packages may use; any other module that uses one is doing
/// their work. Packages that don't name a crate in their `Cargo.toml` are not listed here.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("addr2line", &["devkit/plugin_project"]),
    ("axum", &["server/http"]),
    // It plays WhatsApp's side: `admin` has phones that it plays for people, and `http` brings their
    // requests to the host's own endpoints. Nothing else of a host acts as its own client.
    ("flowhost_client", &["cli", "server/admin", "server/http"]),
    // `http` and the sandbox drive the exchange, and `app` assembles it. The others hold or store
    // what it works with.
    (
        "flowhost_exchange",
        &[
            "devkit/sandbox",
            "server/admin",
            "server/app",
            "server/http",
            "server/store",
            "server/tenants",
        ],
    ),
    ("flowhost_rsa_batches", &["server/app"]),
    ("governor", &["exchange/endpoint"]),
    ("hyper", &["server/http", "client"]),
    ("hyper_util", &["server/http", "client"]),
    // `client` connects with them in its load, and says what is wrong with an endpoint's certificate.
    ("tokio_rustls", &["server/http", "client"]),
    ("prometheus_client", &["runtime/telemetry"]),
    ("sqlx", &["server/store", "server/config", "server/app", "devkit/postgres"]),
    ("toml_edit", &["devkit/scenarios"]),
    ("wasm_encoder", &["devkit/plugin_project"]),
    ("wasmparser", &["devkit/plugin_project", "runtime/plugins"]),
    ("wasmtime", &["runtime/plugins"]),
    ("wasmtime_wasi", &["runtime/plugins"]),
    ("seccompiler", &["runtime/plugins"]),
    ("aws_lc_rs", &["protocol/crypto"]),
    ("libloading", &["rsa-batches"]),
    // The private-key operations of this crate leak timing (RUSTSEC-2023-0071), so it is for key
    // files and the WhatsApp side only.
    ("rsa", &["protocol/crypto", "client"]),
];

#[test]
fn modules_use_what_they_may_and_nothing_else() {
    let mut broken = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let Some((_, own)) = module.split_once('/') else { continue };
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{}: module {module} is not in the table", file.display()));
        for used in uses(&file).modules {
            if used != own && !allowed.contains(&used.as_str()) {
                broken.push(format!("{}: {module} must not use {used}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn crates_stay_in_their_modules() {
    let mut broken = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let used = uses(&file);
        for (name, modules) in ONLY_IN {
            if used.crates.contains(*name) && !modules.contains(&module.as_str()) {
                broken.push(format!("{}: {module} must not use the crate {name}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn private_rsa_keys_decrypt_in_one_file_only() {
    // In `crypto`, the crate `rsa` is for key files only; aws-lc-rs decrypts requests.
    for file in source_files().iter().filter(|file| module_of(file) == "protocol/crypto") {
        let in_key_file = file.ends_with("key_file.rs");
        assert_eq!(uses(file).crates.contains("rsa"), in_key_file, "{}", file.display());
    }
}

#[test]
fn plugins_know_no_key_but_the_one_of_code() {
    for file in source_files().iter().filter(|file| module_of(file) == "runtime/plugins") {
        let text = fs::read_to_string(file).expect("a source file can be read");
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut names = CryptoNames::default();
        names.visit_file(&parsed);
        let known = ["CodeKeys", "MAC_BYTES"];
        assert!(
            names.0.iter().all(|name| known.contains(&name.as_str())),
            "{}: {:?}",
            file.display(),
            names.0
        );
    }
}

#[test]
fn what_a_caller_vouches_for_is_called_where_it_holds() {
    for (call, module) in [
        // Tests of plugins have nobody but their author.
        ("::assert_opened(", "devkit/sandbox"),
        // After the commit, and from its row.
        (".assert_committed(", "exchange/sessions"),
        ("::assert_stored(", "exchange/sessions"),
    ] {
        let code = |file: &PathBuf| {
            let text = fs::read_to_string(file).expect("a source file can be read");
            text.split("#[cfg(test)]").next().is_some_and(|code| code.contains(call))
        };
        let callers: BTreeSet<String> =
            source_files().iter().filter(|file| code(file)).map(|file| module_of(file)).collect();
        assert_eq!(callers, BTreeSet::from([module.to_owned()]), "{call}");
    }
}

#[test]
fn files_on_this_machine_are_fetched_in_development_only() {
    let code = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("a source file can be read");
        text.split("#[cfg(test)]").next().is_some_and(|code| {
            code.contains("MediaOrigins::with_this_machine") || code.contains("this_machine: true")
        })
    };
    let naming: Vec<PathBuf> = source_files().into_iter().filter(code).collect();
    let known = ["cli/src/dev.rs", "server/src/egress/media.rs"].map(|file| packages().join(file));
    assert_eq!(BTreeSet::from_iter(naming), BTreeSet::from(known));
}

#[test]
fn servers_stand_in_for_others_in_development_only() {
    let code = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("a source file can be read");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.contains("StandIns =") || code.contains("stand_ins: Some(")
    };
    let naming: Vec<PathBuf> = source_files().into_iter().filter(code).collect();
    assert_eq!(naming, [packages().join("cli/src/dev.rs")]);
}

#[test]
fn code_that_the_compiler_can_not_check_is_in_two_files_only() {
    for file in source_files() {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let parsed =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut found = Unsafe(false);
        found.visit_file(&parsed);
        assert_eq!(
            found.0,
            ["runtime/src/plugins/native_code.rs", "rsa-batches/src/crypto_mb.rs"]
                .iter()
                .any(|known| file.ends_with(known)),
            "{}: unsafe",
            file.display()
        );
    }
}

/// The names that a file imports from `crypto`.
#[derive(Default)]
struct CryptoNames(Vec<String>);

impl<'ast> Visit<'ast> for CryptoNames {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        leaves(&item.tree, &mut Vec::new(), &mut paths);
        self.0.extend(
            paths
                .into_iter()
                .filter(|path| {
                    path.starts_with(&["flowhost_protocol".to_owned(), "crypto".to_owned()])
                })
                .filter_map(|path| path.last().cloned()),
        );
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
}

fn leaves(tree: &syn::UseTree, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut leaf = |name: String| found.push([prefix.clone(), vec![name]].concat());
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            leaves(&path.tree, prefix, found);
            prefix.pop();
        }
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|item| leaves(item, prefix, found))
        }
        syn::UseTree::Name(name) => leaf(name.ident.to_string()),
        syn::UseTree::Rename(rename) => leaf(rename.ident.to_string()),
        syn::UseTree::Glob(_) => leaf("*".to_owned()),
    }
}

/// Whether a file has an `unsafe` block, function, trait or implementation.
struct Unsafe(bool);

impl<'ast> Visit<'ast> for Unsafe {
    fn visit_expr_unsafe(&mut self, _: &'ast syn::ExprUnsafe) {
        self.0 = true;
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.0 |= matches!(signature.safety, syn::Safety::Unsafe(_));
        syn::visit::visit_signature(self, signature);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.0 |= item.unsafety.is_some();
        syn::visit::visit_item_impl(self, item);
    }
}

/// The modules and crates that a file's paths begin with.
#[derive(Default)]
struct Uses {
    modules: BTreeSet<String>,
    crates: BTreeSet<String>,
}

impl Uses {
    fn note(&mut self, segments: &[String]) {
        match segments {
            [first, second, ..] if first == "crate" => drop(self.modules.insert(second.clone())),
            [first, _, ..] => drop(self.crates.insert(first.clone())),
            _ => (),
        }
    }

    fn note_tree(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let mut path = prefix.to_vec();
        match tree {
            syn::UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.note_tree(&inner.tree, &path);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.note_tree(item, &path))
            }
            syn::UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.note(&path);
            }
            syn::UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.note(&path);
            }
            syn::UseTree::Glob(_) => self.note(&path),
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // A module's tests may stand in for its neighbours.
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
}

fn uses(file: &Path) -> Uses {
    let text = fs::read_to_string(file).expect("a source file can be read");
    let parsed =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut uses = Uses::default();
    uses.visit_file(&parsed);
    uses
}

/// Every source file of the packages in `host/` except crate roots and test files.
fn source_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for package in [
        "api",
        "client",
        "cli",
        "devkit",
        "exchange",
        "flow-json",
        "protocol",
        "rsa-batches",
        "runtime",
        "server",
    ] {
        let root = packages().join(package).join("src");
        let mut found = Vec::new();
        collect(&root, &mut found);
        assert!(found.len() > 2, "only {} files were found in {package}", found.len());
        files.append(&mut found);
    }
    files.retain(|file| {
        !file.ends_with("src/lib.rs")
            && !file.ends_with("src/main.rs")
            && !file.ends_with("tests.rs")
    });
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("a source folder can be read").path();
        if path.is_dir() && !path.ends_with("plugin_project/template") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `package/module`; for a package that is one module, the package alone.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(packages()).expect("the file lies in a package");
    let mut parts = inside.iter().map(|part| part.to_string_lossy());
    let package = parts.next().expect("a file lies in a folder");
    let module = parts.nth(1).expect("a source file lies in `src`");
    match package.as_ref() {
        "api" | "client" | "cli" | "flow-json" | "rsa-batches" => package.into_owned(),
        package => format!("{package}/{}", module.trim_end_matches(".rs")),
    }
}

/// The folder of the packages.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package lies in a folder").to_owned()
}
