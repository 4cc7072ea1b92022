//! The tables, one for each kind of experiment. A key that a plan may have and that holds a number
//! has its line here.

use super::{Allowed, NON_NEGATIVE, NumberTable, POSITIVE, REAL};

/// A number that is made of random draws' names.
const SEED: Allowed = Allowed::count(0, u64::MAX);
/// How often something is done that takes no memory each time.
const OFTEN: Allowed = Allowed::count(1, 1_000_000_000);
/// How often something is done that is remembered.
const MANY: Allowed = Allowed::count(1, 1_000_000);
/// How often something is done that takes its time.
const FEW: Allowed = Allowed::count(1, 100_000);
/// Points or vectors that are in memory at once.
const HELD: Allowed = Allowed::count(1, 1_024);
/// The sides of a matrix that is in memory.
const SIDE: Allowed = Allowed::count(1, 4_096);
/// A part of a whole.
const SHARE: Allowed = Allowed::within(0.0, 1.0);
/// β: with 1 no velocity is ever forgotten.
const MOMENTUM: Allowed = SHARE.below();
/// What rounding may make of 0, and other small differences.
const SMALL: Allowed = SHARE.above();
/// Of small problems, whose flows are followed to their ends.
const STEP: Allowed = Allowed::within(1e-6, 10.0);
const TIME: Allowed = Allowed::within(0.0, 10_000.0).above();
/// c of a relativistic kinetic energy.
const SPEED: Allowed = Allowed::within(1e-12, 1e12);
/// κ; the time to a target goes with its square root.
const CONDITION: Allowed = Allowed::within(1.0, 1e9).above();

/// Of the head that all plans have.
pub const HEAD: NumberTable = &[
    ("seed", SEED),
    ("statistics.resamples", MANY),
    ("statistics.confidence", SHARE.above().below()),
    ("profiles.*.minutes", Allowed::within(0.0, 1e6)),
];

/// Seconds.
const A_DAY: Allowed = Allowed::within(0.0, 86_400.0);

/// Of claims.
pub const CLAIMS: NumberTable = &[
    ("confidence", SHARE.above().below()),
    ("least_pairs", Allowed::count(2, 1_000_000)),
    ("**.share", SHARE.below()),
    ("**.differ.margin", POSITIVE),
    ("**.margin", NON_NEGATIVE),
    ("**.allowance", NON_NEGATIVE),
    ("**.speedup.stated", POSITIVE),
    ("**.speedup.relative_tolerance", SHARE.below()),
    ("**.relative_tolerance", NON_NEGATIVE),
    ("**.absolute_tolerance", NON_NEGATIVE),
];

/// Of registries of data sets.
pub const REGISTRY: NumberTable = &[
    ("datasets.*.features", Allowed::count(1, u32::MAX as u64)),
    ("datasets.*.classes", Allowed::count(2, 65_536)),
    ("datasets.*.labels.*", Allowed::count(0, 65_535)),
    (
        "datasets.*.files.*.rows",
        Allowed::count(1, u32::MAX as u64),
    ),
    (
        "datasets.*.splits.*.train.rows",
        Allowed::count(0, u32::MAX as u64),
    ),
    (
        "datasets.*.splits.*.test.rows",
        Allowed::count(0, u32::MAX as u64),
    ),
    ("**.share", SHARE.above().below()),
    ("**.seed", SEED),
    ("limits.download_bytes", Allowed::count(1, u64::MAX)),
    ("limits.decompressed_bytes", Allowed::count(1, u64::MAX)),
    ("limits.line_bytes", Allowed::count(1, u64::MAX)),
    ("limits.connect_timeout_s", A_DAY.above()),
    ("limits.stall_timeout_s", A_DAY.above()),
    ("limits.backoff_s", A_DAY),
    ("limits.backoff_max_s", A_DAY),
    ("limits.retry_after_max_s", A_DAY),
    ("limits.attempts", Allowed::count(1, u32::MAX as u64)),
    ("limits.redirects", Allowed::count(0, u32::MAX as u64)),
];

