//! Running the real program on a small data set of one's own.
#![allow(dead_code)] // Each test binary uses a part of this.

use lab::configs::Configs;
use lab::device::Machine;
use lab::environment::Environment;
use lab::rates::settings::Settings;
use lab::rates::store::Store;
use lab::rates::{Rates, Speeds};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a data set `tiny` and its registry, a cache and a place for reports.
pub struct House {
    pub folder: TempDir,
}

/// What no machine can do: so fast that every floor is next to nothing.
const MADE_UP: Rates = Rates {
    measured_at: 0,
    device: String::new(),
    threads: 2,
    shared: true,
    worker: SPEEDS,
    whole: SPEEDS,
};

const SPEEDS: Speeds = Speeds {
    read: Vec::new(),
    copy: 1e15,
    f32: 1e15,
    f64: 1e15,
};

/// Rows of the data set `tiny`.
const ROWS: usize = 120;

impl House {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut text = String::new();
        // Two classes that a linear model can tell apart, most of the time.
        for i in 0..ROWS {
            let (a, b) = (
                ((i * 37) % 101) as f64 / 101.0,
                ((i * 53) % 97) as f64 / 97.0,
            );
            let label = if a + 0.3 * b + 0.1 * ((i % 7) as f64 - 3.0) > 0.6 {
                1
            } else {
                0
            };
            text.push_str(&format!("{label} 1:{a:.3} 2:{b:.3} 3:1\n"));
        }
        std::fs::write(folder.path().join("tiny.libsvm"), text).unwrap();
        let registry = "datasets:\n  tiny:\n    title: a test's own\n    features: 3\n    classes: 2\n    \
                        files:\n      train: {name: tiny.libsvm, path: tiny.libsvm}\n    \
                        splits:\n      standard:\n        train: {file: train, rows: [0, 80]}\n        \
                        test: {file: train, rows: [80, 120]}\n    default_split: standard\n";
        std::fs::write(folder.path().join("tiny.yaml"), registry).unwrap();
        let house = Self { folder };
        house.rates().write(&MADE_UP).unwrap();
        house
    }

    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Where this machine's rates are kept: made-up ones, which take no time to measure.
    pub fn rates(&self) -> Store {
        let machine = Machine::open("cpu".parse().unwrap()).unwrap();
        let settings = Settings::read(&Configs::compiled_in()).unwrap();
        let environment = Environment::current();
        Store::new(Some(&self.cache()), &machine, &environment, settings)
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.out().join(name)).unwrap()
    }

    /// `harness …`, away from any data, configuration or cache of this machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
        for name in ["HARNESS_DATA_DIR", "HARNESS_CONFIGS", "HARNESS_LOG"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .env("HARNESS_CACHE_DIR", self.cache())
            // Whatever GPUs this machine has.
            .env("HARNESS_DEVICES", "cpu")
            // As many as this process has, whose keys of cells are compared with the program's.
            .env(
                "RAYON_NUM_THREADS",
                rayon::current_num_threads().to_string(),
            )
            .args(arguments);
        command
    }

    /// `harness reproduce table2` on `tiny`, and what more is given.
    pub fn reproduce(&self, more: &[&str]) -> Command {
        let mut arguments = vec![
            "reproduce",
            "table2",
            "--datasets",
            "tiny",
            "--profile",
            "smoke",
            "--out",
            "out",
        ];
        arguments.extend(["--registry", "tiny.yaml", "--offline"]);
        arguments.extend(more);
        self.command(&arguments)
    }
}

/// Copies the files of the project's own `configs` into a folder.
pub fn copy_configs(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    for file in std::fs::read_dir(real).unwrap() {
        let file = file.unwrap();
        if file.path().is_file() {
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
}

pub fn run(mut command: Command) -> Output {
    command.output().unwrap()
}

/// Runs a command that has to succeed and returns what it printed to standard output.
pub fn succeed(command: Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A column of rows.csv.
pub fn column(csv: &str, name: &str) -> Vec<String> {
    let mut lines = csv.lines().map(fields);
    let index = lines.next().unwrap().iter().position(|c| c == name);
    let index = index.unwrap();
    lines.map(|line| line[index].clone()).collect()
}

/// The fields of a line, some of them in quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

/// The folder of real data files, if there is one.
pub fn real_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/datasets");
    let folder = std::env::var_os("HARNESS_DATA_DIR").map_or(beside, PathBuf::from);
    let there = folder.join("a8a.bz2").is_file() || folder.join("a8a").is_file();
    if !there {
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        let folder = folder.display();
        writeln!(
            std::io::stderr(),
            "skipped: no real data in {folder} (HARNESS_DATA_DIR)"
        )
        .ok();
        return None;
    }
    Some(folder)
}
