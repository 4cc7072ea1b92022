//! `harness report`.

use super::{DONE, FAILED, outcome, show};
use crate::publish::{self, site};
use crate::screen;
use anyhow::{Context, Result, ensure};
use claims::Claims;
use lab::configs::Configs;
use lab::manifest::FILE as MANIFEST;
use lab::progress::say;
use std::path::Path;

pub(super) fn run(folder: &Path) -> Result<u8> {
    let alone = folder.join(MANIFEST).is_file();
    let mut code = DONE;
    let claims = claims(folder)?;
    let targets = site::targets(folder, &[])?;
    if !alone {
        // Before anything is written into what may be no report at all.
        site::kept_claims(folder)?;
        ensure!(
            !targets.is_empty(),
            "{} has no run: no manifest.json, neither there nor in a folder of it",
            folder.display()
        );
    }
    // A target's folder among others has no page of its own.
    let of_page = !alone || folder.join(site::CLAIMS).is_file();
    let mut page = of_page
        .then(|| site::SitePage::new(folder, None, None))
        .transpose()?;
    for target in targets {
        let built = match publish::build(&target, &claims) {
            Ok(built) => built,
            Err(error) if alone => return Err(error),
            Err(error) => {
                say(&format!("{}: {error:#}", target.display()));
                code = FAILED;
                continue;
            }
        };
        if alone {
            show(&screen::tables(&built.document))?;
        }
        if outcome(&built) != DONE {
            code = FAILED;
        }
        if let Some(page) = &mut page {
            page.take(&target, built);
        }
    }
    if let Some(page) = &mut page {
        let site = page.build()?;
        show(&site.summary)?;
        say(&format!(
            "the page is {}",
            folder.join("index.html").display()
        ));
    }
    Ok(code)
}

/// The claims that a folder was judged by, or the one above, which keeps them for its targets; where
/// neither was, those of the program.
pub(super) fn claims(folder: &Path) -> Result<Claims> {
    let above = folder.parent().unwrap_or(folder);
    let text = site::kept_claims(folder).or_else(|_| site::kept_claims(above));
    let text = text.or_else(|_| Configs::compiled_in().read(site::CLAIMS))?;
    Claims::from_yaml(&text)
        .with_context(|| format!("the claims that {} was judged by", folder.display()))
}
