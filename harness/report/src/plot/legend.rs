//! Draws the legend: what every series looks like, once, below all panels.

use super::canvas::{Anchor, Canvas, INK, TextBaseline, TextStyle};
use super::geometry::{Point, Rect};
use super::look::{Look, Settled};
use super::marks::{mark, stroke};
use super::text::{width, wrap};
use super::{Figure, Series, SeriesKind};

const SIZE: f64 = 12.0;
const LINE_HEIGHT: f64 = 16.0;
/// Between two rows of entries.
const ROW_GAP: f64 = 4.0;
/// The sample of an entry, and the gap to its name.
const SAMPLE: f64 = 34.0;
const SAMPLE_GAP: f64 = 7.0;
/// Between an entry and the one to its right.
const COLUMN_GAP: f64 = 20.0;

/// The looks of all series of a figure.
pub(super) struct Legend {
    entries: Vec<Entry>,
}

/// All series of one name.
#[derive(Default)]
struct Entry {
    label: String,
    look: Look,
    lined: bool,
    marked: bool,
    banded: bool,
}

/// Where the entries stand.
pub(super) struct Layout {
    columns: usize,
    column_width: f64,
    labels: Vec<Vec<String>>,
    /// How high all of it is.
    pub height: f64,
}

impl Legend {
    /// Collects the series of all panels.
    pub(super) fn of(figure: &Figure) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for series in figure.panels.iter().flat_map(|p| &p.series) {
            let known = entries.iter().position(|e| e.label == series.label);
            let at = known.unwrap_or(entries.len());
            if known.is_none() {
                entries.push(Entry {
                    label: series.label.clone(),
                    look: series.look,
                    ..Entry::default()
                });
            }
            let entry = &mut entries[at];
            entry.lined |= series.kind == SeriesKind::Line;
            entry.marked |= series.is_marked();
            entry.banded |= !series.band.is_empty();
        }
        Self { entries }
    }

    /// Says how a series looks: as it says, then as the first of its name says, then by its place.
    pub(super) fn look(&self, series: &Series) -> Settled {
        let known = self.entries.iter().position(|e| e.label == series.label);
        let place = known.unwrap_or(0);
        let first = known.map_or(series.look, |i| self.entries[i].look);
        Look {
            dash: series.look.dash.or(first.dash),
            mark: series.look.mark.or(first.mark),
        }
        .settle(place)
    }

    fn named(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let all = self.entries.iter().enumerate();
        all.filter(|(_, entry)| !entry.label.is_empty())
    }

    /// Finds a place for every entry: in as many columns as the longest name allows.
    pub(super) fn layout(&self, room: f64) -> Layout {
        let names = || self.named().map(|(_, e)| e.label.as_str());
        let widest = names().map(|n| width(n, SIZE)).fold(0.0, f64::max);
        let text = widest.min(room - SAMPLE - SAMPLE_GAP);
        let column_width = SAMPLE + SAMPLE_GAP + text + COLUMN_GAP;
        let columns = ((room + COLUMN_GAP) / column_width).floor().max(1.0) as usize;
        // A little more room than measured, so that the widest name is not broken by rounding.
        let labels: Vec<Vec<String>> = names().map(|n| wrap(n, SIZE, text + 0.01)).collect();
        let rows = labels.chunks(columns).map(row_height);
        Layout {
            columns,
            column_width,
            height: rows.sum(),
            labels,
        }
    }

    /// Draws the entries, the top left one here.
    pub(super) fn draw(&self, canvas: &mut Canvas, layout: &Layout, corner: Point) {
        let style = TextStyle::new(SIZE, INK, Anchor::Start, TextBaseline::Middle);
        let entries: Vec<(usize, &Entry)> = self.named().collect();
        let mut top = corner.1;
        for (row, labels) in entries
            .chunks(layout.columns)
            .zip(layout.labels.chunks(layout.columns))
        {
            for (column, ((place, entry), lines)) in row.iter().zip(labels).enumerate() {
                let left = corner.0 + column as f64 * layout.column_width;
                let middle = top + LINE_HEIGHT / 2.0;
                entry.sample(canvas, *place, (left, middle));
                for (i, line) in lines.iter().enumerate() {
                    let at = (left + SAMPLE + SAMPLE_GAP, middle + i as f64 * LINE_HEIGHT);
                    canvas.text(line, at, style);
                }
            }
            top += row_height(labels);
        }
    }
}

impl Entry {
    /// Draws a piece of its line.
    fn sample(&self, canvas: &mut Canvas, place: usize, (left, middle): Point) {
        let look = self.look.settle(place);
        if self.banded {
            let band = Rect {
                left,
                top: middle - 6.0,
                right: left + SAMPLE,
                bottom: middle + 6.0,
            };
            canvas.rect(&band, look.colour, super::panel::BAND);
        }
        if self.lined {
            stroke(canvas, &[(left, middle), (left + SAMPLE, middle)], look);
        }
        if self.marked {
            mark(canvas, (left + SAMPLE / 2.0, middle), look);
        }
    }
}

fn row_height(labels: &[Vec<String>]) -> f64 {
    let lines = labels.iter().map(Vec::len).max().unwrap_or(0);
    lines as f64 * LINE_HEIGHT + ROW_GAP
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    fn legend(labels: &[&str]) -> Legend {
        let all = labels.iter().map(|l| Series::line(*l, [(0.0, 1.0)]));
        Legend::of(&Figure::new("", Axis::default(), Axis::default()).series(all))
    }

    #[test]
    fn entries_are_as_far_apart_as_the_longest_name_is_wide() {
        let long = "W=8 linear-force on cpu:8, all of its slots";
        let layout = legend(&["a", long, "b"]).layout(640.0);
        assert!(layout.column_width > SAMPLE + width(long, SIZE));
        assert_eq!(layout.columns, 1);
        assert_eq!(layout.labels[1], [long]);
        assert_eq!(legend(&["a", "b", "c"]).layout(640.0).columns, 9);
    }

    #[test]
    fn a_name_wider_than_the_figure_takes_more_lines() {
        let layout = legend(&["far too long a name for this"]).layout(120.0);
        assert!(layout.labels[0].len() > 1);
        assert!(layout.height >= layout.labels[0].len() as f64 * LINE_HEIGHT);
    }

    #[test]
    fn a_name_stands_in_the_legend_once_and_none_not_at_all() {
        assert_eq!(legend(&["a", "b", "a", ""]).named().count(), 2);
    }
}
