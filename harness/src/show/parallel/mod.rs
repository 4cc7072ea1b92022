//! How windows over the steps of several methods are shown: which comes first to a loss, and how deep each goes.

mod figures;
mod names;

use self::figures::figures;
use self::names::Names;
use super::shared::{failures, grouped};
use lab::experiments::parallel::{ParallelPlan, ParallelRow};
use report::{Block, Document, Table, TableBlock};
use rows::Frame;
use rows::format::Format;
use rows::statistics::median;

/// Makes the report.
pub fn document(plan: &ParallelPlan, rows: &[ParallelRow]) -> Document {
    let mut blocks: Vec<Block> = plan.notes.iter().cloned().map(Block::Text).collect();
    let names = Names::of(rows);
    let races = races(rows, &names);
    if !races.is_empty() {
        blocks.push(race_table(&races).into());
    }
    blocks.push(depth_table(rows, &names).into());
    blocks.extend(ends_table(rows, &names).map(Block::from));
    blocks.extend(exponents(rows, &names).map(Block::from));
    blocks.extend(figures(rows, &races, &names).into_iter().map(Block::from));
    let frames = vec![Frame::of("rows", rows)];
    let what = |row: &ParallelRow| {
        let (place, method, start) = (row.place(), &row.method, row.start);
        format!("{place} {method} {} start {start}", names.window(row))
    };
    Document::made_of(blocks, frames, failures(rows, |row| &row.status, what))
}

/// A method in the window of one width that brings it to the target in the fewest rounds, at its best step size there.
struct Race<'a> {
    place: String,
    method: &'a str,
    /// 1 of steps one after the other.
    width: u64,
    window: String,
    step_size: Option<f64>,
    rounds: f64,
    gradients: Option<f64>,
    seconds: Option<f64>,
    /// The rounds of the same method one step after the other, at its best step size for that.
    alone: Option<f64>,
    /// Which end of the step sizes tried it is at, of several.
    end: &'static str,
}

impl Race<'_> {
    fn fewer(&self) -> Option<f64> {
        (self.width > 1).then(|| self.alone.map(|alone| alone / self.rounds))?
    }
}

fn middle(rows: &[&ParallelRow], of: fn(&ParallelRow) -> Option<f64>) -> Option<f64> {
    median(&rows.iter().filter_map(|row| of(row)).collect::<Vec<_>>())
}

/// The medians over the starts of the best rows, for each data set, method and width.
fn races<'a>(all: &'a [ParallelRow], names: &Names) -> Vec<Race<'a>> {
    let best = all.iter().filter(|row| row.best.contains("own"));
    let places = grouped(best.map(|row| ((row.place(), row.method.as_str()), row)));
    let mut races: Vec<Race<'a>> = Vec::new();
    for ((place, method), rows) in places {
        let mut widths = grouped(rows.into_iter().map(|row| (row.window.unwrap_or(1), row)));
        widths.sort_by_key(|(width, _)| *width);
        let mut alone = None;
        for (width, rows) in widths {
            let windows = grouped(rows.into_iter().map(|row| (names.window(row), row)));
            let scored = windows.into_iter().filter_map(|(window, rows)| {
                let rounds = middle(&rows, |row| row.rounds_to_target.map(|r| r as f64))?;
                Some((rounds, window, rows))
            });
            let Some((rounds, window, rows)) = scored.min_by(|a, b| a.0.total_cmp(&b.0)) else {
                continue;
            };
            alone = alone.or((width == 1).then_some(rounds));
            let gradients = middle(&rows, |row| row.gradients_to_target.map(|g| g as f64));
            races.push(Race {
                place: place.clone(),
                method,
                width,
                window,
                step_size: rows[0].step_size,
                rounds,
                gradients,
                seconds: middle(&rows, |row| row.wall_s),
                alone,
                end: end_of_grid(all, rows[0]),
            });
        }
    }
    races
}

