//! Generated images that stand in for real ones of the same size.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

use crate::digest::Sha;
use crate::images::spec::SurrogateImages;
use crate::images::{ImageSet, ImagesSpec};
use crate::{Error, FileRecord, Result};

/// Points of a side of the coarse pattern that makes a class.
const COARSE: usize = 6;

/// Training and test images: each class has a smooth pattern, moved about and with noise.
///
/// # Errors
/// [`Error::NoSurrogate`] if the registry describes none.
pub(crate) fn generate(spec: &ImagesSpec, seed: &[u8; 32]) -> Result<([ImageSet; 2], FileRecord)> {
    let numbers = spec.surrogate.ok_or_else(|| Error::NoSurrogate {
        dataset: spec.name.clone(),
    })?;
    let patterns = Patterns::new(spec, &mut stream(seed, &spec.name, "patterns"));
    let part =
        |purpose, images| patterns.images(images, numbers, &mut stream(seed, &spec.name, purpose));
    let sets = [part("train", spec.train.1), part("test", spec.test.1)];
    let identity = format!("{} {numbers:?} {}", spec.name, Sha(*seed));
    let record = FileRecord {
        name: spec.archive.name.clone(),
        sha256: Sha::of(identity.as_bytes()).to_string(),
        bytes: 0,
        from: "generated".into(),
    };
    Ok((sets, record))
}

fn stream(seed: &[u8; 32], dataset: &str, purpose: &str) -> ChaCha20Rng {
    let mut hash = Sha256::new_with_prefix(b"surrogate images");
    hash.update(seed);
    for part in [dataset, purpose] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    ChaCha20Rng::from_seed(hash.finalize().into())
}

/// A coarse pattern of each class and channel.
struct Patterns {
    channels: usize,
    side: usize,
    /// `[classes][channels][COARSE][COARSE]`.
    points: Vec<f64>,
    classes: usize,
}

impl Patterns {
    fn new(spec: &ImagesSpec, random: &mut ChaCha20Rng) -> Self {
        let count = spec.classes * spec.channels * COARSE * COARSE;
        let points = (0..count).map(|_| StandardNormal.sample(random)).collect();
        Patterns {
            channels: spec.channels,
            side: spec.side,
            points,
            classes: spec.classes,
        }
    }

    fn images(&self, count: usize, numbers: SurrogateImages, random: &mut ChaCha20Rng) -> ImageSet {
        let mut set = ImageSet::empty(self.channels, self.side);
        let most = numbers.shift as i64;
        for _ in 0..count {
            let class = random.random_range(0..self.classes);
            let moved = [
                random.random_range(-most..=most),
                random.random_range(-most..=most),
            ];
            for channel in 0..self.channels {
                for y in 0..self.side {
                    for x in 0..self.side {
                        let pattern = self.at(class * self.channels + channel, [x, y], moved);
                        let chance: f64 = StandardNormal.sample(random);
                        let value = 128.0 + numbers.signal * pattern + numbers.noise * chance;
                        set.pixels.push(value.round().clamp(0.0, 255.0) as u8);
                    }
                }
            }
            set.labels.push(class as u32);
        }
        set
    }

