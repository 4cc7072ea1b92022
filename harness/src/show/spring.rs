//! How the spring is shown: what its energies say, Figure 1, and the energies.

use lab::experiments::spring::{SpringRow, SpringRows, SpringSummary};
use report::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use rows::Frame;

/// Makes the report.
pub fn document(rows: SpringRows) -> Document {
    let mut blocks = vec![
        Block::List([findings(&rows.summary), rows.diverged].concat()),
        Block::Table(table(&rows.summary)),
    ];
    if !rows.steps.is_empty() {
        blocks.extend(figures(&rows.steps).map(Block::Figure));
    }
    Document {
        blocks,
        failures: rows.failures,
        frames: vec![
            Frame::of("rows", &rows.steps),
            Frame::of("summary", &rows.summary),
        ],
        ..Document::default()
    }
}

/// What the energies say of the text: the figure is said to show that the Euler method conserves
/// energy.
fn findings(summary: &[SpringSummary]) -> Vec<String> {
    let line = |row: &SpringSummary| {
        let kept = format!(
            "over {} steps the mean energy of an oscillation goes to {} of what it was",
            row.steps,
            energy(row.energy_ratio)
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
    let mut table = Table::new(&[
        "scaling",
        "method",
        "coefficient",
        "first",
        "last",
        "least",
        "largest",
        "ratio",
    ]);
    for row in summary {
        table.push(vec![
            row.scaling.clone(),
            row.method.clone(),
            format!("{:.3}", row.coefficient),
            energy(row.energy_first),
            energy(row.energy_last),
            energy(row.energy_min),
            energy(row.energy_max),
            energy(row.energy_ratio),
        ]);
    }
    TableBlock {
        caption: "Energy".into(),
        table,
        note: "*First* and *last* are means over an oscillation. The energy of symplectic Euler \
               oscillates within one, as its step is long; what it conserves is the mean."
            .into(),
        in_terminal: true,
    }
}

/// Position and energy over steps, a panel a scaling.
fn figures(rows: &[SpringRow]) -> impl Iterator<Item = FigureBlock> {
    type Of = fn(&SpringRow) -> f64;
    let both: [(&str, &str, Of); 2] = [
        ("position", "position x", |row| row.position),
        ("energy", "energy ½kx² + P²/(2h)", |row| row.energy),
    ];
    let mut scalings: Vec<&str> = rows.iter().map(|row| row.scaling.as_str()).collect();
    scalings.dedup();
    let panel = move |scaling: &str, of: Of| {
        let rows = || rows.iter().filter(|row| row.scaling == scaling);
        let mut methods: Vec<&str> = rows().map(|row| row.method.as_str()).collect();
        methods.dedup();
        let series = methods.into_iter().map(|method| {
            let points = rows().filter(|row| row.method == method);
            Series::line(method, points.map(|row| (row.step as f64, of(row))))
        });
        Panel::new(format!("scaling {scaling}"), series)
    };
    both.into_iter().map(move |(name, label, of)| FigureBlock {
        name: format!("figure1-{name}"),
        alt: format!("{label} of the three methods over the steps, a panel a scaling"),
        figure: Figure::new(
            format!("A spring: {name}"),
            Axis::linear("step"),
            Axis::linear(label),
        )
        .panels(scalings.iter().map(|scaling| panel(scaling, of))),
    })
}

/// Three digits, also of small numbers.
fn energy(value: f64) -> String {
    match value.abs() {
        size if size < 1e-2 => format!("{value:.1e}"),
        _ => format!("{value:.3}"),
    }
}
