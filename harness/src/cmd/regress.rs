//! `harness regress`.

use super::{DONE, FAILED, show};
use crate::cli::Regress;
use crate::gate::baseline::Baseline;
use crate::gate::{self, Lab, instructions, show as shown};
use anyhow::{Context, Result};
use lab::files::replace;
use lab::progress::say;

pub(super) fn run(arguments: &Regress) -> Result<u8> {
    let mut baseline = Baseline::read(&arguments.baseline)?;
    let lab = Lab::new(&baseline)?;
    if arguments.counted {
        let said = instructions::counted(&baseline, &lab)?;
        show(&(said.join("\n") + "\n"))?;
        return Ok(DONE);
    }
    let report = gate::run(&baseline, &lab, arguments.only)?;
    show(&shown::terminal(&report))?;
    if let Some(path) = &arguments.json {
        replace(path, shown::json(&report)?.as_bytes())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let path = baseline.path().display().to_string();
    if arguments.update {
        let recorded = report.recorded(&baseline.recorded)?;
        baseline.update(recorded)?;
        say(&format!("{path} is what was found now"));
        return Ok(DONE);
    }
    let open = report.not_judged();
    if open > 0 {
        say(&format!(
            "{open} ratios are not judged, for the reasons above: they neither fail nor pass"
        ));
    }
    if report.failed() {
        say(&format!(
            "not as recorded in {path}; if this is meant, `harness regress --baseline {path} --update` records it"
        ));
        return Ok(FAILED);
    }
    Ok(DONE)
}
