//! A document with one of everything, and markup where text belongs.

use super::{Axis, Block, Document, Figure, FigureBlock, Panel, Series, Table, TableBlock};
use crate::claims::{ClaimRow, Kind as Of, Verdict};
use crate::environment::Environment;
use crate::manifest::{Data, Manifest};
use crate::paper::Paper;
use crate::rows::{Column, Frame, Kind, Value};

const COLUMNS: &[Column] = &[Column {
    name: "wall_s",
    unit: "s",
    what: "Wall time.",
    kind: Kind::Real,
}];

pub fn document(target: &str) -> Document {
    let mut speedups = Table::new(&["data set", "speedup"]);
    speedups.push(vec!["a8a".into(), "<1.2x|2>".into()]);
    let mut cells = Table::new(&["on"]);
    cells.push(vec!["cpu:1".into()]);
    let table = |caption: &str, table, note: &str, in_terminal| {
        Block::Table(TableBlock {
            caption: caption.into(),
            table,
            note: note.into(),
            in_terminal,
        })
    };
    let series = Series::line("W=4 <copy>", [(0.0, 1.0), (1.0, 0.5)]);
    Document {
        target: target.into(),
        title: "Windows & <workers>".into(),
        source: "Table 2".into(),
        banner: Some("SURROGATE DATA: a8a generated".into()),
        blocks: vec![
            Block::Heading("As the paper prints it".into()),
            table("Speedups", speedups, "*Depth* is counted.", true),
            Block::List(vec!["a8a: reproduced".into()]),
            Block::Heading("Every cell".into()),
            table("", cells, "", false),
            Block::Text("A <text>.".into()),
            Block::Figure(FigureBlock {
                name: "loss-time".into(),
                alt: "loss [nats] against time".into(),
                figure: Figure::new("Loss", Axis::linear("s"), Axis::log("nats"))
                    .panel(Panel::new("a8a").series(series)),
            }),
        ],
        frames: vec![Frame {
            name: "rows".into(),
            columns: COLUMNS.to_vec(),
            rows: vec![vec![Value::Real(Some(1.0))]],
        }],
        failures: vec!["a8a W=4: out of <memory>".into()],
    }
}

pub fn manifest() -> Manifest {
    let text = |t: &str| t.to_owned();
    Manifest {
        command: vec![text("harness"), text("reproduce")],
        started_at: 0,
        ended_at: None,
        target: text("table2"),
        profile: text("smoke"),
        datasets: vec![text("a8a")],
        plan: text("flow:\n  steps: 20 # <S>\n"),
        plan_sha256: text("cafe"),
        devices: text("cpu"),
        seed: 7,
        registry_sha256: text("beef"),
        data: vec![Data {
            dataset: text("a8a"),
            split: text("upstream"),
            source: text("surrogate"),
            surrogate_reason: Some(text("no <network>")),
            shape: [100, 50, 123, 2],
            test_is_train: false,
            digest: text("0123"),
            files: Vec::new(),
        }],
        cells: Vec::new(),
        copied: Vec::new(),
        theory_checks: Some(71),
        environment: Environment {
            version: text("0.1.0"),
            commit: text("abcdef"),
            sources: text("5eed"),
            build_profile: text("release"),
            rustc: text("rustc 1.95.0"),
            crates: [(text("candle-core"), text("0.11.1"))].into(),
            os: text("Linux"),
            cpu: text("A <cpu>"),
            cores: 2,
            threads: 2,
            memory_bytes: 8 << 30,
            gpus: vec![text("cuda:0 A <GPU>, 1.0 GiB, compute capability 9.0")],
            gpu_driver: Some(text("580.1")),
            gpu_clocks: None,
            cuda: Some(text("13.0")),
            cublas: Some(text("13.0.2")),
            cudnn: Some(text("9.21.0")),
        },
        rates: None,
        paper: Paper::from_yaml(include_str!("../../../configs/paper.yaml")).unwrap(),
    }
}

pub fn claims() -> Vec<ClaimRow> {
    let row = |id: &str, paper: &str, kind: Of, verdict: Verdict| ClaimRow {
        claim: id.into(),
        kind,
        sentence: id.into(),
        paper: paper.into(),
        place: "Table 2".into(),
        says: format!("{id} is <faster>|better"),
        target: "table2".into(),
        judge: "value".into(),
        verdict,
        note: "2.2x, not 1.95x".into(),
        beside: (verdict == Verdict::NotTestable).then(|| "at equal step: partly (so)".into()),
        rows: "a8a-4".into(),
        pairs: None,
        comparisons: None,
        decided: None,
        p: None,
    };
    vec![
        row("hd-1", "P", Of::Statement, Verdict::Reproduced),
        row("par-1", "G", Of::Statement, Verdict::NotTestable),
        row("hd-2", "P", Of::Control, Verdict::Reproduced),
    ]
}
