//! Texts in YAML: plans, registries and claims.

use crate::edits::choice;
use claims::{Claims, TargetRows, judge};
use datasets::{DataPolicy, Dataset, Library, LibraryOptions, Registry, Silent};
use lab::configs::Configs;
use lab::device::{Machine, Request};
use lab::experiments::{self, Data, Need};
use lab::plan::{Layers, Plan};
use rows::{Column, Frame, Kind, Value};
use std::sync::LazyLock;

/// Most cells that a plan may list before something has refused it.
const CELLS: usize = 2_000_000;

/// A plan, or settings of one of the project's own: refused, or one that written down again is the same, and
/// whose cells can be listed.
///
/// # Panics
/// If that does not hold.
pub fn plan(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let layers = match usize::from(chosen) {
        0..100 => Layers::of(text),
        own => {
            let settings: Vec<String> = text.lines().map(str::to_owned).collect();
            let target = PLANS[own % PLANS.len()].as_str();
            let plan = Configs::compiled_in().plan(target);
            plan.map(|layers| layers.profile(Some("smoke")).set(&settings))
        }
    };
    let Ok(plan) = layers.and_then(Layers::plan) else {
        return;
    };
    let resolved = plan.resolved().expect("a plan that can be written");
    let again = Plan::from_yaml(&resolved, &[], Some(&plan.profile.name));
    let again = again.and_then(|plan| plan.resolved());
    assert_eq!(
        again.ok().as_deref(),
        Some(resolved.as_str()),
        "written and read"
    );
    let Ok(experiment) = experiments::of(&plan) else {
        return;
    };
    let mut data = Vec::new();
    for need in experiment.needs() {
        match need {
            Need::Rows { .. } => data.push(Data::Rows(ROWS.clone())),
            Need::Images { .. } => return,
        }
    }
    if let Ok(units) = experiment.units(&MACHINE, &data) {
        let cells: usize = units.iter().map(|unit| unit.cells.len()).sum();
        assert!(cells <= CELLS, "{cells} cells");
        for unit in &units {
            let data = unit.data.map(|place| &data[place]);
            let _ = experiment.effort(&unit.cells, data);
        }
    }
}

static PLANS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let summaries = Configs::compiled_in()
        .summaries()
        .expect("the project's plans");
    summaries.into_iter().map(|plan| plan.target).collect()
});

static MACHINE: LazyLock<Machine> =
    LazyLock::new(|| Machine::open(Request::Cpu { workers: None }).expect("a processor"));

/// Six rows of four columns.
static ROWS: LazyLock<Dataset> = LazyLock::new(|| {
    let folder = tempfile::TempDir::new().expect("a folder");
    let text = "1 1:1 3:1\n0 2:1\n1 1:1 4:1\n0 3:1\n1 1:1\n0 2:1 4:1\n";
    std::fs::write(folder.path().join("rows"), text).expect("a file");
    let registry = Registry::from_yaml(
        "datasets: {rows: {features: 4, classes: 2, files: {train: {name: rows}}}}",
    );
    let options = LibraryOptions {
        data_dir: Some(folder.path().into()),
        cache_dir: Some(folder.path().join("cache")),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    let library = Library::new(registry.expect("a registry"), options);
    library.load("rows", None, &Silent).expect("rows")
});

/// A registry: refused and left as it was, or one whose names are names and whose splits lie within their files.
///
/// # Panics
/// If that does not hold.
pub fn registry(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut all =
        Registry::from_yaml("datasets: {a: {features: 1, classes: 2, files: {train: {name: a}}}}")
            .expect("a registry");
    match all.extend_from_yaml(text) {
        Err(_) => assert_eq!(all.names(), ["a"], "a refused registry leaves nothing"),
        Ok(()) => {
            for name in all.names() {
                let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                assert!(
                    name.chars().all(plain) && !name.starts_with('.'),
                    "{name:?}"
                );
                let spec = all.get(name).expect("what is listed is there");
                for file in spec.files() {
                    let parts =
                        file.name.contains(['/', '\\']) || file.name.contains(char::is_control);
                    assert!(!parts && file.name != "..", "{:?}", file.name);
                }
                spec.split(None).expect("a default split");
            }
            for name in all.image_names() {
                all.images(name).expect("what is listed is there");
            }
        }
    }
}

/// Claims, judged on rows with every kind of number in them: refused, or a verdict for each.
///
/// # Panics
/// If that does not hold.
pub fn claims(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    if let Ok(claims) = Claims::from_yaml(text) {
        let columns = COLUMNS.map(|(name, kind)| Column {
            name,
            unit: "",
            what: "",
            kind,
        });
        let frame = Frame {
            name: "rows".into(),
            columns: columns.to_vec(),
            rows: (0..u64::from(chosen)).map(row).collect(),
        };
        let _ = claims.unknown_columns("t", "rows", &columns);
        let rows = TargetRows {
            target: "t".into(),
            untestable: None,
            frames: vec![frame],
        };
        let judged = judge(&claims, &[&rows]);
        assert_eq!(judged.len(), claims.claims.len());
        let _ = claims::headline(&judged);
        let _ = claims::tallies(&judged);
    }
}

/// Names of columns, and what is in them.
const COLUMNS: [(&str, Kind); 8] = [
    ("dataset", Kind::Text),
    ("source", Kind::Text),
    ("start", Kind::Count),
    ("x", Kind::Real),
    ("y", Kind::Real),
    ("low", Kind::Real),
    ("high", Kind::Real),
    ("same", Kind::Flag),
];

fn row(index: u64) -> Vec<Value> {
    const NUMBERS: [f64; 9] = [
        1.0,
        2.0,
        0.5,
        0.0,
        -1.5,
        f64::INFINITY,
        f64::NAN,
        1e300,
        f64::MIN_POSITIVE,
    ];
    let value = |(column, (_, kind)): (usize, &(&str, Kind))| {
        let drawn = (index + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(7 * column as u32 + 3);
        let none = drawn.is_multiple_of(11) && index > 8;
        // Few rows are ordinary ones.
        let most = if index < 8 { 3 } else { NUMBERS.len() };
        match kind {
            Kind::Text if column == 0 => Value::Text(Some(["a", "b"][(index % 2) as usize].into())),
            Kind::Text => Value::Text((!none).then(|| "real".into())),
            Kind::Count => Value::Count((!none).then_some(index / 2)),
            Kind::Real => Value::Real((!none).then(|| NUMBERS[(drawn % most as u64) as usize])),
            Kind::Flag => Value::Flag((!none).then_some(!drawn.is_multiple_of(4))),
        }
    };
    COLUMNS.iter().enumerate().map(value).collect()
}
