//! Whether rows of one side are better than rows of another, or differ from them.

use super::compare::{Asked, Comparison, Rigour};
use super::predicate::{Better, Differ, Ordering};
use super::select::{Filter, Group, Table};
use super::verdict::{Part, Verdict};
use anyhow::Result;

/// Judges an ordering in each of its groups.
///
/// # Errors
/// As [`Comparison::judge`].
pub fn ordering(rule: &Ordering, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let comparison = Comparison {
        allowance: rule.allowance,
        margin: rule.margin,
        compared: rule.compared,
        against: rule.against,
        interval: rule.interval.as_ref(),
        ..Comparison::new(&rule.metric, rule.better, rule.scale, &rule.pair_by)
    };
    let sides = Sides {
        first: &rule.first,
        second: &rule.second,
        groups: &rule.groups,
        first_by: &rule.first_by,
        second_by: &rule.second_by,
    };
    sides.compared(comparison, table, rigour)
}

/// Judges a difference in each of its groups.
///
/// # Errors
/// As [`Comparison::judge`].
pub fn differ(rule: &Differ, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
    let comparison = Comparison {
        asked: Asked::Differ,
        margin: rule.margin,
        ..Comparison::new(&rule.metric, Better::Higher, rule.scale, &rule.pair_by)
    };
    let sides = Sides {
        first: &rule.first,
        second: &rule.second,
        groups: &rule.groups,
        first_by: &[],
        second_by: &[],
    };
    sides.compared(comparison, table, rigour)
}

/// Which rows are compared with which.
struct Sides<'a> {
    first: &'a Filter,
    second: &'a Filter,
    groups: &'a [Group],
    first_by: &'a [Group],
    second_by: &'a [Group],
}

impl Sides<'_> {
    fn compared(&self, comparison: Comparison, table: &Table, rigour: Rigour) -> Result<Vec<Part>> {
        let seconds = table.filter(self.second)?.split(self.groups)?;
        let mut parts = Vec::new();
        for (group, first) in table.filter(self.first)?.split(self.groups)? {
            let rivals = seconds.iter().find(|(name, _)| *name == group);
            let Some((_, second)) =
                rivals.filter(|(_, s)| !s.rows.is_empty() && !first.rows.is_empty())
            else {
                let note = "no rows on one of the sides";
                parts.push(Part::new(group, Verdict::NotTestable, note));
                continue;
            };
            for (mine, first) in first.split(self.first_by)? {
                for (theirs, second) in second.split(self.second_by)? {
                    let rivals = match (mine.is_empty(), theirs.is_empty()) {
                        (_, true) => mine.clone(),
                        (true, false) => format!("against {theirs}"),
                        (false, false) => format!("{mine} against {theirs}"),
                    };
                    for part in comparison.judge(&first, &second, rigour)? {
                        let label = [group.as_str(), rivals.as_str(), part.label.as_str()];
                        let label: Vec<&str> =
                            label.into_iter().filter(|l| !l.is_empty()).collect();
                        parts.push(Part {
                            label: label.join(", "),
                            ..part
                        });
                    }
                }
            }
        }
        Ok(parts)
    }
}
