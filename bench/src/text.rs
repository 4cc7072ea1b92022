//! LIBSVM text.

use std::collections::HashMap;
use std::fmt::Write;

/// `rows` lines of LIBSVM text with `nonzeros` entries each, evenly spaced.
#[must_use]
pub fn libsvm_text(rows: usize, features: usize, nonzeros: usize) -> String {
    let mut text = String::new();
    let stride = features / nonzeros;
    for row in 0..rows {
        let _ = write!(text, "{}", row % 10);
        for k in 0..nonzeros {
            let _ = write!(text, " {}:{:.6}", k * stride + 1, spread(row + k));
        }
        text.push('\n');
    }
    text
}

/// A number in [0, 1) that looks random and depends on `i` alone (Weyl's sequence).
fn spread(i: usize) -> f64 {
    (i as f64 * 0.754_877_666_246_692_8).fract()
}

/// The elements that are not 0 of rows, in as few digits as are exact to six places, as LIBSVM
/// data is written.
pub(crate) fn written(values: &[f32], features: usize, labels: &[u32]) -> String {
    let mut text = String::new();
    // Formatting a number takes long, and there are few different ones.
    let mut known: HashMap<u32, String> = HashMap::new();
    for (row, label) in values.chunks_exact(features).zip(labels) {
        let _ = write!(text, "{label}");
        for (place, value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            let digits = known.entry(value.to_bits()).or_insert_with(|| {
                let digits = format!("{value:.6}");
                digits
                    .trim_end_matches('0')
                    .trim_end_matches('.')
                    .to_owned()
            });
            let _ = write!(text, " {}:{digits}", place + 1);
        }
        text.push('\n');
    }
    text
}
