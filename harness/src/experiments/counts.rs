//! Rows and features of the data sets, counted, beside the printed ones: Table 1.

use super::{Bench, Context, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::{OneOrMany, Plan};
use report::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use rows::{Frame, schema};
use anyhow::{Context as _, Result, ensure};
use datasets::{Dataset, Split};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

schema! {
    /// One count of one data set: `rows.csv`, `rows.parquet`.
    CountRow {
        cell: String, "", "The cell's key, under which the journal holds the raw counts.";
        dataset: String, "", "Data set.";
        split: String, "", "Which rows train and which test.";
        data_source: String, "", "real, or surrogate: generated, no statement about the paper.";
        count: String, "", "What is counted: all-samples, training-set, test-set, features.";
        measured: Option<u64>, "", "The count; of features, the largest index that occurs in training or test rows.";
        printed: Option<u64>, "", "What the paper's Table 1 prints; none for data sets it does not have.";
        same: Option<bool>, "", "Whether they are the same.";
        note: Option<String>, "", "What explains a difference.";
    }
}

/// Printed counts of a data set, in the order of Table 1's columns.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Printed {
    all_samples: u64,
    training_set: u64,
    test_set: u64,
    features: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    datasets: Vec<String>,
    #[serde(default)]
    splits: BTreeMap<String, OneOrMany<String>>,
    printed: BTreeMap<String, Printed>,
    /// What explains a difference, by data set, split and count.
    #[serde(default)]
    notes: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// The experiment.
pub struct Counts {
    body: Body,
}

/// What identifies the data whose rows are counted.
#[derive(Debug, Deserialize, Serialize)]
struct CountCell {
    counted: String,
    split: String,
    data_source: String,
    data_digest: String,
}

/// What is counted.
#[derive(Debug, Deserialize, Serialize)]
struct Counted {
    training_set: u64,
    test_set: u64,
    features: u64,
    declared_features: u64,
}

impl Counts {
    /// From its plan.
    ///
    /// # Errors
    /// If it names no data set, or has a key that is unknown.
    pub fn new(plan: &Plan) -> Result<Self> {
        let body: Body = plan.body()?;
        ensure!(!body.datasets.is_empty(), "datasets is empty");
        Ok(Self { body })
    }

    fn rows(&self, entry: &Entry) -> Result<Vec<CountRow>> {
        let cell: CountCell = entry.cell()?;
        let counted: Option<Counted> = entry.measured()?;
        let printed = self.body.printed.get(&cell.counted);
        let notes = self
            .body
            .notes
            .get(&cell.counted)
            .and_then(|of| of.get(&cell.split));
        let row = |count: &str, of: fn(&Counted) -> u64, printed: Option<u64>| {
            let measured = counted.as_ref().map(of);
            let same = measured.zip(printed).map(|(a, b)| a == b);
            CountRow {
                cell: entry.key.clone(),
                dataset: cell.counted.clone(),
                split: cell.split.clone(),
                data_source: cell.data_source.clone(),
                count: count.into(),
                measured,
                printed,
                same,
                note: notes.and_then(|n| n.get(count)).cloned(),
            }
        };
        Ok(vec![
            row(
                "all-samples",
                |c| c.training_set + c.test_set,
                printed.map(|p| p.all_samples),
            ),
            row(
                "training-set",
                |c| c.training_set,
                printed.map(|p| p.training_set),
            ),
            row("test-set", |c| c.test_set, printed.map(|p| p.test_set)),
            row("features", |c| c.features, printed.map(|p| p.features)),
        ])
    }
}

/// The largest feature index that occurs, counted from 1.
fn largest_index(split: &Split) -> u64 {
    let last = |row| {
        split
            .rows
            .row(row)
            .0
            .last()
            .map_or(0, |&c| u64::from(c) + 1)
    };
    (0..split.len()).map(last).max().unwrap_or(0)
}

impl Experiment for Counts {
    fn needs(&self) -> Vec<Need> {
        let splits = |name: &String| match self.body.splits.get(name) {
            Some(splits) => splits.all().into_iter().map(Some).collect(),
            None => vec![None],
        };
        let needs = |name: &String| -> Vec<Need> {
            let need = |split| Need {
                dataset: name.clone(),
                split,
            };
            splits(name).into_iter().map(need).collect()
        };
        self.body.datasets.iter().flat_map(needs).collect()
    }

    fn units(&self, _machine: &Machine, data: &[Dataset]) -> Result<Vec<Unit>> {
        let unit = |(index, dataset): (usize, &Dataset)| {
            let cell = CountCell {
                counted: dataset.name.clone(),
                split: dataset.split.clone(),
                data_source: dataset.source.to_string(),
                data_digest: dataset.digest(),
            };
            Ok(Unit {
                data: Some(index),
                cells: vec![Cell::new(dataset.name.clone(), &cell)?],
            })
        };
        data.iter().enumerate().map(unit).collect()
    }

    fn measure(&mut self, bench: &Bench<'_>, _cells: &[Cell]) -> Result<Vec<Outcome>> {
        let dataset = bench.data.context("only data sets have rows to count")?;
        let counted = Counted {
            training_set: dataset.train.len() as u64,
            test_set: dataset.test.len() as u64,
            features: largest_index(&dataset.train).max(largest_index(&dataset.test)),
            declared_features: dataset.features as u64,
        };
        bench.watch.step();
        Ok(vec![Outcome::measured(&counted)?])
    }

    fn reads(&self, entry: &Entry) -> Result<()> {
        entry.is_of::<CountCell, Counted>()
    }

    fn document(&self, _context: &Context<'_>, entries: &[Entry]) -> Result<Document> {
        let rows: Vec<Vec<CountRow>> = entries
            .iter()
            .map(|entry| self.rows(entry))
            .collect::<Result<_>>()?;
        let mut table = Table::new(&[
            "data set",
            "split",
            "all samples",
            "training set",
            "test set",
            "features",
        ]);
        for of_dataset in &rows {
            let Some(first) = of_dataset.first() else {
                continue;
            };
            let mut line = vec![first.dataset.clone(), first.split.clone()];
            line.extend(of_dataset.iter().map(shown));
            table.push(line);
        }
        let rows: Vec<CountRow> = rows.into_iter().flatten().collect();
        let differences = rows.iter().filter(|row| row.same == Some(false));
        let difference = |row: &CountRow| {
            let (measured, printed) = (row.measured.unwrap_or(0), row.printed.unwrap_or(0));
            let note = row.note.as_ref().map(|note| format!(": {note}"));
            format!(
                "{}, split {}, {}: counted {measured}, printed {printed}{}",
                row.dataset,
                row.split,
                row.count,
                note.unwrap_or_default()
            )
        };
        let differences: Vec<String> = differences.map(difference).collect();
        Ok(Document {
            blocks: vec![
                Block::Table(TableBlock {
                    caption: "Counted from the data, and what the paper prints where it differs"
                        .into(),
                    table,
                    note: "Features are the largest index that occurs.".into(),
                    in_terminal: true,
                }),
                Block::List(differences),
                Block::Figure(figure(&rows)),
            ],
            frames: vec![Frame::of("rows", &rows)],
            ..Document::default()
        })
    }
}

/// Counted against printed: what lies on the line is the same.
fn figure(rows: &[CountRow]) -> FigureBlock {
    let mut series: Vec<Series> = Vec::new();
    let mut ends = (f64::INFINITY, 0.0_f64);
    for row in rows {
        let (Some(measured), Some(printed)) = (row.measured, row.printed) else {
            continue;
        };
        let (x, y) = (printed as f64, measured as f64);
        ends = (ends.0.min(x).min(y), ends.1.max(x).max(y));
        let label = format!("{}, split {}", row.dataset, row.split);
        match series.iter_mut().find(|s| s.label == label) {
            Some(series) => series.points.push((x, y)),
            None => series.push(Series::scatter(label, [(x, y)])),
        }
    }
    let same = Series::line("the same", [(ends.0, ends.0), (ends.1, ends.1)]);
    series.insert(0, same);
    let title = "Rows and features, counted against printed";
    FigureBlock {
        name: "table1".into(),
        alt: format!("{title}: on the line where they are the same"),
        figure: Figure::new(
            title,
            Axis::log("printed in Table 1"),
            Axis::log("counted from the data"),
        )
        .panel(Panel::new("").all(series)),
    }
}

/// A count as the table shows it.
fn shown(row: &CountRow) -> String {
    let measured = row.measured.map_or_else(String::new, |n| n.to_string());
    match (row.same, row.printed) {
        (Some(false), Some(printed)) => format!("{measured} (printed {printed})"),
        _ => measured,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(test_set: u64) -> Vec<CountRow> {
        let text = include_str!("../../../configs/table1.yaml");
        let counts = Counts::new(&Plan::from_yaml(text, &[], None).unwrap()).unwrap();
        let cell = CountCell {
            counted: "usps".into(),
            split: "standard".into(),
            data_source: "real".into(),
            data_digest: String::new(),
        };
        let counted = Counted {
            training_set: 7291,
            test_set,
            features: 256,
            declared_features: 256,
        };
        counts
            .rows(&Entry {
                key: "key".into(),
                ended_at: 0,
                copied_from: None,
                cell: serde_json::to_value(cell).unwrap(),
                outcome: Outcome::measured(&counted).unwrap(),
            })
            .unwrap()
    }

    #[test]
    fn counts_are_compared_with_the_printed_ones_one_by_one() {
        assert!(rows(2007).iter().all(|row| row.same == Some(true)));
        let wrong: Vec<String> = rows(2006)
            .into_iter()
            .filter(|row| row.same == Some(false))
            .map(|row| row.count)
            .collect();
        assert_eq!(wrong, ["all-samples", "test-set"]);
    }
}
