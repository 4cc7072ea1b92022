//! Defines a series of a panel: points, a band around them, and how they look.

use super::look::{Dash, Hue, Look, Mark};

/// Points under one name.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Its name in the legend; series of the same name look the same in all panels. An empty name
    /// is not in the legend.
    pub label: String,
    /// (x, y). What cannot be drawn, such as NaN or a zero on a logarithmic axis, is a gap.
    pub points: Vec<(f64, f64)>,
    /// The area around the points; may be empty.
    pub band: Vec<Band>,
    /// Whether points are joined.
    pub kind: SeriesKind,
    /// Its look, where the figure is not to choose it.
    pub look: Look,
}

/// Where a band begins and ends at one x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Where.
    pub x: f64,
    /// Its lower end; on a logarithmic axis one that is not positive is the lower edge.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeriesKind {
    /// Joined; with marks only where they are few.
    #[default]
    Line,
    /// A mark each, not joined.
    Points,
}

/// More points than these are a line without marks.
const FEW: usize = 25;

impl Series {
    /// Makes a line.
    #[must_use]
    pub fn line(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            label: label.into(),
            points: points.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Makes marks that are not joined.
    #[must_use]
    pub fn scatter(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            kind: SeriesKind::Points,
            ..Self::line(label, points)
        }
    }

    /// Puts a band around it.
    #[must_use]
    pub fn band(mut self, band: impl IntoIterator<Item = Band>) -> Self {
        self.band = band.into_iter().collect();
        self
    }

    /// Gives it the colour of the part that it plays, or leaves it open.
    #[must_use]
    pub fn hue(mut self, hue: Option<Hue>) -> Self {
        self.look.hue = hue;
        self
    }

    /// Makes it solid, dashed or dotted.
    #[must_use]
    pub fn dash(mut self, dash: Dash) -> Self {
        self.look.dash = Some(dash);
        self
    }

    /// Gives it marks of this shape, or none.
    #[must_use]
    pub fn mark(mut self, mark: Mark) -> Self {
        self.look.mark = Some(mark);
        self
    }

    /// Says whether each point has a mark.
    pub(super) fn is_marked(&self) -> bool {
        let wanted = self.look.mark != Some(Mark::None);
        wanted && (self.kind == SeriesKind::Points || self.points.len() <= FEW)
    }
}
