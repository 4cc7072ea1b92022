//! The kernel's own account: how long threads waited for a core, what a hypervisor took, pressure.
//!
//! All of it is read from `/proc`, which Linux has and others lack; what is not there is not known, and
//! no error. `schedstat` is documented in the kernel's `Documentation/scheduler/sched-stats.rst`,
//! pressure in `Documentation/accounting/psi.rst`, and `/proc/stat` in proc(5).

use super::gpus::Gpus;
use rows::statistics::median;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// What the kernel says at one time.
#[derive(Clone, Debug)]
pub struct Snapshot {
    at: Instant,
    threads: BTreeMap<u64, Thread>,
    ticks: Option<Ticks>,
    pressure_us: Option<f64>,
}

/// What one thread has done since it was started, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Thread {
    ran: u64,
    /// Ready to run, and waiting for a core.
    waited: u64,
}

/// What the machine's cores have done since it was started, in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    all: u64,
    /// What a hypervisor gave to others while this machine had work.
    stolen: u64,
}

/// What happened between two snapshots, as far as it is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Account {
    /// Of the time in which the threads of the process could have run, the share in which they waited for
    /// a core. Threads that had ended by then are not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_share: Option<f64>,
    /// Of the time of the machine's cores, the share that a hypervisor gave to other machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen_share: Option<f64>,
    /// Of the wall time, the share in which some thread of the machine, of whatever process, waited
    /// for a core. In a container it may be that of the whole host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<f64>,
    /// The clock of the slowest of the GPUs used, as a share of its highest, right after the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_clock: Option<f64>,
    /// Of the runs, the share after which heat, hardware or a power brake held a GPU's clock down: 0
    /// or 1 of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_slowed: Option<f64>,
    /// Of the runs, the share after which another process was on one of the GPUs: 0 or 1 of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_shared: Option<f64>,
}

impl Account {
    /// With how the GPUs of the run are now.
    #[must_use]
    pub fn with(self, gpus: &Gpus) -> Self {
        let state = gpus.state();
        let of_one = |is: Option<bool>| is.map(|is| f64::from(u8::from(is)));
        Self {
            gpu_clock: state.clock,
            gpu_slowed: of_one(state.slowed),
            gpu_shared: of_one(state.shared),
            ..self
        }
    }

    /// The worse of two, each number by itself.
    #[must_use]
    pub fn worse(&self, other: &Self) -> Self {
        let of = |of: fn(&Self) -> Option<f64>, worse: fn(f64, f64) -> f64| {
            of(self).into_iter().chain(of(other)).reduce(worse)
        };
        Self {
            waited_share: of(|a| a.waited_share, f64::max),
            stolen_share: of(|a| a.stolen_share, f64::max),
            pressure: of(|a| a.pressure, f64::max),
            gpu_clock: of(|a| a.gpu_clock, f64::min),
            gpu_slowed: of(|a| a.gpu_slowed, f64::max),
            gpu_shared: of(|a| a.gpu_shared, f64::max),
        }
    }
}

impl Snapshot {
    /// What the kernel says now.
    #[must_use]
    pub fn now() -> Self {
        Self::of(Path::new("/proc"), "self")
    }

    /// What the kernel says now of the threads of another process.
    #[must_use]
    pub fn of_process(id: u32) -> Self {
        Self::of(Path::new("/proc"), &id.to_string())
    }

    fn of(proc: &Path, process: &str) -> Self {
        let read = |name: &str| std::fs::read_to_string(proc.join(name)).ok();
        Self {
            at: Instant::now(),
            threads: threads(&proc.join(process).join("task")),
            ticks: read("stat").and_then(|text| ticks(&text)),
            pressure_us: read("pressure/cpu").and_then(|text| pressure_us(&text)),
        }
    }

    /// What happened since an earlier snapshot.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Account {
        let (mut ran, mut waited) = (0, 0);
        for (id, now) in &self.threads {
            let before = earlier.threads.get(id).copied().unwrap_or_default();
            ran += now.ran.saturating_sub(before.ran);
            waited += now.waited.saturating_sub(before.waited);
        }
        let stolen_share = self.ticks.zip(earlier.ticks).and_then(|(now, before)| {
            let stolen = now.stolen.saturating_sub(before.stolen);
            share(stolen as f64, now.all.saturating_sub(before.all) as f64)
        });
        let pressure = self.pressure_us.zip(earlier.pressure_us);
        let wall_us = 1e6 * self.at.saturating_duration_since(earlier.at).as_secs_f64();
        Account {
            waited_share: share(waited as f64, (ran + waited) as f64),
            stolen_share,
            pressure: pressure.and_then(|(now, before)| share(now - before, wall_us)),
            ..Account::default()
        }
    }
}

/// `None` of nothing; at most 1, which clocks that are not read at once may miss by a little.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole).clamp(0.0, 1.0))
}

/// One account of several runs: of each share the median, of what is 0 or 1 in a run how often it was 1.
#[must_use]
pub fn over_runs(accounts: &[Account]) -> Account {
    let all =
        |of: fn(&Account) -> Option<f64>| -> Vec<f64> { accounts.iter().filter_map(of).collect() };
    let middle = |of| median(&all(of));
    let often = |of| {
        let ones = all(of);
        share(ones.iter().sum(), ones.len() as f64)
    };
    Account {
        waited_share: middle(|a| a.waited_share),
        stolen_share: middle(|a| a.stolen_share),
        pressure: middle(|a| a.pressure),
        gpu_clock: middle(|a| a.gpu_clock),
        gpu_slowed: often(|a| a.gpu_slowed),
        gpu_shared: often(|a| a.gpu_shared),
    }
}

