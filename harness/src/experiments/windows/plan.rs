//! What a plan of kind `windows` says: as it is written, and validated.

use crate::plan::{Model, OneOrMany, Plan, Precision, Start, non_negative, positive};
use anyhow::{Context, Result, bail, ensure};
use optim::{Kinetic, Predictor, Velocity, WindowMethod};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Which evaluator a window of the plan asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum EvaluatorKind {
    /// One point after the other: what `devices` and `batched` are with a window of 1.
    Sequential,
    /// One whole device, all points in one product.
    Batched,
    /// One worker per slot of the window.
    Devices,
}

impl EvaluatorKind {
    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Batched => "batched",
            Self::Devices => "devices",
        }
    }
}

/// One window to be compared with the sequential flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where its gradients are computed: `Batched` or `Devices`, also for width 1, to say on what
    /// the sequential flow runs.
    pub evaluator: EvaluatorKind,
    /// W.
    pub width: usize,
    /// How forces become points.
    pub method: WindowMethod,
    /// With which velocity a window starts.
    pub velocity: Velocity,
    /// What new slots hold.
    pub predictor: Predictor,
    /// τ.
    pub tolerance: f64,
    /// M, of the secant method; else 0.
    pub memory: usize,
    /// Rows of the surrogate that the secant method guesses by; 0 if there is none.
    pub surrogate_rows: usize,
    /// Whether windows reach across flows.
    pub across_flows: bool,
}

impl Window {
    /// Whether it is the sequential flow.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        self.width == 1 && self.velocity == Velocity::Carried
    }
}

/// Names of the plots, as the paper has them; they begin the files' names. A plot without a name
/// is not drawn.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Of test accuracy.
    pub test_accuracy: Option<String>,
    /// Of training loss.
    pub train_loss: Option<String>,
    /// Of the depth speedup against the window, for plans with many windows.
    pub depth: Option<String>,
}

/// When a measured figure counts as the paper's.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct VerdictRule {
    /// The share by which a figure may fall short.
    pub relative_tolerance: f64,
}

/// A validated plan of windows.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowsPlan {
    /// Element type.
    pub precision: Precision,
    /// The model.
    pub model: Model,
    /// The starting point.
    pub start: Start,
    /// φ, one or several.
    pub kinetic: Vec<Kinetic>,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// Data sets, in order.
    pub datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    pub splits: BTreeMap<String, String>,
    /// K by data set.
    pub flows: BTreeMap<String, usize>,
    /// K of the data sets that are not named.
    pub other_flows: Option<usize>,
    /// Timed runs of each cell; 0 if rounds and gradients are counted and nothing is timed.
    pub repeats: usize,
    /// Flows run before the clock starts.
    pub warmup_flows: usize,
    /// What is compared.
    pub windows: Vec<Window>,
    /// What the paper calls the plots.
    pub figures: Figures,
    /// When a figure counts as the paper's.
    pub verdict: VerdictRule,
    /// The share of the wall time below which the least time of the counted work does not bound
    /// it; older plans have none.
    pub overhead_below: Option<f64>,
}

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    precision: Precision,
    problem: Model,
    start: Start,
    flow: FlowSettings,
    tolerance: f64,
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    flows: BTreeMap<String, usize>,
    repeats: usize,
    warmup_flows: usize,
    windows: Vec<WindowSettings>,
    #[serde(default)]
    figures: Figures,
    verdict: VerdictRule,
    overhead_below: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowSettings {
    kinetic_energy: OneOrMany<String>,
    step_size: f64,
    steps: usize,
}

/// Each value may be a list: every combination is then a window.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowSettings {
    evaluator: EvaluatorKind,
    window: OneOrMany<usize>,
    method: Option<OneOrMany<String>>,
    velocity: Option<OneOrMany<String>>,
    predictor: Option<OneOrMany<String>>,
    tolerance: Option<OneOrMany<f64>>,
    /// Of the secant method, which has to have one.
    memory: Option<OneOrMany<usize>>,
    /// Of the secant method.
    surrogate_rows: Option<OneOrMany<usize>>,
    across_flows: Option<OneOrMany<bool>>,
}

/// The key of `flows` that stands for every data set not named.
const OTHER: &str = "other";

impl WindowsPlan {
    /// From a plan's body.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        plan.body::<Wire>()?.validated()
    }

    /// K for a data set, if the plan says it.
    #[must_use]
    pub fn flows_of(&self, dataset: &str) -> Option<usize> {
        self.flows.get(dataset).copied().or(self.other_flows)
    }
}

