//! Files to decompressed, bounded, hashed bytes, and those to rows.
//!
//! Which compression a file has is told by its first bytes and not by its name. Where files lie and
//! how they get there is not known here.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use crate::digest::{HashingReader, Sha};
use crate::libsvm::{self, ParseError, RowShape};
use crate::{Error, Progress, Result, Split};

/// Memory that an xz stream may ask for, in KiB: four times what the highest preset needs.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// Size of the buffers between the stages, in bytes.
const BUFFER: usize = 1 << 17;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// bzip2.
    Bzip2,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
}

impl Compression {
    /// The suffixes that files of each kind have, in the order in which they are looked for.
    pub const SUFFIXES: [&'static str; 4] = ["", ".bz2", ".gz", ".xz"];

    fn of(head: &[u8]) -> Self {
        match head {
            [b'B', b'Z', b'h', ..] => Compression::Bzip2,
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            _ => Compression::None,
        }
    }
}

/// Decompressed bytes that end in an error once there are more than the limit allows, or when the
/// compressed bytes are cut short.
pub struct Decoder<'a> {
    inner: Box<dyn Read + Send + 'a>,
    left: u64,
    compression: Compression,
}

impl<'a> Decoder<'a> {
    /// Decompresses `raw`, letting at most `limit` bytes out.
    ///
    /// # Errors
    /// What `raw` says when its first bytes are read.
    pub fn new(mut raw: impl Read + Send + 'a, limit: u64) -> io::Result<Self> {
        let mut head = Vec::with_capacity(6);
        Read::take(&mut raw, 6).read_to_end(&mut head)?;
        let compression = Compression::of(&head);
        let raw = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(raw));
        // All forms may hold several streams end to end, as parallel compressors write them.
        let inner: Box<dyn Read + Send + 'a> = match compression {
            Compression::None => Box::new(raw),
            Compression::Bzip2 => Box::new(Streams {
                now: Some(bzip2::bufread::BzDecoder::new(raw)),
                begin: bzip2::bufread::BzDecoder::new,
                end: bzip2::bufread::BzDecoder::into_inner,
            }),
            Compression::Gzip => Box::new(Streams {
                now: Some(flate2::bufread::GzDecoder::new(raw)),
                begin: flate2::bufread::GzDecoder::new,
                end: flate2::bufread::GzDecoder::into_inner,
            }),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                raw,
                true,
                XZ_MEMORY_KIB,
            )),
        };
        Ok(Decoder {
            inner,
            left: limit,
            compression,
        })
    }

    /// What the first bytes said.
    pub fn compression(&self) -> Compression {
        self.compression
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => {
                self.left = left;
                Ok(n)
            }
            None => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

/// Compressed streams end to end, and zeros behind the last of them, as tapes and some archivers pad files
/// with; xz has this of its own.
struct Streams<R, D> {
    /// The present one; none at the end.
    now: Option<D>,
    begin: fn(R) -> D,
    end: fn(D) -> R,
}

impl<R: BufRead, D: Read> Read for Streams<R, D> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(now) = &mut self.now else {
                return Ok(0);
            };
            let n = now.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            let Some(mut raw) = self.now.take().map(self.end) else {
                return Ok(0);
            };
            let mut padded = false;
            loop {
                let there = match raw.fill_buf() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    there => there?,
                };
                if there.is_empty() {
                    return Ok(0);
                }
                match there.iter().take_while(|byte| **byte == 0).count() {
                    0 => break,
                    zeros => {
                        padded = true;
                        raw.consume(zeros);
                    }
                }
            }
            if padded {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "something follows the zeros behind the compressed data",
                ));
            }
            self.now = Some((self.begin)(raw));
        }
    }
}

/// What a file gave.
#[derive(Debug)]
pub struct Parsed {
    /// Its rows.
    pub split: Split,
    /// The sha256 of its decompressed content.
    pub content: Sha,
    /// The length of its decompressed content, in bytes.
    pub content_bytes: u64,
    /// The sha256 of its bytes as they lie.
    pub raw: Sha,
}

/// The sha256 of a file's bytes as they lie.
///
/// # Errors
/// What the system says.
pub fn hash_file(path: &Path) -> Result<Sha> {
    let file = File::open(path).map_err(Error::io("opening", path))?;
    let mut hashing = HashingReader::new(file);
    let mut buffer = vec![0; BUFFER];
    while hashing
        .read(&mut buffer)
        .map_err(Error::io("reading", path))?
        > 0
    {}
    Ok(hashing.so_far().0)
}

