//! The parser on texts that are right, and on every way of being wrong.

use datasets::libsvm::{LineProblem, ParseError, RowShape, parse};
use datasets::{LabelMap, Split};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

const FEATURES: usize = 6;

fn parse_rows(text: &[u8], rows: Option<usize>) -> Result<Split, ParseError> {
    let labels = LabelMap::new(&[(-1.0, 0), (1.0, 1)], 2).unwrap();
    let shape = RowShape {
        features: FEATURES,
        labels: Some(&labels),
        rows,
        line_bytes: 200,
    };
    parse(text, &shape)
}

fn good(text: &str) -> Split {
    parse_rows(text.as_bytes(), None).unwrap()
}

/// The line, column and reason of a refusal.
fn refusal(text: impl AsRef<[u8]>, rows: Option<usize>) -> (u64, u64, LineProblem) {
    match parse_rows(text.as_ref(), rows) {
        Err(ParseError::Line {
            line,
            column,
            problem,
        }) => (line, column, problem),
        other => panic!("not refused for a line: {other:?}"),
    }
}

#[test]
fn a_text_gives_its_rows_labels_and_values() {
    let split = good("+1 1:0.5 6:-2 \n-1 \n1 2:1e-3\n");
    assert_eq!(split.labels.classes().unwrap(), [1, 0, 1]);
    assert_eq!(split.rows.indptr(), [0, 2, 2, 3]);
    assert_eq!(split.rows.indices(), [0, 5, 1]);
    assert_eq!(split.rows.values(), [0.5, -2.0, 0.001]);
    assert_eq!(split.rows.cols(), FEATURES);
}

#[test]
fn line_ends_may_be_crlf_and_the_last_may_be_missing() {
    let split = good("1 1:1 3:1\n-1 2:1\n");
    assert_eq!(good("1 1:1 3:1\r\n-1 2:1\r\n"), split);
    assert_eq!(good("1 1:1 3:1\n-1 2:1"), split);
    assert_eq!(good("1 1:1 3:1 \t\n-1\t2:1 \r"), split);
}

#[test]
fn blank_lines_at_the_end_are_no_rows() {
    assert_eq!(good("1 1:1\n\n  \n\r\n").len(), 1);
}

#[test]
fn a_blank_line_between_rows_is_refused_with_its_line() {
    assert_eq!(
        refusal("1 1:1\n \n\n1 1:1\n", None),
        (2, 1, LineProblem::Blank)
    );
}

#[test]
fn explicit_zeros_are_not_stored() {
    let split = good("1 1:0 2:5 3:0.000 4:-0 5:0e3\n");
    assert_eq!(split.rows.indices(), [1]);
}

#[test]
fn a_zero_index_is_refused_with_its_line_and_column() {
    let found = refusal("1 1:1\n-1 0:3\n", None);
    assert_eq!(found, (2, 4, LineProblem::IndexZero));
}

#[test]
fn a_descending_index_is_refused_with_its_line_and_column() {
    let problem = LineProblem::IndexDescends {
        index: 2,
        before: 3,
    };
    assert_eq!(refusal("1 3:1 2:1\n", None), (1, 7, problem));
}

#[test]
fn a_descending_index_after_an_explicit_zero_is_refused() {
    let problem = LineProblem::IndexDescends {
        index: 2,
        before: 3,
    };
    assert_eq!(refusal("1 3:0 2:1\n", None), (1, 7, problem));
}

#[test]
fn a_repeated_index_is_refused_with_its_line_and_column() {
    let found = refusal("1 3:1 3:1\n", None);
    assert_eq!(found, (1, 7, LineProblem::IndexRepeated(3)));
}

#[test]
fn an_index_above_the_features_is_refused_however_large() {
    for index in ["7", "4294967297", "99999999999999999999999999"] {
        let problem = LineProblem::IndexTooLarge {
            index: index.into(),
            features: FEATURES,
        };
        assert_eq!(refusal(format!("1 6:1 {index}:1\n"), None), (1, 7, problem));
    }
}

#[test]
fn an_index_that_is_no_whole_number_is_refused() {
    for index in ["", "-1", "+1", "1.0", "x", "qid"] {
        let problem = LineProblem::IndexNotNumber(index.into());
        assert_eq!(refusal(format!("1 {index}:1\n"), None), (1, 3, problem));
    }
}

#[test]
fn a_value_that_is_no_number_is_refused_at_the_value() {
    for value in [
        "", "-", ".", "x", "1.2.3", "1:2", "--1", "1e", "0x10", "1,5",
    ] {
        let problem = LineProblem::ValueNotNumber(value.into());
        assert_eq!(refusal(format!("1 2:{value}\n"), None), (1, 5, problem));
    }
}

