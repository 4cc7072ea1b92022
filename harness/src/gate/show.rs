//! What the gate says: tables for the terminal, and ratios for github-action-benchmark.

use super::Report;
use super::baseline::Origin;
use super::exact::ExactReport;
use super::instructions::{InstructionCount, InstructionReport};
use super::ratios::{Measurement, Ratio, RatioReport, Standing};
use anyhow::Result;
use report::{Cell, Piece, Table};
use rows::format::Format;
use rows::statistics::Interval;
use serde::Serialize;
use std::fmt::Write;

/// What moved, by how much and since when, and every ratio with its interval.
#[must_use]
pub fn terminal(report: &Report) -> String {
    let mut out = String::new();
    if let Some(exact) = &report.exact {
        tier_exact(&mut out, exact);
    }
    if let Some(ratios) = &report.ratios {
        if !out.is_empty() {
            out.push('\n');
        }
        tier_ratios(&mut out, ratios);
    }
    if let Some(instructions) = &report.instructions {
        if !out.is_empty() {
            out.push('\n');
        }
        tier_instructions(&mut out, instructions);
    }
    out
}

fn since(origin: Option<&Origin>) -> String {
    match origin {
        Some(origin) => format!("recorded at {} on {}", origin.commit, origin.date),
        None => "nothing recorded yet".into(),
    }
}

fn tier_exact(out: &mut String, report: &ExactReport) {
    let since = since(report.since.as_ref());
    let count = report.count();
    if report.moved.is_empty() {
        let _ = writeln!(out, "Exact: all of {count} flows are as {since}");
        return;
    }
    if report.since.is_none() {
        let _ = writeln!(out, "Exact: {count} flows, {since}");
        return;
    }
    let mut flows: Vec<(&String, &String)> =
        report.moved.iter().map(|m| (&m.plan, &m.flow)).collect();
    flows.dedup();
    let moved = flows.len();
    let _ = writeln!(out, "Exact: {moved} moved, of {count} flows, {since}");
    let table = Table::of(&report.moved)
        .words("flow", |row| format!("{}: {}", row.plan, row.flow))
        .words("what", |row| &row.what)
        .words("where", |row| &row.place)
        .numbers("recorded", |row| &row.recorded)
        .numbers("now", |row| &row.now)
        .numbers("by", |row| &row.by)
        .build();
    let _ = writeln!(out, "{}", table.without_empty_columns().to_terminal());
}

/// What came of the ratios in a line, and whose bounds they were held to.
fn headline(report: &RatioReport) -> String {
    let count = report.ratios.len();
    let failed = report.ratios.iter().filter(|r| r.standing().failed());
    let mut line = format!("Ratios: {} of {count} fail", failed.count());
    match report.not_judged() {
        0 => (),
        open => {
            let _ = write!(line, ", {open} not judged");
        }
    }
    let kind = &report.processor;
    match (&report.since, report.known_elsewhere) {
        (Some(origin), _) => {
            let since = since(Some(origin));
            let _ = write!(
                line,
                ", {since} for this kind of processor ({kind}; {})",
                origin.machine
            );
        }
        (None, true) => {
            let _ = write!(
                line,
                "; no bounds are recorded for this kind of processor ({kind}), so a ratio is held to what its plan says for others: `--update` records this kind and keeps the others"
            );
        }
        (None, false) => {
            let _ = write!(line, ", {}", since(None));
        }
    }
    line
}

