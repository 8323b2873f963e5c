//! The trial of whoever computes in lanes, before it gets a request: are its results right, and
//! from how many operations on is it the faster one?

use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use tokio::sync::oneshot;

use super::{BatchedRsa, Job, Pace};
use crate::crypto::oaep::Block;
use crate::crypto::random_bytes;
use crate::crypto::rsa_key::{PrivateKey, decrypt_oaep};
use crate::crypto::rsa_lanes::{LANES, RsaLanes};

/// Why lanes are not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unfit {
    /// Messages that aws-lc-rs encrypted were not decrypted.
    #[error("its results are wrong")]
    Wrong,
    /// No batch takes less time than its operations one by one.
    #[error("it is too slow here: {eight:?} for eight operations at once, {one:?} for one alone")]
    Slow {
        /// The time of a full batch.
        eight: Duration,
        /// The time of one operation with aws-lc-rs.
        one: Duration,
    },
}

impl BatchedRsa {
    /// Has the lanes decrypt what aws-lc-rs encrypted, and measures both. Takes some tenths of a
    /// second of CPU: keep it off the async threads.
    pub fn tried(
        lanes: Box<dyn RsaLanes>,
        on_fault: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, Unfit> {
        let mut engine = Self::at_pace(lanes, Pace { least: 1, rest: Duration::MAX }, || ());
        let trial = Trial::new();
        let eight = shortest(|| engine.passes(&trial)).ok_or(Unfit::Wrong)?;
        let one = shortest(|| trial.alone()).ok_or(Unfit::Wrong)?;
        engine.pace = Pace::of(eight, one).ok_or(Unfit::Slow { eight, one })?;
        engine.on_fault = Box::new(on_fault);
        Ok(engine)
    }

    fn passes(&self, trial: &Trial) -> bool {
        let numbers = trial.key.numbers();
        let Some(key) = numbers else { return false };
        let (jobs, answers): (Vec<_>, Vec<_>) = trial
            .wrapped
            .iter()
            .map(|wrapped| {
                let (answer, answered) = oneshot::channel();
                (Job { number: 0, key: key.clone(), wrapped: Box::new(*wrapped), answer }, answered)
            })
            .unzip();
        self.compute(jobs);
        answers.into_iter().zip(&trial.messages).all(|(mut answer, message)| {
            matches!(answer.try_recv(), Ok(Ok(decrypted)) if *decrypted == message)
        })
    }
}

impl Pace {
    /// Batches begin where they are faster than their operations one by one. `None` if that is
    /// nowhere.
    fn of(eight: Duration, one: Duration) -> Option<Self> {
        let least = eight.as_nanos() / one.as_nanos().max(1) + 1;
        let least = usize::try_from(least).ok().filter(|least| *least <= LANES)?;
        // What was begun longer ago than this is over, and nothing has followed it.
        Some(Self { least, rest: eight + one })
    }
}

/// A key and eight messages of the length that requests have.
struct Trial {
    key: PrivateKey,
    messages: [[u8; 16]; LANES],
    wrapped: [Block; LANES],
}

impl Trial {
    fn new() -> Self {
        let pair =
            PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("RSA-2048 keys can be made");
        let der = AsDer::<Pkcs8V1Der<'static>>::as_der(&pair).expect("a new key can be encoded");
        let key = PrivateKey::from_pkcs8(der.as_ref()).expect("a new key can be parsed");
        let public =
            OaepPublicEncryptingKey::new(pair.public_key()).expect("a new key can be used");
        let messages: [[u8; 16]; LANES] = std::array::from_fn(|_| random_bytes());
        let wrapped = messages.map(|message| {
            let mut block = [0; size_of::<Block>()];
            public
                .encrypt(&OAEP_SHA256_MGF1SHA256, &message, &mut block, None)
                .expect("a short message can be encrypted");
            block
        });
        Self { key, messages, wrapped }
    }

    fn alone(&self) -> bool {
        decrypt_oaep(&self.key, &self.wrapped[0])
            .is_ok_and(|decrypted| *decrypted == self.messages[0])
    }
}

/// The shortest time of some runs, which other work on the machine disturbs the least. `None` if
/// one fails.
fn shortest(mut run: impl FnMut() -> bool) -> Option<Duration> {
    let times = (0..RUNS).map(|_| {
        let began = Instant::now();
        run().then(|| began.elapsed())
    });
    times.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// At a millisecond each, too few to notice at start.
const RUNS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_begin_where_they_are_faster() {
        let least = |eight, one| {
            Pace::of(Duration::from_micros(eight), Duration::from_micros(one))
                .map(|pace| pace.least)
        };

        assert_eq!(least(540, 250), Some(3));
        assert_eq!(least(999, 250), Some(4));
        assert_eq!(least(1000, 250), Some(5));
        assert_eq!(least(100, 250), Some(1));
        assert_eq!((least(1999, 250), least(2000, 250)), (Some(8), None));
        assert_eq!(least(1, 0), None);
    }
}
