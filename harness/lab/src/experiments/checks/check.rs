//! A check: one number that a statement of the papers fixes or bounds, with what it has to be.

use optim::Kinetic;
use rows::schema;
use serde::{Deserialize, Serialize};

/// What a check is there for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CheckRole {
    /// A statement of a paper, or what follows from it.
    Statement,
    /// Something that has to fail the statement, so that holding means something.
    Control,
    /// Where a paper's text says more than is so or something else, or what it does not say.
    Finding,
}

impl CheckRole {
    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Control => "control",
            Self::Finding => "finding",
        }
    }
}

/// What a measured number has to be.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Neither less than the first nor more than the second.
    Between(f64, f64),
}

impl Relation {
    /// Whether a number is what it has to be.
    #[must_use]
    pub fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtMost(bound) => measured <= bound,
            Self::AtLeast(bound) => measured >= bound,
            Self::Between(low, high) => (low..=high).contains(&measured),
        }
    }

    /// The name that rows use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AtMost(_) => "at most",
            Self::AtLeast(_) => "at least",
            Self::Between(..) => "between",
        }
    }

    /// The bound, or the lower of two.
    #[must_use]
    pub fn bound(self) -> f64 {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) | Self::Between(bound, _) => bound,
        }
    }

    /// The upper of two bounds.
    #[must_use]
    pub fn upper(self) -> Option<f64> {
        match self {
            Self::Between(_, upper) => Some(upper),
            _ => None,
        }
    }
}

/// What a plan says of a check: what its number has to be, and what it is there for. Rows take it
/// from the plan and never from the journal, so that no measurement brings its own bound.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
pub struct CheckBound {
    /// What the check is there for.
    pub role: CheckRole,
    /// What the number has to be.
    pub relation: Relation,
    /// Whether it is known to be that; false of statements that are known to be wrong.
    pub expected: bool,
}

impl CheckBound {
    fn statement(relation: Relation) -> Self {
        Self {
            role: CheckRole::Statement,
            relation,
            expected: true,
        }
    }

    /// Of a statement whose number is not above this.
    #[must_use]
    pub fn at_most(bound: f64) -> Self {
        Self::statement(Relation::AtMost(bound))
    }

    /// Of a statement whose number is not below this.
    #[must_use]
    pub fn at_least(bound: f64) -> Self {
        Self::statement(Relation::AtLeast(bound))
    }

    /// Of a statement whose number lies between the two.
    #[must_use]
    pub fn between((low, high): (f64, f64)) -> Self {
        Self::statement(Relation::Between(low, high))
    }

    /// The same of a control.
    #[must_use]
    pub fn control(self) -> Self {
        Self {
            role: CheckRole::Control,
            ..self
        }
    }

    /// The same of a finding.
    #[must_use]
    pub fn finding(self) -> Self {
        Self {
            role: CheckRole::Finding,
            ..self
        }
    }

    /// The same of what holds under a kinetic energy; under one that is not the papers' they do not say it.
    #[must_use]
    pub fn under(self, kinetic: Kinetic) -> Self {
        if Kinetic::PAPER.contains(&kinetic) || self.role != CheckRole::Statement {
            self
        } else {
            self.finding()
        }
    }

    /// The same of a statement that is known not to hold.
    #[must_use]
    pub fn refuted(self) -> Self {
        Self {
            role: CheckRole::Finding,
            expected: false,
            ..self
        }
    }
}

impl std::fmt::Display for CheckBound {
    /// `at most 1e-12`; `between 1.85 and 2.15, and is known not to be`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            relation, expected, ..
        } = self;
        write!(f, "{} {}", relation.name(), short(relation.bound()))?;
        if let Some(upper) = relation.upper() {
            write!(f, " and {}", short(upper))?;
        }
        if *expected {
            Ok(())
        } else {
            write!(f, ", and is known not to be")
        }
    }
}

/// What was measured for a check.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct CheckedNumber {
    /// What the check is known by, once in a target.
    pub check: String,
    /// The paper (P or G) and the place in it.
    pub lemma: String,
    /// What is claimed and what the number is, in words.
    pub statement: String,
    /// The number; `None` if it is none.
    pub measured: Option<f64>,
    /// The interval of its mean, at 95 %, where it is a mean over problems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// What the number was made of, for a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<Trace>,
}

/// Points that a check's number was made of.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Trace {
    /// What the points are of.
    pub of: String,
    /// (x, y); what they are, stands with the family.
    pub points: Vec<(f64, f64)>,
}

impl CheckedNumber {
    /// For the check of this name, of a place in a paper, in words.
    pub fn new(
        check: impl Into<String>,
        lemma: &str,
        statement: impl Into<String>,
        measured: f64,
    ) -> Self {
        Self {
            check: check.into(),
            lemma: lemma.to_owned(),
            statement: statement.into(),
            // JSON has no infinity.
            measured: Some(measured).filter(|number| number.is_finite()),
            interval: None,
            traces: Vec::new(),
        }
    }

    /// The same with points for a picture.
    #[must_use]
    pub fn traced(mut self, of: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.traces.push(Trace {
            of: of.into(),
            points,
        });
        self
    }

