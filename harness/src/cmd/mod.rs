//! The commands, one file each.

mod asked;
mod contestant;
mod doctor;
mod fetch;
mod list;
mod merge;
pub mod model;
pub mod plan;
mod ranks;
mod regress;
mod report;
mod reproduce;
mod suite;
mod verify;

use crate::cli::{Cli, Command, Common, Data, Reproduce};
use crate::publish::Built;
use anyhow::{Context, Result, anyhow};
use clap::{CommandFactory, FromArgMatches};
use datasets::{Library, LibraryOptions, Registry};
use lab::configs::Configs;
use lab::device::{Machine, Request, abandon_ranks, explained, leave_ranks, settled};
use lab::environment::Environment;
use lab::plan::Profile;
use lab::plan::schema::{registry_faults, told};
use lab::progress::{printable, say};
use lab::rates::settings::Settings;
use lab::rates::store::Store;
use lab::seed::Seeds;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// Everything went well.
const DONE: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// No real data could be had.
const NO_DATA: u8 = 3;

/// Parses the command line, does what it says, and answers with the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let matches = without_empty_variables(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("HARNESS_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(colours())
        .without_time()
        .with_target(false)
        .init();
    match run(cli) {
        Ok(code) => {
            leave_ranks(code);
            ExitCode::from(code)
        }
        Err(error) => {
            say(&format!("harness: {}", explained(&error)));
            abandon_ranks();
            ExitCode::from(if no_data(&error) { NO_DATA } else { FAILED })
        }
    }
}

/// Whether standard error shows colours.
fn colours() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb && set("NO_COLOR").is_none()
}

/// The command line, without the environment variables that are set to nothing: a compose file or a
/// build server sets them so where there is no value.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let unset = |argument: clap::Arg| {
        let empty = |name| std::env::var_os(name).is_some_and(|value| value.is_empty());
        match argument.get_env().is_some_and(empty) {
            true => argument.env(None::<&'static str>),
            false => argument,
        }
    };
    command
        .mut_args(unset)
        .mut_subcommands(without_empty_variables)
}

/// Whether something failed for want of real data.
fn no_data(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<datasets::Error>();
    cause.is_some_and(datasets::Error::is_unavailable)
}

fn run(cli: Cli) -> Result<u8> {
    if let Command::Reproduce(_)
    | Command::Report { .. }
    | Command::Regress(_)
    | Command::Merge(_)
    | Command::Verify(_)
    | Command::Contestant(_)
    | Command::Doctor { .. } = cli.command
    {
        crate::threads::check()?;
    }
    match cli.command {
        Command::Reproduce(arguments) => {
            let devices = on(arguments.devices.clone());
            reproduce::run(&Reproduce {
                devices,
                ..arguments
            })
        }
        Command::Report { folder } => report::run(&folder),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Model(arguments) => model::run(&arguments),
        Command::Regress(arguments) => regress::run(&arguments),
        Command::List(common) => list::run(&common),
        Command::Plan { command } => plan::run(&command),
        Command::Contestant(arguments) => contestant::run(&arguments),
        Command::Fetch {
            datasets,
            data,
            common,
        } => fetch::run(&datasets, &data, &common),
        Command::Doctor {
            measure,
            devices,
            data,
            common,
        } => doctor::run(measure, on(devices), &data, &common),
    }
}

/// Settles which devices `auto` stands for, and says which and why.
fn on(devices: Request) -> Request {
    let (devices, why) = settled(devices);
    if let Some(why) = why {
        say(&why);
    }
    devices
}

/// Says what a report lacks, and answers with the exit code for it.
fn outcome(built: &Built) -> u8 {
    match built.missing {
        0 => {}
        1 => say("1 cell has not been measured yet: reproduce goes on with it"),
        missing => say(&format!(
            "{missing} cells have not been measured yet: reproduce goes on with them"
        )),
    }
    for failure in &built.document.failures {
        say(&format!("failed: {failure}"));
    }
    if built.document.failures.is_empty() {
        DONE
    } else {
        FAILED
    }
}

/// Prints to standard output; a reader who has left is no error.
fn show(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", printable(text.trim_end())).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}

fn registry(common: &Common, configs: &Configs) -> Result<Registry> {
    let mut registry = Registry::from_yaml(&configs.read("datasets.yaml")?)
        .with_context(|| format!("datasets.yaml ({})", configs.place()))?;
    for file in &common.registry {
        let shown = || file.display().to_string();
        let text = datasets::yaml::read(file)
            .with_context(|| format!("reading the data set registry {}", file.display()))?;
        // What reads it stops at the first: the schema knows of all.
        let faults = registry_faults(&text);
        if !faults.is_empty() {
            return Err(anyhow!("{}", told(&faults))).with_context(shown);
        }
        registry.extend_from_file(file).with_context(shown)?;
    }
    Ok(registry)
}

fn library(data: &Data, registry: Registry, seeds: Seeds) -> Library {
    let options = LibraryOptions {
        data_dir: data.data_dir.clone(),
        cache_dir: data.cache_dir.clone(),
        policy: data.data,
        offline: data.offline,
        surrogate_seed: seeds.key(&["surrogate"]),
    };
    Library::new(registry, options)
}

/// Where this machine's rates are kept.
fn rates(data: &Data, configs: &Configs, machine: &Machine) -> Result<Store> {
    let cache = data.cache_dir.clone().or_else(datasets::platform_cache);
    let settings = Settings::read(configs)?;
    let environment = Environment::current();
    Ok(Store::new(
        cache.as_deref(),
        machine,
        &environment,
        settings,
    ))
}

/// What a profile costs, to be set behind its description.
fn cost(profile: &Profile) -> String {
    match profile.minutes {
        Some(minutes) if minutes < 1.0 => {
            format!(" (about {:.0} s on two cores)", 60.0 * minutes)
        }
        Some(minutes) => format!(" (about {minutes:.0} min on two cores)"),
        None => String::new(),
    }
}
