//! A window to be measured, and what is measured of it.

use super::plan::{EvaluatorKind, FlowSetting, PlacedWindow, WindowsPlan};
use crate::capacity::{Account, Sample};
use crate::device::Placement;
use crate::experiments::Held;
use crate::plan::{LinearFit, Loss, Model, Precision, Start, named};
use crate::rates::floor::Work;
use optim::{Kinetic, RoundTimes, Window, WindowForm};
use serde::{Deserialize, Serialize};

/// Everything that a measurement depends on, besides the machine and the program.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct WindowCell {
    /// Data set.
    pub dataset: String,
    /// Its split.
    pub split: String,
    /// real or surrogate.
    pub data_source: String,
    /// What identifies the data's numbers.
    pub data_digest: String,
    /// The root seed.
    pub seed: u64,
    /// Element type.
    pub precision: Precision,
    /// The loss.
    #[serde(default, skip_serializing_if = "Loss::is_default")]
    pub loss: Loss,
    /// The model.
    pub model: Model,
    /// The starting point.
    pub start: Start,
    /// φ.
    #[serde(with = "named")]
    pub kinetic: Kinetic,
    /// θ.
    pub step_size: f64,
    /// S.
    pub steps: usize,
    /// K.
    pub flows: usize,
    /// cpu or cuda.
    pub backend: String,
    /// The placement's label.
    pub devices: String,
    /// How many workers compute gradients.
    pub workers: usize,
    /// Whether there are more workers than cores.
    pub oversubscribed: bool,
    /// What evaluates.
    pub evaluator: EvaluatorKind,
    /// What the sequential flow it is compared with runs on: `Devices` (one worker) or `Batched`
    /// (one whole device).
    pub group: EvaluatorKind,
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Rows of the surrogate; 0 if there is none.
    #[serde(default)]
    pub surrogate_rows: usize,
    /// Whether products are made in TF32.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
    /// Timed runs.
    pub repeats: usize,
    /// Flows before the clock starts.
    pub warmup_flows: usize,
    /// How long half a probe of the machine lasts at least, in seconds; `None` if none is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_s: Option<f64>,
    /// Flows of a longer run, of which rounds are counted and nothing is timed; 0 if there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub long_flows: usize,
}

/// What no plan asks for is not written down.
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What of a cell depends on the data set and the devices rather than on the plan.
pub struct CellPlace<'a> {
    /// Data set.
    pub dataset: &'a datasets::Dataset,
    /// cpu or cuda.
    pub backend: &'a str,
    /// What it runs on.
    pub placement: &'a Placement,
    /// K.
    pub flows: usize,
}

impl WindowCell {
    /// The cell of one window of a plan.
    #[must_use]
    pub fn new(
        seed: u64,
        plan: &WindowsPlan,
        (setting, kinetic): (&FlowSetting, Kinetic),
        placed: &PlacedWindow,
        place: &CellPlace<'_>,
    ) -> Self {
        let sequential = placed.is_sequential();
        Self {
            dataset: place.dataset.name.clone(),
            split: place.dataset.split.clone(),
            data_source: place.dataset.source.to_string(),
            data_digest: place.dataset.digest(),
            seed,
            precision: plan.precision,
            loss: plan.fit.loss,
            model: plan.fit.model,
            start: plan.start,
            kinetic,
            step_size: setting.step_size,
            steps: setting.steps,
            flows: place.flows,
            backend: place.backend.to_owned(),
            devices: place.placement.label.clone(),
            workers: place.placement.devices.len(),
            oversubscribed: place.placement.oversubscribed,
            evaluator: if sequential {
                EvaluatorKind::Sequential
            } else {
                placed.evaluator
            },
            group: placed.evaluator,
            window: placed.window,
            // There are no more than there are.
            surrogate_rows: placed.surrogate_rows.min(place.dataset.train.len()),
            tf32: placed.tf32 && !sequential,
            repeats: plan.repeats,
            warmup_flows: plan.warmup_flows,
            // Where nothing is timed, it does not matter who else is there.
            probe_s: plan.machine.filter(|_| plan.repeats > 0).map(|m| m.probe_s),
            long_flows: match placed.is_the_papers() {
                true => plan.long_flows_of(&place.dataset.name),
                false => 0,
            },
        }
    }

    /// What is fitted.
    #[must_use]
    pub fn fit(&self) -> LinearFit {
        LinearFit {
            loss: self.loss,
            model: self.model,
        }
    }