    /// The same with the interval of the mean that it is.
    #[must_use]
    pub fn within(self, interval: Option<(f64, f64)>) -> Self {
        Self { interval, ..self }
    }
}

/// A check that was made: a line of the journal, its bound noted beside the number.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Check {
    /// What was measured.
    #[serde(flatten)]
    pub number: CheckedNumber,
    /// What it has to be.
    #[serde(flatten)]
    pub bound: CheckBound,
}

impl Check {
    /// Whether the number is what it has to be; `None` where there is no number.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        let measured = self.number.measured?;
        Some(self.bound.relation.holds(measured))
    }

    /// Whether it came out as it is known to. What is no number never does.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        self.holds() == Some(self.bound.expected)
    }

    /// What was measured and what it had to be: `3.1e-16 (at most 1e-12)`.
    #[must_use]
    pub fn comparison(&self) -> String {
        let measured = self
            .number
            .measured
            .map_or_else(|| "no number".into(), short);
        format!("{measured} ({})", self.bound)
    }
}

/// Three digits, in powers of ten where it is far from one.
#[must_use]
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-2..1e4).contains(&size) => format!("{value:.1e}"),
        _ => {
            let text = format!("{value:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

schema! {
    /// One check: `rows.parquet`, `rows.csv`.
    CheckRow {
        experiment: String, "", "The target that this row belongs to.";
        profile: String, "", "The plan's profile it was run with.";
        cell: String, "", "The cell's key, under which the journal holds the family's checks.";
        family: String, "", "Checks that are made together.";
        check: String, "", "What the check is known by, once in a target.";
        lemma: String, "", "P (Frictionless Hamiltonian Descent with Discretization) or G (Exposition on the connections), and the place.";
        role: String, "", "statement: the paper's; control: shows that the measure tells; finding: where the paper's text is not so, or what it does not say.";
        statement: String, "", "What is claimed, and what the number is.";
        measured: Option<f64>, "", "The number; none if it was not finite or the family failed.";
        measured_low: Option<f64>, "", "The lower end of its interval over problems (Student's t, 95 %), where it is a mean over problems.";
        measured_high: Option<f64>, "", "The upper end.";
        relation: Option<String>, "", "at most, at least, or between: from the plan, whatever the journal says.";
        bound: Option<f64>, "", "The bound, or the lower of two; from the plan too.";
        bound_high: Option<f64>, "", "The upper of two bounds.";
        holds: Option<bool>, "", "Whether the number is what it has to be; none where there is no number, or the row failed.";
        expected: Option<bool>, "", "Whether it is known to be; false of statements known to be wrong.";
        as_expected: bool, "", "Whether it came out as it is known to.";
        status: String, "", "complete, or failed with its reason: the family could not be run, or the journal has the check otherwise than the plan.";
    }
}

schema! {
    /// A point of what a check's number was made of: `traces.parquet`, `traces.csv`.
    TraceRow {
        family: String, "", "Checks that are made together.";
        check: String, "", "The check.";
        of: String, "", "What the point is of.";
        x: f64, "", "Step size of an energy error; iteration of an error.";
        y: f64, "", "Largest |H - H_0| of a flow; error of an iterate, of the first.";
    }
}

schema! {
    /// How many checks of a role there are: `summary.parquet`, `summary.csv`.
    SummaryRow {
        role: String, "", "statement, control, finding, or all.";
        checks: u64, "", "How many there are.";
        holding: u64, "", "How many hold.";
        as_expected: u64, "", "How many came out as they are known to.";
        all_as_expected: bool, "", "Whether they all did.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(measured: f64, bound: CheckBound) -> Check {
        Check {
            number: CheckedNumber::new("c", "P", "s", measured),
            bound,
        }
    }

    #[test]
    fn a_number_on_the_bound_holds_and_one_beyond_it_does_not() {
        assert_eq!(check(1.0, CheckBound::at_most(1.0)).holds(), Some(true));
        assert_eq!(check(1.1, CheckBound::at_most(1.0)).holds(), Some(false));
        assert_eq!(check(0.9, CheckBound::at_least(1.0)).holds(), Some(false));
        assert_eq!(
            check(2.0, CheckBound::between((1.8, 2.2))).holds(),
            Some(true)
        );
        assert_eq!(
            check(2.3, CheckBound::between((1.8, 2.2))).holds(),
            Some(false)
        );
    }

    #[test]
    fn what_is_no_number_neither_holds_nor_fails() {
        for number in [f64::NAN, f64::INFINITY] {
            for bound in [CheckBound::at_most(1.0), CheckBound::at_least(1.0)] {
                assert_eq!(check(number, bound).holds(), None);
                assert!(!check(number, bound).as_expected());
                assert!(!check(number, bound.refuted()).as_expected());
            }
        }
    }

    #[test]
    fn the_journal_keeps_number_and_bound_side_by_side() {
        let check = check(0.5, CheckBound::at_most(1.0).control());
        let json = serde_json::to_value(&check).unwrap();
        assert_eq!(json["role"], "control");
        assert_eq!(json["relation"]["at-most"], 1.0);
        assert_eq!(serde_json::from_value::<Check>(json).unwrap(), check);
    }
}
