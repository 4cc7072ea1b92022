//! The export and the protocol of this project's side of `bench/peers`, on a small data set.

use bench::peer::{Contender, Exported, PeerPlace, PeerPlan, WindowOptions, export, serve};
use datasets::{DataPolicy, LibraryOptions, Registry};
use optim::{Predictor, Window, WindowMethod};
use serde_json::Value;
use std::path::Path;

const REGISTRY: &str = "datasets:
  mine:
    features: 12
    classes: 10
    files:
      train: {name: mine.libsvm}
    splits:
      standard: {train: {file: train, rows: [0, 100]}, test: {file: train, rows: [100, 120]}}";

fn plan() -> PeerPlan {
    let shipped = PeerPlan::from_yaml(include_str!("../peers/peers.yaml")).unwrap();
    PeerPlan {
        splits: [("mine".to_owned(), "standard".to_owned())].into(),
        datasets: vec!["mine".into()],
        ..shipped
    }
}

fn exported(folder: &Path) -> Exported {
    let text = bench::libsvm_text(120, 12, 4);
    std::fs::write(folder.join("mine.libsvm"), text).unwrap();
    let options = LibraryOptions {
        data_dir: Some(folder.into()),
        cache_dir: Some(folder.join("cache")),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    let registry = Registry::from_yaml(REGISTRY).unwrap();
    let out = folder.join("out");
    let problem = export(&plan(), "mine", registry, options, &out).unwrap();
    let read = Exported::read(&out).unwrap();
    assert_eq!(read.problem, problem);
    read
}

/// The answers to `commands` of a contender with these options.
fn answers(folder: &Path, options: WindowOptions, commands: &str) -> Vec<Value> {
    let contender = Contender::new(
        Exported::read(&folder.join("out")).unwrap(),
        options,
        &PeerPlace::default(),
    )
    .unwrap();
    let mut out = Vec::new();
    serve(&contender, commands.as_bytes(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_export_has_the_training_rows_and_as_many_points_as_gradients_want() {
    let folder = tempfile::tempdir().unwrap();
    let read = exported(folder.path());
    assert_eq!(read.x.dims(), [100, 12]);
    assert_eq!(read.labels.len(), 100);
    assert_eq!(read.labels[13], 3);
    assert_eq!(read.points.dims(), [4, 120]);
    assert_eq!(read.problem.source, "real");
    assert_eq!((read.problem.steps, read.problem.flows), (20, 6));
    assert!(folder.path().join("out/start.npy").is_file());
}

#[test]
fn commands_are_obeyed_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path());
    let commands = "gradient 1 3\ngradient 4 2\nvalues 4\nflow\nflow\nquit\nflow\n";
    let answers = answers(folder.path(), WindowOptions::default(), commands);
    assert_eq!(
        answers.len(),
        6,
        "nothing is answered after quit: {answers:?}"
    );
    assert_eq!(answers[0]["ready"], true);
    assert!(answers[1]["seconds"].as_f64().unwrap() > 0.0);
    assert!(answers[2]["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(answers[3]["gradient"].as_array().unwrap().len(), 4 * 120);
    assert_eq!(answers[4]["rounds"], 6 * 20);
    assert_eq!(
        answers[4]["loss"], answers[5]["loss"],
        "every run starts from the start"
    );
}

#[test]
fn a_window_ends_where_the_sequential_flow_does_in_fewer_rounds() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path());
    let options = WindowOptions {
        window: Window {
            width: 4,
            tolerance: 1e-4,
            method: WindowMethod::picard(Predictor::LinearForce),
            ..Window::default()
        },
        ..WindowOptions::default()
    };
    let sequential = answers(folder.path(), WindowOptions::default(), "flow\n");
    let window = answers(folder.path(), options, "flow\n");
    let loss = |answers: &[Value]| answers[1]["loss"].as_f64().unwrap();
    let apart = (loss(&sequential) / loss(&window) - 1.0).abs();
    assert!(apart < 1e-4, "{sequential:?} {window:?}");
    assert!(window[1]["rounds"].as_u64() < sequential[1]["rounds"].as_u64());
}

#[test]
fn what_cannot_be_obeyed_is_answered_and_the_next_command_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path());
    let commands = "dance\ngradient 9 1\ngradient one 1\ngradient 1 0\nvalues 1\n";
    let answers = answers(folder.path(), WindowOptions::default(), commands);
    for (answer, word) in
        answers[1..5]
            .iter()
            .zip(["commands are", "has 4", "`one`", "at least once"])
    {
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(word), "{error}");
    }
    assert!(answers[5]["gradient"].is_array());
}
