//! A plan of kind `parallel` as it is written, and what makes it valid.

use super::plan::{ParallelPart, ParallelPlan, ParallelProblem, PlacedSteps};
use super::setting::NetworkProblem;
use crate::experiments::descent::plan::Contestant;
use crate::experiments::descent::{DescentProblem, MethodForm, methods_without};
use crate::experiments::identity::repeated;
use crate::experiments::windows::plan::EvaluatorKind;
use crate::experiments::windows::{WindowKeys, placed};
use crate::plan::{Precision, Start, combinations};
use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_yaml::Mapping;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParallelForm {
    /// The element type that is computed in.
    #[serde(default = "single")]
    precision: Precision,
    /// What is minimised.
    problem: DescentProblem,
    /// Where runs start.
    #[serde(default = "at_zeros")]
    start: Start,
    /// How many starting points.
    #[serde(default = "one")]
    starts: u64,
    /// How many steps each run takes at most; it ends where its target is reached.
    steps: usize,
    /// How many steps lie between two looks at the value, off the clock.
    #[serde(default = "ten")]
    every: usize,
    /// Along how many steps it is measured how fast nearby trajectories part; 0 measures nothing.
    #[serde(default)]
    exponent_steps: usize,
    /// τ of windows that say none: by how much of what their `relative_to` says a point may change and has converged.
    tolerance: f64,
    /// The value to be reached, by data set, or by ackley, quadratic and matrix-sensing.
    #[serde(default)]
    targets: BTreeMap<String, f64>,
    /// How often each run is timed; 0 counts and times nothing.
    #[serde(default)]
    repeats: usize,
    /// The data sets of logistic problems.
    #[serde(default)]
    datasets: Vec<String>,
    /// The split of each data set that does not use its default.
    #[serde(default)]
    splits: BTreeMap<String, String>,
    /// What is compared; each step size of a list is run, and each method is shown with its best too.
    #[schemars(schema_with = "methods_without")]
    methods: Vec<MethodForm>,
    /// In what windows the steps of each method are computed that takes one gradient a step.
    #[schemars(with = "Vec<WindowKeys>")]
    windows: Vec<Mapping>,
    /// More problems, or the same with other targets, each with what is said otherwise of it.
    #[serde(default)]
    parts: Vec<ParallelPartForm>,
    /// What has to be said about it all.
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ParallelPartForm {
    /// Its name in rows.
    name: String,
    /// What is minimised, if not what the plan says.
    problem: Option<DescentProblem>,
    /// A network whose loss is minimised by stochastic gradients, in place of a problem.
    network: Option<NetworkProblem>,
    /// Where runs start, if not as the plan says.
    start: Option<Start>,
    /// How many starting points, if not as many as the plan says.
    starts: Option<u64>,
    /// How many steps each run takes at most, if not as many as the plan says.
    steps: Option<usize>,
    /// How many steps lie between two looks, if not as many as the plan says.
    every: Option<usize>,
    /// Along how many steps it is measured how fast nearby trajectories part, if not as many as the plan says; of a
    /// network it is not measured.
    exponent_steps: Option<usize>,
    /// The values to be reached, if not those of the plan.
    targets: Option<BTreeMap<String, f64>>,
    /// How often each run is timed, if not as often as the plan says.
    repeats: Option<usize>,
    /// What is compared, if not the plan's methods.
    #[schemars(schema_with = "methods_without")]
    methods: Option<Vec<MethodForm>>,
    /// In what windows, if not the plan's.
    #[schemars(with = "Option<Vec<WindowKeys>>")]
    windows: Option<Vec<Mapping>>,
}

impl ParallelPartForm {
    /// The plan's own problem, of which all is as the plan says.
    fn whole() -> Self {
        Self {
            name: String::new(),
            problem: None,
            network: None,
            start: None,
            starts: None,
            steps: None,
            every: None,
            exponent_steps: None,
            targets: None,
            repeats: None,
            methods: None,
            windows: None,
        }
    }
}

fn single() -> Precision {
    Precision::F32
}

fn at_zeros() -> Start {
    Start::Zeros
}

fn one() -> u64 {
    1
}

fn ten() -> usize {
    10
}

impl ParallelForm {
    pub(super) fn validated(self) -> Result<ParallelPlan> {
        if let Some(name) = repeated(&self.parts.iter().map(|part| &part.name).collect::<Vec<_>>())
        {
            bail!("parts: two are named `{name}`");
        }
        let whole = ParallelPartForm::whole();
        let forms = std::iter::once(&whole).chain(&self.parts);
        let parts = forms.map(|form| {
            let part = self.part(form);
            match form.name.as_str() {
                "" => part,
                name => part.with_context(|| format!("part {name}")),
            }
        });
        let parts: Vec<ParallelPart> = parts.collect::<Result<_>>()?;
        let needs_data = parts.iter().any(|part| part.problem.needs_rows());
        ensure!(
            needs_data != self.datasets.is_empty(),
            "datasets is for logistic problems, and there has to be one for them"
        );
        if let Some(name) = repeated(&self.datasets) {
            bail!("datasets: two are named `{name}`");
        }
        Ok(ParallelPlan {
            precision: self.precision,
            datasets: self.datasets,
            splits: self.splits,
            parts,
            notes: self.notes,
        })
    }

    /// What a part minimises.
    fn problem(&self, form: &ParallelPartForm) -> Result<ParallelProblem> {
        Ok(match (&form.network, form.problem) {
            (Some(_), Some(_)) => bail!("has a problem and a network, but is about one of them"),
            (Some(network), None) => ParallelProblem::Network(network.validated()?),
            (None, own) => ParallelProblem::Potential(own.unwrap_or(self.problem).validated()?),
        })
    }

    fn part(&self, form: &ParallelPartForm) -> Result<ParallelPart> {
        let problem = self.problem(form)?;
        let network = matches!(problem, ParallelProblem::Network(_));
        let methods = form.methods.as_ref().unwrap_or(&self.methods);
        let methods = methods.iter().map(|method| {
            let contestant = method.contestant();
            let contestant = contestant.with_context(|| format!("method {}", method.name()))?;
            ensure!(
                !contestant.tuned && contestant.readings.is_empty(),
                "method {}: the best of every list is shown, `tune` and `readings` are not for this kind",
                contestant.name
            );
            Ok(contestant)
        });
        let methods: Vec<_> = methods.collect::<Result<_>>()?;
        ensure!(
            !methods.is_empty(),
            "methods is empty: there is nothing to compare"
        );
        let names: Vec<&String> = methods.iter().map(|method| &method.name).collect();
        if let Some(name) = repeated(&names) {
            bail!("methods: two are named `{name}`");
        }
        let recurs = |method: &Contestant| method.variants.iter().all(|v| v.recurrence().is_some());
        if let Some(other) = methods.iter().find(|method| network && !recurs(method)) {
            bail!(
                "method {}: a network is trained by a method that takes one gradient a step",
                other.name
            );
        }
        let targets = form.targets.as_ref().unwrap_or(&self.targets);
        if let Some((name, target)) = targets.iter().find(|(_, target)| !target.is_finite()) {
            bail!("targets.{name} is {target}, but has to be a number");
        }
        let exponents = form.exponent_steps.unwrap_or(match network {
            true => 0,
            false => self.exponent_steps,
        });
        ensure!(
            !network || exponents == 0,
            "exponent_steps is {exponents}, but is not measured of a network, whose gradient is another one at every step"
        );
        let periods = methods.iter().flat_map(|method| &method.variants);
        let longest = periods.filter_map(|spec| spec.recurrence()?.period());
        let least = 2 * longest.max().unwrap_or(1);
        ensure!(
            exponents == 0 || exponents >= least,
            "exponent_steps is {exponents}, but is 0 or at least {least}, twice the longest flow: growth is measured over the second \
             half, in whole flows"
        );
        let part = ParallelPart {
            name: form.name.clone(),
            problem,
            start: form.start.unwrap_or(self.start).validated()?,
            starts: form.starts.unwrap_or(self.starts),
            steps: form.steps.unwrap_or(self.steps),
            every: form.every.unwrap_or(self.every),
            exponent_steps: exponents,
            repeats: form.repeats.unwrap_or(self.repeats),
            targets: targets.clone(),
            methods,
            windows: self.windows(form.windows.as_ref().unwrap_or(&self.windows))?,
        };
        ensure!(part.starts >= 1, "starts is 0, but a run starts somewhere");
        ensure!(
            part.every >= 1 && part.every <= part.steps,
            "every is {}, but lies between 1 and steps ({})",
            part.every,
            part.steps
        );
        let drawn_anew = network
            || matches!(
                part.problem,
                ParallelProblem::Potential(DescentProblem::MatrixSensing { .. })
            );
        ensure!(
            part.starts == 1 || part.start != Start::Zeros || drawn_anew,
            "starts is {}, but with `start: {{distribution: zeros}}` all runs are the same one: write starts: 1, or a start that is drawn",
            part.starts
        );
        Ok(part)
    }

    fn windows(&self, written: &[Mapping]) -> Result<Vec<PlacedSteps>> {
        let mut all: Vec<PlacedSteps> = Vec::new();
        for (i, written) in written.iter().enumerate() {
            let mut written = written.clone();
            let tolerance = written.entry("tolerance".into());
            tolerance.or_insert(self.tolerance.into());
            for one in combinations(&written)? {
                let placed =
                    placed(one, self.precision).with_context(|| format!("windows[{i}]"))?;
                ensure!(
                    placed.surrogate_rows == 0 && !placed.tf32,
                    "windows[{i}]: surrogate_rows and tf32 are for plans of kind windows"
                );
                let placed = PlacedSteps {
                    evaluator: placed.evaluator,
                    window: placed.window,
                };
                let one = |p: &PlacedSteps| p.window.width == 1 && p.evaluator == placed.evaluator;
                let known =
                    all.contains(&placed) || (placed.window.width == 1 && all.iter().any(one));
                if !known {
                    all.push(placed);
                }
            }
        }
        let baseline =
            |p: &PlacedSteps| p.window.width == 1 && p.evaluator == EvaluatorKind::Batched;
        ensure!(
            all.iter().any(baseline),
            "windows has no {{evaluator: batched, window: 1}}, the steps one after the other that all are compared with"
        );
        Ok(all)
    }
}
