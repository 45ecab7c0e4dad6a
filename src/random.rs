//! Where every random number of the program comes from.
//!
//! One seed and a *place* (what the numbers are for, and the how-manieth time) name a stream of
//! ChaCha8. Nothing has to be saved to go on later: step 812 draws the same latents whether or not
//! the program was stopped before it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Two purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Starting weights of the networks.
    Weights = 1,
    /// The order of the pictures in an epoch.
    Order = 2,
    /// Flips of the pictures of a batch.
    Augment = 3,
    /// Latents drawn in a training step.
    StepLatents = 4,
    /// The fixed latents of a run's sample sheets.
    SampleLatents = 5,
    /// Latents drawn by a user: seeds, random, mutate.
    Latents = 6,
    /// Latents drawn to measure something: influence, speed.
    Measure = 7,
    /// Changes of the pictures that the discriminator judges in a step.
    Changes = 10,
    /// Noise by which a step measures the discriminator's slopes.
    Noise = 11,
    /// Seeds of the dropout of a training step's pictures.
    StepDropout = 12,
    /// What dropout leaves out of one picture.
    Dropout = 13,
    /// Which part of a larger picture is shown, for the pictures of a batch.
    Crops = 15,
    /// Comparing generated pictures with real ones.
    Metrics = 20,
}

/// The generator for the `index`-th use of `purpose` under `seed`.
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // 2^56 uses of each purpose: more than any run has steps.
    rng.set_stream(((purpose as u64) << 56) | (index & ((1 << 56) - 1)));
    rng
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn a_place_names_its_numbers() {
        let draw = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(draw(1, Purpose::Order, 5), draw(1, Purpose::Order, 5));
        let all = [
            draw(1, Purpose::Order, 5),
            draw(1, Purpose::Order, 6),
            draw(1, Purpose::Augment, 5),
            draw(2, Purpose::Order, 5),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
    }
}
