//! What a plan of kind `windows` says, validated.

use super::wire::WindowsForm;
use crate::capacity::Limits;
use crate::plan::{Model, Plan, Precision, Start, positive};
use anyhow::{Result, bail, ensure};
use optim::{Kinetic, Velocity, Window, WindowForm, WindowMethod};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// A window to be compared with the sequential flow, and where its gradients are computed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct PlacedWindow {
    /// `Batched` or `Devices`, also for width 1, to say on what the sequential flow runs.
    pub evaluator: EvaluatorKind,
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Rows of the surrogate that the secant method guesses by; 0 if there is none.
    #[serde(default)]
    pub surrogate_rows: usize,
    /// Whether the products of f32 are made in TF32, which GPUs have: 10 bits behind the point
    /// instead of 23.
    #[serde(default)]
    pub tf32: bool,
    /// Keys that mean nothing here.
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

impl PlacedWindow {
    /// Itself, if it can be computed with numbers of this precision.
    pub(super) fn validated(self, precision: Precision) -> Result<Self> {
        if let Some(key) = self.unknown.keys().next() {
            let mut known: Vec<&str> = WindowForm::KEYS.to_vec();
            known.extend(["evaluator", "surrogate_rows", "tf32"]);
            bail!(
                "`{key}` is no key of a window, which has {}",
                known.join(", ")
            );
        }
        ensure!(
            self.evaluator != EvaluatorKind::Sequential,
            "write `evaluator: devices` (one worker) or `evaluator: batched` (one whole device) with `window: 1` for the sequential flow"
        );
        let secant = matches!(self.window.method, WindowMethod::Secant { .. });
        ensure!(
            secant || self.surrogate_rows == 0,
            "surrogate_rows belongs to `method: secant`"
        );
        ensure!(
            precision == Precision::F32 || !self.tf32,
            "tf32 belongs to `precision: f32`"
        );
        Ok(self)
    }

    /// Whether it is the sequential flow.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        self.window.width == 1 && self.window.velocity == Velocity::Carried
    }

    /// Whether it is a window of Algorithm 5 as the paper runs it, a device for each slot.
    #[must_use]
    pub fn is_the_papers(&self) -> bool {
        !self.is_sequential()
            && self.evaluator == EvaluatorKind::Devices
            && self.window.method == WindowMethod::default()
            && self.window.velocity == Velocity::Carried
            && !self.window.across_flows
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

/// A flow's settings, and what is compared with it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSetting {
    /// What is added to the plan's seed.
    pub seed_plus: u64,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// The windows.
    pub windows: Vec<PlacedWindow>,
}

/// Which window is chosen for a data set.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The largest flow error that it may have.
    pub flow_error: f64,
}

/// What the number of gradients behind the paper's own seconds is inferred with.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Inference {
    /// Bytes of one number of the data.
    pub bytes_per_entry: f64,
    /// How fast the data may have been read; each gives a number of gradients.
    pub readings: Vec<Reading>,
}

/// A way in which a gradient may read all data.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// From where.
    pub name: String,
    /// Bytes a second.
    pub bytes_per_s: f64,
    /// How often a gradient reads it.
    pub passes: f64,
}

impl Inference {
    /// Itself, if its numbers can be what they say.
    ///
    /// # Errors
    /// By the key of the first that cannot.
    pub fn validated(self) -> Result<Self> {
        positive("inference.bytes_per_entry", self.bytes_per_entry)?;
        for (index, reading) in self.readings.iter().enumerate() {
            let key = format!("inference.readings[{index}]");
            positive(&format!("{key}.bytes_per_s"), reading.bytes_per_s)?;
            positive(&format!("{key}.passes"), reading.passes)?;
        }
        Ok(self)
    }
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
    /// Flows by data set of an untimed run of the paper's own windows, in which rounds are counted;
    /// none where there is no such run.
    pub long_flows: BTreeMap<String, usize>,
    /// The same of the data sets that are not named.
    pub other_long_flows: Option<usize>,
    /// How much of the machine a timed run may lack; older plans say nothing, and nothing is probed.
    pub machine: Option<Limits>,
    /// What is compared.
    pub windows: Vec<PlacedWindow>,
    /// What the paper calls the plots.
    pub figures: Figures,
    /// The share of the wall time below which the least time of the counted work does not bound
    /// it; older plans have none.
    pub overhead_below: Option<f64>,
    /// Other settings of the flow, each with some of the windows.
    pub variations: Vec<FlowSetting>,
    /// What the paper's own number of gradients is inferred with, where it is.
    pub inference: Option<Inference>,
    /// How the fastest window of each data set is chosen, where it is.
    pub choose: Option<Choice>,
}

