//! How far two factors are apart where a rotation of the columns makes no difference.

/// min over R of ‖W − N·R‖_F, R with orthonormal rows: the orthogonal Procrustes distance of two
/// factors with d rows, given row by row with their numbers of columns. W is the one with more
/// columns; the other has as many as it once it is padded with columns of zeros, so the distance
/// is symmetric and R is any rotation of the padded columns.
///
/// The least R is V·Uᵀ for WᵀN = U·Σ·Vᵀ (Schönemann 1966). W and N·R are then subtracted entry by
/// entry: ‖W‖² + ‖N‖² − 2·trace Σ would show no distance below about 1e-8.
pub(crate) fn procrustes(first: (&[f64], usize), second: (&[f64], usize)) -> f64 {
    let (wide, narrow) = match first.1 >= second.1 {
        true => (first, second),
        false => (second, first),
    };
    let rotation = rotation(wide, narrow);
    let rows = wide.0.chunks(wide.1).zip(narrow.0.chunks(narrow.1));
    let squares = rows.flat_map(|(row, of)| {
        let rotation = &rotation;
        row.iter().enumerate().map(move |(column, entry)| {
            let rotated: f64 = of.iter().zip(rotation).map(|(x, r)| x * r[column]).sum();
            (entry - rotated).powi(2)
        })
    });
    squares.sum::<f64>().sqrt()
}

/// The rows of the R that brings the narrow factor nearest to the wide one.
fn rotation(wide: (&[f64], usize), narrow: (&[f64], usize)) -> Vec<Vec<f64>> {
    let (m, n) = (wide.1, narrow.1);
    // The columns of WᵀN, and a basis that is turned as they are.
    let mut columns = vec![vec![0.0; m]; n];
    for (w, v) in wide.0.chunks(m).zip(narrow.0.chunks(n)) {
        for (column, v) in columns.iter_mut().zip(v) {
            column.iter_mut().zip(w).for_each(|(sum, w)| *sum += w * v);
        }
    }
    let unit = |at: usize, size: usize| {
        let entry = |i| if i == at { 1.0 } else { 0.0 };
        (0..size).map(entry).collect::<Vec<f64>>()
    };
    let mut basis: Vec<Vec<f64>> = (0..n).map(|at| unit(at, n)).collect();
    orthogonalise(&mut columns, &mut basis);
    let directions = directions(columns);
    let entry = |row: usize, column: usize| -> f64 {
        let terms = basis.iter().zip(&directions);
        terms.map(|(v, u)| v[row] * u[column]).sum()
    };
    (0..n)
        .map(|row| (0..m).map(|column| entry(row, column)).collect())
        .collect()
}

/// A sweep turns every pair once; they converge quadratically, so that a few are enough.
const SWEEPS: usize = 40;