impl Wire {
    fn validated(self) -> Result<WindowsPlan> {
        positive("flow.step_size", self.flow.step_size)?;
        non_negative("problem.l2", self.problem.l2)?;
        ensure!(
            self.flow.steps >= 1,
            "flow.steps is 0, but a flow has at least 1 step"
        );
        ensure!(
            (0.0..1.0).contains(&self.verdict.relative_tolerance),
            "verdict.relative_tolerance is {}, but is a share below 1",
            self.verdict.relative_tolerance
        );
        if let Some(share) = self.overhead_below {
            ensure!(
                (0.0..=1.0).contains(&share),
                "overhead_below is {share}, but is a share of the wall time"
            );
        }
        ensure!(!self.datasets.is_empty(), "datasets is empty");
        let windows = self.windows()?;
        let mut flows = self.flows;
        let other_flows = flows.remove(OTHER);
        for dataset in &self.datasets {
            ensure!(
                flows.contains_key(dataset) || other_flows.is_some(),
                "flows has neither `{dataset}` nor `{OTHER}`: --set flows.{dataset}=10 says K for it"
            );
        }
        ensure!(
            other_flows != Some(0),
            "flows.{OTHER} is 0, but a run has at least 1 flow"
        );
        if let Some((dataset, _)) = flows.iter().find(|(_, count)| **count == 0) {
            bail!("flows.{dataset} is 0, but a run has at least 1 flow");
        }
        let kinetic = self.flow.kinetic_energy.all();
        let kinetic: Vec<Kinetic> = kinetic
            .iter()
            .map(|name| name.parse().context("flow.kinetic_energy"))
            .collect::<Result<_>>()?;
        ensure!(!kinetic.is_empty(), "flow.kinetic_energy is empty");
        Ok(WindowsPlan {
            windows,
            kinetic,
            precision: self.precision,
            model: self.problem,
            start: self.start.validated()?,
            step_size: self.flow.step_size,
            steps: self.flow.steps,
            datasets: self.datasets,
            splits: self.splits,
            flows,
            other_flows,
            repeats: self.repeats,
            warmup_flows: self.warmup_flows,
            figures: self.figures,
            verdict: self.verdict,
            overhead_below: self.overhead_below,
        })
    }

    fn windows(&self) -> Result<Vec<Window>> {
        ensure!(
            !self.windows.is_empty(),
            "windows is empty: there is nothing to compare"
        );
        let mut windows: Vec<Window> = Vec::new();
        for (i, settings) in self.windows.iter().enumerate() {
            let expanded = self
                .expanded(settings)
                .with_context(|| format!("windows[{i}]"))?;
            // A sequential flow has no tolerance or predictor: of a grid's many, one is enough.
            for window in expanded {
                let same = |w: &Window| {
                    *w == window
                        || (w.is_sequential()
                            && window.is_sequential()
                            && w.evaluator == window.evaluator)
                };
                if !windows.iter().any(same) {
                    windows.push(window);
                }
            }
        }
        for window in &windows {
            let baseline = |w: &Window| w.evaluator == window.evaluator && w.is_sequential();
            if !windows.iter().any(baseline) {
                let name = window.evaluator.name();
                bail!(
                    "windows has `evaluator: {name}` but not {{evaluator: {name}, window: 1}}, the sequential flow that it is compared with"
                );
            }
        }
        Ok(windows)
    }

    fn expanded(&self, wire: &WindowSettings) -> Result<Vec<Window>> {
        if wire.evaluator == EvaluatorKind::Sequential {
            bail!(
                "write `evaluator: devices` (one worker) or `evaluator: batched` (one whole device) with `window: 1` for the sequential flow"
            );
        }
        let tolerances = wire
            .tolerance
            .as_ref()
            .map_or(vec![self.tolerance], OneOrMany::all);
        for &tolerance in &tolerances {
            non_negative("tolerance", tolerance)?;
        }
        let across = wire.across_flows.as_ref();
        let across = across.map_or(vec![false], OneOrMany::all);
        let methods = named::<WindowMethod>(wire.method.as_ref())?;
        let mut windows = Vec::new();
        for width in wire.window.all() {
            ensure!(width >= 1, "window is 0, but a window has at least 1 slot");
            for velocity in named::<Velocity>(wire.velocity.as_ref())? {
                for &method in &methods {
                    for (predictor, memory, surrogate_rows) in wire.guesses(method, &methods)? {
                        for &tolerance in &tolerances {
                            windows.extend(across.iter().map(|&across_flows| Window {
                                evaluator: wire.evaluator,
                                width,
                                method,
                                velocity,
                                predictor,
                                tolerance,
                                memory,
                                surrogate_rows,
                                across_flows,
                            }));
                        }
                    }
                }
            }
        }
        Ok(windows)
    }
}

impl WindowSettings {
    /// Every predictor, memory and surrogate that a method of a grid is combined with.
    fn guesses(
        &self,
        method: WindowMethod,
        all: &[WindowMethod],
    ) -> Result<Vec<(Predictor, usize, usize)>> {
        let predictors = named::<Predictor>(self.predictor.as_ref())?;
        if method == WindowMethod::Picard {
            ensure!(
                all.contains(&WindowMethod::Secant)
                    || (self.memory.is_none() && self.surrogate_rows.is_none()),
                "memory and surrogate_rows belong to `method: secant`"
            );
            // In a grid of both methods, the model is the secant method's.
            let of_picard = predictors.into_iter().filter(|p| *p != Predictor::Model);
            return Ok(of_picard.map(|predictor| (predictor, 0, 0)).collect());
        }
        let Some(memory) = &self.memory else {
            bail!("`method: secant` needs `memory`, of how many forces it makes its model");
        };
        let surrogates = self.surrogate_rows.as_ref();
        let surrogates = surrogates.map_or(vec![0], OneOrMany::all);
        let predictors = match (&self.predictor, all.contains(&WindowMethod::Picard)) {
            (Some(_), false) => predictors,
            // Its own, where the grid's are those of Picard iteration.
            _ => vec![Predictor::Model],
        };
        let mut guesses = Vec::new();
        for predictor in predictors {
            for &memory in &memory.all() {
                guesses.extend(surrogates.iter().map(|&rows| (predictor, memory, rows)));
            }
        }
        Ok(guesses)
    }
}

