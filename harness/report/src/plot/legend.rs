//! Draws the legend: what every series looks like, once, below all panels.

use super::canvas::{Anchor, Canvas, INK, TextBaseline, TextStyle};
use super::coincide::coincident;
use super::geometry::{Point, Rect};
use super::look::{DASHES, HUES, Hue, Look, Settled};
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
struct Entry {
    label: String,
    asked: Look,
    look: Settled,
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
    /// Collects the series of all panels, and gives each name a look.
    pub(super) fn of(figure: &Figure) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for series in figure.panels.iter().flat_map(|p| &p.series) {
            let known = entries.iter().position(|e| e.label == series.label);
            let at = known.unwrap_or(entries.len());
            if known.is_none() {
                entries.push(Entry {
                    label: series.label.clone(),
                    asked: series.look,
                    look: series.look.settle(Hue::Black, 0),
                    lined: false,
                    marked: false,
                    banded: false,
                });
            }
            let entry = &mut entries[at];
            entry.lined |= series.kind == SeriesKind::Line;
            entry.marked |= series.is_marked();
            entry.banded |= !series.band.is_empty();
        }
        let neighbours = Neighbours::of(figure, &entries);
        let hues = hues(&entries, &neighbours);
        let parts = parts(&entries, &neighbours);
        let mut dashes: Vec<usize> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            // What has the same colour, or lies on it somewhere, has another dash.
            let apart = |other: &usize| {
                let other = &parts[*other];
                let hidden = |a: &usize| other.iter().any(|b| neighbours.hidden[*a][*b]);
                hues[part[0]] == hues[other[0]] || part.iter().any(hidden)
            };
            let taken: Vec<usize> = (0..at).filter(apart).map(|other| dashes[other]).collect();
            let free = (0..DASHES.len()).find(|dash| !taken.contains(dash));
            let dash = free.unwrap_or(taken.len());
            dashes.push(dash);
            for &entry in part {
                entries[entry].look = entries[entry].asked.settle(hues[entry], dash);
            }
        }
        Self { entries }
    }

    /// Says how a series looks: as it says, then as all of its name do.
    pub(super) fn look(&self, series: &Series) -> Settled {
        let known = self.entries.iter().find(|e| e.label == series.label);
        let look = known.map_or_else(|| series.look.settle(Hue::Black, 0), |entry| entry.look);
        Settled {
            dash: series.look.dash.unwrap_or(look.dash),
            mark: series.look.mark.unwrap_or(look.mark),
            ..look
        }
    }

    /// Lists what stands in the legend: a name each, or all names of one look, such as those of one part in panels
    /// of their own.
    fn named(&self) -> Vec<(String, &Entry)> {
        let mut named: Vec<(String, &Entry)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.label.is_empty()) {
            let same = |(_, other): &&mut (String, &Entry)| {
                (other.look, other.lined, other.marked, other.banded)
                    == (entry.look, entry.lined, entry.marked, entry.banded)
            };
            match named.iter_mut().find(same) {
                Some((names, _)) => *names = format!("{names}, {}", entry.label),
                None => named.push((entry.label.clone(), entry)),
            }
        }
        named
    }

    /// Finds a place for every entry: in as many columns as the longest name allows.
    pub(super) fn layout(&self, room: f64) -> Layout {
        let named = self.named();
        let names = || named.iter().map(|(names, _)| names.as_str());
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
        let entries = self.named();
        let mut top = corner.1;
        for (row, labels) in entries
            .chunks(layout.columns)
            .zip(layout.labels.chunks(layout.columns))
        {
            for (column, ((_, entry), lines)) in row.iter().zip(labels).enumerate() {
                let left = corner.0 + column as f64 * layout.column_width;
                let middle = top + LINE_HEIGHT / 2.0;
                entry.sample(canvas, (left, middle));
                for (i, line) in lines.iter().enumerate() {
                    let at = (left + SAMPLE + SAMPLE_GAP, middle + i as f64 * LINE_HEIGHT);
                    canvas.text(line, at, style);
                }
            }
            top += row_height(labels);
        }
    }
}

/// What stands beside what.
struct Neighbours {
    /// Of each two entries whether they share a panel.
    beside: Vec<Vec<bool>>,
    /// Of each two entries whether their lines lie on one another somewhere.
    hidden: Vec<Vec<bool>>,
}

impl Neighbours {
    fn of(figure: &Figure, entries: &[Entry]) -> Self {
        let none = vec![vec![false; entries.len()]; entries.len()];
        let (mut beside, mut hidden) = (none.clone(), none);
        for panel in &figure.panels {
            let place = |series: &Series| entries.iter().position(|e| e.label == series.label);
            let places: Vec<usize> = panel.series.iter().filter_map(place).collect();
            for &a in &places {
                for &b in &places {
                    beside[a][b] = true;
                }
            }
            for (earlier, later) in coincident(figure, panel) {
                let (a, b) = (places[earlier], places[later]);
                hidden[a][b] = true;
                hidden[b][a] = true;
            }
        }
        Self { beside, hidden }
    }
}

