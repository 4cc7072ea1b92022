//! What tells series apart: a colour, a dash and a mark.

use super::canvas::Colour;
use plotters::style::RGBColor;

/// What a series looks like; what is left open is chosen so that it differs from those beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The colour; the same for all that play one part, such as every method without momentum.
    pub hue: Option<Hue>,
    /// The line.
    pub dash: Option<Dash>,
    /// The points.
    pub mark: Option<Mark>,
}

/// One of Okabe and Ito's colours, which colour-blind readers can tell apart, with grey for their yellow,
/// which is hard to see on white; the strong ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "a colour's name says which it is")]
pub enum Hue {
    Black,
    Blue,
    Vermilion,
    Green,
    Pink,
    Orange,
    Sky,
    Grey,
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
    /// A long and a short one in turn.
    DashDotted,
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

pub(super) const HUES: [Hue; 8] = [
    Hue::Black,
    Hue::Blue,
    Hue::Vermilion,
    Hue::Green,
    Hue::Pink,
    Hue::Orange,
    Hue::Sky,
    Hue::Grey,
];

/// In the order in which lines of one colour, or on one another, take them.
pub(super) const DASHES: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotted];

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
    /// Settles what is open with a colour and a dash by its place among [`DASHES`]. Marks go with both, so that
    /// two lines of one colour have two marks.
    pub(super) fn settle(self, hue: Hue, dash: usize) -> Settled {
        Settled {
            colour: hue.colour(),
            dash: self.dash.unwrap_or(DASHES[dash % DASHES.len()]),
            mark: self
                .mark
                .unwrap_or(MARKS[(hue as usize + 3 * dash) % MARKS.len()]),
        }
    }
}

impl Hue {
    pub(super) fn colour(self) -> Colour {
        match self {
            Self::Black => RGBColor(0, 0, 0),
            Self::Blue => RGBColor(0, 114, 178),
            Self::Vermilion => RGBColor(213, 94, 0),
            Self::Green => RGBColor(0, 158, 115),
            Self::Pink => RGBColor(204, 121, 167),
            Self::Orange => RGBColor(230, 159, 0),
            Self::Sky => RGBColor(86, 180, 233),
            Self::Grey => RGBColor(128, 128, 128),
        }
    }
}

impl Dash {
    /// Lengths of dashes and of the gaps after them, in pixels; none for a line without gaps.
    pub(super) fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[7.0, 4.0],
            Self::Dotted => &[2.0, 3.0],
            Self::DashDotted => &[9.0, 3.0, 2.0, 3.0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_and_dash_is_a_look_of_its_own() {
        let all = HUES
            .iter()
            .flat_map(|&hue| (0..DASHES.len()).map(move |dash| (hue, dash)));
        let looks: Vec<Settled> = all
            .map(|(hue, dash)| Look::default().settle(hue, dash))
            .collect();
        for (i, look) in looks.iter().enumerate() {
            assert!(!looks[..i].contains(look), "{look:?}");
        }
    }

    #[test]
    fn what_a_caller_asks_for_is_kept() {
        let look = Look {
            dash: Some(Dash::Dotted),
            ..Look::default()
        };
        let settled = look.settle(Hue::Vermilion, 0);
        assert_eq!(settled.colour, Hue::Vermilion.colour());
        assert_eq!(settled.dash, Dash::Dotted);
        assert_eq!(settled.mark, Mark::Triangle);
    }
}
