//! The parsed form of a file, kept so that it need not be decompressed and parsed again.
//!
//! A cache file is a header, the arrays of a [`Split`] in little-endian order, and a CRC-32 of all
//! that. It is written whole or not at all. Which content it belongs to is in its name, see [`key`];
//! a file that does not check out is for the caller to rebuild.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use bytemuck::Pod;
use crc32fast::Hasher;

use crate::digest::Sha;
use crate::libsvm::PARSER_VERSION;
use crate::{Csr, LabelMap, Labels, Split};

const MAGIC: [u8; 8] = *b"LSVM-CSR";

/// Raised when the layout below changes.
const LAYOUT_VERSION: u64 = 1;

/// Bytes before the arrays: the magic, five numbers, and the content's hash.
const HEADER: usize = 8 + 5 * 8 + 32;

/// What a cache file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Cached {
    /// The rows.
    pub split: Split,
    /// The sha256 of the text they were parsed from.
    pub content: Sha,
    /// The length of that text, in bytes.
    pub content_bytes: u64,
}

/// Why a cache file gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// There is none.
    #[error("there is no cache file")]
    Absent,
    /// It cannot be read or written.
    #[error("{0}")]
    Io(io::Error),
    /// It is not what was written.
    #[error("the cache file is damaged: {0}")]
    Damaged(&'static str),
}

impl From<io::Error> for CacheError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => CacheError::Absent,
            io::ErrorKind::UnexpectedEof => CacheError::Damaged("it is cut short"),
            _ => CacheError::Io(error),
        }
    }
}

/// The name under which rows are kept: it changes with all that the rows depend on, which is the
/// bytes, the parser, the number of columns and the label map; of labels that are numbers there is none.
pub fn key(bytes: Sha, features: usize, labels: Option<&LabelMap>) -> String {
    let labels = labels.map_or_else(|| "numbers".to_owned(), |map| map.digest().to_string());
    let text = format!("{bytes} {PARSER_VERSION} {features} {labels}");
    format!("{}.csr", Sha::of(text.as_bytes()))
}

/// Reads a cache file of `features` columns and `classes` classes, or of labels that are numbers if `None`.
///
/// # Errors
/// [`CacheError`]; nothing of a damaged file gets through.
pub fn read(path: &Path, features: usize, classes: Option<usize>) -> Result<Cached, CacheError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut input = Checked {
        inner: file,
        crc: Hasher::new(),
    };
    let mut header = [0; HEADER];
    input.read_exact(&mut header)?;
    let (magic, rest) = header.split_at(8);
    let (numbers, content) = rest.split_at(40);
    if magic != MAGIC {
        return Err(CacheError::Damaged("it does not begin as one"));
    }
    let mut fields = [0u64; 5];
    for (field, bytes) in fields.iter_mut().zip(numbers.chunks_exact(8)) {
        *field = bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
    }
    let [version, rows, cols, nonzeros, content_bytes] = fields;
    if version != LAYOUT_VERSION {
        return Err(CacheError::Damaged("its layout is another version's"));
    }
    // Before anything is allocated: the numbers have to add up to the file's length.
    if expected_length(rows, nonzeros) != Some(length) {
        return Err(CacheError::Damaged("its length does not fit its header"));
    }
    let (rows, nonzeros) = (rows as usize, nonzeros as usize);
    let indptr: Vec<u64> = input.array(rows + 1)?;
    let labels: Vec<u32> = input.array(rows)?;
    let indices: Vec<u32> = input.array(nonzeros)?;
    let values: Vec<f32> = input.array(nonzeros)?;
    let found = input.crc.clone().finalize();
    let mut written = [0; 4];
    input.read_exact(&mut written)?;
    if u32::from_le_bytes(written) != found {
        return Err(CacheError::Damaged("its checksum is wrong"));
    }
    if cols != features as u64 {
        return Err(CacheError::Damaged("it has another number of columns"));
    }
    let invalid = |_| CacheError::Damaged("its arrays make no matrix");
    let matrix = Csr::new(features, indptr, indices, values).map_err(invalid)?;
    let mut hash = [0; 32];
    hash.copy_from_slice(content);
    let split = match classes {
        Some(classes) => Split::new(matrix, labels, classes).map_err(invalid)?,
        None => {
            let numbers: Vec<f32> = labels.into_iter().map(f32::from_bits).collect();
            if !numbers.iter().all(|number| number.is_finite()) {
                return Err(CacheError::Damaged("a label is not finite"));
            }
            Split {
                rows: matrix,
                labels: Labels::Numbers(numbers),
            }
        }
    };
    Ok(Cached {
        split,
        content: Sha(hash),
        content_bytes,
    })
}

