//! The rows of windows.

use rows::schema;

schema! {
    /// One cell of a comparison of windows with the sequential flow: `rows.parquet`, `rows.csv`.
    WindowRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the raw measurements.";
        dataset: String, "", "Data set.";
        data_split: String, "", "Which rows train and which test.";
        data_source: String, "", "real, or surrogate: generated, no statement about the paper.";
        backend: String, "", "cpu or cuda.";
        devices: String, "", "What the method ran on: cpu (all cores), cpu:N (N single-threaded workers), cuda:…, mpi:N (N ranks, a core each), mpi:cuda:N (a GPU each).";
        evaluator: String, "", "Where a window's gradients are computed: sequential, batched (one product), devices (one worker each).";
        workers: u64, "", "How many devices or threads compute gradients; with fewer than W, each computes its share at once.";
        window: u64, "", "W, the steps computed at once.";
        window_method: Option<String>, "", "How gradients become points; none for a sequential flow.";
        velocity: Option<String>, "", "With which velocity a window starts.";
        predictor: Option<String>, "", "What new slots of the window hold.";
        tolerance: Option<f64>, "", "τ, the relative change below which a point counts as converged.";
        relative_to: Option<String>, "", "What a change is compared with: the point's size, as in the paper, or the window's progress to it.";
        memory: Option<u64>, "", "M: how many of the last gradients the secant method models the gradient by.";
        damped: Option<bool>, "", "Whether the secant method's model counts by the share of what it predicted that was found in the last round.";
        surrogate_rows: Option<u64>, "", "Random rows whose loss the secant method guesses by; 0 if it has no surrogate.";
        across_flows: Option<bool>, "", "Whether a window reaches into the next flow before the last step of one has converged.";
        storage: Option<String>, "", "What a window keeps from one round to the next: points, velocities from which they are summed up, or those in bf16.";
        at_once: Option<u64>, "", "How many of a window's gradients are computed, and exist, at a time; none if all of them.";
        tf32: Option<bool>, "", "Whether products of f32 were made in TF32, with 10 bits behind the point; the sequential flow's never are, so that flow_error shows what it costs.";
        kernel: Option<String>, "", "What computes the gradients: dense, sparse, banded (half-empty data), fused (products of the tensor library and one pass between them), or composed of its operations alone.";
        kinetic_energy: String, "", "φ.";
        steps: u64, "", "S, the steps of a flow.";
        step_size: f64, "", "θ.";
        flows: u64, "", "K, the flows of a run.";
        precision: String, "", "f32 or f64.";
        seed: u64, "", "The root seed.";
        status: String, "", "complete, diverged, or failed with its reason.";
        rounds: Option<u64>, "", "Times that gradients were waited for, over all flows.";
        mean_stride: Option<f64>, "", "Steps per round; of a window that is computed in parts (at_once) each part is a round.";
        depth_speedup: Option<f64>, "", "S·K / rounds: counted, not timed, so it does not depend on a machine's speed.";
        requested_gradients: Option<u64>, "", "Gradients asked for, as every slot has a worker.";
        distinct_gradients: Option<u64>, "", "Gradients computed, every distinct point once.";
        surrogate_gradients: Option<u64>, "", "Gradients of the surrogate, which none of the other columns count.";
        flow_error: Option<f64>, "", "Relative distance of the end point from the sequential flow's.";
        train_loss: Option<f64>, "", "Mean cross-entropy on the training rows after the last flow.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly after the last flow.";
        held_bytes: Option<u64>, "B", "Host memory that a flow takes at most, besides the data and what gradients take while they are computed: points, gradients, velocities. Of a device's own memory it counts nothing.";
        bytes_per_point: Option<f64>, "B", "(held_bytes − that of the sequential flow) / (W − 1) / D: what one more step of the window takes for each number of a point. A copy of the model is 4 in f32.";
        repeats: u64, "", "Timed runs, each next to one of the baseline; fewer than 6 cannot give a 95 % interval.";
        wall_s: Option<f64>, "s", "Wall time of a run, median; evaluation is off the clock.";
        wall_s_min: Option<f64>, "s", "The fastest run.";
        wall_s_max: Option<f64>, "s", "The slowest run.";
        baseline_wall_s: Option<f64>, "s", "Wall time of the sequential runs interleaved with these, median.";
        speedup: Option<f64>, "", "Baseline over this, median of the paired ratios; of the baseline itself it shows the machine's noise.";
        speedup_low: Option<f64>, "", "Lower end of its bootstrap interval.";
        speedup_high: Option<f64>, "", "Upper end of its bootstrap interval.";
        round_gradients: Option<f64>, "", "What a round costs in gradients of the baseline: depth_speedup / speedup. The speedup is the depth speedup over this.";
        efficiency: Option<f64>, "", "speedup / depth_speedup: how well W gradients at once are done.";
        capacity: Option<f64>, "", "How much of the machine was there: seconds of some arithmetic on one worker over those of as much on each worker at once, the median of a probe after each timed run. 1 if each had a core of its own; near 1/2 if a neighbour held one of two. Probed with no more workers than there are cores for, a whole CPU with all its threads. Of other devices than cores it is gradient_capacity. None of one worker, of a sequential flow, and where no plan asks.";
        gradient_capacity: Option<f64>, "", "The same with one gradient on each worker: less than capacity where cores share memory or caches, which devices of their own would not.";
        waited_share: Option<f64>, "", "Of the time in which this program's threads could have run during a timed run, the share in which they waited for a core, median, by the kernel's account; none where it keeps none. More workers than cores wait by construction.";
        baseline_waited_share: Option<f64>, "", "The same of the sequential runs timed next to these.";
        stolen_share: Option<f64>, "", "Of the time of the machine's cores during a timed run, the share that a hypervisor gave to other machines, median.";
        gpu_clock: Option<f64>, "", "The clock of the slowest GPU right after a timed run as a share of its highest, median; below 1 also where it draws as much power as it may, or where somebody set it. None where no GPU is used or `nvidia-smi` does not say it.";
        baseline_gpu_clock: Option<f64>, "", "The same of the sequential runs timed next to these.";
        gpu_slowed: Option<f64>, "", "Share of the timed runs, or of the sequential ones next to them if that is larger, after which heat, hardware or a power brake held a GPU's clock down.";
        gpu_shared: Option<f64>, "", "Share of the timed runs, or of the sequential ones next to them if that is larger, after which another process was on one of the GPUs. None where the driver does not show processes, as in many containers.";
        disturbed: Option<bool>, "", "Whether capacity is below, or a share of waiting or stealing above, what the plan's key `machine` allows, or a GPU was slowed down or shared: then the wall time says nothing. The waiting of more workers than cores is no disturbance. None where nothing is timed or known.";
        oversubscribed: bool, "", "More workers than cores: the wall time says nothing about as many devices.";
        floor_s: Option<f64>, "s", "The least time of a run: its counted operations and bytes at the highest rates measured on this machine, both at once. No program that computes these gradients is faster there.";
        floor_share: Option<f64>, "", "floor_s / wall_s: 1 is as fast as the machine can; more says that the rates were measured while something else ran.";
        bound: Option<String>, "", "Which part of the counted work takes longer at those rates, memory (reading the data) or compute; overhead where floor_share is below the plan's overhead_below, so that most of the time goes to neither.";
        gradient_s: Option<f64>, "s", "One gradient of the baseline, its median run over its gradients.";
        gradient_floor_s: Option<f64>, "s", "The least time of one gradient on what the baseline runs on.";
        round_overhead_s: Option<f64>, "s", "One round with free gradients: exchange of points, window update, stride.";
        rank_gradient_s: Option<f64>, "s", "On ranks: what rank 0 computed gradients for in a round, mean; none where one process computes all.";
        rank_waited_s: Option<f64>, "s", "What it then waited for the slowest rank's, mean.";
        rank_exchange_s: Option<f64>, "s", "What the exchange of gradients itself took, mean.";
        rank_bytes: Option<f64>, "B", "What it received in a round, mean.";
        modelled_wall_s: Option<f64>, "s", "MODELLED, not measured: rounds × (gradient_s + round_overhead_s), an estimate from measured costs, as if every slot had a device of its own and devices shared nothing; none where slots are computed in one product, which is another thing.";
        modelled_speedup: Option<f64>, "", "MODELLED: baseline_wall_s / modelled_wall_s, an estimate.";
        modelled_over_measured: Option<f64>, "", "modelled_speedup / speedup, where every slot had a core or device: how good the estimate is; more than 1 says that it promises too much.";
        long_flows: Option<u64>, "", "Flows of a longer run, of which rounds are counted and nothing is timed; none where there is none.";
        depth_long: Option<f64>, "", "depth_speedup of the longer run.";
        depth_late: Option<f64>, "", "depth_speedup of the last half of its flows: where it has settled.";
        modelled_late: Option<f64>, "", "MODELLED: modelled_speedup if the depth speedup were depth_late.";
        paper_wall_s: Option<f64>, "s", "The paper's time for this row, on its machine and its K.";
        paper_speedup: Option<f64>, "", "The paper's speedup for this row.";
        paper_differs: Option<String>, "", "What this row does otherwise than the paper, of rows with its method and another setting.";
    }
}

schema! {
    /// Where a cell's method was after each flow: `curves.parquet`, `curves.csv`.
    CurveRow {
        cell: String, "", "The cell's key.";
        dataset: String, "", "Data set.";
        data_source: String, "", "real or surrogate.";
        devices: String, "", "What the method ran on.";
        evaluator: String, "", "Where a window's gradients are computed.";
        window: u64, "", "W.";
        predictor: Option<String>, "", "What new slots of the window hold.";
        flow: u64, "", "Flows done, counted from 1.";
        rounds: u64, "", "Rounds up to here.";
        requested_gradients: u64, "", "Gradients asked for up to here.";
        distinct_gradients: u64, "", "Gradients computed up to here.";
        wall_s: Option<f64>, "s", "Wall time up to here, median over the timed runs.";
        train_loss: f64, "", "Mean cross-entropy on the training rows.";
        test_accuracy: Option<f64>, "", "Share of test rows classified rightly.";
    }
}
