//! Describes a run to repositories and tools of others, as an RO-Crate 1.1 by the profile Process Run Crate 0.5:
//! which program was run with what command on which inputs, and which files came out, with their hashes.

use super::JOURNAL;
use anyhow::Result;
use lab::manifest::{FILE as MANIFEST, Manifest, sha256_hex, timestamp};
use serde_json::{Value, json};

/// The file's name, which the format prescribes.
pub const RO_CRATE: &str = "ro-crate-metadata.json";

/// The run, as an entity.
const RUN: &str = "#run";
/// What the format asks for and a run does not know.
const TERMS: &str = "#terms";

/// The description of a run as JSON, with files by name and content.
///
/// # Errors
/// If it cannot be written as JSON.
pub(super) fn described(
    manifest: &Manifest,
    title: &str,
    files: &[(String, Vec<u8>)],
) -> Result<Vec<u8>> {
    let environment = &manifest.environment;
    let program = format!("urn:sha256:{}", environment.sources);
    let inputs = inputs(manifest);
    let outputs: Vec<Value> = files
        .iter()
        .map(|(name, content)| file(name, content))
        .collect();
    let ids = |entities: &[Value]| -> Vec<Value> {
        entities
            .iter()
            .map(|entity| json!({"@id": entity["@id"]}))
            .collect()
    };
    let when = timestamp(manifest.ended_at.unwrap_or(manifest.started_at));
    let name = format!(
        "{} ({}), profile {}",
        title, manifest.target, manifest.profile
    );
    let mut run = json!({
        "@id": RUN,
        "@type": "CreateAction",
        "name": format!("Run of {}", manifest.target),
        "description": manifest.command.join(" "),
        "instrument": {"@id": program},
        "startTime": timestamp(manifest.started_at),
        "object": match &ids(&inputs)[..] {
            [one] => one.clone(),
            all => all.into(),
        },
        "result": ids(&outputs),
    });
    if let Some(ended) = manifest.ended_at {
        run["endTime"] = timestamp(ended).into();
        run["actionStatus"] = json!({"@id": "http://schema.org/CompletedActionStatus"});
    }
    let mut graph = vec![
        json!({
            "@id": RO_CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        }),
        json!({
            "@id": "./",
            "@type": "Dataset",
            "conformsTo": {"@id": "https://w3id.org/ro/wfrun/process/0.5"},
            "name": name,
            "description": "Rows, tables and plots of one run of the harness, and the journal that they are made of.",
            "datePublished": when,
            "license": {"@id": TERMS},
            "hasPart": ids(&outputs),
            "mentions": {"@id": RUN},
        }),
        json!({
            "@id": "https://w3id.org/ro/wfrun/process/0.5",
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": "0.5",
        }),
        json!({
            "@id": TERMS,
            "@type": "CreativeWork",
            "name": "Not stated",
            "description": "Whoever ran it says on what terms its results may be used.",
        }),
        json!({
            "@id": program,
            "@type": "SoftwareApplication",
            "name": "harness",
            "description": format!(
                "{} build of commit {}, {}, on {}, {} cores, {}",
                environment.build_profile,
                environment.commit,
                environment.rustc,
                environment.cpu,
                environment.cores,
                environment.os,
            ),
            "softwareVersion": format!("{} ({})", environment.version, environment.commit),
        }),
        run,
    ];
    graph.extend(inputs);
    graph.extend(outputs);
    let all = json!({
        "@context": [
            "https://w3id.org/ro/crate/1.1/context",
            "https://w3id.org/ro/terms/workflow-run/context",
        ],
        "@graph": graph,
    });
    Ok((serde_json::to_string_pretty(&all)? + "\n").into_bytes())
}

/// The plan, and the files of the data sets.
fn inputs(manifest: &Manifest) -> Vec<Value> {
    let mut all = vec![json!({
        "@id": "#plan",
        "@type": "CreativeWork",
        "name": format!("Plan of {}, in {MANIFEST}", manifest.target),
        "sha256": manifest.plan_sha256,
    })];
    for data in &manifest.data {
        if data.files.is_empty() {
            all.push(json!({
                "@id": in_address(&format!("#data-{}-{}", data.dataset, data.split)),
                "@type": "CreativeWork",
                "name": data.dataset,
                "description": format!("{} data, digest {}", data.source, data.digest),
            }));
        }
        for [name, sha256, from] in &data.files {
            all.push(json!({
                "@id": in_address(&format!("#data-{}-{}-{name}", data.dataset, data.split)),
                "@type": "CreativeWork",
                "name": name,
                "description": format!("Of {}, from {from}; the hash is of what was read, decompressed", data.dataset),
                "sha256": sha256,
            }));
        }
    }
    all
}

/// A name as a part of an address.
fn in_address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.#/".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(one).collect()
}

fn file(name: &str, content: &[u8]) -> Value {
    let format = match name.rsplit('.').next().unwrap_or_default() {
        "csv" => "text/csv",
        "html" => "text/html",
        "json" => "application/json",
        "jsonl" => "application/jsonl",
        "md" => "text/markdown",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let what = match name {
        JOURNAL => "What was measured, a line of JSON for each cell".to_owned(),
        MANIFEST => "Where the numbers come from".to_owned(),
        other => format!("Made of the journal: {other}"),
    };
    json!({
        "@id": in_address(name),
        "@type": "File",
        "name": name,
        "description": what,
        "encodingFormat": format,
        "contentSize": content.len().to_string(),
        "sha256": sha256_hex(content),
    })
}
