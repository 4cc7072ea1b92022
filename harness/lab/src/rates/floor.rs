//! The least time that counted work could take on a machine with measured rates, and what bounds it.
//!
//! Work has two parts, operations and bytes, and a machine does both at once, so the *floor* is the
//! longer of the two times (the roofline model: Williams, Waterman and Patterson, CACM 52(4), 2009).
//! In a window's round no part is over before the busiest worker has done its share, nor before all
//! shares are done at the rate that the workers have together.
//!
//! A run is bound by *memory* or *compute*, by which of the two times is longer; it is bound by
//! *overhead* where the floor is a smaller share of the wall time than the plan's `overhead_below`:
//! then most of the time goes to something that is neither.

use super::Crew;
use optim::Cost;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What has to be done, counted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct Amount {
    /// Floating-point operations.
    pub operations: f64,
    /// Bytes that have to be read or written.
    pub bytes: f64,
}

impl From<Cost> for Amount {
    fn from(cost: Cost) -> Self {
        Self {
            operations: cost.operations,
            bytes: cost.bytes,
        }
    }
}

/// The gradients of a window, counted: by [`Potential::cost`](optim::Potential::cost), which is
/// affine in the number of points that share one pass over the data.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct Work {
    /// One gradient alone.
    pub one: Amount,
    /// As many at once as the window has slots.
    pub window: Amount,
    /// W.
    pub width: usize,
}

/// How often gradients were waited for, and how many were computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounds {
    /// Rounds.
    pub rounds: f64,
    /// Gradients of distinct points, over all rounds.
    pub gradients: f64,
}

/// The least seconds for the two parts of some work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// For its bytes.
    pub memory_s: f64,
    /// For its operations.
    pub compute_s: f64,
}

/// What limits a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloorBound {
    /// Reading the data.
    Memory,
    /// Computing.
    Compute,
    /// Neither.
    Overhead,
}

impl fmt::Display for FloorBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Compute => "compute",
            Self::Overhead => "overhead",
        })
    }
}

impl Work {
    /// The least time of `rounds` by `crew`.
    ///
    /// The rounds' numbers of points are known by their mean only; both times of a round are convex
    /// in that number, so that the mean round's is not above the mean of the rounds'.
    #[must_use]
    pub fn floor(&self, rounds: Rounds, crew: &Crew) -> Floor {
        let mean = rounds.gradients / rounds.rounds;
        let workers = crew.workers as f64;
        // A worker with several points computes them at once. There are as many passes over the
        // data as busy workers: all points' where there is a worker a slot, else not fewer than
        // this, however the points were spread over the rounds.
        let passes = (mean * (workers / self.width as f64).min(1.0)).max(1.0);
        let share = (mean / workers).max(1.0);
        let time = |part: fn(&Amount) -> f64, each: f64, together: f64| {
            let of_worker = self.at(part, share) / each;
            // Passes of one point each, and what each further point costs.
            let slope = self.at(part, 2.0) - self.at(part, 1.0);
            let all = passes * part(&self.one) + (mean - passes).max(0.0) * slope;
            rounds.rounds * of_worker.max(all / together)
        };
        Floor {
            memory_s: time(|a| a.bytes, crew.each.bytes, crew.together.bytes),
            compute_s: time(
                |a| a.operations,
                crew.each.operations,
                crew.together.operations,
            ),
        }
    }

    /// The least time of one gradient by `crew`.
    #[must_use]
    pub fn gradient(&self, crew: &Crew) -> Floor {
        let one = Rounds {
            rounds: 1.0,
            gradients: 1.0,
        };
        self.floor(one, crew)
    }

    /// A part of the work of so many points at once.
    fn at(&self, part: fn(&Amount) -> f64, points: f64) -> f64 {
        let (one, window) = (part(&self.one), part(&self.window));
        match self.width {
            0 | 1 => one,
            width => one + (window - one) * (points - 1.0) / (width - 1) as f64,
        }
    }
}

