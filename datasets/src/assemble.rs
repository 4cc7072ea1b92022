//! A data set put together from its files' rows: labels become classes, rows become those to train on and those to
//! test on.

use crate::labels::{LabelMap, Labels};
use crate::real::Had;
use crate::registry::{DatasetSpec, LabelSpec, Part, Role, SplitSpec, TestRows};
use crate::table::{FileLabels, FileRows, TablePlace, TableProblem};
use crate::{Dataset, Error, Progress, Result, Source, Split};

/// The registry admits no split of a file that is not there, so that this reaches no user.
pub(crate) fn no_such_file(spec: &DatasetSpec) -> Error {
    Error::content(
        format!("datasets.{}.splits", spec.name),
        "names a file that the data set does not have",
    )
}

/// Puts a data set together from its files' rows, asking for each file once; for a second one with the columns of
/// the first.
pub(crate) fn assemble(
    spec: &DatasetSpec,
    split: &SplitSpec,
    source: Source,
    progress: &dyn Progress,
    rows: impl Fn(Role, Option<&[String]>) -> Result<Had>,
) -> Result<Dataset> {
    let test_is_train = matches!(&split.test, TestRows::Part(test) if *test == split.train);
    let tell = |note: String| {
        tracing::warn!("{note}");
        progress.note(&note);
    };
    if test_is_train {
        tell(format!(
            "{}, split {}: the test rows are the training rows, so that test figures say nothing \
             about new data",
            spec.name, split.name
        ));
    }
    let Had {
        rows: had,
        records: mut files,
    } = rows(split.train.file, None)?;
    if !had.left_out.is_empty() {
        let shown = had.left_out.join(", ");
        progress.note(&format!(
            "{}: left out, as they hold no numbers: {shown}",
            spec.name
        ));
    }
    let features = had.rows.cols();
    let feature_names = had.columns.clone();
    let file_name = |role| spec.file(role).map(|f| f.name.clone()).unwrap_or_default();
    let map = label_map(spec, &had, &file_name(split.train.file))?;
    let labelled = |had: FileRows, role| labelled(had, map.as_ref(), &file_name(role));
    let content = labelled(had, split.train.file)?;
    let (train, test) = match &split.test {
        TestRows::Drawn(draw) => {
            let all = take(spec, split, &split.train, content)?;
            let [train, test] = draw.of(&all.labels).ok_or_else(|| Error::TooFewRows {
                dataset: spec.name.clone(),
                split: split.name.clone(),
                rows: all.len(),
            })?;
            (all.select(&train), all.select(&test))
        }
        TestRows::Part(part) if part.file == split.train.file => {
            let test = cut(spec, split, part, &content)?;
            (take(spec, split, &split.train, content)?, test)
        }
        TestRows::Part(part) => {
            let train = take(spec, split, &split.train, content)?;
            let names = Some(&feature_names[..]).filter(|names| !names.is_empty());
            let Had { rows, records } = rows(part.file, names)?;
            files.extend(records);
            let file = file_name(part.file);
            if rows.rows.cols() != features {
                let found = rows.rows.cols();
                let problem = TableProblem::Features {
                    found,
                    declared: features,
                };
                return Err(Error::table(file, TablePlace::default(), problem));
            }
            (train, take(spec, split, part, labelled(rows, part.file)?)?)
        }
    };
    let class_names = map.as_ref().map_or_else(Vec::new, LabelMap::names);
    Ok(Dataset {
        name: spec.name.clone(),
        split: split.name.clone(),
        recipe: recipe(spec, split, features, map.as_ref()),
        features,
        feature_names,
        class_names,
        source,
        train,
        test,
        test_is_train,
        files,
    })
}

/// What, besides the files, determines the numbers.
fn recipe(
    spec: &DatasetSpec,
    split: &SplitSpec,
    features: usize,
    map: Option<&LabelMap>,
) -> String {
    let labels = map.map_or_else(|| "numbers".to_owned(), |map| map.digest().to_string());
    let classes = map.map_or(0, |map| map.names().len());
    let test = match &split.test {
        TestRows::Part(part) => format!("{part:?}"),
        TestRows::Drawn(draw) => format!("{draw:?}"),
    };
    let recipe = format!("{features} {classes} {labels} {:?} {test}", split.train);
    match spec.train.format.has_names() {
        true => format!("{recipe} {:?} {:?}", spec.label, spec.columns),
        false => recipe,
    }
}

/// Which class each label stands for: as declared, or by the labels of the file that is trained on. None where
/// labels are numbers.
fn label_map(spec: &DatasetSpec, had: &FileRows, file: &str) -> Result<Option<LabelMap>> {
    match (&spec.labels, &had.labels) {
        (LabelSpec::Map(map), _) => Ok(Some(map.clone())),
        (LabelSpec::Numbers, _) => Ok(None),
        (LabelSpec::Found, FileLabels::Found { labels, .. }) => {
            let map = LabelMap::of_labels(labels.clone(), spec.classes);
            let refuse = |said| {
                Error::table(
                    file.into(),
                    TablePlace::default(),
                    TableProblem::Labels(said),
                )
            };
            map.map(Some).map_err(refuse)
        }
        // Generated rows have classes, as many as are declared.
        (LabelSpec::Found, FileLabels::Told(_)) => {
            Ok(Some(LabelMap::counting_from(0, spec.classes.unwrap_or(2))))
        }
    }
}

/// A file's rows with their classes, or with their numbers.
fn labelled(had: FileRows, map: Option<&LabelMap>, file: &str) -> Result<Split> {
    let labels = match (had.labels, map) {
        (FileLabels::Found { labels, of }, Some(map)) => {
            let classes: Vec<Option<u32>> =
                labels.iter().map(|label| map.class_of(label)).collect();
            let class = |(row, of): (usize, u32)| {
                classes[of as usize].ok_or_else(|| {
                    let known: Vec<String> = map.labels().map(ToString::to_string).collect();
                    let place = TablePlace {
                        row: Some(row as u64 + 1),
                        ..TablePlace::default()
                    };
                    let problem = TableProblem::label_unknown(&labels[of as usize], &known);
                    Error::table(file.into(), place, problem)
                })
            };
            let of = of.into_iter().enumerate();
            Labels::Classes(of.map(class).collect::<Result<_>>()?)
        }
        (FileLabels::Found { .. }, None) => {
            let problem = TableProblem::Labels("its labels were not read as numbers".into());
            return Err(Error::table(file.into(), TablePlace::default(), problem));
        }
        (FileLabels::Told(labels), _) => labels,
    };
    Ok(Split {
        rows: had.rows,
        labels,
    })
}

/// A part's rows out of its file's, which go with it when it wants them all.
fn take(spec: &DatasetSpec, split: &SplitSpec, part: &Part, content: Split) -> Result<Split> {
    match part.rows {
        None => Ok(content),
        Some(_) => cut(spec, split, part, &content),
    }
}

/// A copy of a part's rows.
fn cut(spec: &DatasetSpec, split: &SplitSpec, part: &Part, content: &Split) -> Result<Split> {
    let Some(range) = part.rows.clone() else {
        return Ok(content.clone());
    };
    if range.end > content.len() {
        let file = spec.file(part.file).map(|f| f.name.clone());
        return Err(Error::SplitRange {
            dataset: spec.name.clone(),
            split: split.name.clone(),
            file: file.unwrap_or_default(),
            start: range.start,
            end: range.end,
            rows: content.len(),
        });
    }
    Ok(content.slice(range))
}
