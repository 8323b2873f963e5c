//! The direction of dependencies between the host's modules, as a table, and a test that reads every `crate::` path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// What each module may use besides itself. Change it only for a reason that is worth an ADR.
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "admin",
        &[
            "budget",
            "crypto",
            "flow",
            "flow_json",
            "graph",
            "ids",
            "key_uploads",
            "plugin_logs",
            "plugins",
            "sessions",
            "store",
            "tenants",
        ],
    ),
    (
        "app",
        &[
            "admin",
            "budget",
            "config",
            "crypto",
            "egress",
            "exchange",
            "graph",
            "http",
            "ids",
            "key_uploads",
            "key_values",
            "plugin_logs",
            "plugins",
            "sessions",
            "store",
            "telemetry",
            "tenants",
        ],
    ),
    // What tenants share is counted and handed out in one way, whatever it is.
    ("budget", &["ids", "telemetry"]),
    // `plugins`: the compiling process is this program, called by its host.
    (
        "cli",
        &[
            "app",
            "client",
            "config",
            "crypto",
            "flow",
            "flow_json",
            "plugin_project",
            "plugins",
            "postgres",
            "sandbox",
            "scenarios",
            "telemetry",
        ],
    ),
    // `flow_json`: a phone knows the Flow JSON too. It shares nothing else with the host.
    ("client", &["flow_json"]),
    ("config", &["crypto", "egress", "http", "telemetry"]),
    ("crypto", &[]),
    ("egress", &["budget", "crypto", "flow", "ids", "plugins", "telemetry"]),
    ("envelope", &["crypto", "flow", "ids", "signature"]),
    ("exchange", &["crypto", "envelope", "flow", "flow_json", "ids", "plugins", "sessions", "signature", "telemetry", "tenants"]),
    ("flow", &["flow_json", "ids"]),
    ("graph", &["ids", "telemetry"]),
    // Beyond calling `exchange` and `admin`, the table of statuses names what can go wrong below them.
    ("http", &["admin", "envelope", "exchange", "flow", "flow_json", "ids", "plugins", "telemetry"]),
    ("ids", &[]),
    ("key_uploads", &["crypto", "graph", "ids", "store", "telemetry", "tenants"]),
    ("key_values", &["crypto", "ids", "plugins", "store", "telemetry", "tenants"]),
    ("plugin_logs", &["crypto", "ids", "plugins", "store", "telemetry", "tenants"]),
    ("plugin_project", &["flow"]),
    // `crypto`: the MAC of compiled code, and nothing else.
    ("plugins", &["budget", "crypto", "flow", "ids", "telemetry"]),
    ("postgres", &[]),
    // `exchange`: a flow's limits as the host keeps them; `sessions`: who may take a turn. It runs no exchange and has no session.
    ("sandbox", &["exchange", "flow", "flow_json", "ids", "plugins", "scenarios", "sessions", "telemetry", "tenants"]),
    ("scenarios", &["flow", "flow_json"]),
    ("sessions", &["crypto", "flow", "ids", "store"]),
    ("signature", &["crypto"]),
    ("store", &["budget", "crypto", "flow", "ids", "telemetry"]),
    ("telemetry", &[]),
    ("tenants", &["crypto", "flow", "flow_json", "ids", "store", "telemetry"]),
];

/// Crates that belong to one module: another one that uses them is doing its work.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    // As `crate::flow_json`, which is in the table above: a package of its own, for whoever reads a Flow JSON.
    ("flowhost_flow_json", &[]),
    ("governor", &["tenants"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    // `client`: to say what is wrong with an endpoint's certificate.
    ("tokio_rustls", &["http", "client"]),
    ("prometheus_client", &["telemetry"]),
    ("sqlx", &["store", "postgres", "config", "app"]),
    ("toml_edit", &["scenarios"]),
    ("wasm_encoder", &["plugin_project"]),
    ("wasmparser", &["plugins"]),
    ("wasmtime", &["plugins"]),
    ("wasmtime_wasi", &["plugins"]),
    ("seccompiler", &["plugins"]),
    ("aws_lc_rs", &["crypto"]),
    // Private-key operations of this crate can be timed (RUSTSEC-2023-0071): key files and the WhatsApp side only.
    ("rsa", &["crypto", "client"]),
];

#[test]
fn modules_use_what_they_may_and_nothing_else() {
    let mut broken = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{}: module {module} is not in the table", file.display()));
        for used in uses(&file).modules {
            if used != module && !allowed.contains(&used.as_str()) {
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
    // In `crypto`, the crate `rsa` is for key files; what decrypts requests is aws-lc-rs.
    for file in source_files().iter().filter(|file| module_of(file) == "crypto") {
        let in_key_file = file.ends_with("key_file.rs");
        assert_eq!(uses(file).crates.contains("rsa"), in_key_file, "{}", file.display());
    }
}

#[test]
fn plugins_know_no_key_but_the_one_of_code() {
    for file in source_files().iter().filter(|file| module_of(file) == "plugins") {
        let text = fs::read_to_string(file).expect("a source file can be read");
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut names = CryptoNames::default();
        names.visit_file(&parsed);
        let known = ["CodeKeys", "MAC_BYTES"];
        assert!(names.0.iter().all(|name| known.contains(&name.as_str())), "{}: {:?}", file.display(), names.0);
    }
}

#[test]
fn code_that_the_compiler_can_not_check_is_in_one_file_only() {
    for file in source_files() {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut found = Unsafe(false);
        found.visit_file(&parsed);
        assert_eq!(found.0, file.ends_with("plugins/native_code.rs"), "{}: unsafe", file.display());
    }
}

/// What a file imports of `crypto`.
#[derive(Default)]
struct CryptoNames(Vec<String>);

impl<'ast> Visit<'ast> for CryptoNames {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        leaves(&item.tree, &mut Vec::new(), &mut paths);
        self.0.extend(
            paths
                .into_iter()
                .filter(|path| path.starts_with(&["crate".to_owned(), "crypto".to_owned()]))
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
        syn::UseTree::Group(group) => group.items.iter().for_each(|item| leaves(item, prefix, found)),
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

/// What a file's paths begin with.
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
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.note_tree(item, &path)),
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
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // Tests of a module may play its neighbours.
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
}

fn uses(file: &Path) -> Uses {
    let text = fs::read_to_string(file).expect("a source file can be read");
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut uses = Uses::default();
    uses.visit_file(&parsed);
    uses
}

/// Every file of a module; the crate's root and the program's are outside the table.
fn source_files() -> Vec<PathBuf> {
    let root = source_root();
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.retain(|file| *file != root.join("lib.rs") && *file != root.join("main.rs") && !file.ends_with("tests.rs"));
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("a source folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(source_root()).expect("the file lies below the source folder");
    let first = inside.iter().next().expect("a file has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
