//! Makes one page for several targets: `index.html`, `claims.md`, and the claims' own rows.

use super::{Built, KeptRun, RunState, document};
use anyhow::{Context, Result};
use claims::{Claims, TargetRows};
use lab::files::write_atomically;
use lab::manifest::FILE as MANIFEST;
use lab::progress::say;
use report::{Document, Judged, claims_markdown, page, to_csv, to_parquet};
use rows::Frame;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

/// Makes the page of a folder of targets, or of a folder that is a target itself, as [`SitePage`] does.
///
/// # Errors
/// If the folder holds no run, or cannot be written.
pub fn build(root: &Path, claims: Option<&str>, order: Option<&[String]>) -> Result<Site> {
    SitePage::new(root, claims, order)?.build()
}

/// The page of a folder of targets, or of a folder that is a target itself.
///
/// It remembers what it shows of each target, so that a command that makes it several times does not read
/// every journal again: one whose manifest, journal or certificate is another since is read anew.
pub struct SitePage {
    root: PathBuf,
    /// The claims, as they are written.
    text: String,
    claims: Claims,
    order: Vec<String>,
    shown: BTreeMap<PathBuf, ShownTarget>,
}

/// What a page shows of a target.
struct ShownTarget {
    /// Lengths and times of the files that it was made of.
    files: Vec<Option<(u64, SystemTime)>>,
    /// Its report, without rows.
    document: Document,
    /// The rows that claims ask about.
    rows: TargetRows,
}

/// A page's headline, and names and contents of its files.
type MadePage = (String, Vec<(String, Vec<u8>)>);

