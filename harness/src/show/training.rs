//! How rows of trainings are shown: a table of medians over the starts, and the pictures.

use lab::experiments::identity::{differences, told_apart};
use lab::experiments::training::{
    TrainingCurveRow, TrainingMetric, TrainingPicture, TrainingPlan, TrainingRow,
};
use report::{Axis, Band, Block, Document, Figure, FigureBlock, Series, Table, TableBlock};
use rows::Frame;
use rows::statistics::{median, spread};

/// The whole report.
pub fn document(
    plan: &TrainingPlan,
    rows: &[TrainingRow],
    curves: &[TrainingCurveRow],
) -> Document {
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    blocks.push(Block::Table(TableBlock {
        caption: "After the last epoch, medians over the starts".into(),
        table: table(rows),
        note: NOTE.into(),
        in_terminal: true,
    }));
    blocks.extend(plan.pictures.iter().map(|picture| {
        Block::Figure(FigureBlock {
            name: picture.name.clone(),
            alt: format!("{}, by epochs", picture.title),
            figure: figure(picture, rows, curves),
        })
    }));
    let failed = |row: &&TrainingRow| row.status.starts_with("failed");
    let failure = |row: &TrainingRow| format!("{} start {}: {}", row.method, row.start, row.status);
    Document {
        blocks,
        frames: vec![Frame::of("rows", rows), Frame::of("curves", curves)],
        failures: rows.iter().filter(failed).map(failure).collect(),
        ..Document::default()
    }
}

const NOTE: &str = "Each number is the median over the starts, with the least and the largest in \
brackets where they differ. Training loss and accuracy are means over the last epoch's batches, in \
training mode; test loss and accuracy are of all test images, in evaluation mode. The time is of \
training alone. Runs that diverged are in no median but that of their gradients.";

/// Runs that differ in their starts only.
struct Line<'a> {
    first: &'a TrainingRow,
    rows: Vec<&'a TrainingRow>,
}

fn lines<'a>(rows: impl IntoIterator<Item = &'a TrainingRow>) -> Vec<Line<'a>> {
    let identity = |row: &'a TrainingRow| (row.method.as_str(), row.settings.as_str());
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let known = lines
            .iter_mut()
            .find(|line| identity(line.first) == identity(row));
        match known {
            Some(line) => line.rows.push(row),
            None => lines.push(Line {
                first: row,
                rows: vec![row],
            }),
        }
    }
    lines
}

/// Of flows alone, from the shortest integration time on.
fn by_time(mut lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    if lines
        .iter()
        .all(|line| line.first.integration_time.is_some())
    {
        let time = |line: &Line| line.first.integration_time.unwrap_or_default();
        lines.sort_by(|a, b| time(a).total_cmp(&time(b)));
    }
    lines
}

/// The lines' names, with whatever tells each from others of its name.
fn labels(lines: &[Line<'_>]) -> Vec<String> {
    let all = |name: &str| -> Vec<&str> {
        let named = lines.iter().filter(|line| line.first.method == name);
        named.map(|line| line.first.settings.as_str()).collect()
    };
    let mut labels = Vec::new();
    for Line { first, .. } in lines {
        let settings = all(&first.method);
        let own = settings.iter().position(|s| *s == first.settings);
        let mut label = vec![first.method.clone()];
        for (key, value) in own.map_or_else(Vec::new, |own| differences(&settings)[own].clone()) {
            let key = key.rsplit('.').next().unwrap_or(key);
            label.push(match (key, first.integration_time) {
                ("steps", Some(time)) => format!("time {}", short(time)),
                _ => format!("{} {value}", key.replace('_', " ")),
            });
        }
        labels.push((label.join(", "), first.settings.as_str()));
    }
    told_apart(labels)
}

impl Line<'_> {
    /// Median, and the ends where they differ in what is shown.
    fn spread(&self, of: fn(&TrainingRow) -> Option<f64>, show: fn(f64) -> String) -> String {
        let values: Vec<f64> = self.rows.iter().filter_map(|r| of(r)).collect();
        spread(&values, show)
    }
}

