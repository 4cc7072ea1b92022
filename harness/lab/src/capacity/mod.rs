//! How much of the machine was there while something was timed.
//!
//! A run on one worker and a run on W need different shares of a machine. A neighbour that holds one
//! core of two leaves the first as it is and slows the second, so timing both side by side does not
//! show it. Two things do: a [`Probe`], which does the same work on one worker and on W at once, and an
//! [`Account`] of the run: the kernel's, of how long this process's threads waited for a core, and the
//! driver's, of the [`Gpus`] that it used. What a plan allows of them are its [`Limits`].
//!
//! Nothing here says what is to be done about a busy machine; whoever reads the numbers does.

mod account;
mod gpus;
mod probe;

pub use account::{Account, Snapshot, over_runs};
pub use gpus::Gpus;
pub use probe::{Probe, Sample, ThreadWorkers, Workers, capacity};

use crate::device::cores;
use crate::plan::positive;
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::hint::black_box;

/// How much of a machine a timed run may lack before nothing is decided by its time: the key
/// `machine` of a plan.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long one half of a probe lasts at least, in seconds.
    pub probe_s: f64,
    /// The least capacity.
    pub least_capacity: f64,
    /// The largest share of their time that threads may have waited for a core.
    pub most_waited: f64,
    /// The largest share of the machine's time that a hypervisor may have given to others.
    pub most_stolen: f64,
}

impl Limits {
    /// Itself, if its numbers can be what they say.
    ///
    /// # Errors
    /// By the key of the first that cannot.
    pub fn validated(self) -> Result<Self> {
        positive("machine.probe_s", self.probe_s)?;
        for (key, share) in [
            ("least_capacity", self.least_capacity),
            ("most_waited", self.most_waited),
            ("most_stolen", self.most_stolen),
        ] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "machine.{key} is {share}, but is a share: 0 to 1"
            );
        }
        Ok(self)
    }

    /// Whether a run had less of the machine than it should have: below or above a limit, or on a GPU
    /// that heat, hardware or another process slowed down in any of the runs. `None` where nothing is
    /// known of it.
    ///
    /// ```
    /// use lab::capacity::{Account, Limits};
    /// let limits = Limits { probe_s: 0.01, least_capacity: 0.85, most_waited: 0.1, most_stolen: 0.05 };
    /// let waited = |share| Account { waited_share: Some(share), ..Account::default() };
    /// assert_eq!(limits.disturbed(Some(0.97), &waited(0.01)), Some(false));
    /// assert_eq!(limits.disturbed(Some(0.52), &waited(0.01)), Some(true));
    /// assert_eq!(limits.disturbed(None, &waited(0.3)), Some(true));
    /// assert_eq!(limits.disturbed(None, &Account::default()), None);
    /// ```
    #[must_use]
    pub fn disturbed(&self, capacity: Option<f64>, account: &Account) -> Option<bool> {
        let found = [
            capacity.map(|share| share < self.least_capacity),
            account.waited_share.map(|share| share > self.most_waited),
            account.stolen_share.map(|share| share > self.most_stolen),
            account.gpu_slowed.map(|share| share > 0.0),
            account.gpu_shared.map(|share| share > 0.0),
        ];
        found.into_iter().flatten().reduce(|a, b| a || b)
    }

    /// What to tell someone who is about to time something on this machine, if it is busy: a few
    /// probes with arithmetic alone, which share nothing but cores.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn warning(&self) -> Result<Option<String>> {
        let cores = cores();
        if cores < 2 {
            return Ok(None);
        }
        let probe = Probe::new(ThreadWorkers::new(cores, spin)?, self.probe_s)?;
        let before = Snapshot::now();
        let samples: Vec<Sample> = (0..PROBES_AT_THE_START)
            .map(|_| probe.sample())
            .collect::<Result<_>>()?;
        let account = Snapshot::now().since(&before);
        let capacity = capacity(&samples);
        // Threads of so short probes wait for one another, too, on a machine that does nothing else.
        let limits = Self {
            most_waited: self.most_waited.max(MOST_WAITED_AT_THE_START),
            ..*self
        };
        let busy = limits.disturbed(capacity, &account) == Some(true);
        Ok(busy.then(|| warning(cores, capacity, &account, account::load())))
    }
}

/// What to tell someone who is about to time something on this machine's GPUs, if others use them or
/// they are slowed down. `None` if not, and where there is no `nvidia-smi` to ask.
#[must_use]
pub fn gpu_warning() -> Option<String> {
    gpus::warning()
}

/// How many probes say whether a machine is busy before anything is timed: enough for a median that
/// one interruption does not move.
const PROBES_AT_THE_START: usize = 5;

