//! What tells runs apart: lines of tables and figures, one for each method, panel and data set.

use super::*;
use lab::device::Machine;
use lab::experiments::AnyExperiment as _;
use lab::experiments::descent::Descent;
use lab::experiments::descent::rows;
use lab::journal::{Entry, Outcome};
use lab::plan::Plan;
use report::Hue;

/// A plan on a function of two numbers.
const PLAN: &str = "
target: t
experiment: descent
title: a
source: b
seed: 7
precision: f64
problem: {kind: ackley}
start: {distribution: uniform, scale: 0.5}
starts: 2
gradients: 100
record_every: 10
marks: {}
tail: 0.5
methods:
  - {name: HD-LF, method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 5}
  - {name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: [0.001, 0.01], tune: true,
     readings: {as-printed: 0.01, equal-step: 0.005}}
best: {metric: value}
pictures: [{name: t, metric: value, logarithmic: true}]
default_profile: only
profiles: {only: {what: all, verdicts: true}}
";

fn head(settings: &[&str]) -> Plan {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Plan::from_yaml(PLAN, &settings, None).unwrap()
}

/// A plan of these parts.
fn plan(parts: &str) -> Plan {
    head(&["methods=[]", "one_panel=true", &format!("parts={parts}")])
}

/// The document of made-up runs; each ends at a value that no other has.
fn document(head: &Plan, datasets: &[&str]) -> Document {
    document_of(head, (head, None), datasets)
}

/// The same, its cells those of another plan, which needs no data, but for their problem.
fn document_of(
    head: &Plan,
    (cells, problem): (&Plan, Option<serde_json::Value>),
    datasets: &[&str],
) -> Document {
    let machine = Machine::open("cpu".parse().unwrap()).unwrap();
    let units = Descent::new(cells).unwrap().units(&machine, &[]).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    for dataset in datasets {
        for cell in units.iter().flat_map(|unit| &unit.cells) {
            let mut settings = cell.settings.clone();
            settings["setting"]["dataset"] = (*dataset).into();
            if let Some(problem) = &problem {
                settings["setting"]["problem"] = problem.clone();
            }
            let value = (entries.len() + 1) as f64;
            let record = |i: u64, value: f64| serde_json::json!({"iterations": i, "gradients": 10 * i, "wall_s": 0.5, "worth": {"value": value}});
            let measured = serde_json::json!({"records": [record(1, 9.0), record(2, value)]});
            entries.push(Entry {
                key: entries.len().to_string(),
                ended_at: 0,
                copied_from: None,
                cell: settings,
                outcome: Outcome::measured(&measured).unwrap(),
            });
        }
    }
    let body = DescentPlan::new(head).unwrap();
    super::document(&body, &rows(head, &body, &entries).unwrap())
}

fn figures(document: &Document) -> Vec<&FigureBlock> {
    let mut figures = Vec::new();
    for block in &document.blocks {
        if let Block::Figure(figure) = block {
            figures.push(figure);
        }
    }
    figures
}

/// Names of the series of all panels.
fn legend(document: &Document) -> Vec<String> {
    let panels = figures(document)[0].figure.panels.iter();
    panels
        .flat_map(|panel| panel.series.iter().map(|s| s.label.clone()))
        .collect()
}

/// The lines of the first table: method and value.
fn lines(document: &Document) -> Vec<[String; 2]> {
    let table = document.blocks.iter().find_map(|block| match block {
        Block::Table(block) => Some(&block.table),
        _ => None,
    });
    let texts = ["method", "value"].map(|title| table.unwrap().texts(title).unwrap());
    let [methods, values] = texts;
    let lines = methods.into_iter().zip(values);
    lines.map(|(method, value)| [method, value]).collect()
}

const GD: &str = "name: GD, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 0.1";

#[test]
fn two_momenta_of_one_name_are_two_lines_and_the_label_tells_which() {
    let parts = format!(
        "[{{name: a, title: t, methods: [{{{GD}, momentum: 0.0}}, {{{GD}, momentum: 0.5}}]}}]"
    );
    let document = document(&plan(&parts), &["ackley"]);
    // Values 1 to 4, methods of a start beside each other.
    let wanted = [
        ["GD, momentum 0.0", "2 [1, 3]"],
        ["GD, momentum 0.5", "3 [2, 4]"],
    ];
    assert_eq!(lines(&document), wanted);
    assert_eq!(legend(&document), ["GD, momentum 0.0", "GD, momentum 0.5"]);
}

