//! One data set of the YAML, checked.

use std::path::Path;

use super::file::{FileFormat, file, is_file_name};
use super::wire::{WireDataset, WireLabels, WirePart, WireRole, WireSplit, WireTest};
use super::{DatasetSpec, LabelSpec, Part, Role, SplitSpec, TestRows};
use crate::draw::Draw;
use crate::{Error, Label, LabelMap, Result};

/// The name of the split that a data set without `splits` gets.
const STANDARD: &str = "standard";

pub(super) fn dataset(name: String, wire: WireDataset, base: &Path) -> Result<DatasetSpec> {
    let at = |key: &str| format!("datasets.{name}.{key}");
    if !is_file_name(&name) {
        return Err(Error::content(
            format!("datasets.{name}"),
            "a data set's name names files too: letters, digits, `.`, `_` and `-`, not starting \
             with `.`",
        ));
    }
    // Columns are kept as u32.
    if let Some(features) = wire
        .features
        .filter(|n| !(1..=u32::MAX as usize).contains(n))
    {
        return Err(Error::content(
            at("features"),
            format!("{features} is not from 1 to {}", u32::MAX),
        ));
    }
    if let Some(classes) = wire.classes.filter(|n| !(2..=1 << 16).contains(n)) {
        return Err(Error::content(
            at("classes"),
            format!("{classes} is not from 2 to 65536"),
        ));
    }
    let hashes = [Some(&wire.files.train), wire.files.test.as_ref()];
    if hashes.into_iter().flatten().any(|f| f.md5.is_some()) {
        return Err(Error::content(
            at("files"),
            "an md5 is of an archive of images; declare the `sha256` of the content",
        ));
    }
    let train = file(wire.files.train, base, &at("files.train"))?;
    let test = match wire.files.test {
        Some(test) => Some(file(test, base, &at("files.test"))?),
        None => None,
    };
    if let Some(test) = test.as_ref().filter(|test| test.format != train.format) {
        return Err(Error::content(
            at("files.test.format"),
            format!(
                "is {}, but that of the training file is {}",
                test.format, train.format
            ),
        ));
    }
    let classes = wire.classes;
    let (labels, classes) = labels(wire.labels, classes, train.format)
        .map_err(|(key, problem)| Error::content(at(key), problem))?;
    names(&wire.label, &wire.columns, wire.features, train.format)
        .map_err(|(key, problem)| Error::content(at(key), problem))?;
    if test.as_ref().is_some_and(|t| t.name == train.name) {
        return Err(Error::content(
            at("files.test.name"),
            "is the training file's name; leave `test` out, or use `splits` to divide one file",
        ));
    }
    let mut spec = DatasetSpec {
        title: wire.title.unwrap_or_else(|| name.clone()),
        citation: wire.citation,
        licence: wire.licence,
        features: wire.features,
        classes,
        labels,
        label: wire.label,
        columns: wire.columns,
        train,
        test,
        splits: Vec::new(),
        default_split: STANDARD.into(),
        surrogate: None,
        name: name.clone(),
    };
    spec.splits = match (wire.splits, wire.test) {
        (None, None) => vec![standard(spec.test.is_some())],
        (None, Some(_)) if spec.test.is_some() => {
            return Err(Error::content(
                at("test"),
                "there is a test file; rows are drawn from the training file where there is none, or by `splits`",
            ));
        }
        (None, Some(wire)) => {
            let drawn = draw(&spec, wire.share, wire.seed, wire.stratified, &at("test"))?;
            vec![SplitSpec {
                test: TestRows::Drawn(drawn),
                ..standard(false)
            }]
        }
        (Some(_), Some(_)) => {
            return Err(Error::content(
                at("test"),
                "stands beside `splits`; say there which rows are tested on",
            ));
        }
        (Some(splits), None) => splits
            .0
            .into_iter()
            .map(|(split, wire)| split_spec(&spec, &split, wire))
            .collect::<Result<_>>()?,
    };
    if let Some(split) = wire
        .default_split
        .or(spec.splits.first().map(|s| s.name.clone()))
    {
        spec.default_split = split;
    }
    if let Err(e) = spec.split(None) {
        return Err(Error::content(at("default_split"), e.to_string()));
    }
    if let Some(surrogate) = wire.surrogate {
        if spec.files().any(|f| f.rows.is_none()) {
            return Err(Error::content(
                at("surrogate"),
                "how many rows to generate is not known; declare `rows` of each file",
            ));
        }
        let (Some(features), Some(classes)) = (spec.features, spec.classes) else {
            return Err(Error::content(
                at("surrogate"),
                "what to generate is not known; declare `features` and `classes`",
            ));
        };
        let elements = |rows: usize| rows.saturating_mul(features);
        if let Some(rows) = spec
            .files()
            .filter_map(|f| f.rows)
            .find(|rows| elements(*rows) > MOST_GENERATED)
        {
            return Err(Error::content(
                at("surrogate"),
                format!(
                    "{rows} rows of {features} features would be generated, of which {MOST_GENERATED} can be, all rows taken together"
                ),
            ));
        }
        let checked = surrogate.check(features, classes);
        spec.surrogate = Some(checked.map_err(|problem| Error::content(at("surrogate"), problem))?);
    }
    Ok(spec)
}