/// Writes a cache file in place of any there is.
///
/// # Errors
/// What the system says; the file there was is then untouched.
pub fn write(path: &Path, split: &Split, content: Sha, content_bytes: u64) -> io::Result<()> {
    crate::files::replace_with(path, |file| put(file, split, content, content_bytes))
}

fn put(file: &mut File, split: &Split, content: Sha, content_bytes: u64) -> io::Result<()> {
    let mut output = Checked {
        inner: file,
        crc: Hasher::new(),
    };
    let rows = &split.rows;
    let numbers = [
        LAYOUT_VERSION,
        rows.rows() as u64,
        rows.cols() as u64,
        rows.nnz() as u64,
        content_bytes,
    ];
    output.put(&MAGIC)?;
    output.put_array(&numbers)?;
    output.put(&content.0)?;
    output.put_array(rows.indptr())?;
    match &split.labels {
        Labels::Classes(classes) => output.put_array(classes)?,
        Labels::Numbers(numbers) => {
            let bits: Vec<u32> = numbers.iter().map(|number| number.to_bits()).collect();
            output.put_array(&bits)?;
        }
    }
    output.put_array(rows.indices())?;
    output.put_array(rows.values())?;
    let crc = output.crc.clone().finalize();
    output.put(&crc.to_le_bytes())
}

/// The length of a file of so many rows and nonzeros, unless that is beyond any file.
fn expected_length(rows: u64, nonzeros: u64) -> Option<u64> {
    let starts = rows.checked_add(1)?.checked_mul(8)?;
    let labels = rows.checked_mul(4)?;
    let entries = nonzeros.checked_mul(8)?;
    (HEADER as u64 + 4)
        .checked_add(starts)?
        .checked_add(labels)?
        .checked_add(entries)
}

/// A file with the CRC of what has passed.
struct Checked<F> {
    inner: F,
    crc: Hasher,
}

impl<F: Read> Checked<F> {
    fn read_exact(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.crc.update(bytes);
        Ok(())
    }

    fn array<T: Pod>(&mut self, length: usize) -> io::Result<Vec<T>> {
        let mut array = vec![T::zeroed(); length];
        // In pieces, so that the checksum finds the bytes still in the processor's cache.
        for piece in array.chunks_mut(PIECE) {
            self.read_exact(bytemuck::cast_slice_mut(piece))?;
            to_or_from_little_endian(piece);
        }
        Ok(array)
    }
}

impl<F: Write> Checked<F> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)?;
        self.crc.update(bytes);
        Ok(())
    }

    fn put_array<T: Pod>(&mut self, array: &[T]) -> io::Result<()> {
        if cfg!(target_endian = "little") {
            return self.put(bytemuck::cast_slice(array));
        }
        for piece in array.chunks(PIECE) {
            let mut piece = piece.to_vec();
            to_or_from_little_endian(&mut piece);
            self.put(bytemuck::cast_slice(&piece))?;
        }
        Ok(())
    }
}

/// Numbers read at a time.
const PIECE: usize = 1 << 15;

fn to_or_from_little_endian<T: Pod>(numbers: &mut [T]) {
    if cfg!(target_endian = "big") {
        let size = size_of::<T>();
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(numbers);
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}
