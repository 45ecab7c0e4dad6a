//! Which picture is in which batch.
//!
//! Epochs follow each other without a seam: batch `n` of `B` pictures takes the positions `n·B` to
//! `n·B + B - 1` of an endless row in which every epoch is one shuffle of the data set. So every
//! batch is full, every picture is seen once an epoch, and seed and batch number alone say what is
//! in a batch. A data set smaller than a batch simply repeats.
//! Where a run changes the size of its batches, the row goes on where it was ([`Batches::starting`]).

use rand::Rng;

use crate::error::{Error, Result};
use crate::random::{Purpose, stream};

/// Batches an epoch of `len` pictures takes, the last of which may belong to the next epoch as
/// well. At least 1.
pub fn batches_per_epoch(len: usize, batch: usize) -> usize {
    len.div_ceil(batch.max(1)).max(1)
}

/// One place in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Index into the data set.
    pub index: usize,
    /// Whether the picture is mirrored left to right.
    pub flip: bool,
    /// Pixels left out at the left and at the top, where pictures are kept larger than they are shown;
    /// before it is mirrored.
    pub crop: (usize, usize),
}

/// What is in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Number of the batch, from 0 at the start of a run.
    pub number: u64,
    /// Epoch of its first picture, from 0.
    pub epoch: u64,
    /// Its pictures.
    pub picks: Vec<Pick>,
}

/// Plans batches. Asking for them in order is fast; any other order gives the same answers.
#[derive(Debug, Clone)]
pub struct Batches {
    len: usize,
    batch: usize,
    seed: u64,
    flip: bool,
    /// Pixels across and down by which pictures are larger than they are shown.
    room: (usize, usize),
    /// A batch, and the place in the row where it begins.
    start: (u64, u64),
    /// The last epoch looked at and its order.
    order: Option<(u64, Vec<u32>)>,
}

impl Batches {
    /// The most pictures in a data set, and the most in a batch.
    const MAX: usize = u32::MAX as usize;

    /// For a data set of `len` pictures in batches of `batch`; with `flip`, half of the pictures
    /// are mirrored.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if there are no pictures, or the batch is empty or absurdly large.
    pub fn new(len: usize, batch: usize, seed: u64, flip: bool) -> Result<Self> {
        if !(1..=Self::MAX).contains(&len) {
            return Err(Error::bad_setting("data", format!("cannot train on {len} pictures")));
        }
        if !(1..=Self::MAX).contains(&batch) {
            return Err(Error::bad_setting("batch", format!("at least 1, not {batch}")));
        }
        Ok(Self { len, batch, seed, flip, room: (0, 0), start: (0, 0), order: None })
    }

    /// The same with batch `number` beginning at `place` of the row, and the others before and after it.
    #[must_use]
    pub fn starting(self, number: u64, place: u64) -> Self {
        Self { start: (number, place), ..self }
    }

    /// The same of pictures that are larger than they are shown by `room`, pixels across and down: each
    /// time another part of them, all equally likely.
    #[must_use]
    pub fn cropping(self, room: (usize, usize)) -> Self {
        Self { room, ..self }
    }

    /// What is in batch `number`.
    pub fn plan(&mut self, number: u64) -> Plan {
        let (start, place) = self.start;
        let ahead = u128::from(number.saturating_sub(start)) * self.batch as u128;
        let behind = u128::from(start.saturating_sub(number)) * self.batch as u128;
        let first = (u128::from(place) + ahead).saturating_sub(behind);
        let len = self.len as u128;
        let mut flips = stream(self.seed, Purpose::Augment, number);
        let mut crops = stream(self.seed, Purpose::Crops, number);
        let mut picks = Vec::with_capacity(self.batch);
        for position in first..first + self.batch as u128 {
            let index = self.index((position / len) as u64, (position % len) as usize);
            let flip = self.flip && flips.next_u32() & 1 == 1;
            let crop = match self.room {
                (0, 0) => (0, 0),
                (across, down) => (below(&mut crops, across + 1), below(&mut crops, down + 1)),
            };
            picks.push(Pick { index, flip, crop });
        }
        Plan { number, epoch: (first / len) as u64, picks }
    }

    /// The picture at a `place` of an `epoch`.
    fn index(&mut self, epoch: u64, place: usize) -> usize {
        let order = match self.order.take() {
            Some((known, order)) if known == epoch => order,
            _ => permutation(self.len, self.seed, epoch),
        };
        let index = order[place] as usize;
        self.order = Some((epoch, order));
        index
    }
}

/// The order of the pictures in an epoch (Fisher and Yates' shuffle).
fn permutation(len: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut rng = stream(seed, Purpose::Order, epoch);
    let mut order: Vec<u32> = (0..len as u32).collect();
    for last in (1..len).rev() {
        order.swap(last, below(&mut rng, last + 1));
    }
    order
}