const CHECKS: NumberTable = &[
    ("**.problems.problems", Allowed::count(1, 1_000)),
    ("**.problems.rows", Allowed::count(1, 100_000)),
    ("**.problems.features", Allowed::count(1, 1_000)),
    ("**.problems.classes", Allowed::count(2, 100)),
    ("exact-flow.problems", Allowed::count(1, 1_000)),
    ("coordinate.systems", Allowed::count(1, 1_000)),
    ("**.dimension", Allowed::count(2, 100)),
    ("**.eigenvalues", Allowed::within(1e-6, 1e6)),
    ("**.condition", CONDITION),
    ("**.ackley.start", Allowed::within(-100.0, 100.0)),
    ("**.ackley_start", Allowed::within(-100.0, 100.0)),
    ("**.step_sizes", STEP),
    ("**.step_size", STEP),
    ("**.spring_step_size", STEP),
    ("**.ackley_step_size", STEP),
    ("**.heavy_ball_step_size", STEP),
    ("**.time_step", STEP),
    ("**.time", TIME),
    ("**.times", TIME),
    ("**.damped_time", TIME),
    ("**.first_order", Allowed::within(0.0, 10.0)),
    ("**.second_order", Allowed::within(0.0, 10.0)),
    ("**.about_first_order", Allowed::within(0.0, 10.0)),
    ("**.starts", Allowed::count(1, 1_000)),
    ("**.around", Allowed::within(-100.0, 100.0)),
    ("**.radius", Allowed::within(0.0, 100.0).above()),
    ("**.residual", SMALL),
    ("**.power", Allowed::within(0.0, 10.0)),
    ("**.growth_power", Allowed::within(0.0, 10.0)),
    ("**.dampings", SHARE.below()),
    ("**.eliminated", SMALL),
    ("**.position", Allowed::within(-100.0, 100.0)),
    ("**.velocity", Allowed::within(-100.0, 100.0)),
    ("**.intervals", MANY),
    ("**.rounds", FEW),
    ("**.quadrature", SMALL),
    ("**.width", HELD),
    ("**.tolerance", SMALL),
    ("sign-descent.epsilon", SHARE.above().below()),
    ("sign-descent.start", Allowed::within(-100.0, 100.0)),
    ("sign-descent.converged", SMALL),
    ("spring.stiffness", Allowed::within(1e-6, 1e6)),
    ("spring.start", Allowed::within(-100.0, 100.0)),
    ("spring.other_damping", SHARE),
    ("spring.periods", FEW),
    ("spring.harmonic", SMALL),
    ("**.steps", MANY),
    ("**.control_steps", MANY),
    ("**.stratified_steps", MANY),
    ("**.every", MANY),
    ("**.flows", FEW),
    ("**.iterates", FEW),
    ("**.iterations", FEW),
    ("**.too_few_rounds", FEW),
    ("**.widths", HELD),
    ("**.strata", SHARE),
    ("**.momentum", MOMENTUM),
    ("**.damping", SHARE),
    ("**.growth", Allowed::within(1.0, 1e6)),
    ("**.control_growth", Allowed::within(1.0, 1e6)),
    ("**.vanishing", SMALL),
    ("**.rise", SMALL),
    ("**.rounding", SMALL),
    ("**.different", SMALL),
    ("**.difference", SMALL),
    ("**.violation", SMALL),
    ("**.control_violation", SMALL),
    ("coordinate.converged", SMALL),
    ("coordinate.shift", Allowed::within(0.0, 1e6)),
    ("coordinate.dominance", Allowed::within(0.0, 1e6).above()),
    (
        "coordinate.relaxations",
        Allowed::within(0.0, 2.0).above().below(),
    ),
    ("coordinate.weights", Allowed::within(0.0, 2.0).above()),
    ("coordinate.coupling", SHARE.above().below()),
    (
        "coordinate.coupled_weight",
        Allowed::within(0.0, 2.0).above(),
    ),
    ("coordinate.other_angle", SHARE.above().below()),
    ("relativistic.speed_limits", SPEED),
    ("relativistic.slow", SPEED),
    ("relativistic.fast", SPEED),
    ("relativistic.close", SMALL),
];

