//! Generated rows that stand in for real files of the same shape.
//!
//! What the numbers mean is in `spec`, the two kinds of generator in `one_hot` and `images`. A
//! stand-in is good for measuring time and for exercising the code; what an optimiser reaches on it
//! says nothing about the real data.

mod images;
mod one_hot;
pub(crate) mod spec;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use crate::digest::Sha;
use crate::registry::{DatasetSpec, FileSpec, Role};
use crate::{Error, Result, Split};
use spec::WireSurrogate;

/// Raised when the same seed would give other rows than it did before.
pub const GENERATOR_VERSION: u32 = 1;

/// Rows that stand in for one file of a data set, and what determines them.
pub(crate) struct Generated {
    pub split: Split,
    /// Over the seed, the generator's version and all its numbers.
    pub identity: Sha,
}

/// Generates the rows that stand in for a file.
///
/// Every data set, and within it every file, has its own stream of the seed, so that one can be
/// generated without the others and gives the same rows.
pub(crate) fn generate(spec: &DatasetSpec, role: Role, seed: &[u8; 32]) -> Result<Generated> {
    let refuse = || Error::NoSurrogate {
        dataset: spec.name.clone(),
    };
    let surrogate = spec.surrogate.as_ref().ok_or_else(refuse)?;
    let file = spec.file(role).ok_or_else(refuse)?;
    let rows = file.rows.ok_or_else(refuse)?;
    let model = stream(seed, &spec.name, "model");
    let draws = stream(seed, &spec.name, &file.name);
    let split = match surrogate.get() {
        WireSurrogate::OneHotGroups(s) => one_hot::generate(s, rows, model, draws),
        WireSurrogate::DigitImages(s) => images::generate(s, rows, model, draws),
    };
    Ok(Generated {
        split,
        identity: identity(spec, file, surrogate.get(), seed)?,
    })
}

fn identity(
    spec: &DatasetSpec,
    file: &FileSpec,
    surrogate: &WireSurrogate,
    seed: &[u8; 32],
) -> Result<Sha> {
    let numbers = serde_yaml::to_string(surrogate)?;
    let text = format!(
        "{GENERATOR_VERSION}\n{}\n{}\n{:?}\n{}\n{}\n{numbers}",
        spec.name,
        file.name,
        file.rows,
        spec.features.unwrap_or_default(),
        Sha(*seed)
    );
    Ok(Sha::of(text.as_bytes()))
}

/// The stream of random numbers for one purpose.
fn stream(seed: &[u8; 32], dataset: &str, purpose: &str) -> ChaCha20Rng {
    let mut hash = Sha256::new_with_prefix(b"surrogate");
    hash.update(seed);
    for part in [dataset, purpose] {
        // Lengths first, so that no two pairs of names run together to the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    ChaCha20Rng::from_seed(hash.finalize().into())
}

/// Draws a position with probability in proportion to its weight.
struct SurrogateChoice {
    sums: Vec<f64>,
}

impl SurrogateChoice {
    /// The weights have been checked: none negative, not all zero.
    fn new(weights: &[f64]) -> Self {
        let mut total = 0.0;
        let add = |w: &f64| {
            total += w;
            total
        };
        SurrogateChoice {
            sums: weights.iter().map(add).collect(),
        }
    }

    fn draw(&self, rng: &mut ChaCha20Rng) -> usize {
        let last = self.sums.len() - 1;
        let u = rng.random::<f64>() * self.sums[last];
        self.sums.partition_point(|&s| s <= u).min(last)
    }
}