/// The number of threads that could run, on average over the last minute; `None` where no `/proc`
/// says it.
pub(super) fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn threads(tasks: &Path) -> BTreeMap<u64, Thread> {
    let Ok(listed) = std::fs::read_dir(tasks) else {
        return BTreeMap::new();
    };
    let of = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
        Some((id, thread(&text)?))
    };
    listed.flatten().filter_map(of).collect()
}

/// Nanoseconds on a core, nanoseconds waiting for one, and how often it got one.
fn thread(text: &str) -> Option<Thread> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Thread {
        ran: next()?,
        waited: next()?,
    })
}

/// The line of all cores: user, nice, system, idle, iowait, irq, softirq, steal; what comes after, the
/// time of guests, is in the first two already.
fn ticks(text: &str) -> Option<Ticks> {
    let line = text.lines().find(|line| line.starts_with("cpu "))?;
    let numbers: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    Some(Ticks {
        all: numbers.iter().sum(),
        stolen: *numbers.get(7)?,
    })
}

/// Microseconds in which some thread waited, since the machine was started.
fn pressure_us(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    let total = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("total="))?;
    total.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A `/proc` of one's own.
    fn snapshot(threads: &[(u64, &str)], stat: &str, pressure: &str) -> Snapshot {
        let proc = tempfile::tempdir().unwrap();
        for (id, text) in threads {
            let folder = proc.path().join(format!("self/task/{id}"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("schedstat"), text).unwrap();
        }
        std::fs::create_dir_all(proc.path().join("pressure")).unwrap();
        std::fs::write(proc.path().join("stat"), stat).unwrap();
        std::fs::write(proc.path().join("pressure/cpu"), pressure).unwrap();
        Snapshot::of(proc.path(), "self")
    }

    const STAT: &str = "cpu  100 0 50 800 10 0 0 40 7 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 1\n";
    const PRESSURE: &str =
        "some avg10=1.01 avg60=3.28 avg300=3.84 total=5000\nfull avg10=0.00 total=9\n";

    #[test]
    fn shares_are_of_what_happened_between_two_snapshots() {
        let before = snapshot(&[(7, "1000 100 3\n"), (8, "50 50 1\n")], STAT, PRESSURE);
        let mut after = snapshot(
            // The one thread goes on, the other has ended, a third is new.
            &[(7, "1600 300 9\n"), (9, "100 100 2\n")],
            "cpu  160 0 60 820 10 0 0 50 7 0\n",
            "some avg10=9.00 avg60=3.28 avg300=3.84 total=255000\n",
        );
        after.at = before.at + Duration::from_secs(1);
        let account = after.since(&before);
        assert_eq!(account.waited_share, Some(300.0 / 1000.0));
        // 60 + 10 + 20 + 10 ticks, 10 of them stolen.
        assert_eq!(account.stolen_share, Some(0.1));
        assert_eq!(account.pressure, Some(0.25));
    }

    #[test]
    fn what_the_kernel_does_not_say_is_not_known_and_no_error() {
        let empty = tempfile::tempdir().unwrap();
        let nothing = Snapshot::of(empty.path(), "self");
        assert_eq!(nothing.since(&nothing), Account::default());
        let odd = snapshot(&[(7, "no numbers")], "cpu  1 2 3\n", "some avg10=1.0\n");
        assert_eq!(odd.since(&odd), Account::default());
        let same = snapshot(&[(7, "5 5 1")], STAT, PRESSURE);
        let idle = same.since(&same);
        assert_eq!(idle.waited_share, None, "no time, no share of it");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_seen_to_run() {
        let before = Snapshot::now();
        if before.threads.is_empty() {
            // A kernel without schedstat.
            return;
        }
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {
            std::hint::black_box(0);
        }
        let after = Snapshot::now();
        // Other tests' threads come and go; this one is in both.
        let since = |(id, now): (&u64, &Thread)| {
            let then = before.threads.get(id)?;
            Some(now.ran + now.waited - then.ran - then.waited)
        };
        let longest = after.threads.iter().filter_map(since).max().unwrap();
        assert!(longest >= 10_000_000, "{longest} ns");
        let waited = after.since(&before).waited_share.unwrap();
        assert!((0.0..=1.0).contains(&waited), "{waited}");
    }

    #[test]
    fn every_share_has_a_median_of_its_own_and_what_happens_or_not_is_counted() {
        let account = |waited, stolen| Account {
            waited_share: Some(waited),
            stolen_share: stolen,
            gpu_clock: Some(1.0 - waited),
            gpu_slowed: stolen.map(|_| 1.0).or(Some(0.0)),
            ..Account::default()
        };
        let all = [
            account(0.1, None),
            account(0.3, Some(0.5)),
            account(0.2, None),
        ];
        let middle = over_runs(&all);
        assert_eq!(
            (middle.waited_share, middle.stolen_share),
            (Some(0.2), Some(0.5))
        );
        assert_eq!(middle.gpu_clock, Some(0.8));
        assert_eq!(middle.gpu_slowed, Some(1.0 / 3.0));
        assert_eq!(middle.gpu_shared, None);
        assert_eq!(over_runs(&[]), Account::default());
    }
}
