//! Many comparisons of one target: which of them may count as decided.

use super::finding::Finding;
use super::verdict::{PartVerdict, Verdict, short};
use rows::statistics::adjusted;
use std::collections::{BTreeMap, BTreeSet};

/// Decides the comparisons of each target together, at a level such as 0.05: those whose p-value after
/// the procedure of Benjamini and Hochberg allows it.
pub fn decide(findings: &mut [Finding], level: f64) {
    let mut families: BTreeMap<String, Vec<&mut PartVerdict>> = BTreeMap::new();
    for (target, part) in findings.iter_mut().flat_map(Finding::parts_mut) {
        if part.p.is_some() {
            families.entry(target.to_owned()).or_default().push(part);
        }
    }
    for (target, family) in families {
        together(&target, family, level);
    }
}

/// Puts the p-values of one target's comparisons in the place of each one's own. A comparison that
/// was decided by itself and is not among them is open. One that several claims make is one.
fn together(target: &str, family: Vec<&mut PartVerdict>, level: f64) {
    let mut places = BTreeMap::new();
    let mut own = Vec::new();
    let mut among = Vec::new();
    for part in &family {
        let of = (part.metric.clone(), same(&part.apart));
        let place = *places.entry(of).or_insert(own.len());
        if place == own.len() {
            own.extend(part.p);
        }
        among.push(place);
    }
    let (count, adjusted) = (own.len(), adjusted(&own));
    let mut told = BTreeSet::new();
    for (part, place) in family.into_iter().zip(among) {
        let p = adjusted[place];
        part.again = !told.insert(place);
        part.p = Some(p);
        part.note += &format!(", p {}", short(own[place]));
        if p > level && part.verdict != Verdict::Inconclusive {
            part.verdict = Verdict::Inconclusive;
            part.note += &format!(", {} among the {count} comparisons of {target}", short(p));
        }
    }
}

/// Returns what two comparisons have in common that are one: their pairs' differences from the boundary, in
/// whatever order, and whichever side is called the first.
fn same(apart: &[f64]) -> Vec<u64> {
    let sorted = |sign: f64| {
        let mut all: Vec<f64> = apart.iter().map(|apart| sign * apart + 0.0).collect();
        all.sort_by(f64::total_cmp);
        all.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
    };
    sorted(1.0).min(sorted(-1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_the_same_from_its_other_side_and_in_another_order_also_where_pairs_are_equal()
     {
        let one = same(&[0.0, 1.0, -2.0]);
        assert_eq!(same(&[-2.0, 0.0, 1.0]), one);
        // A difference of nothing is told as 0, not −0, from either side.
        assert_eq!(same(&[0.0, -1.0, 2.0]), one);
        assert_eq!(same(&[-0.0, 1.0, -2.0]), one);
        assert_ne!(same(&[0.0, 1.0, 2.0]), one);
    }
}