impl SitePage {
    /// Takes claims and the order of targets; without, those the folder was judged by and had before.
    ///
    /// # Errors
    /// If the claims cannot be read.
    pub fn new(root: &Path, claims: Option<&str>, order: Option<&[String]>) -> Result<Self> {
        let text = match claims {
            Some(text) => text.to_owned(),
            None => kept_claims(root)?,
        };
        let order = match order {
            Some(order) => order.to_vec(),
            None => lab::files::read_text(&root.join(ORDER))
                .map(|text| text.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
        };
        let claims = Claims::from_yaml(&text).with_context(|| {
            format!(
                "reading the claims of {}: if an earlier version of this program made that report, \
                 `harness reproduce` makes it again, from what is measured already",
                root.join(CLAIMS).display()
            )
        })?;
        Ok(Self {
            root: root.to_owned(),
            text,
            claims,
            order,
            shown: BTreeMap::new(),
        })
    }

    /// Takes in the report of a target that was made just now, in its folder.
    pub fn take(&mut self, folder: &Path, built: Built) {
        self.remember(folder, built.run, built.document);
    }

    fn remember(&mut self, folder: &Path, run: RunState, mut document: Document) {
        let target = run.target;
        let mut frames = Vec::new();
        for frame in &mut document.frames {
            let rows = std::mem::take(&mut frame.rows);
            let mut asked = self.claims.asked().into_iter();
            if asked.any(|rows| rows.target == target && rows.frame == frame.name) {
                frames.push(Frame {
                    rows,
                    ..frame.clone()
                });
            }
        }
        let shown = ShownTarget {
            files: run.files,
            document,
            rows: TargetRows {
                target,
                untestable: run.untestable,
                frames,
            },
        };
        self.shown.insert(folder.to_owned(), shown);
    }

    /// Makes the files of the page and writes them.
    ///
    /// # Errors
    /// If the folder holds no run, or cannot be written.
    pub fn build(&mut self) -> Result<Site> {
        let (summary, files) = self.made()?;
        let mut written = Vec::new();
        for (name, content) in files {
            let path = self.root.join(name);
            write_atomically(&path, &content)?;
            written.push(path);
        }
        Ok(Site {
            summary,
            files: written,
        })
    }

    /// Makes the files of the page, and writes nothing.
    pub(crate) fn made(&mut self) -> Result<MadePage> {
        let folders = self.read()?;
        let shown = folders.iter().filter_map(|folder| self.shown.get(folder));
        let (documents, targets): (Vec<&Document>, Vec<&TargetRows>) =
            shown.map(|shown| (&shown.document, &shown.rows)).unzip();
        let mut rows = claims::judge(&self.claims, &targets);
        // Of a single target only its own.
        if self.root.join(MANIFEST).is_file() {
            rows.retain(|row| targets.iter().any(|target| target.target == row.target));
        }
        let judged = Judged {
            rows: &rows,
            level: 1.0 - self.claims.confidence,
        };
        let frame = Frame::of("claims", &rows);
        let files = [
            ("index.html", page(&documents, Some(&judged)).into_bytes()),
            ("claims.md", claims_markdown(&judged).into_bytes()),
            ("claims.csv", to_csv(&frame)?),
            ("claims.parquet", to_parquet(&frame)?),
            (CLAIMS, self.text.as_bytes().to_vec()),
            (ORDER, (self.order.join("\n") + "\n").into_bytes()),
        ];
        let files = files.map(|(name, content)| (name.to_owned(), content));
        Ok((claims::headline(&rows), files.into()))
    }

    /// Reads the targets that are not known as they are now; answers with the folders of all.
    fn read(&mut self) -> Result<Vec<PathBuf>> {
        let mut folders = targets(&self.root, &self.order)?;
        for folder in &folders {
            let one = |page: &mut Self| -> Result<()> {
                let files = RunState::files(folder);
                let known = page.shown.get(folder);
                if known.is_none_or(|known| known.files != files) {
                    let run = KeptRun::read(folder)?;
                    let (document, _) = document(folder, &run, &page.claims)?;
                    page.remember(folder, RunState::of(files, &run)?, document);
                }
                Ok(())
            };
            match one(self) {
                Ok(()) => {}
                Err(error) if *folder == self.root => return Err(error),
                // One that cannot be read does not spoil the others' page.
                Err(error) => {
                    self.shown.remove(folder);
                    let folder = folder.display();
                    say(&format!("left out of the page: {folder}: {error:#}"));
                }
            }
        }
        folders.retain(|folder| self.shown.contains_key(folder));
        Ok(folders)
    }
}

/// Reads the claims that a folder was judged by before.
///
/// # Errors
/// If it was not.
pub fn kept_claims(root: &Path) -> Result<String> {
    let kept = root.join(CLAIMS);
    datasets::yaml::read(&kept)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::JOURNAL;
    use lab::configs::Configs;

    /// Puts a kept run in the place of a target's folder.
    fn put(run: &str, folder: &Path) {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/reference");
        std::fs::create_dir_all(folder).unwrap();
        for file in [JOURNAL, MANIFEST] {
            std::fs::copy(kept.join(run).join(file), folder.join(file)).unwrap();
        }
    }

    #[test]
    fn a_page_made_again_is_as_if_made_first_also_where_a_run_is_another_since() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let claims = Configs::compiled_in().read(CLAIMS).unwrap();
        let fresh = || {
            let mut page = SitePage::new(root, Some(&claims), None).unwrap();
            page.made().unwrap()
        };
        put("theory/spring", &root.join("spring"));
        put("fig4-smoke", &root.join("fig4"));
        let mut page = SitePage::new(root, Some(&claims), None).unwrap();
        let first = page.made().unwrap();
        assert_eq!(page.made().unwrap(), first);
        put("fig4-narrow", &root.join("fig4"));
        let second = page.made().unwrap();
        assert_ne!(second.1, first.1);
        assert_eq!(second, fresh());
        std::fs::remove_dir_all(root.join("spring")).unwrap();
        let third = page.made().unwrap();
        assert_ne!(third.0, second.0, "the headline counts spring's statements");
        assert_eq!(third, fresh());
    }

    #[test]
    fn a_report_that_was_taken_in_is_shown_as_one_that_was_read() {
        let root = tempfile::tempdir().unwrap();
        let (root, spring) = (root.path(), root.path().join("spring"));
        let text = Configs::compiled_in().read(CLAIMS).unwrap();
        put("theory/spring", &spring);
        let claims = Claims::from_yaml(&text).unwrap();
        let built = crate::publish::build(&spring, &claims).unwrap();
        let mut taken = SitePage::new(root, Some(&text), None).unwrap();
        taken.take(&spring, built);
        let read = SitePage::new(root, Some(&text), None)
            .unwrap()
            .made()
            .unwrap();
        assert_eq!(taken.made().unwrap(), read);
        // What is remembered is not read: a journal of as many bytes and the same time passes for the one it was.
        let journal = spring.join(JOURNAL);
        let (bytes, then) = (
            std::fs::read(&journal).unwrap(),
            journal.metadata().unwrap(),
        );
        std::fs::write(&journal, vec![b'x'; bytes.len()]).unwrap();
        let file = std::fs::File::options().write(true).open(&journal).unwrap();
        file.set_modified(then.modified().unwrap()).unwrap();
        assert_eq!(taken.made().unwrap(), read);
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_ne!(taken.made().unwrap(), read);
    }

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