/// Collects those that play one part: of one colour that was asked for, in panels of their own. Anything else is a
/// part by itself.
fn parts(entries: &[Entry], neighbours: &Neighbours) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let same = |part: &&mut Vec<usize>| {
            entry.asked.hue.is_some()
                && entries[part[0]].asked == entry.asked
                && part.iter().all(|other| !neighbours.beside[at][*other])
        };
        match parts.iter_mut().find(same) {
            Some(part) => part.push(at),
            None => parts.push(vec![at]),
        }
    }
    parts
}

/// Chooses the colours: those asked for, and for the others the first that nothing has, or, where there are too
/// many, that nothing beside them has.
fn hues(entries: &[Entry], neighbours: &Neighbours) -> Vec<Hue> {
    let mut hues: Vec<Option<Hue>> = entries.iter().map(|e| e.asked.hue).collect();
    for at in 0..entries.len() {
        if hues[at].is_some() {
            continue;
        }
        let beside = (0..entries.len()).filter(|&other| neighbours.beside[at][other]);
        let near: Vec<Hue> = beside.filter_map(|other| hues[other]).collect();
        let free = |taken: &[Option<Hue>]| HUES.into_iter().find(|h| !taken.contains(&Some(*h)));
        let near: Vec<Option<Hue>> = near.into_iter().map(Some).collect();
        let any = || Some(HUES[at % HUES.len()]);
        hues[at] = free(&hues).or_else(|| free(&near)).or_else(any);
    }
    hues.into_iter().flatten().collect()
}

impl Entry {
    /// Draws a piece of its line.
    fn sample(&self, canvas: &mut Canvas, (left, middle): Point) {
        let look = self.look;
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
    use super::super::{Axis, Dash, Panel};
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
        assert_eq!(legend(&["a", "b", "a", ""]).named().len(), 2);
    }

    fn line(label: &str, height: f64) -> Series {
        Series::line(label, [0.0, 1.0, 2.0].map(|x| (x, height + x)))
    }

    #[test]
    fn two_dozen_series_of_one_panel_all_look_different() {
        let all = (0..24).map(|i| line(&format!("{i}"), f64::from(i)));
        let figure = Figure::new("", Axis::default(), Axis::default()).series(all);
        let legend = Legend::of(&figure);
        for (i, entry) in legend.entries.iter().enumerate() {
            let twin = |other: &Entry| {
                (other.look.colour, other.look.dash) == (entry.look.colour, entry.look.dash)
            };
            assert!(!legend.entries[..i].iter().any(twin), "series {i}");
        }
    }

    #[test]
    fn those_of_one_part_look_alike_in_panels_of_their_own_and_stand_together() {
        let plain = |label: &str| line(label, 0.0).hue(Some(Hue::Black));
        let momentum = |label: &str| line(label, 9.0).hue(Some(Hue::Green));
        let figure = Figure::new("", Axis::default(), Axis::default()).panels([
            Panel::new("", [line("HD", 4.0), plain("GD"), momentum("HB")]),
            Panel::new(
                "",
                [line("HD", 4.0), plain("Sign GD"), momentum("Sign GD-HB")],
            ),
        ]);
        let legend = Legend::of(&figure);
        let named = legend.named();
        let names: Vec<&str> = named.iter().map(|(names, _)| names.as_str()).collect();
        assert_eq!(names, ["HD", "GD, Sign GD", "HB, Sign GD-HB"]);
        let hd = named[0].1.look.colour;
        assert!(![Hue::Black, Hue::Green].map(Hue::colour).contains(&hd));
        // In one panel they are told apart.
        let both = [plain("GD"), line("Sign GD", 5.0).hue(Some(Hue::Black))];
        let figure = Figure::new("", Axis::default(), Axis::default()).series(both);
        let looks: Vec<Dash> = Legend::of(&figure)
            .entries
            .iter()
            .map(|e| e.look.dash)
            .collect();
        assert_eq!(looks, [Dash::Solid, Dash::Dashed]);
    }

    #[test]
    fn a_line_that_would_hide_another_is_dashed_in_all_panels() {
        let figure = Figure::new("", Axis::default(), Axis::default()).panels([
            Panel::new("", [line("a", 0.0), line("b", 3.0), line("c", 6.0)]),
            Panel::new("", [line("a", 0.0), line("b", 0.0), line("c", 0.0)]),
        ]);
        let legend = Legend::of(&figure);
        let dashes = ["a", "b", "c"].map(|label| legend.look(&line(label, 0.0)).dash);
        assert_eq!(dashes, [Dash::Solid, Dash::Dashed, Dash::Dotted]);
    }
}
