//! Makes one page for several targets: `index.html`, `claims.md`, and the claims' own rows.

use super::{KeptRun, document};
use anyhow::{Context, Result};
use claims::{ClaimRow, Claims, TargetRows};
use lab::files::write_atomically;
use lab::manifest::FILE as MANIFEST;
use lab::progress::say;
use report::{Document, Judged, claims_markdown, page, to_csv, to_parquet};
use rows::Frame;
use std::path::{Path, PathBuf};

/// The file in which a site keeps the claims it was judged by, so that it can be made again.
pub const CLAIMS: &str = "claims.yaml";
/// The file in which a site keeps the order of its targets.
const ORDER: &str = "targets.txt";

/// What `build` made.
pub struct Site {
    /// How many sentences got which verdict.
    pub summary: String,
    /// The files written.
    pub files: Vec<PathBuf>,
}

/// Makes the page of a folder of targets, or of a folder that is a target itself. The claims are
/// those of `claims`; without, those the folder was judged by before.
///
/// # Errors
/// If the folder holds no run, or cannot be written.
pub fn build(root: &Path, claims: Option<&str>, order: Option<&[String]>) -> Result<Site> {
    let text = match claims {
        Some(text) => text.to_owned(),
        None => kept_claims(root)?,
    };
    let (summary, files) = made(root, &text, order)?;
    let mut written = Vec::new();
    for (name, content) in files {
        let path = root.join(name);
        write_atomically(&path, &content)?;
        written.push(path);
    }
    Ok(Site {
        summary,
        files: written,
    })
}

/// A page's headline, and names and contents of its files.
type MadeSite = (String, Vec<(String, Vec<u8>)>);

/// Makes the files of the page, and writes nothing.
pub(crate) fn made(root: &Path, text: &str, order: Option<&[String]>) -> Result<MadeSite> {
    let order = match order {
        Some(order) => order.to_vec(),
        None => lab::files::read_text(&root.join(ORDER))
            .map(|text| text.lines().map(str::to_owned).collect())
            .unwrap_or_default(),
    };
    let claims = Claims::from_yaml(text).with_context(|| {
        format!(
            "reading the claims of {}: if an earlier version of this program made that report, \
             `harness reproduce` makes it again, from what is measured already",
            root.join(CLAIMS).display()
        )
    })?;
    let (documents, targets) = reports(root, &order, &claims)?;
    let rows = judged(&claims, root, &targets);
    let judged = Judged {
        rows: &rows,
        level: 1.0 - claims.confidence,
    };
    let frame = Frame::of("claims", &rows);
    let files = [
        ("index.html", page(&documents, Some(&judged)).into_bytes()),
        ("claims.md", claims_markdown(&judged).into_bytes()),
        ("claims.csv", to_csv(&frame)?),
        ("claims.parquet", to_parquet(&frame)?),
        (CLAIMS, text.as_bytes().to_vec()),
        (ORDER, (order.join("\n") + "\n").into_bytes()),
    ];
    let files = files.map(|(name, content)| (name.to_owned(), content));
    Ok((claims::headline(&rows), files.into()))
}

/// Reads the claims that a folder was judged by before.
///
/// # Errors
/// If it was not.
pub fn kept_claims(root: &Path) -> Result<String> {
    let kept = root.join(CLAIMS);
    lab::files::read_text(&kept)
        .with_context(|| format!("reading {}: was a report made there?", kept.display()))
}

/// Lists the folders of targets in `root`, in the order of the page: the given ones first, then by
/// name; `root` itself if it is one.
///
/// # Errors
/// If the folder cannot be read.
pub fn targets(root: &Path, order: &[String]) -> Result<Vec<PathBuf>> {
    if root.join(MANIFEST).is_file() {
        return Ok(vec![root.to_owned()]);
    }
    let listed = std::fs::read_dir(root)
        .with_context(|| format!("listing {}: was anything reproduced there?", root.display()))?;
    let mut folders: Vec<PathBuf> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join(MANIFEST).is_file())
        .collect();
    let place = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = order.iter().position(|known| *known == name);
        (place.unwrap_or(order.len()), name.into_owned())
    };
    folders.sort_by_key(place);
    Ok(folders)
}

/// Makes the documents of all targets, and the rows of each for the judge.
fn reports(
    root: &Path,
    order: &[String],
    claims: &Claims,
) -> Result<(Vec<Document>, Vec<TargetRows>)> {
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for folder in targets(root, order)? {
        let one = || -> Result<(Document, TargetRows)> {
            let run = KeptRun::read(&folder)?;
            let (document, _) = document(&folder, &run, claims)?;
            let rows = TargetRows {
                untestable: run.manifest.untestable()?,
                target: run.manifest.target,
                frames: document.frames.clone(),
            };
            Ok((document, rows))
        };
        match one() {
            Ok((document, of)) => {
                documents.push(document);
                rows.push(of);
            }
            Err(error) if folder == root => return Err(error),
            // One that cannot be read does not spoil the others' page.
            Err(error) => say(&format!(
                "left out of the page: {}: {error:#}",
                folder.display()
            )),
        }
    }
    Ok((documents, rows))
}

/// Judges the claims; of a single target only its own.
fn judged(claims: &Claims, root: &Path, targets: &[TargetRows]) -> Vec<ClaimRow> {
    let mut rows = claims::judge(claims, targets);
    if root.join(MANIFEST).is_file() {
        rows.retain(|row| targets.iter().any(|target| target.target == row.target));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_judged_by_claims_of_an_earlier_form_is_answered_with_how_to_make_it_again() {
        let root = tempfile::tempdir().unwrap();
        let earlier =
            "confidence: 0.95\nclaims: [{id: a, target: fig2, judge: holds, column: same}]\n";
        std::fs::write(root.path().join(CLAIMS), earlier).unwrap();
        let error = build(root.path(), None, None).map(|_| ()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("earlier version"), "{error}");
        assert!(error.contains("reproduce"), "{error}");
    }
}