/// Names as values; the default where there are none.
fn named<T>(names: Option<&OneOrMany<String>>) -> Result<Vec<T>>
where
    T: FromStr<Err: Display + Send + Sync + std::error::Error + 'static> + Default,
{
    let Some(names) = names else {
        return Ok(vec![T::default()]);
    };
    let parse = |name: &String| name.parse::<T>().map_err(anyhow::Error::new);
    names.all().iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE2: &str = include_str!("../../../../configs/table2.yaml");

    fn plan(settings: &[&str], profile: Option<&str>) -> Result<WindowsPlan> {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        WindowsPlan::new(&Plan::from_yaml(TABLE2, &settings, profile)?)
    }

    fn refused(settings: &[&str]) -> String {
        format!("{:#}", plan(settings, None).unwrap_err())
    }

    #[test]
    fn the_plan_of_table_2_has_the_papers_numbers() {
        let plan = plan(&[], None).unwrap();
        assert_eq!((plan.step_size, plan.steps), (0.1, 20));
        assert_eq!(plan.kinetic, [Kinetic::HalfL2Squared]);
        assert_eq!(plan.datasets, ["a8a", "a9a", "mnist", "usps"]);
        assert!(plan.windows.iter().all(|w| w.tolerance == 1e-3));
        assert!(
            plan.windows
                .iter()
                .any(|w| w.evaluator == EvaluatorKind::Devices
                    && w.width == 4
                    && w.predictor == Predictor::Copy)
        );
    }

    #[test]
    fn every_profile_of_the_plan_is_valid() {
        for profile in Plan::summary(TABLE2).unwrap().profiles {
            let plan = plan(&[], Some(&profile.name)).unwrap();
            assert!(plan.datasets.iter().all(|d| plan.flows_of(d).is_some()));
        }
    }

    #[test]
    fn lists_are_every_combination_but_one_sequential_flow() {
        let grid = "windows=[{evaluator: batched, window: [1, 2, 4], predictor: [copy, linear-force], tolerance: [0.1, 0.01]}]";
        let plan = plan(&[grid], None).unwrap();
        assert_eq!(plan.windows.len(), 1 + 2 * 2 * 2);
    }

    #[test]
    fn a_secant_window_has_a_memory_and_predicts_by_its_model() {
        let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4, method: [picard, secant], predictor: [copy, linear-force], memory: [10, 20], surrogate_rows: [0, 64], across_flows: [false, true]}]";
        let plan = plan(&[grid], None).unwrap();
        let secant: Vec<&Window> = plan
            .windows
            .iter()
            .filter(|w| w.method == WindowMethod::Secant)
            .collect();
        assert_eq!((secant.len(), plan.windows.len()), (8, 1 + 4 + 8));
        assert!(secant.iter().all(|w| w.predictor == Predictor::Model));
        let without = "windows=[{evaluator: batched, window: [1, 4], method: secant}]";
        assert!(refused(&[without]).contains("memory"));
        let picard = "windows=[{evaluator: batched, window: [1, 4], memory: 10}]";
        assert!(refused(&[picard]).contains("secant"));
    }

    #[test]
    fn a_data_set_asked_for_twice_is_run_once() {
        let mut plan = Plan::from_yaml(TABLE2, &[], None).unwrap();
        plan.only(&["usps".into(), "a8a".into(), "usps".into()])
            .unwrap();
        assert_eq!(WindowsPlan::new(&plan).unwrap().datasets, ["usps", "a8a"]);
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_the_key_that_says_so() {
        assert!(refused(&["flow.steps=0"]).contains("flow.steps"));
        assert!(refused(&["flow.step_size=-1"]).contains("flow.step_size"));
        assert!(refused(&["flow.kinetic_energy=l3"]).contains("half-l2-squared"));
        assert!(refused(&["tolerance=-1"]).contains("tolerance"));
        assert!(refused(&["overhead_below=25"]).contains("overhead_below"));
        assert!(refused(&["statistics.confidence=95"]).contains("confidence"));
        assert!(refused(&["flows={a8a: 0, other: 1}"]).contains("flows.a8a"));
        assert!(refused(&["windows=[{evaluator: batched, window: 4}]"]).contains("window: 1"));
        assert!(refused(&["windows=[{evaluator: batched, window: 0}]"]).contains("window"));
    }
}
