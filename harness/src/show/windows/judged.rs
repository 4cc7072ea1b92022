//! What the claims on single rows' speedups came to.

use claims::{ClaimRow, Claims, RuleKind, TargetRows};
use lab::experiments::windows::{Maker, WindowRow};
use rows::Frame;
use std::collections::BTreeMap;

/// The claims on one row's speedup, by the row's key.
pub(super) type Speedups = BTreeMap<String, ClaimRow>;

/// Judges the claims on one row's speedup.
pub(super) fn speedups(
    maker: &Maker<'_>,
    untestable: Option<String>,
    claims: &Claims,
    frames: &[Frame],
) -> Speedups {
    let judged = claims.on(TargetRows {
        target: maker.head.target.clone(),
        untestable,
        frames: frames.to_vec(),
    });
    let of_one_row =
        |claim: &ClaimRow| claim.judge == RuleKind::Speedup && !claim.rows.contains(' ');
    let speedups = judged.into_iter().filter(of_one_row);
    speedups.map(|claim| (claim.rows.clone(), claim)).collect()
}

/// Says of each row that the paper has a speedup for what became of it, or why it is not compared.
pub(super) fn reasons(rows: &[WindowRow], speedups: &Speedups) -> Vec<String> {
    let line = |row: &WindowRow| match (&row.paper_differs, speedups.get(&row.cell)) {
        (Some(difference), _) => Some(format!(
            "{}: not compared with the paper: {difference}",
            row.dataset
        )),
        (None, Some(claim)) => Some(format!(
            "{}: {}: {}",
            row.dataset, claim.verdict, claim.note
        )),
        (None, None) => None,
    };
    let mut lines: Vec<String> = rows.iter().filter_map(line).collect();
    // Rows that differ in the same are told of once.
    lines.dedup();
    lines
}
