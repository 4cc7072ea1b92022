//! What rows are labelled with, and the map from a file's labels to 0-based classes.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use crate::digest::Sha;

/// A label of each row: its class, or the number that is to be predicted.
///
/// Numbers are `f32` as features are: a run in `f64` widens them, so that runs in either precision see the
/// same problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Each row's class, 0-based.
    Classes(Vec<u32>),
    /// Each row's number, finite.
    Numbers(Vec<f32>),
}

impl Labels {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Labels::Classes(all) => all.len(),
            Labels::Numbers(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The classes; `None` of numbers.
    pub fn classes(&self) -> Option<&[u32]> {
        match self {
            Labels::Classes(all) => Some(all),
            Labels::Numbers(_) => None,
        }
    }

    /// The numbers; `None` of classes.
    pub fn numbers(&self) -> Option<&[f32]> {
        match self {
            Labels::Numbers(all) => Some(all),
            Labels::Classes(_) => None,
        }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> Labels {
        match self {
            Labels::Classes(all) => Labels::Classes(all[range].to_vec()),
            Labels::Numbers(all) => Labels::Numbers(all[range].to_vec()),
        }
    }

    pub(crate) fn select(&self, rows: &[usize]) -> Labels {
        match self {
            Labels::Classes(all) => Labels::Classes(rows.iter().map(|&r| all[r]).collect()),
            Labels::Numbers(all) => Labels::Numbers(rows.iter().map(|&r| all[r]).collect()),
        }
    }
}

/// A label as a file has it. What reads as a number is one, so `1`, `+1` and `1.0` are the same label.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// A number.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl Label {
    /// Reads one.
    ///
    /// ```
    /// use datasets::Label;
    /// assert_eq!(Label::of("+1"), Label::of("1.0"));
    /// assert_eq!(Label::of("yes").to_string(), "yes");
    /// ```
    pub fn of(text: &str) -> Self {
        match text.parse::<f64>() {
            Ok(number) => number.into(),
            Err(_) => Label::Text(text.into()),
        }
    }

    /// Numbers ascending, then texts.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Label::Number(a), Label::Number(b)) => a.total_cmp(b),
            (Label::Text(a), Label::Text(b)) => a.cmp(b),
            (Label::Number(_), Label::Text(_)) => Ordering::Less,
            (Label::Text(_), Label::Number(_)) => Ordering::Greater,
        }
    }
}

impl From<f64> for Label {
    fn from(number: f64) -> Self {
        // -0 and 0 are one label and have to have one digest.
        Label::Number(number + 0.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Number(number) => write!(f, "{number}"),
            Label::Text(text) => f.write_str(text),
        }
    }
}

/// Which class each label of a file stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMap {
    /// Ascending by label.
    entries: Vec<(Label, u32)>,
}

