//! How much of the machine was there while a ratio was timed.

use super::setup::FoundFlow;
use lab::capacity::{self, Account, Limits, Sample, over_runs};
use lab::device::cores;
use lab::experiments::windows::cell::MeasuredWindow;
use std::fmt;

/// Why nothing can be decided by what was timed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// This machine never has as many cores.
    Cores {
        /// Workers that were timed.
        workers: usize,
        /// Cores that there are.
        cores: usize,
    },
    /// Something else took part of the machine; what, in words.
    Disturbed(String),
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cores { workers, cores } => write!(f, "{workers} workers on {cores} cores"),
            Self::Disturbed(why) => f.write_str(why),
        }
    }
}

/// What was seen of the machine while a ratio was timed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presence {
    /// Workers that a probe let work at once.
    pub workers: usize,
    /// Which share of their cores was there.
    pub capacity: Option<f64>,
    /// What the kernel says of the runs.
    pub account: Account,
    /// Workers that there are no cores for, if there are such.
    pub oversubscribed: Option<usize>,
}

impl Presence {
    /// From probes on so many workers, and the kernel's accounts of the runs.
    #[must_use]
    pub fn of(workers: usize, probes: &[Sample], accounts: &[Account]) -> Self {
        Self {
            workers,
            capacity: capacity::capacity(probes),
            account: over_runs(accounts),
            oversubscribed: None,
        }
    }

    /// Of a flow of a plan: of its own runs, and of those of the sequential flow beside it.
    pub(super) fn of_flow(flow: &FoundFlow, measured: &MeasuredWindow) -> Self {
        let workers = match flow.cell.workers {
            1 => rayon::current_num_threads(),
            workers => workers,
        };
        let accounts = [&measured.accounts[..], &measured.baseline_accounts].concat();
        Self {
            oversubscribed: flow.cell.oversubscribed.then_some(flow.cell.workers),
            ..Self::of(workers.min(cores()), measured.of_workers(), &accounts)
        }
    }

