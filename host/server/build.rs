//! Builds again when a migration was added: the folder is embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