/// The share of their time that threads of the probes at the start may wait for a core: on a quiet machine
/// of two cores it was once 0.14, beside one busy process 0.42, beside two 0.65, and of one capacity tells.
const MOST_WAITED_AT_THE_START: f64 = 0.5;

/// Makes some arithmetic that needs no memory, a linear congruential generator: what workers that share
/// nothing but cores do as fast together as one does alone.
///
/// # Errors
/// None; it has the form of what a [`Probe`] does.
pub fn spin(_: usize) -> Result<()> {
    let mut state = black_box(1_u64);
    for _ in 0..10_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
    }
    black_box(state);
    Ok(())
}

fn warning(cores: usize, capacity: Option<f64>, account: &Account, load: Option<f64>) -> String {
    let free = capacity.map_or_else(String::new, |share| {
        format!(": of {cores} cores {:.1} are free", share * cores as f64)
    });
    let mut told = Vec::new();
    if let Some(load) = load {
        told.push(format!("load {load:.1}"));
    }
    if let Some(share) = account.waited_share {
        told.push(format!("threads wait {:.0} % of their time", 100.0 * share));
    }
    if let Some(share) = account.stolen_share.filter(|share| *share > 0.0) {
        told.push(format!("{:.0} % stolen by a hypervisor", 100.0 * share));
    }
    let told = if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join(", "))
    };
    format!(
        "this machine is busy{free}{told}. Close other programs and start again; or let it run: what is \
         counted stays right, rows that were disturbed say so, and nothing is decided by their times"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        probe_s: 0.002,
        least_capacity: 0.85,
        most_waited: 0.1,
        most_stolen: 0.05,
    };

    #[test]
    fn any_one_of_capacity_waiting_and_steal_disturbs_and_pressure_alone_does_not() {
        let quiet = Account {
            waited_share: Some(0.02),
            stolen_share: Some(0.0),
            pressure: Some(0.9),
            ..Account::default()
        };
        let of = |capacity, account: Account| LIMITS.disturbed(capacity, &account);
        assert_eq!(of(Some(0.9), quiet), Some(false));
        assert_eq!(of(Some(0.84), quiet), Some(true));
        let waiting = Account {
            waited_share: Some(0.11),
            ..quiet
        };
        assert_eq!(of(Some(0.9), waiting), Some(true));
        let stolen = Account {
            stolen_share: Some(0.06),
            ..quiet
        };
        assert_eq!(of(None, stolen), Some(true));
        let only_pressure = Account {
            pressure: Some(0.9),
            ..Account::default()
        };
        assert_eq!(of(None, only_pressure), None, "it is not only of our cores");
    }

    #[test]
    fn a_gpu_that_was_slowed_down_or_shared_disturbs_and_a_lower_clock_alone_does_not() {
        let quiet = Account {
            gpu_clock: Some(0.7),
            gpu_slowed: Some(0.0),
            gpu_shared: Some(0.0),
            ..Account::default()
        };
        let of = |account: Account| LIMITS.disturbed(Some(0.98), &account);
        assert_eq!(of(quiet), Some(false));
        let hot = Account {
            gpu_slowed: Some(1.0 / 6.0),
            ..quiet
        };
        assert_eq!(of(hot), Some(true));
        let shared = Account {
            gpu_shared: Some(1.0),
            ..quiet
        };
        assert_eq!(of(shared), Some(true));
    }

    #[test]
    fn limits_that_are_no_shares_are_refused_by_their_key() {
        let refused = |limits: Limits| limits.validated().unwrap_err().to_string();
        let capacity = Limits {
            least_capacity: 85.0,
            ..LIMITS
        };
        assert!(refused(capacity).contains("machine.least_capacity"));
        let probe = Limits {
            probe_s: 0.0,
            ..LIMITS
        };
        assert!(refused(probe).contains("machine.probe_s"));
        assert_eq!(LIMITS.validated().unwrap(), LIMITS);
    }

    #[test]
    fn the_warning_says_what_is_free_and_what_to_do() {
        let account = Account {
            waited_share: Some(0.31),
            stolen_share: Some(0.0),
            ..Account::default()
        };
        let text = warning(2, Some(0.5), &account, Some(1.94));
        assert!(text.contains("of 2 cores 1.0 are free"), "{text}");
        assert!(text.contains("load 1.9, threads wait 31 %"), "{text}");
        assert!(text.contains("Close other programs"), "{text}");
        assert!(!text.contains("hypervisor"), "{text}");
        let bare = warning(2, None, &Account::default(), None);
        assert!(bare.starts_with("this machine is busy. Close"), "{bare}");
    }

    #[test]
    fn a_machine_can_be_asked_whether_it_is_busy() {
        // Whether it is depends on what else runs.
        if let Some(text) = LIMITS.warning().unwrap() {
            assert!(text.contains("busy"), "{text}");
        }
    }
}
