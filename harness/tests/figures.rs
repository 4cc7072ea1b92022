//! Every figure of a report is there once, also where there are several data sets.

mod common;

use common::{House, succeed};

/// A second data set beside `tiny`: the same rows under another name.
fn house() -> House {
    let house = House::new();
    let registry = house.folder.path().join("tiny.yaml");
    let text = std::fs::read_to_string(&registry).unwrap();
    let entry = text.split_once("datasets:\n").unwrap().1;
    let second = entry.replacen("  tiny:", "  small:", 1);
    std::fs::write(&registry, format!("{text}{second}")).unwrap();
    house
}

/// The names of the pictures in a target's Markdown.
fn pictures(house: &House, target: &str) -> Vec<String> {
    let text = house.read(&format!("{target}.md"));
    let name = |line: &str| {
        let (_, file) = line.strip_prefix("![")?.rsplit_once("](")?;
        Some(file.trim_end_matches(".svg)").to_owned())
    };
    text.lines().filter_map(name).collect()
}

fn reproduced(target: &str, more: &[&str]) -> Vec<String> {
    let house = house();
    let arguments = [
        "reproduce",
        target,
        "--datasets",
        "tiny,small",
        "--profile",
        "smoke",
    ];
    let files = ["--out", "out", "--registry", "tiny.yaml", "--offline"];
    succeed(house.command(&[&arguments[..], &files, more].concat()));
    let pictures = pictures(&house, target);
    for name in &pictures {
        let file = house.out().join(format!("{name}.svg"));
        assert!(file.is_file(), "{target}: {name}.svg is missing");
    }
    pictures
}

/// The names of a picture for both data sets, and for each of several readings.
fn expected(picture: &str, readings: &[&str]) -> Vec<String> {
    let of_dataset = |dataset: &'static str| {
        let name = move |reading: &&str| match *reading {
            "" => format!("{picture}-{dataset}"),
            reading => format!("{picture}-{dataset}-{reading}"),
        };
        readings.iter().map(name).collect::<Vec<_>>()
    };
    ["tiny", "small"].into_iter().flat_map(of_dataset).collect()
}

#[test]
fn descents_draw_each_figure_once_for_each_data_set_and_reading() {
    let few = ["--set", "gradients=20"];
    let readings = ["as-printed", "equal-step", "own-best"];
    assert_eq!(reproduced("fig2", &few), expected("fig2", &readings));
    let both = [expected("beyond", &[""]), expected("beyond-time", &[""])].concat();
    assert_eq!(reproduced("beyond", &few), both);
}

#[test]
fn a_sensitivity_is_one_figure_with_a_panel_for_each_data_set() {
    assert_eq!(reproduced("sensitivity", &[]), ["sensitivity"]);
}

#[test]
fn kinds_without_data_sets_draw_each_figure_once() {
    for target in ["lemmas", "coordinate", "spring", "idealized", "fig8"] {
        let house = House::new();
        let arguments = ["reproduce", target, "--profile", "smoke", "--out", "out"];
        succeed(house.command(&arguments));
        let mut names = pictures(&house, target);
        let count = names.len();
        assert!(!names.is_empty(), "{target}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{target}: {names:?}");
    }
}

#[test]
fn windows_draw_each_figure_once_with_a_panel_for_each_data_set() {
    for target in ["table2", "fig5", "fig9"] {
        let mut names = reproduced(target, &[]);
        assert!(!names.is_empty(), "{target}");
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{target}: {names:?}");
    }
}