fn tier_ratios(out: &mut String, report: &RatioReport) {
    let _ = writeln!(out, "{}", headline(report));
    let table = Table::of(&report.ratios)
        .words("ratio", |ratio| &ratio.name)
        .numbers("now", |ratio| match &ratio.measured {
            Measurement::Done { interval, .. } => Piece::Interval(*interval, Format::Ratio).into(),
            Measurement::Failed(why) => Cell::from(why),
            Measurement::Unknown => "in no plan".into(),
        })
        .number("pairs", Format::Whole, |ratio| match &ratio.measured {
            Measurement::Done { pairs, .. } => Some(*pairs as f64),
            Measurement::Failed(_) | Measurement::Unknown => None,
        })
        .numbers("recorded", |ratio| {
            let (median, low, high) = ratio.recorded.map(|r| (r.median, r.low, r.high))?;
            Some(Piece::Interval(
                Interval { median, low, high },
                Format::Ratio,
            ))
        })
        .number("by", Format::Change, by)
        .number("bound", Format::Ratio, Ratio::bound)
        .words("", |ratio| verdict(&ratio.standing()))
        .build();
    let _ = writeln!(out, "{}", table.to_terminal());
}

fn tier_instructions(out: &mut String, report: &InstructionReport) {
    let count = report.counts.len();
    if let Some(missing) = &report.missing {
        let _ = writeln!(out, "Instructions: not counted, as {missing}");
        return;
    }
    let _ = match &report.not_judged() {
        Some(why) => writeln!(out, "Instructions: {count} counted, not judged: {why}"),
        None => {
            let since = since(report.since.as_ref());
            writeln!(
                out,
                "Instructions: {count} counted, {since} ({})",
                report.kind
            )
        }
    };
    let judged = report.not_judged().is_none();
    let table = Table::of(&report.counts)
        .words("instructions of", |count| &count.name)
        .number("now", Format::Whole, |count| count.now.map(|n| n as f64))
        .number("recorded", Format::Whole, |count| {
            count.recorded.map(|n| n as f64)
        })
        .number("by", Format::Change, InstructionCount::by)
        .words("", |count| match (judged, count.failed()) {
            (false, _) => "",
            (true, false) => "holds",
            (true, true) if count.now.is_none() => "NOT COUNTED",
            (true, true) if count.recorded.is_none() => "NOT RECORDED",
            (true, true) => "MORE THAN IT MAY BE",
        })
        .build();
    let _ = writeln!(out, "{}", table.without_empty_columns().to_terminal());
}

/// Returns by what share the median moved.
fn by(ratio: &Ratio) -> Option<f64> {
    match (&ratio.measured, ratio.recorded) {
        (Measurement::Done { interval, .. }, Some(recorded)) => {
            Some(interval.median / recorded.median - 1.0)
        }
        _ => None,
    }
}

fn verdict(standing: &Standing) -> String {
    match standing {
        Standing::Holds => "holds".into(),
        Standing::Below => "BELOW ITS BOUND".into(),
        Standing::NotJudged(why) => format!("not judged: {why}"),
        Standing::NotRecorded => "NOT RECORDED".into(),
        Standing::NotMeasured => "NOT MEASURED".into(),
    }
}

/// A measurement as github-action-benchmark reads it (customBiggerIsBetter).
#[derive(Serialize)]
struct Benchmark<'a> {
    name: &'a str,
    unit: &'static str,
    value: f64,
    range: String,
    extra: String,
}

/// The ratios as JSON for github-action-benchmark, tool `customBiggerIsBetter`.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn json(report: &Report) -> Result<String> {
    let ratios = report.ratios.iter().flat_map(|report| &report.ratios);
    let benchmark = |ratio: &'_ Ratio| -> Option<(f64, String, String)> {
        let Measurement::Done { interval, pairs } = &ratio.measured else {
            return None;
        };
        let mut extra = format!("median of {pairs} pairs");
        if let Some(bound) = ratio.bound() {
            let _ = write!(extra, "; bound {bound:.2}x");
        }
        if let Some(lacking) = &ratio.lacking {
            let _ = write!(extra, "; {lacking}");
        }
        let range = format!("{:.3} to {:.3}", interval.low, interval.high);
        Some((interval.median, range, extra))
    };
    let all: Vec<Benchmark<'_>> = ratios
        .filter_map(|ratio| {
            let (value, range, extra) = benchmark(ratio)?;
            Some(Benchmark {
                name: &ratio.name,
                unit: "x",
                value,
                range,
                extra,
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

#[cfg(test)]
mod tests;