    /// A pattern between its points, at a pixel, moved.
    fn at(&self, pattern: usize, pixel: [usize; 2], moved: [i64; 2]) -> f64 {
        let points = &self.points[pattern * COARSE * COARSE..][..COARSE * COARSE];
        let last = (COARSE - 1) as f64;
        let place = |k: usize| {
            let moved = pixel[k] as f64 + moved[k] as f64;
            (moved / (self.side - 1).max(1) as f64 * last).clamp(0.0, last)
        };
        let (x, y) = (place(0), place(1));
        let (left, top) = (x.floor().min(last - 1.0), y.floor().min(last - 1.0));
        let (right, down) = (x - left, y - top);
        let point =
            |dx: usize, dy: usize| points[(top as usize + dy) * COARSE + left as usize + dx];
        let along = |dy| point(0, dy) * (1.0 - right) + point(1, dy) * right;
        along(0) * (1.0 - down) + along(1) * down
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SIDE: usize = 11;

    /// Two classes of two channels, each pattern a plane: between its points it is one too.
    fn planes() -> Patterns {
        let plane = |pattern: usize| {
            (0..COARSE * COARSE).map(move |point| {
                let (x, y) = ((point % COARSE) as f64, (point / COARSE) as f64);
                20.0 * pattern as f64 + 6.0 * x - 4.0 * y
            })
        };
        Patterns {
            channels: 2,
            side: SIDE,
            points: (0..4).flat_map(plane).collect(),
            classes: 2,
        }
    }

    /// A plane at a pixel, two of which are as far apart as one point and the next.
    fn expected(pattern: usize, [x, y]: [usize; 2], moved: [i64; 2]) -> f64 {
        let at = |pixel: usize, moved: i64| {
            (pixel as i64 + moved).clamp(0, SIDE as i64 - 1) as f64 / 2.0
        };
        20.0 * pattern as f64 + 6.0 * at(x, moved[0]) - 4.0 * at(y, moved[1])
    }

    #[test]
    fn a_pattern_is_interpolated_between_its_points_and_ends_at_its_edges() {
        let patterns = planes();
        for pattern in 0..4 {
            for moved in [[0, 0], [2, -1], [-3, 3]] {
                for (x, y) in (0..SIDE).flat_map(|x| (0..SIDE).map(move |y| (x, y))) {
                    let found = patterns.at(pattern, [x, y], moved);
                    let wanted = expected(pattern, [x, y], moved);
                    assert!(
                        (found - wanted).abs() < 1e-12,
                        "{pattern} {x} {y} {moved:?}"
                    );
                }
            }
        }
    }

    fn numbers(signal: f64, noise: f64, shift: usize) -> SurrogateImages {
        SurrogateImages {
            signal,
            noise,
            shift,
        }
    }

    #[test]
    fn an_image_is_the_pattern_of_its_class_moved_by_up_to_its_shift() {
        let patterns = planes();
        let set = patterns.images(400, numbers(1.5, 0.0, 2), &mut stream(&[1; 32], "a", "b"));
        let moves = || (-2..=2).flat_map(|right| (-2..=2).map(move |down| [right, down]));
        let mut seen = BTreeSet::new();
        for (pixels, label) in set.pixels.chunks(2 * SIDE * SIDE).zip(&set.labels) {
            let is = |moved: [i64; 2]| {
                let mut places = (0..2).flat_map(|channel| {
                    let rows = (0..SIDE).flat_map(move |y| (0..SIDE).map(move |x| [x, y]));
                    rows.map(move |place| (channel, place))
                });
                let pixel = |channel: usize, place| {
                    let plane = expected(*label as usize * 2 + channel, place, moved);
                    (128.0 + 1.5 * plane).round() as u8
                };
                places
                    .by_ref()
                    .zip(pixels)
                    .all(|((c, place), found)| pixel(c, place) == *found)
            };
            let moved = moves().find(|moved| is(*moved));
            seen.insert((*label, moved.expect("a move that makes the image")));
        }
        assert_eq!(seen.len(), 2 * 25, "each class by each move");
    }

    #[test]
    fn noise_spreads_about_the_pattern_by_its_size() {
        let patterns = planes();
        let set = patterns.images(50, numbers(0.0, 12.0, 0), &mut stream(&[1; 32], "a", "b"));
        let off = set.pixels.iter().map(|&pixel| f64::from(pixel) - 128.0);
        let (count, sum, squares) = off.fold((0.0, 0.0, 0.0), |(n, sum, squares), off| {
            (n + 1.0, sum + off, squares + off * off)
        });
        assert!((sum / count).abs() < 0.5, "{}", sum / count);
        let spread = f64::sqrt(squares / count);
        assert!((spread - 12.0).abs() < 0.5, "{spread}");
    }
}
