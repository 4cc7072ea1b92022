//! What windows over the steps of several methods are called.

use lab::experiments::parallel::ParallelRow;
use optim::WindowForm;
use std::collections::BTreeSet;

/// What windows are called in a line: by what they are, and by what else several of one place differ in.
pub(super) struct Names {
    /// Places, and what windows differ in there.
    several: BTreeSet<(String, &'static str)>,
}

/// What windows of the same kind and width may differ in, in words.
fn apart(form: &WindowForm) -> [(&'static str, String); 3] {
    let memory = match form.method.as_str() {
        "secant" => format!("M={}", form.memory),
        _ => String::new(),
    };
    let across = if form.across_flows { "across" } else { "" };
    let tolerance = format!("τ = {:e}{}", form.tolerance, share(form));
    [
        ("memory", memory),
        ("across", across.to_owned()),
        ("tolerance", tolerance),
    ]
}

/// What a tolerance is a share of, but for a point's size.
fn share(form: &WindowForm) -> &'static str {
    match form.relative_to.as_str() {
        "progress" => " of progress",
        _ => "",
    }
}

impl Names {
    pub(super) fn of(rows: &[ParallelRow]) -> Self {
        let wide = rows.iter().filter(|row| row.corrector.is_some());
        let all = wide.flat_map(|row| {
            let words = row.form().map(|form| apart(&form));
            let kind = (row.place(), row.corrector.clone());
            words
                .into_iter()
                .flatten()
                .map(move |(what, word)| (kind.clone(), what, word))
        });
        let all: BTreeSet<_> = all.collect();
        let mut seen = BTreeSet::new();
        let again = all
            .into_iter()
            .filter(|(kind, what, _)| !seen.insert((kind.clone(), *what)));
        Self {
            several: again.map(|((place, _), what, _)| (place, what)).collect(),
        }
    }

    /// What the window of a row is called; nothing of a method that has none.
    pub(super) fn window(&self, row: &ParallelRow) -> String {
        let Some(form) = row.form() else {
            return String::new();
        };
        let mut words = vec![format!("W = {}", form.window)];
        if row.corrector.is_some() {
            words.push(form.method.clone());
            words.extend(form.predictor.clone().filter(|word| *word != "model"));
            let usual = WindowForm::default();
            if form.damped {
                words.push("damped".into());
            }
            if form.storage != usual.storage {
                words.push(form.storage.clone());
            }
            words.extend(form.at_once.map(|count| format!("by {count}")));
            if form.velocity != usual.velocity {
                words.push(form.velocity.clone());
            }
        }
        if row.evaluator.as_deref() == Some("devices") {
            words.push(format!("on {}", row.devices));
        }
        if row.corrector.is_some() {
            let told = |what| self.several.contains(&(row.place(), what));
            words.extend(
                apart(&form)
                    .into_iter()
                    .filter(|(what, _)| told(*what))
                    .map(|(_, w)| w),
            );
            if !told("tolerance") && !share(&form).is_empty() {
                words.push(format!("τ{}", share(&form)));
            }
        }
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Depth;
    use super::*;

    #[test]
    fn a_window_is_called_by_its_tolerance_where_several_are_tried_and_by_what_that_is_a_share_of()
    {
        let row = |part: &str, tolerance: f64, relative_to: &str| ParallelRow {
            part: part.into(),
            window: Some(8),
            corrector: Some("secant".into()),
            predictor: Some("model".into()),
            tolerance: Some(tolerance),
            relative_to: Some(relative_to.into()),
            ..ParallelRow::default()
        };
        let rows = [
            row("one", 1e-3, "size"),
            row("one", 1e-3, "size"),
            row("two", 1e-2, "size"),
            row("two", 1e-3, "progress"),
            row("three", 0.1, "progress"),
        ];
        let names = Names::of(&rows);
        let said: Vec<String> = rows.iter().map(|row| names.window(row)).collect();
        let wanted = [
            "W = 8 secant",
            "W = 8 secant",
            "W = 8 secant τ = 1e-2",
            "W = 8 secant τ = 1e-3 of progress",
            "W = 8 secant τ of progress",
        ];
        assert_eq!(said, wanted);
        assert_eq!(Depth::grouped(rows.iter(), &names).len(), 4);
    }

    #[test]
    fn windows_that_differ_in_anything_have_names_of_their_own() {
        let row = || ParallelRow {
            window: Some(8),
            corrector: Some("secant".into()),
            predictor: Some("model".into()),
            tolerance: Some(1e-3),
            memory: Some(10),
            across_flows: true,
            ..ParallelRow::default()
        };
        let picard = || ParallelRow {
            corrector: Some("picard".into()),
            predictor: Some("copy".into()),
            memory: None,
            across_flows: false,
            ..row()
        };
        let mut rows = vec![row(), picard()];
        let mut more = |change: fn(&mut ParallelRow), of: ParallelRow| {
            let mut other = of;
            change(&mut other);
            rows.push(other);
        };
        more(|row| row.memory = None, row());
        more(|row| row.across_flows = false, row());
        more(|row| row.damped = Some(true), row());
        more(|row| row.relative_to = Some("progress".into()), row());
        more(|row| row.tolerance = Some(0.1), row());
        more(|row| row.storage = Some("velocities".into()), picard());
        more(|row| row.at_once = Some(2), picard());
        more(|row| row.velocity = Some("as-printed".into()), picard());
        more(|row| row.across_flows = true, picard());
        let names = Names::of(&rows);
        let said: BTreeSet<String> = rows.iter().map(|row| names.window(row)).collect();
        assert_eq!(said.len(), rows.len(), "{said:?}");
        for (i, row) in rows.iter().enumerate() {
            let same = rows.iter().filter(|other| other.in_window_of(row));
            assert_eq!(same.count(), 1, "{i}");
        }
    }
}
