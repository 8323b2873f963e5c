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

/// Private operations a second.
pub(crate) struct Floor {
    /// On one core.
    pub(crate) core: f64,
    /// On all cores.
    pub(crate) cores: f64,
    /// How many there are.
    pub(crate) count: usize,
}

impl Floor {
    pub(crate) fn measure(time: Duration) -> Self {
        let count = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public = OaepPublicEncryptingKey::new(key.public_key()).unwrap();
        let mut sealed = vec![0; public.ciphertext_size()];
        public.encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 16], &mut sealed, None).unwrap();
        let key = OaepPrivateDecryptingKey::new(key).unwrap();
        // The processor's clock is up after that.
        decrypt(&key, &sealed, time / 5);
        let core = decrypt(&key, &sealed, time);
        let cores = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..count).map(|_| scope.spawn(|| decrypt(&key, &sealed, time))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        Self { core, cores, count }
    }

    pub(crate) fn mean([before, after]: &[Self; 2]) -> Self {
        Self {
            core: f64::midpoint(before.core, after.core),
            cores: f64::midpoint(before.cores, after.cores),
            count: before.count,
        }
    }
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
pub(crate) fn openssl(cores: usize) -> Option<f64> {
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
pub(crate) fn fdatasync(folder: &Path) -> Duration {
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
