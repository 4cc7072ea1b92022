//! Draws plots as SVG: this file says what a figure consists of; the files beside it draw it.
//!
//! A [`Figure`] holds [`Panel`]s, and a panel holds [`Series`]. Series of the same label look the same in all
//! panels and stand in the legend once.
//!
//! A plotting library would not make this shorter. What takes the lines here is what such libraries leave out: one
//! legend for several panels, labels that wrap and never overlap, colours, dashes and marks that stay apart for
//! two dozen series, gaps where a number cannot be drawn, bands cut at an axis' end, decades with as many labels as
//! there is room for, and as few points as the eye needs. Printing the five shapes of SVG that remain is the
//! smallest part, and lives in `canvas`.

mod axis;
mod canvas;
mod coincide;
mod draw;
mod geometry;
mod legend;
mod look;
mod marks;
mod panel;
mod series;
mod text;
mod ticks;

pub use axis::{Axis, Scale};
pub use look::{Dash, Hue, Look, Mark};
pub use series::{Band, Series, SeriesKind};

/// Panels with one title and one legend, at most two in a row.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// What has to be warned of, in red under the title.
    pub note: Option<String>,
    /// How to read it, such as what line and band are; under the legend.
    pub caption: String,
    /// The x axis of all panels.
    pub x: Axis,
    /// The y axis of all panels.
    pub y: Axis,
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
}

impl Figure {
    /// Makes a figure without panels. Its title begins as a sentence does.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        let title: String = title.into();
        let mut rest = title.chars();
        let first = rest.next().map(|first| first.to_uppercase());
        Self {
            title: first.into_iter().flatten().chain(rest).collect(),
            x,
            y,
            ..Self::default()
        }
    }

    /// Puts words on how to read it under the legend.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Adds panels.
    #[must_use]
    pub fn panels(mut self, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.panels.extend(panels);
        self
    }

    /// Adds the one panel of a figure, which needs no title.
    #[must_use]
    pub fn series(self, series: impl IntoIterator<Item = Series>) -> Self {
        self.panels([Panel::new("", series)])
    }

    /// Draws the figure as an SVG document, named `alt` for readers who do not see it. Its words are
    /// text, drawn by the viewer's own fonts; it refers to nothing and has no ids, so that any
    /// number of figures can stand in one page.
    #[must_use]
    pub fn to_svg(&self, alt: &str) -> String {
        draw::svg(self, alt)
    }
}

impl Panel {
    /// Makes a panel of these series.
    #[must_use]
    pub fn new(title: impl Into<String>, series: impl IntoIterator<Item = Series>) -> Self {
        Self {
            title: title.into(),
            series: series.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
