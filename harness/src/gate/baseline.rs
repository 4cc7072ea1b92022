//! The baseline: one YAML file with what is run, by which rules it is judged, and what was recorded.
//!
//! The file ends with the key `recorded`. What stands above it is written by people and kept byte
//! for byte; what stands below is the program's.

use super::record;
use anyhow::{Context, Result, ensure};
use datasets::Registry;
use lab::capacity::Limits;
use lab::files::replace;
use lab::plan::{OneOrMany, Precision, Statistics, named};
use optim::{Kernel, WindowForm};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A baseline, read and validated.
pub struct Baseline {
    path: PathBuf,
    /// What people wrote.
    head: String,
    /// The generated data sets that the plans are about.
    pub registry: Registry,
    /// The root seed of every draw.
    pub seed: u64,
    /// How intervals of ratios are made.
    pub statistics: Statistics,
    /// How much of the machine may be lacking where something is timed.
    pub machine: Limits,
    /// The exact tier.
    pub exact: Exact,
    /// The ratios.
    pub ratios: Ratios,
    /// What instructions are counted of.
    pub instructions: Instructions,
    /// What was found when it was last updated.
    pub recorded: Recorded,
}

/// What of the exact tier is written by people.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {
    /// Significant digits of a loss that have to agree.
    pub digits: usize,
    /// Plans of windows by name, without a plan's head.
    pub plans: BTreeMap<String, Mapping>,
}

/// What of the ratios is written by people.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratios {
    /// The bound that is recorded, as a share of the median that was measured.
    pub bound_share: f64,
    /// Plans of windows by name, and which of their flows are compared.
    #[serde(default)]
    pub flows: BTreeMap<String, FlowRatios>,
    /// Gradients by two kernels.
    #[serde(default)]
    pub kernels: Vec<KernelRatio>,
}

/// A timed plan and what is compared of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowRatios {
    /// Without a plan's head.
    pub plan: Mapping,
    /// Which of its flows.
    pub compare: Vec<FlowRatio>,
}

/// How many times faster one flow of a plan is than another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowRatio {
    /// The ratio's name.
    pub name: String,
    /// The flow that is to be the faster, as [`Lab`](super::Lab) names it.
    pub of: String,
    /// The other.
    pub over: String,
    /// In place of the share that all ratios have.
    pub bound_share: Option<f64>,
    /// By data set, what it may not lie below on a kind of processor that has no bound recorded.
    #[serde(default)]
    pub elsewhere: BTreeMap<String, f64>,
}

/// How many times faster one kernel computes gradients than another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelRatio {
    /// The ratio's name.
    pub name: String,
    /// On which data set, or on each of which.
    pub dataset: OneOrMany<String>,
    /// Element type.
    pub precision: Precision,
    /// The kernel that is to be the faster.
    #[serde(with = "named")]
    pub of: Kernel,
    /// The other.
    #[serde(with = "named")]
    pub over: Kernel,
    /// At how many points at once.
    pub points: usize,
    /// How often both are timed.
    pub pairs: usize,
    /// Gradients of all points in each timing.
    pub calls: usize,
    /// In place of the share that all ratios have.
    pub bound_share: Option<f64>,
    /// By data set, what it may not lie below on a kind of processor that has no bound recorded.
    #[serde(default)]
    pub elsewhere: BTreeMap<String, f64>,
}

/// What of the counted instructions is written by people.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// By what share a count may rise.
    pub leeway: f64,
    /// Gradients.
    #[serde(default)]
    pub gradients: Vec<CountedGradient>,
    /// Flows in a window.
    #[serde(default)]
    pub flows: Vec<CountedFlow>,
}

/// Gradients of which the instructions are counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedGradient {
    /// What it is called.
    pub name: String,
    /// On which data set.
    pub dataset: String,
    /// Element type.
    pub precision: Precision,
    /// By which kernel.
    #[serde(with = "named")]
    pub kernel: Kernel,
    /// At how many points at once.
    pub points: usize,
}

/// A flow in a window of which the instructions are counted, gradients included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedFlow {
    /// What it is called.
    pub name: String,
    /// On which data set.
    pub dataset: String,
    /// Element type.
    pub precision: Precision,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// In which window.
    pub window: WindowForm,
}

/// What was found when the baseline was last updated.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// By the exact tier.
    pub exact: Option<RecordedExact>,
    /// By the ratios, on each kind of processor that they were recorded on.
    #[serde(default)]
    pub ratios: BTreeMap<String, RecordedRatios>,
    /// By the instructions, for each compiler, build, valgrind and processor.
    #[serde(default)]
    pub instructions: BTreeMap<String, RecordedInstructions>,
}

/// When and where something was recorded.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Origin {
    /// The commit that the program was built from; `-changed` when its tree differed from it.
    pub commit: String,
    /// The day, in UTC.
    pub date: String,
    /// Processor, cores and build.
    pub machine: String,
}

/// What the exact tier found.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct RecordedExact {
    /// When.
    pub origin: Origin,
    /// What identifies the numbers of each data set.
    pub data: BTreeMap<String, String>,
    /// The flows by plan and name.
    pub flows: BTreeMap<String, BTreeMap<String, Values>>,
}

/// What has to be as recorded of a flow; each list has an element for every outer iteration.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// complete, or how it ended.
    pub status: String,
    /// Rounds of gradients.
    pub rounds: Vec<u64>,
    /// Gradients asked for.
    pub requested: Vec<u64>,
    /// Gradients computed.
    pub distinct: Vec<u64>,
    /// Gradients of the surrogate.
    pub surrogate: Vec<u64>,
    /// How far the window moved in each round.
    pub strides: Vec<Vec<usize>>,
    /// Training loss after each, to the baseline's digits.
    pub losses: Vec<f64>,
}

