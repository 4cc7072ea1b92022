//! A check: one number that a statement of the papers fixes or bounds, with what it has to be.

use crate::rows::schema;
use serde::{Deserialize, Serialize};

/// What a check is there for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A statement of a paper, or what follows from it.
    Statement,
    /// Something that has to fail the statement, so that holding means something.
    Control,
    /// Where a paper's text says more than is so or something else, or what it does not say.
    Finding,
}

impl Role {
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

/// A check that was made.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Check {
    /// What it is known by, once in a target.
    pub check: String,
    /// The paper (P or G) and the place in it.
    pub lemma: String,
    /// What it is there for.
    pub role: Role,
    /// What is claimed and what the number is, in words.
    pub statement: String,
    /// The number; `None` if it is none.
    pub measured: Option<f64>,
    /// What it has to be.
    pub relation: Relation,
    /// Whether it is known to be that; false of statements that are known to be wrong.
    pub expected: bool,
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

impl Check {
    /// A statement of a paper.
    pub fn new(
        check: impl Into<String>,
        lemma: &str,
        statement: impl Into<String>,
        measured: f64,
        relation: Relation,
    ) -> Self {
        Self {
            check: check.into(),
            lemma: lemma.to_owned(),
            role: Role::Statement,
            statement: statement.into(),
            // JSON has no infinity.
            measured: Some(measured).filter(|number| number.is_finite()),
            relation,
            expected: true,
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

    /// The same as a control.
    #[must_use]
    pub fn control(self) -> Self {
        Self {
            role: Role::Control,
            ..self
        }
    }

    /// The same as a finding.
    #[must_use]
    pub fn finding(self) -> Self {
        Self {
            role: Role::Finding,
            ..self
        }
    }

    /// The same as a statement that is known not to hold.
    #[must_use]
    pub fn refuted(self) -> Self {
        Self {
            role: Role::Finding,
            expected: false,
            ..self
        }
    }

    /// Whether the number is what it has to be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured
            .is_some_and(|measured| self.relation.holds(measured))
    }

    /// Whether it came out as it is known to. What is no number never does.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        self.measured.is_some() && self.holds() == self.expected
    }

    /// What was measured and what it had to be: `3.1e-16 (at most 1e-12)`.
    #[must_use]
    pub fn comparison(&self) -> String {
        let measured = self.measured.map_or_else(|| "no number".into(), short);
        let (relation, bound) = (self.relation.name(), short(self.relation.bound()));
        match self.relation.upper() {
            Some(upper) => format!("{measured} ({relation} {bound} and {})", short(upper)),
            None => format!("{measured} ({relation} {bound})"),
        }
    }
}

/// Three digits, in powers of ten where it is far from one.
pub(super) fn short(value: f64) -> String {
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
        relation: Option<String>, "", "at most, at least, or between.";
        bound: Option<f64>, "", "The bound, or the lower of two.";
        bound_high: Option<f64>, "", "The upper of two bounds.";
        holds: bool, "", "Whether the number is what it has to be.";
        expected: Option<bool>, "", "Whether it is known to be; false of statements known to be wrong.";
        as_expected: bool, "", "Whether it came out as it is known to.";
        status: String, "", "complete, or failed with its reason.";
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

    fn check(measured: f64, relation: Relation) -> Check {
        Check::new("c", "P", "s", measured, relation)
    }

    #[test]
    fn a_number_on_the_bound_holds_and_one_beyond_it_does_not() {
        assert!(check(1.0, Relation::AtMost(1.0)).holds());
        assert!(!check(1.1, Relation::AtMost(1.0)).holds());
        assert!(!check(0.9, Relation::AtLeast(1.0)).holds());
        assert!(check(2.0, Relation::Between(1.8, 2.2)).holds());
        assert!(!check(2.3, Relation::Between(1.8, 2.2)).holds());
    }

    #[test]
    fn what_is_no_number_holds_under_no_relation() {
        for number in [f64::NAN, f64::INFINITY] {
            for relation in [Relation::AtMost(1.0), Relation::AtLeast(1.0)] {
                assert!(!check(number, relation).holds());
                assert!(!check(number, relation).refuted().as_expected());
            }
        }
    }
}
