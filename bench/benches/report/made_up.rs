//! A run of Table 2 that nobody made: its manifest, and a journal of made-up measurements.

use anyhow::Result;
use bench::noise;
use harness::publish;
use lab::configs::Configs;
use lab::environment::Environment;
use lab::experiments::windows::cell::{FlowRecord, MeasuredWindow, WindowCell};
use lab::experiments::windows::plan::{EvaluatorKind, PlacedWindow, WindowsPlan};
use lab::journal::{Cell, Entry, Journal, Outcome};
use lab::manifest::{DataRecord, Manifest, sha256_hex};
use lab::paper::Paper;
use lab::plan::Plan;
use tempfile::TempDir;

/// A run's folder.
pub struct MadeUp {
    /// Holds `manifest.json` and `journal.jsonl`.
    pub folder: TempDir,
    /// Cells of the run.
    pub cells: usize,
}

impl MadeUp {
    /// All cells of `configs/table2.yaml` for these data sets.
    pub fn table2(datasets: &[&str]) -> Result<Self> {
        let configs = Configs::compiled_in();
        let datasets: Vec<String> = datasets.iter().map(|&name| name.to_owned()).collect();
        let plan = configs.plan("table2")?.only(&datasets).plan()?;
        let windows = WindowsPlan::new(&plan)?;
        let mut manifest = manifest(&configs, &plan, datasets)?;
        let folder = tempfile::tempdir()?;
        let mut journal = Journal::open(&folder.path().join(publish::JOURNAL), &plan.target)?;
        for dataset in &manifest.datasets {
            for window in &windows.windows {
                let cell = cell(plan.seed, &windows, dataset, window);
                let measured = measured(&cell);
                let cell = Cell::new(cell.label(), cell).written()?;
                let entry = Entry {
                    key: cell.key(&manifest.environment),
                    ended_at: 0,
                    copied_from: None,
                    cell: cell.settings,
                    outcome: Outcome::measured(&measured)?,
                };
                manifest.cells.push(entry.key.clone());
                journal.append(entry)?;
            }
        }
        manifest.journal = Some(journal.end().clone());
        manifest.write(folder.path())?;
        let cells = manifest.cells.len();
        Ok(Self { folder, cells })
    }
}

fn manifest(configs: &Configs, plan: &Plan, datasets: Vec<String>) -> Result<Manifest> {
    let resolved = plan.resolved()?;
    let data = |name: &String| DataRecord {
        dataset: name.clone(),
        split: "standard".into(),
        source: "real".into(),
        surrogate_reason: None,
        shape: [1000, 500, 123, 2],
        class_names: Vec::new(),
        test_is_train: false,
        digest: String::new(),
        files: Vec::new(),
    };
    Ok(Manifest {
        command: Vec::new(),
        started_at: 0,
        ended_at: Some(1),
        target: plan.target.clone(),
        profile: plan.profile.name.clone(),
        changed: Vec::new(),
        data: datasets.iter().map(data).collect(),
        datasets,
        plan_sha256: sha256_hex(resolved.as_bytes()),
        plan: resolved,
        devices: "cpu".into(),
        seed: plan.seed,
        registry_sha256: String::new(),
        cells: Vec::new(),
        shard: None,
        whole: Vec::new(),
        elsewhere: Vec::new(),
        verifiable: true,
        copied: Vec::new(),
        theory_checks: None,
        environment: Environment::current(),
        rates: None,
        paper: Paper::from_yaml(&configs.read("paper.yaml")?)?,
        claims_sha256: None,
        journal: None,
        sum: None,
        altered: None,
    })
}

/// The cell of a window on as many workers as it has slots, or on a whole CPU.
fn cell(seed: u64, plan: &WindowsPlan, dataset: &str, placed: &PlacedWindow) -> WindowCell {
    let window = placed.window;
    let (devices, workers) = match placed.evaluator {
        EvaluatorKind::Devices => (format!("cpu:{}", window.width), window.width),
        _ => ("cpu".to_owned(), 1),
    };
    WindowCell {
        dataset: dataset.into(),
        split: "standard".into(),
        data_source: "real".into(),
        data_digest: String::new(),
        seed,
        precision: plan.precision,
        loss: plan.fit.loss,
        model: plan.fit.model,
        start: plan.start,
        kinetic: plan.kinetic[0],
        step_size: plan.step_size,
        steps: plan.steps,
        flows: plan.flows_of(dataset).unwrap_or(6),
        backend: "cpu".into(),
        devices,
        workers,
        oversubscribed: false,
        evaluator: match placed.is_sequential() {
            true => EvaluatorKind::Sequential,
            false => placed.evaluator,
        },
        group: placed.evaluator,
        window,
        surrogate_rows: placed.surrogate_rows,
        tf32: placed.tf32,
        repeats: plan.repeats,
        warmup_flows: plan.warmup_flows,
        probe_s: None,
        long_flows: 0,
    }
}

/// Measurements of the form that such a cell has.
fn measured(cell: &WindowCell) -> MeasuredWindow {
    let stride = cell.window.width.div_ceil(2);
    let rounds = cell.steps.div_ceil(stride) as u64;
    let flow = |k: usize| FlowRecord {
        rounds,
        requested: rounds * cell.window.width as u64,
        distinct: rounds * cell.window.width as u64,
        surrogate: 0,
        strides: vec![stride; rounds as usize],
        train_loss: 0.7 / (k + 1) as f64,
        test_accuracy: Some(0.8),
    };
    // Each flow of each run takes a little more or less than its rounds.
    let seconds = |one: f64, salt: usize| -> Vec<Vec<f64>> {
        let wall = |i: usize| one * (1.0 + 0.1 * noise((salt + i) as u64));
        let run = |r: usize| (0..cell.flows).map(|k| wall(r * cell.flows + k)).collect();
        (0..cell.repeats).map(run).collect()
    };
    MeasuredWindow {
        flows: (0..cell.flows).map(flow).collect(),
        flow_error: Some(1e-4),
        wall_s: seconds(0.01 * rounds as f64, 0),
        baseline_wall_s: seconds(0.01 * cell.steps as f64, 1000),
        baseline_gradients: (cell.flows * cell.steps) as u64,
        round_overhead_s: 1e-5,
        kernel: Some("dense".into()),
        ..MeasuredWindow::default()
    }
}
