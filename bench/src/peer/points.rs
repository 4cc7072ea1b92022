//! The points at which contenders start and take gradients.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

/// The points `[count, features · classes]`, row-major: first the start of the flows, then further
/// points for gradients, each uniform in ± `scale` / √`features`.
///
/// The start is the one from which the harness's Table 2 starts under the same seed and scale 1:
/// the streams are keyed as its are.
#[must_use]
pub fn points(
    seed: u64,
    scale: f64,
    dataset: &str,
    (features, classes): (usize, usize),
    count: usize,
) -> Vec<f32> {
    let width = scale / (features as f64).sqrt();
    (0..count)
        .flat_map(|which| {
            let number = which.to_string();
            let mut stream = match which {
                0 => stream(seed, &["start", dataset]),
                _ => stream(seed, &["point", dataset, &number]),
            };
            let coordinate = move |_| (width * (2.0 * stream.random::<f64>() - 1.0)) as f32;
            (0..features * classes).map(coordinate)
        })
        .collect()
}

/// The random stream of a name, the same as the harness's of that name.
fn stream(seed: u64, name: &[&str]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(key(seed, name))
}

/// SHA-256 of the seed and the name's parts, each with its length.
pub(super) fn key(seed: u64, name: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in name {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn the_start_is_drawn_from_the_harnesss_stream() {
        // The number that the harness's own test of its streams pins.
        let first = stream(20_240_814, &["start", "a8a"]).next_u64();
        assert_eq!(first, 11_095_863_958_411_912_261);
    }

    #[test]
    fn points_differ_stay_and_are_as_wide_as_the_features_say() {
        let drawn = points(1, 1.0, "mine", (4, 500), 2);
        assert_eq!(drawn, points(1, 1.0, "mine", (4, 500), 2));
        let (start, other) = drawn.split_at(2000);
        assert_ne!(start, other);
        assert_eq!(start, points(1, 1.0, "mine", (4, 500), 1));
        let widest = drawn.iter().fold(0f32, |w, x| w.max(x.abs()));
        assert!(widest <= 0.5 && widest > 0.49, "{widest}");
    }
}
