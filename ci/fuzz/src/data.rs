//! Data: LIBSVM text, compressed bytes, archives of images.

use crate::edits::{choice, edited};
use datasets::libsvm::{ParseError, RowShape};
use datasets::read::Decoder;
use datasets::{DataPolicy, LabelMap, Library, LibraryOptions, Registry, Silent, Split};
use std::io::{BufReader, Read, Write};
use std::sync::LazyLock;
use tempfile::TempDir;

/// Longest line that is let through, in bytes.
const LINE: usize = 200;
/// How much may come out of compressed bytes.
const MOST: u64 = 1 << 16;

/// LIBSVM text: rows that written down again are the same, or a line and a column that are there; by whatever
/// pieces it is read, and with either end of lines.
///
/// # Panics
/// If that does not hold.
pub fn libsvm(bytes: &[u8]) {
    let (chosen, text) = choice(bytes);
    let labels = if chosen & 1 == 0 {
        LabelMap::counting_from(0, 3)
    } else {
        LabelMap::new(&[(-1.0, 0), (1.0, 1), (0.5, 2)], 3).expect("three classes")
    };
    let shape = RowShape {
        features: 1 + usize::from(chosen >> 2),
        labels: Some(&labels),
        rows: (chosen & 2 != 0).then_some(3),
        line_bytes: LINE,
    };
    let parse = |text: &[u8]| datasets::libsvm::parse(text, &shape);
    let found = parse(text);
    let by_bytes = datasets::libsvm::parse(BufReader::with_capacity(1, text), &shape);
    assert_eq!(said(&found), said(&by_bytes), "read byte by byte");
    match &found {
        Ok(split) => {
            assert_eq!(split.len(), split.rows.rows());
            assert_eq!(
                parse(written(split, &labels).as_bytes()).ok().as_ref(),
                Some(split)
            );
        }
        Err(ParseError::Line { line, column, .. }) => {
            let mut lines = text.split(|byte| *byte == b'\n');
            let there = lines.nth(*line as usize - 1).unwrap_or_default();
            assert!(*column as usize <= there.len() + 1, "{line}:{column}");
        }
        Err(ParseError::Read(error)) => panic!("memory cannot fail: {error}"),
    }
    if !text.contains(&b'\r') {
        let crlf = text.iter().flat_map(|byte| match byte {
            b'\n' => b"\r\n".as_slice(),
            other => std::slice::from_ref(other),
        });
        let crlf: Vec<u8> = crlf.copied().collect();
        assert_eq!(said(&found), said(&parse(&crlf)), "with CR LF");
    }
}

fn said(found: &Result<Split, ParseError>) -> Result<&Split, String> {
    found.as_ref().map_err(ToString::to_string)
}

/// Rows as text, the shortest that is read as them.
fn written(split: &Split, labels: &LabelMap) -> String {
    let mut text = String::new();
    for (row, class) in split.labels.classes().into_iter().flatten().enumerate() {
        let label = labels
            .labels()
            .find(|label| labels.class_of(label) == Some(*class));
        text += &label.expect("a class with a label").to_string();
        let (columns, values) = split.rows.row(row);
        for (column, value) in columns.iter().zip(values) {
            text += &format!(" {}:{value}", column + 1);
        }
        text.push('\n');
    }
    text
}

/// Compressed bytes, and files whose compressed bytes were changed: never more than is allowed, the same by
/// whatever pieces they are read, and either what was compressed or an error.
///
/// # Panics
/// If that does not hold.
pub fn compressed(bytes: &[u8]) {
    let (chosen, rest) = choice(bytes);
    let file = match chosen % 4 {
        0 => return drop(unpacked(rest)),
        form => &FILES[usize::from(form) - 1],
    };
    let changed = edited(file, rest);
    let compression = |bytes: &[u8]| Decoder::new(bytes, MOST).map(|d| d.compression()).ok();
    // What is told by its first bytes to be of another form is another file.
    if compression(&changed) != compression(file) {
        return drop(unpacked(&changed));
    }
    if let Ok(content) = unpacked(&changed) {
        // Streams may stand end to end.
        let whole = content.len().is_multiple_of(CONTENT.len());
        let times = content.len() / CONTENT.len();
        assert!(
            whole && content == CONTENT.repeat(times) && times > 0,
            "other content from changed bytes"
        );
    }
}

/// What a decoder lets out, which is the same at once and in pieces of seven bytes.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (mut at_once, mut in_pieces) = (Vec::new(), Vec::<u8>::new());
    let whole = Decoder::new(bytes, MOST).and_then(|mut d| d.read_to_end(&mut at_once));
    let pieces = Decoder::new(bytes, MOST).and_then(|mut d| {
        let mut piece = [0; 7];
        loop {
            match d.read(&mut piece)? {
                0 => return Ok(()),
                n => in_pieces.extend(&piece[..n]),
            }
        }
    });
    assert!(at_once.len() as u64 <= MOST + BUFFER && in_pieces.len() as u64 <= MOST);
    assert_eq!(
        whole.is_ok(),
        pieces.is_ok(),
        "{whole:?} at once, {pieces:?} in pieces"
    );
    match whole {
        Ok(_) => {
            assert!(at_once == in_pieces && at_once.len() as u64 <= MOST);
            Ok(at_once)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// How much more a caller may have been given before an error: what it had asked for at once.
const BUFFER: u64 = 1 << 17;

/// What the files hold.
const CONTENT: &[u8] = b"1 1:0.5 3:2\n0 2:-1\n1 1:1e-3 2:7 3:.25\n";

/// The content by gzip, by bzip2 and by xz.
static FILES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    gzip.write_all(CONTENT).expect("memory");
    bzip2.write_all(CONTENT).expect("memory");
    [
        gzip.finish().expect("memory"),
        bzip2.finish().expect("memory"),
        include_bytes!("../seeds/content.xz").to_vec(),
    ]
});

/// An archive of images: as many as are declared, of their classes, or an error that names the file.
///
/// # Panics
/// If that does not hold.
pub fn archive(bytes: &[u8]) {
    let path = IMAGES.0.path().join("images.tar");
    std::fs::write(&path, bytes).expect("a folder for the archive");
    match IMAGES.1.images("tiny", &Silent) {
        Ok(images) => {
            assert_eq!((images.train.len(), images.test.len()), (2, 1));
            assert_eq!(images.train.class_counts(3).iter().sum::<usize>(), 2);
        }
        Err(error) => assert!(error.to_string().contains("images.tar"), "{error}"),
    }
}

/// A folder, and the library that looks there.
static IMAGES: LazyLock<(TempDir, Library)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let registry = Registry::from_yaml(
        "limits: {decompressed_bytes: 65536}\n\
         images:\n  tiny:\n    channels: 1\n    side: 2\n    classes: 3\n    archive: {name: images.tar}\n\
         \x20   train: {members: [a.bin], images: 2}\n    test: {members: [b.bin], images: 1}\n\
         \x20   mean: [0]\n    deviation: [1]\n",
    );
    let options = LibraryOptions {
        data_dir: Some(folder.path().into()),
        cache_dir: Some(folder.path().join("cache")),
        policy: DataPolicy::Real,
        offline: true,
        ..LibraryOptions::default()
    };
    (folder, Library::new(registry.expect("a registry"), options))
});
