//! Images of a line drawn with a soft pen, each class a few shapes, each image a shape deformed.
//!
//! Beyond the normal draws, only the four operations and the square root are used, which every
//! machine rounds alike.

use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_distr::StandardNormal;

use super::SurrogateChoice;
use super::spec::DigitImages;
use crate::{Csr, Labels, Split};

/// How often a shape is drawn anew because it is too large, before it is shrunk to fit.
const SHAPE_TRIES: usize = 200;

type ImagePoint = [f32; 2];

/// Generates `rows` images. `model` determines the shapes, `draws` the images.
pub(super) fn generate(
    spec: &DigitImages,
    rows: usize,
    mut model: ChaCha20Rng,
    mut draws: ChaCha20Rng,
) -> Split {
    let classes = SurrogateChoice::new(&spec.class_weights);
    let shapes: Vec<Vec<ImagePoint>> = (0..spec.class_weights.len() * spec.styles)
        .map(|_| shape(spec, &mut model))
        .collect();
    // Which value each amount of ink has.
    let values: Vec<f32> = (0..=spec.levels)
        .map(|k| spec.low + (spec.high - spec.low) * (f32::from(k) / f32::from(spec.levels)))
        .collect();

    let pixels = spec.side * spec.side;
    let mut ink = vec![0.0f32; pixels];
    let mut line = Vec::new();
    let (mut indptr, mut indices, mut stored) = (vec![0], Vec::new(), Vec::new());
    let mut labels = Vec::with_capacity(rows);
    for _ in 0..rows {
        let class = classes.draw(&mut draws);
        let style = draws.random_range(0..spec.styles as u32) as usize;
        deform(
            spec,
            &shapes[class * spec.styles + style],
            &mut draws,
            &mut line,
        );
        ink.fill(0.0);
        for piece in line.windows(2) {
            stroke(spec, piece[0], piece[1], &mut ink);
        }
        for (pixel, ink) in ink.iter().enumerate() {
            let value = values[(ink * f32::from(spec.levels) + 0.5) as usize];
            if value != 0.0 {
                indices.push(pixel as u32);
                stored.push(value);
            }
        }
        indptr.push(indices.len() as u64);
        labels.push(class as u32);
    }
    Split {
        rows: Csr::from_checked(pixels, indptr, indices, stored),
        labels: Labels::Classes(labels),
    }
}

fn normal(rng: &mut ChaCha20Rng) -> f32 {
    rng.sample(StandardNormal)
}

/// A line that wanders, about the origin and within the wanted extent.
fn shape(spec: &DigitImages, rng: &mut ChaCha20Rng) -> Vec<ImagePoint> {
    for _ in 0..SHAPE_TRIES {
        let line = centred(wander(spec, rng));
        if extent(&line) <= spec.extent {
            return line;
        }
    }
    let mut line = centred(wander(spec, rng));
    let scale = spec.extent / extent(&line);
    for point in &mut line {
        *point = point.map(|x| x * scale);
    }
    line
}

/// A line of the wanted length that turns a little at each corner.
fn wander(spec: &DigitImages, rng: &mut ChaCha20Rng) -> Vec<ImagePoint> {
    let step = spec.length / spec.pieces as f32;
    let [mut x, mut y] = [0.0f32; 2];
    let mut heading = [normal(rng), normal(rng)];
    let norm = (heading[0] * heading[0] + heading[1] * heading[1]).sqrt();
    // A heading of no length has probability 0; any other will do then.
    heading = if norm > 0.0 {
        heading.map(|h| h / norm)
    } else {
        [1.0, 0.0]
    };
    let mut line = vec![[x, y]];
    for _ in 0..spec.pieces {
        x += step * heading[0];
        y += step * heading[1];
        line.push([x, y]);
        // A rotation given by the tangent t of half its angle needs no sine.
        let t = spec.turn * normal(rng);
        let (cos, sin) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
        heading = [
            cos * heading[0] - sin * heading[1],
            sin * heading[0] + cos * heading[1],
        ];
    }
    line
}

/// Smallest and largest coordinate along one axis.
fn bounds(line: &[ImagePoint], axis: usize) -> (f32, f32) {
    let coordinates = line.iter().map(|p| p[axis]);
    coordinates.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    })
}

fn extent(line: &[ImagePoint]) -> f32 {
    let span = |axis| {
        let (low, high) = bounds(line, axis);
        high - low
    };
    span(0).max(span(1))
}

fn centred(mut line: Vec<ImagePoint>) -> Vec<ImagePoint> {
    for axis in 0..2 {
        let (low, high) = bounds(&line, axis);
        let middle = 0.5 * (low + high);
        line.iter_mut().for_each(|p| p[axis] -= middle);
    }
    line
}

/// Puts one image's version of a shape, in pixels, into `line`.
fn deform(
    spec: &DigitImages,
    shape: &[ImagePoint],
    rng: &mut ChaCha20Rng,
    line: &mut Vec<ImagePoint>,
) {
    let mut entry = |identity: f32| identity + spec.deformation * normal(rng);
    let matrix = [[entry(1.0), entry(0.0)], [entry(0.0), entry(1.0)]];
    let middle = 0.5 * (spec.side as f32 - 1.0);
    let place = [0, 1].map(|_| middle + spec.shift * normal(rng));
    line.clear();
    for [x, y] in shape {
        line.push(
            [0, 1].map(|i| {
                matrix[i][0] * x + matrix[i][1] * y + place[i] + spec.jitter * normal(rng)
            }),
        );
    }
}

/// Draws one straight piece: ink is full up to the line's edge and fades linearly across it.
fn stroke(spec: &DigitImages, from: ImagePoint, to: ImagePoint, ink: &mut [f32]) {
    let reach = spec.radius + 0.5 * spec.softness;
    let last = spec.side - 1 - spec.margin;
    let span = |axis: usize| {
        let low = from[axis].min(to[axis]) - reach;
        let high = from[axis].max(to[axis]) + reach;
        // Float to integer saturates, so a line that left the image spans nothing.
        let start = (low.ceil().max(0.0) as usize).max(spec.margin);
        let end = if high < 0.0 {
            0
        } else {
            (high.floor() as usize).min(last) + 1
        };
        start..end
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    for row in span(1) {
        for column in span(0) {
            let away = [column as f32 - from[0], row as f32 - from[1]];
            let share = if square > 0.0 {
                ((away[0] * along[0] + away[1] * along[1]) / square).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let dx = away[0] - share * along[0];
            let dy = away[1] - share * along[1];
            let distance = (dx * dx + dy * dy).sqrt();
            let amount = ((reach - distance) / spec.softness).clamp(0.0, 1.0);
            let pixel = &mut ink[row * spec.side + column];
            *pixel = pixel.max(amount);
        }
    }
}
