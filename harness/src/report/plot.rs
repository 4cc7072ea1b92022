//! Line plots as SVG: panels side by side, one legend for all.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A line of a panel.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Its name in the legend; series of the same name look the same in all panels.
    pub label: String,
    /// (x, y).
    pub points: Vec<(f64, f64)>,
}

/// One plot of a figure.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What distinguishes it.
    pub title: String,
    /// Its lines.
    pub series: Vec<Series>,
}

/// Panels that share their axes' meaning.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// What has to be said about all of it, in red.
    pub note: Option<String>,
    /// The x axis, with its unit.
    pub x_label: String,
    /// The y axis, with its unit.
    pub y_label: String,
    /// The plots.
    pub panels: Vec<Panel>,
}

/// Okabe and Ito's colours, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(128, 128, 128),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

const FONT: &str = "sans-serif";
const PANEL: (u32, u32) = (480, 330);
const TITLE_HEIGHT: u32 = 56;
const LEGEND_LINE: u32 = 22;

impl Figure {
    /// The figure as an SVG document. Labels are text, drawn by the viewer's own fonts.
    ///
    /// # Errors
    /// If there is nothing to draw, or drawing fails.
    pub fn to_svg(&self) -> Result<String> {
        let columns = self.panels.len().clamp(1, 2) as u32;
        let lines = (self.panels.len() as u32).div_ceil(columns);
        let labels = self.labels();
        let legend_lines = (labels.len() as u32).div_ceil(columns * 2);
        let size = (
            PANEL.0 * columns,
            TITLE_HEIGHT + PANEL.1 * lines + LEGEND_LINE * legend_lines + 16,
        );
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            root.fill(&WHITE).map_err(failed)?;
            let (head, rest) = root.split_vertically(TITLE_HEIGHT);
            self.draw_title(&head)?;
            let (body, legend) = rest.split_vertically(PANEL.1 * lines);
            let areas = body.split_evenly((lines as usize, columns as usize));
            for (panel, area) in self.panels.iter().zip(&areas) {
                self.draw_panel(panel, &labels, area)?;
            }
            draw_legend(&labels, columns as usize * 2, &legend)?;
            root.present().map_err(failed)?;
        }
        Ok(accessible(&svg, &self.title))
    }

    /// Names of all series, each once, in order.
    fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for series in self.panels.iter().flat_map(|p| &p.series) {
            if !labels.contains(&series.label) {
                labels.push(series.label.clone());
            }
        }
        labels
    }

    fn draw_title<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<()>
    where
        B::ErrorType: 'static,
    {
        let center = Pos::new(HPos::Center, VPos::Top);
        let middle = area.dim_in_pixel().0 as i32 / 2;
        let style = (FONT, 20).into_font().color(&BLACK).pos(center);
        area.draw(&Text::new(self.title.clone(), (middle, 10), style))
            .map_err(failed)?;
        if let Some(note) = &self.note {
            let style = (FONT, 13)
                .into_font()
                .color(&RGBColor(176, 0, 0))
                .pos(center);
            area.draw(&Text::new(note.clone(), (middle, 36), style))
                .map_err(failed)?;
        }
        Ok(())
    }

    fn draw_panel<B: DrawingBackend>(
        &self,
        panel: &Panel,
        labels: &[String],
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<()>
    where
        B::ErrorType: 'static,
    {
        let points = || panel.series.iter().flat_map(|s| &s.points);
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1)))
        else {
            let style = (FONT, 14).into_font().color(&BLACK);
            let text = Text::new(
                format!("{}: nothing measured", panel.title),
                (20, 20),
                style,
            );
            return area.draw(&text).map_err(failed);
        };
        let mut chart = ChartBuilder::on(area)
            .caption(&panel.title, (FONT, 16))
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(0.0..x.1, y.0..y.1)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .x_labels(6)
            .y_labels(6)
            .label_style((FONT, 12))
            .axis_desc_style((FONT, 13))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(225, 225, 225))
            .x_label_formatter(&|v| short(*v))
            .y_label_formatter(&|v| short(*v))
            .draw()
            .map_err(failed)?;
        for series in &panel.series {
            let style = style_of(&series.label, labels);
            chart
                .draw_series(LineSeries::new(series.points.iter().copied(), style))
                .map_err(failed)?;
            let marks = series
                .points
                .iter()
                .map(|&p| Circle::new(p, 2, style.color.filled()));
            chart.draw_series(marks).map_err(failed)?;
        }
        Ok(())
    }
}

fn draw_legend<B: DrawingBackend>(
    labels: &[String],
    columns: usize,
    area: &DrawingArea<B, plotters::coord::Shift>,
) -> Result<()>
where
    B::ErrorType: 'static,
{
    let width = area.dim_in_pixel().0 as i32 / columns as i32;
    for (index, label) in labels.iter().enumerate() {
        let x = (index % columns) as i32 * width + 12;
        let y = (index / columns) as i32 * LEGEND_LINE as i32 + 12;
        let style = style_of(label, labels);
        area.draw(&PathElement::new(vec![(x, y), (x + 26, y)], style))
            .map_err(failed)?;
        let left = Pos::new(HPos::Left, VPos::Center);
        let text = (FONT, 12).into_font().color(&BLACK).pos(left);
        area.draw(&Text::new(label.clone(), (x + 32, y), text))
            .map_err(failed)?;
    }
    Ok(())
}

fn style_of(label: &str, labels: &[String]) -> ShapeStyle {
    let index = labels.iter().position(|known| known == label).unwrap_or(0);
    COLOURS[index % COLOURS.len()].stroke_width(2)
}

/// Smallest and largest finite value with a little room; `None` without any.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    let low = finite.iter().copied().reduce(f64::min)?;
    let high = finite.iter().copied().reduce(f64::max)?;
    let room = if high > low {
        0.05 * (high - low)
    } else {
        0.05 * high.abs().max(1e-9)
    };
    Some((low - room, high + room))
}

/// As few digits as a tick needs.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// Names the picture for readers who do not see it.
fn accessible(svg: &str, title: &str) -> String {
    let escaped = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let title = format!("<svg role=\"img\" aria-label=\"{escaped}\" ");
    svg.replacen("<svg ", &title, 1)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing a figure: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let series = |label: &str| Series {
            label: label.into(),
            points: vec![(0.0, 1.0), (2.0, 0.5)],
        };
        Figure {
            title: "loss against time".into(),
            note: Some("SURROGATE DATA".into()),
            x_label: "running time / s".into(),
            y_label: "training loss".into(),
            panels: vec![
                Panel {
                    title: "a8a".into(),
                    series: vec![series("sequential"), series("W=4")],
                },
                Panel {
                    title: "usps".into(),
                    series: vec![series("sequential")],
                },
            ],
        }
    }

    #[test]
    fn every_label_is_in_the_picture_as_text() {
        let svg = figure().to_svg().unwrap();
        for label in [
            "loss against time",
            "SURROGATE DATA",
            "running time / s",
            "training loss",
            "a8a",
            "usps",
            "W=4",
        ] {
            assert!(svg.contains(label), "{label} is missing");
        }
        assert_eq!(
            svg.matches(">\nsequential\n<").count(),
            1,
            "one legend for all panels"
        );
    }

    #[test]
    fn a_panel_without_measurements_says_so() {
        let mut empty = figure();
        empty.panels[1].series.clear();
        assert!(empty.to_svg().unwrap().contains("nothing measured"));
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(
            (
                short(0.5).as_str(),
                short(20.0).as_str(),
                short(-0.00001).as_str()
            ),
            ("0.5", "20", "0")
        );
    }
}
