//! What `bench/peers/run.py` asks this project's contender for.

use candle_core::{Device, Tensor};
use std::path::Path;
use std::process::Command;

fn answer(words: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_peer"))
        .args(words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{words:?}: {said}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_plan_is_printed_as_the_comparison_reads_it() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/peers.yaml");
    let plan: serde_json::Value =
        serde_json::from_str(&answer(&["plan", "--config", config])).unwrap();
    for key in [
        "datasets",
        "flow",
        "window",
        "windows",
        "gradient",
        "agreement",
        "rounds",
        "quick",
    ] {
        assert!(!plan[key].is_null(), "{key}");
    }
}

#[test]
fn every_command_of_the_comparison_is_there() {
    for command in ["plan", "export", "serve"] {
        assert!(answer(&[command, "--help"]).contains("--"), "{command}");
    }
}

/// Ten points of a problem of forty rows, as an export leaves them.
fn export(folder: &Path) {
    let number = |i: usize| ((i * 7919) % 1000) as f32 / 500.0 - 1.0;
    let numbers = |count: usize| (0..count).map(number).collect::<Vec<f32>>();
    let write = |name: &str, tensor: candle_core::Result<Tensor>| {
        tensor.unwrap().write_npy(folder.join(name)).unwrap();
    };
    let labels: Vec<u32> = (0..40).map(|i| i % 3).collect();
    let cpu = &Device::Cpu;
    write("x_train.npy", Tensor::from_vec(numbers(240), (40, 6), cpu));
    write("y_train.npy", Tensor::from_vec(labels, 40, cpu));
    write("points.npy", Tensor::from_vec(numbers(180), (10, 18), cpu));
    let problem = serde_json::json!({
        "dataset": "tiny", "split": "all", "source": "surrogate", "digest": "none",
        "rows": 40, "features": 6, "classes": 3, "step_size": 0.1, "steps": 20, "flows": 2,
    });
    std::fs::write(folder.join("problem.json"), problem.to_string()).unwrap();
}

/// The comparison itself, on a GPU: this project's contenders, which have to agree before anything is timed.
const CONTEST: &str = "
import json, sys
from pathlib import Path
from compare.roster import entrants
from compare.rounds import Contest
plan, binary, data, gpu = json.loads(sys.argv[1]), *map(Path, sys.argv[2:4]), sys.argv[4]
plan['gradient']['seconds'] = 0.01
them = entrants(plan, 'tiny', binary, Path(sys.executable), data, {'jax', 'torch'}, int(gpu))
for row in Contest(plan, 'tiny', them, print).run(1, data):
    print(row.what, row.contender)
";

#[test]
fn the_comparison_is_run_on_a_gpu_where_there_is_one() {
    if gpu::devices_to_test().len() < 2 {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
    let plan = answer(&["plan", "--config", &format!("{peers}/peers.yaml")]);
    let out = Command::new("python3")
        .env("PYTHONPATH", peers)
        .args(["-c", CONTEST, &plan, env!("CARGO_BIN_EXE_peer")])
        .arg(folder.path())
        .arg("0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    let failed = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}\n{failed}");
    for timed in ["ours", "ours-window", "ours-composed"] {
        let row = format!("flow {timed}\n");
        assert!(said.contains(&row), "{said}");
    }
}
