//! Tables of one's own: CSV, Parquet and NumPy's arrays, right and wrong.

use std::fs;
use std::path::Path;

use datasets::{DataPolicy, Dataset, Registry, Silent};

use crate::common::{Notes, gzip, library};

/// Loads a data set `mine` of a registry's entry, whose files are these.
fn load(entry: &str, files: &[(&str, &[u8])]) -> Result<Dataset, String> {
    load_with(entry, files, &Notes::default())
}

fn load_with(entry: &str, files: &[(&str, &[u8])], notes: &Notes) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let registry = format!("datasets:\n  mine: {entry}\n");
    let path = folder.path().join("mine.yaml");
    fs::write(&path, registry).unwrap();
    let mut registry = Registry::from_yaml("datasets: {}").unwrap();
    registry
        .extend_from_file(&path)
        .map_err(|error| error.to_string())?;
    let library = library(registry, folder.path(), DataPolicy::Real);
    let loaded = library.load("mine", None, notes);
    loaded.map_err(|error| {
        error
            .to_string()
            .replace(folder.path().to_str().unwrap(), "")
    })
}

fn classes(data: &Dataset) -> &[u32] {
    data.train.labels.classes().unwrap()
}

const ENTRY: &str = "{label: outcome, files: {train: {path: mine.csv}}}";
const CSV: &str =
    "age,outcome,city,income\n30,yes,Bern,1.5\n40,no,Rome,0\n50,yes,\"Ber, lin\",-2\n";

#[test]
fn a_csv_has_its_columns_of_numbers_as_features_and_its_labels_as_classes() {
    let notes = Notes::default();
    let data = load_with(ENTRY, &[("mine.csv", CSV.as_bytes())], &notes).unwrap();
    assert_eq!(data.feature_names, ["age", "income"]);
    assert_eq!(data.class_names, ["no", "yes"]);
    assert_eq!((data.features, data.classes(), data.outputs()), (2, 2, 2));
    assert_eq!(classes(&data), [1, 0, 1]);
    assert_eq!(data.train.to_dense(), [30.0, 1.5, 40.0, 0.0, 50.0, -2.0]);
    assert!(data.test_is_train);
    let told = notes.all().join("\n");
    assert!(
        told.contains("left out, as they hold no numbers: city"),
        "{told}"
    );
}

#[test]
fn columns_and_classes_may_be_named_and_the_file_compressed_or_of_windows() {
    let entry = "{label: outcome, columns: [income], labels: {yes: 0, no: 1}, files: {train: {path: mine.csv.gz}}}";
    let data = load(entry, &[("mine.csv.gz", &gzip(CSV.as_bytes()))]).unwrap();
    assert_eq!(data.feature_names, ["income"]);
    assert_eq!(
        (classes(&data), &data.class_names[..]),
        (&[0, 1, 0][..], &["yes".into(), "no".into()][..])
    );
    let windows = format!(
        "\u{feff}{}",
        CSV.replace('\n', "\r\n").replace("no", " no ")
    );
    let of_windows = load(ENTRY, &[("mine.csv", windows.as_bytes())]).unwrap();
    assert_eq!(of_windows.class_names, ["no", "yes"]);
    assert_eq!(of_windows.train.to_dense().len(), 6);
    let semicolons = CSV.replace("Ber, lin", "x").replace(',', ";");
    let entry = "{label: outcome, files: {train: {path: mine.csv, delimiter: ';'}}}";
    assert_eq!(
        load(entry, &[("mine.csv", semicolons.as_bytes())])
            .unwrap()
            .features,
        2
    );
    let tabs = semicolons.replace(';', "\t");
    let entry = "{label: outcome, files: {train: {path: mine.tsv}}}";
    assert_eq!(
        load(entry, &[("mine.tsv", tabs.as_bytes())])
            .unwrap()
            .features,
        2
    );
}

