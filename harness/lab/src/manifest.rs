//! The manifest of a run: everything needed to say where its numbers come from, and to make its
//! report again.

use crate::configs::Configs;
use crate::environment::Environment;
use crate::files::write_atomically;
use crate::journal::{Entry, JournalEnd};
use crate::paper::Paper;
use crate::plan::Plan;
use crate::rates::Rates;
use crate::shard::Shard;
use crate::sharing::Copied;
use anyhow::{Context, Result};
use datasets::{Dataset, Images};
use serde::{Deserialize, Serialize};
use serde_yaml::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;

/// `manifest.json`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Manifest {
    /// The command line.
    pub command: Vec<String>,
    /// Seconds since 1970.
    pub started_at: u64,
    /// Seconds since 1970; absent while the run goes on, or if it was cut short.
    pub ended_at: Option<u64>,
    /// The target's name.
    pub target: String,
    /// The profile that was run.
    pub profile: String,
    /// In what the plan differs from the published one of that name and profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// The data sets that were run.
    pub datasets: Vec<String>,
    /// The plan with all settings applied, as YAML.
    pub plan: String,
    /// SHA-256 of `plan`.
    pub plan_sha256: String,
    /// What `--devices` asked for, or what `auto` stood for.
    pub devices: String,
    /// The root seed.
    pub seed: u64,
    /// SHA-256 of datasets.yaml.
    pub registry_sha256: String,
    /// The data.
    pub data: Vec<DataRecord>,
    /// Keys of the cells of this run, in order.
    pub cells: Vec<String>,
    /// Which share of the plan's cells they are, of a run that was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Keys of the cells of all shares, in order, of a run that was divided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whole: Vec<String>,
    /// Whether keys follow from cells and `environment` as [`Entry::is_keyed`](crate::journal::Entry::is_keyed)
    /// makes them; those of runs from before that was asked may not.
    #[serde(default)]
    pub verifiable: bool,
    /// How many of them were taken from which other target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<Copied>,
    /// How many checks of the theory held before anything was measured.
    #[serde(default)]
    pub theory_checks: Option<usize>,
    /// Program and machine.
    pub environment: Environment,
    /// Other programs and machines by which cells of a merged run were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Environment>,
    /// What the machine can do at most, for targets that are timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
    /// The paper's figures that this run was compared with.
    pub paper: Paper,
    /// SHA-256 of the claims that it was judged by first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_sha256: Option<String>,
    /// Where the journal beside it ended when this was written; absent in those of older programs, whose
    /// lines have no checksums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalEnd>,
    /// SHA-256 of the file with nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// In what the file is not as the run wrote it.
    #[serde(skip)]
    pub altered: Option<String>,
}

/// One data set of a run.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct DataRecord {
    /// Data set.
    pub dataset: String,
    /// Its split.
    pub split: String,
    /// real or surrogate.
    pub source: String,
    /// Why it is a surrogate, if it is.
    pub surrogate_reason: Option<String>,
    /// Training rows, test rows, features, classes.
    pub shape: [usize; 4],
    /// What its classes are called, where they are not just counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// Whether it is tested on the rows it is trained on, for want of others.
    pub test_is_train: bool,
    /// What identifies its numbers.
    pub digest: String,
    /// The files, by name, with the SHA-256 of their decompressed content and where they came
    /// from.
    pub files: Vec<[String; 3]>,
}

impl DataRecord {
    /// Of a loaded data set.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Self {
        let file = |f: &datasets::FileRecord| [f.name.clone(), f.sha256.clone(), f.from.clone()];
        Self {
            dataset: dataset.name.clone(),
            split: dataset.split.clone(),
            source: dataset.source.to_string(),
            surrogate_reason: match &dataset.source {
                datasets::Source::Real => None,
                datasets::Source::Surrogate { reason } => Some(reason.clone()),
            },
            shape: [
                dataset.train.len(),
                dataset.test.len(),
                dataset.features,
                dataset.classes(),
            ],
            class_names: told_names(&dataset.class_names),
            test_is_train: dataset.test_is_train,
            digest: dataset.digest(),
            files: dataset.files.iter().map(file).collect(),
        }
    }
}

