//! Plots as SVG: what a figure consists of is here; the files beside draw it.
//!
//! A [`Figure`] holds [`Panel`]s, a panel [`Series`] and [`Reference`] lines. Series of the same
//! label look the same in all panels and stand in the legend once.

mod axis;
mod canvas;
mod draw;
mod geometry;
mod legend;
mod look;
mod marks;
mod panel;
mod references;
mod series;
mod text;
mod ticks;

pub use axis::{Axis, Scale};
pub use look::{Dash, Look, Mark};
pub use series::{Band, Kind, Series};

use anyhow::Result;

/// Panels with one title and one legend.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// What has to be warned of, in red under the title.
    pub note: Option<String>,
    /// How to read it, such as what line and band are; under the legend.
    pub caption: String,
    /// The x axis of all panels that have none of their own.
    pub x: Axis,
    /// The y axis of all panels that have none of their own.
    pub y: Axis,
    /// Panels in a row: one or two; two if there is more than one panel, unless said here.
    pub columns: Option<usize>,
    /// The plots, row by row.
    pub panels: Vec<Panel>,
}

/// One plot of a figure.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What distinguishes it; may be empty.
    pub title: String,
    /// What is drawn; later series lie over earlier ones.
    pub series: Vec<Series>,
    /// Lines to compare with.
    pub references: Vec<Reference>,
    /// Its x axis, if it is not the figure's.
    pub x: Option<Axis>,
    /// Its y axis, if it is not the figure's.
    pub y: Option<Axis>,
}

/// A straight line across a panel, such as a number that the paper prints.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its way.
    pub across: Across,
    /// Where it crosses its axis.
    pub at: f64,
    /// What it stands for; written beside it.
    pub label: String,
}

/// The way of a reference line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// Of one y.
    Horizontal,
    /// Of one x.
    Vertical,
}

impl Figure {
    /// Without panels yet.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            ..Self::default()
        }
    }

    /// With a warning under the title; none if there is nothing to warn of.
    #[must_use]
    pub fn note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }

    /// With words on how to read it under the legend.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// With this many panels in a row: one or two.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns);
        self
    }

    /// With one more panel.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// With more panels.
    #[must_use]
    pub fn panels(mut self, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.panels.extend(panels);
        self
    }

    /// The figure as an SVG document, named `alt` for readers who do not see it. Its words are
    /// text, drawn by the viewer's own fonts; it refers to nothing and has no ids, so that any
    /// number of figures can stand in one page.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn to_svg(&self, alt: &str) -> Result<String> {
        draw::svg(self, alt)
    }
}

impl Panel {
    /// Without series yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// With one more series.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// With more series.
    #[must_use]
    pub fn all(mut self, series: impl IntoIterator<Item = Series>) -> Self {
        self.series.extend(series);
        self
    }

    /// With a horizontal line at `y`.
    #[must_use]
    pub fn at_y(mut self, y: f64, label: impl Into<String>) -> Self {
        self.references.push(Reference {
            across: Across::Horizontal,
            at: y,
            label: label.into(),
        });
        self
    }

    /// With a vertical line at `x`.
    #[must_use]
    pub fn at_x(mut self, x: f64, label: impl Into<String>) -> Self {
        self.references.push(Reference {
            across: Across::Vertical,
            at: x,
            label: label.into(),
        });
        self
    }

    /// With an x axis of its own.
    #[must_use]
    pub fn x(mut self, axis: Axis) -> Self {
        self.x = Some(axis);
        self
    }

    /// With a y axis of its own.
    #[must_use]
    pub fn y(mut self, axis: Axis) -> Self {
        self.y = Some(axis);
        self
    }
}

#[cfg(test)]
mod tests;
