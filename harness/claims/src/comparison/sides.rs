//! Two sides of one table, compared in each group.

use super::super::filter::{Filter, GroupBy};
use super::super::interval::Rigour;
use super::super::selection::Selection;
use super::super::verdict::{PartVerdict, Verdict, joined};
use super::Comparison;
use anyhow::Result;

/// Says which rows are compared with which.
pub struct Sides<'a> {
    /// The rows on one side.
    pub first: &'a Filter,
    /// The rows on the other.
    pub second: &'a Filter,
    /// What both are taken apart by.
    pub groups: &'a [GroupBy],
    /// What the first rows are taken apart by besides.
    pub first_by: &'a [GroupBy],
    /// What the second rows are taken apart by besides.
    pub second_by: &'a [GroupBy],
}

impl Sides<'_> {
    /// Compares each part of the first side with each of the second, group by group.
    pub fn judge(
        &self,
        comparison: &Comparison,
        rows: &Selection,
        rigour: Rigour,
    ) -> Result<Vec<PartVerdict>> {
        let firsts = rows.filter(self.first)?.split(self.groups)?;
        let seconds = rows.filter(self.second)?.split(self.groups)?;
        let mut parts = Vec::new();
        // A group that one side alone has is not passed over, whichever it is.
        let mut groups: Vec<&String> = firsts.iter().map(|(group, _)| group).collect();
        for (group, _) in &seconds {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        for group in groups {
            let (first, second) = (group_of(&firsts, group), group_of(&seconds, group));
            let Some((first, second)) = first.zip(second) else {
                let note = "no rows on one of the sides";
                parts.push(PartVerdict::new(group.clone(), Verdict::NotTestable, note));
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
                        let label = joined(&[group, &rivals, &part.label]);
                        parts.push(PartVerdict { label, ..part });
                    }
                }
            }
        }
        Ok(parts)
    }
}

/// Returns the rows of a group, if there are any.
fn group_of<'a>(side: &[(String, Selection<'a>)], group: &String) -> Option<Selection<'a>> {
    let (_, rows) = side.iter().find(|(name, _)| name == group)?;
    Some(rows.clone()).filter(|rows| !rows.rows.is_empty())
}
