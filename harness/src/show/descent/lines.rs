//! Lines of tables and figures: runs that differ in their starts only, and what they are called.

use lab::experiments::descent::DescentRow;
use lab::experiments::identity::{differences, told_apart};
use rows::statistics::spread;

/// Runs that differ in their starts only.
pub(super) struct Line<'a> {
    pub(super) first: &'a DescentRow,
    pub(super) rows: Vec<&'a DescentRow>,
}

/// What tells a run from all others but those that start elsewhere.
pub(super) fn identity(row: &DescentRow) -> [&str; 4] {
    [&row.panel, &row.dataset, &row.method, &row.settings]
}

/// Rows as lines, in the order in which they first occur.
pub(super) fn lines<'a>(rows: impl IntoIterator<Item = &'a DescentRow>) -> Vec<Line<'a>> {
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

impl Line<'_> {
    /// Median, and the ends where they differ in what is shown.
    pub(super) fn spread(
        &self,
        of: fn(&DescentRow) -> Option<f64>,
        show: impl Fn(f64) -> String,
    ) -> String {
        let values: Vec<f64> = self.rows.iter().filter_map(|r| of(r)).collect();
        spread(&values, show)
    }

    /// How the first run ended that was not complete.
    pub(super) fn ending(&self) -> String {
        let first = self.rows.iter().find(|r| r.status != "complete");
        first.map_or_else(String::new, |r| r.status.clone())
    }
}

/// θ or η, as tables and legends show it.
pub(super) fn step_size(row: &DescentRow) -> String {
    row.step_size.map_or_else(String::new, number)
}

/// S·θ, as tables and legends show it.
pub(super) fn time(row: &DescentRow) -> String {
    row.integration_time.map_or_else(String::new, number)
}

/// What the lines of one panel are called: the method, and whatever tells it from others of its
/// name there.
pub(super) fn labels(lines: &[Line<'_>]) -> Vec<String> {
    let beside = |a: &DescentRow, b: &DescentRow| a.method == b.method;
    named(lines, beside, |row, differ, others| {
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

/// What the lines of a table are called that has columns for problem, part, kinetic energy, step
/// size and time.
pub(super) fn table_labels(lines: &[Line<'_>]) -> Vec<String> {
    let beside = |a: &DescentRow, b: &DescentRow| {
        (&a.dataset, &a.panel, &a.method) == (&b.dataset, &b.panel, &b.method)
            && a.kinetic_energy == b.kinetic_energy
            && (step_size(a), time(a)) == (step_size(b), time(b))
    };
    named(lines, beside, |_, differ, _| words(differ, &[]))
}

/// A label for each line: its method, and words for what differs among those beside it.
fn named(
    lines: &[Line<'_>],
    beside: impl Fn(&DescentRow, &DescentRow) -> bool,
    words: impl Fn(&DescentRow, &[(&str, &str)], &[&DescentRow]) -> Vec<String>,
) -> Vec<String> {
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
    lines.iter().map(named).collect()
}

/// Settings in words, but for those of some keys.
fn words(differ: &[(&str, &str)], but: &[&str]) -> Vec<String> {
    let word = |(key, value): &(&str, &str)| match *key {
        "method" => (*value).to_owned(),
        "kinetic_energy" => symbol(value).to_owned(),
        "step_size" => format!("step {value}"),
        key => format!("{} {value}", key.replace('_', " ")),
    };
    let told = differ.iter().filter(|(key, _)| !but.contains(key));
    told.map(word).collect()
}

/// A kinetic energy as the paper writes it.
pub(super) fn symbol(kinetic: &str) -> &str {
    match kinetic {
        "half-l2-squared" => "½‖v‖²",
        "l2" => "‖v‖₂",
        "l1" => "‖v‖₁",
        "linf" => "‖v‖_∞",
        other => other,
    }
}

/// Four significant digits.
pub(super) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !(1e-4..1e6).contains(&magnitude) {
        format!("{value:.2e}")
    } else {
        let digits = (3 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_four_digits_and_no_idle_zeros() {
        assert_eq!(number(0.01), "0.01");
        assert_eq!(number(0.301_234), "0.3012");
        assert_eq!(number(12_345.6), "12346");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(3.2e-9), "3.20e-9");
        assert_eq!(number(0.0), "0");
    }
}
