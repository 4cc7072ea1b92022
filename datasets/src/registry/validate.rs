//! One data set of the YAML, checked.

use std::path::Path;

use super::file::{file, is_file_name};
use super::wire::{WireDataset, WirePart, WireRole, WireSplit};
use super::{DatasetSpec, Part, Role, SplitSpec};
use crate::{Error, LabelMap, Result};

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
    if wire.features == 0 || wire.features > u32::MAX as usize {
        return Err(Error::content(
            at("features"),
            format!("{} is not from 1 to {}", wire.features, u32::MAX),
        ));
    }
    if wire.classes < 2 || wire.classes > 1 << 16 {
        return Err(Error::content(
            at("classes"),
            format!("{} is not from 2 to 65536", wire.classes),
        ));
    }
    let labels = match &wire.labels {
        None => LabelMap::counting_from(0, wire.classes),
        Some(entries) => labels(&entries.0, wire.classes)
            .map_err(|problem| Error::content(at("labels"), problem))?,
    };
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
        classes: wire.classes,
        labels,
        train,
        test,
        splits: Vec::new(),
        default_split: STANDARD.into(),
        surrogate: None,
        name: name.clone(),
    };
    spec.splits = match wire.splits {
        None => vec![standard(spec.test.is_some())],
        Some(splits) => splits
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
        let checked = surrogate.check(spec.features, spec.classes);
        spec.surrogate = Some(checked.map_err(|problem| Error::content(at("surrogate"), problem))?);
    }
    Ok(spec)
}

fn labels(entries: &[(String, u32)], classes: usize) -> Result<LabelMap, String> {
    let entries = entries
        .iter()
        .map(|(label, class)| match label.parse::<f64>() {
            Ok(number) => Ok((number, *class)),
            Err(_) => Err(format!(
                "the label \"{label}\" is not a number, as labels of LIBSVM files are"
            )),
        })
        .collect::<Result<Vec<_>, String>>()?;
    LabelMap::new(&entries, classes)
}

/// The split of a data set that names none: the test file, or for want of one the training rows.
fn standard(has_test: bool) -> SplitSpec {
    let all = |file| Part { file, rows: None };
    SplitSpec {
        name: STANDARD.into(),
        train: all(Role::Train),
        test: all(if has_test { Role::Test } else { Role::Train }),
    }
}

fn split_spec(spec: &DatasetSpec, name: &str, wire: WireSplit) -> Result<SplitSpec> {
    let at = |key: &str| format!("datasets.{}.splits.{name}.{key}", spec.name);
    let split = SplitSpec {
        name: name.into(),
        train: part(spec, wire.train, &at("train"))?,
        test: part(spec, wire.test, &at("test"))?,
    };
    // The same rows twice are a choice; some rows twice are a slip of the pen.
    if split.train != split.test && overlap(&split.train, &split.test) {
        return Err(Error::content(
            at("test.rows"),
            "some of these rows are also trained on; make the two ranges apart, or the same",
        ));
    }
    Ok(split)
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
