//! Random numbers from the host's secure source (`wasi:random`), unpredictable enough for secrets.
//!
//! ```
//! use flowhost_sdk::random;
//!
//! let booking = format!("B-{}", random::id(8));
//! assert_eq!(booking.len(), 10);
//!
//! let mut questions = ["Where?", "When?", "Who?"];
//! random::shuffle(&mut questions);
//! let first = random::choice(&questions).expect("there are three");
//! assert!(questions.contains(first));
//! assert!(random::below(6) < 6);
//! ```
//!
//! In a unit test they are the same in every run;
//! [`Conversation::with_seed`](crate::testing::Conversation::with_seed) changes them. If the same
//! conversation must get the same number again, keep it in the state.

/// A uniformly distributed number.
pub fn number() -> u64 {
    sys::number()
}

/// A uniformly distributed number below `limit`; 0 if `limit` is 0.
pub fn below(limit: u64) -> u64 {
    // Numbers past the last whole multiple of the limit would make some results more likely, so
    // draw again.
    let fair = u64::MAX - u64::MAX.checked_rem(limit).unwrap_or(0);
    loop {
        let drawn = number();
        if drawn < fair {
            return drawn.checked_rem(limit).unwrap_or(0);
        }
    }
}

/// A random element; `None` if the slice is empty.
pub fn choice<T>(from: &[T]) -> Option<&T> {
    from.get(below(from.len() as u64) as usize)
}

/// Puts the elements into a random order. Every order is equally likely.
pub fn shuffle<T>(all: &mut [T]) {
    // Fisher-Yates: the last element is drawn from those not drawn yet.
    for last in (1..all.len()).rev() {
        all.swap(last, below(last as u64 + 1) as usize);
    }
}

/// A random id of this many digits and capital letters, without 0, 1, I and O, which people
/// confuse. Each character holds 5 bits, so an id of 16 can't be guessed.
pub fn id(characters: usize) -> String {
    (0..characters).map(|_| char::from(ALPHABET[below(ALPHABET.len() as u64) as usize])).collect()
}

const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

#[cfg(target_arch = "wasm32")]
mod sys {
    use crate::component::surroundings::wasi::random::random::get_random_u64;

    pub(super) fn number() -> u64 {
        get_random_u64()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod sys {
    pub(super) use crate::testing::surroundings::random_number as number;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_below_the_limit_comes() {
        for limit in [1, 3, 6, 8] {
            let mut counts = vec![0; limit as usize];
            (0..1_000 * limit).for_each(|_| counts[below(limit) as usize] += 1);
            assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{limit}: {counts:?}");
        }
        assert_eq!(below(0), 0);
        assert!(below(u64::MAX) < u64::MAX);
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut numbers: Vec<u32> = (0..100).collect();
        shuffle(&mut numbers);
        assert_ne!(numbers, (0..100).collect::<Vec<_>>());
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        shuffle::<u32>(&mut []);
    }

    #[test]
    fn there_is_no_choice_from_nothing() {
        assert_eq!(choice::<u32>(&[]), None);
        assert_eq!(choice(&[7]), Some(&7));
    }

    #[test]
    fn ids_have_the_length_and_are_not_the_same() {
        let (one, other) = (id(16), id(16));
        assert_ne!(one, other);
        assert!(one.len() == 16 && one.bytes().all(|byte| ALPHABET.contains(&byte)), "{one}");
    }
}
