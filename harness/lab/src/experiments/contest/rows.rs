//! From journal entries to rows.

use super::cell::{ContestCell, ContestTurn, MeasuredContest};
use super::plan::{ContestPlan, ContestTask};
use super::schema::{ContestRow, TurnRow};
use crate::capacity::{Account, Sample, capacity, over_runs};
use crate::journal::Entry;
use crate::plan::{Plan, Statistics};
use crate::seed::Seeds;
use anyhow::Result;
use rows::statistics::{median, paired_ratio};

/// Makes a row for each entry and each baseline that it is compared with, in their order.
///
/// # Errors
/// If an entry is not of this kind.
pub fn rows(head: &Plan, plan: &ContestPlan, entries: &[Entry]) -> Result<Vec<ContestRow>> {
    let statistics = head.statistics()?;
    let mut all = Vec::new();
    for entry in entries {
        let cell: ContestCell = entry.cell()?;
        let measured: Option<MeasuredContest> = entry.measured()?;
        let mut row = unmeasured(head, plan, entry, &cell);
        if let Some(measured) = &measured {
            fill(&mut row, cell.task, measured);
        }
        let baselines: Vec<Option<&str>> = match cell.baselines.is_empty() {
            true => vec![None],
            false => cell
                .baselines
                .iter()
                .map(|of| Some(of.name.as_str()))
                .collect(),
        };
        for baseline in baselines {
            let mut row = ContestRow {
                baseline: baseline.map(str::to_owned),
                ..row.clone()
            };
            if let Some(measured) = &measured {
                let name = baseline.unwrap_or_default();
                let none = Vec::new();
                let beside = measured.baselines.get(name).unwrap_or(&none);
                compare(&mut row, (&measured.turns, beside), head, statistics);
                machine(&mut row, plan, (&measured.turns, beside));
            }
            all.push(row);
        }
    }
    Ok(all)
}

/// Makes a row for each turn of each entry.
///
/// # Errors
/// If an entry is not of this kind.
pub fn turns(entries: &[Entry]) -> Result<Vec<TurnRow>> {
    let mut all = Vec::new();
    for entry in entries {
        let Some(measured) = entry.measured::<MeasuredContest>()? else {
            continue;
        };
        let cell: ContestCell = entry.cell()?;
        all.extend(measured.turns.iter().map(|turn| TurnRow {
            cell: entry.key.clone(),
            dataset: cell.dataset.clone(),
            data_source: cell.data_source.clone(),
            contestant: cell.program.name.clone(),
            task: cell.task.name().to_owned(),
            points: cell.task.points(),
            round: turn.round,
            turn: turn.turn,
            wall_s: turn.seconds,
            answered_s: turn.answered_s,
            capacity: turn.probe.as_ref().map(Sample::capacity),
            waited_share: turn.account.waited_share,
            stolen_share: turn.account.stolen_share,
        }));
    }
    Ok(all)
}

fn unmeasured(head: &Plan, plan: &ContestPlan, entry: &Entry, cell: &ContestCell) -> ContestRow {
    let name = &cell.program.name;
    let label = plan.contestants.iter().find(|of| of.name == *name);
    ContestRow {
        experiment: head.target.clone(),
        profile: head.profile.name.clone(),
        cell: entry.key.clone(),
        dataset: cell.dataset.clone(),
        data_split: cell.split.clone(),
        data_source: cell.data_source.clone(),
        backend: cell.backend.clone(),
        device: cell.device.clone(),
        flows: cell.flows as u64,
        steps: cell.steps as u64,
        step_size: cell.step_size,
        task: cell.task.name().to_owned(),
        points: cell.task.points(),
        contestant: name.clone(),
        label: label.map_or_else(|| name.clone(), |of| of.label.clone()),
        status: entry.status(),
        ..ContestRow::default()
    }
}

/// Fills in what is the contestant's own.
fn fill(row: &mut ContestRow, task: ContestTask, measured: &MeasuredContest) {
    row.versions = Some(measured.versions.clone());
    row.apart = measured.apart;
    row.loss = measured.loss;
    row.target_loss = measured.target_loss;
    row.iterations = measured.iterations;
    row.gradient_rounds = measured.gradient_rounds;
    row.interrupted = measured.interrupted;
    row.repeats = measured.turns.len() as u64;
    let missed = measured.turns.iter().any(|turn| turn.seconds.is_none());
    if task == ContestTask::TimeToLoss && missed {
        row.status = "not reached".to_owned();
        return;
    }
    let seconds: Vec<f64> = measured
        .turns
        .iter()
        .filter_map(|turn| turn.seconds)
        .collect();
    row.wall_s = median(&seconds);
    row.wall_s_min = seconds.iter().copied().reduce(f64::min);
    row.wall_s_max = seconds.iter().copied().reduce(f64::max);
    let answered: Vec<f64> = measured.turns.iter().map(|turn| turn.answered_s).collect();
    row.answered_s = median(&answered);
}

/// Fills in how it compares with a baseline, round by round.
fn compare(
    row: &mut ContestRow,
    (own, beside): (&[ContestTurn], &[ContestTurn]),
    head: &Plan,
    statistics: Statistics,
) {
    let seconds: Vec<f64> = beside.iter().filter_map(|turn| turn.seconds).collect();
    row.baseline_wall_s = median(&seconds);
    if row.wall_s.is_none() {
        return;
    }
    let pair = |turn: &ContestTurn| {
        let other = beside.iter().find(|other| other.round == turn.round)?;
        // A clock that did not move is no time to divide by.
        Some((turn.seconds?, other.seconds.filter(|s| *s > 0.0)?))
    };
    let pairs: Vec<(f64, f64)> = own.iter().filter_map(pair).collect();
    let baseline = row.baseline.as_deref().unwrap_or_default();
    let mut stream = Seeds::new(head.seed).stream(&["bootstrap", &row.cell, baseline]);
    let Statistics {
        resamples,
        confidence,
    } = statistics;
    let ratio = paired_ratio(&pairs, resamples, confidence, &mut stream);
    row.ratio = ratio.map(|r| r.median);
    row.ratio_low = ratio.map(|r| r.low);
    row.ratio_high = ratio.map(|r| r.high);
}

/// Fills in how much of the machine was there.
fn machine(
    row: &mut ContestRow,
    plan: &ContestPlan,
    (own, beside): (&[ContestTurn], &[ContestTurn]),
) {
    let of = |turns: &[ContestTurn]| -> (Option<f64>, Account) {
        let samples: Vec<Sample> = turns.iter().filter_map(|turn| turn.probe).collect();
        let accounts: Vec<Account> = turns.iter().map(|turn| turn.account).collect();
        (capacity(&samples), over_runs(&accounts))
    };
    let ((capacity, account), (other, account_of_other)) = (of(own), of(beside));
    row.capacity = capacity;
    row.waited_share = account.waited_share;
    row.stolen_share = account.stolen_share;
    let Some(limits) = plan.machine else { return };
    // How long threads wait is no sign of a neighbour where a library has more of them than there are cores.
    let judged = |account: Account| Account {
        waited_share: None,
        ..account
    };
    let of_either = [
        limits.disturbed(capacity, &judged(account)),
        limits.disturbed(other, &judged(account_of_other)),
    ];
    row.disturbed = of_either.into_iter().flatten().reduce(|a, b| a || b);
}