/// What the ratios were on a kind of processor.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct RecordedRatios {
    /// When.
    pub origin: Origin,
    /// Each by its name.
    pub ratios: BTreeMap<String, RecordedRatio>,
}

/// A ratio as it was, and the bound that follows.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RecordedRatio {
    /// What the whole interval may not lie below.
    pub bound: f64,
    /// The median of the paired ratios.
    pub median: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How many instructions something took.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct RecordedInstructions {
    /// When.
    pub origin: Origin,
    /// Each by its name.
    pub counts: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineForm {
    /// For plans to merge what they share from.
    #[serde(rename = "shared")]
    _shared: Option<IgnoredAny>,
    seed: u64,
    statistics: Statistics,
    registry: Mapping,
    machine: Limits,
    exact: Exact,
    ratios: Ratios,
    #[serde(default)]
    instructions: Instructions,
    #[serde(default)]
    recorded: Option<Recorded>,
}

/// The key of what the program writes, at the beginning of a line.
const RECORDED: &str = "recorded:";

impl Baseline {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If there is none, or something in it is unknown, missing or out of range, by its key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = datasets::yaml::read(path)
            .with_context(|| format!("reading the baseline {}", path.display()))?;
        Self::parse(path, &text).with_context(|| format!("the baseline {}", path.display()))
    }

    /// From the text of the file at `path`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let wire: BaselineForm = datasets::yaml::load(text)?;
        ensure!(
            (1..=15).contains(&wire.exact.digits),
            "exact.digits is {}, but lies from 1 to 15",
            wire.exact.digits
        );
        wire.ratios.validated()?;
        wire.instructions.validated()?;
        Ok(Self {
            path: path.to_owned(),
            head: above_recorded(text)?,
            registry: Registry::from_yaml(&serde_yaml::to_string(&wire.registry)?)
                .context("registry")?,
            seed: wire.seed,
            statistics: wire.statistics.validated()?,
            machine: wire.machine.validated()?,
            exact: wire.exact,
            ratios: wire.ratios,
            instructions: wire.instructions,
            recorded: wire.recorded.unwrap_or_default(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces what is recorded, in the file too; what people wrote there stays as it is.
    ///
    /// # Errors
    /// If the file cannot be written; it is then as it was.
    pub fn update(&mut self, recorded: Recorded) -> Result<()> {
        let text = format!("{}{}", self.head, record::text(&recorded)?);
        let again = Self::parse(&self.path, &text).context("the updated baseline")?;
        ensure!(
            again.recorded == recorded,
            "the updated baseline would not read as what was recorded"
        );
        replace(&self.path, text.as_bytes())
            .with_context(|| format!("writing the baseline {}", self.path.display()))?;
        self.recorded = recorded;
        Ok(())
    }
}

impl Ratios {
    fn validated(&self) -> Result<()> {
        let flows = self.flows.values().flat_map(|flows| &flows.compare);
        let own = flows
            .map(|ratio| ratio.bound_share)
            .chain(self.kernels.iter().map(|ratio| ratio.bound_share));
        for share in own.flatten().chain([self.bound_share]) {
            ensure!(
                share > 0.0 && share < 1.0,
                "bound_share is {share}, but lies between 0 and 1: a bound is below what was measured"
            );
        }
        let flows = self.flows.values().flat_map(|flows| &flows.compare);
        let floors = flows
            .map(|ratio| &ratio.elsewhere)
            .chain(self.kernels.iter().map(|ratio| &ratio.elsewhere));
        for (dataset, floor) in floors.flatten() {
            ensure!(
                *floor > 0.0 && floor.is_finite(),
                "elsewhere.{dataset} is {floor}, but is a ratio that another processor reaches"
            );
        }
        for ratio in &self.kernels {
            ensure!(
                ratio.points > 0 && ratio.pairs > 0 && ratio.calls > 0,
                "points, pairs and calls of the ratio `{}` are each at least 1",
                ratio.name
            );
        }
        Ok(())
    }
}

impl Instructions {
    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gradients.is_empty() && self.flows.is_empty()
    }

    fn validated(&self) -> Result<()> {
        ensure!(
            (0.0..1.0).contains(&self.leeway),
            "instructions.leeway is {}, but lies from 0 to 1",
            self.leeway
        );
        for gradient in &self.gradients {
            ensure!(
                gradient.points > 0,
                "points of the counted gradient `{}` is at least 1",
                gradient.name
            );
        }
        Ok(())
    }
}

/// The text up to the line that begins with `recorded:`, which has to be the last key.
fn above_recorded(text: &str) -> Result<String> {
    let mut head = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with(RECORDED) {
            break;
        }
        head.push_str(line);
    }
    if !head.ends_with('\n') {
        head.push('\n');
    }
    let keys = |text: &str| -> Result<Vec<Value>> {
        let map: Mapping = serde_yaml::from_str(text)?;
        Ok(map.keys().cloned().collect())
    };
    let mut all = keys(text)?;
    all.retain(|key| key.as_str() != Some(RECORDED.trim_end_matches(':')));
    ensure!(
        keys(&head).is_ok_and(|above| above == all),
        "`{RECORDED}` has to be its last key, as what stands below is rewritten"
    );
    Ok(head)
}

#[cfg(test)]
mod tests;
