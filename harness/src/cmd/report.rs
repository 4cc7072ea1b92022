//! `harness report`.

use super::{DONE, FAILED, outcome, show};
use crate::manifest::FILE as MANIFEST;
use crate::progress::say;
use crate::report::{self, site};
use anyhow::Result;
use std::path::Path;

pub(super) fn run(folder: &Path) -> Result<u8> {
    let alone = folder.join(MANIFEST).is_file();
    let mut code = DONE;
    for target in site::targets(folder, &[])? {
        let built = report::build(&target)?;
        if alone {
            show(&built.terminal);
        }
        if outcome(&built) != DONE {
            code = FAILED;
        }
    }
    // A target's folder among others has no page of its own.
    if !alone || folder.join(site::CLAIMS).is_file() {
        let site = site::build(folder, None, None)?;
        show(&site.summary);
        say(&format!(
            "the page is {}",
            folder.join("index.html").display()
        ));
    }
    Ok(code)
}
