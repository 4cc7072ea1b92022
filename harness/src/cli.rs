//! The command line.

use crate::cmd::model::DeviceCounts;
use crate::gate::Tier;
use crate::merge::MayDiffer;
use clap::{Args, Parser, Subcommand};
use datasets::DataPolicy;
use lab::device::Request;
use lab::shard::Shard;
use optim::Kernel;
use std::path::PathBuf;

/// Find out, on this machine, whether the paper holds.
///
/// Reproduces the tables, figures and lemmas of "Frictionless Hamiltonian Descent with Discretization and
/// Parallel Optimization" and of its companion "Exposition on the connections between descent methods and
/// Hamiltonian mechanics", with seeds, provenance and verdicts.
#[derive(Debug, Parser)]
#[command(name = "harness", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 something failed or does not exist, 2 the command line could not be
understood, 3 no real data to be had.

Example: harness reproduce table2 --data-dir ~/libsvm --profile smoke";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a target's cells, then write its rows, tables and plots
    ///
    /// Cells that an earlier run has measured with the same plan, data, program and kind of
    /// machine are taken from the journal, or from that of a target of the same report whose runs are the
    /// same (one plan is `like` the other's); with --out a single target is a report of its own. Everything is
    /// written to reports/TARGET, and reports/index.html shows all that was reproduced so far.
    Reproduce(Reproduce),
    /// Make a report's tables and plots again from its journal, without running anything
    Report {
        /// A folder that `reproduce` wrote: a target's, for example reports/table2, or one of
        /// several targets, for example reports
        folder: PathBuf,
    },
    /// Merge shares of a run, made on several machines, into one run
    ///
    /// `reproduce … --shard k/n` makes the k-th of n shares of a target's cells, or of every target's; nothing
    /// coordinates them. Merged, they are the report that one machine would have written: exit code 0, and
    /// `reproduce` goes on with cells that are in none of the folders.
    Merge(Merge),
    /// Verify a report: that its files are as they were written, and hold when cells are run again
    ///
    /// Manifest and journal have to be as the run left them, each measurement that of the cell which it says, and
    /// each table and plot and the page what their rows make them. Then a few cells of each target are run again,
    /// and have to come out equal to the last bit where the same program runs on the same kind of machine; elsewhere
    /// within a tolerance that is said. Writes nothing without --certify. Exit code 1 if anything fails.
    Verify(Verify),
    /// Predict what windows would do on more devices, or behind another network: modelled, never measured
    ///
    /// A round is gradients, their exchange and moving the window; what each takes is fitted to the rows of runs of
    /// windows, on the fewest devices that there are. The same model stands beside every measured row, with its error,
    /// and says what the paper's four GPUs should have given.
    Model(ModelWindows),
    /// Compare rounds, strides, gradients, losses and ratios of speeds with the recorded ones
    ///
    /// On generated data, in less than a minute. What is counted has to be exactly as recorded, losses
    /// to six digits; a measured ratio fails when its whole interval lies below its bound. Prints
    /// what moved, by how much and since which commit; exit code 1 if anything fails.
    Regress(Regress),
    /// List the targets, their profiles, and the data sets
    List(Common),
    /// Write a plan of your own: begin with a small one, check it, see what it may say
    Plan {
        /// What to do
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// Get data sets: find, download, verify, parse
    Fetch {
        /// Which; all if none is named
        datasets: Vec<String>,
        /// Where data comes from
        #[command(flatten)]
        data: Data,
        /// Folders
        #[command(flatten)]
        common: Common,
    },
    /// Take part in a contest as this project: load a problem, then obey one-line commands
    ///
    /// A plan of kind `contest` starts it beside other programs (configs/peers.yaml); bench/PROTOCOL.md has the commands.
    Contestant(TakePart),
    /// Show devices, cores, memory, which data is where, and what `reproduce` would do
    ///
    /// With --measure, also measure what this machine can do at most: memory bandwidth and the rate
    /// of matrix products, of one thread and of all. It takes about ten seconds and half a GiB of
    /// memory; nothing else should run meanwhile, and measuring again keeps what is higher. The rates
    /// are kept in the cache folder, and a timed target that finds none there measures them
    /// itself: the least time that its counted work could take stands beside every measured one.
    Doctor {
        /// Measure the machine's rates, also if they were measured before
        #[arg(long)]
        measure: bool,
        /// Of which device rates are shown or measured; of several the first
        #[arg(
            long,
            default_value = "auto",
            value_name = "DEVICES",
            env = "HARNESS_DEVICES"
        )]
        devices: Request,
        /// Where data comes from
        #[command(flatten)]
        data: Data,
        /// Folders
        #[command(flatten)]
        common: Common,
    },
}

