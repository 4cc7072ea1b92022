//! What tells series apart: a colour, a dash and a mark.

use super::canvas::Colour;
use plotters::style::RGBColor;

/// What a series looks like; what is left open is chosen by its place in the legend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The line.
    pub dash: Option<Dash>,
    /// The points.
    pub mark: Option<Mark>,
}

/// A line's dashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// None.
    #[default]
    Solid,
    /// Long ones.
    Dashed,
    /// As long as the line is wide.
    Dotted,
}

/// A point's shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Round.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle that stands.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// ×.
    Cross,
    /// A triangle on its point.
    Down,
    /// +.
    Plus,
    /// None: a line of few points without marks, such as a fit.
    None,
}

/// Okabe and Ito's colours, which colour-blind readers can tell apart, with grey for their yellow,
/// which is hard to see on white; the strong ones first.
const COLOURS: [Colour; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(128, 128, 128),
];

const DASHES: [Dash; 3] = [Dash::Solid, Dash::Dashed, Dash::Dotted];

const MARKS: [Mark; 7] = [
    Mark::Circle,
    Mark::Square,
    Mark::Triangle,
    Mark::Diamond,
    Mark::Cross,
    Mark::Down,
    Mark::Plus,
];

/// A look with nothing left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub colour: Colour,
    pub dash: Dash,
    pub mark: Mark,
}

impl Look {
    /// Settles what is open for the series at this place of the legend. Colours go round first,
    /// then dashes; marks go round seven at a time, so that they break the rhythm of the colours.
    pub(super) fn settle(self, place: usize) -> Settled {
        Settled {
            colour: COLOURS[place % COLOURS.len()],
            dash: self
                .dash
                .unwrap_or(DASHES[place / COLOURS.len() % DASHES.len()]),
            mark: self.mark.unwrap_or(MARKS[place % MARKS.len()]),
        }
    }
}

impl Dash {
    /// Lengths of a dash and of the gap after it, in pixels; `None` for a line without gaps.
    pub(super) fn pattern(self) -> Option<(f64, f64)> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some((7.0, 4.0)),
            Self::Dotted => Some((2.0, 3.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_dozen_series_all_look_different() {
        let looks: Vec<Settled> = (0..24).map(|i| Look::default().settle(i)).collect();
        for (i, look) in looks.iter().enumerate() {
            let twin = looks[..i]
                .iter()
                .find(|l| (l.colour, l.dash) == (look.colour, look.dash));
            assert_eq!(twin, None, "series {i}");
        }
    }

    #[test]
    fn what_a_caller_asks_for_is_kept() {
        let look = Look {
            dash: Some(Dash::Dotted),
            mark: None,
        };
        let settled = look.settle(2);
        assert_eq!(settled.colour, COLOURS[2]);
        assert_eq!(settled.dash, Dash::Dotted);
        assert_eq!(settled.mark, Mark::Triangle);
    }
}
