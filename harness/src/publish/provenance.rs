//! Says where a run's numbers come from, in statements that Markdown and the page share.

use lab::manifest::Manifest;
use rows::format::Format;

/// Says what a reader has to know to judge the numbers or to make them again, one statement each, with
/// `code` in backticks.
pub fn statements(manifest: &Manifest) -> Vec<String> {
    let e = &manifest.environment;
    let mut all = vec![
        format!(
            "{} with {} cores ({} threads), {} of memory, {}.",
            e.cpu,
            e.cores,
            e.threads,
            Format::Gibibytes.show(e.memory_bytes as f64),
            e.os
        ),
        format!(
            "{} build {} of commit `{}`, {}.",
            e.build_profile, e.version, e.commit, e.rustc
        ),
        format!(
            "Profile `{}`, devices `{}`, seed {}, plan `{}` (SHA-256 of its YAML).",
            manifest.profile, manifest.devices, manifest.seed, manifest.plan_sha256
        ),
        format!("Command: `{}`.", manifest.command.join(" ")),
    ];
    if !e.gpus.is_empty() {
        let mut gpus = e.gpus.join("; ");
        let more = [
            ("driver", &e.gpu_driver),
            ("CUDA", &e.cuda),
            ("cuBLAS", &e.cublas),
            ("cuDNN", &e.cudnn),
            ("clocks", &e.gpu_clocks),
        ];
        for (what, text) in more {
            if let Some(text) = text {
                gpus.push_str(&format!("; {what} {text}"));
            }
        }
        all.push(format!("{gpus}."));
    }
    if let Some(shard) = manifest.shard {
        all.push(format!(
            "The share {shard} of the run: {} of {} cells.",
            manifest.cells.len(),
            manifest.whole.len()
        ));
    }
    for e in &manifest.elsewhere {
        all.push(format!(
            "Some cells were measured on {} with {} cores ({} threads), {}, by a {} build {} of commit `{}`, {}.",
            e.cpu, e.cores, e.threads, e.os, e.build_profile, e.version, e.commit, e.rustc
        ));
    }
    if let Some(checks) = manifest.theory_checks {
        all.push(format!(
            "{checks} checks of the theory held before anything was measured."
        ));
    }
    if let Some(rates) = &manifest.rates {
        all.push(format!("What `{}` can do at most: {rates}.", rates.device));
    }
    let crates: Vec<String> = e.crates.iter().map(|(n, v)| format!("{n} {v}")).collect();
    if !crates.is_empty() {
        all.push(format!("Crates: {}.", crates.join(", ")));
    }
    for data in &manifest.data {
        let [train, test, features, classes] = data.shape;
        let reason = match &data.surrogate_reason {
            Some(reason) => format!(": {reason}"),
            None => String::new(),
        };
        let labels = match (classes, &data.class_names[..]) {
            (0, _) => "labels that are numbers".to_owned(),
            (_, []) => format!("{classes} classes"),
            (_, names) => format!("{classes} classes ({})", names.join(", ")),
        };
        let same = if data.test_is_train {
            " It is tested on its training rows, for want of others."
        } else {
            ""
        };
        all.push(format!(
            "{} ({}{reason}; split `{}`, digest `{}`): {train} training and {test} test rows, \
             {features} features, {labels}.{same}",
            data.dataset,
            source(&data.source),
            data.split,
            data.digest
        ));
        for [name, sha256, from] in &data.files {
            all.push(format!("`{name}` from {from}, SHA-256 `{sha256}`."));
        }
    }
    all
}

/// Writes generated data in capitals wherever it is named.
fn source(source: &str) -> String {
    match source {
        "real" => "real".into(),
        other => format!("**{}**", other.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_machine_settings_and_data_are_told() {
        let manifest = Manifest {
            plan_sha256: "cafe".into(),
            ..Manifest::made_up().unwrap()
        };
        let told = statements(&manifest).join("\n");
        for part in [
            "A <cpu> with 2 cores (2 threads), 8.0 GiB of memory, Linux.",
            "release build 0.1.0 of commit `abcdef`, rustc 1.95.0.",
            "Profile `smoke`, devices `cpu`, seed 7, plan `cafe`",
            "Command: `harness reproduce`.",
            "cuda:0 A <GPU>, 1.0 GiB, compute capability 9.0; driver 580.1; CUDA 13.0; cuBLAS 13.0.2; cuDNN 9.21.0.",
            "71 checks of the theory held before anything was measured.",
            "Crates: candle-core 0.11.1.",
            "a8a (**SURROGATE**: no <network>; split `upstream`, digest `0123`): 100 training and 50 test rows",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    }
}