/// Whether a step size is the smallest or the largest of those that its method was tried with there.
fn end_of_grid(all: &[ParallelRow], of: &ParallelRow) -> &'static str {
    let same = all
        .iter()
        .filter(|row| row.place() == of.place() && row.method == of.method);
    let sizes: Vec<f64> = same.filter_map(|row| row.step_size).collect();
    let (least, most) = sizes
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(l, m), s| (l.min(*s), m.max(*s)));
    match of.step_size {
        _ if least >= most => "",
        Some(size) if size == least => "smallest tried",
        Some(size) if size == most => "largest tried",
        _ => "",
    }
}

fn race_table(races: &[Race<'_>]) -> TableBlock {
    let table = Table::of(races)
        .words("data set", |race| &race.place)
        .words("method", |race| race.method)
        .words("window", |race| race.window.clone())
        .number("best step size", Format::Exact, |race| race.step_size)
        .words("", |race| race.end)
        .number("rounds", Format::Whole, |race| Some(race.rounds))
        .number("fewer rounds", Format::Ratio, Race::fewer)
        .number("gradients", Format::Whole, |race| race.gradients)
        .number("one device", Format::Seconds, |race| race.seconds);
    TableBlock::new(
        "To the same loss",
        table.build(),
        "For each width the window that needs the fewest rounds, at the step size that is best in it; medians over the \
         starts. *Fewer rounds* compares with the same method one step after the other at the step size that is best \
         for that: what as many devices as the window has steps would gain at most.",
    )
}

/// Rows of one method and window from all starts.
struct Depth<'a> {
    first: &'a ParallelRow,
    rows: Vec<&'a ParallelRow>,
    window: String,
}

impl<'a> Depth<'a> {
    /// Of rows that are told apart by a window's name.
    fn grouped(rows: impl Iterator<Item = &'a ParallelRow>, names: &Names) -> Vec<Self> {
        let key = |row: &ParallelRow| {
            let window = names.window(row);
            (
                row.place(),
                row.method.clone(),
                row.settings.clone(),
                window,
            )
        };
        let groups = grouped(rows.map(|row| (key(row), row)));
        let of = |((.., window), rows): ((_, _, _, String), Vec<&'a ParallelRow>)| Self {
            first: rows[0],
            rows,
            window,
        };
        groups.into_iter().map(of).collect()
    }
}

/// Windows with each method's smallest step size and with its best one step after the other.
fn depths<'a>(rows: &'a [ParallelRow], names: &Names) -> Vec<Depth<'a>> {
    let wide = rows.iter().filter(|row| row.window.is_some_and(|w| w > 1));
    let wide: Vec<&ParallelRow> = wide.filter(|row| row.depth.is_some()).collect();
    let smallest = |row: &ParallelRow| {
        let same = wide
            .iter()
            .filter(|other| other.place() == row.place() && other.method == row.method);
        same.filter_map(|other| other.step_size)
            .fold(f64::INFINITY, f64::min)
    };
    let kept = wide
        .iter()
        .copied()
        .filter(|row| row.best.contains("one") || row.step_size == Some(smallest(row)));
    Depth::grouped(kept, names)
}

fn depth_table(rows: &[ParallelRow], names: &Names) -> TableBlock {
    let depths = depths(rows, names);
    let table = Table::of(&depths)
        .words("data set", |d| d.first.place())
        .words("method", |d| &d.first.method)
        .number("step size", Format::Exact, |d| d.first.step_size)
        .words("", |d| {
            if d.first.best.contains("one") {
                "best"
            } else {
                "smallest"
            }
        })
        .words("window", |d| &d.window)
        .number("depth", Format::Ratio, |d| middle(&d.rows, |row| row.depth))
        .number("gradients a step", Format::Fixed(2), |d| {
            middle(&d.rows, |row| row.gradients_a_step)
        })
        .number("error", Format::Power(0), |d| {
            middle(&d.rows, |row| row.error)
        })
        .number("bytes a slot", Format::Fixed(1), |d| {
            middle(&d.rows, |row| row.bytes_per_point)
        });
    TableBlock::new(
        "How deep the windows of each method go",
        table.build(),
        "*Depth* is steps by rounds, with the smallest step size of each method and with the one that is best one step \
         after the other; *error* the distance from where the steps one after the other end, relative to its norm; \
         *bytes a slot* what one more step of the window holds in memory for each number of a point. Medians over the \
         starts.",
    )
}