const CONTEST: NumberTable = &[
    ("start.scale", POSITIVE),
    ("start.radius", POSITIVE),
    ("flow.step_size", POSITIVE),
    ("flow.steps", MANY),
    ("flows.*", MANY),
    ("gradients.at_once", HELD),
    ("gradients.seconds", Allowed::within(0.0, 3_600.0)),
    ("agreement.gradient", SMALL),
    ("agreement.loss", SMALL),
    ("rounds", Allowed::count(1, 10_000)),
    ("rest_s", Allowed::within(0.0, 60.0)),
    ("time_limit_s", Allowed::within(0.0, 86_400.0).above()),
    ("machine.probe_s", Allowed::within(1e-4, 10.0)),
    ("machine.least_capacity", SHARE),
    ("machine.most_waited", SHARE),
    ("machine.most_stolen", SHARE),
];

const COUNTS: NumberTable = &[("printed.*.*", Allowed::count(0, 1_000_000_000_000))];

const DESCENT: NumberTable = &[
    ("**.problem.l2", NON_NEGATIVE),
    ("**.problem.dimension", SIDE),
    ("**.problem.condition", CONDITION),
    ("**.problem.truth_rank", SIDE),
    ("**.problem.truth_norm", POSITIVE),
    ("**.problem.rank", SIDE),
    ("**.problem.measurements", Allowed::count(1, 100_000)),
    ("**.problem.scale", POSITIVE),
    ("**.start.scale", POSITIVE),
    ("**.start.radius", POSITIVE),
    ("starts", FEW),
    ("parts.starts", FEW),
    ("**.gradients", OFTEN),
    ("**.record_every", OFTEN),
    ("**.methods.step_size", POSITIVE),
    ("**.methods.steps", MANY),
    ("**.methods.integration_time", POSITIVE),
    ("**.methods.momentum", MOMENTUM),
    ("**.methods.window", HELD),
    ("**.methods.tolerance", NON_NEGATIVE),
    ("**.methods.memory", HELD),
    ("**.methods.reset_every", MANY),
    ("**.methods.readings.*", POSITIVE),
    ("targets.*", REAL),
    ("**.marks.iterations", OFTEN),
    ("**.marks.gradients", OFTEN),
    ("tail", SHARE.above()),
    // Of `sensitivity`, whose other numbers are those of its descents.
    ("step_sizes", POSITIVE),
    ("within", Allowed::within(1.0, 1e6).above()),
];

const IDEALIZED: NumberTable = &[
    ("conditions", CONDITION),
    ("dimension", Allowed::count(2, 2_048)),
    ("starts", FEW),
    // Chebyshev times are as many as the target takes.
    ("target_distance", Allowed::within(1e-300, 1.0).below()),
    ("cap", OFTEN),
    ("random_rate", Allowed::within(1e-6, 1e6)),
];

const SPRING: NumberTable = &[
    ("stiffness", POSITIVE),
    ("start", REAL),
    ("momentum", REAL),
    ("step_size", POSITIVE),
    ("damping", SHARE),
    ("steps", FEW),
];

const TRAINING: NumberTable = &[
    ("images.train", Allowed::count(1, 10_000_000)),
    ("images.test", Allowed::count(1, 10_000_000)),
    ("network.width", Allowed::count(1, 1_024)),
    ("network.blocks", Allowed::count(1, 64)),
    ("batch", Allowed::count(1, 65_536)),
    ("augment.pad", Allowed::count(0, 16)),
    ("epochs", FEW),
    ("starts", FEW),
    ("diverged_above", POSITIVE),
    ("methods.hamiltonian.step_size", POSITIVE),
    ("methods.hamiltonian.steps", MANY),
    ("methods.baseline.learning_rate", POSITIVE),
    ("methods.baseline.momentum", MOMENTUM),
    ("methods.adam.learning_rate", POSITIVE),
    ("methods.adam.reset_every", MANY),
];