    /// The worse of two, each number by itself.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let least = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        Self {
            workers: self.workers.max(other.workers),
            capacity: least(self.capacity, other.capacity),
            account: self.account.worse(&other.account),
            oversubscribed: self.oversubscribed.max(other.oversubscribed),
        }
    }

    /// Why nothing can be decided by what was timed then; `None` if it can.
    #[must_use]
    pub fn lacking(&self, limits: &Limits) -> Option<Lacking> {
        if let Some(workers) = self.oversubscribed {
            let cores = cores();
            return Some(Lacking::Cores { workers, cores });
        }
        if limits.disturbed(self.capacity, &self.account) != Some(true) {
            return None;
        }
        let few = self.capacity.filter(|share| *share < limits.least_capacity);
        let waited = self.account.waited_share;
        let waited = waited.filter(|share| *share > limits.most_waited);
        let stolen = self.account.stolen_share;
        let stolen = stolen.filter(|share| *share > limits.most_stolen);
        Some(Lacking::Disturbed(match (few, waited, stolen) {
            (Some(share), _, _) => {
                let there = share * self.workers as f64;
                format!("of {} cores {there:.1} were there", self.workers)
            }
            (None, Some(share), _) => {
                let share = 100.0 * share;
                format!("threads waited {share:.0} % of their time for a core")
            }
            (None, None, Some(share)) => {
                format!("a hypervisor took {:.0} % of the machine", 100.0 * share)
            }
            (None, None, None) => "a GPU was slowed down, or used by another process".into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::{cell, timed};

    const LIMITS: Limits = Limits {
        probe_s: 0.001,
        least_capacity: 0.85,
        most_waited: 0.1,
        most_stolen: 0.05,
    };

    fn seen(capacity: f64, waited: f64, stolen: f64) -> Presence {
        Presence {
            workers: 2,
            capacity: Some(capacity),
            account: Account {
                waited_share: Some(waited),
                stolen_share: Some(stolen),
                ..Account::default()
            },
            oversubscribed: None,
        }
    }

    #[test]
    fn what_was_lacking_is_said_in_words() {
        assert_eq!(seen(0.97, 0.01, 0.0).lacking(&LIMITS), None);
        let lacking = |presence: Presence| presence.lacking(&LIMITS).unwrap().to_string();
        let few = lacking(seen(0.55, 0.01, 0.0));
        assert_eq!(few, "of 2 cores 1.1 were there");
        let waiting = lacking(seen(0.97, 0.31, 0.0));
        assert_eq!(waiting, "threads waited 31 % of their time for a core");
        let stolen = lacking(seen(0.97, 0.01, 0.2));
        assert_eq!(stolen, "a hypervisor took 20 % of the machine");
        let crowded = Presence {
            oversubscribed: Some(4),
            ..seen(0.97, 0.01, 0.0)
        };
        assert!(lacking(crowded).starts_with("4 workers on "));
    }

    #[test]
    fn a_limit_that_is_only_reached_is_not_the_reason() {
        let lacking = |presence: Presence| presence.lacking(&LIMITS).unwrap().to_string();
        let waiting = lacking(seen(0.85, 0.31, 0.2));
        assert_eq!(waiting, "threads waited 31 % of their time for a core");
        let stolen = lacking(seen(0.85, 0.1, 0.2));
        assert_eq!(stolen, "a hypervisor took 20 % of the machine");
        let reached = seen(0.85, 0.1, 0.05);
        assert_eq!(reached.lacking(&LIMITS), None);
        let slowed = Presence {
            account: Account {
                gpu_slowed: Some(1.0),
                ..reached.account
            },
            ..reached
        };
        assert_eq!(
            lacking(slowed),
            "a GPU was slowed down, or used by another process"
        );
    }

    #[test]
    fn workers_without_cores_are_lacking_on_a_quiet_machine_too() {
        let crowded = Presence {
            oversubscribed: Some(4),
            ..Presence::default()
        };
        let expected = Lacking::Cores {
            workers: 4,
            cores: cores(),
        };
        assert_eq!(crowded.lacking(&LIMITS), Some(expected));
        let shown = Lacking::Cores {
            workers: 4,
            cores: 2,
        };
        assert_eq!(shown.to_string(), "4 workers on 2 cores");
    }

    fn sample(alone_s: f64) -> Sample {
        Sample {
            alone_s,
            together_s: 2.0,
        }
    }

    fn waited(share: f64) -> Account {
        Account {
            waited_share: Some(share),
            ..Account::default()
        }
    }

    #[test]
    fn of_several_probes_and_runs_the_middle_one_counts() {
        let probes = [sample(2.0), sample(1.0), sample(1.5)];
        let runs = [waited(0.5), waited(0.1), waited(0.2)];
        let expected = Presence {
            workers: 3,
            capacity: Some(0.75),
            account: waited(0.2),
            oversubscribed: None,
        };
        assert_eq!(Presence::of(3, &probes, &runs), expected);
    }

    #[test]
    fn a_flow_is_seen_in_its_own_runs_and_in_those_beside_it() {
        let measured = MeasuredWindow {
            probes: vec![sample(1.0)],
            core_probes: vec![sample(1.5)],
            accounts: vec![waited(0.1), waited(0.2)],
            baseline_accounts: vec![waited(0.6)],
            ..MeasuredWindow::default()
        };
        let of = |workers: usize, oversubscribed: bool| {
            let mut flow = timed(cell(4), &[], &[]);
            flow.cell.workers = workers;
            flow.cell.oversubscribed = oversubscribed;
            Presence::of_flow(&flow, &measured)
        };
        // One worker is a whole device, which has as many threads as there are.
        let expected = Presence {
            workers: rayon::current_num_threads().min(cores()),
            capacity: Some(0.75),
            account: waited(0.2),
            oversubscribed: None,
        };
        assert_eq!(of(1, false), expected);
        let crowded = of(cores() + 1, true);
        assert_eq!(crowded.workers, cores());
        assert_eq!(crowded.oversubscribed, Some(cores() + 1));
    }

    #[test]
    fn of_two_the_worse_counts() {
        let both = seen(0.97, 0.31, 0.0).worse(seen(0.55, 0.01, 0.2));
        assert_eq!(both, seen(0.55, 0.31, 0.2));
    }

    #[test]
    fn what_nobody_saw_lacks_nothing() {
        assert_eq!(Presence::default().lacking(&LIMITS), None);
    }
}