#[test]
fn any_two_values_are_two_classes_in_text_too() {
    for (values, names) in [
        (["0", "1"], ["0", "1"]),
        (["1", "-1"], ["-1", "1"]),
        (["spam", "ham"], ["ham", "spam"]),
        (["true", "false"], ["false", "true"]),
    ] {
        let csv = format!("y,x\n{},1\n{},2\n", values[0], values[1]);
        let entry = "{label: y, files: {train: {path: mine.csv}}}";
        let data = load(entry, &[("mine.csv", csv.as_bytes())]).unwrap();
        assert_eq!(data.class_names, names);
    }
    // Of LIBSVM text as well, where nothing is declared.
    let entry = "{features: 2, classes: 2, files: {train: {path: mine.svm}}}";
    for (text, names, of) in [
        ("+1 1:1\n-1 2:1\n", ["-1", "1"], [1, 0]),
        ("2 1:1\n1 2:1\n", ["1", "2"], [1, 0]),
        ("0 1:1\n0 2:1\n", ["0", "1"], [0, 0]),
    ] {
        let data = load(entry, &[("mine.svm", text.as_bytes())]).unwrap();
        assert_eq!(
            (&data.class_names[..], classes(&data)),
            (&names.map(String::from)[..], &of[..])
        );
    }
    let refused = load(entry, &[("mine.svm", b"0 1:1\n1 1:1\n7 2:1\n")]).unwrap_err();
    assert!(
        refused.contains("3 different labels (0, 1, 7), but `classes` declares 2"),
        "{refused}"
    );
}

#[test]
fn labels_may_be_numbers_to_be_predicted() {
    let csv = "x,y\n1,2.5\n2,-4\n";
    let entry = "{label: y, labels: numbers, files: {train: {path: mine.csv}}}";
    let data = load(entry, &[("mine.csv", csv.as_bytes())]).unwrap();
    assert_eq!(data.train.labels.numbers().unwrap(), [2.5, -4.0]);
    assert_eq!((data.classes(), data.outputs()), (0, 1));
    assert_eq!(data.train.class_counts(0), [0; 0]);
    let entry = "{features: 1, labels: numbers, files: {train: {path: mine.svm}}}";
    // Twice, the second time from the parsed form.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.svm"), "2.5 1:1\n-4e3 1:2\n").unwrap();
    fs::write(
        folder.path().join("r.yaml"),
        format!("datasets: {{mine: {entry}}}"),
    )
    .unwrap();
    let mut registry = Registry::from_yaml("datasets: {}").unwrap();
    registry
        .extend_from_file(&folder.path().join("r.yaml"))
        .unwrap();
    let library = library(registry, folder.path(), DataPolicy::Real);
    let both = [(); 2].map(|()| library.load("mine", None, &Silent).unwrap());
    assert_eq!(both[0].train.labels.numbers().unwrap(), [2.5, -4000.0]);
    assert_eq!(both[0].train, both[1].train);
    assert_eq!(
        fs::read_dir(folder.path().join("cache/parsed"))
            .unwrap()
            .count(),
        1
    );
    let refused = load(
        "{label: y, files: {train: {path: mine.csv}}}",
        &[("mine.csv", csv.as_bytes())],
    );
    assert!(refused.unwrap_err().contains("say `labels: numbers`"));
}

#[test]
fn a_table_of_the_declared_rows_and_features_and_of_any_length_is_read() {
    let long: String = (0..40_000).map(|i| format!("{i},{}\n", i % 2)).collect();
    let entry = "{label: y, features: 1, files: {train: {path: mine.csv, rows: 40000}}}\nlimits: {line_bytes: 1000}";
    let text = format!("x,y\n{long}");
    let data = load(entry, &[("mine.csv", text.as_bytes())]).unwrap();
    assert_eq!((data.train.len(), data.features), (40_000, 1));
    assert_eq!(data.train.class_counts(1), [20_000, 20_000]);
    let short = entry.replace("40000", "39999");
    let refused = load(&short, &[("mine.csv", text.as_bytes())]).unwrap_err();
    assert!(
        refused.contains("39999") && refused.contains("40000"),
        "{refused}"
    );
    let narrow = entry.replace("features: 1", "features: 2");
    let refused = load(&narrow, &[("mine.csv", text.as_bytes())]).unwrap_err();
    assert!(refused.contains('2'), "{refused}");
}

