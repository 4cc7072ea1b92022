//! Made-up rows, from a question itself: some that satisfy its predicate and some that do not.

use super::predicate::{Better, Direction, Interval, Predicate, Question};
use super::select::{Filter, Group, Match, Scalar};
use crate::rows::{Column, Frame, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A row by column, before it has a place in a frame.
pub type Made = BTreeMap<String, Value>;

/// How many pairs are made where the filters do not say.
const PAIRS: u64 = 5;

/// Rows that satisfy a question's predicate, and rows that violate it.
pub fn examples(question: &Question) -> (Frame, Frame) {
    let made = |good| frame(&question.frame, finished(rows(question, good), question));
    (made(true), made(false))
}

fn rows(question: &Question, good: bool) -> Vec<Made> {
    let base = of_filter(&question.filter);
    match &question.predicate {
        Predicate::RowVerdict(_) => set(base, |row| {
            let word = if good { "reproduced" } else { "not reproduced" };
            row.insert("verdict".into(), text(word));
            row.insert("verdict_note".into(), text("made up"));
        }),
        Predicate::Value(rule) => {
            let (inside, outside) = rule.range.samples();
            let value = if good { inside } else { outside };
            set(base, |row| {
                measured(row, &rule.column, rule.interval.as_ref(), value)
            })
        }
        Predicate::Slope(rule) => {
            let (inside, outside) = rule.range.samples();
            let value = if good { inside } else { outside };
            set(base, |row| {
                measured(row, &rule.column, rule.interval.as_ref(), value)
            })
        }
        Predicate::Holds(rule) => set(base, |row| {
            for column in &rule.show {
                row.insert(column.clone(), Value::Real(Some(1.0)));
            }
            let flag = rule.expect == good;
            row.insert(rule.column.clone(), Value::Flag(Some(flag)));
        }),
        Predicate::Ordering(rule) => {
            let first_small = (rule.better == Better::Lower) == good;
            let side = |filter: &Filter, value: f64| {
                let rows = paired(merged(&base, filter), &rule.pair_by);
                set(rows, |row| {
                    measured(row, &rule.metric, rule.interval.as_ref(), value)
                })
            };
            let (first, second) = match (rule.first == rule.second, first_small) {
                // How far apart the same rows are.
                (true, _) if good => (1.0, 1.0),
                (_, true) => (1.0, 2.0),
                (_, false) => (2.0, 1.0),
            };
            let mut rows = side(&rule.first, first);
            rows.extend(side(&rule.second, second));
            rows
        }
        Predicate::BestOf(rule) => {
            let mut grid = rule.stated.clone();
            grid.push(Scalar::Number(12_345.0));
            let rows = along(base, &rule.column, grid);
            set(paired(rows, &rule.pair_by), |row| {
                let stated = rule.stated.iter().any(|s| value(s) == row[&rule.column]);
                let small = (rule.better == Better::Lower) == (stated == good);
                row.insert(
                    rule.metric.clone(),
                    Value::Real(Some(if small { 1.0 } else { 2.0 })),
                );
            })
        }
        Predicate::Trend(rule) => {
            let rows = along(
                base,
                &rule.column,
                [1.0, 2.0, 3.0].map(Scalar::Number).to_vec(),
            );
            set(paired(rows, &rule.pair_by), |row| {
                let Value::Real(Some(at)) = row[&rule.column] else {
                    panic!("{} is not a number", rule.column)
                };
                let up = (rule.direction == Direction::Increasing) == good;
                let metric = if up { at } else { 1.0 / at };
                row.insert(rule.metric.clone(), Value::Real(Some(metric)));
            })
        }
        Predicate::Contradiction(_) | Predicate::NotTestable(_) => base,
    }
}

fn text(text: &str) -> Value {
    Value::Text(Some(text.into()))
}

fn value(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Flag(flag) => Value::Flag(Some(*flag)),
        Scalar::Number(number) => Value::Real(Some(*number)),
        Scalar::Text(t) => text(t),
    }
}

