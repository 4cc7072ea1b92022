//! The instructions: how many a gradient or a flow takes on one thread, counted by valgrind where there is one, so
//! that no noise reaches them.
//!
//! Valgrind runs this program again with a hidden flag. That one does each work once to warm up and once between
//! two calls of `boundary`, at which valgrind writes what it has counted since the last.

use super::baseline::{Baseline, CountedFlow, CountedGradient, Origin, RecordedInstructions};
use super::setup::Lab;
use anyhow::{Context, Result, bail, ensure};
use datasets::Dataset;
use lab::environment::Environment;
use optim::{Kinetic, Method, Recurrence, Window, WindowedDescent, WindowedRecurrence};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// What the counts came to.
#[derive(Clone, Debug)]
pub struct InstructionReport {
    /// Each, in the order of the baseline; then those that are recorded and were not counted.
    pub counts: Vec<InstructionCount>,
    /// What they belong to: compiler, build, valgrind and the processor that it stands in for.
    pub kind: String,
    /// When those of that kind were recorded, if they were.
    pub since: Option<Origin>,
    /// Why nothing was counted, if nothing was.
    pub missing: Option<String>,
}

/// How many instructions something takes, as counted and as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct InstructionCount {
    /// Its name.
    pub name: String,
    /// As counted; `None` if it is in no list any more.
    pub now: Option<u64>,
    /// What is recorded of it for this kind.
    pub recorded: Option<u64>,
    /// The most that it may be.
    pub most: Option<u64>,
}

impl InstructionCount {
    /// Whether it takes more than it may, is not recorded, or is recorded and not counted.
    #[must_use]
    pub fn failed(&self) -> bool {
        match (self.now, self.most) {
            (Some(now), Some(most)) => now > most,
            _ => true,
        }
    }

    /// By what share it moved.
    #[must_use]
    pub fn by(&self) -> Option<f64> {
        Some(self.now? as f64 / self.recorded? as f64 - 1.0)
    }
}

impl InstructionReport {
    /// Whether anything takes more instructions than it may, or is not recorded though this kind is, or none is.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.not_judged().is_none() && self.counts.iter().any(InstructionCount::failed)
    }

    /// Why none of them is judged, if so.
    #[must_use]
    pub fn not_judged(&self) -> Option<String> {
        if let Some(missing) = &self.missing {
            return Some(missing.clone());
        }
        self.since
            .is_none()
            .then(|| format!("none are recorded for {}", self.kind))
    }

    /// What to record.
    ///
    /// # Errors
    /// If nothing was counted.
    pub fn recorded(&self, origin: Origin) -> Result<RecordedInstructions> {
        if let Some(missing) = &self.missing {
            bail!("no instructions were counted, and that is nothing to record: {missing}");
        }
        let count = |count: &InstructionCount| Some((count.name.clone(), count.now?));
        Ok(RecordedInstructions {
            origin,
            counts: self.counts.iter().filter_map(count).collect(),
        })
    }
}

/// Counts what the baseline lists and sets what is recorded beside it.
pub(super) fn run(baseline: &Baseline) -> Result<InstructionReport> {
    let (kind, found) = by_valgrind(baseline.path())?;
    let recorded = baseline.recorded.instructions.get(&kind);
    Ok(beside_recorded(
        baseline.instructions.leeway,
        kind,
        found,
        recorded,
    ))
}

/// What was counted beside what is recorded of the same kind.
fn beside_recorded(
    leeway: f64,
    kind: String,
    found: Result<BTreeMap<String, u64>, String>,
    recorded: Option<&RecordedInstructions>,
) -> InstructionReport {
    let (found, missing) = match found {
        Ok(found) => (found, None),
        Err(why) => (BTreeMap::new(), Some(why)),
    };
    let known = |name: &str| recorded.and_then(|r| r.counts.get(name)).copied();
    let most = |count: u64| (count as f64 * (1.0 + leeway)) as u64;
    let mut counts: Vec<InstructionCount> = found
        .into_iter()
        .map(|(name, now)| InstructionCount {
            now: Some(now),
            recorded: known(&name),
            most: known(&name).map(most),
            name,
        })
        .collect();
    for (name, count) in recorded.iter().flat_map(|recorded| &recorded.counts) {
        if counts.iter().all(|other| other.name != *name) {
            counts.push(InstructionCount {
                name: name.clone(),
                now: None,
                recorded: Some(*count),
                most: Some(most(*count)),
            });
        }
    }
    InstructionReport {
        counts,
        kind,
        since: recorded.map(|recorded| recorded.origin.clone()),
        missing,
    }
}

/// What valgrind is called.
const VALGRIND: &str = "valgrind";

/// By name what was counted, or why nothing could be; and what it belongs to.
type CountedByValgrind = (String, Result<BTreeMap<String, u64>, String>);