/// A number below `limit`, which is at least 1.
fn below(rng: &mut impl Rng, limit: usize) -> usize {
    // The high half of a product is uniform but for one part in 2^32 and less.
    ((u128::from(rng.next_u64()) * limit as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(len: usize, batch: usize, numbers: std::ops::Range<u64>) -> Vec<usize> {
        let mut batches = Batches::new(len, batch, 7, true).unwrap();
        numbers.flat_map(|n| batches.plan(n).picks).map(|pick| pick.index).collect()
    }

    #[test]
    fn every_epoch_shows_every_picture_once_in_another_order() {
        for (len, batch) in [(10usize, 4), (10, 5), (3, 8), (1, 4), (257, 64)] {
            let count = (4 * len).div_ceil(batch) as u64;
            let row = indices(len, batch, 0..count);
            for epoch in row.chunks_exact(len) {
                let mut sorted = epoch.to_vec();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..len), "{len} in batches of {batch}");
            }
        }
        let row = indices(100, 100, 0..2);
        assert_ne!(row[..100], row[100..]);
        assert_ne!(row[..100], (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_depends_on_its_number_alone() {
        let mut in_order = Batches::new(10, 4, 3, true).unwrap();
        let plans: Vec<Plan> = (0..30).map(|n| in_order.plan(n)).collect();
        let mut backwards = Batches::new(10, 4, 3, true).unwrap();
        for n in (0..30).rev() {
            assert_eq!(backwards.plan(n), plans[n as usize]);
        }
        let mut other_seed = Batches::new(10, 4, 4, true).unwrap();
        assert_ne!(other_seed.plan(0).picks, plans[0].picks);
    }

    /// Ten batches of 4, then batches of 3: each picture is still seen once an epoch.
    #[test]
    fn a_row_goes_on_with_batches_of_another_size() {
        let mut first = Batches::new(10, 4, 3, true).unwrap();
        let mut second = Batches::new(10, 3, 3, true).unwrap().starting(10, 40);
        let mut row: Vec<usize> = Vec::new();
        row.extend((0..10).flat_map(|n| first.plan(n).picks).map(|pick| pick.index));
        row.extend((10..20).flat_map(|n| second.plan(n).picks).map(|pick| pick.index));
        let mut whole = Batches::new(10, 1, 3, false).unwrap();
        let expected = (0..70).map(|n| whole.plan(n).picks[0].index);
        assert!(expected.eq(row));
        let mut same = Batches::new(10, 4, 3, true).unwrap().starting(7, 28);
        assert!((0..30).all(|n| same.plan(n) == first.plan(n)));
    }

    #[test]
    fn epochs_are_counted_over_batch_borders() {
        let mut batches = Batches::new(10, 4, 3, false).unwrap();
        let epochs: Vec<u64> = (0..6).map(|n| batches.plan(n).epoch).collect();
        // Batch 2 begins at position 8 of the first epoch, batch 5 at position 20.
        assert_eq!(epochs, [0, 0, 0, 1, 1, 2]);
        assert_eq!([batches_per_epoch(10, 4), batches_per_epoch(8, 4)], [3, 2]);
        assert_eq!([batches_per_epoch(3, 64), batches_per_epoch(0, 0)], [1, 1]);
    }

    #[test]
    fn about_half_of_the_pictures_are_flipped_if_asked() {
        let flips = |flip| {
            let mut batches = Batches::new(50, 40, 1, flip).unwrap();
            (0..100).flat_map(|n| batches.plan(n).picks).filter(|pick| pick.flip).count()
        };
        assert_eq!(flips(false), 0);
        // 4000 coins: six standard deviations are 190.
        assert!((1810..=2190).contains(&flips(true)), "{}", flips(true));
    }

    #[test]
    fn crops_are_fair_follow_from_the_batch_and_shift_nothing_else() {
        let plain = |n| Batches::new(50, 40, 1, true).unwrap().plan(n).picks;
        let mut batches = Batches::new(50, 40, 1, true).unwrap().cropping((3, 1));
        let mut counts = [[0; 2]; 4];
        for number in 0..100 {
            let picks = batches.plan(number).picks;
            for (pick, plain) in picks.iter().zip(plain(number)) {
                assert_eq!((pick.index, pick.flip, plain.crop), (plain.index, plain.flip, (0, 0)));
                counts[pick.crop.0][pick.crop.1] += 1;
            }
            let again = Batches::new(50, 40, 1, true).unwrap().cropping((3, 1)).plan(number);
            assert_eq!(again.picks, picks);
        }
        // 4000 crops in 8 places: 500 each, six standard deviations are 126.
        assert!(counts.iter().flatten().all(|n| (374..=626).contains(n)), "{counts:?}");
    }

    #[test]
    fn first_places_are_fair() {
        // Each of 4 pictures leads about a quarter of 4000 epochs (six deviations: 164).
        let mut counts = [0; 4];
        for epoch in 0..4000 {
            counts[permutation(4, 9, epoch)[0] as usize] += 1;
        }
        assert!(counts.iter().all(|n| (836..=1164).contains(n)), "{counts:?}");
    }

    #[test]
    fn senseless_settings_are_errors_and_late_batches_are_not() {
        assert!(Batches::new(0, 4, 0, true).is_err());
        assert!(Batches::new(4, 0, 0, true).is_err());
        assert!(Batches::new(4, usize::MAX, 0, true).is_err());
        assert_eq!(Batches::new(3, 2, 0, true).unwrap().plan(u64::MAX).picks.len(), 2);
    }
}
