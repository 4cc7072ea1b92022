//! Contestants that are scripts of the shell, whose right answers a test has computed by formulas of its own.

use super::common::House;
use datasets::{Dataset, Library, LibraryOptions, Registry, Silent};
use lab::experiments::contest::cell::{ContestCell, MeasuredContest};
use lab::experiments::contest::plan::{ContestPlan, ContestTask};
use lab::experiments::contest::problem::points;
use lab::experiments::contest::rounds::{ContestSetting, measure};
use lab::journal::Outcome;
use lab::kept::Keeper;
use lab::plan::Plan;
use lab::progress::Watch;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stops a run after so many steps, as a kill would.
pub struct Until(pub AtomicUsize);

impl Until {
    pub fn never() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }
}

impl Watch for Until {
    fn doing(&self, _: &str) {}

    fn step(&self) {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 1, "killed");
    }
}

/// A folder of contestants that are scripts of the shell: each knows the right answers from files beside it, which the test
/// has computed by formulas of its own.
pub struct Ring {
    house: House,
    dataset: Dataset,
    /// What stands under `contestants` in the plan.
    contestants: String,
    pub rounds: usize,
    pub time_limit_s: f64,
}

/// What a script does that does as it should.
const GOOD: [&str; 5] = [
    "values) cat values-$a.json;;",
    "gradient) echo '{\"seconds\": 1e-5}';;",
    "flow) cat flow.json;;",
    "time-to-loss) cat reached.json;;",
    "quit) exit 0;;",
];

pub const READY: &str = "echo '{\"ready\": true, \"versions\": \"sh 1\"}'";

/// A script that does as it should, but for the commands of `instead`.
pub fn script(name: &str, start: &str, instead: &[&str]) -> String {
    let command = |line: &str| line.split(')').next().unwrap().to_owned();
    let replaced: Vec<String> = instead.iter().map(|line| command(line)).collect();
    let kept = GOOD
        .iter()
        .filter(|line| !replaced.contains(&command(line)));
    let cases: Vec<&str> = kept.copied().chain(instead.iter().copied()).collect();
    format!(
        "echo $$ >> pids\n{start}\nwhile read -r c a b; do\necho \"{name} $c $a\" >> log\ncase $c in\n{}\nesac\ndone\n",
        cases.join("\n")
    )
}

impl Ring {
    pub fn new() -> Self {
        let house = House::new();
        let mut registry = Registry::from_yaml("datasets: {}").unwrap();
        registry
            .extend_from_file(&house.folder.path().join("tiny.yaml"))
            .unwrap();
        let options = LibraryOptions {
            cache_dir: Some(house.folder.path().join("cache")),
            offline: true,
            ..LibraryOptions::default()
        };
        let dataset = Library::new(registry, options)
            .load("tiny", None, &Silent)
            .unwrap();
        let ring = Self {
            house,
            dataset,
            contestants: String::new(),
            rounds: 2,
            time_limit_s: 20.0,
        };
        ring.write_answers();
        ring.with("base", "[gradient, flow]", READY, &[])
    }

    pub fn folder(&self) -> &Path {
        self.house.folder.path()
    }

    /// Adds a contestant, a script of the shell.
    pub fn with(mut self, name: &str, tasks: &str, start: &str, instead: &[&str]) -> Self {
        let text = script(name, start, instead);
        std::fs::write(self.folder().join(format!("{name}.sh")), text).unwrap();
        self.contestants += &format!(
            "  - {{name: {name}, folder: {:?}, command: [sh, {name}.sh], tasks: {tasks}}}\n",
            self.folder().display().to_string()
        );
        self
    }

    fn plan(&self) -> Plan {
        let text = format!(
            "target: ring\nexperiment: contest\nseed: 3\ndatasets: [tiny]\n\
             start: {{distribution: uniform, scale: inverse-sqrt-features}}\n\
             flow: {{step_size: 0.1, steps: 5}}\nflows: {{other: 2}}\n\
             gradients: {{at_once: [1, 2], seconds: 0.0}}\nagreement: {{gradient: 1.0e-5, loss: 1.0e-4}}\n\
             rounds: {}\nrest_s: 0.0\ntime_limit_s: {}\nstatistics: {{resamples: 100, confidence: 0.95}}\n\
             baseline: base\ncontestants:\n{}",
            self.rounds,
            self.time_limit_s,
            match self.contestants.as_str() {
                "" => "  - {name: base, command: [sh], tasks: [flow]}\n",
                some => some,
            }
        );
        Plan::from_yaml(&text, &[], None).unwrap()
    }

