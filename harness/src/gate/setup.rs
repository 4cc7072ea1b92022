//! Where the gate measures: a machine, generated data, and flows run as `reproduce` runs them.

use super::baseline::Baseline;
use super::{Presence, Processor};
use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use datasets::{DataPolicy, Dataset, Library, LibraryOptions};
use lab::capacity::Limits;
use lab::device::Machine;
use lab::experiments::windows::Windows;
use lab::experiments::windows::bench::Through;
use lab::experiments::windows::cell::{MeasuredWindow, WindowCell};
use lab::experiments::{Bench, Data, Experiment, Need, Unit};
use lab::journal::Outcome;
use lab::plan::{Layers, LinearFit, Loss, Model, Plan, Precision, Scale, Start, Statistics};
use lab::progress::{DataBar, RunBar};
use lab::regression::{Regression, starting_point};
use lab::seed::Seeds;
use optim::{Kernel, Potential};
use serde_yaml::{Mapping, Value};
use std::sync::Arc;

/// A machine and generated data.
pub struct Lab {
    pub(super) machine: Machine,
    pub(super) through: Option<Through>,
    /// In place of what is seen of the machine.
    pub(super) seen: Option<Presence>,
    pub(super) processor: Processor,
    pub(super) limits: Limits,
    pub(super) seeds: Seeds,
    seed: u64,
    statistics: Statistics,
    library: Library,
}

/// A flow of a plan, and what came of it.
pub(super) struct FoundFlow {
    pub cell: WindowCell,
    pub outcome: Outcome<MeasuredWindow>,
}

impl Lab {
    /// For a baseline, on the CPU.
    ///
    /// # Errors
    /// If there is no such device.
    pub fn new(baseline: &Baseline) -> Result<Self> {
        let seeds = Seeds::new(baseline.seed);
        let options = LibraryOptions {
            policy: DataPolicy::Surrogate,
            offline: true,
            surrogate_seed: seeds.key(&["surrogate"]),
            ..LibraryOptions::default()
        };
        Ok(Self {
            machine: Machine::open("cpu".parse()?)?,
            through: None,
            seen: None,
            processor: Processor::here(),
            limits: baseline.machine,
            seeds,
            seed: baseline.seed,
            statistics: baseline.statistics,
            library: Library::new(baseline.registry.clone(), options),
        })
    }

    /// The same lab, the potentials of windows and of the first of two kernels reached through
    /// something: for tests, which slow them down.
    #[must_use]
    pub fn through(self, through: Through) -> Self {
        Self {
            through: Some(through),
            ..self
        }
    }

    /// The same lab, where this is what is seen of the machine whenever something is timed: for
    /// tests, which cannot make a machine busy or idle.
    #[must_use]
    pub fn seeing(self, seen: Presence) -> Self {
        Self {
            seen: Some(seen),
            ..self
        }
    }

    /// The same lab on another kind of processor: for tests.
    #[must_use]
    pub fn on(self, processor: Processor) -> Self {
        Self { processor, ..self }
    }

    /// A generated data set.
    pub(super) fn dataset(&self, name: &str) -> Result<Dataset> {
        Ok(self.library.load(name, None, &DataBar::default())?)
    }

    /// A data set's potential, computed by a kernel.
    pub(super) fn potential(
        &self,
        data: &Dataset,
        precision: Precision,
        kernel: Kernel,
    ) -> Result<Arc<dyn Potential>> {
        let fit = LinearFit {
            loss: Loss::Logistic,
            model: Model {
                bias: false,
                l2: 0.0,
                kernel,
            },
        };
        let of = Regression::new(data, fit, precision, self.machine.home())?;
        Ok(of.train)
    }

    /// So many random points of a potential, `[points, D]`.
    pub(super) fn points(
        &self,
        data: &Dataset,
        of: &dyn Potential,
        points: usize,
        precision: Precision,
    ) -> Result<Tensor> {
        let start = Start::Uniform {
            scale: Scale::InverseSqrtFeatures,
        };
        let mut stream = self.seeds.stream(&["kernels", &data.name]);
        let shape = (points, of.dimension());
        let points: Vec<f64> = (0..points)
            .flat_map(|_| starting_point(start, data.features, shape.1, &mut stream))
            .collect();
        let points = Tensor::from_vec(points, shape, self.machine.home())?;
        Ok(points.to_dtype(precision.dtype())?)
    }

    /// Runs all flows of a plan, which has no head; answers with them in the order of its cells.
    pub(super) fn flows(&self, name: &str, body: &Mapping) -> Result<Vec<FoundFlow>> {
        let plan = self.plan(name, body)?;
        let mut windows = Windows::new(&plan)?.through(self.through.clone());
        let needs = windows.needs();
        let load = |need: &Need| self.dataset(need.dataset()).map(Data::Rows);
        let data: Vec<Data> = needs.iter().map(load).collect::<Result<_>>()?;
        let units = windows.units(&self.machine, &data)?;
        let effort = |unit: &Unit<WindowCell>| {
            windows.effort(&unit.cells, unit.data.map(|index| &data[index]))
        };
        let efforts: Vec<_> = units.iter().map(effort).collect();
        let bar = RunBar::new(efforts.iter().map(|e| e.steps * e.weight).sum());
        let mut found = Vec::new();
        for (unit, effort) in units.into_iter().zip(efforts) {
            bar.steps_count(effort.weight);
            let around = Bench {
                machine: &self.machine,
                data: unit.data.map(|index| &data[index]),
                watch: &bar,
                keep: &|_| None,
                ended: &|_, _| Ok(()),
            };
            let outcomes = windows.measure(&around, &unit.cells)?;
            for (cell, outcome) in unit.cells.into_iter().zip(outcomes) {
                let cell = cell.settings;
                found.push(FoundFlow { cell, outcome });
            }
        }
        bar.finish();
        told_apart(&found)?;
        Ok(found)
    }