/// Without digits that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn table(rows: &[TrainingRow]) -> Table {
    let mut table = Table::new(&[
        "method",
        "time",
        "learning rate",
        "test acc.",
        "test loss",
        "training acc.",
        "training loss",
        "gradients",
        "time of training",
        "not complete",
    ]);
    let percent = |v: f64| format!("{:.2} %", 100.0 * v);
    let loss = |v: f64| format!("{v:.3}");
    let lines = lines(rows);
    for (line, label) in lines.iter().zip(labels(&lines)) {
        let first = line.first;
        let unfinished: Vec<&str> = line
            .rows
            .iter()
            .filter(|r| r.status != "complete")
            .map(|r| r.status.as_str())
            .collect();
        table.push(vec![
            label,
            first.integration_time.map_or_else(String::new, short),
            short(first.learning_rate),
            line.spread(|r| r.test_accuracy, percent),
            line.spread(|r| r.test_loss, loss),
            line.spread(|r| r.train_accuracy, percent),
            line.spread(|r| r.train_loss, loss),
            line.spread(|r| r.gradients.map(|g| g as f64), |v| format!("{v:.0}")),
            line.spread(|r| r.wall_s, |v| format!("{v:.1} s")),
            match unfinished.is_empty() {
                true => String::new(),
                false => format!(
                    "{} of {}: {}",
                    unfinished.len(),
                    line.rows.len(),
                    unfinished.join("; ")
                ),
            },
        ]);
    }
    table.without_empty_columns()
}

fn label(metric: TrainingMetric) -> &'static str {
    match metric {
        TrainingMetric::TestAccuracy => "test accuracy",
        TrainingMetric::TrainLoss => "training loss (mean cross-entropy)",
        TrainingMetric::TestLoss => "test loss (mean cross-entropy)",
        TrainingMetric::TrainAccuracy => "training accuracy",
    }
}

fn of(metric: TrainingMetric, curve: &TrainingCurveRow) -> f64 {
    match metric {
        TrainingMetric::TestAccuracy => curve.test_accuracy,
        TrainingMetric::TrainLoss => curve.train_loss,
        TrainingMetric::TestLoss => curve.test_loss,
        TrainingMetric::TrainAccuracy => curve.train_accuracy,
    }
}

