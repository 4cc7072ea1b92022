//! The ways in which rows can answer a claim. What each needs is in its type; how it answers is
//! in the modules beside this one.

use super::range::Range;
use super::select::{Filter, Group, Scalar};
use serde::Deserialize;

/// A question to the rows of one frame of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The target whose rows answer it.
    pub target: String,
    /// The frame of that target.
    pub frame: String,
    /// Which of its rows.
    pub filter: Filter,
    /// What the chosen rows have to be like for their numbers to mean anything here, such as a
    /// core for every worker. One row that is not makes the claim untestable.
    pub requires: Filter,
    /// The profile that has rows for it, where it is not the one that the file names.
    pub profile: Option<String>,
    /// How the rows answer.
    pub predicate: Predicate,
    /// The same question to other rows, for a reader to see how much the answer depends on a reading
    /// of the paper. What they come to is shown, and never part of the verdict.
    pub beside: Vec<Beside>,
}

/// The rows of another reading of the paper.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// What the reading is called.
    pub name: String,
    /// Which rows it is about: these columns in the place of the question's own.
    #[serde(default)]
    pub r#where: Filter,
    /// By how much the first rows of an ordering may be worse, in the place of the question's own.
    pub allowance: Option<f64>,
}

/// How rows answer a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// A column lies in a range.
    Value(ValueRule),
    /// A measured speedup is the stated one.
    Speedup(Speedup),
    /// A column says yes.
    Holds(Holds),
    /// Some rows have a better metric than others.
    Ordering(Ordering),
    /// The best values of a grid are the stated ones.
    BestOf(BestOf),
    /// Two sides differ.
    Differ(Differ),
    /// A metric goes one way along a column.
    Trend(Trend),
    /// A fitted slope lies in a range.
    Slope(Slope),
    /// Statements of the paper exclude each other.
    Contradiction(Contradiction),
    /// Nothing here can answer it.
    NotTestable(NotTestable),
}

impl Predicate {
    /// The name it has in YAML, under `judge`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Value(_) => "value",
            Self::Speedup(_) => "speedup",
            Self::Holds(_) => "holds",
            Self::Ordering(_) => "ordering",
            Self::BestOf(_) => "best-of",
            Self::Differ(_) => "differ",
            Self::Trend(_) => "trend",
            Self::Slope(_) => "slope",
            Self::Contradiction(_) => "contradiction",
            Self::NotTestable(_) => "not-testable",
        }
    }

    /// The columns that it reads, besides those of filters and groups.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        match self {
            Self::Value(rule) => {
                columns.push(&rule.column);
                columns.extend(rule.interval.iter().flat_map(Interval::columns));
            }
            Self::Speedup(rule) => {
                columns.extend([&rule.column, &rule.depth, &rule.depth_late].map(String::as_str));
                columns.extend(rule.interval.columns());
            }
            Self::Holds(rule) => {
                columns.push(&rule.column);
                columns.extend(rule.show.iter().map(String::as_str));
            }
            Self::Ordering(rule) => {
                columns.push(&rule.metric);
                columns.extend(rule.interval.iter().flat_map(Interval::columns));
                columns.extend(rule.pair_by.iter().map(String::as_str));
            }
            Self::BestOf(rule) => {
                columns.extend([&rule.metric, &rule.column].map(String::as_str));
                columns.extend(rule.pair_by.iter().map(String::as_str));
                columns.extend(rule.mean_over.iter().map(String::as_str));
            }
            Self::Differ(rule) => {
                columns.push(&rule.metric);
                columns.extend(rule.pair_by.iter().map(String::as_str));
            }
            Self::Trend(rule) => {
                columns.extend([&rule.metric, &rule.column].map(String::as_str));
                columns.extend(rule.pair_by.iter().map(String::as_str));
            }
            Self::Slope(rule) => {
                columns.push(&rule.column);
                columns.extend(rule.interval.iter().flat_map(Interval::columns));
            }
            Self::Contradiction(_) | Self::NotTestable(_) => {}
        }
        columns
    }

    /// The filters inside it.
    pub(super) fn filters(&self) -> Vec<&Filter> {
        match self {
            Self::Ordering(rule) => vec![&rule.first, &rule.second],
            Self::Differ(rule) => vec![&rule.first, &rule.second],
            _ => vec![],
        }
    }

    /// What its rows are taken apart by.
    pub(super) fn groups(&self) -> Vec<&Group> {
        match self {
            Self::Value(rule) => rule.groups.iter().collect(),
            Self::Speedup(rule) => rule.groups.iter().collect(),
            Self::Holds(rule) => rule.groups.iter().collect(),
            Self::Ordering(rule) => {
                let groups = rule.groups.iter().chain(&rule.first_by);
                groups.chain(&rule.second_by).collect()
            }
            Self::BestOf(rule) => rule.groups.iter().collect(),
            Self::Differ(rule) => rule.groups.iter().collect(),
            Self::Trend(rule) => rule.groups.iter().collect(),
            Self::Slope(_) | Self::Contradiction(_) | Self::NotTestable(_) => vec![],
        }
    }
}

