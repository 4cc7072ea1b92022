//! What makes measurements of before worthless: an edit of what measures, and of nothing that shows.

#[path = "../sources.rs"]
mod sources;

use sources::{SOURCES, hash_below};
use std::path::Path;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn an_edit_of_a_kernel_is_another_program_and_one_of_a_caption_or_a_style_sheet_is_not() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for path in [
        "harness/lab/src/clock.rs",
        "optim/src/window/sliding.rs",
        "gpu/kernels/steps.cu",
        "harness/report/src/page.css",
        "harness/src/show/windows/mod.rs",
        "Cargo.toml",
    ] {
        write(root, path, "before");
    }
    let before = hash_below(root);
    write(root, "harness/report/src/page.css", "after");
    write(root, "harness/src/show/windows/mod.rs", "another caption");
    assert_eq!(hash_below(root), before);
    let mut seen = vec![before];
    for path in [
        "gpu/kernels/steps.cu",
        "optim/src/window/sliding.rs",
        "harness/lab/src/clock.rs",
        "Cargo.toml",
    ] {
        write(root, path, "after");
        let now = hash_below(root);
        assert!(!seen.contains(&now), "{path}");
        seen.push(now);
    }
}

#[test]
fn everything_that_is_hashed_is_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for path in SOURCES {
        assert!(root.join(path).exists(), "{path}");
    }
}
