//! Rows and features of the data sets, counted, beside the printed ones: Table 1.

use super::{Bench, Data, Experiment, Need, Unit};
use crate::device::Machine;
use crate::journal::{Cell, Entry, Outcome};
use crate::plan::schema::one_or_many;
use crate::plan::{OneOrMany, Plan};
use anyhow::{Result, ensure};
use datasets::Split;
use rows::schema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Printed {
    /// Rows in all.
    all_samples: u64,
    /// Rows to train on.
    training_set: u64,
    /// Rows to test on.
    test_set: u64,
    /// Features.
    features: u64,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CountsForm {
    /// The data sets, in the order of the table.
    datasets: Vec<String>,
    /// Which splits of a data set are counted; its default where nothing is said.
    #[serde(default)]
    #[schemars(schema_with = "splits")]
    splits: BTreeMap<String, OneOrMany<String>>,
    /// What the paper prints, by data set.
    printed: BTreeMap<String, Printed>,
    /// What explains a difference, by data set, split and count.
    #[serde(default)]
    notes: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// A split of a data set, or a list.
fn splits(generator: &mut SchemaGenerator) -> Schema {
    let one = one_or_many::<String>(generator).to_value();
    let mut of = json_schema!({"type": "object", "default": {}});
    of.insert("additionalProperties".into(), one);
    of
}

/// The experiment.
pub struct Counts {
    body: CountsForm,
}

/// What identifies the data whose rows are counted.
#[derive(Debug, Deserialize, Serialize)]
pub struct CountCell {
    counted: String,
    split: String,
    data_source: String,
    data_digest: String,
}

/// What is counted.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Counted {
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
        let body: CountsForm = plan.body()?;
        ensure!(!body.datasets.is_empty(), "datasets is empty");
        Ok(Self { body })
    }

    /// Makes the rows of an entry: one for each number that Table 1 prints.
    ///
    /// # Errors
    /// If the entry is not of this kind.
    pub fn rows(&self, entry: &Entry) -> Result<Vec<CountRow>> {
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
    type Cell = CountCell;
    type Measured = Counted;

    fn needs(&self) -> Vec<Need> {
        let splits = |name: &String| match self.body.splits.get(name) {
            Some(splits) => splits.all().into_iter().map(Some).collect(),
            None => vec![None],
        };
        let needs = |name: &String| -> Vec<Need> {
            let need = |split| Need::Rows {
                dataset: name.clone(),
                split,
            };
            splits(name).into_iter().map(need).collect()
        };
        self.body.datasets.iter().flat_map(needs).collect()
    }

    fn units(&self, _: &Machine, data: &[Data]) -> Result<Vec<Unit<CountCell>>> {
        let unit = |(index, data): (usize, &Data)| {
            let dataset = data.rows()?;
            let cell = CountCell {
                counted: dataset.name.clone(),
                split: dataset.split.clone(),
                data_source: dataset.source.to_string(),
                data_digest: dataset.digest(),
            };
            Ok(Unit {
                data: Some(index),
                cells: vec![Cell::new(&dataset.name, cell)],
            })
        };
        data.iter().enumerate().map(unit).collect()
    }

    fn measure(
        &mut self,
        bench: &Bench<'_>,
        cells: &[Cell<CountCell>],
    ) -> Result<Vec<Outcome<Counted>>> {
        let dataset = bench.rows()?;
        bench.each(cells, |_| {
            bench.watch.step();
            Ok(Outcome::Measured(Counted {
                training_set: dataset.train.len() as u64,
                // Rows that are tested on for want of others are no more rows.
                test_set: match dataset.test_is_train {
                    true => 0,
                    false => dataset.test.len() as u64,
                },
                features: largest_index(&dataset.train).max(largest_index(&dataset.test)),
                declared_features: dataset.features as u64,
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(test_set: u64) -> Vec<CountRow> {
        let text = include_str!("../../../../configs/table1.yaml");
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
