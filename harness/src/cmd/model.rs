//! `harness model`.

use super::{DONE, show};
use crate::cli::ModelWindows;
use crate::publish::{KeptRun, site};
use crate::screen;
use crate::show::windows::model;
use anyhow::{Context, Result, bail, ensure};
use lab::configs::Configs;
use lab::experiments::windows::cell::WindowCell;
use lab::experiments::windows::model::{
    Link, ModelledRow, Networks, compared, paper, predicted, windows,
};
use lab::experiments::windows::plan::{Inference, WindowsPlan};
use lab::experiments::windows::{Maker, WindowRow};
use lab::files::write_atomically;
use lab::journal;
use lab::manifest::{DataRecord, Manifest};
use lab::paper::Table2;
use report::{Document, markdown, to_csv};
use rows::format::Format;
use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

/// Networks of the paper's machine, whose GPUs speak to one another by one of these.
const OF_PAPER: [&str; 2] = ["nvlink2", "pcie3"];

/// Numbers of devices: `2,4,8`, or `2..64`, which doubles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCounts(Vec<u64>);

impl FromStr for DeviceCounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no numbers of devices: 2,4,8, or 2..64 for 2, 4, 8 and so on to 64; 1 to 65536 each"
            )
        };
        let count = |text: &str| -> Result<u64, String> {
            let count = text.trim().parse().map_err(|_| wrong())?;
            if (1..=65_536).contains(&count) {
                Ok(count)
            } else {
                Err(wrong())
            }
        };
        let mut all = Vec::new();
        for part in text.split(',') {
            match part.split_once("..") {
                Some((first, last)) => {
                    let (first, last) = (count(first)?, count(last.trim_start_matches('='))?);
                    if first > last {
                        return Err(wrong());
                    }
                    let doubled = std::iter::successors(Some(first), |count| Some(2 * count));
                    all.extend(doubled.take_while(|count| *count < last));
                    all.push(last);
                }
                None => all.push(count(part)?),
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(Self(all))
    }
}

/// What was measured, of all folders.
struct ModelInput {
    rows: Vec<ModelledRow>,
    /// Keys and ends of the measurements: those that several targets share are one.
    seen: BTreeSet<(String, u64)>,
    paper: Option<(Table2, Inference)>,
}

pub(super) fn run(arguments: &ModelWindows) -> Result<u8> {
    let mut found = ModelInput {
        rows: Vec::new(),
        seen: BTreeSet::new(),
        paper: None,
    };
    for folder in &arguments.folders {
        for target in site::targets(folder, &[])? {
            found
                .read(&target)
                .with_context(|| target.display().to_string())?;
        }
    }
    ensure!(
        !found.rows.is_empty(),
        "there is no run of windows to make a model of: give folders that `reproduce table2` wrote, or one that is like it"
    );
    let networks = Networks::read(&Configs::new(arguments.configs.clone()))?;
    let measured: Vec<WindowRow> = found.rows.iter().map(|row| row.row.clone()).collect();
    let fitted = Link::fitted(&measured);
    let (name, link) = chosen(arguments.network.as_deref(), fitted, &networks)?;
    let windows = windows(found.rows)?;
    let predicted = predicted(&windows, &arguments.devices.0, (&name, link));
    // What was measured went through what was measured.
    let compared = compared(&windows, fitted.unwrap_or(link));
    let of_paper = match found.paper {
        Some((table, inference)) => {
            let named = OF_PAPER.map(|name| networks.get(name).map(|link| (name, link)));
            let named = named.into_iter().collect::<Result<Vec<_>>>()?;
            paper(&windows, &table, &inference, &named)
        }
        None => Vec::new(),
    };
    let mut said = vec![sentence(&name, link)];
    if let Some(fitted) = fitted.filter(|_| name != "measured") {
        said.push(sentence("measured", fitted));
    }
    let document = model::document(&predicted, &compared, &of_paper, said).validated()?;
    if let Some(out) = &arguments.out {
        write(&document, out)?;
    }
    show(&screen::tables(&document))?;
    Ok(DONE)
}