fn set(mut rows: Vec<Made>, to: impl Fn(&mut Made)) -> Vec<Made> {
    rows.iter_mut().for_each(to);
    rows
}

fn measured(row: &mut Made, column: &str, interval: Option<&Interval>, value: f64) {
    let ends = interval.map(|i| [i.low.as_str(), i.high.as_str()]);
    for column in [column].into_iter().chain(ends.into_iter().flatten()) {
        row.insert(column.into(), Value::Real(Some(value)));
    }
}

/// A row for each combination of what a filter lets through.
fn of_filter(filter: &Filter) -> Vec<Made> {
    merged(&[Made::new()], filter)
}

fn merged(rows: &[Made], filter: &Filter) -> Vec<Made> {
    let mut rows = rows.to_vec();
    for (column, what) in filter {
        let values = match what {
            Match::One(scalar) => vec![value(scalar)],
            Match::Any(list) => list.iter().map(value).collect(),
            Match::Has { has } => vec![text(has)],
            Match::Same { same_as } => {
                for row in &mut rows {
                    let other = row
                        .entry(same_as.clone())
                        .or_insert(Value::Real(Some(1.0)))
                        .clone();
                    row.insert(column.clone(), other);
                }
                continue;
            }
        };
        rows = times(rows, column, &values);
    }
    rows
}

/// Each row with each of the values in a column.
fn times(rows: Vec<Made>, column: &str, values: &[Value]) -> Vec<Made> {
    let mut all = Vec::new();
    for row in rows {
        for value in values {
            let mut row = row.clone();
            row.insert(column.into(), value.clone());
            all.push(row);
        }
    }
    all
}

/// Rows with several values in a column, unless a filter chose them already.
fn along(rows: Vec<Made>, column: &str, values: Vec<Scalar>) -> Vec<Made> {
    if rows.iter().all(|row| row.contains_key(column)) {
        return rows;
    }
    let values: Vec<Value> = values.iter().map(value).collect();
    times(rows, column, &values)
}

fn paired(mut rows: Vec<Made>, pair_by: &[String]) -> Vec<Made> {
    for column in pair_by {
        if !rows.iter().all(|row| row.contains_key(column)) {
            let values: Vec<Value> = (1..=PAIRS).map(|n| Value::Count(Some(n))).collect();
            rows = times(rows, column, &values);
        }
    }
    rows
}

/// What every row has besides.
fn finished(rows: Vec<Made>, question: &Question) -> Vec<Made> {
    let mut rows = merged(&rows, &question.requires);
    for (index, row) in rows.iter_mut().enumerate() {
        for group in question.predicate.groups() {
            match group {
                Group::Column(column) => {
                    row.entry(column.clone()).or_insert(text("any"));
                }
                Group::Words { column, words } => {
                    row.insert(column.clone(), text(&words.join("+")));
                }
            }
        }
        row.entry("status".into()).or_insert(text("complete"));
        row.insert("data_source".into(), text("real"));
        row.insert("cell".into(), text(&format!("cell-{index}")));
    }
    rows
}

/// Rows as a frame, with a column for each name that occurs.
pub fn frame(name: &str, rows: Vec<Made>) -> Frame {
    let names: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    let column = |name: &String| Column {
        name: name.clone().leak(),
        unit: "",
        what: "",
        kind: Kind::Text,
    };
    let columns: Vec<Column> = names.iter().map(column).collect();
    let missing = Value::Text(None);
    let cells = |row: &Made| {
        names
            .iter()
            .map(|n| row.get(n).unwrap_or(&missing).clone())
            .collect()
    };
    Frame {
        name: name.into(),
        columns,
        rows: rows.iter().map(cells).collect(),
    }
}

/// A frame with one column the same in all rows.
pub fn with(mut frame: Frame, column: &str, value: &Value) -> Frame {
    let at = frame.position(column).unwrap();
    for row in &mut frame.rows {
        row[at] = value.clone();
    }
    frame
}