#[test]
fn whatever_number_differs_makes_another_line_with_another_label() {
    let all = [
        "method: hd-picard, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4, window: 2, tolerance: 0.1",
        "method: hd-picard, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4, window: 3, tolerance: 0.1",
        "method: hd-picard, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4, window: 3, tolerance: 0.2",
        "method: hd-picard, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4, window: 3, tolerance: 0.2, predictor: linear-force",
        "method: hd-euler, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4",
        "method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4",
        "method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 5",
        "method: hd-leapfrog, kinetic_energy: l2, step_size: 0.1, steps: 4",
        "method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1000001, steps: 4",
        "method: l-bfgs, memory: 3",
        "method: l-bfgs, memory: 4",
    ];
    let methods: Vec<String> = all.iter().map(|m| format!("{{name: X, {m}}}")).collect();
    let parts = format!("[{{name: a, title: t, methods: [{}]}}]", methods.join(", "));
    let document = document(&plan(&parts), &["ackley"]);
    let (lines, legend) = (lines(&document), legend(&document));
    assert_eq!((lines.len(), legend.len()), (all.len(), all.len()));
    for (index, label) in legend.iter().enumerate() {
        assert!(!legend[..index].contains(label), "{label} is there twice");
    }
    assert!(legend.iter().any(|label| label.contains("tolerance 0.2")));
    assert!(legend.iter().any(|label| label.contains("hd-euler")));
}

#[test]
fn what_cannot_be_told_apart_is_refused_by_its_key() {
    let refused =
        |parts: &str| format!("{:#}", Descent::new(&plan(parts)).map(|_| ()).unwrap_err());
    let twice = format!("[{{name: a, title: t, methods: [{{{GD}}}, {{{GD}}}]}}]");
    assert!(refused(&twice).contains("methods: two that are named GD"));
    let listed = GD.replace("0.1", "[0.1, 0.1]");
    let listed = format!("[{{name: a, title: t, methods: [{{{listed}}}]}}]");
    assert!(refused(&listed).contains("methods: two that are named GD"));
    let part = format!("{{name: a, title: t, methods: [{{{GD}}}]}}");
    assert!(refused(&format!("[{part}, {part}]")).contains("parts: two are named `a`"));
}

#[test]
fn several_data_sets_have_each_figure_once_and_their_rows_one_after_the_other() {
    let pictures =
        "pictures=[{name: t, metric: value}, {name: u, metric: value, against: iterations}]";
    let logistic = "problem={kind: logistic, bias: false, l2: 0.0}";
    let of_data = head(&["starts=3", pictures, logistic, "datasets=[one, two]"]);
    let logistic = serde_json::json!({"kind": "logistic", "bias": false, "l2": 0.0});
    let cells = (&head(&["starts=3", pictures]), Some(logistic));
    let document = document_of(&of_data, cells, &["one", "two"]);
    let mut names: Vec<&str> = figures(&document).iter().map(|f| f.name.as_str()).collect();
    // Two pictures of two data sets under three readings.
    assert_eq!(names.len(), 2 * 2 * 3);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 2 * 2 * 3);
    assert!(document.clone().validated().is_ok());
    let rows = &document.frames[0];
    let at = rows.position("dataset").unwrap();
    let mut datasets: Vec<String> = rows
        .rows
        .iter()
        .map(|row| format!("{:?}", row[at]))
        .collect();
    assert_eq!(datasets.len(), 2 * 3 * 4);
    datasets.dedup();
    assert_eq!(datasets.len(), 2, "{datasets:?}");
}

#[test]
fn a_method_has_one_colour_in_all_panels_and_its_counterparts_another() {
    let hd = "name: HD-LF, method: hd-leapfrog, kinetic_energy: half-l2-squared, step_size: 0.1, steps: 4";
    let hb = "name: HB, method: heavy-ball, kinetic_energy: half-l2-squared, step_size: 0.1, momentum: 0.9";
    let part = |name: &str| {
        format!(
            "{{name: {name}, title: t, methods: [{{{hd}}}, {{{GD}, momentum: 0.0}}, {{{hb}}}]}}"
        )
    };
    let document = document(
        &plan(&format!("[{}, {}]", part("a"), part("b"))),
        &["ackley"],
    );
    let panels = &figures(&document)[0].figure.panels;
    assert_eq!(panels.len(), 2);
    for panel in panels {
        let hues: Vec<_> = panel
            .series
            .iter()
            .map(|s| (s.label.as_str(), s.look.hue))
            .collect();
        let wanted = [("HD-LF", Hue::Blue), ("GD", Hue::Black), ("HB", Hue::Green)];
        assert_eq!(hues, wanted.map(|(label, hue)| (label, Some(hue))));
    }
    let figure = figures(&document)[0];
    assert_eq!(figure.figure.title, "Function value on ackley");
}

#[test]
fn an_axis_is_logarithmic_where_a_linear_one_squeezes_most_of_what_happens() {
    let line = |points: &[(f64, f64)]| Series::line("", points.to_vec());
    let squeezed = |lines: Vec<Series>| is_squeezed(&Panel::new("", lines));
    let steady = [(10.0, 1.0), (500.0, 0.1), (1000.0, 0.01)];
    assert!(!squeezed(vec![line(&steady), line(&steady)]));
    assert!(
        squeezed(vec![line(&steady), line(&[(1.0, 1.0), (90.0, 0.1)])]),
        "one ends early"
    );
    let early = [(10.0, 1.0), (100.0, 0.011), (1000.0, 0.01)];
    assert!(
        squeezed(vec![line(&steady), line(&early)]),
        "half are there early"
    );
    assert!(!squeezed(vec![line(&steady), line(&steady), line(&early)]));
}
