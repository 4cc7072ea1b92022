//! Chooses what is written on axes.

use super::axis::{Range, Scale};
use rows::format::{multiple, shortest};

/// A number on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Its place, from 0 to 1.
    pub at: f64,
    /// What is written; `None` for a line of the grid only.
    pub label: Option<String>,
}

/// Chooses what is written on an axis, with about `room` labels.
pub(super) fn ticks(range: &Range, room: usize) -> Vec<Tick> {
    match range.scale {
        Scale::Linear => shown(range, linear(range.low, range.high, room)),
        Scale::Log => logarithmic(range, room),
    }
}

/// Keeps those between the axis' ends.
fn shown(range: &Range, labels: impl IntoIterator<Item = (f64, Option<String>)>) -> Vec<Tick> {
    let ends = -1e-9..=1.0 + 1e-9;
    let tick = |(value, label)| {
        let at = range.place(value).filter(|at| ends.contains(at))?;
        Some(Tick { at, label })
    };
    labels.into_iter().filter_map(tick).collect()
}

/// Lists multiples of 1, 2 or 5 times a power of ten.
fn linear(low: f64, high: f64, room: usize) -> Vec<(f64, Option<String>)> {
    let least = (high - low) / room.max(2) as f64;
    let power = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0]
        .map(|m| m * power)
        .into_iter()
        .find(|step| *step >= least * 0.999_999)
        .unwrap_or(10.0 * power);
    let from = (low / step - 1e-9).ceil() as i64;
    let to = (high / step + 1e-9).floor() as i64;
    let largest = low.abs().max(high.abs());
    (from..=to)
        .map(|i| {
            (
                i as f64 * step,
                Some(multiple(i as f64 * step, step, largest)),
            )
        })
        .collect()
}

/// Lists powers of ten; what lies between them where there are few.
fn logarithmic(range: &Range, room: usize) -> Vec<Tick> {
    let (from, to) = (range.low.ceil() as i32, range.high.floor() as i32);
    let decades = to - from + 1;
    if decades < 2 {
        let within = |m: &[f64]| -> Vec<f64> {
            let decade = |k: i32| m.iter().map(move |m| m * 10_f64.powi(k));
            let all = (from - 1..=to + 1).flat_map(decade);
            all.filter(|v| (range.low..=range.high).contains(&v.log10()))
                .collect()
        };
        let (few, more) = (within(&[1.0, 2.0, 5.0]), within(&FINE));
        for values in [few, more] {
            if (3..=room.max(3)).contains(&values.len()) {
                return shown(range, values.into_iter().map(|v| (v, Some(shortest(v)))));
            }
        }
        // Less than a decade is nearly linear.
        let ends = (10_f64.powf(range.low), 10_f64.powf(range.high));
        return shown(range, linear(ends.0, ends.1, room));
    }
    let stride = (decades as usize).div_ceil(room.max(2)) as i32;
    // Down to a thousandth and up to ten thousand, decimals are as short as exponents.
    let decimals = from >= -3 && to <= 4;
    let label = |k: i32| match 10_f64.powi(k) {
        v if decimals || (-1..=2).contains(&k) => shortest(v),
        _ => format!("1e{k}"),
    };
    let mut ticks = Vec::new();
    for k in from - 1..=to {
        ticks.push((10_f64.powi(k), (k % stride == 0).then(|| label(k))));
        if decades <= 4 {
            ticks.extend(FINE[1..].iter().map(|m| (m * 10_f64.powi(k), None)));
        }
    }
    shown(range, ticks)
}

/// The digits of a decade.
const FINE: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    fn labels(axis: &Axis, values: &[f64]) -> Vec<String> {
        let range = axis.range(values.iter().copied(), false).unwrap();
        let ticks = ticks(&range, 6);
        assert!(ticks.iter().all(|t| (-1e-6..=1.0 + 1e-6).contains(&t.at)));
        ticks.into_iter().filter_map(|t| t.label).collect()
    }

    #[test]
    fn a_logarithmic_axis_counts_in_decades() {
        let axis = Axis::log("");
        assert_eq!(
            labels(&axis, &[3e-6, 0.0, -1.0, f64::NAN, 20.0]),
            ["1e-4", "1e-2", "1"]
        );
        assert_eq!(labels(&axis, &[0.8, 900.0]), ["1", "10", "100", "1000"]);
        assert_eq!(labels(&axis, &[1e-4, 1e-2]), ["1e-4", "1e-3", "1e-2"]);
    }

    #[test]
    fn a_logarithmic_axis_of_less_than_a_decade_has_numbers_too() {
        let axis = Axis::log("");
        assert_eq!(labels(&axis, &[1.0, 8.0]), ["1", "2", "5"]);
        assert!(labels(&axis, &[0.40, 0.45]).len() >= 3);
        assert!(labels(&axis, &[7.0]).len() >= 2);
    }

    #[test]
    fn ticks_of_a_linear_axis_are_round_and_short() {
        let axis = Axis::linear("");
        assert_eq!(
            labels(&axis, &[0.401, 0.449]),
            ["0.40", "0.41", "0.42", "0.43", "0.44", "0.45"]
        );
        assert_eq!(labels(&axis, &[2e-6, 4e-6])[0], "2e-6");
        assert_eq!(labels(&axis, &[0.0, 20_000.0])[1], "5000");
        assert_eq!(labels(&axis, &[0.0, 3e7])[1], "1e7");
    }
}