/// The network that is asked for; without a name the measured one if there is one.
fn chosen(name: Option<&str>, fitted: Option<Link>, networks: &Networks) -> Result<(String, Link)> {
    Ok(match (name, fitted) {
        (None | Some("measured"), Some(fitted)) => ("measured".into(), fitted),
        (None | Some("none"), _) => ("none".into(), Link::FREE),
        (Some("measured"), None) => bail!(
            "no exchange was measured: that takes rows of `--devices mpi` on two ranks or more with a core each, \
             whose exchanges are not all alike; or name a network of networks.yaml"
        ),
        (Some(name), _) => (name.into(), networks.get(name)?),
    })
}

fn sentence(name: &str, link: Link) -> String {
    let latency = Format::Significant.show(1e6 * link.latency_s);
    let rate = match link.bytes_per_s.is_finite() {
        true => format!("{} GB/s", Format::Significant.show(link.bytes_per_s / 1e9)),
        false => "any number of bytes at once".into(),
    };
    match name {
        "none" => "Network none: an exchange costs nothing.".into(),
        "measured" => format!(
            "Network measured: fitted to the exchanges of the rows on ranks, {latency} µs for each doubling of their number, {rate}."
        ),
        name => format!(
            "Network {name}: {latency} µs for each doubling of the devices, {rate} (networks.yaml)."
        ),
    }
}

fn write(document: &Document, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    for frame in &document.frames {
        write_atomically(&out.join(format!("{}.csv", frame.name)), &to_csv(frame)?)?;
    }
    write_atomically(&out.join("model.md"), markdown(document).as_bytes())
}

impl ModelInput {
    /// Takes in what a folder's run measured of windows.
    fn read(&mut self, folder: &Path) -> Result<()> {
        let plan = Manifest::read(folder)?.plan()?;
        if plan.experiment != "windows" {
            return Ok(());
        }
        let run = KeptRun::read(folder)?;
        let manifest = &run.manifest;
        let body = WindowsPlan::new(&plan)?;
        let maker = Maker {
            head: &plan,
            plan: &body,
            statistics: plan.statistics()?,
            paper: &manifest.paper.table2,
            rates: manifest.rates.as_ref(),
        };
        let mut entries = run.entries();
        entries.retain(|entry| manifest.cells.contains(&entry.key) && manifest.keys(entry));
        for entry in journal::select(entries, &manifest.cells) {
            if !self.seen.insert((entry.key.clone(), entry.ended_at)) {
                continue;
            }
            let cell: WindowCell = entry.cell()?;
            let of_cell =
                |data: &&DataRecord| data.dataset == cell.dataset && data.split == cell.split;
            let Some(data) = manifest.data.iter().find(of_cell) else {
                continue;
            };
            let [_, _, features, classes] = data.shape;
            let features = features + usize::from(cell.model.bias);
            let coordinates = (features * cell.loss.columns(classes)) as u64;
            for row in maker.rows(&[entry])? {
                self.rows.push(ModelledRow { row, coordinates });
            }
        }
        if let (None, Some(inference)) = (&self.paper, &body.inference) {
            self.paper = Some((manifest.paper.table2.clone(), inference.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_devices_are_a_list_or_are_doubled() {
        let counts = |text: &str| text.parse::<DeviceCounts>().map(|counts| counts.0);
        assert_eq!(counts("2..64").unwrap(), [2, 4, 8, 16, 32, 64]);
        assert_eq!(counts("3..20").unwrap(), [3, 6, 12, 20]);
        assert_eq!(counts("8, 4,4").unwrap(), [4, 8]);
        assert_eq!(counts("1").unwrap(), [1]);
        for wrong in [
            "",
            "0",
            "8..2",
            "two",
            "2..",
            "1..70000",
            "-1",
            "99999999999999999999",
        ] {
            let error = counts(wrong).unwrap_err();
            assert!(error.contains("2..64"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_network_is_what_was_measured_unless_another_is_named() {
        let networks = Networks::read(&Configs::compiled_in()).unwrap();
        let link = Link {
            latency_s: 1e-5,
            bytes_per_s: 1e9,
        };
        let of = |name, fitted| chosen(name, fitted, &networks);
        assert_eq!(of(None, Some(link)).unwrap(), ("measured".into(), link));
        assert_eq!(of(None, None).unwrap(), ("none".into(), Link::FREE));
        assert_eq!(of(Some("none"), Some(link)).unwrap().1, Link::FREE);
        assert_eq!(of(Some("pcie3"), Some(link)).unwrap().0, "pcie3");
        let error = of(Some("measured"), None).unwrap_err().to_string();
        assert!(error.contains("no exchange was measured"), "{error}");
    }
}
