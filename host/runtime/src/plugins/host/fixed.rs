//! A clock that stands still and random numbers that repeat: only for tests of a plugin, never for
//! a user.

use std::time::Duration;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostWallClock, WasiCtxBuilder};

/// Replaces the guest's wall clock and random numbers. The monotonic clock still advances, so
/// waiting takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The wall-clock time during the whole call.
    pub now: OffsetDateTime,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The number of the call in the conversation. Each call gets other random numbers.
    pub call: u32,
}

impl Fixed {
    pub(super) fn apply(&self, wasi: &mut WasiCtxBuilder) {
        let since_1970 = self.now - OffsetDateTime::UNIX_EPOCH;
        wasi.wall_clock(Standing(Duration::try_from(since_1970).unwrap_or_default()));
        wasi.secure_random(self.numbers("random"));
        wasi.insecure_random(self.numbers("insecure"));
        wasi.insecure_random_seed(u128::from_be_bytes(
            self.block("seed", 0)[..16].try_into().expect("half of 32 bytes"),
        ));
    }

    fn numbers(&self, what: &str) -> Deterministic {
        Deterministic::new((0..BLOCKS).flat_map(|number| self.block(what, number)).collect())
    }

    fn block(&self, what: &str, number: u32) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(self.call.to_be_bytes());
        hash.chain_update(number.to_be_bytes()).chain_update(what).finalize().into()
    }
}

struct Standing(Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// The numbers repeat after 16 KiB.
const BLOCKS: u32 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_each_call_its_own() {
        let fixed = |seed, call| Fixed { now: OffsetDateTime::UNIX_EPOCH, seed, call };

        assert_eq!(fixed(1, 1).block("random", 0), fixed(1, 1).block("random", 0));
        let all = [
            fixed(1, 1).block("random", 0),
            fixed(1, 1).block("random", 1),
            fixed(1, 1).block("seed", 0),
        ];
        let others = [fixed(2, 1).block("random", 0), fixed(1, 2).block("random", 0)];
        let distinct: std::collections::HashSet<_> = all.into_iter().chain(others).collect();
        assert_eq!(distinct.len(), 5);
    }
}
