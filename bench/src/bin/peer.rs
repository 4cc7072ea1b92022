//! This project's part in `bench/peers/run.py`: exports data, then computes what it is told to.

use anyhow::Result;
use bench::peer::{Contender, Exported, PeerPlace, PeerPlan, WindowOptions, export, serve};
use clap::{Args, Parser, Subcommand};
use datasets::{DataPolicy, LibraryOptions, Registry};
use optim::{Kernel, Window, WindowForm};
use std::io;
use std::path::PathBuf;

#[derive(Parser)]
#[command(
    about = "This project's part in the comparison with peers; started by bench/peers/run.py"
)]
struct PeerCli {
    #[command(subcommand)]
    command: PeerCommand,
}

#[derive(Subcommand)]
enum PeerCommand {
    /// Print the plan as JSON.
    #[command(name = "plan")]
    PeerPlan {
        /// The YAML file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Write a data set and points as .npy files.
    Export(Export),
    /// Load an export, then obey one-line commands.
    Serve(Serve),
}

#[derive(Args)]
struct Export {
    /// The YAML file with the plan.
    #[arg(long)]
    config: PathBuf,
    /// The YAML file with the registry of data sets.
    #[arg(long)]
    registry: PathBuf,
    /// The data set's name in the registry.
    #[arg(long)]
    dataset: String,
    /// The folder to write to.
    #[arg(long)]
    out: PathBuf,
    /// A folder to look for the data set's files in before anywhere else.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The folder for downloads and parsed files.
    #[arg(long)]
    cache_dir: Option<PathBuf>,
    /// auto, real or surrogate.
    #[arg(long, default_value_t)]
    data: DataPolicy,
}

#[derive(Args)]
struct Serve {
    /// The folder of an export.
    #[arg(long)]
    data: PathBuf,
    /// cpu, or cuda:N in a build with the feature `cuda`.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// What computes the gradients: auto, dense, sparse, banded, fused, composed.
    #[arg(long, default_value_t)]
    kernel: Kernel,
    /// W; 1 is the sequential flow.
    #[arg(long, default_value_t = 1)]
    window: usize,
    /// What new slots of the window hold; by default what the method has for them.
    #[arg(long)]
    predictor: Option<String>,
    /// By how much, relative to its norm, a point may change and count as converged.
    #[arg(long, default_value_t)]
    tolerance: f64,
    /// How gradients become points.
    #[arg(long, default_value = "picard")]
    method: String,
    /// M, how many of the last gradients the secant method models the gradient by.
    #[arg(long, default_value_t)]
    memory: usize,
    /// Random rows whose loss the secant method guesses by; 0 for none.
    #[arg(long, default_value_t)]
    surrogate_rows: usize,
    /// Let windows reach across flows.
    #[arg(long)]
    across_flows: bool,
    /// Root of the stream that draws those rows.
    #[arg(long, default_value_t)]
    seed: u64,
}

fn main() -> Result<()> {
    match PeerCli::parse().command {
        PeerCommand::PeerPlan { config } => {
            let plan = PeerPlan::from_file(&config)?;
            println!("{}", serde_json::to_string(&plan)?);
        }
        PeerCommand::Export(arguments) => {
            let options = LibraryOptions {
                data_dir: arguments.data_dir,
                cache_dir: arguments.cache_dir,
                policy: arguments.data,
                ..LibraryOptions::default()
            };
            let plan = PeerPlan::from_file(&arguments.config)?;
            let mut registry = Registry::from_yaml("datasets: {}")?;
            registry.extend_from_file(&arguments.registry)?;
            let (name, out) = (&arguments.dataset, &arguments.out);
            let problem = export(&plan, name, registry, options, out)?;
            println!("{}", serde_json::to_string(&problem)?);
        }
        PeerCommand::Serve(arguments) => {
            let form = WindowForm {
                window: arguments.window,
                method: arguments.method,
                predictor: arguments.predictor,
                tolerance: arguments.tolerance,
                memory: arguments.memory,
                across_flows: arguments.across_flows,
                ..WindowForm::default()
            };
            let options = WindowOptions {
                window: Window::try_from(form)?,
                surrogate_rows: arguments.surrogate_rows,
                seed: arguments.seed,
            };
            let place = PeerPlace::new(&arguments.device, arguments.kernel)?;
            let contender = Contender::new(Exported::read(&arguments.data)?, options, &place)?;
            serve(&contender, io::stdin().lock(), io::stdout().lock())?;
        }
    }
    Ok(())
}