    fn cells(&self) -> Vec<ContestCell> {
        let plan = self.plan();
        let body = ContestPlan::new(&plan).unwrap();
        ContestCell::all(&body, plan.seed, &self.dataset, ("cpu", "cpu"))
    }

    /// Writes what a contestant answers that does as it should, from the formulas of bench/PROTOCOL.md.
    fn write_answers(&self) {
        let points = points(&self.cells()[0], &self.dataset);
        let wide = |point: &Vec<f32>| point.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        let points: Vec<Vec<f64>> = points.iter().map(wide).collect();
        for count in [1, 2] {
            let gradients: Vec<f64> = points[..count]
                .iter()
                .flat_map(|point| gradient(&self.dataset, point))
                .collect();
            self.answer(
                &format!("values-{count}.json"),
                &format!("{{\"gradient\": {gradients:?}}}"),
            );
        }
        let mut end = points[0].clone();
        for _ in 0..2 {
            let mut velocity = vec![0.0; end.len()];
            for _ in 0..5 {
                for (v, g) in velocity.iter_mut().zip(gradient(&self.dataset, &end)) {
                    *v -= 0.1 * g;
                }
                for (x, v) in end.iter_mut().zip(&velocity) {
                    *x += 0.1 * v;
                }
            }
        }
        self.answer(
            "flow.json",
            &format!("{{\"seconds\": 0.0005, \"point\": {end:?}, \"rounds\": 10}}"),
        );
        self.answer(
            "reached.json",
            &format!("{{\"seconds\": 0.00025, \"point\": {end:?}, \"iterations\": 3}}"),
        );
        let start = &points[0];
        self.answer(
            "start.json",
            &format!("{{\"seconds\": 0.0001, \"point\": {start:?}}}"),
        );
        self.answer(
            "given-up.json",
            &format!("{{\"seconds\": null, \"point\": {start:?}, \"iterations\": 9}}"),
        );
    }

    fn answer(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), format!("{text}\n")).unwrap();
    }

    pub fn measure_with(
        &self,
        keeper: Keeper,
        watch: &dyn Watch,
    ) -> Vec<(ContestCell, Outcome<MeasuredContest>)> {
        let cells = self.cells();
        let plan = ContestPlan::new(&self.plan()).unwrap();
        let setting = ContestSetting {
            dataset: &self.dataset,
            programs: &plan.contestants,
            folder: self.folder().join("problem"),
            keeper,
            watch,
        };
        let outcomes = measure(&cells, setting).unwrap();
        assert_eq!(cells.len(), outcomes.len());
        assert!(
            !self.folder().join("problem").exists(),
            "the problem is removed"
        );
        cells.into_iter().zip(outcomes).collect()
    }

    pub fn measure(&self) -> Vec<(ContestCell, Outcome<MeasuredContest>)> {
        let measured = self.measure_with(Keeper::new(None), &Until::never());
        for pid in self.pids() {
            assert!(!is_running(pid), "{pid} is left over");
        }
        measured
    }

    /// What came of a contestant's task: the reason if it failed.
    pub fn of(
        measured: &[(ContestCell, Outcome<MeasuredContest>)],
        name: &str,
        task: ContestTask,
    ) -> Result<MeasuredContest, String> {
        let (_, outcome) = measured
            .iter()
            .find(|(cell, _)| cell.program.name == name && cell.task == task)
            .unwrap();
        match outcome {
            Outcome::Measured(measured) => Ok(measured.clone()),
            Outcome::Failed { error } => Err(error.clone()),
            other => panic!("{other:?}"),
        }
    }

    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn pids(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.folder().join("pids")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

/// Xᵀ(softmax(XW) − Y)/n, written out.
fn gradient(dataset: &Dataset, point: &[f64]) -> Vec<f64> {
    let (d, c, n) = (dataset.features, dataset.classes(), dataset.train.len());
    let labels = dataset.train.labels.classes().unwrap();
    let x = dataset.train.to_dense();
    let mut gradient = vec![0.0; d * c];
    for row in 0..n {
        let x = &x[row * d..(row + 1) * d];
        let logit = |class: usize| {
            (0..d)
                .map(|i| f64::from(x[i]) * point[i * c + class])
                .sum::<f64>()
        };
        let powers: Vec<f64> = (0..c).map(|class| logit(class).exp()).collect();
        let sum: f64 = powers.iter().sum();
        for class in 0..c {
            let own = f64::from(u8::from(labels[row] as usize == class));
            let residual = powers[class] / sum - own;
            for i in 0..d {
                gradient[i * c + class] += f64::from(x[i]) * residual / n as f64;
            }
        }
    }
    gradient
}

/// Whether there is a process of this number that has not ended.
pub fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that nobody has waited for yet is none.
    !status.is_empty() && !status.contains(") Z ")
}