    /// A plan with a head of the gate's own.
    fn plan(&self, name: &str, body: &Mapping) -> Result<Plan> {
        let head = serde_yaml::to_value(serde_json::json!({
            "target": name,
            "experiment": "windows",
            "title": "regression gate",
            "source": "",
            "seed": self.seed,
            "statistics": self.statistics,
            "machine": self.limits,
            "default_profile": "gate",
            "profiles": {"gate": {"what": "the gate", "verdicts": false}},
        }))?;
        let Value::Mapping(mut whole) = head else {
            anyhow::bail!("a plan's head is a mapping")
        };
        for (key, value) in body {
            ensure!(
                !whole.contains_key(key),
                "a plan of the baseline has no head: leave {key:?} out"
            );
            whole.insert(key.clone(), value.clone());
        }
        Layers::from(whole).plan().context("not a plan")
    }
}

impl FoundFlow {
    /// What distinguishes it from the other flows of its plan on the same data.
    pub fn name(&self) -> String {
        name(&self.cell)
    }

    /// The same with data set and kinetic energy.
    pub fn full_name(&self) -> String {
        format!(
            "{} {}, {}",
            self.cell.dataset,
            self.cell.kinetic,
            self.name()
        )
    }
}

/// Refuses flows of which two have the same name.
fn told_apart(found: &[FoundFlow]) -> Result<()> {
    let mut names: Vec<String> = found.iter().map(FoundFlow::full_name).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let twice = &twice[0];
        anyhow::bail!(
            "two flows are both called `{twice}`: a name says neither a tolerance nor a variation, so put them into two plans"
        );
    }
    Ok(())
}

/// `sequential on cpu`, `batched W=4 linear-force`, `W=2 secant M=10 across m=64`.
fn name(cell: &WindowCell) -> String {
    match cell.is_baseline() {
        true => format!("sequential on {}", cell.devices),
        false => cell.method(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::{cell, little, processor, timed};

    fn flow(width: usize) -> FoundFlow {
        timed(cell(width), &[], &[])
    }

    #[test]
    fn a_flow_is_called_by_its_method_and_the_sequential_one_by_its_device() {
        assert_eq!(flow(1).name(), "sequential on cpu");
        assert_eq!(flow(4).name(), "batched W=4 copy");
        let whole = flow(4).full_name();
        assert_eq!(whole, "little half-l2-squared, batched W=4 copy");
    }

    #[test]
    fn flows_that_only_a_tolerance_distinguishes_are_refused() {
        told_apart(&[flow(1), flow(2), flow(4)]).unwrap();
        let mut other = flow(2);
        other.cell.window.tolerance = 0.3;
        let error = told_apart(&[flow(2), flow(4), other]).unwrap_err();
        let error = error.to_string();
        let expected = "two flows are both called `little half-l2-squared, batched W=2 copy`";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_test_replaces_what_it_names_and_keeps_the_rest_of_the_lab() {
        let seen = Presence {
            workers: 7,
            ..Presence::default()
        };
        let lab = Lab::new(&little()).unwrap();
        assert!(lab.through.is_none() && lab.seen.is_none());
        assert_eq!(lab.processor, Processor::here());
        let lab = lab.seeing(seen.clone()).on(processor("X"));
        let lab = lab.through(Arc::new(|of| of));
        assert!(lab.through.is_some());
        assert_eq!(lab.seen, Some(seen));
        assert_eq!(lab.processor, processor("X"));
    }

    #[test]
    fn data_is_generated_in_the_shape_that_the_baseline_says() {
        let lab = Lab::new(&little()).unwrap();
        let data = lab.dataset("little").unwrap();
        assert_eq!((data.features, data.classes()), (9, 2));
        assert_eq!((data.train.len(), data.test.len()), (60, 20));
        assert_eq!(data.source.to_string(), "surrogate");
    }

    #[test]
    fn a_plan_of_the_baseline_has_the_gates_head_and_none_of_its_own() {
        let baseline = little();
        let lab = Lab::new(&baseline).unwrap();
        let body = &baseline.exact.plans["little-windows"];
        let plan = lab.plan("little-windows", body).unwrap();
        assert_eq!(plan.target, "little-windows");
        assert_eq!((plan.experiment.as_str(), plan.seed), ("windows", 1));
        let mut own = body.clone();
        own.insert("seed".into(), 2.into());
        let error = lab.plan("little-windows", &own).unwrap_err().to_string();
        assert!(error.contains("leave String(\"seed\") out"), "{error}");
    }
}
