//! Rates that were measured once, kept in the cache folder.

use super::Rates;
use super::measure::measure;
use super::probe;
use super::settings::Settings;
use crate::device::Machine;
use crate::environment::Environment;
use crate::files::replace;
use crate::manifest::sha256_hex;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What makes a machine another: a program built anew is not.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Identity {
    /// Processor.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: usize,
    /// Threads that one whole CPU device uses.
    pub threads: usize,
    /// What was measured, as rows name it: cpu or cuda:N.
    pub device: String,
}

/// How rates came about.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
struct MeasuredRates {
    settings: Settings,
    probes: Vec<String>,
}

/// What a file holds.
#[derive(Deserialize, Serialize)]
struct File {
    machine: Identity,
    measured: MeasuredRates,
    rates: Rates,
}

/// The rates of one machine: a file `rates-….json` in the cache folder.
pub struct Store {
    path: Option<PathBuf>,
    machine: Identity,
    measured: MeasuredRates,
    memory_bytes: u64,
}

impl Store {
    /// The rates of `machine` in the cache folder `cache`, measured as `settings` say. Without a
    /// folder nothing is kept.
    #[must_use]
    pub fn new(
        cache: Option<&Path>,
        machine: &Machine,
        environment: &Environment,
        settings: Settings,
    ) -> Self {
        let identity = Identity {
            cpu: environment.cpu.clone(),
            cores: environment.cores,
            threads: environment.threads,
            device: machine.whole().label,
        };
        let key = format!(
            "{}\n{}\n{}\n{}",
            identity.cpu, identity.cores, identity.threads, identity.device
        );
        let name = format!("rates-{}.json", &sha256_hex(key.as_bytes())[..16]);
        Self {
            path: cache.map(|folder| folder.join(name)),
            machine: identity,
            measured: MeasuredRates {
                settings,
                probes: probe::names(),
            },
            memory_bytes: environment.memory_bytes,
        }
    }

    /// The rates, if they were measured before and in the same way.
    ///
    /// # Errors
    /// If the file is not what this program writes.
    pub fn read(&self) -> Result<Option<Rates>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let text = match crate::files::read_text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let file: File = serde_json::from_str(&text)
            .with_context(|| format!("{} does not hold rates", path.display()))?;
        if file.machine != self.machine {
            bail!("{} holds another machine's rates", path.display());
        }
        Ok((file.measured == self.measured).then_some(file.rates))
    }

    /// Keeps rates. When this returns, they survive a crash.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, rates: &Rates) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let file = File {
            machine: self.machine.clone(),
            measured: self.measured.clone(),
            rates: rates.clone(),
        };
        let mut text = serde_json::to_string_pretty(&file)?;
        text.push('\n');
        replace(path, text.as_bytes()).with_context(|| {
            format!(
                "writing {}: --cache-dir DIR puts it elsewhere",
                path.display()
            )
        })
    }

    /// The rates that were kept; a file that holds none is told, and is as none.
    #[must_use]
    pub fn kept(&self) -> Option<Rates> {
        self.read().unwrap_or_else(|error| {
            say(&format!("{error:#}: the rates have to be measured again"));
            None
        })
    }

    /// Measures, and keeps what came of it, or what was kept where that is higher.
    ///
    /// # Errors
    /// If the device fails. A folder that cannot be written is only told.
    pub fn measure(&self, machine: &Machine) -> Result<Rates> {
        say("measuring what this machine can do at most (about ten seconds, once)");
        let rates = measure(machine, &self.measured.settings, self.memory_bytes)?;
        let rates = match self.read() {
            Ok(Some(earlier)) => rates.or_better(&earlier),
            _ => rates,
        };
        if let Err(error) = self.write(&rates) {
            say(&format!("the rates are not kept: {error:#}"));
        }
        Ok(rates)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::tiny;
    use super::super::tests::rates;
    use super::*;

    fn machine() -> Machine {
        Machine::open("cpu".parse().unwrap()).unwrap()
    }

    fn store(folder: &Path, settings: Settings) -> Store {
        Store::new(Some(folder), &machine(), &Environment::current(), settings)
    }

    #[test]
    fn rates_are_found_again_and_only_if_measured_in_the_same_way() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let store = store(&cache, tiny());
        assert_eq!(store.read().unwrap(), None, "nothing was measured yet");
        store.write(&rates()).unwrap();
        assert_eq!(store.read().unwrap(), Some(rates()));
        let mut longer = tiny();
        longer.memory.seconds *= 2.0;
        assert_eq!(super::tests::store(&cache, longer).read().unwrap(), None);
    }

    #[test]
    fn another_build_finds_them_and_another_machine_does_not() {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), tiny()).write(&rates()).unwrap();
        let here = Environment::current();
        let of = |environment: &Environment| {
            Store::new(Some(folder.path()), &machine(), environment, tiny())
                .read()
                .unwrap()
        };
        let newer = Environment {
            sources: "another".into(),
            ..here.clone()
        };
        let fewer = Environment {
            threads: here.threads + 1,
            ..here
        };
        assert_eq!(of(&newer), Some(rates()));
        assert_eq!(of(&fewer), None);
    }

    #[test]
    fn a_broken_file_is_named_and_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), tiny());
        let path = store.path.clone().unwrap();
        for broken in ["", "{\"rates\": 3}", "{"] {
            std::fs::write(&path, broken).unwrap();
            let error = format!("{:#}", store.read().unwrap_err());
            assert!(error.contains("does not hold rates"), "{error}");
            assert!(error.contains("rates-"), "{error}");
            assert_eq!(store.kept(), None);
        }
        let measured = store.measure(&machine()).unwrap();
        assert_eq!(store.read().unwrap(), Some(measured.clone()));
        let again = store.measure(&machine()).unwrap();
        assert!(again.whole.f32 >= measured.whole.f32);
    }

    #[test]
    fn without_a_cache_folder_nothing_is_kept() {
        let environment = Environment::current();
        let store = Store::new(None, &machine(), &environment, tiny());
        store.write(&rates()).unwrap();
        assert_eq!(store.kept(), None);
    }
}
