//! Test rows drawn from the training rows, by a share and a seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use crate::Labels;

/// How test rows are drawn. What is drawn depends on nothing but these numbers and the labels, on any machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// The share of rows that are tested on, between 0 and 1.
    pub share: f64,
    /// What they are drawn by.
    pub seed: u64,
    /// Whether each class gives its own share, as nearly as whole rows allow.
    pub stratified: bool,
}

/// Numbers of rows, ascending: those to train on, and those to test on.
pub(crate) type Drawn = [Vec<usize>; 2];

impl Draw {
    /// Draws test rows: each row has a random number, and those with the least are tested on. `None` where
    /// there are fewer than two rows, so that one of the two would be empty.
    pub(crate) fn of(self, labels: &Labels) -> Option<Drawn> {
        let rows = labels.len();
        if rows < 2 {
            return None;
        }
        let mut rng = ChaCha20Rng::from_seed(self.key());
        let drawn: Vec<u64> = (0..rows).map(|_| rng.next_u64()).collect();
        let mut test: Vec<usize> = Vec::new();
        for (mut members, count) in self.counts(labels, &drawn) {
            members.sort_unstable_by_key(|&row| (drawn[row], row));
            test.extend(&members[..count]);
        }
        test.sort_unstable();
        let is_test = |row: &usize| test.binary_search(row).is_ok();
        let train = (0..rows).filter(|row| !is_test(row)).collect();
        Some([train, test])
    }

    /// Groups of rows, and how many of each are tested on: of classes the largest remainders get the rows that
    /// rounding down leaves, of two alike the one drawn first.
    fn counts(self, labels: &Labels, drawn: &[u64]) -> Vec<(Vec<usize>, usize)> {
        let rows = labels.len();
        let all = ((self.share * rows as f64).round() as usize).clamp(1, rows - 1);
        let classes = match labels {
            Labels::Classes(classes) if self.stratified => classes,
            _ => return vec![((0..rows).collect(), all)],
        };
        let most = classes.iter().max().map_or(0, |most| *most as usize + 1);
        let mut members = vec![Vec::new(); most];
        for (row, &class) in classes.iter().enumerate() {
            members[class as usize].push(row);
        }
        members.retain(|rows| !rows.is_empty());
        let exact = |members: &Vec<usize>| members.len() as f64 * all as f64 / rows as f64;
        let mut counts: Vec<usize> = members.iter().map(|m| exact(m) as usize).collect();
        let left = all - counts.iter().sum::<usize>();
        let mut order: Vec<usize> = (0..members.len()).collect();
        let remainder = |group: usize| exact(&members[group]).fract();
        order.sort_by(|&a, &b| {
            let first = |group: usize| drawn[members[group][0]];
            remainder(b)
                .total_cmp(&remainder(a))
                .then(first(a).cmp(&first(b)))
        });
        for &group in order.iter().take(left) {
            counts[group] += 1;
        }
        members.into_iter().zip(counts).collect()
    }

    fn key(self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"test rows");
        hash.update(self.seed.to_le_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(share: f64, seed: u64, stratified: bool) -> Draw {
        Draw {
            share,
            seed,
            stratified,
        }
    }

    #[test]
    fn what_is_drawn_never_changes_between_versions() {
        let labels = Labels::Numbers(vec![0.0; 20]);
        // Written down when drawing was made; changing it changes every test figure of such a split.
        let [train, test] = draw(0.2, 7, true).of(&labels).unwrap();
        assert_eq!((train.len(), &test[..]), (16, &[2, 8, 11, 13][..]));
    }

    #[test]
    fn every_row_is_in_one_part_and_another_seed_draws_others() {
        let labels = Labels::Numbers(vec![0.0; 1000]);
        let [train, test] = draw(0.25, 1, false).of(&labels).unwrap();
        let mut all = [train, test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_eq!(test.len(), 250);
        assert_ne!(draw(0.25, 2, false).of(&labels).unwrap()[1], test);
        // About half of them lie in either half of the file.
        let early = test.iter().filter(|row| **row < 500).count();
        assert!((100..150).contains(&early), "{early}");
    }

    #[test]
    fn a_stratified_draw_takes_its_share_of_each_class() {
        let classes: Vec<u32> = (0..1000).map(|row| u32::from(row % 10 == 0) * 2).collect();
        let labels = Labels::Classes(classes.clone());
        let of_rare = |stratified| {
            let [_, test] = draw(0.3, 5, stratified).of(&labels).unwrap();
            assert_eq!(test.len(), 300);
            test.iter().filter(|row| classes[**row] == 2).count()
        };
        assert_eq!(of_rare(true), 30);
        assert_ne!(of_rare(false), 30);
    }

    #[test]
    fn neither_part_is_empty_and_one_row_cannot_be_divided() {
        for share in [1e-9, 1.0 - 1e-9] {
            let [train, test] = draw(share, 1, true)
                .of(&Labels::Classes(vec![0, 1]))
                .unwrap();
            assert_eq!((train.len(), test.len()), (1, 1));
        }
        assert!(draw(0.5, 1, true).of(&Labels::Classes(vec![0])).is_none());
    }
}