/// `harness contestant`.
#[derive(Debug, Args)]
pub struct TakePart {
    /// The folder of the problem
    pub problem: PathBuf,
    /// What computes the gradients: auto, dense, sparse, banded, fused, composed
    #[arg(long, default_value_t)]
    pub kernel: Kernel,
    /// W; 1 is the sequential flow
    #[arg(long, default_value_t = 1)]
    pub window: usize,
    /// What new slots of the window hold; by default what the method has for them
    #[arg(long)]
    pub predictor: Option<String>,
    /// By how much, relative to its norm, a point may change and count as converged
    #[arg(long, default_value_t)]
    pub tolerance: f64,
    /// How gradients become points: picard or secant
    #[arg(long, default_value = "picard")]
    pub method: String,
    /// M, to how many of the last gradients the secant method fits its model
    #[arg(long, default_value_t)]
    pub memory: usize,
    /// Random rows whose loss the secant method guesses by; 0 for none
    #[arg(long, default_value_t)]
    pub surrogate_rows: usize,
    /// Let windows reach across flows
    #[arg(long)]
    pub across_flows: bool,
    /// Root of the stream that draws those rows
    #[arg(long, default_value_t)]
    pub seed: u64,
}

/// `harness plan`.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Print a small plan that runs, to begin with: harness plan new descent > mine.yaml
    ///
    /// Its first line names the schema by which editors complete and check it. `new claims` prints claims on it, for `reproduce mine.yaml --claims FILE`; `new contestant` a program in Python that
    /// takes part in the plan of kind contest; `new registry` a list of data sets of your own, for `--registry FILE`.
    New {
        /// The kind of experiment: contest, descent, parallel, sensitivity or windows; or claims, contestant or registry
        kind: String,
        /// Folders
        #[command(flatten)]
        common: Common,
    },
    /// Name everything that is wrong with a plan, each by its key and line; exit code 1 if anything is
    ///
    /// A registry of data sets is looked at likewise, and claims, beside the plans that they are about: the columns and
    /// methods that they name have to be there.
    Check(PlanCheck),
    /// Print the JSON Schema of a kind of plan, of claims or of registries, which editors read (configs/schema has all of them)
    Schema {
        /// The kind of experiment, claims or registry
        kind: String,
    },
    /// Print a table of every key of every kind of plan (configs/PLANS.md)
    Keys,
}

/// `harness plan check`.
#[derive(Debug, Args)]
pub struct PlanCheck {
    /// A plan, a registry or claims of your own (….yaml), or a target
    pub plan: String,
    /// Only this profile [default: all of them]
    #[arg(long, short)]
    pub profile: Option<String>,
    /// Change a value of the plan first, for example flow.steps=40 or windows.0.window=8
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Folders
    #[command(flatten)]
    pub common: Common,
}

/// `harness verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A folder that `reproduce` wrote: a target's, or one of several targets
    pub folder: PathBuf,
    /// How many cells of each target to run again; 0 for none
    #[arg(long, default_value_t = 3, value_name = "CELLS")]
    pub sample: usize,
    /// Run every cell again
    #[arg(long, conflicts_with = "sample")]
    pub all: bool,
    /// Run cells again that start programs, too: those that the plan of the report names, with your rights
    #[arg(long)]
    pub programs: bool,
    /// Where nothing fails, write what was found to certificate.json, and into the report
    #[arg(long)]
    pub certify: bool,
    /// Where data comes from
    #[command(flatten)]
    pub data: Data,
    /// Folders
    #[command(flatten)]
    pub common: Common,
}

