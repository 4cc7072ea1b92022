//! What `bench/peers/run.py` asks this project's contender for.

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