/// Parses the file at `path`, of any compression and shown to the user as `name`, and checks its content against a declared hash.
///
/// # Errors
/// [`Error::WrongHash`] when the content is not the declared one, whether or not it parses;
/// otherwise what is wrong with a line, the compression, the size, or the reading.
pub fn parse_file(
    path: &Path,
    name: &str,
    shape: &RowShape,
    declared: Option<Sha>,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Parsed> {
    let parse = |content: &mut dyn BufRead| match libsvm::parse(content, shape) {
        Ok(split) => Ok(split),
        Err(ParseError::Read(error)) => Err(ContentError::Read(error)),
        Err(ParseError::Line {
            line,
            column,
            problem,
        }) => Err(ContentError::Refused(Error::Line {
            file: path.display().to_string(),
            line,
            column,
            problem,
        })),
    };
    let content = read_file((path, name), declared, limit, progress, parse)?;
    Ok(Parsed {
        split: content.of,
        content: content.sha256,
        content_bytes: content.bytes,
        raw: content.raw,
    })
}

/// Why content gave nothing.
pub(crate) enum ContentError<R> {
    /// It could not be read to its end.
    Read(io::Error),
    /// It is refused.
    Refused(R),
}

/// What a file's content became, and its hashes.
pub(crate) struct ReadContent<T> {
    pub of: T,
    pub sha256: Sha,
    pub bytes: u64,
    /// Of the bytes as they lie.
    pub raw: Sha,
}

/// Reads the content of a file, of any compression, by whatever makes something of it.
///
/// # Errors
/// As [`parse_file`].
pub(crate) fn read_file<T>(
    (path, name): (&Path, &str),
    declared: Option<Sha>,
    limit: u64,
    progress: &dyn Progress,
    parse: impl FnOnce(&mut dyn BufRead) -> Result<T, ContentError<Error>>,
) -> Result<ReadContent<T>> {
    let file = File::open(path).map_err(Error::io("opening", path))?;
    let length = file.metadata().map_err(Error::io("opening", path))?.len();
    let shown = ShownFile::start(file, progress, name, length);
    let mut raw = HashingReader::new(shown);
    let decoder = Decoder::new(&mut raw, limit).map_err(Error::io("reading", path))?;
    let compression = decoder.compression();
    let explain = |e: io::Error| explain(e, path, compression, limit);

    let mut content = BufReader::with_capacity(BUFFER, HashingReader::new(decoder));
    let parsed = match parse(&mut content) {
        Ok(of) => Ok(of),
        Err(ContentError::Read(e)) => return Err(explain(e)),
        Err(ContentError::Refused(error)) => Err(error),
    };
    // After a refused line the rest is still hashed: that the file is not the one declared is the
    // better message.
    if parsed.is_ok() || declared.is_some() {
        io::copy(&mut content, &mut io::sink()).map_err(explain)?;
    }
    let (found, bytes) = content.into_inner().so_far();
    if let Some(expected) = declared
        && expected != found
    {
        return Err(Error::WrongHash {
            file: name.into(),
            from: path.display().to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
            advice: "replace the file by the published one, or move it out of the way to have it \
                     downloaded"
                .into(),
        });
    }
    Ok(ReadContent {
        of: parsed?,
        sha256: found,
        bytes,
        raw: raw.so_far().0,
    })
}

/// A file whose reading is shown to the user, until it is dropped.
struct ShownFile<'a> {
    file: File,
    progress: &'a dyn Progress,
}

impl<'a> ShownFile<'a> {
    fn start(file: File, progress: &'a dyn Progress, name: &str, length: u64) -> Self {
        progress.start(&format!("reading {name}"), Some(length));
        ShownFile { file, progress }
    }
}

impl Read for ShownFile<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        self.progress.advance(n as u64);
        Ok(n)
    }
}

impl Drop for ShownFile<'_> {
    fn drop(&mut self) {
        self.progress.finish();
    }
}

/// Says what a failure to read decompressed bytes means.
pub(crate) fn explain(
    error: io::Error,
    path: &Path,
    compression: Compression,
    limit: u64,
) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Error::TooLarge {
            file: path.display().to_string(),
            what: "its decompressed bytes",
            limit,
            key: "decompressed_bytes",
        };
    }
    match compression {
        Compression::None => Error::io("reading", path)(error),
        _ => Error::Decompress {
            file: path.display().to_string(),
            problem: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
