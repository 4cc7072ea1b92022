//! A document with one of everything, and markup where text belongs.

use crate::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use claims::{ClaimKind as Of, ClaimRow, Paper, RuleKind, Verdict};
use rows::{Column, Frame, Kind, Value};

const COLUMNS: &[Column] = &[Column {
    name: "wall_s",
    unit: "s",
    what: "Wall time.",
    kind: Kind::Real,
}];

pub fn document(target: &str) -> Document {
    let speedups = Table::of(&["a8a"])
        .words("data set", |name| *name)
        .numbers("speedup", |_| "<1.2x|2>")
        .build();
    let cells = Table::of(&["cpu:1"]).words("on", |on| *on).build();
    let series = Series::line("W=4 <copy>", [(0.0, 1.0), (1.0, 0.5)]);
    Document {
        target: target.into(),
        title: "Windows & <workers>".into(),
        source: "Table 2".into(),
        profile: "smoke".into(),
        banner: Some("SURROGATE DATA: a8a generated".into()),
        blocks: vec![
            Block::Heading("As the paper prints it".into()),
            TableBlock::new("Speedups", speedups, "*Depth* is counted.").into(),
            Block::List(vec!["a8a: reproduced".into()]),
            Block::Heading("Every cell".into()),
            TableBlock::new("", cells, "").not_in_terminal().into(),
            Block::Text("A <text>.".into()),
            FigureBlock::new(
                "loss-time",
                "loss [nats] against time",
                Figure::new("Loss", Axis::linear("s"), Axis::log("nats"))
                    .panels([Panel::new("a8a", [series])]),
            )
            .into(),
        ],
        frames: vec![Frame {
            name: "rows".into(),
            columns: COLUMNS.to_vec(),
            rows: vec![vec![Value::Real(Some(1.0))]],
        }],
        failures: vec!["a8a W=4: out of <memory>".into()],
        provenance: vec![
            "A <cpu> with 2 cores".into(),
            "a8a (**SURROGATE**: no <network>; split `upstream`)".into(),
        ],
        plan: "flow:\n  steps: 20 # <S>\n".into(),
    }
}

pub fn claims() -> Vec<ClaimRow> {
    let row = |id: &str, paper: Paper, kind: Of, verdict: Verdict| ClaimRow {
        claim: id.into(),
        kind,
        sentence: id.into(),
        paper,
        place: "Table 2".into(),
        says: format!("{id} is <faster>|better"),
        target: "table2".into(),
        judge: RuleKind::InRange,
        verdict,
        in_short: "2.2x, not 1.95x".into(),
        asks: "the speedup is <1.95x>".into(),
        note: "2.2x, not 1.95x".into(),
        beside: (verdict == Verdict::NotTestable).then(|| "at equal step: partly (so)".into()),
        rows: "a8a-4".into(),
        pairs: None,
        comparisons: None,
        decided: None,
        p: None,
    };
    vec![
        row("hd-1", Paper::P, Of::Statement, Verdict::Reproduced),
        row("par-1", Paper::G, Of::Statement, Verdict::NotTestable),
        row("hd-2", Paper::P, Of::Control, Verdict::Reproduced),
    ]
}
