//! One pass over images in a random order: which image comes when, and how it is moved.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

use crate::images::ImageSet;

/// What a pixel of 0 to 255 becomes: (pixel − mean) / deviation, of its channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalise {
    /// Of each channel.
    pub mean: Vec<f32>,
    /// Of each channel.
    pub deviation: Vec<f32>,
}

/// How images are varied, as is standard for CIFAR-10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Augment {
    /// Each image is surrounded by so many pixels of 0 (after normalisation) and cut to its size again, at
    /// a random place.
    pub pad: usize,
    /// Whether each is mirrored left to right, or not, by chance.
    pub flip: bool,
}

/// How one image is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Move {
    right: isize,
    down: isize,
    mirrored: bool,
}

/// An order of images and how each is moved, all drawn beforehand: a batch is a function of its number
/// alone, whoever makes it, in whatever order and by however many threads.
///
/// ```
/// use datasets::{Augment, Epoch};
/// use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// let stream = |seed| ChaCha20Rng::seed_from_u64(seed);
/// let epoch = Epoch::shuffled(10, Some(Augment { pad: 4, flip: true }), stream(1), stream(2));
/// assert_eq!(epoch.batches(4), 2); // what is left over belongs to no batch
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    order: Vec<usize>,
    moves: Vec<Move>,
}

impl Epoch {
    /// All images in a random order, each moved by chance if `augment` says how.
    #[must_use]
    pub fn shuffled(
        images: usize,
        augment: Option<Augment>,
        mut order_stream: ChaCha20Rng,
        mut moves_stream: ChaCha20Rng,
    ) -> Self {
        let mut order: Vec<usize> = (0..images).collect();
        order.shuffle(&mut order_stream);
        let mut draw = |Augment { pad, flip }: Augment| {
            let most = pad as i64;
            Move {
                right: moves_stream.random_range(-most..=most) as isize,
                down: moves_stream.random_range(-most..=most) as isize,
                mirrored: flip && moves_stream.random::<bool>(),
            }
        };
        let moves = match augment {
            Some(augment) => (0..images).map(|_| draw(augment)).collect(),
            None => Vec::new(),
        };
        Epoch { order, moves }
    }

    /// All images as they are, in their order.
    #[must_use]
    pub fn in_order(images: usize) -> Self {
        Epoch {
            order: (0..images).collect(),
            moves: Vec::new(),
        }
    }

    /// How many whole batches there are.
    #[must_use]
    pub fn batches(&self, size: usize) -> usize {
        self.order.len() / size.max(1)
    }

    /// The images of a batch `[size, channels, side, side]`, normalised, and their classes. The last of an
    /// epoch may be asked for though it is not whole.
    #[must_use]
    pub fn batch(
        &self,
        of: &ImageSet,
        normalise: &Normalise,
        batch: usize,
        size: usize,
    ) -> (Vec<f32>, Vec<u32>) {
        let first = (batch * size).min(self.order.len());
        let places = first..(first + size).min(self.order.len());
        let mut pixels = Vec::with_capacity(places.len() * of.image_len());
        let mut labels = Vec::with_capacity(places.len());
        for place in places {
            let image = self.order[place];
            let moved = self.moves.get(place).copied();
            append(of, image, normalise, moved, &mut pixels);
            labels.push(of.labels[image]);
        }
        (pixels, labels)
    }
}

