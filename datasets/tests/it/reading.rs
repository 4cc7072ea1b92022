//! Files of every compression, cut short, blown up and mistaken for each other.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use datasets::libsvm::RowShape;
use datasets::read::{Compression, Decoder, Parsed, hash_file, parse_file};
use datasets::{Error, LabelMap, Result, Sha, Silent};

use crate::common::{bzip2, gzip, text};

const XZ_TEXT: &str = "1 1:0.5 3:2 \n0 2:-1 \n";

/// What `xz -9e` makes of [`XZ_TEXT`].
const XZ: [u8; 80] = [
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x1c, 0x00, 0x00, 0x00, 0x10, 0xcf, 0x58, 0xcc, 0x01, 0x00, 0x14, 0x31, 0x20, 0x31, 0x3a, 0x30,
    0x2e, 0x35, 0x20, 0x33, 0x3a, 0x32, 0x20, 0x0a, 0x30, 0x20, 0x32, 0x3a, 0x2d, 0x31, 0x20, 0x0a,
    0x00, 0x00, 0x00, 0x00, 0x51, 0x0e, 0x38, 0xe0, 0x9e, 0x2c, 0x7f, 0x75, 0x00, 0x01, 0x2d, 0x15,
    0x2f, 0x0b, 0x71, 0x6d, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
];

fn decode(bytes: &[u8], limit: u64) -> (Compression, io::Result<Vec<u8>>) {
    let mut decoder = Decoder::new(Cursor::new(bytes), limit).unwrap();
    let mut content = Vec::new();
    let read = decoder.read_to_end(&mut content);
    (decoder.compression(), read.map(|_| content))
}

fn parse(path: &Path, declared: Option<Sha>, limit: u64) -> Result<Parsed> {
    let labels = LabelMap::counting_from(0, 2);
    let shape = RowShape {
        features: 5,
        labels: Some(&labels),
        rows: None,
        line_bytes: 1000,
    };
    parse_file(path, "file", &shape, declared, limit, &Silent)
}

fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn all_four_forms_give_the_same_bytes() {
    let text = text(100).into_bytes();
    let forms = [
        (Compression::None, text.clone()),
        (Compression::Bzip2, bzip2(&text)),
        (Compression::Gzip, gzip(&text)),
    ];
    for (form, bytes) in forms {
        let (found, content) = decode(&bytes, 1 << 20);
        assert_eq!(found, form);
        assert_eq!(content.unwrap(), text, "{form:?}");
    }
    let (found, content) = decode(&XZ, 1 << 20);
    assert_eq!(found, Compression::Xz);
    assert_eq!(content.unwrap(), XZ_TEXT.as_bytes());
}

#[test]
fn several_streams_end_to_end_are_one_content() {
    for pack in [bzip2, gzip] {
        let mut bytes = pack(b"1 1:1\n");
        bytes.extend(pack(b"0 2:1\n"));
        assert_eq!(decode(&bytes, 100).1.unwrap(), b"1 1:1\n0 2:1\n");
    }
    let twice = [XZ, XZ].concat();
    assert_eq!(decode(&twice, 100).1.unwrap(), XZ_TEXT.repeat(2).as_bytes());
}

#[test]
fn zeros_behind_the_last_stream_are_passed_over_and_nothing_else_is() {
    for pack in [bzip2, gzip] {
        let one = pack(b"1 1:1\n");
        let zeros = vec![0; 300_000];
        let padded = [&one[..], &one, &zeros].concat();
        assert_eq!(decode(&padded, 100).1.unwrap(), b"1 1:1\n1 1:1\n");
        let more = [&one[..], &[0; 8], &one].concat();
        let error = decode(&more, 100).1.unwrap_err().to_string();
        assert!(error.contains("something follows"), "{error}");
        assert!(decode(&[&one[..], b"more"].concat(), 100).1.is_err());
    }
}