/// Where every method ends in every window, on problems without a target.
fn ends_table(rows: &[ParallelRow], names: &Names) -> Option<TableBlock> {
    let ended = rows
        .iter()
        .filter(|row| row.target.is_none() && row.value.is_some());
    let all = Depth::grouped(ended, names);
    if all.is_empty() {
        return None;
    }
    let table = Table::of(&all)
        .words("data set", |d| d.first.place())
        .words("method", |d| &d.first.method)
        .number("step size", Format::Exact, |d| d.first.step_size)
        .words("window", |d| &d.window)
        .number("steps", Format::Whole, |d| {
            middle(&d.rows, |row| row.steps.map(|s| s as f64))
        })
        .number("rounds", Format::Whole, |d| {
            middle(&d.rows, |row| row.rounds.map(|r| r as f64))
        })
        .number("depth", Format::Ratio, |d| middle(&d.rows, |row| row.depth))
        .number("gradients a step", Format::Fixed(2), |d| {
            middle(&d.rows, |row| row.gradients_a_step)
        })
        .number("error", Format::Power(0), |d| {
            middle(&d.rows, |row| row.error)
        })
        .number("value", Format::Short, |d| middle(&d.rows, |row| row.value))
        .number("accuracy", Format::Percent(1), |d| {
            middle(&d.rows, |row| row.accuracy)
        });
    Some(TableBlock::new(
        "After the same steps",
        table.build(),
        "Where every method ends in every window, on problems without a target; medians over the starts. *Value* is of \
         a network the mean loss over the test images, *accuracy* the share of them that is classified rightly, both \
         with each batch of them normalised by itself.",
    ))
}

/// The exponents of all methods, with the depth of their deepest window.
fn exponents(rows: &[ParallelRow], names: &Names) -> Option<TableBlock> {
    let with = rows.iter().filter(|row| row.exponent.is_some());
    let all = Depth::grouped(with, names);
    if all.is_empty() {
        return None;
    }
    let widest = |d: &Depth<'_>| widest(rows, d.first).map(|(_, depth)| depth);
    let table = Table::of(&all)
        .words("data set", |d| d.first.place())
        .words("method", |d| &d.first.method)
        .number("step size", Format::Exact, |d| d.first.step_size)
        .number("exponent a step", Format::Short, |d| {
            middle(&d.rows, |row| row.exponent)
        })
        .number("closed form", Format::Short, |d| {
            middle(&d.rows, |row| row.exponent_exact)
        })
        .number("depth of the widest window", Format::Ratio, widest);
    Some(TableBlock::new(
        "How fast nearby trajectories part",
        table.build(),
        "The largest Lyapunov exponent of each method's steps: below 0 a small difference dies out, above it grows, \
         and windows that are much wider than its inverse cannot converge at once. *Closed form* is what it tends to, \
         of flows, gradient descent and Heavy Ball on a quadratic.",
    ))
}

/// The width of the widest window in which a method ran from a start, and the depth of the deepest one of that width.
fn widest(rows: &[ParallelRow], of: &ParallelRow) -> Option<(u64, f64)> {
    let key = |row: &ParallelRow| (row.place(), row.method.clone(), row.settings.clone());
    let same = rows
        .iter()
        .filter(|row| key(row) == key(of) && row.depth.is_some());
    let same: Vec<&ParallelRow> = same.collect();
    let most = same
        .iter()
        .filter_map(|row| row.window)
        .max()
        .filter(|w| *w > 1)?;
    let deepest = same.iter().filter(|row| row.window == Some(most));
    let depth = deepest.filter_map(|row| row.depth).reduce(f64::max)?;
    Some((most, depth))
}
