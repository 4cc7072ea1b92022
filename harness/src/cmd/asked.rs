//! Claims beside the plans that they are about, before anything is run: what no row will ever have is misspelt.

use claims::{AskedRows, Claims};
use lab::experiments;
use lab::plan::Plan;
use lab::plan::schema::{PlanFault, PlanLines, either, meant};

/// Finds what claims ask of rows that those of their plans will not have: targets, frames, columns, and texts that the
/// plan says. `plan` answers with the plan of a target, or with why there is none.
pub(super) fn faults(
    text: &str,
    claims: &Claims,
    plan: impl Fn(&str) -> Result<Plan, String>,
) -> Vec<PlanFault> {
    let lines = PlanLines::of(text);
    let mut found: Vec<PlanFault> = Vec::new();
    for asked in claims.asked() {
        let whats = match plan(asked.target) {
            Ok(plan) => unmet(&asked, &plan),
            Err(why) => vec![why],
        };
        for what in whats {
            let place = format!("claims[{}]", asked.entry);
            let what = format!("{place} ({}): {what}", asked.claim);
            if found.iter().all(|fault| fault.what != what) {
                found.push(PlanFault {
                    line: lines.line(&place),
                    place,
                    what,
                });
            }
        }
    }
    found
}

/// What a question asks for that rows of a plan will not have.
fn unmet(asked: &AskedRows<'_>, plan: &Plan) -> Vec<String> {
    let target = asked.target;
    let frames = experiments::frames(&plan.experiment);
    let Some((_, columns)) = frames.iter().find(|(name, _)| *name == asked.frame) else {
        if frames.is_empty() {
            return Vec::new();
        }
        let names: Vec<&str> = frames.iter().map(|(name, _)| *name).collect();
        let hint = meant(asked.frame, &names);
        return vec![format!(
            "{target} has no frame `{}`, but {}{hint}",
            asked.frame,
            either(&names)
        )];
    };
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut all = Vec::new();
    for column in asked
        .columns
        .iter()
        .filter(|column| !known.contains(column))
    {
        all.push(format!(
            "the {} of {target} have no column `{column}`; there is {}{}",
            asked.frame,
            known.join(", "),
            meant(column, &known)
        ));
    }
    // Whatever else is wrong with the plan, running it tells.
    let said = experiments::of(plan).map(|experiment| experiment.texts());
    let said = said.unwrap_or_default();
    for (column, text) in &asked.texts {
        let Some((_, texts)) = said.iter().find(|(of, _)| of == column) else {
            continue;
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if !texts.contains(text) {
            let known = match &texts[..] {
                [""] | [] => "none".to_owned(),
                _ => texts.join(", "),
            };
            let hint = meant(text, &texts);
            all.push(format!(
                "no row of {target} has the {column} `{text}`; there is {known}{hint}"
            ));
        }
    }
    all
}
