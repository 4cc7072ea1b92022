//! P Algorithm 5 as it is printed: which of its lines read what no line has written, what lines 16
//! and 25 leave without a value or a window, and that what is done here instead works.

use super::Checker;
use super::check::{CheckBound, CheckedNumber};
use super::problems::{Instance, Logistic, apart, largest, norm, numbers, plus, tensor};
use crate::seed::Seeds;
use anyhow::{Result, ensure};
use optim::{Flow, Kinetic, Recurrence, SymplecticEuler, Window, WindowedRecurrence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Algorithm 5 on random logistic regressions.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PrintedLines {
    /// The problems.
    pub problems: Logistic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// W.
    pub width: usize,
    /// τ of the flows whose strides are followed.
    pub tolerance: f64,
    /// What rounding may make of 0, of the way gone.
    pub rounding: f64,
}

/// What a flow by the printed lines comes to.
#[derive(Debug, Default, PartialEq)]
struct Book {
    /// Points x̄_s^{(m)} that line 16 reads and no line has written.
    line_16: usize,
    /// The same of line 26.
    line_26: usize,
    /// The same of all other lines.
    others: usize,
    /// W after the flow.
    width: usize,
}

/// Follows lines 4 to 26 for a flow whose rounds have these strides, with every x̄_s^{(m)} that is
/// written and read.
fn book(strides: &[usize], steps: usize, width: usize) -> Book {
    let mut book = Book {
        width,
        ..Book::default()
    };
    let (mut s, mut m) = (0, 0);
    let mut written: BTreeSet<(usize, usize)> = (1..=width).map(|w| (s + w - 1, m)).collect();
    for &stride in strides {
        let width = book.width;
        for w in 1..=width {
            // PlanLines 9 and 12 read the points of the window.
            book.others += usize::from(!written.contains(&(s + w - 1, m)));
        }
        for w in 1..=width {
            written.insert((s + w, m + 1));
        }
        for w in 1..=width {
            book.line_16 += usize::from(!written.contains(&(s + w, m)));
        }
        for r in 1..=stride {
            book.others += usize::from(!written.contains(&(s + width, m + 1)));
            written.insert((s + width + r, m + 1));
        }
        s += stride;
        m += 1;
        book.width = width.min(steps - s);
    }
    book.line_26 = usize::from(!written.contains(&(steps, m + 1)));
    book
}

impl Checker for PrintedLines {
    fn bound(&self, check: &str) -> Option<CheckBound> {
        let (none, rounding) = (CheckBound::at_most(0.0), CheckBound::at_most(self.rounding));
        Some(match check {
            "algorithm-5-line-16-reads-what-was-written"
            | "algorithm-5-line-26-reads-what-was-written" => none.refuted(),
            "algorithm-5-other-lines-read-what-was-written" => none.control(),
            "algorithm-5-line-25-leaves-a-window" => CheckBound::at_least(1.0).refuted(),
            "algorithm-5-restored-window-saves-rounds" => {
                CheckBound::at_most(self.steps as f64 - 1.0)
            }
            "algorithm-5-line-16-has-a-value-from-zero" => {
                CheckBound::at_least(self.width as f64).refuted()
            }
            "algorithm-5-zero-denominator-as-not-converged" => rounding.finding(),
            _ => return None,
        })
    }

    fn run(&self, seeds: &Seeds) -> Result<Vec<CheckedNumber>> {
        let instances = self.problems.instances(seeds, "printed")?;
        let (mut worst, mut rounds, mut width) = (Book::default(), 0, usize::MAX);
        let (mut values, mut zero) = (usize::MAX, 0.0);
        for instance in &instances {
            let [strides, again] = self.strides(instance)?;
            let found = book(&strides, self.steps, self.width);
            worst.line_16 = worst.line_16.max(found.line_16);
            worst.line_26 = worst.line_26.max(found.line_26);
            worst.others = worst.others.max(found.others);
            width = width.min(found.width);
            rounds = rounds.max(again.len());
            values = values.min(self.values_from_zero(instance)?);
            zero = largest([zero, self.apart_from_zero(instance)?]);
        }
        let (steps, wide, tolerance) = (self.steps, self.width, self.tolerance);
        let flow = format!("in a flow of {steps} steps, W = {wide}, τ = {tolerance}");
        Ok(vec![
            CheckedNumber::new(
                "algorithm-5-line-16-reads-what-was-written",
                "P Algorithm 5, lines 5 and 16",
                format!(
                    "line 16 compares with points that a line before it has written: those that none has, {flow}"
                ),
                worst.line_16 as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-line-26-reads-what-was-written",
                "P Algorithm 5, lines 24 and 26",
                format!(
                    "line 26 reads an iterate that exists, m having been advanced by line 24: those that do not, {flow}"
                ),
                worst.line_26 as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-other-lines-read-what-was-written",
                "P Algorithm 5",
                format!(
                    "lines 9, 12 and 22 do: points that they read and none has written, {flow}"
                ),
                worst.others as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-line-25-leaves-a-window",
                "P Algorithm 5, line 25",
                format!(
                    "line 25 leaves the next flow a window, as no line restores W: W after one flow, {flow}"
                ),
                width as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-restored-window-saves-rounds",
                "P Algorithm 5, line 25",
                format!(
                    "with W restored the second flow takes fewer rounds than steps: the most, {flow}"
                ),
                rounds as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-line-16-has-a-value-from-zero",
                "P Algorithm 5, line 16",
                format!(
                    "the relative errors of the first round from x = 0 have a value: how many of the {wide} do"
                ),
                values as f64,
            ),
            CheckedNumber::new(
                "algorithm-5-zero-denominator-as-not-converged",
                "P Algorithm 5, line 16",
                "with a denominator of 0 read as not converged a window from x = 0, τ = 0, ends where the sequential flow does: largest difference, of the way gone",
                zero,
            ),
        ])
    }
}

impl PrintedLines {
    fn window(&self, tolerance: f64) -> WindowedRecurrence {
        WindowedRecurrence {
            recurrence: Recurrence::new(Kinetic::HalfL2Squared, self.step_size, self.steps),
            window: Window {
                width: self.width,
                tolerance,
                ..Window::default()
            },
        }
    }

    /// The strides of two flows, the second from the end of the first.
    fn strides(&self, instance: &Instance) -> Result<[Vec<usize>; 2]> {
        let (flow, mut oracle) = (self.window(self.tolerance), instance.oracle());
        let first = flow.from_rest(&tensor(&instance.start)?, &mut oracle)?;
        let second = flow.from_rest(&first.position, &mut oracle)?;
        for strides in [&first.strides, &second.strides] {
            ensure!(
                strides.iter().sum::<usize>() == self.steps,
                "printed: a flow of {} steps went by {strides:?}",
                self.steps
            );
        }
        Ok([first.strides, second.strides])
    }

    /// How many of the e_w = ‖x̄_w^{(1)} − x̄_w^{(0)}‖/‖x̄_w^{(0)}‖ of a first window at x = 0 are
    /// numbers.
    fn values_from_zero(&self, instance: &Instance) -> Result<usize> {
        let zero = vec![0.0; instance.start.len()];
        let gradient = instance.gradient(&zero)?;
        let error = |w: usize| {
            // Line 12, all points of the window being the same one.
            let weight: usize = (0..w).map(|j| w - j).sum();
            let new = plus(&zero, -self.step_size.powi(2) * weight as f64, &gradient);
            norm(&plus(&new, -1.0, &zero)) / norm(&zero)
        };
        Ok((1..=self.width).filter(|&w| error(w).is_finite()).count())
    }

    /// How far a window from x = 0 ends from the sequential flow.
    fn apart_from_zero(&self, instance: &Instance) -> Result<f64> {
        let zero = vec![0.0; instance.start.len()];
        let start = tensor(&zero)?;
        let found = self.window(0.0).from_rest(&start, &mut instance.oracle())?;
        let euler = Box::new(SymplecticEuler);
        let mut flow = Flow::new(Kinetic::HalfL2Squared, euler, self.step_size, self.steps)?;
        let wanted = flow.from_rest(&start, &mut instance.oracle())?;
        Ok(apart(&numbers(&found.position)?, &numbers(&wanted)?, &zero))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_lines_read_one_point_too_many_at_either_end_and_use_up_the_window() {
        let found = book(&[1, 2, 2], 5, 3);
        let wanted = Book {
            line_16: 1,
            line_26: 1,
            others: 0,
            width: 0,
        };
        assert_eq!(found, wanted);
    }

    #[test]
    fn with_a_window_of_one_the_first_round_alone_compares_with_an_unwritten_point() {
        let found = book(&[1, 1], 2, 1);
        assert_eq!((found.line_16, found.others, found.width), (1, 0, 0));
    }
}
