//! How rows of trainings are shown: a table of medians over the starts, and the pictures.

use super::shared::{CurvesByRun, RunLine, failures, grouped, hue, labelled, over_runs};
use lab::experiments::identity::{differences, told_apart};
use lab::experiments::training::{
    TrainingCurveRow, TrainingMetric, TrainingPicture, TrainingPlan, TrainingRow,
};
use report::{Axis, Block, Document, Figure, FigureBlock, Hue, Table, TableBlock};
use rows::Frame;
use rows::format::Format;

/// Makes the whole report.
pub fn document(
    plan: &TrainingPlan,
    rows: &[TrainingRow],
    curves: &[TrainingCurveRow],
) -> Document {
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    let caption = "After the last epoch, medians over the starts";
    blocks.push(TableBlock::new(caption, table(rows), NOTE).into());
    blocks.extend(plan.pictures.iter().map(|picture| {
        let alt = format!("{}, by epochs", picture.title);
        FigureBlock::new(&picture.name, alt, figure(picture, rows, curves)).into()
    }));
    let frames = vec![Frame::of("rows", rows), Frame::of("curves", curves)];
    let what = |row: &TrainingRow| format!("{} start {}", row.method, row.start);
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

const NOTE: &str = "Each number is the median over the starts, with the least and the largest in \
brackets where they differ. Training loss and accuracy are means over the last epoch's batches, in \
training mode; test loss and accuracy are of all test images, in evaluation mode. The time is of \
training alone. Runs that diverged are in no median but that of their gradients.";

type Line<'a> = RunLine<'a, TrainingRow>;

/// Collects rows into lines, with labels that tell them apart.
fn lines<'a>(rows: impl IntoIterator<Item = &'a TrainingRow>) -> Vec<Line<'a>> {
    let identity = |row: &'a TrainingRow| (&row.method, &row.settings);
    let lines = super::shared::lines(rows, identity);
    let labels = labels(&lines);
    labelled(lines, labels)
}

/// Sorts lines, if all are flows, from the shortest integration time on.
fn by_time(mut lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let time = |line: &Line<'_>| line.first.integration_time;
    if lines.iter().all(|line| time(line).is_some()) {
        let time = |line: &Line<'_>| time(line).unwrap_or_default();
        lines.sort_by(|a, b| time(a).total_cmp(&time(b)));
    }
    lines
}

/// Names the lines, with whatever tells each from others of its name.
fn labels(lines: &[Line<'_>]) -> Vec<String> {
    let all = |name: &str| -> Vec<&str> {
        let named = lines.iter().filter(|line| line.first.method == name);
        named.map(|line| line.first.settings.as_str()).collect()
    };
    let label = |RunLine { first, .. }: &Line<'_>| {
        let settings = all(&first.method);
        let own = settings.iter().position(|s| *s == first.settings);
        let mut label = first.method.clone();
        for (key, value) in own.map_or_else(Vec::new, |own| differences(&settings)[own].clone()) {
            let key = key.rsplit('.').next().unwrap_or(key);
            label.push_str(&match (key, first.integration_time) {
                ("steps", Some(time)) => format!(", time {}", Format::UpTo(4).show(time)),
                _ => format!(", {} {value}", key.replace('_', " ")),
            });
        }
        label
    };
    let settings = lines.iter().map(|line| line.first.settings.as_str());
    told_apart(lines.iter().map(label).zip(settings).collect())
}

fn table(rows: &[TrainingRow]) -> Table {
    let (percent, loss) = (Format::Percent(2), Format::Fixed(3));
    Table::of(&lines(rows))
        .words("method", |line| &line.label)
        .number("time", Format::UpTo(4), |line| line.first.integration_time)
        .number("learning rate", Format::UpTo(4), |line| {
            Some(line.first.learning_rate)
        })
        .detail()
        .numbers("test acc.", |line| {
            line.spread(|r| r.test_accuracy, percent)
        })
        .numbers("test loss", |line| line.spread(|r| r.test_loss, loss))
        .numbers("training acc.", |line| {
            line.spread(|r| r.train_accuracy, percent)
        })
        .numbers("training loss", |line| line.spread(|r| r.train_loss, loss))
        .numbers("gradients", |line| {
            line.spread(|r| r.gradients.map(|g| g as f64), Format::Whole)
        })
        .detail()
        .numbers("time of training", |line| {
            line.spread(|r| r.wall_s, Format::Seconds)
        })
        .words("not complete", |line| {
            let unfinished = line.rows.iter().filter(|r| r.status != "complete");
            let unfinished: Vec<&str> = unfinished.map(|r| r.status.as_str()).collect();
            let (count, of) = (unfinished.len(), line.rows.len());
            (count > 0).then(|| format!("{count} of {of}: {}", unfinished.join("; ")))
        })
        .build()
        .without_empty_columns()
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
    let curves = CurvesByRun::by(curves, |record| record.cell.as_str());
    let series = lines.iter().map(|line| {
        let mine = line.rows.iter().flat_map(|row| curves.of(&row.cell));
        let point = |curve: &TrainingCurveRow| {
            (curve.epoch, (curve.epoch as f64, of(picture.metric, curve)))
        };
        let epochs = grouped(mine.map(point)).into_iter();
        let epochs: Vec<_> = epochs.map(|(_, points)| points).collect();
        over_runs(&line.label, &epochs, |_| 0).hue(part(line))
    });
    let y = Axis::linear(label(picture.metric));
    let y = match picture.metric {
        TrainingMetric::TestAccuracy | TrainingMetric::TrainAccuracy => y,
        TrainingMetric::TestLoss | TrainingMetric::TrainLoss => y.with_zero(),
    };
    Figure::new(picture.title.clone(), Axis::linear("epoch"), y)
        .caption("Line: median over the starts that got so far; band: all of them")
        .series(series)
}

/// Says which colour a counterpart has; flows are told apart by their times.
fn part(line: &Line<'_>) -> Option<Hue> {
    let row = line.first;
    let counterpart = row.integration_time.is_none() && line.label == row.method;
    let kind = match row.kinetic_energy {
        Some(_) => "baseline",
        None => row.settings.split(['.', ' ', '=']).next()?,
    };
    hue(kind, row.momentum.is_some_and(|beta| beta > 0.0)).filter(|_| counterpart)
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
                    lines.extend(table.table.texts("method").unwrap());
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
