//! Rows of independent categorical attributes, and labels from a logistic model of them.
//!
//! Real attributes depend on each other (in Adult, education is there twice); these do not, which
//! makes the problem better conditioned than the real one.

use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_distr::StandardNormal;

use super::SurrogateChoice;
use super::spec::OneHotGroups;
use crate::{Csr, Labels, Split};

/// Rows over which the intercept is set; enough for a share within a percent.
const CALIBRATION_ROWS: usize = 8192;

/// Generates `rows` rows. `model` determines the labels' model, `draws` the rows.
pub(super) fn generate(
    spec: &OneHotGroups,
    rows: usize,
    mut model: ChaCha20Rng,
    mut draws: ChaCha20Rng,
) -> Split {
    let groups = groups(spec);
    let weights = weights(spec, &groups, &mut model);
    let intercept = intercept(spec, &groups, &weights, &mut model);

    let cols = weights.len();
    let mut indptr = vec![0];
    let mut indices = Vec::with_capacity(rows * groups.len());
    let mut labels = Vec::with_capacity(rows);
    for _ in 0..rows {
        let start = indices.len();
        row(&groups, &mut draws, &mut indices);
        let odds = intercept + log_odds(&weights, &indices[start..]);
        labels.push(u32::from(draws.random::<f64>() < logistic(odds)));
        indptr.push(indices.len() as u64);
    }
    let values = vec![1.0; indices.len()];
    Split {
        rows: Csr::from_checked(cols, indptr, indices, values),
        labels: Labels::Classes(labels),
    }
}

/// An attribute: its first column, how often it is missing, its categories.
struct Attribute {
    first: usize,
    missing: f64,
    categories: SurrogateChoice,
}

fn groups(spec: &OneHotGroups) -> Vec<Attribute> {
    let mut first = 0;
    let attribute = |group: &super::spec::Group| {
        let attribute = Attribute {
            first,
            missing: group.missing,
            categories: SurrogateChoice::new(&group.frequencies),
        };
        first += group.frequencies.len();
        attribute
    };
    spec.groups.iter().map(attribute).collect()
}

/// Draws one row's columns onto the end of `indices`.
fn row(groups: &[Attribute], rng: &mut ChaCha20Rng, indices: &mut Vec<u32>) {
    for group in groups {
        if rng.random::<f64>() >= group.missing {
            indices.push((group.first + group.categories.draw(rng)) as u32);
        }
    }
}

/// A weight a column, normal, scaled so that the log-odds have the wanted deviation.
fn weights(spec: &OneHotGroups, groups: &[Attribute], rng: &mut ChaCha20Rng) -> Vec<f64> {
    let columns: usize = spec.groups.iter().map(|g| g.frequencies.len()).sum();
    let mut weights: Vec<f64> = (0..columns).map(|_| rng.sample(StandardNormal)).collect();
    // Attributes are independent, so their variances add up.
    let mut variance = 0.0;
    for (group, attribute) in spec.groups.iter().zip(groups) {
        let total: f64 = group.frequencies.iter().sum();
        let (mut mean, mut square) = (0.0, 0.0);
        for (f, w) in group.frequencies.iter().zip(&weights[attribute.first..]) {
            let p = f / total * (1.0 - group.missing);
            mean += p * w;
            square += p * w * w;
        }
        variance += square - mean * mean;
    }
    if variance > 0.0 {
        let scale = spec.signal / variance.sqrt();
        weights.iter_mut().for_each(|w| *w *= scale);
    }
    weights
}

/// The intercept that gives the wanted share of class 1, found by bisection.
fn intercept(
    spec: &OneHotGroups,
    groups: &[Attribute],
    weights: &[f64],
    rng: &mut ChaCha20Rng,
) -> f64 {
    let mut columns = Vec::new();
    let odds: Vec<f64> = (0..CALIBRATION_ROWS)
        .map(|_| {
            columns.clear();
            row(groups, rng, &mut columns);
            log_odds(weights, &columns)
        })
        .collect();
    let share = |b: f64| odds.iter().map(|o| logistic(b + o)).sum::<f64>() / odds.len() as f64;
    let (mut low, mut high) = (-1e4, 1e4);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if share(middle) < spec.positive_share {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

fn log_odds(weights: &[f64], columns: &[u32]) -> f64 {
    columns.iter().map(|&c| weights[c as usize]).sum()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