#[test]
fn a_compressed_file_cut_short_anywhere_is_an_error() {
    let text = text(50).into_bytes();
    for whole in [bzip2(&text), gzip(&text), XZ.to_vec()] {
        // From 6 bytes on it is known as what it is.
        for length in 6..whole.len() {
            let (form, content) = decode(&whole[..length], 1 << 20);
            assert!(
                content.is_err(),
                "{form:?} cut to {length} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn a_compressed_file_with_a_flipped_bit_never_passes_as_whole() {
    let text = text(50).into_bytes();
    for whole in [bzip2(&text), gzip(&text), XZ.to_vec()] {
        let right = decode(&whole, 1 << 20).1.unwrap();
        for at in 6..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            if let (_, Ok(content)) = decode(&bytes, 1 << 20) {
                // Header bytes such as a time are outside the checksums.
                assert_eq!(content, right, "byte {at} flipped");
            }
        }
    }
}

#[test]
fn a_bomb_is_an_error_that_names_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    // Blank lines, which the parser would wait through.
    let bomb = vec![b'\n'; 5_000_000];
    for bytes in [bzip2(&bomb), gzip(&bomb)] {
        assert!(bytes.len() < 50_000);
        let error = parse(&file(&folder, &bytes), None, 1_000_000).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::TooLarge { .. }), "{message}");
        assert!(message.contains("1000000"), "{message}");
        assert!(message.contains("limits.decompressed_bytes"), "{message}");
    }
}

#[test]
fn content_of_exactly_the_limit_is_taken() {
    let text = text(20).into_bytes();
    let bytes = bzip2(&text);
    assert!(decode(&bytes, text.len() as u64).1.is_ok());
    assert!(decode(&bytes, text.len() as u64 - 1).1.is_err());
}

#[test]
fn a_parsed_file_comes_with_the_hashes_of_both_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(40);
    let packed = gzip(text.as_bytes());
    let path = file(&folder, &packed);
    let parsed = parse(&path, None, 1 << 20).unwrap();
    assert_eq!(parsed.content, Sha::of(text.as_bytes()));
    assert_eq!(parsed.content_bytes, text.len() as u64);
    assert_eq!(parsed.raw, Sha::of(&packed));
    assert_eq!(hash_file(&path).unwrap(), parsed.raw);
    assert_eq!(parsed.split.len(), 40);
}

#[test]
fn a_wrong_hash_is_reported_with_both_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, text(3).as_bytes());
    let declared = Sha::of(b"something else");
    let error = parse(&path, Some(declared), 1 << 20).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::WrongHash { .. }), "{message}");
    for part in [
        &declared.to_string(),
        &Sha::of(text(3).as_bytes()).to_string(),
        &path.display().to_string(),
    ] {
        assert!(message.contains(part.as_str()), "{message} lacks {part}");
    }
}

#[test]
fn a_file_that_is_not_the_declared_one_is_called_that_even_if_it_does_not_parse() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, b"<html>not found</html>\n");
    let declared = Some(Sha::of(b"something else"));
    let with_hash = parse(&path, declared, 1 << 20).unwrap_err();
    assert!(matches!(with_hash, Error::WrongHash { .. }), "{with_hash}");
    let without = parse(&path, None, 1 << 20).unwrap_err();
    assert!(
        matches!(
            without,
            Error::Line {
                line: 1,
                column: 1,
                ..
            }
        ),
        "{without}"
    );
}

#[test]
fn the_declared_file_is_hashed_to_its_end_even_if_it_does_not_parse() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than any buffer, and refused at once.
    let bytes = [b"0 9:1\n".to_vec(), b"0 1:1\n".repeat(100_000)].concat();
    let path = file(&folder, &bytes);
    let refused = parse(&path, Some(Sha::of(&bytes)), 1 << 20).unwrap_err();
    assert!(matches!(refused, Error::Line { line: 1, .. }), "{refused}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent");
    let message = parse(&path, None, 1).unwrap_err().to_string();
    assert!(message.contains("absent"), "{message}");
}
