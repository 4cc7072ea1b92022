//! The map from a file's labels to 0-based classes.

use crate::digest::Sha;

/// Which class each label of a file stands for.
///
/// Labels are compared as numbers, so `1`, `+1` and `1.0` are the same label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMap {
    /// Ascending by label.
    entries: Vec<(f64, u32)>,
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
    pub fn new(entries: &[(f64, u32)], classes: usize) -> Result<Self, String> {
        let mut sorted = entries.to_vec();
        for (label, class) in &mut sorted {
            if !label.is_finite() {
                return Err(format!("the label {label} is not a finite number"));
            }
            if *class as usize >= classes {
                return Err(format!(
                    "label {label} maps to class {class}, and with {classes} classes the last is \
                     {}",
                    classes.saturating_sub(1)
                ));
            }
            // -0 and 0 are one label and have to have one digest.
            *label += 0.0;
        }
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
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
                .map(|c| (f64::from(first) + f64::from(c), c))
                .collect(),
        }
    }

    /// The class of `label`, if it has one.
    pub fn class(&self, label: f64) -> Option<u32> {
        // Label maps have a handful of entries; a search would be no faster than a look at each.
        self.entries.iter().find(|e| e.0 == label).map(|e| e.1)
    }

    /// The labels, ascending.
    pub fn labels(&self) -> impl Iterator<Item = f64> + '_ {
        self.entries.iter().map(|e| e.0)
    }

    /// Identifies the map.
    pub fn digest(&self) -> Sha {
        let bytes: Vec<u8> = self
            .entries
            .iter()
            .flat_map(|(l, c)| l.to_bits().to_le_bytes().into_iter().chain(c.to_le_bytes()))
            .collect();
        Sha::of(&bytes)
    }
}
