//! Whether the stated values of a grid are its best.

use super::compare::{Comparison, Rigour};
use super::predicate::BestOf;
use super::select::{Filter, Group, Match, Scalar, Table};
use super::verdict::{Part, Verdict};
use anyhow::Result;
use std::collections::BTreeSet;

/// Compares each stated value of a grid with each other one, by paired differences: a stated value
/// that is as good as another by noise is neither better nor refuted.
///
/// # Errors
/// If a column is missing, or two rows claim one place in a pair.
pub fn best_of(rule: &BestOf, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let comparison = Comparison {
        mean_over: &rule.mean_over,
        ..Comparison::new(&rule.metric, rule.better, rule.scale, &rule.pair_by)
    };
    let is_stated = |values: &Table| -> Result<bool> {
        let filter = Filter::from([(rule.column.clone(), Match::Any(rule.stated.clone()))]);
        Ok(!values.filter(&filter)?.rows.is_empty())
    };
    let grid = [Group::Column(rule.column.clone())];
    let values = |rows: &Table| -> Result<BTreeSet<String>> {
        let values = rows.split(&grid)?;
        Ok(values.into_iter().map(|(label, _)| label).collect())
    };
    let all = values(table)?;
    let mut parts = Vec::new();
    for (group, rows) in table.split(&rule.groups)? {
        let missing: Vec<String> = all.difference(&values(&rows)?).cloned().collect();
        if !missing.is_empty() {
            let note = format!("no rows with {}", missing.join(", "));
            parts.push(Part::new(group, Verdict::NotTestable, note));
            continue;
        }
        let (mut stated, mut others) = (Vec::new(), Vec::new());
        for (label, values) in rows.split(&grid)? {
            let side = match is_stated(&values)? {
                true => &mut stated,
                false => &mut others,
            };
            side.push((label, values));
        }
        if stated.len() < rule.stated.len() || others.is_empty() {
            let stated: Vec<String> = rule.stated.iter().map(Scalar::to_string).collect();
            let note = format!(
                "{} and others to compare with were not all run",
                stated.join(", ")
            );
            parts.push(Part::new(group, Verdict::NotTestable, note));
            continue;
        }
        for (mine, first) in &stated {
            for (theirs, second) in &others {
                for part in comparison.judge(first, second, rigour)? {
                    let label = format!("{mine} against {theirs}");
                    let label = match group.is_empty() {
                        true => label,
                        false => format!("{group}, {label}"),
                    };
                    parts.push(Part { label, ..part });
                }
            }
        }
    }
    Ok(parts)
}