/// The ends of an interval, as columns.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The column of its lower end.
    pub low: String,
    /// The column of its upper end.
    pub high: String,
    /// The column that says of how many repeats it is the interval of a median. The least and the
    /// largest of n values enclose the median with probability 1 − 2^(1 − n): of fewer repeats than
    /// the file's `confidence` asks for, nothing is decided. None for an interval of a fit.
    pub repeats: Option<String>,
}

impl Interval {
    fn columns(&self) -> Vec<&str> {
        let ends = [&self.low, &self.high].map(String::as_str);
        ends.into_iter().chain(self.repeats.as_deref()).collect()
    }
}

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Less is better: a loss, a distance, a time.
    #[default]
    Lower,
    /// More is better: an accuracy, a speedup.
    Higher,
}

/// On which scale two metrics are compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// By their difference.
    #[default]
    Linear,
    /// By the logarithm of their ratio.
    Log,
}

/// A measured speedup, with the interval of its median, is the stated one: not below it by more than
/// the tolerance, and not above it either, which has a verdict of its own.
///
/// A wall-clock speedup is its depth speedup (steps / rounds, counted) times the efficiency of doing
/// gradients side by side. Depth grows with the number of flows, which the paper does not state; so
/// a speedup that falls short in a run whose depth is too small for it, though late in a long run
/// depth suffices, is no refutation: the run was too short to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct Speedup {
    /// The speedup's column.
    pub column: String,
    /// The interval of its median.
    pub interval: Interval,
    /// The stated speedups, from the least to the largest; one number twice where one is stated.
    pub stated: [f64; 2],
    /// The share of the stated speedup by which a measured one may miss it.
    pub relative_tolerance: f64,
    /// The column of the depth speedup of the timed run.
    pub depth: String,
    /// The column of the depth speedup late in a long run.
    pub depth_late: String,
    /// What rows are taken apart by.
    pub groups: Vec<Group>,
}

/// Which number of a group of rows is compared with the range.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Each row's own.
    #[default]
    Every,
    /// The group's median.
    Median,
}

/// A column lies in a range: in each row, or in the median of each group. Where the column has an
/// interval, the whole of it has to; one that lies on both sides decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueRule {
    /// The column.
    pub column: String,
    /// Where it has to lie.
    pub range: Range,
    /// Every row, or the median.
    pub over: Over,
    /// The column's own uncertainty.
    pub interval: Option<Interval>,
    /// What rows are taken apart by.
    pub groups: Vec<Group>,
}

/// A column of yes and no has the expected answer in all rows.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Holds {
    /// The column.
    pub column: String,
    /// The expected answer; no, for a control.
    #[serde(default = "yes")]
    pub expect: bool,
    /// Columns that the note shows: what was measured, and against what.
    #[serde(default)]
    pub show: Vec<String>,
    /// What a note names a row by.
    #[serde(default)]
    pub groups: Vec<Group>,
}

fn yes() -> bool {
    true
}

/// Which of several second rows a first row is compared with.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// There may be only one.
    #[default]
    Only,
    /// The best of them: what holds against the best holds against each.
    Best,
}

/// Which of several first rows is compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// There may be only one.
    #[default]
    Only,
    /// The worst of them: what holds of the worst holds of each.
    Worst,
}

