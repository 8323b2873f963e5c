//! What a component is made of, so that it is not made again of the same: componentize-py takes ten
//! seconds, and no two of its components are alike.
//!
//! It copies a seed for random numbers and times into each of them. So an upload of the same sources
//! would be another version each time.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a component was made of; two that are equal stand for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeOf(String);

impl MadeOf {
    /// The files of these folders, which a plugin may read when it is imported, and texts that count
    /// too. Not `scenarios` and `tests`, which change often and are no part of a plugin, nor what
    /// builds write.
    ///
    /// # Errors
    /// What a file can't be read for, or that there are more than can be looked at.
    pub(super) fn new(folders: &[&Path], texts: &[&str]) -> io::Result<Self> {
        let mut sum = Sum::default();
        for text in texts {
            sum.add(text.as_bytes());
        }
        for folder in folders {
            sum.add_folder(folder, &NOT_AT_THE_TOP, MAX_DEPTH)?;
        }
        Ok(Self(sum.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Whether the component in a file was made of this.
    pub(super) fn is_of(&self, component: &Path) -> bool {
        component.is_file()
            && fs::read_to_string(component.with_extension(ENDING)).is_ok_and(|of| of == self.0)
    }

    /// Says so of the component in a file.
    pub(super) fn note(&self, component: &Path) -> io::Result<()> {
        fs::write(component.with_extension(ENDING), &self.0)
    }

    /// Says of the file that nothing is known about it, before it is written.
    pub(super) fn forget(component: &Path) -> io::Result<()> {
        match fs::remove_file(component.with_extension(ENDING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Sum {
    sha256: Sha256,
    files: usize,
}

impl Sum {
    /// Adds its length first, so that no two lists of texts are the same row of bytes.
    fn add(&mut self, bytes: &[u8]) {
        self.sha256.update((bytes.len() as u64).to_le_bytes());
        self.sha256.update(bytes);
    }

    fn add_folder(&mut self, folder: &Path, left_out: &[&str], depth: usize) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            if name.to_string_lossy().starts_with('.') || left_out.iter().any(|out| name == *out) {
                continue;
            }
            self.add(name.as_encoded_bytes());
            if fs::metadata(&path)?.is_dir() {
                let depth = depth.checked_sub(1).ok_or(io::ErrorKind::InvalidInput)?;
                self.add_folder(&path, &NOWHERE, depth)?;
                self.add(b"/");
            } else {
                self.files += 1;
                if self.files > MAX_FILES {
                    return Err(io::ErrorKind::InvalidInput.into());
                }
                self.add(&fs::read(&path)?);
            }
        }
        Ok(())
    }
}

/// Beside the component.
const ENDING: &str = "made-of";

/// Python's own cache.
const NOWHERE: [&str; 1] = ["__pycache__"];
const NOT_AT_THE_TOP: [&str; 4] = ["__pycache__", "scenarios", "target", "tests"];

/// A project has dozens of files. In more than these it is quicker to make the component.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_made_again_when_what_it_is_made_of_changes() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path();
        for name in ["shop", "scenarios", "target"] {
            fs::create_dir(project.join(name)).unwrap();
        }
        fs::write(project.join("plugin.py"), "a").unwrap();
        let component = project.join("target/booking.wasm");
        let now = || MadeOf::new(&[project], &["lock"]).unwrap();
        assert!(!now().is_of(&component));
        fs::write(&component, "component").unwrap();
        now().note(&component).unwrap();
        assert!(now().is_of(&component));

        fs::write(project.join("scenarios/one.toml"), "").unwrap();
        assert!(now().is_of(&component), "no plugin reads them");
        for file in ["plugin.py", "shop/prices.json", "shop/target"] {
            let before = now();
            fs::write(project.join(file), "b").unwrap();
            assert_ne!(now(), before, "{file}");
        }
        assert!(!now().is_of(&component));
        assert_ne!(now(), MadeOf::new(&[project], &["lock", ""]).unwrap());
        now().note(&component).unwrap();
        MadeOf::forget(&component).unwrap();
        MadeOf::forget(&component).unwrap();
        assert!(!now().is_of(&component));
    }
}