fn by_valgrind(baseline: &Path) -> Result<CountedByValgrind> {
    let version = match Command::new(VALGRIND).arg("--version").output() {
        Ok(said) if said.status.success() => {
            String::from_utf8_lossy(&said.stdout).trim().to_owned()
        }
        Ok(_) => {
            return Ok((
                String::new(),
                Err("valgrind does not say its version".into()),
            ));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok((String::new(), Err("there is no valgrind here".into())));
        }
        Err(error) => return Ok((String::new(), Err(format!("valgrind: {error}")))),
    };
    let folder = tempfile::tempdir().context("making a folder for what valgrind counts")?;
    let program = std::env::current_exe().context("finding this program")?;
    let out = folder.path().join("counted");
    let child = Command::new(VALGRIND)
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg("--dump-before=*instructions*boundary*")
        .arg(program)
        .args([
            "regress",
            "--only",
            "instructions",
            "--counted",
            "--baseline",
        ])
        .arg(baseline)
        .env("RAYON_NUM_THREADS", "1")
        .env("POLARS_MAX_THREADS", "1")
        .output()
        .context("starting valgrind")?;
    let said = String::from_utf8_lossy(&child.stdout);
    let mut lines = said.lines();
    if !child.status.success() {
        let error = String::from_utf8_lossy(&child.stderr);
        let last = error.lines().rev().find(|line| !line.starts_with("=="));
        let why = format!(
            "under valgrind {}: {}",
            child.status,
            last.unwrap_or("it said nothing")
        );
        return Ok((version, Err(why)));
    }
    let sets = lines.next().context("the counted program said nothing")?;
    let here = Environment::current();
    let kind = format!("{}, {}, {version}, {sets}", here.rustc, here.build_profile);
    let mut found = BTreeMap::new();
    for (index, name) in lines.enumerate() {
        // The first part is what came before the first work; each work is followed by what came between.
        let part = folder.path().join(format!("counted.{}", 2 * (index + 1)));
        let text = std::fs::read_to_string(&part)
            .with_context(|| format!("reading what valgrind counted of {name}"))?;
        let twice = found.insert(name.to_owned(), total(&text)?);
        ensure!(twice.is_none(), "two works are both called `{name}`");
    }
    Ok((kind, Ok(found)))
}

/// The instructions of all threads in a part that callgrind wrote.
fn total(part: &str) -> Result<u64> {
    let totals = part.lines().find_map(|line| line.strip_prefix("totals: "));
    let totals = totals.context("valgrind wrote a part without totals")?;
    totals
        .trim()
        .parse()
        .with_context(|| format!("valgrind counted {totals}"))
}

/// Where valgrind writes what it has counted. It has to be called, so that it is seen.
#[inline(never)]
fn boundary() {
    black_box(());
}

/// Does everything that is counted, each once between two boundaries, and prints what the processor can and then
/// their names in that order: what valgrind runs.
///
/// # Errors
/// If a data set, kernel or window cannot be had.
pub fn counted(baseline: &Baseline, lab: &Lab) -> Result<Vec<String>> {
    let mut said = vec![lab.processor.instructions.join(" ")];
    let mut count = |name: &str, work: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        work().with_context(|| name.to_owned())?;
        boundary();
        work()?;
        boundary();
        said.push(name.to_owned());
        Ok(())
    };
    // Under valgrind it takes seconds to make one.
    let mut datasets = BTreeMap::new();
    let mut data = |name: &str| -> Result<Dataset> {
        if !datasets.contains_key(name) {
            datasets.insert(name.to_owned(), lab.dataset(name)?);
        }
        Ok(datasets[name].clone())
    };
    for gradient in &baseline.instructions.gradients {
        let CountedGradient {
            name,
            dataset,
            precision,
            kernel,
            points,
        } = gradient;
        let data = data(dataset)?;
        let potential = lab.potential(&data, *precision, *kernel)?;
        let points = lab.points(&data, &*potential, *points, *precision)?;
        count(name, &mut || {
            black_box(potential.gradients(&points)?);
            Ok(())
        })?;
    }
    for flow in &baseline.instructions.flows {
        let CountedFlow {
            name,
            dataset,
            precision,
            step_size,
            steps,
            window,
        } = flow;
        let data = data(dataset)?;
        let potential = lab.potential(&data, *precision, optim::Kernel::Auto)?;
        let start = lab.points(&data, &*potential, 1, *precision)?.get(0)?;
        let flow = WindowedRecurrence {
            recurrence: Recurrence::new(Kinetic::HalfL2Squared, *step_size, *steps),
            window: Window::try_from(window.clone())?,
        };
        count(name, &mut || {
            let mut method = WindowedDescent::new(potential.clone(), flow, start.clone());
            method.advance()?;
            Ok(())
        })?;
    }
    Ok(said)
}

#[cfg(test)]
mod tests;
