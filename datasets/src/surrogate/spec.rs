//! What a stand-in should be like: the registry's numbers, checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stand-in as the registry describes it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum WireSurrogate {
    /// Rows of categorical attributes, one column a category.
    OneHotGroups(OneHotGroups),
    /// Images of pen strokes, one shape or more a class.
    DigitImages(DigitImages),
}

/// Numbers of the one-hot form.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneHotGroups {
    /// Share of rows of class 1.
    pub positive_share: f64,
    /// Standard deviation of the log-odds of class 1 over the rows: 0 is noise, and the larger the
    /// easier.
    pub signal: f64,
    /// The attributes; their columns lie side by side in this order.
    pub groups: Vec<Group>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    /// Share of rows in which the attribute has no category.
    #[serde(default)]
    pub missing: f64,
    /// How frequent each category is, in proportion to the others.
    pub frequencies: Vec<f64>,
}

/// Numbers of the image form. Lengths are in pixels.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DigitImages {
    /// Width and height.
    pub side: usize,
    /// Value of background.
    pub low: f32,
    /// Value of full ink.
    pub high: f32,
    /// Steps from background to full ink.
    pub levels: u16,
    /// Width of the border that is always background.
    pub margin: usize,
    /// How frequent each class is, in proportion to the others.
    pub class_weights: Vec<f64>,
    /// Shapes a class.
    pub styles: usize,
    /// Straight pieces a shape.
    pub pieces: usize,
    /// Length of a shape's line.
    pub length: f32,
    /// Largest width and height of a shape.
    pub extent: f32,
    /// How sharply a line turns from piece to piece: standard deviation of the tangent of half the
    /// angle.
    pub turn: f32,
    /// Half the line's width.
    pub radius: f32,
    /// Width of the edge over which ink fades.
    pub softness: f32,
    /// Standard deviation of each corner's place from image to image.
    pub jitter: f32,
    /// Standard deviation of the whole shape's place.
    pub shift: f32,
    /// Standard deviation of the entries of the matrix that deforms the whole shape, about the
    /// identity.
    pub deformation: f32,
}

/// A stand-in's description that has been checked against its data set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SurrogateSpec(WireSurrogate);

impl SurrogateSpec {
    pub(crate) fn get(&self) -> &WireSurrogate {
        &self.0
    }
}

impl WireSurrogate {
    /// Checks the numbers against the data set's; the error is a sentence.
    pub(crate) fn check(self, features: usize, classes: usize) -> Result<SurrogateSpec, String> {
        match &self {
            WireSurrogate::OneHotGroups(spec) => spec.check(features, classes)?,
            WireSurrogate::DigitImages(spec) => spec.check(features, classes)?,
        }
        Ok(SurrogateSpec(self))
    }
}

impl OneHotGroups {
    fn check(&self, features: usize, classes: usize) -> Result<(), String> {
        if classes != 2 {
            return Err(format!("one_hot_groups makes 2 classes, not {classes}"));
        }
        let columns: usize = self.groups.iter().map(|g| g.frequencies.len()).sum();
        if columns != features {
            return Err(format!(
                "the groups have {columns} categories in all, and there are {features} features"
            ));
        }
        if !(self.positive_share > 0.0 && self.positive_share < 1.0) {
            return Err("positive_share is not between 0 and 1".into());
        }
        if !(0.0..=100.0).contains(&self.signal) {
            return Err("signal is not from 0 to 100".into());
        }
        for (i, group) in self.groups.iter().enumerate() {
            if !(0.0..1.0).contains(&group.missing) {
                return Err(format!("groups[{i}].missing is not from 0 to below 1"));
            }
            shares(&group.frequencies).map_err(|e| format!("groups[{i}].frequencies: {e}"))?;
        }
        Ok(())
    }
}

impl DigitImages {
    fn check(&self, features: usize, classes: usize) -> Result<(), String> {
        if self.side.checked_mul(self.side) != Some(features) {
            return Err(format!(
                "side {} does not make {features} pixels",
                self.side
            ));
        }
        if self.class_weights.len() != classes {
            return Err(format!(
                "{} class_weights for {classes} classes",
                self.class_weights.len()
            ));
        }
        shares(&self.class_weights).map_err(|e| format!("class_weights: {e}"))?;
        if self.margin * 2 >= self.side {
            return Err("the margin leaves no pixel".into());
        }
        let counts = [
            ("levels", self.levels as usize),
            ("styles", self.styles),
            ("pieces", self.pieces),
        ];
        if let Some((key, n)) = counts.iter().find(|c| !(1..=65_535).contains(&c.1)) {
            return Err(format!("{key} {n} is not from 1 to 65535"));
        }
        // Bounds far beyond any use that keep the arithmetic finite.
        let lengths = [
            ("length", self.length, 0.1),
            ("extent", self.extent, 0.1),
            ("turn", self.turn, 0.0),
            ("radius", self.radius, 0.0),
            ("softness", self.softness, 0.01),
            ("jitter", self.jitter, 0.0),
            ("shift", self.shift, 0.0),
            ("deformation", self.deformation, 0.0),
        ];
        let bad = lengths.iter().find(|l| !(l.2..=10_000.0).contains(&l.1));
        if let Some((key, value, least)) = bad {
            return Err(format!("{key} {value} is not from {least} to 10000"));
        }
        let finite = self.low.is_finite() && self.high.is_finite();
        if !finite || self.low == self.high {
            return Err("low and high are not two finite numbers".into());
        }
        Ok(())
    }
}

/// Checks proportions: finite, none negative, not all zero.
fn shares(weights: &[f64]) -> Result<(), String> {
    if weights.iter().any(|w| !w.is_finite() || *w < 0.0) {
        return Err("a proportion is negative or not finite".into());
    }
    match weights.iter().sum::<f64>() {
        total if total > 0.0 && total.is_finite() => Ok(()),
        _ => Err("the proportions are all zero, or too large to add".into()),
    }
}