impl Floor {
    /// The least seconds: both parts are done at once.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.memory_s.max(self.compute_s)
    }

    /// What bounds a run of which the floor is the given share.
    #[must_use]
    pub fn bound(&self, share: f64, overhead_below: Option<f64>) -> FloorBound {
        if overhead_below.is_some_and(|least| share < least) {
            FloorBound::Overhead
        } else if self.memory_s > self.compute_s {
            FloorBound::Memory
        } else {
            FloorBound::Compute
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Speed;
    use super::*;

    /// A pass reads 100 bytes and 4 for each point, and does 50 operations a point.
    fn work(width: usize) -> Work {
        let at = |points: usize| Amount {
            operations: 50.0 * points as f64,
            bytes: 100.0 + 4.0 * points as f64,
        };
        Work {
            one: at(1),
            window: at(width),
            width,
        }
    }

    /// Workers that read 10 bytes and do 5 operations a second, of a device that has more by the
    /// given factors.
    fn crew(workers: usize, bytes: f64, operations: f64) -> Crew {
        let each = Speed {
            bytes: 10.0,
            operations: 5.0,
        };
        Crew {
            workers,
            each,
            together: Speed {
                bytes: bytes * each.bytes,
                operations: operations * each.operations,
            },
        }
    }

    fn rounds(rounds: f64, gradients: f64) -> Rounds {
        Rounds { rounds, gradients }
    }

    fn close(found: Floor, memory_s: f64, compute_s: f64) {
        let apart = |a: f64, b: f64| (a - b).abs() > 1e-12 * b;
        if apart(found.memory_s, memory_s) || apart(found.compute_s, compute_s) {
            panic!("{found:?}, not {memory_s} and {compute_s}");
        }
    }

    #[test]
    fn one_gradient_after_the_other_is_as_many_passes_as_gradients() {
        let sequential = work(1).floor(rounds(7.0, 7.0), &crew(1, 1.0, 1.0));
        close(sequential, 7.0 * 104.0 / 10.0, 7.0 * 50.0 / 5.0);
        close(work(4).gradient(&crew(1, 1.0, 1.0)), 10.4, 10.0);
    }

    #[test]
    fn all_points_of_a_round_in_one_product_share_one_pass() {
        // 3 rounds of 2.5 points: 3 · (100 + 2.5 · 4) bytes, 7.5 · 50 operations.
        let batched = work(4).floor(rounds(3.0, 7.5), &crew(1, 1.0, 1.0));
        close(batched, 3.0 * 110.0 / 10.0, 7.5 * 50.0 / 5.0);
    }

    #[test]
    fn a_worker_a_slot_is_a_pass_a_point_and_no_faster_than_what_they_share() {
        // Enough of everything: a round takes what one worker needs for one point.
        let apart = work(4).floor(rounds(3.0, 7.5), &crew(4, 4.0, 4.0));
        close(apart, 3.0 * 10.4, 3.0 * 10.0);
        // Memory of one and a half workers, for two and a half points.
        let shared = work(4).floor(rounds(3.0, 7.5), &crew(4, 1.5, 4.0));
        close(shared, 7.5 * 104.0 / 15.0, 3.0 * 10.0);
    }

    #[test]
    fn fewer_workers_than_slots_share_a_pass_each() {
        // 4 points a round on 2 workers: each reads once and computes two.
        let two = work(4).floor(rounds(3.0, 12.0), &crew(2, 2.0, 2.0));
        close(two, 3.0 * 10.8, 3.0 * 20.0);
        // The same with the memory of one: two passes, 216 bytes a round.
        let shared = work(4).floor(rounds(3.0, 12.0), &crew(2, 1.0, 2.0));
        close(shared, 3.0 * 21.6, 3.0 * 20.0);
    }

    #[test]
    fn no_way_to_compute_them_is_faster_than_the_mean_round_says() {
        // Rounds of 1 and of 4 points by a worker a slot, memory shared: 104 and 416 bytes.
        let true_s = (10.4_f64).max(104.0 / 20.0) + (10.4_f64).max(416.0 / 20.0);
        let floor = work(4).floor(rounds(2.0, 5.0), &crew(4, 2.0, 4.0));
        assert!(floor.memory_s <= true_s, "{floor:?} {true_s}");
    }

    #[test]
    fn the_longer_part_bounds_and_neither_where_the_share_is_small() {
        let floor = Floor {
            memory_s: 2.0,
            compute_s: 1.0,
        };
        assert_eq!(floor.seconds(), 2.0);
        assert_eq!(floor.bound(0.5, Some(0.25)), FloorBound::Memory);
        assert_eq!(floor.bound(0.25, Some(0.25)), FloorBound::Memory);
        assert_eq!(floor.bound(0.24, Some(0.25)), FloorBound::Overhead);
        assert_eq!(floor.bound(0.01, None), FloorBound::Memory);
        let compute = Floor {
            memory_s: 1.0,
            compute_s: 1.5,
        };
        assert_eq!(compute.bound(1.1, Some(0.25)), FloorBound::Compute);
    }
}
