//! Data of one's own, and the losses that it is for.

use crate::common::{House, column, run, stderr, succeed};
use crate::{kept, orchard, write};

#[test]
fn the_rows_of_a_data_set_without_a_test_file_are_counted_once() {
    let house = House::new();
    let registry =
        "datasets:\n  one: {features: 3, classes: 2, files: {train: {path: tiny.libsvm}}}\n";
    write(&house, "one.yaml", registry);
    write(
        &house,
        "rows.yaml",
        "experiment: counts\ndatasets: [one]\nprinted: {}\n",
    );
    let of = [
        "reproduce",
        "rows.yaml",
        "--registry",
        "one.yaml",
        "--offline",
        "--out",
        "out",
    ];
    succeed(house.command(&of));
    let rows = house.read("rows.csv");
    let counts = column(&rows, "count")
        .into_iter()
        .zip(column(&rows, "measured"));
    let counts: Vec<String> = counts
        .map(|(count, rows)| format!("{count} {rows}"))
        .collect();
    assert_eq!(
        counts,
        [
            "all-samples 120",
            "training-set 120",
            "test-set 0",
            "features 3"
        ]
    );
}

#[test]
fn everything_that_is_wrong_with_a_registry_is_named_at_once_by_check_and_by_every_run() {
    let house = orchard();
    let registry = kept("examples/own/registry.yaml");
    let registry = registry
        .replace("label: kind", "lable: kind")
        .replace("share: 0.25", "share: 25");
    write(&house, "registry.yaml", &registry);
    for command in [
        &["plan", "check", "registry.yaml"][..],
        &["reproduce", "orchard.yaml", "--registry", "registry.yaml"],
        &["list", "--registry", "registry.yaml"],
    ] {
        let refused = run(house.command(command));
        assert_eq!(refused.status.code(), Some(1));
        let said = stderr(&refused);
        for wanted in [
            "registry.yaml: 2 things are wrong with it",
            "line 6: `lable` is no key of datasets.fruit, which has",
            "did you mean `label`?",
            "line 9: datasets.fruit.test.share is 25, but has to be",
        ] {
            assert!(said.contains(wanted), "{wanted}\nis not in\n{said}");
        }
    }
}

#[test]
fn each_loss_runs_on_data_that_it_is_for_and_refuses_other_data() {
    let house = orchard();
    let table = "x,z,y\n".to_owned()
        + &(0..60)
            .map(|i| format!("{},{},{}\n", i % 7, i % 5, 2 * (i % 7) - i % 5 + 1))
            .collect::<String>();
    write(&house, "numbers.csv", &table);
    write(
        &house,
        "numbers.yaml",
        "datasets: {line: {label: y, labels: numbers, files: {train: {path: numbers.csv}}, test: {share: 0.2, seed: 1}}}\n",
    );
    let plan = |kind: &str, dataset: &str, body: &str| {
        let text = format!("{body}datasets: [{dataset}]\nproblem: {{kind: {kind}, bias: true}}\n");
        write(&house, "mine.yaml", &text);
        run(house.command(&[
            "reproduce",
            "mine.yaml",
            "--registry",
            "registry.yaml",
            "--registry",
            "numbers.yaml",
            "--out",
            "out",
            "--fresh",
            "--devices",
            "cpu",
        ]))
    };
    let descent = "experiment: descent\ngradients: 4000\nmethods: [{name: N, method: nesterov, step_size: 0.05}]\n";
    let fitted = plan("least-squares", "line", descent);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let value: f64 = column(&house.read("rows.csv"), "value")[0].parse().unwrap();
    // y = 2x − z + 1 in every row.
    assert!(value < 1e-10, "{value}");
    assert_eq!(column(&house.read("rows.csv"), "test_accuracy"), [""]);
    let test_loss: f64 = column(&house.read("rows.csv"), "test_loss")[0]
        .parse()
        .unwrap();
    assert!(test_loss < 1e-10, "{test_loss}");
    let shown = String::from_utf8_lossy(&fitted.stdout).into_owned();
    assert!(
        shown.contains("test loss") && !shown.contains("test acc."),
        "{shown}"
    );
    let windows = "experiment: windows\nprecision: f64\nstart: {distribution: zeros}\n\
                   flow: {kinetic_energy: half-l2-squared, step_size: 0.05, steps: 20}\ntolerance: 1.0e-6\n\
                   flows: {other: 4}\nrepeats: 0\nwarmup_flows: 0\n\
                   windows: [{evaluator: batched, window: 1}, {evaluator: batched, window: 4}]\n\
                   statistics: {resamples: 100, confidence: 0.95}\n";
    for (kind, dataset) in [("least-squares", "line"), ("binary-logistic", "fruit")] {
        let ran = plan(kind, dataset, windows);
        assert!(ran.status.success(), "{kind}: {}", stderr(&ran));
        let rows = house.read("rows.csv");
        let losses: Vec<f64> = column(&rows, "train_loss")
            .iter()
            .map(|loss| loss.parse().unwrap())
            .collect();
        assert!(
            (losses[0] / losses[1] - 1.0).abs() < 1e-3,
            "{kind}: {losses:?}"
        );
    }
    let sensitivity = "experiment: sensitivity\nprecision: f64\nstart: {distribution: zeros}\nstarts: 1\ngradients: 50\n\
                       step_sizes: [0.01, 0.1]\nwithin: 1.5\nmethods: [{name: N, method: nesterov}]\n\
                       statistics: {resamples: 100, confidence: 0.95}\n";
    let ran = plan("least-squares", "line", sensitivity);
    assert!(ran.status.success(), "{}", stderr(&ran));
    for (kind, dataset, wanted) in [
        (
            "logistic",
            "line",
            "the labels of line are numbers, but logistic predicts classes: fit `kind: least-squares`",
        ),
        (
            "least-squares",
            "fruit",
            "fruit has labels of 2 classes, but least-squares predicts numbers",
        ),
    ] {
        for body in [descent, windows] {
            let refused = plan(kind, dataset, body);
            assert_eq!(refused.status.code(), Some(1), "{kind}");
            assert!(
                stderr(&refused).contains(wanted),
                "{wanted}\nis not in\n{}",
                stderr(&refused)
            );
        }
    }
}