/// Names of classes, where they say more than to count them, and are few enough to be told.
fn told_names(names: &[String]) -> Vec<String> {
    let numbers = names.iter().all(|name| name.parse::<f64>().is_ok());
    match numbers || names.len() > 20 {
        true => Vec::new(),
        false => names.to_vec(),
    }
}

impl DataRecord {
    /// Of a loaded data set of images.
    #[must_use]
    pub fn of_images(images: &Images) -> Self {
        let file = |f: &datasets::FileRecord| [f.name.clone(), f.sha256.clone(), f.from.clone()];
        Self {
            dataset: images.name.clone(),
            split: "images".into(),
            source: images.source.to_string(),
            surrogate_reason: match &images.source {
                datasets::Source::Real => None,
                datasets::Source::Surrogate { reason } => Some(reason.clone()),
            },
            shape: [
                images.train.len(),
                images.test.len(),
                images.train.image_len(),
                images.classes,
            ],
            class_names: Vec::new(),
            test_is_train: false,
            digest: images.digest(),
            files: images.files.iter().map(file).collect(),
        }
    }
}

/// What stands before a manifest's checksum.
const SUM: &str = "\"sum\": \"";

/// The file's name.
pub const FILE: &str = "manifest.json";

impl Manifest {
    /// Whether an entry's cell is the one that its key names, as far as that can be told.
    #[must_use]
    pub fn keys(&self, entry: &Entry) -> bool {
        !self.verifiable
            || self
                .environments()
                .any(|environment| entry.is_keyed(environment))
    }