const WINDOWS: NumberTable = &[
    ("problem.l2", NON_NEGATIVE),
    ("start.scale", POSITIVE),
    ("flow.step_size", POSITIVE),
    ("flow.steps", MANY),
    ("tolerance", NON_NEGATIVE),
    ("flows.*", MANY),
    ("repeats", Allowed::count(0, 10_000)),
    ("warmup_flows", Allowed::count(0, 10_000)),
    ("**.windows.window", HELD),
    ("**.windows.tolerance", NON_NEGATIVE),
    ("**.windows.memory", Allowed::count(0, 1_024)),
    ("**.windows.surrogate_rows", Allowed::count(0, 1_000_000)),
    ("**.windows.at_once", HELD),
    ("varied_windows.window", HELD),
    ("varied_windows.tolerance", NON_NEGATIVE),
    ("varied_windows.memory", Allowed::count(0, 1_024)),
    (
        "varied_windows.surrogate_rows",
        Allowed::count(0, 1_000_000),
    ),
    ("varied_windows.at_once", HELD),
    ("variations.seed_plus", Allowed::count(1, u64::MAX)),
    ("variations.step_size", POSITIVE),
    ("variations.steps", MANY),
    ("long_flows.*", MANY),
    ("machine.probe_s", Allowed::within(1e-4, 10.0)),
    ("machine.least_capacity", SHARE),
    ("machine.most_waited", SHARE),
    ("machine.most_stolen", SHARE),
    ("inference.bytes_per_entry", Allowed::count(1, 16)),
    ("inference.readings.bytes_per_s", POSITIVE),
    ("inference.readings.passes", Allowed::count(1, 1_000)),
    // Of plans of older versions.
    ("verdict.relative_tolerance", SHARE.below()),
    ("overhead_below", SHARE),
    ("choose.flow_error", NON_NEGATIVE),
];

const PARALLEL: NumberTable = &[
    ("**.problem.l2", NON_NEGATIVE),
    ("**.problem.dimension", SIDE),
    ("**.problem.condition", CONDITION),
    ("**.problem.truth_rank", SIDE),
    ("**.problem.truth_norm", POSITIVE),
    ("**.problem.rank", SIDE),
    ("**.problem.measurements", Allowed::count(1, 100_000)),
    ("**.problem.scale", POSITIVE),
    ("**.start.scale", POSITIVE),
    ("**.start.radius", POSITIVE),
    ("starts", FEW),
    ("parts.starts", FEW),
    ("steps", MANY),
    ("parts.steps", MANY),
    ("every", MANY),
    ("parts.every", MANY),
    ("exponent_steps", Allowed::count(0, 1_000_000)),
    ("parts.exponent_steps", Allowed::count(0, 1_000_000)),
    ("tolerance", NON_NEGATIVE),
    ("targets.*", REAL),
    ("parts.targets.*", REAL),
    ("repeats", Allowed::count(0, 10_000)),
    ("parts.repeats", Allowed::count(0, 10_000)),
    ("**.network.images.train", Allowed::count(1, 10_000_000)),
    ("**.network.images.test", Allowed::count(1, 10_000_000)),
    ("**.network.architecture.width", Allowed::count(1, 1_024)),
    ("**.network.architecture.blocks", Allowed::count(1, 64)),
    ("**.network.batch", Allowed::count(1, 65_536)),
    ("**.network.augment.pad", Allowed::count(0, 16)),
    ("**.methods.step_size", POSITIVE),
    ("**.methods.steps", MANY),
    ("**.methods.integration_time", POSITIVE),
    ("**.methods.momentum", MOMENTUM),
    ("**.methods.window", HELD),
    ("**.methods.tolerance", NON_NEGATIVE),
    ("**.methods.memory", HELD),
    ("**.methods.reset_every", MANY),
    ("**.windows.window", HELD),
    ("**.windows.tolerance", NON_NEGATIVE),
    ("**.windows.memory", Allowed::count(0, 1_024)),
    ("**.windows.surrogate_rows", Allowed::count(0, 1_000_000)),
    ("**.windows.at_once", HELD),
];

/// The table of a kind of experiment; an empty one of a kind that has no numbers.
#[must_use]
pub fn of_kind(experiment: &str) -> NumberTable {
    match experiment {
        "checks" => CHECKS,
        "contest" => CONTEST,
        "counts" => COUNTS,
        "descent" | "sensitivity" => DESCENT,
        "idealized" => IDEALIZED,
        "parallel" => PARALLEL,
        "spring" => SPRING,
        "training" => TRAINING,
        "windows" => WINDOWS,
        _ => &[],
    }
}
