//! What an exchange cannot do without: one RSA private operation.

use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};

/// Measures the floor.
pub struct Gauge {
    key: OaepPrivateDecryptingKey,
    sealed: Vec<u8>,
}

/// Private operations a second.
#[derive(Clone, Copy)]
pub struct Floor {
    /// On one core.
    pub core: f64,
    /// On all cores.
    pub cores: f64,
}

impl Gauge {
    /// With a key of its own.
    pub fn new() -> Self {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public = OaepPublicEncryptingKey::new(key.public_key()).unwrap();
        let mut sealed = vec![0; public.ciphertext_size()];
        public.encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 16], &mut sealed, None).unwrap();
        Self { key: OaepPrivateDecryptingKey::new(key).unwrap(), sealed }
    }

    /// On one core, then on all, for so long each.
    pub fn measure(&self, time: Duration) -> Floor {
        let decrypt = || decrypt(&self.key, &self.sealed, time);
        let core = decrypt();
        let cores = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(decrypt)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        Floor { core, cores }
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

impl Floor {
    /// The mean of several.
    pub fn mean(floors: &[Self]) -> Self {
        let count = f64::from(u32::try_from(floors.len()).unwrap());
        Self {
            core: floors.iter().map(|floor| floor.core).sum::<f64>() / count,
            cores: floors.iter().map(|floor| floor.cores).sum::<f64>() / count,
        }
    }
}

/// How many cores there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// How many times a second.
fn decrypt(key: &OaepPrivateDecryptingKey, sealed: &[u8], time: Duration) -> f64 {
    let mut opened = vec![0; key.min_output_size()];
    let (began, mut times) = (Instant::now(), 0);
    while began.elapsed() < time {
        let opened = key.decrypt(&OAEP_SHA256_MGF1SHA256, sealed, &mut opened, None).unwrap();
        assert_eq!(opened, [7; 16]);
        times += 1;
    }
    f64::from(times) / began.elapsed().as_secs_f64()
}

/// What `openssl speed` counts on so many cores, if the program is there.
pub fn openssl(cores: usize) -> Option<f64> {
    let cores = cores.to_string();
    let output = Command::new("openssl")
        .args(["speed", "-seconds", "2", "-multi", &cores, "rsa2048"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().find(|line| line.starts_with("rsa ") && line.contains("2048 bits"))?;
    // The columns before are seconds, and end with an `s`.
    line.split_once("bits")?.1.split_whitespace().find_map(|column| column.parse().ok())
}

/// The median time that this folder's disk takes for what a commit waits for.
pub fn fdatasync(folder: &Path) -> Duration {
    let mut file = File::create(folder.join("fdatasync")).unwrap();
    let mut times: Vec<_> = (0..101)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 8192]).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