    /// All programs and machines by which cells were measured, that of the run first.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        std::iter::once(&self.environment).chain(&self.elsewhere)
    }

    /// Keys of all cells of the plan, those of other shares included.
    #[must_use]
    pub fn all_cells(&self) -> &[String] {
        match self.shard {
            Some(_) => &self.whole,
            None => &self.cells,
        }
    }

    /// Why no claim can be judged by its run, if none can.
    ///
    /// # Errors
    /// If its plan cannot be read.
    pub fn untestable(&self) -> Result<Option<String>> {
        if let Some(altered) = &self.altered {
            return Ok(Some(altered.clone()));
        }
        if let Some(shard) = self.shard {
            return Ok(Some(format!(
                "only the share {shard} of the run was made here: `harness merge` puts shares together"
            )));
        }
        if !self.plan()?.profile.verdicts {
            return Ok(Some("the profile that was run carries no verdicts".into()));
        }
        if self.changed.is_empty() {
            return Ok(None);
        }
        let changed = self.changed.join("; ");
        Ok(Some(format!(
            "the plan that was run is not the published one: {changed}"
        )))
    }

    /// Returns the manifest of a run that never was, with something of everything, for tests of what is
    /// shown of one.
    ///
    /// # Errors
    /// None, as long as the printed figures compiled into the program can be read.
    pub fn made_up() -> Result<Self> {
        const PLAN: &str = "flow:\n  steps: 20 # <S>\n";
        let text = |t: &str| t.to_owned();
        Ok(Self {
            command: vec![text("harness"), text("reproduce")],
            started_at: 0,
            ended_at: None,
            target: text("table2"),
            profile: text("smoke"),
            changed: Vec::new(),
            datasets: vec![text("a8a")],
            plan: text(PLAN),
            plan_sha256: sha256_hex(PLAN.as_bytes()),
            devices: text("cpu"),
            seed: 7,
            registry_sha256: text("beef"),
            data: vec![DataRecord {
                dataset: text("a8a"),
                split: text("upstream"),
                source: text("surrogate"),
                surrogate_reason: Some(text("no <network>")),
                shape: [100, 50, 123, 2],
                class_names: Vec::new(),
                test_is_train: false,
                digest: text("0123"),
                files: Vec::new(),
            }],
            cells: Vec::new(),
            shard: None,
            whole: Vec::new(),
            verifiable: true,
            copied: Vec::new(),
            theory_checks: Some(71),
            environment: Environment {
                version: text("0.1.0"),
                commit: text("abcdef"),
                sources: text("5eed"),
                build_profile: text("release"),
                rustc: text("rustc 1.95.0"),
                crates: [(text("candle-core"), text("0.11.1"))].into(),
                os: text("Linux"),
                cpu: text("A <cpu>"),
                cores: 2,
                threads: 2,
                memory_bytes: 8 << 30,
                gpus: vec![text("cuda:0 A <GPU>, 1.0 GiB, compute capability 9.0")],
                gpu_driver: Some(text("580.1")),
                gpu_clocks: None,
                cuda: Some(text("13.0")),
                cublas: Some(text("13.0.2")),
                cudnn: Some(text("9.21.0")),
            },
            elsewhere: Vec::new(),
            rates: None,
            paper: Paper::from_yaml(&Configs::compiled_in().read("paper.yaml")?)?,
            claims_sha256: None,
            journal: None,
            sum: None,
            altered: None,
        })
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let unsummed = Self {
            sum: Some(String::new()),
            ..self.clone()
        };
        let mut text = serde_json::to_string_pretty(&unsummed)?;
        text.push('\n');
        let sum = sha256_hex(text.as_bytes());
        let (before, behind) = text.rsplit_once(SUM).context("a manifest without a sum")?;
        let text = [before, SUM, &sum, behind].concat();
        write_atomically(&folder.join(FILE), text.as_bytes())
    }

    /// Whether it has nothing of what only later programs write: no checksum, and none of the journal.
    #[must_use]
    pub fn is_unsealed(&self) -> bool {
        let later = [&self.sum, &self.claims_sha256].map(Option::is_some);
        !self.verifiable && self.journal.is_none() && later == [false; 2]
    }

    /// In what it is not as the run wrote it, by its text.
    fn altered(&self, text: &str) -> Option<String> {
        let summed = || {
            let (before, behind) = text.rsplit_once(SUM)?;
            let rest = behind.strip_prefix(self.sum.as_deref()?)?;
            Some(sha256_hex([before, SUM, rest].concat().as_bytes()))
        };
        let is_old = self.is_unsealed();
        if !is_old && (self.sum.is_none() || summed() != self.sum) {
            return Some(format!("{FILE} is not as the run wrote it"));
        }
        if sha256_hex(self.plan.as_bytes()) != self.plan_sha256 {
            let why = format!("the plan in {FILE} is not the one that its hash says was run");
            return Some(why);
        }
        // Folders are named by targets.
        let Ok(plan) = datasets::yaml::load::<Value>(&self.plan) else {
            return Some(format!("the plan in {FILE} cannot be read"));
        };
        let target = plan.get("target").and_then(Value::as_str);
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let other = target.is_some_and(|target| target != self.target);
        if other || self.target.is_empty() || !self.target.chars().all(is_name) {
            return Some(format!("the target in {FILE} is not that of its plan"));
        }
        let whole: BTreeSet<&String> = self.all_cells().iter().collect();
        let lists = self.cells.iter().all(|cell| whole.contains(cell));
        let none = whole.is_empty() && self.ended_at.is_some();
        (none || !lists).then(|| format!("the cells in {FILE} are not those of a run"))
    }

    /// Returns the plan that was run, whose layers were put together before.
    ///
    /// # Errors
    /// If it is another version's.
    pub fn plan(&self) -> Result<Plan> {
        Plan::from_yaml(&self.plan, &[], Some(&self.profile)).context("the manifest's plan")
    }

    /// Reads it from `folder`.
    ///
    /// # Errors
    /// If there is none, or it is another version's.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = crate::files::read_text(&path).with_context(|| {
            format!("reading {}: was anything reproduced there?", path.display())
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a manifest", path.display()))?;
        Ok(Self {
            altered: manifest.altered(&text),
            ..manifest
        })
    }
}