impl WindowsPlan {
    /// From a plan's body.
    ///
    /// # Errors
    /// Whatever is unknown, missing or out of range, by its key.
    pub fn new(plan: &Plan) -> Result<Self> {
        plan.statistics()?;
        plan.body::<WindowsForm>()?.validated()
    }

    /// The plan's own setting, then its variations.
    #[must_use]
    pub fn settings(&self) -> Vec<FlowSetting> {
        let own = FlowSetting {
            seed_plus: 0,
            step_size: self.step_size,
            steps: self.steps,
            windows: self.windows.clone(),
        };
        [vec![own], self.variations.clone()].concat()
    }

    /// K for a data set, if the plan says it.
    #[must_use]
    pub fn flows_of(&self, dataset: &str) -> Option<usize> {
        self.flows.get(dataset).copied().or(self.other_flows)
    }

    /// Flows of the untimed run on a data set; 0 if there is none.
    #[must_use]
    pub fn long_flows_of(&self, dataset: &str) -> usize {
        let named = self.long_flows.get(dataset).copied();
        named.or(self.other_long_flows).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE2: &str = include_str!("../../../../../configs/table2.yaml");

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
        assert!(plan.windows.iter().all(|w| w.window.tolerance == 1e-3));
        assert!(
            plan.windows
                .iter()
                .any(|w| w.evaluator == EvaluatorKind::Devices
                    && w.window.width == 4
                    && w.window.method == WindowMethod::default())
        );
    }