#[test]
fn a_value_that_is_not_finite_is_refused() {
    for value in ["nan", "NaN", "inf", "-inf", "infinity", "1e39", "-1e400"] {
        let problem = LineProblem::ValueNotFinite(value.into());
        assert_eq!(refusal(format!("1 2:{value}\n"), None), (1, 5, problem));
    }
}

#[test]
fn an_entry_without_a_colon_is_refused() {
    let found = refusal("1 1:1 22\n", None);
    assert_eq!(found, (1, 7, LineProblem::NoColon("22".into())));
}

#[test]
fn comments_and_a_byte_order_mark_are_passed_over() {
    let split = good("1 1:1\n-1 2:1\n");
    for text in [
        "\u{feff}1 1:1\n-1 2:1\n",
        "# by hand\n1 1:1\n-1 2:1\n",
        "\u{feff}# by hand\n1 1:1\n \t# more\n-1 2:1\n# end",
        "1 1:1 # the first\n-1 2:1\t#the second 3:1\n",
    ] {
        assert_eq!(good(text), split, "{text}");
    }
    // Only where a word begins, and a mark only where the text does.
    let found = refusal("1 1:1#2\n", None);
    assert_eq!(found, (1, 5, LineProblem::ValueNotNumber("1#2".into())));
    assert_eq!(refusal("1 1:1\n\u{feff}1 1:1\n", None).0, 2);
}

#[test]
fn a_value_may_stand_apart_from_its_colon() {
    let split = good("1 1:0.5 3:2\n-1 2:0.25\n");
    assert_eq!(good("1   1:0.50   3: 2\n-1 2:\t.25\n"), split);
    let found = refusal("1 1:1 3:\n", None);
    assert_eq!(found, (1, 9, LineProblem::ValueNotNumber(String::new())));
    let found = refusal("1 1: 2:1\n", None);
    assert_eq!(found, (1, 6, LineProblem::ValueNotNumber("2:1".into())));
    // Only behind the first colon of an entry: another makes it none.
    let found = refusal("1 3:4: 5\n", None);
    assert_eq!(found, (1, 7, LineProblem::NotText(b' ')));
}

#[test]
fn a_label_that_is_no_number_is_refused() {
    for label in ["x", "1:1", "1,2"] {
        let problem = LineProblem::LabelNotNumber(label.into());
        assert_eq!(refusal(format!("{label} 2:1\n"), None), (1, 1, problem));
    }
}

#[test]
fn a_message_repeats_forty_bytes_of_a_word_and_says_where_it_is_cut() {
    let shown = |length: usize| {
        let (_, _, problem) = refusal(format!("1 1:{}\n", "x".repeat(length)), None);
        problem
    };
    let forty = "x".repeat(40);
    assert_eq!(shown(40), LineProblem::ValueNotNumber(forty.clone()));
    let cut = format!("{forty}...");
    assert_eq!(shown(41), LineProblem::ValueNotNumber(cut.clone()));
    assert_eq!(shown(90), LineProblem::ValueNotNumber(cut));
}

#[test]
fn a_label_that_is_not_finite_is_refused() {
    for label in ["nan", "-inf"] {
        let problem = LineProblem::LabelNotFinite(label.into());
        assert_eq!(refusal(format!("{label} 2:1\n"), None), (1, 1, problem));
    }
}

#[test]
fn a_label_outside_the_map_is_refused_and_the_map_is_shown() {
    let (line, column, problem) = refusal("1 1:1\n2 1:1\n", None);
    assert_eq!((line, column), (2, 1));
    let message = problem.to_string();
    assert!(
        message.contains("\"2\"") && message.contains("-1, 1"),
        "{message}"
    );
}

#[test]
fn a_text_without_rows_is_refused() {
    for text in ["", "\n", " \n\n"] {
        assert_eq!(refusal(text, None).2, LineProblem::Empty);
    }
}

#[test]
fn more_rows_than_declared_are_refused_at_the_first_of_them() {
    let found = refusal("1 1:1\n1 1:1\n1 1:1\n", Some(2));
    assert_eq!(found, (3, 1, LineProblem::TooManyRows(2)));
}

#[test]
fn fewer_rows_than_declared_are_refused_at_the_end() {
    let problem = LineProblem::TooFewRows {
        found: 2,
        declared: 3,
    };
    assert_eq!(refusal("1 1:1\n1 1:1\n", Some(3)), (2, 1, problem));
}