/// SHA-256 as hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_secs())
}

/// A time in seconds since 1970, in UTC, by ISO 8601: 2026-07-01T06:30:00+00:00.
#[must_use]
pub fn timestamp(seconds: u64) -> String {
    let [hour, minute, second] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    format!("{}T{hour:02}:{minute:02}:{second:02}+00:00", date(seconds))
}

/// The day of a time in seconds since 1970, in UTC: 2026-07-01.
#[must_use]
pub fn date(seconds: u64) -> String {
    // Days since 0000-03-01: with March first, the leap day is a year's last.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (era * 400 + year, month + 3),
        _ => (era * 400 + year + 1, month - 9),
    };
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_knows_whether_it_is_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let manifest = Manifest {
            journal: Some(JournalEnd::default()),
            ..Manifest::made_up().unwrap()
        };
        manifest.write(folder.path()).unwrap();
        let read = Manifest::read(folder.path()).unwrap();
        assert_eq!(read.altered, None);
        let text = std::fs::read_to_string(&path).unwrap();
        let again = |from: &str, to: &str| {
            let (before, behind) = text.rsplit_once(from).unwrap();
            std::fs::write(&path, [before, to, behind].concat()).unwrap();
            Manifest::read(folder.path()).unwrap().altered
        };
        for (from, to) in [
            ("steps: 20", "steps: 21"),
            ("smoke", "quick"),
            ("\"seed\": 7", "\"seed\": 8"),
            ("\"sum\": \"", "\"sun\": \""),
            (",\n  \"sum\": \"", ",\n  \"other\": \""),
            ("\n}\n", "\n}\n\n"),
        ] {
            let altered = again(from, to);
            assert!(altered.is_some(), "{from}");
        }
        // An older program wrote no checksum, and none of what later ones write.
        let without = |verifiable: bool| {
            let old = Manifest {
                sum: None,
                journal: None,
                verifiable,
                ..read.clone()
            };
            std::fs::write(&path, serde_json::to_string_pretty(&old).unwrap()).unwrap();
            Manifest::read(folder.path()).unwrap().altered
        };
        assert_eq!(without(false), None);
        assert!(Manifest::read(folder.path()).unwrap().is_unsealed());
        assert!(without(true).is_some());
    }

    #[test]
    fn a_run_that_ended_has_cells_and_a_share_those_of_the_whole() {
        let altered = |cells: &[&str], whole: &[&str], shard: Option<&str>, ended_at| {
            let folder = tempfile::tempdir().unwrap();
            let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
            let manifest = Manifest {
                cells: keys(cells),
                whole: keys(whole),
                shard: shard.map(|shard| shard.parse().unwrap()),
                ended_at,
                ..Manifest::made_up().unwrap()
            };
            manifest.write(folder.path()).unwrap();
            Manifest::read(folder.path()).unwrap().altered
        };
        assert_eq!(altered(&["a"], &[], None, Some(1)), None);
        assert_eq!(altered(&[], &[], None, None), None);
        assert!(altered(&[], &[], None, Some(1)).is_some());
        assert_eq!(altered(&["b"], &["a", "b"], Some("2/2"), Some(1)), None);
        assert_eq!(altered(&[], &["a"], Some("2/2"), Some(1)), None);
        assert!(altered(&["c"], &["a", "b"], Some("2/2"), Some(1)).is_some());
        assert!(altered(&[], &[], Some("2/2"), Some(1)).is_some());
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (1_782_864_000, "2026-07-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds), day);
        }
        assert_eq!(timestamp(1_782_887_400 + 7), "2026-07-01T06:30:07+00:00");
    }
}