#[test]
fn a_compressed_table_that_is_cut_short_is_not_called_a_long_line() {
    let entry = "{label: outcome, files: {train: {path: mine.csv.gz}}}";
    let whole = gzip(CSV.repeat(50).as_bytes());
    let refused = load(entry, &[("mine.csv.gz", &whole[..whole.len() / 2])]).unwrap_err();
    assert!(!refused.contains("longer than"), "{refused}");
    assert!(refused.contains("mine.csv.gz"), "{refused}");
}

#[test]
fn a_test_file_has_the_columns_of_the_training_file_in_any_order() {
    let entry = "{label: y, files: {train: {path: a.csv}, test: {path: b.csv}}}";
    let train = b"a,b,y\n1,2,no\n3,4,yes\n";
    let data = load(
        entry,
        &[("a.csv", train), ("b.csv", b"y,c,b,a\nyes,9,6,5\n")],
    )
    .unwrap();
    assert_eq!(data.test.to_dense(), [5.0, 6.0]);
    assert_eq!(data.test.labels.classes().unwrap(), [1]);
    assert_eq!(data.files.len(), 2);
    for (test, wanted) in [
        (
            &b"y,a\nyes,1\n"[..],
            "no column is called `b`; there is y, a",
        ),
        (
            b"y,a,b\nmaybe,1,2\n",
            "row 1: the label \"maybe\" is not one of no, yes",
        ),
    ] {
        let refused = load(entry, &[("a.csv", train), ("b.csv", test)]).unwrap_err();
        assert!(
            refused.contains("b.csv") && refused.contains(wanted),
            "{refused}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_csv_is_told_with_line_column_and_what_was_meant() {
    let columns = "{label: outcome, columns: [age, incme], files: {train: {path: mine.csv}}}";
    let label = "{label: Outcom, files: {train: {path: mine.csv}}}";
    for (entry, csv, wanted) in [
        (
            columns,
            CSV,
            "mine.csv, line 1: no column is called `incme`; there is age, outcome, city, income; did you mean `income`?",
        ),
        (label, CSV, "did you mean `outcome`?"),
        (ENTRY, "", "no column is called `outcome`"),
        (ENTRY, "age,outcome\n", "there are no rows"),
        (
            ENTRY,
            "age,outcome\n1,a\n2\n",
            "line 3: there are 1 values, but 2 columns",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\n2,b,c\n",
            "line 3: there are 3 values, but 2 columns",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\nold,b\n",
            "line 3, column `age`: \"old\" is not a number",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\n,b\n",
            "line 3, column `age`: there is no value",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\nNA,b\n",
            "line 3, column `age`: there is no value",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\nnan,b\n",
            "line 3, column `age`: NaN is not a finite",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\n-inf,b\n",
            "line 3, column `age`: -inf is not a finite",
        ),
        (
            ENTRY,
            "age,outcome\n1,a\n1e300,b\n",
            "column `age`: 1000000",
        ),
        (
            ENTRY,
            "age,outcome\n1,\n",
            "line 2, column `outcome`: there is no value",
        ),
        (
            ENTRY,
            "outcome,age,age\na,1,2\n",
            "two columns are called `age`",
        ),
        (
            ENTRY,
            "outcome,city\na,b\n",
            "no column but the label holds numbers; there is outcome, city",
        ),
        (ENTRY, "outcome;age\na;1\n", "if ';' separates the columns"),
        (
            ENTRY,
            "age,outcome\n1,a\n2,a\n",
            "1 different labels (a), but a classifier needs two",
        ),
    ] {
        let refused = load(entry, &[("mine.csv", csv.as_bytes())]).unwrap_err();
        assert!(refused.contains(wanted), "{wanted}\nis not in\n{refused}");
    }
    let latin = load(ENTRY, &[("mine.csv", b"age,outcome\n1,caf\xe9\n2,x\n")]).unwrap_err();
    assert!(
        latin.contains("line 2, column `outcome`: this is not UTF-8"),
        "{latin}"
    );
    // A quotation mark that is not closed makes a line of the whole file.
    let endless = format!("age,outcome\n1,\"{}\n", "x\n".repeat(1 << 20));
    let refused = load(ENTRY, &[("mine.csv", endless.as_bytes())]).unwrap_err();
    assert!(
        refused.contains("the line is longer than the limit of 1048576 bytes"),
        "{refused}"
    );
    let rows = "{label: outcome, features: 3, files: {train: {path: mine.csv, rows: 4}}}";
    let refused = load(rows, &[("mine.csv", CSV.as_bytes())]).unwrap_err();
    assert!(
        refused.contains("there are 3 rows, 4 are declared"),
        "{refused}"
    );
    let features = "{label: outcome, features: 3, files: {train: {path: mine.csv}}}";
    let refused = load(features, &[("mine.csv", CSV.as_bytes())]).unwrap_err();
    assert!(
        refused.contains("2 columns of features, 3 are declared"),
        "{refused}"
    );
}

#[test]
fn what_an_entry_of_a_table_cannot_mean_is_refused_by_its_key() {
    for (entry, wanted) in [
        ("{files: {train: {path: a.csv}}}", "mine.label: is missing"),
        (
            "{label: y, files: {train: {path: a.svm}}}",
            "mine.label: names a column",
        ),
        (
            "{label: y, columns: [y], files: {train: {path: a.csv}}}",
            "mine.columns: `y` is the label",
        ),
        (
            "{label: y, columns: [a, a], files: {train: {path: a.csv}}}",
            "mine.columns: `a` is named twice",
        ),
        (
            "{files: {train: {path: a.svm}}}",
            "mine.features: is missing",
        ),
        (
            "{label: y, labels: numbers, classes: 2, files: {train: {path: a.csv}}}",
            "mine.classes",
        ),
        (
            "{label: y, labels: number, files: {train: {path: a.csv}}}",
            "numbers",
        ),
        (
            "{label: y, files: {train: {path: a.csv}, test: {path: b.parquet}}}",
            "mine.files.test.format",
        ),
        (
            "{files: {train: {path: a.npy}}}",
            "mine.files.train.labels: an array of features",
        ),
        (
            "{files: {train: {path: a.npy, labels: {path: y.csv}}}}",
            "mine.files.train.labels: is CSV",
        ),
        (
            "{label: y, files: {train: {path: a.csv, labels: {path: y.npy}}}}",
            "mine.files.train.labels",
        ),
        (
            "{label: y, files: {train: {path: a.csv, delimiter: ä}}}",
            "mine.files.train.delimiter",
        ),
        (
            "{label: y, test: {share: 1.5}, files: {train: {path: a.csv}}}",
            "mine.test.share: 1.5",
        ),
        (
            "{label: y, test: {share: 0.5}, files: {train: {path: a.csv}, test: {path: b.csv}}}",
            "mine.test: there is a test file",
        ),
        (
            "{label: y, labels: numbers, test: {share: 0.5, stratified: true}, files: {train: {path: a.csv}}}",
            "mine.test.stratified",
        ),
        (
            "{label: y, files: {train: {path: a.csv}}, splits: {s: {train: {file: train}, test: {file: train, share: 0.5}}}}",
            "mine.splits.s.test: has to be rows of a file",
        ),
    ] {
        let refused = load(entry, &[]).unwrap_err();
        assert!(refused.contains(wanted), "{wanted}\nis not in\n{refused}");
    }
}

#[test]
fn test_rows_are_drawn_by_share_and_seed_the_same_ones_every_time() {
    let mut csv = String::from("x,y\n");
    for row in 0..100 {
        csv += &format!("{row},{}\n", if row % 10 == 0 { "rare" } else { "usual" });
    }
    let of = |test: &str| {
        let entry = format!("{{label: y, test: {test}, files: {{train: {{path: mine.csv}}}}}}");
        load(&entry, &[("mine.csv", csv.as_bytes())]).unwrap()
    };
    let data = of("{share: 0.2, seed: 7}");
    assert_eq!(
        (data.train.len(), data.test.len(), data.test_is_train),
        (80, 20, false)
    );
    assert_eq!(data.test.class_counts(2), [2, 18]);
    let mut all = [data.train.to_dense(), data.test.to_dense()].concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, (0..100).map(|row| row as f32).collect::<Vec<_>>());
    let (again, other) = (of("{share: 0.2, seed: 7}"), of("{share: 0.2, seed: 8}"));
    assert_eq!((&again.test, again.digest()), (&data.test, data.digest()));
    assert_ne!(other.test, data.test);
    assert_ne!(other.digest(), data.digest());
    assert_ne!(
        of("{share: 0.2, seed: 7, stratified: false}").digest(),
        data.digest()
    );
    // By name, beside other splits, and of some of the rows.
    let entry = "{label: y, files: {train: {path: mine.csv}}, splits: {half: {train: {file: train, rows: [0, 50]}, \
                 test: {share: 0.5, seed: 1}}}}";
    let half = load(entry, &[("mine.csv", csv.as_bytes())]).unwrap();
    assert_eq!((half.train.len(), half.test.len()), (25, 25));
    let one = load(
        "{label: y, classes: 2, test: {share: 0.5}, files: {train: {path: mine.csv}}}",
        &[("mine.csv", b"x,y\n1,0\n")],
    );
    assert!(
        one.unwrap_err()
            .contains("there is only 1 row to draw from")
    );
}

/// An array as NumPy writes it.
fn npy(description: &str, fortran: bool, shape: &str, elements: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header =
        format!("{{'descr': '{description}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(elements);
    bytes
}

const ARRAYS: &str = "{files: {train: {path: x.npy, labels: {path: y.npy}}}}";

#[test]
fn arrays_of_numpy_are_read_whatever_their_type_and_order() {
    let double: Vec<u8> = [1.0f64, 2.0, 0.0, 4.0, 5.0, -6.5]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    let labels = npy("|u1", false, "(3,)", &[0, 1, 1]);
    let x = npy("<f8", false, "(3, 2)", &double);
    let data = load(ARRAYS, &[("x.npy", &x), ("y.npy", &labels)]).unwrap();
    assert_eq!(data.train.to_dense(), [1.0, 2.0, 0.0, 4.0, 5.0, -6.5]);
    assert_eq!((classes(&data), data.files.len()), (&[0, 1, 1][..], 2));
    let x = npy("<f8", true, "(3, 2)", &double);
    let data = load(ARRAYS, &[("x.npy", &x), ("y.npy", &labels)]).unwrap();
    assert_eq!(data.train.to_dense(), [1.0, 4.0, 2.0, 5.0, 0.0, -6.5]);
    let whole: Vec<u8> = [-1i16, 300, 7, 0, 1, 2]
        .iter()
        .flat_map(|n| n.to_be_bytes())
        .collect();
    let texts: Vec<u8> = ["no", "yes", "no"]
        .iter()
        .flat_map(|text| {
            let mut characters: Vec<u32> = text.chars().map(u32::from).collect();
            characters.resize(3, 0);
            characters.into_iter().flat_map(u32::to_le_bytes)
        })
        .collect();
    let files = [
        ("x.npy", &npy(">i2", false, "(3, 2)", &whole)[..]),
        ("y.npy", &npy("<U3", false, "(3, 1)", &texts)),
    ];
    let data = load(ARRAYS, &files).unwrap();
    assert_eq!(data.train.to_dense(), [-1.0, 300.0, 7.0, 0.0, 1.0, 2.0]);
    assert_eq!(
        (data.class_names.clone(), classes(&data)),
        (vec!["no".into(), "yes".into()], &[0, 1, 0][..])
    );
}

#[test]
fn truths_are_numbers_and_texts_of_bytes_labels_but_for_an_empty_one() {
    let x = npy("|b1", false, "(3, 2)", &[1, 0, 0, 0, 1, 1]);
    let y = npy("|S3", false, "(3,)", b"no\0yesno\0");
    let data = load(ARRAYS, &[("x.npy", &x), ("y.npy", &y)]).unwrap();
    assert_eq!(data.train.to_dense(), [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    assert_eq!(data.class_names, ["no", "yes"]);
    assert_eq!(classes(&data), [0, 1, 0]);
    let y = npy("|S3", false, "(3,)", b"no\0\0\0\0yes");
    let error = load(ARRAYS, &[("x.npy", &x), ("y.npy", &y)]).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("y.npy, row 2: there is no value"), "{error}");
}

#[test]
fn arrays_that_are_not_what_they_should_be_are_refused() {
    let y = npy("|u1", false, "(2,)", &[0, 1]);
    let good = npy("|u1", false, "(2, 1)", &[3, 4]);
    assert_eq!(
        load(ARRAYS, &[("x.npy", &good), ("y.npy", &y)])
            .unwrap()
            .features,
        1
    );
    let mut long = b"\x93NUMPY\x02\x00\xff\xff\xff\x7f".to_vec();
    long.extend([b' '; 100]);
    let nan: Vec<u8> = [1.0f32, f32::NAN]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    for (x, wanted) in [
        (b"".to_vec(), "it ends in its header"),
        (b"a,b\n1,2\n0,0\n".to_vec(), "this is no array of NumPy"),
        (long, "its header is of 2147483647 bytes"),
        (
            good[..good.len() - 1].to_vec(),
            "makes 2 bytes, but there are 1: it is cut short",
        ),
        ([&good[..], b"x"].concat(), "more follow"),
        (
            npy("|O", false, "(2, 1)", b"\x80\x04K\x01."),
            "pickled Python objects, which are not read",
        ),
        (npy("<c16", false, "(2, 1)", b""), "its elements are '<c16'"),
        (
            npy("<f8", false, "(1000000000000, 1000000000000)", b""),
            "beyond any file",
        ),
        (
            npy("<f8", false, "(1000000000, 2)", b"1234"),
            "there are 4: it is cut short",
        ),
        (
            npy("|u1", false, "(2,)", &[1, 2]),
            "its shape is [2], but has to be [rows, columns]",
        ),
        (npy("|u1", false, "(2, 0)", &[]), "its shape is [2, 0]"),
        (npy("|u1", false, "(0, 2)", &[]), "there are no rows"),
        (
            npy("|u1", false, "(3, 1)", &[1, 2, 3]),
            "has to be [3], a label for each row",
        ),
        (
            npy("<f4", false, "(2, 1)", &nan),
            "x.npy, row 2, column 1: NaN is not a finite",
        ),
        (
            npy("<U1", false, "(2, 1)", b"a\0\0\0b\0\0\0"),
            "row 1, column 1: \"a\" is not a number",
        ),
        (
            npy("<U1", false, "(2, 1)", b"\xff\xff\xff\xffb\0\0\0"),
            "not UTF-8",
        ),
    ] {
        let refused = load(ARRAYS, &[("x.npy", &x), ("y.npy", &y)]).unwrap_err();
        assert!(refused.contains(wanted), "{wanted}\nis not in\n{refused}");
    }
    let records = npy("|u1', 'x': [('a', '<f8", false, "(2, 1)", &[3, 4]);
    let records = String::from_utf8_lossy(&records)
        .replace("'|u1', 'x': ", "")
        .into_bytes();
    let refused = load(ARRAYS, &[("x.npy", &records), ("y.npy", &y)]).unwrap_err();
    assert!(
        refused.contains("no array of NumPy") || refused.contains("records"),
        "{refused}"
    );
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;
    use polars::prelude::*;

    const ENTRY: &str = "{label: y, files: {train: {path: mine.parquet}}}";

    fn written(columns: Vec<Column>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let height = columns[0].len();
        let mut frame = DataFrame::new(height, columns).unwrap();
        ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
        bytes
    }

    fn good() -> Vec<u8> {
        written(vec![
            Column::new("a".into(), [1i64, 2, 3]),
            Column::new("y".into(), ["no", "yes", "no"]),
            Column::new("city".into(), ["x", "y", "z"]),
            Column::new("b".into(), [0.5f64, 0.0, -1.5]),
            Column::new("c".into(), [true, false, true]),
        ])
    }

    #[test]
    fn a_parquet_file_has_its_columns_of_numbers_as_features() {
        let data = load(ENTRY, &[("mine.parquet", &good())]).unwrap();
        assert_eq!(data.feature_names, ["a", "b", "c"]);
        assert_eq!(
            data.train.to_dense(),
            [1.0, 0.5, 1.0, 2.0, 0.0, 0.0, 3.0, -1.5, 1.0]
        );
        assert_eq!(
            (&data.class_names[..], classes(&data)),
            (&["no".into(), "yes".into()][..], &[0, 1, 0][..])
        );
        let entry =
            "{label: b, labels: numbers, columns: [c, a], files: {train: {path: mine.parquet}}}";
        let data = load(entry, &[("mine.parquet", &good())]).unwrap();
        assert_eq!(data.train.to_dense(), [1.0, 1.0, 0.0, 2.0, 1.0, 3.0]);
        assert_eq!(data.train.labels.numbers().unwrap(), [0.5, 0.0, -1.5]);
    }

    #[test]
    fn a_parquet_file_that_is_cut_or_holds_what_it_should_not_is_refused() {
        let whole = good();
        let refused =
            |entry: &str, bytes: &[u8]| load(entry, &[("mine.parquet", bytes)]).unwrap_err();
        for end in [0, 4, 11, whole.len() / 2, whole.len() - 1] {
            let said = refused(ENTRY, &whole[..end]);
            assert!(
                said.contains("no Parquet file, or it is cut short"),
                "{said}"
            );
        }
        let named = "{label: y, columns: [a, city], files: {train: {path: mine.parquet}}}";
        assert!(refused(named, &whole).contains("column `city`: is no column of numbers"));
        let named = "{label: y, columns: [aa], files: {train: {path: mine.parquet}}}";
        assert!(refused(named, &whole).contains("did you mean `a`?"));
        let missing = written(vec![
            Column::new("a".into(), [Some(1.0), None]),
            Column::new("y".into(), ["no", "yes"]),
        ]);
        assert!(refused(ENTRY, &missing).contains("row 2, column `a`: there is no value"));
        let infinite = written(vec![
            Column::new("a".into(), [1.0, f64::INFINITY]),
            Column::new("y".into(), ["no", "yes"]),
        ]);
        assert!(refused(ENTRY, &infinite).contains("row 2, column `a`: inf is not a finite"));
        // A few bytes that stand for a million rows.
        let wide = written(vec![
            Column::new_scalar("a".into(), Scalar::from(1.0f64), 1 << 20),
            Column::new_scalar("y".into(), Scalar::from(1i64), 1 << 20),
        ]);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.parquet"), &wide).unwrap();
        let registry =
            format!("limits: {{decompressed_bytes: 10000000}}\ndatasets: {{mine: {ENTRY}}}");
        assert!((wide.len() as u64) < 10_000_000, "{}", wide.len());
        assert!(told(&registry, folder.path()).contains("exceeds the limit of 10000000"));
    }

    fn told(registry: &str, folder: &Path) -> String {
        fs::write(folder.join("r.yaml"), registry).unwrap();
        let mut registry = Registry::from_yaml("datasets: {}").unwrap();
        registry.extend_from_file(&folder.join("r.yaml")).unwrap();
        let library = library(registry, folder, DataPolicy::Real);
        library.load("mine", None, &Silent).unwrap_err().to_string()
    }
}