/// Rows of `first` have a better metric than rows of `second`.
///
/// Rows that agree in `pair_by` form a pair, in each group of `groups`, for each group of the
/// first rows alone (`first_by`: every method has to win) and of the second alone (`second_by`:
/// against every method).
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Ordering {
    /// The rows that should win.
    pub first: Filter,
    /// The rows that should lose.
    pub second: Filter,
    /// The column compared.
    pub metric: String,
    /// Which end of it is good.
    pub better: Better,
    /// Differences or ratios.
    #[serde(default)]
    pub scale: Scale,
    /// By how much the first may be worse and still count: a share on the log scale.
    #[serde(default)]
    pub allowance: f64,
    /// By how much the first has to be better to count: a share on the log scale.
    #[serde(default)]
    pub margin: f64,
    /// What makes two rows a pair: start, data set.
    pub pair_by: Vec<String>,
    /// The metric's own uncertainty. With it, each pair is judged alone, by whether the two
    /// intervals are apart; without it, all pairs together by the interval of their mean.
    pub interval: Option<Interval>,
    /// Which first row, if several agree in `pair_by`.
    #[serde(default)]
    pub compared: Compared,
    /// Which second row, if several agree in `pair_by`.
    #[serde(default)]
    pub against: Against,
    /// What both sides are taken apart by.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// What the first rows are taken apart by besides.
    #[serde(default)]
    pub first_by: Vec<Group>,
    /// What the second rows are taken apart by besides.
    #[serde(default)]
    pub second_by: Vec<Group>,
}

/// Of the values of `column`, the stated ones are better than each of the others: an ordering for each
/// stated value against each other one, all of which count alike.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BestOf {
    /// The grid's column.
    pub column: String,
    /// The column compared.
    pub metric: String,
    /// Which end of it is good.
    pub better: Better,
    /// Differences or ratios.
    #[serde(default)]
    pub scale: Scale,
    /// What the paper calls the best.
    pub stated: Vec<Scalar>,
    /// What makes two rows a pair.
    pub pair_by: Vec<String>,
    /// Of rows that differ in these columns alone the mean is compared: what is best for all of them
    /// together.
    #[serde(default)]
    pub mean_over: Vec<String>,
    /// What rows are taken apart by.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// Rows of `first` and rows of `second` have different metrics, whichever has the larger: for where a
/// paper says that something varies, and not which way.
///
/// The whole interval of the paired differences has to lie beyond the margin, on one side or the other;
/// if it lies within the margin, they do not differ.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Differ {
    /// The rows on one side.
    pub first: Filter,
    /// The rows on the other.
    pub second: Filter,
    /// The column compared.
    pub metric: String,
    /// Differences or ratios.
    #[serde(default)]
    pub scale: Scale,
    /// By how much they have to differ: a share on the log scale.
    pub margin: f64,
    /// What makes two rows a pair.
    pub pair_by: Vec<String>,
    /// What both sides are taken apart by.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// Which way a metric goes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Up, as the column goes up.
    Increasing,
    /// Down, as the column goes up.
    Decreasing,
}

/// A metric goes one way along a column: an ordering between all neighbouring values.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// The column that it goes along.
    pub column: String,
    /// The metric.
    pub metric: String,
    /// Which way.
    pub direction: Direction,
    /// At which end of the metric a run lies that diverged: the bad one.
    #[serde(default)]
    pub better: Better,
    /// Differences or ratios.
    #[serde(default)]
    pub scale: Scale,
    /// What makes two rows a pair.
    pub pair_by: Vec<String>,
    /// What rows are taken apart by.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// A fitted slope lies in a range. It decides by itself; its interval only keeps a slope just
/// outside from counting as refuted.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// The slope's column.
    pub column: String,
    /// Where it has to lie.
    pub range: Range,
    /// The interval of the fit.
    pub interval: Option<Interval>,
}

/// Statements of a paper that exclude each other. That they do is read off the paper; where rows can
/// bear it out, they have to.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// The statements.
    pub between: Vec<String>,
    /// What the rows say of them.
    pub evidence: Vec<Evidence>,
}

/// What rows say of one side of a contradiction.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The statement that rows would support.
    pub side: String,
    /// What the contradiction needs of it; none where it stands either way and rows only tell which
    /// side the measurement is on.
    pub must: Option<Must>,
    /// What they are asked.
    pub question: Question,
}

/// What a contradiction needs of its evidence.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Must {
    /// Reproduced.
    Hold,
    /// Not reproduced.
    Fail,
}

/// A claim that nothing here can answer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NotTestable {
    /// What it would take.
    pub needs: String,
}
