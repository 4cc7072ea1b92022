//! The rows of a contest.

use rows::schema;

schema! {
    /// A contestant's task on a data set, beside one of the baselines: `rows.parquet`, `rows.csv`.
    ContestRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the raw measurements.";
        dataset: String, "", "Data set.";
        data_split: String, "", "Which rows train.";
        data_source: String, "", "real, or surrogate: generated, no statement about any real data.";
        backend: String, "", "cpu or cuda.";
        device: String, "", "What contestants were told to compute on: cpu (as many cores as they like), cuda:N.";
        flows: u64, "", "K, the flows of one timing.";
        steps: u64, "", "S, the steps of a flow.";
        step_size: f64, "", "θ.";
        task: String, "", "gradient; flow (K flows from the start); time-to-loss (until the loss is as low as where the flow ends).";
        points: Option<u64>, "", "At how many points gradients are taken at once.";
        contestant: String, "", "The contestant's name.";
        label: String, "", "What it is.";
        versions: Option<String>, "", "Its libraries and their versions, as it says.";
        baseline: Option<String>, "", "The contestant that it is compared with; none if none can be.";
        status: String, "", "complete; not reached, of a loss; left out or failed, with the reason.";
        apart: Option<f64>, "", "How far its gradients (in the 2-norm), or its loss after the flow, are from this project's own in f64, relative.";
        loss: Option<f64>, "", "The loss where it ended, computed by this project in f64.";
        target_loss: Option<f64>, "", "The loss that was to be reached: where this project's own flow in f64 ends.";
        iterations: Option<u64>, "", "How many iterations it took, as it says.";
        gradient_rounds: Option<u64>, "", "How many times it waited for gradients, as it says.";
        repeats: u64, "", "How often it was timed: rounds.";
        wall_s: Option<f64>, "s", "Median over rounds, by the contestant's own clock; of one gradient, or of all that are taken at once.";
        wall_s_min: Option<f64>, "s", "The least.";
        wall_s_max: Option<f64>, "s", "The largest.";
        answered_s: Option<f64>, "s", "Median over rounds of the time between command and answer, by the harness's clock: with all repeats of a gradient.";
        baseline_wall_s: Option<f64>, "s", "Median over rounds of the baseline's time; beside a time-to-loss, that of its flow.";
        ratio: Option<f64>, "", "How many times the baseline's time it takes: median of the rounds' paired ratios; above 1 the baseline is faster.";
        ratio_low: Option<f64>, "", "Lower end of the bootstrap interval of the median.";
        ratio_high: Option<f64>, "", "Its upper end.";
        capacity: Option<f64>, "", "How much of the machine was there before its turns, by probes: threads on all cores beside one another against one alone.";
        waited_share: Option<f64>, "", "Of the time in which its threads could have run, the share in which they waited for a core; with more threads than cores they wait for one another.";
        stolen_share: Option<f64>, "", "Of the time of the cores during its turns, the share that a hypervisor gave to others.";
        disturbed: Option<bool>, "", "Whether something else used the machine, by the limits of the plan's `machine`, in its turns or the baseline's.";
        interrupted: u64, "", "How often the run was interrupted and went on with new processes.";
    }
}

schema! {
    /// One turn of a contestant: `turns.parquet`, `turns.csv`.
    TurnRow {
        cell: String, "", "The cell's key.";
        dataset: String, "", "Data set.";
        data_source: String, "", "real, or surrogate: generated, no statement about any real data.";
        contestant: String, "", "The contestant's name.";
        task: String, "", "gradient, flow or time-to-loss.";
        points: Option<u64>, "", "At how many points gradients are taken at once.";
        round: u64, "", "The round, counted from 1.";
        turn: u64, "", "Which turn of its round, counted from 1.";
        wall_s: Option<f64>, "s", "Seconds by its own clock; none if it did not reach the loss.";
        answered_s: f64, "s", "Seconds between command and answer, by the harness's clock.";
        capacity: Option<f64>, "", "How much of the machine was there right before it.";
        waited_share: Option<f64>, "", "Share of the time of its threads in which they waited for a core.";
        stolen_share: Option<f64>, "", "Share of the cores' time that a hypervisor gave to others.";
    }
}