/// Adds an image, moved and normalised.
fn append(
    of: &ImageSet,
    image: usize,
    normalise: &Normalise,
    moved: Option<Move>,
    to: &mut Vec<f32>,
) {
    let side = of.side;
    let moved = moved.unwrap_or(Move {
        right: 0,
        down: 0,
        mirrored: false,
    });
    let channels = of.image(image).chunks_exact(side * side);
    for (channel, pixels) in channels.enumerate() {
        let (mean, deviation) = (normalise.mean[channel], normalise.deviation[channel]);
        for y in 0..side {
            let row = y.checked_add_signed(-moved.down).filter(|row| *row < side);
            for x in 0..side {
                let x = if moved.mirrored { side - 1 - x } else { x };
                let column = x.checked_add_signed(-moved.right).filter(|c| *c < side);
                // What was beside the image is 0 once the pixels are normalised.
                let value = row.zip(column).map_or(0.0, |(row, column)| {
                    (f32::from(pixels[row * side + column]) - mean) / deviation
                });
                to.push(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn stream(seed: u64) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(seed)
    }

    #[test]
    fn moves_go_as_far_as_is_padded_to_every_side_and_mirror_only_where_asked() {
        let moves = |flip| {
            let augment = Some(Augment { pad: 2, flip });
            Epoch::shuffled(300, augment, stream(1), stream(2)).moves
        };
        let reached = |of: fn(&Move) -> isize| {
            let places = moves(true)
                .iter()
                .map(of)
                .collect::<std::collections::BTreeSet<_>>();
            places.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(reached(|moved| moved.right), [-2, -1, 0, 1, 2]);
        assert_eq!(reached(|moved| moved.down), [-2, -1, 0, 1, 2]);
        let mirrored = |flip| moves(flip).iter().filter(|moved| moved.mirrored).count();
        assert_eq!(mirrored(false), 0);
        assert!((100..200).contains(&mirrored(true)));
    }

    /// Images of 2 channels of 3 x 3 whose pixels say where they are.
    fn images(count: usize) -> ImageSet {
        let pixels = (0..count * 18).map(|i| (i % 251) as u8).collect();
        ImageSet {
            channels: 2,
            side: 3,
            pixels,
            labels: (0..count).map(|i| (i % 5) as u32).collect(),
        }
    }

    fn plain() -> Normalise {
        Normalise {
            mean: vec![0.0, 10.0],
            deviation: vec![1.0, 2.0],
        }
    }

    #[test]
    fn a_batch_is_the_same_whoever_makes_it_and_in_whatever_order() {
        let augment = Some(Augment { pad: 1, flip: true });
        let epoch = Epoch::shuffled(20, augment, stream(1), stream(2));
        let images = images(20);
        let one_by_one: Vec<_> = (0..5)
            .map(|b| epoch.batch(&images, &plain(), b, 4))
            .collect();
        let by_threads: Vec<_> = std::thread::scope(|scope| {
            let work = |b| {
                scope.spawn({
                    let (epoch, images) = (&epoch, &images);
                    move || epoch.batch(images, &plain(), b, 4)
                })
            };
            let mut started: Vec<_> = (0..5).rev().map(work).collect();
            started.reverse();
            started.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(one_by_one, by_threads);
        assert_eq!(epoch, Epoch::shuffled(20, augment, stream(1), stream(2)));
        assert_ne!(epoch, Epoch::shuffled(20, augment, stream(3), stream(2)));
    }

    #[test]
    fn every_image_comes_once_and_what_is_left_over_belongs_to_no_batch() {
        let epoch = Epoch::shuffled(23, None, stream(1), stream(2));
        let mut seen = epoch.order.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..23).collect::<Vec<_>>());
        assert_eq!(epoch.batches(5), 4);
        assert_eq!(epoch.batch(&images(23), &plain(), 4, 5).1.len(), 3);
        assert!(epoch.batch(&images(23), &plain(), 9, 5).1.is_empty());
    }

    #[test]
    fn the_order_does_not_depend_on_whether_images_are_moved() {
        let moved = Some(Augment { pad: 2, flip: true });
        let (with, without) = (
            Epoch::shuffled(30, moved, stream(1), stream(2)),
            Epoch::shuffled(30, None, stream(1), stream(2)),
        );
        assert_eq!(with.order, without.order);
    }

    #[test]
    fn pixels_are_normalised_by_the_numbers_of_their_channel() {
        let (pixels, labels) = Epoch::in_order(2).batch(&images(2), &plain(), 0, 2);
        assert_eq!(pixels[..9], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(pixels[9..12], [-0.5, 0.0, 0.5]);
        assert_eq!(labels, [0, 1]);
    }

    #[test]
    fn a_moved_image_leaves_zeros_behind_and_a_mirrored_one_is_turned_left_to_right() {
        let mut out = Vec::new();
        let right_and_down = Move {
            right: 1,
            down: 1,
            mirrored: false,
        };
        append(&images(1), 0, &plain(), Some(right_and_down), &mut out);
        assert_eq!(out[..9], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 3.0, 4.0]);
        let mirrored = Move {
            right: 0,
            down: 0,
            mirrored: true,
        };
        out.clear();
        append(&images(1), 0, &plain(), Some(mirrored), &mut out);
        assert_eq!(out[..9], [2.0, 1.0, 0.0, 5.0, 4.0, 3.0, 8.0, 7.0, 6.0]);
    }
}