#[test]
fn a_line_of_the_limit_is_taken_and_a_longer_one_refused() {
    let line = |length: usize| format!("1 1:1{}\n", " ".repeat(length - 5));
    assert_eq!(good(&line(200)).len(), 1);
    assert_eq!(good(&line(200).replace('\n', "\r\n")).len(), 1);
    let found = refusal(format!("1 1:1\n{}", line(201)), None);
    assert_eq!(found, (2, 201, LineProblem::TooLong(200)));
    // The end of a line is no part of it, even where that is longer.
    let labels = LabelMap::counting_from(0, 2);
    let shape = RowShape {
        features: 2,
        labels: Some(&labels),
        rows: None,
        line_bytes: 1,
    };
    let split = parse(&b"1\r\n0\r\n"[..], &shape).unwrap();
    assert_eq!(split.labels.classes().unwrap(), [1, 0]);
}

#[test]
fn an_endless_line_is_refused_without_reading_it_all() {
    let endless = std::io::BufReader::new(std::io::repeat(b'1'));
    let labels = LabelMap::counting_from(0, 2);
    let shape = RowShape {
        features: 2,
        labels: Some(&labels),
        rows: None,
        line_bytes: 1000,
    };
    let refused = parse(endless, &shape).unwrap_err();
    assert!(
        refused.to_string().contains("limit of 1000 bytes"),
        "{refused}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_where_they_are() {
    let cases: [(&[u8], u64, u8); 4] = [
        (b"1 1:1 \xff\xfe:2\n", 7, 0xff),
        (b"1 1:\xc3\xa9\n", 5, 0xc3),
        (b"\x00\x01\x02", 1, 0),
        (b"1 1:1\r2:3\n", 6, b'\r'),
    ];
    for (text, column, byte) in cases {
        assert_eq!(refusal(text, None), (1, column, LineProblem::NotText(byte)));
    }
}

#[test]
fn a_reader_that_fails_is_told_apart_from_a_malformed_text() {
    struct Fails;
    impl std::io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let labels = LabelMap::counting_from(0, 2);
    let shape = RowShape {
        features: 2,
        labels: Some(&labels),
        rows: None,
        line_bytes: 1000,
    };
    let failed = parse(std::io::BufReader::new(Fails), &shape);
    assert!(matches!(failed, Err(ParseError::Read(e)) if e.to_string() == "the disk is gone"));
}

#[test]
fn values_are_the_nearest_single_precision_numbers() {
    // The standard library's conversion is correctly rounded; the short way must agree to the bit.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..200_000 {
        let digits = rng.random_range(1..=9u32);
        let mantissa = rng.random_range(0..10u64.pow(digits));
        let point = rng.random_range(0..=digits as usize);
        let mut written = format!("{mantissa:0width$}", width = digits as usize);
        written.insert(point, '.');
        if rng.random() {
            written.insert(0, '-');
        }
        let expected: f32 = written.parse().unwrap();
        let split = good(&format!("1 1:{written}"));
        let found = split.rows.values().first().copied().unwrap_or(0.0);
        assert!(
            found.to_bits() == expected.to_bits() || (found == 0.0 && expected == 0.0),
            "{written}: {found} for {expected}"
        );
    }
}

#[test]
fn random_matrices_survive_being_written_and_parsed() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for _ in 0..300 {
        let rows = rng.random_range(1..20);
        let (mut text, mut dense, mut labels) = (String::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let class = rng.random_range(0..2u32);
            labels.push(class);
            text.push_str(if class == 0 { "-1" } else { "+1" });
            for column in 1..=FEATURES {
                let mut value = 0.0f32;
                if rng.random_bool(0.5) {
                    // Any finite number there is, subnormal ones too.
                    value = f32::from_bits(rng.next_u32());
                    value = if value.is_finite() { value } else { 0.0 };
                    text.push_str(&format!(" {column}:{value:?}"));
                }
                dense.push(value);
            }
            text.push_str(if rng.random() { " \n" } else { "\r\n" });
        }
        let split = parse_rows(text.as_bytes(), Some(rows)).unwrap();
        assert_eq!(split.labels.classes().unwrap(), labels);
        assert_eq!(split.to_dense(), dense, "{text}");
    }
}

#[test]
fn no_input_makes_the_parser_panic() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let bytes = b"01:.+-e \n\r\tnx\xff";
    let mut refused = 0;
    for _ in 0..100_000 {
        let length = rng.random_range(0..24);
        let text: Vec<u8> = (0..length)
            .map(|_| bytes[rng.random_range(0..bytes.len())])
            .collect();
        refused += usize::from(parse_rows(&text, None).is_err());
    }
    assert!(refused > 50_000, "only {refused} were refused");
}