/// `harness regress`.
#[derive(Debug, Args)]
pub struct Regress {
    /// What is run, by which rules it is judged, and what was recorded
    #[arg(long, default_value = "ci/regression.yaml", value_name = "FILE")]
    pub baseline: PathBuf,
    /// Record what is found now, after printing what moved; of tiers that are run only
    #[arg(long)]
    pub update: bool,
    /// Run one tier only; instructions, which valgrind counts, are run by this alone
    #[arg(long, value_name = "TIER")]
    pub only: Option<Tier>,
    /// Do what instructions are counted of, in the program that valgrind runs
    #[arg(long, hide = true)]
    pub counted: bool,
    /// Write the ratios as github-action-benchmark reads them (customBiggerIsBetter)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `harness merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Folders that `reproduce --shard` wrote: each a target's, or each of several targets
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Where to write [default: reports/TARGET, or reports]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Merge them though they differ in this
    #[arg(long, value_delimiter = ',', value_name = "code,plan,data")]
    pub allow: Vec<MayDiffer>,
}

/// `harness model`.
#[derive(Debug, Args)]
pub struct ModelWindows {
    /// Folders of runs of windows that were timed on workers or ranks: each a target's, or of several
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// On how many devices: 2,4,8, or 2..64, which doubles
    #[arg(long, default_value = "2..64", value_name = "COUNTS")]
    pub devices: DeviceCounts,
    /// Through what gradients are exchanged: measured (fitted to rows on ranks), none, or a name of networks.yaml
    /// [default: measured where it can be, else none]
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Also write model.md and the rows as CSV there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The folder of networks.yaml [default: ./configs, else the compiled-in copy]
    #[arg(long, env = "HARNESS_CONFIGS", value_name = "DIR")]
    pub configs: Option<PathBuf>,
}

/// `harness reproduce`.
#[derive(Debug, Args)]
pub struct Reproduce {
    /// A target (`harness list` shows them), `all`, or a plan of your own (….yaml)
    pub target: String,
    /// How much of it: `harness list` shows each target's profiles
    #[arg(long, short)]
    pub profile: Option<String>,
    /// Only these data sets
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    pub datasets: Vec<String>,
    /// What to compute on: auto (all GPUs that the program can use, else the CPU), cpu, cpu:N (at most N workers; one whole device still has all cores),
    /// cuda (all GPUs), cuda:0,1,2,3, cuda:0x4 (four workers that share a GPU), mpi, mpi:cuda, mpi:cuda-aware or mpi:nccl (a core or a GPU of
    /// each rank that mpirun starts; in the last two gradients go from GPU to GPU, by an MPI that is CUDA-aware or by NCCL;
    /// `--features mpi`)
    #[arg(
        long,
        default_value = "auto",
        value_name = "DEVICES",
        env = "HARNESS_DEVICES"
    )]
    pub devices: Request,
    /// Change a value of the plan for this run, for example flow.steps=40 or windows.0.window=8
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Claims of your own in place of the papers', as configs/claims.yaml has them (`harness plan new claims`); the report is
    /// then one of its own, in the target's folder
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// Make only the k-th of n shares, which `harness merge` puts together; each can be made on a machine of its own
    #[arg(long, value_name = "k/n")]
    pub shard: Option<Shard>,
    /// Where to write [default: reports/TARGET; of `all`: reports; of a share: reports/shard-k-of-n in its place]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over; what was measured before is kept in journal.jsonl.old
    #[arg(long)]
    pub fresh: bool,
    /// Where data comes from
    #[command(flatten)]
    pub data: Data,
    /// Folders
    #[command(flatten)]
    pub common: Common,
}

/// Where data comes from.
#[derive(Clone, Debug, Args)]
pub struct Data {
    /// real: the published data or exit code 3; surrogate: generated stand-ins; auto: real if to
    /// be had
    #[arg(long, default_value_t, value_name = "auto|real|surrogate")]
    pub data: DataPolicy,
    /// A folder with the data files as upstream names them, plain or .bz2, .gz, .xz
    #[arg(long, env = "HARNESS_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where downloads and parsed files are kept [default: the platform's cache folder]
    #[arg(long, env = "HARNESS_CACHE_DIR", value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Make no request
    #[arg(long)]
    pub offline: bool,
}

/// Folders.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The folder of plans and of datasets.yaml [default: ./configs, else compiled-in copies]
    #[arg(long, env = "HARNESS_CONFIGS", value_name = "DIR")]
    pub configs: Option<PathBuf>,
    /// A YAML file with data sets of your own
    #[arg(long, value_name = "FILE")]
    pub registry: Vec<PathBuf>,
}