    /// The same flow with all slots of its window in one product on one whole device.
    #[must_use]
    pub fn on_one_device(&self) -> Self {
        Self {
            evaluator: EvaluatorKind::Batched,
            group: EvaluatorKind::Batched,
            ..self.clone()
        }
    }

    /// Whether two cells of one data set are compared with the same sequential flow.
    #[must_use]
    pub fn same_flow(&self, other: &Self) -> bool {
        let of = |cell: &Self| (cell.group, cell.kinetic, cell.seed, cell.steps);
        of(self) == of(other) && self.step_size.to_bits() == other.step_size.to_bits()
    }

    /// Whether it is a sequential flow, the baseline of its group.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        self.evaluator == EvaluatorKind::Sequential
    }

    /// How the flow is computed, for tables and legends.
    #[must_use]
    pub fn method(&self) -> String {
        let form = WindowForm::from(self.window);
        method(self.evaluator.name(), &form, self.surrogate_rows, self.tf32)
    }

    /// A short description for people: `usps W=4 copy on cpu:4`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {} on {}", self.dataset, self.method(), self.devices)
    }
}

/// `sequential`, `W=4 linear-force`, `batched W=2 secant M=10 across m=64`: how a flow is computed.
pub(super) fn method(
    evaluator: &str,
    form: &WindowForm,
    surrogate_rows: usize,
    tf32: bool,
) -> String {
    let guess = guess(form, surrogate_rows, tf32);
    match evaluator {
        "sequential" => "sequential".into(),
        "batched" => format!("batched W={} {guess}", form.window),
        _ => format!("W={} {guess}", form.window),
    }
}

/// `secant M=10 across m=64`: how a window guesses gradients and fills slots, M its memory, m its
/// surrogate's rows.
pub(super) fn guess(form: &WindowForm, surrogate_rows: usize, tf32: bool) -> String {
    let mut guess = form.guess();
    if surrogate_rows > 0 {
        guess.push_str(&format!(" m={surrogate_rows}"));
    }
    if tf32 {
        guess.push_str(" tf32");
    }
    guess
}

/// Raw measurements of a cell.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct MeasuredWindow {
    /// After each flow.
    pub flows: Vec<FlowRecord>,
    /// Relative distance of the end point from the sequential flow's, where that is a number.
    pub flow_error: Option<f64>,
    /// Seconds of each flow of each timed run.
    pub wall_s: Vec<Vec<f64>>,
    /// The same of the sequential run timed next to it.
    pub baseline_wall_s: Vec<Vec<f64>>,
    /// Gradients of one sequential run.
    pub baseline_gradients: u64,
    /// Seconds of one round whose gradients cost nothing.
    pub round_overhead_s: f64,
    /// What computed the gradients; journals of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// What a flow holds in memory at most; journals of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The gradients' work, counted; journals of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// A probe after each timed run, where the cell has one: the same gradient on one worker and on
    /// all that there are cores or devices for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Sample>,
    /// The same with arithmetic, which shares nothing but cores; none where workers are other devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub core_probes: Vec<Sample>,
    /// What the kernel and the GPUs' driver say of each timed run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
    /// The same of the sequential run timed next to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline_accounts: Vec<Account>,
    /// Rounds of each flow of the longer run, where the cell has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_rounds: Vec<u64>,
    /// Where the time of all its rounds went on rank 0, where several ranks computed gradients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_times: Option<RoundTimes>,
    /// How often its timed runs were interrupted, and gone on with by another process.
    #[serde(default, skip_serializing_if = "is_none")]
    pub interrupted: u64,
}

fn is_none(times: &u64) -> bool {
    *times == 0
}

impl MeasuredWindow {
    /// The probes that say whether every worker had a core or a device of its own: on a CPU those with
    /// arithmetic, since gradients on cores also share memory, on a quiet machine as on a busy one.
    #[must_use]
    pub fn of_workers(&self) -> &[Sample] {
        match self.core_probes.is_empty() {
            true => &self.probes,
            false => &self.core_probes,
        }
    }
}

/// One flow of a cell's method.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct FlowRecord {
    /// Rounds of this flow.
    pub rounds: u64,
    /// Gradients asked for.
    pub requested: u64,
    /// Gradients computed.
    pub distinct: u64,
    /// Gradients of the surrogate.
    #[serde(default)]
    pub surrogate: u64,
    /// How far the window moved in each round.
    pub strides: Vec<usize>,
    /// Loss on the training rows after it, with its penalty.
    pub train_loss: f64,
    /// Share of test rows classified rightly after it, where classes are predicted.
    pub test_accuracy: Option<f64>,
}
