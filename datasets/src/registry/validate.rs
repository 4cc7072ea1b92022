//! One data set of the YAML, checked.

use std::path::Path;

use super::wire::{WireDataset, WireFile, WirePart, WireRole, WireSplit};
use super::{DatasetSpec, FileSpec, Part, Role, SplitSpec};
use crate::read::Compression;
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

pub(crate) fn file(wire: WireFile, base: &Path, at: &str) -> Result<FileSpec> {
    let named = || {
        let name = wire.path.as_ref()?.file_name()?.to_str()?;
        let stem = Compression::SUFFIXES[1..]
            .iter()
            .find_map(|s| name.strip_suffix(s));
        Some(stem.unwrap_or(name).to_string())
    };
    let Some(name) = wire.name.clone().or_else(named) else {
        return Err(Error::content(at, "has neither a `name` nor a `path`"));
    };
    if !is_file_name(&name) {
        return Err(Error::content(
            format!("{at}.name"),
            format!(
                "\"{name}\" cannot name a file in every folder: letters, digits, `.`, `_` and \
                 `-`, not starting with `.`; with a `path`, give a `name` too"
            ),
        ));
    }
    for address in &wire.addresses {
        let host = address
            .strip_prefix("https://")
            .or_else(|| address.strip_prefix("http://"));
        if host.is_none_or(|h| h.is_empty() || h.starts_with('/')) {
            return Err(Error::content(
                format!("{at}.addresses"),
                format!(
                    "\"{address}\" is not an http:// or https:// address; use `path` for a \
                         local file"
                ),
            ));
        }
    }
    // No more than indices of rows are made for, and than a stand-in could be generated.
    if let Some(rows) = wire
        .rows
        .filter(|rows| !(1..=u32::MAX as usize).contains(rows))
    {
        return Err(Error::content(
            format!("{at}.rows"),
            format!("{rows} is not from 1 to {}", u32::MAX),
        ));
    }
    let sha256 = match &wire.sha256 {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|problem: String| Error::content(format!("{at}.sha256"), problem))?,
        ),
    };
    let digits = |text: &String| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(text) = wire.md5.as_ref().filter(|text| !digits(text)) {
        return Err(Error::content(
            format!("{at}.md5"),
            format!("\"{text}\" is not an md5: 32 hex digits are wanted"),
        ));
    }
    Ok(FileSpec {
        md5: wire.md5.map(|text| text.to_ascii_lowercase()),
        name,
        path: wire.path.map(|p| base.join(p)),
        addresses: wire.addresses,
        sha256,
        rows: wire.rows,
    })
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

/// Whether a name can be a file's in any folder, on any system, without leaving it.
pub(crate) fn is_file_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(plain)
}