/// Features of all rows that are generated for a file, at most: forty times MNIST's.
const MOST_GENERATED: usize = 1 << 31;

/// A key of the data set, and what is wrong there.
type KeyProblem = (&'static str, String);

/// What labels say, and how many classes there are where that is known.
fn labels(
    wire: Option<WireLabels>,
    classes: Option<usize>,
    format: FileFormat,
) -> Result<(LabelSpec, Option<usize>), KeyProblem> {
    let entries = match (wire, classes) {
        (None, _) => return Ok((LabelSpec::Found, classes)),
        (Some(WireLabels::Numbers), None) => return Ok((LabelSpec::Numbers, None)),
        (Some(WireLabels::Numbers), Some(_)) => {
            return Err(("classes", "labels that are numbers have no classes".into()));
        }
        (Some(WireLabels::Map(entries)), _) => entries.0,
    };
    let classes = classes.unwrap_or_else(|| {
        let most = entries.iter().map(|(_, class)| *class as usize + 1).max();
        most.unwrap_or(0).max(2)
    });
    let entry = |(label, class): &(String, u32)| match Label::of(label) {
        Label::Text(label) if format == FileFormat::Libsvm => Err(format!(
            "the label \"{label}\" is not a number, as labels of LIBSVM files are"
        )),
        label => Ok((label, *class)),
    };
    let entries = entries
        .iter()
        .map(entry)
        .collect::<Result<Vec<_>, String>>();
    let map = entries.and_then(|entries| LabelMap::new(&entries, classes));
    let map = map.map_err(|problem| ("labels", problem))?;
    Ok((LabelSpec::Map(map), Some(classes)))
}

/// Checks what is said of columns against what files of a format have.
fn names(
    label: &Option<String>,
    columns: &Option<Vec<String>>,
    features: Option<usize>,
    format: FileFormat,
) -> Result<(), KeyProblem> {
    let of_names = [("label", label.is_some()), ("columns", columns.is_some())];
    if let Some((key, _)) = of_names
        .into_iter()
        .find(|(_, there)| *there && !format.has_names())
    {
        return Err((
            key,
            format!("names a column, but those of {format} have no names"),
        ));
    }
    match (label, features) {
        (None, _) if format.has_names() => {
            return Err((
                "label",
                format!("is missing: the name of the column of {format} that holds the labels"),
            ));
        }
        (_, None) if format == FileFormat::Libsvm => {
            return Err((
                "features",
                "is missing: how many columns LIBSVM text has is not told by the text".into(),
            ));
        }
        _ => {}
    }
    let columns = columns.as_deref().unwrap_or_default();
    let twice = |(at, name): &(usize, &String)| columns[..*at].contains(name);
    if let Some((_, name)) = columns.iter().enumerate().find(twice) {
        return Err(("columns", format!("`{name}` is named twice")));
    }
    if let Some(name) = columns.iter().find(|name| Some(*name) == label.as_ref()) {
        return Err(("columns", format!("`{name}` is the label, and no feature")));
    }
    Ok(())
}

/// The split of a data set that names none: the test file, or for want of one the training rows.
fn standard(has_test: bool) -> SplitSpec {
    let all = |file| Part { file, rows: None };
    SplitSpec {
        name: STANDARD.into(),
        train: all(Role::Train),
        test: TestRows::Part(all(if has_test { Role::Test } else { Role::Train })),
    }
}

fn split_spec(spec: &DatasetSpec, name: &str, wire: WireSplit) -> Result<SplitSpec> {
    let at = |key: &str| format!("datasets.{}.splits.{name}.{key}", spec.name);
    let train = part(spec, wire.train, &at("train"))?;
    let test = match wire.test {
        WireTest {
            file: Some(file),
            rows,
            share: None,
            seed: None,
            stratified: None,
        } => TestRows::Part(part(spec, WirePart { file, rows }, &at("test"))?),
        WireTest {
            file: None,
            rows: None,
            share: Some(share),
            seed,
            stratified,
        } => {
            let seed = seed.unwrap_or_default();
            TestRows::Drawn(draw(spec, share, seed, stratified, &at("test"))?)
        }
        _ => {
            return Err(Error::content(
                at("test"),
                "has to be rows of a file, as {file: test} or {file: train, rows: [80, 100]}, or rows drawn from \
                 those to train on, as {share: 0.2, seed: 1}",
            ));
        }
    };
    // The same rows twice are a choice; some rows twice are a slip of the pen.
    if let TestRows::Part(test) = &test
        && train != *test
        && overlap(&train, test)
    {
        return Err(Error::content(
            at("test.rows"),
            "some of these rows are also trained on; make the two ranges apart, or the same",
        ));
    }
    Ok(SplitSpec {
        name: name.into(),
        train,
        test,
    })
}

/// How test rows are drawn: of each class its share where labels are classes and nothing else is said.
fn draw(
    spec: &DatasetSpec,
    share: f64,
    seed: u64,
    stratified: Option<bool>,
    at: &str,
) -> Result<Draw> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::content(
            format!("{at}.share"),
            format!("{share} is not between 0 and 1"),
        ));
    }
    let classes = spec.labels != LabelSpec::Numbers;
    if stratified == Some(true) && !classes {
        return Err(Error::content(
            format!("{at}.stratified"),
            "is about classes, but the labels are numbers",
        ));
    }
    Ok(Draw {
        share,
        seed,
        stratified: stratified.unwrap_or(classes),
    })
}

fn overlap(a: &Part, b: &Part) -> bool {
    a.file == b.file
        && match (&a.rows, &b.rows) {
            (Some(a), Some(b)) => a.start < b.end && b.start < a.end,
            _ => true,
        }
}

fn part(spec: &DatasetSpec, wire: WirePart, at: &str) -> Result<Part> {
    let role = match wire.file {
        WireRole::Train => Role::Train,
        WireRole::Test => Role::Test,
    };
    let Some(file) = spec.file(role) else {
        return Err(Error::content(
            format!("{at}.file"),
            "the data set has no test file",
        ));
    };
    let rows = match wire.rows {
        None => None,
        Some([start, end]) if start < end => Some(start..end),
        Some([start, end]) => {
            return Err(Error::content(
                format!("{at}.rows"),
                format!(
                    "[{start}, {end}] holds no row: the first row and one past the last are \
                         wanted, counted from 0"
                ),
            ));
        }
    };
    if let (Some(range), Some(rows)) = (&rows, file.rows)
        && range.end > rows
    {
        return Err(Error::content(
            format!("{at}.rows"),
            format!(
                "{}..{} is not within the file's {rows} rows",
                range.start, range.end
            ),
        ));
    }
    Ok(Part { file: role, rows })
}