    #[test]
    fn every_profile_of_the_plan_is_valid() {
        for profile in crate::plan::Layers::of(TABLE2)
            .unwrap()
            .summary()
            .unwrap()
            .profiles
        {
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
        let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4, method: secant, memory: [10, 20], surrogate_rows: [0, 64], across_flows: [false, true]}]";
        let plan = plan(&[grid], None).unwrap();
        assert_eq!(plan.windows.len(), 1 + 8);
        let secant = &plan.windows[1..];
        assert!(secant.iter().all(|w| w.window.method.predictor().is_none()));
        assert_eq!(secant[7].window.method, WindowMethod::secant(20));
        let without = "windows=[{evaluator: batched, window: [1, 4], method: secant}]";
        assert!(refused(&[without]).contains("memory"));
        let picard = "windows=[{evaluator: batched, window: [1, 4], memory: 10}]";
        assert!(refused(&[picard]).contains("secant"));
        let both =
            "windows=[{evaluator: batched, window: [1, 4], method: [picard, secant], memory: 10}]";
        assert!(
            refused(&[both]).contains("windows[0]"),
            "{}",
            refused(&[both])
        );
        let rows = "windows=[{evaluator: batched, window: [1, 4], surrogate_rows: 10}]";
        assert!(refused(&[rows]).contains("surrogate_rows"));
    }

    #[test]
    fn a_key_that_no_window_has_is_refused_with_those_that_it_has() {
        let misspelt = "windows=[{evaluator: batched, window: [1, 4], predicter: copy}]";
        let error = refused(&[misspelt]);
        assert!(error.contains("windows[0]"), "{error}");
        assert!(
            error.contains("`predicter`") && error.contains("predictor"),
            "{error}"
        );
    }

    #[test]
    fn a_storage_other_than_points_is_for_picard_windows_and_says_how_many_forces_exist() {
        let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: [4, 8], storage: [velocities, bf16], at_once: [1, 2]}]";
        let plan = plan(&[grid], None).unwrap();
        assert_eq!(plan.windows.len(), 1 + 2 * 2 * 2);
        let base = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4";
        let refused = |rest: &str| refused(&[&format!("{base}, {rest}}}]")]);
        assert!(refused("storage: bf16, method: secant, memory: 4").contains("picard"));
        assert!(refused("storage: bf16, across_flows: true").contains("within flows"));
        assert!(refused("at_once: 2").contains("storage"));
        assert!(refused("storage: velocities, at_once: 0").contains("at_once"));
        assert!(refused("storage: f16").contains("bf16"));
    }

    #[test]
    fn variations_are_further_settings_with_windows_of_their_own() {
        let plan = plan(
            &[
                "variations=[{step_size: 0.2}, {steps: 10, seed_plus: 7}]",
                "varied_windows=[{evaluator: batched, window: [1, 8]}]",
            ],
            None,
        )
        .unwrap();
        let settings = plan.settings();
        assert_eq!(settings.len(), 3);
        assert_eq!(settings[0].windows, plan.windows);
        assert_eq!((settings[1].step_size, settings[1].steps), (0.2, 20));
        assert_eq!((settings[2].steps, settings[2].seed_plus), (10, 7));
        assert_eq!(settings[2].windows.len(), 2);
        assert!(refused(&["variations=[{steps: 0}]"]).contains("variations[0].steps"));
    }

    #[test]
    fn a_variation_may_have_windows_of_its_own() {
        let plan = plan(
            &["variations=[{seed_plus: 3, windows: [{evaluator: batched, window: [1, 4]}]}, {seed_plus: 4}]"],
            None,
        )
        .unwrap();
        let settings = plan.settings();
        assert_eq!(settings[1].windows.len(), 2);
        assert_eq!(settings[2].windows, plan.windows);
        let lacking = "variations=[{seed_plus: 3, windows: [{evaluator: batched, window: 4}]}]";
        assert!(refused(&[lacking]).contains("variations[0].windows"));
    }

    #[test]
    fn only_the_papers_own_windows_have_a_longer_run() {
        let quick = plan(&[], None).unwrap();
        let long: Vec<&PlacedWindow> = quick.windows.iter().filter(|w| w.is_the_papers()).collect();
        let widths: Vec<usize> = long.iter().map(|w| w.window.width).collect();
        assert_eq!(widths, [2, 4]);
        assert_eq!(quick.long_flows_of("mnist"), 200);
        assert!(refused(&["long_flows={other: 1}"]).contains("long_flows.other"));
        let short = plan(&[], Some("short")).unwrap();
        assert_eq!(short.long_flows_of("mnist"), 0);
    }

    #[test]
    fn the_default_profile_is_long_enough_to_decide_and_the_short_one_decides_nothing() {
        let head = |profile| Plan::from_yaml(TABLE2, &[], profile).unwrap();
        let quick = plan(&[], None).unwrap();
        let least = |name: &str| if name == "mnist" { 10 } else { 20 };
        let long_enough = |name: &String| quick.flows_of(name) >= Some(least(name));
        assert!(quick.datasets.iter().all(long_enough) && quick.repeats >= 6);
        assert!(head(None).profile.verdicts && !head(Some("short")).profile.verdicts);
    }

    #[test]
    fn a_data_set_asked_for_twice_is_run_once() {
        let only = ["usps".into(), "a8a".into(), "usps".into()];
        let plan = crate::plan::Layers::of(TABLE2).unwrap().only(&only).plan();
        assert_eq!(
            WindowsPlan::new(&plan.unwrap()).unwrap().datasets,
            ["usps", "a8a"]
        );
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_the_key_that_says_so() {
        assert!(refused(&["flow.steps=0"]).contains("flow.steps"));
        assert!(refused(&["flow.step_size=-1"]).contains("flow.step_size"));
        assert!(refused(&["flow.kinetic_energy=l3"]).contains("half-l2-squared"));
        assert!(refused(&["tolerance=-1"]).contains("tolerance"));
        assert!(refused(&["overhead_below=25"]).contains("overhead_below"));
        assert!(refused(&["machine.least_capacity=85"]).contains("machine.least_capacity"));
        assert!(refused(&["inference.bytes_per_entry=0"]).contains("inference.bytes_per_entry"));
        assert!(refused(&["statistics.confidence=95"]).contains("confidence"));
        assert!(refused(&["flows={a8a: 0, other: 1}"]).contains("flows.a8a"));
        assert!(refused(&["windows=[{evaluator: batched, window: 4}]"]).contains("window: 1"));
        assert!(refused(&["windows=[{evaluator: batched, window: 0}]"]).contains("window"));
    }
}