fn figure(picture: &TrainingPicture, rows: &[TrainingRow], curves: &[TrainingCurveRow]) -> Figure {
    let of_group = |row: &&TrainingRow| row.groups.split('+').any(|g| g == picture.group);
    let lines = by_time(lines(rows.iter().filter(of_group)));
    let series = lines.iter().zip(labels(&lines)).map(|(line, label)| {
        let keys: Vec<&str> = line.rows.iter().map(|r| r.cell.as_str()).collect();
        let mut at: Vec<(u64, Vec<f64>)> = Vec::new();
        for curve in curves.iter().filter(|c| keys.contains(&c.cell.as_str())) {
            let value = of(picture.metric, curve);
            match at.iter_mut().find(|(epoch, _)| *epoch == curve.epoch) {
                Some((_, values)) => values.push(value),
                None => at.push((curve.epoch, vec![value])),
            }
        }
        let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
        let points = at.iter().map(|(epoch, v)| (*epoch as f64, middle(v)));
        let band = at.iter().filter(|(_, v)| v.len() > 1).map(|(epoch, v)| {
            let low = v.iter().copied().fold(f64::INFINITY, f64::min);
            let high = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Band {
                x: *epoch as f64,
                low,
                high,
            }
        });
        Series::line(label, points).band(band)
    });
    let y = match picture.metric {
        TrainingMetric::TestAccuracy | TrainingMetric::TrainAccuracy => {
            Axis::linear(label(picture.metric))
        }
        _ => Axis::linear(label(picture.metric)).with_zero(),
    };
    Figure::new(picture.title.clone(), Axis::linear("epoch"), y)
        .caption("Line: median over the starts that got so far; band: all of them")
        .series(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab::experiments::training::{
        Architecture, EpochRecord, MeasuredTraining, TrainingCell, TrainingContestant,
        TrainingImages, TrainingMethod,
    };
    use lab::journal::{Entry, Outcome};
    use lab::plan::Plan;

    const FIG4: &str = include_str!("../../../configs/fig4.yaml");

    fn cell(method: TrainingMethod) -> TrainingCell {
        TrainingCell {
            dataset: "tiny".into(),
            data_source: "surrogate".into(),
            data_digest: String::new(),
            images: TrainingImages::default(),
            network: Architecture {
                width: 4,
                blocks: vec![1, 1],
            },
            batch: 16,
            augment: None,
            epochs: 1,
            seed: 1,
            start: 0,
            diverged_above: 100.0,
            method,
            backend: "cpu".into(),
        }
    }

    /// What a legend and a table say of methods, each run once with a loss of its own.
    fn labels(methods: &[&str]) -> [Vec<String>; 2] {
        let settings = [
            format!("methods=[{}]", methods.join(", ")),
            "pictures=[{name: p, title: t, metric: train-loss, group: g}]".into(),
        ];
        let head = Plan::from_yaml(FIG4, &settings, Some("smoke")).unwrap();
        let plan = TrainingPlan::new(&head).unwrap();
        let entry = |(i, contestant): (usize, &TrainingContestant)| {
            let record = EpochRecord {
                epoch: 1,
                steps: 6,
                wall_s: 1.0,
                train_loss: i as f64,
                train_accuracy: 0.5,
                test_loss: 1.0,
                test_accuracy: 0.5,
            };
            let measured = MeasuredTraining {
                parameters: 1,
                records: vec![record],
                diverged_at: None,
            };
            Entry {
                key: i.to_string(),
                ended_at: 0,
                copied_from: None,
                cell: serde_json::to_value(cell(contestant.method.clone())).unwrap(),
                outcome: Outcome::measured(&measured).unwrap(),
            }
        };
        let entries: Vec<Entry> = plan.methods.iter().enumerate().map(entry).collect();
        let (rows, curves) =
            lab::experiments::training::rows(&head, &plan, [96, 40], &entries).unwrap();
        let document = document(&plan, &rows, &curves);
        let (mut legend, mut lines) = (Vec::new(), Vec::new());
        for block in &document.blocks {
            match block {
                Block::Figure(figure) => {
                    let series = figure.figure.panels.iter().flat_map(|panel| &panel.series);
                    legend.extend(series.map(|series| series.label.clone()));
                }
                Block::Table(table) => {
                    lines.extend(table.table.rows().iter().map(|row| row[0].clone()));
                }
                _ => {}
            }
        }
        [legend, lines]
    }

    #[test]
    fn methods_of_one_name_are_told_apart_by_whatever_they_differ_in() {
        let hd =
            "name: HD, groups: [g], hamiltonian: {kinetic_energy: half-l2-squared, step_size: 0.1";
        let [legend, lines] = labels(&[
            &format!("{{{hd}, integrator: symplectic-euler, steps: 2}}}}"),
            &format!("{{{hd}, integrator: leapfrog, steps: 2}}}}"),
        ]);
        assert_eq!(
            lines,
            [
                "HD, integration symplectic-euler",
                "HD, integration leapfrog"
            ]
        );
        assert_eq!(legend, lines);
        let [legend, _] = labels(&[&format!("{{{hd}, integrator: leapfrog, steps: [5, 2]}}}}")]);
        assert_eq!(
            legend,
            ["HD, time 0.2", "HD, time 0.5"],
            "in the order of times"
        );
        let sgd =
            "name: SGD, groups: [g], baseline: {direction: half-l2-squared, learning_rate: 0.01";
        let [legend, lines] = labels(&[
            &format!("{{{sgd}}}}}"),
            &format!("{{{sgd}, scope: per-tensor}}}}"),
            &format!("{{{sgd}, momentum: 0.9}}}}"),
        ]);
        assert_eq!((legend.len(), lines.len()), (3, 3));
        let apart = |all: &[String]| all.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(
            (apart(&legend), apart(&lines)),
            (3, 3),
            "{legend:?} {lines:?}"
        );
    }
}
