//! Lines of tables and figures: runs that differ in their starts only, and what they are called.

use crate::show::shared::{self, RunLine, in_words, labelled};
use lab::experiments::descent::DescentRow;
use lab::experiments::identity::{differences, pairs, told_apart};
use report::Hue;
use rows::format::Format;

/// Runs that differ in their starts only.
pub(super) type Line<'a> = RunLine<'a, DescentRow>;

/// Returns what tells a run from all others but those that start elsewhere.
pub(super) fn identity(row: &DescentRow) -> [&str; 4] {
    [&row.panel, &row.dataset, &row.method, &row.settings]
}

/// Shows θ or η, as tables and legends do.
fn step_size(row: &DescentRow) -> String {
    let shown = row.step_size.map(|v| Format::Significant.show(v));
    shown.unwrap_or_default()
}

/// Shows S·θ, as tables and legends do.
fn time(row: &DescentRow) -> String {
    let shown = row.integration_time.map(|v| Format::Significant.show(v));
    shown.unwrap_or_default()
}

/// Collects the lines of one panel, called by their method and whatever tells it from others of its name there.
pub(super) fn panel_lines<'a>(rows: impl IntoIterator<Item = &'a DescentRow>) -> Vec<Line<'a>> {
    let beside = |a: &DescentRow, b: &DescentRow| a.method == b.method;
    named(rows, beside, |row, differ, others| {
        let mut words = words(differ, &["step_size", "steps"]);
        let same = |of: fn(&DescentRow) -> String| others.iter().all(|o| of(o) == of(row));
        if row.step_size.is_some() && !same(step_size) {
            words.insert(0, format!("step {}", step_size(row)));
        }
        // A time that all have says nothing, also where their numbers of steps differ.
        if differ.iter().any(|(key, _)| *key == "steps") && !same(time) {
            words.push(format!("time {}", time(row)));
        }
        words
    })
}

/// Collects the lines of a table that has columns for problem, part, kinetic energy, step size and time.
pub(super) fn table_lines(rows: &[DescentRow]) -> Vec<Line<'_>> {
    let beside = |a: &DescentRow, b: &DescentRow| {
        (&a.dataset, &a.panel, &a.method) == (&b.dataset, &b.panel, &b.method)
            && a.kinetic_energy == b.kinetic_energy
            && (step_size(a), time(a)) == (step_size(b), time(b))
    };
    named(rows, beside, |_, differ, _| words(differ, &[]))
}

/// Collects lines, in the order in which they first occur, and names each by its method, and words for what differs
/// among those beside it.
fn named<'a>(
    rows: impl IntoIterator<Item = &'a DescentRow>,
    beside: impl Fn(&DescentRow, &DescentRow) -> bool,
    words: impl Fn(&DescentRow, &[(&str, &str)], &[&DescentRow]) -> Vec<String>,
) -> Vec<Line<'a>> {
    let lines = shared::lines(rows, identity);
    let named = |line: &Line<'_>| {
        let first = lines.iter().map(|line| line.first);
        let others: Vec<&DescentRow> = first.filter(|other| beside(other, line.first)).collect();
        let settings: Vec<&str> = others.iter().map(|o| o.settings.as_str()).collect();
        let labels = others.iter().zip(differences(&settings));
        let labels = labels.map(|(row, differ)| {
            let mut label = vec![row.method.clone()];
            label.extend(words(row, &differ, &others));
            (label.join(", "), row.settings.as_str())
        });
        let labels = told_apart(labels.collect());
        let own = others
            .iter()
            .position(|o| identity(o) == identity(line.first));
        own.map_or_else(|| line.first.method.clone(), |own| labels[own].clone())
    };
    let labels = lines.iter().map(named).collect();
    labelled(lines, labels)
}

/// Says settings in words, but for those of some keys.
fn words(differ: &[(&str, &str)], but: &[&str]) -> Vec<String> {
    let word = |(key, value): &(&str, &str)| match *key {
        "method" => (*value).to_owned(),
        "kinetic_energy" => in_words(value),
        "step_size" => format!("step {value}"),
        key => format!("{} {value}", key.replace('_', " ")),
    };
    let told = differ.iter().filter(|(key, _)| !but.contains(key));
    told.map(word).collect()
}

/// Says which colour a line has: that of its kind of method, unless it is told from others of its name.
pub(super) fn hue(line: &Line<'_>) -> Option<Hue> {
    let of = |key: &str| pairs(&line.first.settings).find(|(name, _)| *name == key);
    let momentum = of("momentum").is_some_and(|(_, value)| value.parse() != Ok(0.0));
    let (_, kind) = of("method").filter(|_| line.label == line.first.method)?;
    shared::hue(kind, momentum)
}
