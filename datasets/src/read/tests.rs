//! What reading does where nothing is wrong with the data: interruptions, progress, and what failures are told as.

use super::*;
use flate2::bufread::GzDecoder;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes whose reading fails once, where so many of them have been read.
struct FailsOnce {
    bytes: Cursor<Vec<u8>>,
    at: u64,
    error: Option<io::ErrorKind>,
}

impl Read for FailsOnce {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.fill_buf()?;
        self.bytes.read(buf)
    }
}

impl BufRead for FailsOnce {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.position() >= self.at
            && let Some(kind) = self.error.take()
        {
            return Err(kind.into());
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

/// `word`, compressed.
fn stream() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"word").unwrap();
    encoder.finish().unwrap()
}

/// Reads a stream with something behind it, from what fails once between the two.
fn between_streams(behind: &[u8], kind: io::ErrorKind) -> io::Result<Vec<u8>> {
    let mut bytes = stream();
    let at = bytes.len() as u64;
    bytes.extend(behind);
    let raw = FailsOnce {
        bytes: Cursor::new(bytes),
        at,
        error: Some(kind),
    };
    let mut streams = Streams {
        now: Some(GzDecoder::new(raw)),
        begin: GzDecoder::new,
        end: GzDecoder::into_inner,
    };
    let mut content = Vec::new();
    streams.read_to_end(&mut content).map(|_| content)
}

#[test]
fn an_interruption_between_streams_is_no_failure_and_a_failure_is_told() {
    for (behind, wanted) in [(vec![0; 700], &b"word"[..]), (stream(), b"wordword")] {
        let interrupted = between_streams(&behind, io::ErrorKind::Interrupted);
        assert_eq!(interrupted.unwrap(), wanted);
        let failed = between_streams(&behind, io::ErrorKind::TimedOut).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }
}

#[test]
fn the_hash_of_a_file_is_of_all_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for bytes in [vec![], b"abc".to_vec(), vec![7; 2 * BUFFER + 5]] {
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(hash_file(&path).unwrap(), Sha::of(&bytes));
    }
}

/// Counts what was begun and ended.
#[derive(Default)]
struct Counted {
    started: AtomicUsize,
    bytes: AtomicUsize,
    finished: AtomicUsize,
}

impl Progress for Counted {
    fn start(&self, _what: &str, _total: Option<u64>) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    fn advance(&self, bytes: u64) {
        self.bytes.fetch_add(bytes as usize, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    fn note(&self, _message: &str) {}
}

#[test]
fn the_reading_of_a_file_is_shown_from_its_begin_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, [b'x'; 1000]).unwrap();
    let counted = Counted::default();
    let read = read_file((&path, "file"), None, 5000, &counted, |_| Ok(()));
    // What was not parsed is read too, to be hashed.
    assert_eq!(read.unwrap().bytes, 1000);
    let of = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    assert_eq!(
        (
            of(&counted.started),
            of(&counted.bytes),
            of(&counted.finished)
        ),
        (1, 1000, 1)
    );
}

#[test]
fn what_fails_to_be_read_is_said_to_be_so_and_not_to_be_badly_compressed() {
    let told = |compression| {
        let error = io::ErrorKind::TimedOut.into();
        explain(error, Path::new("file"), compression, 5)
    };
    assert!(matches!(told(Compression::None), Error::Io { .. }));
    assert!(matches!(told(Compression::Xz), Error::Decompress { .. }));
}
