//! How rows are shown, a file or folder for each kind of experiment: tables, pictures and what has to be
//! said of them. Made of rows alone; nothing here can measure.

mod checks;
mod contest;
mod counts;
mod descent;
mod idealized;
mod parallel;
mod sensitivity;
mod shared;
mod spring;
mod training;
pub mod windows;

use anyhow::{Result, bail};
use claims::Claims;
use lab::experiments::checks::Checks;
use lab::experiments::contest::plan::ContestPlan;
use lab::experiments::counts::Counts;
use lab::experiments::descent::plan::DescentPlan;
use lab::experiments::sensitivity::Sensitivity;
use lab::experiments::training::TrainingPlan;
use lab::experiments::windows::Maker;
use lab::experiments::windows::plan::WindowsPlan;
use lab::journal::Entry;
use lab::manifest::Manifest;
use lab::plan::Plan;
use report::Document;

/// Makes the document of a target's entries, which are in the order of its cells; verdicts that stand
/// in a table are those of `claims`.
///
/// # Errors
/// If the plan is not valid, or an entry is not one of its kind.
pub fn document(
    plan: &Plan,
    manifest: &Manifest,
    claims: &Claims,
    entries: &[Entry],
) -> Result<Document> {
    use lab::experiments::parallel::{self as methods, ParallelPlan};
    use lab::experiments::{
        contest as contests, descent as descents, idealized as flows, spring as springs,
    };
    use lab::experiments::{training as trainings, windows as window};
    Ok(match plan.experiment.as_str() {
        "checks" => checks::document(&Checks::new(plan)?.rows(plan, entries)?),
        "contest" => {
            let body = ContestPlan::new(plan)?;
            let rows = contests::rows(plan, &body, entries)?;
            contest::document(&body, &rows, &contests::turns(entries)?)
        }
        "counts" => {
            let counts = Counts::new(plan)?;
            let rows = entries.iter().map(|entry| counts.rows(entry));
            counts::document(rows.collect::<Result<_>>()?)
        }
        "descent" => {
            let body = DescentPlan::new(plan)?;
            descent::document(&body, &descents::rows(plan, &body, entries)?)
        }
        "idealized" => {
            let rows = flows::rows(plan, entries)?;
            let slopes = flows::slopes(&rows, plan.statistics()?.confidence);
            idealized::document(&rows, &slopes)
        }
        "parallel" => {
            let body = ParallelPlan::new(plan)?;
            parallel::document(&body, &methods::rows(plan, &body, entries)?)
        }
        "sensitivity" => {
            let (rows, widths) = Sensitivity::new(plan)?.rows(entries)?;
            sensitivity::document(&rows, &widths)
        }
        "spring" => spring::document(springs::rows(plan, entries)?),
        "training" => {
            let body = TrainingPlan::new(plan)?;
            let sizes = manifest
                .data
                .first()
                .map_or([0, 0], |data| [data.shape[0] as u64, data.shape[1] as u64]);
            let (rows, curves) = trainings::rows(plan, &body, sizes, entries)?;
            training::document(&body, &rows, &curves)
        }
        "windows" => {
            let maker = Maker {
                head: plan,
                plan: &WindowsPlan::new(plan)?,
                statistics: plan.statistics()?,
                paper: &manifest.paper.table2,
                rates: manifest.rates.as_ref(),
            };
            let rows = maker.rows(entries)?;
            windows::document(
                &maker,
                manifest.untestable()?,
                claims,
                &rows,
                &window::curves(entries)?,
            )
        }
        other => bail!("no rows of `experiment: {other}` can be shown"),
    })
}