impl LabelMap {
    /// Checks that `entries` map finite labels onto all of `classes` classes.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    ///
    /// ```
    /// use datasets::LabelMap;
    /// let map = LabelMap::new(&[(-1.0, 0), (1.0, 1)], 2)?;
    /// assert_eq!((map.class(-1.0), map.class(1.0), map.class(2.0)), (Some(0), Some(1), None));
    /// # Ok::<(), String>(())
    /// ```
    pub fn new<L: Clone + Into<Label>>(
        entries: &[(L, u32)],
        classes: usize,
    ) -> Result<Self, String> {
        let entry = |(label, class): &(L, u32)| (label.clone().into(), *class);
        let mut sorted: Vec<(Label, u32)> = entries.iter().map(entry).collect();
        for (label, class) in &sorted {
            if let Label::Number(number) = label
                && !number.is_finite()
            {
                return Err(format!("the label {label} is not a finite number"));
            }
            if *class as usize >= classes {
                return Err(format!(
                    "label {label} maps to class {class}, and with {classes} classes the last is \
                     {}",
                    classes.saturating_sub(1)
                ));
            }
        }
        sorted.sort_by(|a, b| a.0.order(&b.0).then(a.1.cmp(&b.1)));
        sorted.dedup();
        if let Some(w) = sorted.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err(format!(
                "label {} maps to both class {} and class {}",
                w[0].0, w[0].1, w[1].1
            ));
        }
        if let Some(c) = (0..classes as u32).find(|c| !sorted.iter().any(|e| e.1 == *c)) {
            return Err(format!("no label maps to class {c} of {classes}"));
        }
        Ok(LabelMap { entries: sorted })
    }

    /// The labels `first`, `first + 1`, ... for the classes 0, 1, ...
    pub fn counting_from(first: u32, classes: usize) -> Self {
        LabelMap {
            entries: (0..classes as u32)
                .map(|c| ((f64::from(first) + f64::from(c)).into(), c))
                .collect(),
        }
    }

    /// The map of a file that has these labels where none is declared: numbers count classes from 0 where that
    /// is what they do; else each different label is a class, numbers ascending before texts.
    ///
    /// # Errors
    /// If they do not make the declared number of classes, or none is declared and they are hardly classes.
    pub(crate) fn of_labels(
        mut labels: Vec<Label>,
        declared: Option<usize>,
    ) -> Result<Self, String> {
        labels.sort_by(Label::order);
        labels.dedup();
        let there = labels.len();
        let counts = |classes: usize| {
            let counts = |label: &Label| matches!(label, Label::Number(n) if n.fract() == 0.0 && (0.0..classes as f64).contains(n));
            labels.iter().all(counts)
        };
        if let Some(classes) = declared.filter(|classes| counts(*classes)) {
            return Ok(Self::counting_from(0, classes));
        }
        let shown: Vec<String> = labels.iter().take(SHOWN).map(Label::to_string).collect();
        let more = if there > SHOWN { ", …" } else { "" };
        let has = format!(
            "the training file has {there} different labels ({}{more})",
            shown.join(", ")
        );
        let broken = |label: &&Label| matches!(label, Label::Number(n) if n.fract() != 0.0);
        match declared {
            Some(classes) if classes != there => {
                return Err(format!(
                    "{has}, but `classes` declares {classes}; say by `labels` which label is which class"
                ));
            }
            None if there < 2 => return Err(format!("{has}, but a classifier needs two classes")),
            None if there > MOST_FOUND => {
                return Err(format!(
                    "{has}: if these are classes, say `classes: {there}`; if they are numbers to be predicted, \
                     `labels: numbers`"
                ));
            }
            None if labels.iter().find(broken).is_some() => {
                return Err(format!(
                    "{has}, some of which are not whole numbers: if they are numbers to be predicted, say \
                     `labels: numbers`; if classes, `classes: {there}`"
                ));
            }
            _ => {}
        }
        let entries = labels.into_iter().zip(0..).collect();
        Ok(LabelMap { entries })
    }

    /// The class of a number, if it has one.
    pub fn class(&self, label: f64) -> Option<u32> {
        // Label maps have a handful of entries; a search would be no faster than a look at each.
        let is = |of: &Label| matches!(of, Label::Number(number) if *number == label);
        self.entries.iter().find(|e| is(&e.0)).map(|e| e.1)
    }

    /// The class of a label, if it has one.
    pub fn class_of(&self, label: &Label) -> Option<u32> {
        let found = self.entries.binary_search_by(|e| e.0.order(label));
        found.ok().map(|at| self.entries[at].1)
    }

    /// The labels, ascending.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.entries.iter().map(|e| &e.0)
    }

    /// The first label of each class, which is what the class is called.
    pub fn names(&self) -> Vec<String> {
        let classes = self.entries.iter().map(|e| e.1 + 1).max().unwrap_or(0);
        let mut names = vec![None; classes as usize];
        for (label, class) in &self.entries {
            names[*class as usize].get_or_insert_with(|| label.to_string());
        }
        names.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Identifies the map.
    pub fn digest(&self) -> Sha {
        let mut bytes = Vec::new();
        for (label, class) in &self.entries {
            match label {
                Label::Number(number) => bytes.extend(number.to_bits().to_le_bytes()),
                Label::Text(text) => {
                    // What no finite number begins with, and the length, so that no two texts run together.
                    bytes.extend(u64::MAX.to_le_bytes());
                    bytes.extend((text.len() as u64).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
            bytes.extend(class.to_le_bytes());
        }
        Sha::of(&bytes)
    }
}

/// Labels that a message names, at most.
const SHOWN: usize = 5;

/// Different labels that are taken for classes without being asked, at most.
const MOST_FOUND: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(labels: &[&str], declared: Option<usize>) -> Result<Vec<String>, String> {
        let labels = labels.iter().map(|label| Label::of(label)).collect();
        LabelMap::of_labels(labels, declared).map(|map| map.names())
    }

    #[test]
    fn any_two_labels_are_two_classes_in_order() {
        assert_eq!(found(&["1", "0", "1"], None).unwrap(), ["0", "1"]);
        assert_eq!(found(&["+1", "-1"], Some(2)).unwrap(), ["-1", "1"]);
        assert_eq!(found(&["yes", "no", "no"], None).unwrap(), ["no", "yes"]);
        assert_eq!(found(&["x", "10", "9"], None).unwrap(), ["9", "10", "x"]);
        assert_eq!(found(&["1.5", "2.5"], Some(2)).unwrap(), ["1.5", "2.5"]);
    }

    #[test]
    fn labels_that_count_from_zero_are_the_classes_that_they_count_also_where_one_is_not_there() {
        assert_eq!(found(&["2", "0"], Some(3)).unwrap(), ["0", "1", "2"]);
        let map = LabelMap::of_labels(vec![2.0.into(), 0.0.into()], Some(3)).unwrap();
        assert_eq!(map, LabelMap::counting_from(0, 3));
    }

    #[test]
    fn labels_that_are_hardly_classes_are_refused_with_what_to_say() {
        for (labels, declared, wanted) in [
            (vec!["1", "1"], None, "1 different labels (1)"),
            (vec!["a", "b", "c"], Some(2), "`classes` declares 2"),
            (vec!["0.5", "1"], None, "`labels: numbers`"),
        ] {
            let said = found(&labels, declared).unwrap_err();
            assert!(said.contains(wanted), "{said}");
        }
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(found(&many, None).unwrap_err().contains("`classes: 101`"));
        assert_eq!(found(&many, Some(101)).unwrap().len(), 101);
    }

    #[test]
    fn as_many_labels_as_may_be_are_taken_and_as_many_as_are_shown_are_all() {
        let counted = |most: usize| (0..most).map(|n| n.to_string()).collect::<Vec<_>>();
        let found = |labels: &[String], declared| {
            found(
                &labels.iter().map(String::as_str).collect::<Vec<_>>(),
                declared,
            )
        };
        assert_eq!(found(&counted(MOST_FOUND), None).unwrap().len(), MOST_FOUND);
        let said = found(&counted(SHOWN), Some(2)).unwrap_err();
        assert!(said.contains("(0, 1, 2, 3, 4),"), "{said}");
        let said = found(&counted(SHOWN + 1), Some(2)).unwrap_err();
        assert!(said.contains("(0, 1, 2, 3, 4, …),"), "{said}");
    }

    #[test]
    fn zero_is_one_label_with_and_without_a_sign() {
        let [one, other] = [-0.0, 0.0].map(|zero| {
            let entries = [(Label::from(zero), 0), (Label::from(1.0), 1)];
            LabelMap::new(&entries, 2).unwrap().digest()
        });
        assert_eq!(one, other);
    }

    #[test]
    fn texts_and_numbers_have_maps_of_different_digests() {
        let digest = |labels: &[&str]| {
            let entries: Vec<(Label, u32)> = labels.iter().map(|l| Label::of(l)).zip(0..).collect();
            LabelMap::new(&entries, labels.len()).unwrap().digest()
        };
        let all = [
            digest(&["0", "1"]),
            digest(&["a", "b"]),
            digest(&["ab", "c"]),
            digest(&["a", "bc"]),
        ];
        let differ = (0..4).all(|a| (0..a).all(|b| all[a] != all[b]));
        assert!(differ);
    }
}
