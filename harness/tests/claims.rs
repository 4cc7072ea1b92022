//! The published claims beside the rows that they are judged on.

use claims::Claims;
use lab::experiments::descent::{DescentMarkRow, DescentRow};
use lab::experiments::training::TrainingRow;
use lab::experiments::{checks::CheckRow, counts::CountRow};
use lab::experiments::{idealized::SlopeRow, spring::SpringSummary, windows::WindowRow};
use rows::Schema;

#[test]
fn the_published_claims_fit_the_schemas_of_the_rows_they_are_judged_on() {
    let claims = Claims::from_yaml(include_str!("../../configs/claims.yaml")).unwrap();
    let frames = [
        ("table1", "rows", CountRow::COLUMNS),
        ("table2", "rows", WindowRow::COLUMNS),
        ("fig2", "rows", DescentRow::COLUMNS),
        ("fig3", "rows", DescentRow::COLUMNS),
        ("fig4", "rows", TrainingRow::COLUMNS),
        ("fig5", "rows", WindowRow::COLUMNS),
        ("fig6", "rows", WindowRow::COLUMNS),
        ("fig7", "rows", DescentRow::COLUMNS),
        ("fig7", "marks", DescentMarkRow::COLUMNS),
        ("fig8", "rows", DescentRow::COLUMNS),
        ("fig8", "marks", DescentMarkRow::COLUMNS),
        ("fig9", "rows", WindowRow::COLUMNS),
        ("ablation", "rows", WindowRow::COLUMNS),
        ("lemmas", "rows", CheckRow::COLUMNS),
        ("coordinate", "rows", CheckRow::COLUMNS),
        ("idealized", "slopes", SlopeRow::COLUMNS),
        ("spring", "summary", SpringSummary::COLUMNS),
    ];
    for (target, frame, columns) in frames {
        let unknown = claims.unknown_columns(target, frame, columns);
        assert_eq!(unknown, Vec::<String>::new(), "{target} {frame}");
    }
    assert!(
        !claims
            .unknown_columns("fig2", "rows", WindowRow::COLUMNS)
            .is_empty()
    );
}