/// Turns pairs of columns, and those of the basis with them, until all columns are orthogonal: the
/// one-sided Jacobi method (Hestenes 1958).
fn orthogonalise(columns: &mut [Vec<f64>], basis: &mut [Vec<f64>]) {
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..columns.len() {
            for q in p + 1..columns.len() {
                let (a, b) = (&columns[p], &columns[q]);
                let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
                if ab.abs() <= f64::EPSILON * (aa * bb).sqrt() {
                    continue;
                }
                turned = true;
                let zeta = (bb - aa) / (2.0 * ab);
                let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                turn(columns, (p, q), cosine, cosine * tangent);
                turn(basis, (p, q), cosine, cosine * tangent);
            }
        }
        if !turned {
            return;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Turns two of some vectors in their plane.
fn turn(vectors: &mut [Vec<f64>], (p, q): (usize, usize), cosine: f64, sine: f64) {
    let (head, tail) = vectors.split_at_mut(q);
    for (a, b) in head[p].iter_mut().zip(&mut tail[0]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

/// Orthogonal columns at length 1. One of length 0 has no direction: any that is orthogonal to the
/// others serves, and there is one, as there are no more columns than rows.
fn directions(mut columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let lengths: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let lost: Vec<bool> = lengths
        .iter()
        .map(|length| *length <= f64::EPSILON * longest)
        .collect();
    for (column, length) in columns.iter_mut().zip(&lengths) {
        column.iter_mut().for_each(|entry| *entry /= length);
    }
    let mut found: Vec<Vec<f64>> = Vec::new();
    let kept = columns.iter().zip(&lost).filter(|(_, lost)| !**lost);
    found.extend(kept.map(|(column, _)| column.clone()));
    for (column, _) in columns.iter_mut().zip(&lost).filter(|(_, lost)| **lost) {
        *column = another(&found, column.len());
        found.push(column.clone());
    }
    columns
}

/// A vector of length 1 that is orthogonal to orthonormal others, which are fewer than its entries.
fn another(others: &[Vec<f64>], size: usize) -> Vec<f64> {
    let rest = |at: usize| {
        let mut rest = vec![0.0; size];
        rest[at] = 1.0;
        // Twice, as what the first time leaves is not orthogonal to the last digit.
        for _ in 0..2 {
            for other in others {
                let along = dot(&rest, other);
                let pairs = rest.iter_mut().zip(other);
                pairs.for_each(|(entry, o)| *entry -= along * o);
            }
        }
        rest
    };
    let length = |vector: &Vec<f64>| dot(vector, vector).sqrt();
    let rests = (0..size).map(rest);
    let longest = rests.max_by(|a, b| length(a).total_cmp(&length(b)));
    let mut longest = longest.unwrap_or_default();
    let by = length(&longest);
    longest.iter_mut().for_each(|entry| *entry /= by);
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// d × columns numbers between -1 and 1 that NumPy makes too: sin(start + i).
    fn waves(count: usize, start: f64) -> Vec<f64> {
        (0..count).map(|i| (start + i as f64).sin()).collect()
    }

    #[test]
    fn a_rotation_of_the_columns_is_no_distance_and_none_is_lost_to_cancellation() {
        let factor = waves(12, 0.3);
        let (sine, cosine) = 0.8f64.sin_cos();
        let turned = |by: f64| -> Vec<f64> {
            let row = |r: &[f64]| {
                let r = [by * r[0], by * r[1]];
                [
                    cosine * r[0] - sine * r[1],
                    0.0,
                    -sine * r[0] - cosine * r[1],
                ]
            };
            factor.chunks(2).flat_map(row).collect()
        };
        assert!(procrustes((&factor, 2), (&turned(1.0), 3)) < 1e-14);
        // ‖B − (1 + h)·B·R‖ = h·‖B‖, far below the 1e-8 at which squares cancel.
        let norm = dot(&factor, &factor).sqrt();
        let apart = procrustes((&factor, 2), (&turned(1.0 + 1e-11), 3));
        assert!((apart / (1e-11 * norm) - 1.0).abs() < 1e-3, "{apart:e}");
    }

    #[test]
    fn orthogonal_factors_and_the_origin_are_as_far_as_their_norms_say() {
        // ‖A − B·R‖² = ‖A‖² + ‖B‖² where AᵀB = 0.
        let (a, b) = ([3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]);
        assert!((procrustes((&a, 2), (&b, 2)) - 5.0).abs() < 1e-14);
        let factor = waves(12, 1.0);
        let norm = dot(&factor, &factor).sqrt();
        let from_origin = procrustes((&[0.0; 24], 4), (&factor, 2));
        assert!((from_origin / norm - 1.0).abs() < 1e-14);
        // Column vectors differ by a sign at most: ‖a − b‖ or ‖a + b‖, whichever is less.
        assert_eq!(procrustes((&[1.0, 2.0], 1), (&[-1.0, -2.5], 1)), 0.5);
    }

    #[test]
    fn random_factors_are_as_far_apart_as_numpy_says() {
        // numpy.linalg.svd: sqrt(‖A‖² + ‖B‖² − 2 Σσ(AᵀB)), A = sin(s + 0 … ) reshaped.
        for ((rows, first, second), wanted) in GOLDEN {
            let (a, b) = (waves(rows * first, 0.5), waves(rows * second, 2.0));
            let found = procrustes((&a, first), (&b, second));
            assert!((found - wanted).abs() < 1e-12, "{rows}: {found} {wanted}");
            let other_way = procrustes((&b, second), (&a, first));
            assert!((found - other_way).abs() < 1e-13, "it is symmetric");
        }
    }

    const GOLDEN: [((usize, usize, usize), f64); 4] = [
        ((7, 4, 2), 2.3811378234077902),
        ((5, 1, 3), 2.9195422964173394),
        ((9, 3, 3), 0.13898886527035365),
        ((4, 5, 2), 2.3401586072492666),
    ];

    #[test]
    fn a_direction_that_is_found_for_one_that_was_lost_has_length_one() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let others = [vec![half, half, 0.0], vec![half, -half, 0.0]];
        assert_eq!(another(&others, 3), [0.0, 0.0, 1.0]);
        let found = another(&others[..1], 3);
        assert!((dot(&found, &found) - 1.0).abs() < 1e-15, "{found:?}");
        let found = another(&[vec![0.6, 0.8, 0.0], vec![0.0, 0.0, 1.0]], 3);
        assert!((dot(&found, &found) - 1.0).abs() < 1e-15, "{found:?}");
        assert!(dot(&found, &[0.6, 0.8, 0.0]).abs() < 1e-15, "{found:?}");
    }
}
