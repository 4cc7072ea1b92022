//! How the spring is shown: what its energies say, Figure 1, and the energies.

use super::shared::{grouped, hue, in_words};
use lab::experiments::spring::{SpringRow, SpringRows, SpringSummary};
use report::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use rows::Frame;
use rows::format::Format;

/// Makes the report.
pub fn document(rows: SpringRows) -> Document {
    let mut blocks = vec![
        Block::List([findings(&rows.summary), rows.diverged].concat()),
        table(&rows.summary).into(),
    ];
    if !rows.steps.is_empty() {
        blocks.extend(figures(&rows.steps));
    }
    let frames = vec![
        Frame::of("rows", &rows.steps),
        Frame::of("summary", &rows.summary),
    ];
    Document::made_of(blocks, frames, rows.failures)
}

/// Says what the energies mean for the text: the figure is said to show that the Euler method conserves
/// energy.
fn findings(summary: &[SpringSummary]) -> Vec<String> {
    let line = |row: &SpringSummary| {
        let kept = format!(
            "over {} steps the mean energy of an oscillation goes to {} of what it was",
            row.steps,
            Format::Energy.show(row.energy_ratio)
        );
        match row.method.as_str() {
            "symplectic-euler" => Some(format!(
                "Symplectic Euler with coefficient {}, as eqs (3.5) and (3.6) have it: {kept}.",
                row.coefficient
            )),
            "symplectic-euler-as-printed" => Some(format!(
                "Symplectic Euler as Section 5 prints it, with coefficient √h = {:.3}: {kept}. By \
                 eq. (4.5), γ = μΔt, the printed method is damped; with P = Δt·p the equations \
                 give γ = μ.",
                row.coefficient
            )),
            _ => None,
        }
    };
    summary.iter().filter_map(line).collect()
}

fn table(summary: &[SpringSummary]) -> TableBlock {
    let table = Table::of(summary)
        .words("scaling", |row| &row.scaling)
        .words("method", |row| &row.method)
        .number("coefficient", Format::Fixed(3), |row| Some(row.coefficient))
        .number("first", Format::Energy, |row| Some(row.energy_first))
        .number("last", Format::Energy, |row| Some(row.energy_last))
        .number("least", Format::Energy, |row| Some(row.energy_min))
        .number("largest", Format::Energy, |row| Some(row.energy_max))
        .number("ratio", Format::Energy, |row| Some(row.energy_ratio));
    TableBlock::new(
        "Energy",
        table.build(),
        "*First* and *last* are means over an oscillation. The energy of symplectic Euler \
         oscillates within one, as its step is long; what it conserves is the mean.",
    )
}

/// Draws position and energy over steps, a panel a scaling.
fn figures(rows: &[SpringRow]) -> [Block; 2] {
    let figure = |name: &str, label: &str, of: fn(&SpringRow) -> f64| {
        let panel = |(scaling, rows): (&String, Vec<&SpringRow>)| {
            let points = rows
                .into_iter()
                .map(|row| (&row.method, (row.step as f64, of(row))));
            let lines = grouped(points).into_iter();
            let series = lines.map(|(method, points)| {
                Series::line(in_words(method), points).hue(hue(method, false))
            });
            Panel::new(format!("Scaling: {scaling}"), series)
        };
        let panels = grouped(rows.iter().map(|row| (&row.scaling, row)));
        let (x, y) = (Axis::linear("step"), Axis::linear(label));
        FigureBlock::new(
            format!("figure1-{name}"),
            format!("{label} of the three methods over the steps, a panel a scaling"),
            Figure::new(format!("A spring: {name}"), x, y).panels(panels.into_iter().map(panel)),
        )
        .into()
    };
    [
        figure("position", "position x", |row| row.position),
        figure("energy", "energy ½kx² + P²/(2h)", |row| row.energy),
    ]
}
