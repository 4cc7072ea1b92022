//! Arrays of NumPy: version 1 to 3 of the format, numbers and short texts, in either order.
//!
//! A header is text of a Python dictionary. Nothing in it is evaluated, and pickled objects are refused.

use std::io::Read;

use super::problem::{short, whole};
use super::{
    FileLabels, FileRows, LabelColumn, RowsSoFar, TablePlace, TableProblem, TableRefusal,
    TableShape, as_declared,
};
use crate::Label;
use crate::read::ContentError;

/// Longest header that is read, in bytes; NumPy's own are of a hundred.
const MOST_HEADER: usize = 1 << 16;

/// Reads the features of rows from an array `[rows, columns]`.
pub(crate) fn features(
    content: impl Read,
    shape: &TableShape<'_>,
) -> Result<FileRows, ContentError<TableRefusal>> {
    let array = NpyArray::read(content)?;
    let (rows, columns) = match *array.shape.as_slice() {
        [rows, columns] if (1..=u32::MAX as usize).contains(&columns) => (rows, columns),
        _ => {
            return Err(ContentError::Refused(whole(
                array.misshapen("[rows, columns]"),
            )));
        }
    };
    as_declared(rows, shape.rows).map_err(|problem| ContentError::Refused(whole(problem)))?;
    let mut matrix = RowsSoFar::new();
    for row in 0..rows {
        for column in 0..columns {
            let number = array.number(array.place(row, column));
            let entered = number.and_then(|number| matrix.entry(column, number));
            entered.map_err(|problem| refusal(row, Some(column), problem))?;
        }
        matrix.end_of_row();
    }
    Ok(FileRows {
        rows: matrix.finish(columns),
        columns: Vec::new(),
        left_out: Vec::new(),
        labels: FileLabels::Told(crate::Labels::Numbers(Vec::new())),
    })
}

/// Reads the labels of so many rows from an array `[rows]` or `[rows, 1]`.
pub(crate) fn labels(
    content: impl Read,
    rows: usize,
    numbers: bool,
) -> Result<FileLabels, ContentError<TableRefusal>> {
    let array = NpyArray::read(content)?;
    if !matches!(array.shape.as_slice(), [n] | [n, 1] if *n == rows) {
        let problem = array.misshapen(&format!("[{rows}], a label for each row of features"));
        return Err(ContentError::Refused(whole(problem)));
    }
    let mut labels = LabelColumn::new(numbers);
    for row in 0..rows {
        let label = array.label(row).and_then(|label| labels.push(label));
        label.map_err(|problem| refusal(row, None, problem))?;
    }
    Ok(labels.finish())
}

fn refusal(row: usize, column: Option<usize>, problem: TableProblem) -> ContentError<TableRefusal> {
    let place = TablePlace {
        line: None,
        row: Some(row as u64 + 1),
        column: column.map(|column| (column + 1).to_string()),
    };
    ContentError::Refused(Box::new((place, problem)))
}

fn form(what: impl Into<String>) -> ContentError<TableRefusal> {
    ContentError::Refused(whole(TableProblem::Form(what.into())))
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Float,
    Signed,
    Unsigned,
    Truth,
    /// Characters of four bytes each.
    Unicode,
    Bytes,
}

#[derive(Debug)]
struct NpyArray {
    element: Element,
    /// Bytes of an element.
    size: usize,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl NpyArray {
    fn read(mut content: impl Read) -> Result<Self, ContentError<TableRefusal>> {
        let mut head = [0; 8];
        exactly(&mut content, &mut head)?;
        let [magic @ .., major, _] = head;
        if magic != *b"\x93NUMPY" {
            return Err(form(
                "this is no array of NumPy, as numpy.save writes them (.npy)",
            ));
        }
        let mut length = [0; 4];
        match major {
            1 => exactly(&mut content, &mut length[..2])?,
            2 | 3 => exactly(&mut content, &mut length)?,
            other => {
                return Err(form(format!(
                    "this is version {other} of NumPy's format, of which 1 to 3 are read"
                )));
            }
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_HEADER {
            return Err(form(format!(
                "its header is of {length} bytes, of which there may be {MOST_HEADER}"
            )));
        }
        let mut header = vec![0; length];
        exactly(&mut content, &mut header)?;
        let mut array = Self::of_header(&String::from_utf8_lossy(&header)).map_err(form)?;
        let elements = array
            .shape
            .iter()
            .try_fold(array.size, |all, n| all.checked_mul(*n));
        let expected = elements
            .ok_or_else(|| form(format!("its shape {:?} is beyond any file", array.shape)))?;
        // No more is allocated than there is, whatever the header says.
        let more = expected as u64 + 1;
        content
            .take(more)
            .read_to_end(&mut array.bytes)
            .map_err(ContentError::Read)?;
        let found = array.bytes.len();
        if found != expected {
            let but = if found < expected {
                format!("there are {found}: it is cut short")
            } else {
                "more follow".into()
            };
            return Err(form(format!(
                "its shape {:?} makes {expected} bytes, but {but}",
                array.shape
            )));
        }
        Ok(array)
    }

    fn of_header(header: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let (_, behind) = header.split_once(&format!("'{key}':"))?;
            Some(behind.trim_start())
        };
        let lacking = |key: &str| format!("its header says no '{key}': {}", short(header.trim()));
        let descr = value("descr").ok_or_else(|| lacking("descr"))?;
        let kind = descr
            .strip_prefix('\'')
            .and_then(|behind| behind.split_once('\''));
        let Some((kind, _)) = kind else {
            return Err(
                "it is an array of records; save its columns as one array of numbers".into(),
            );
        };
        let fortran = value("fortran_order").ok_or_else(|| lacking("fortran_order"))?;
        let dims = value("shape").and_then(|behind| behind.strip_prefix('(')?.split_once(')'));
        let (dims, _) = dims.ok_or_else(|| lacking("shape"))?;
        let dims = dims.split(',').map(str::trim).filter(|n| !n.is_empty());
        let shape: Result<Vec<usize>, _> = dims.map(str::parse).collect();
        let shape = shape.map_err(|_| lacking("shape"))?;
        let (element, size) = element(kind)?;
        Ok(NpyArray {
            element,
            size,
            big_endian: kind.starts_with('>'),
            fortran: fortran.starts_with("True"),
            shape,
            bytes: Vec::new(),
        })
    }

    fn misshapen(&self, wanted: &str) -> TableProblem {
        TableProblem::Form(format!(
            "its shape is {:?}, but has to be {wanted}",
            self.shape
        ))
    }

    /// Which element a row and a column have.
    fn place(&self, row: usize, column: usize) -> usize {
        match self.fortran {
            true => column * self.shape[0] + row,
            false => row * self.shape[1] + column,
        }
    }

    fn element(&self, place: usize) -> &[u8] {
        &self.bytes[place * self.size..][..self.size]
    }

    fn number(&self, place: usize) -> Result<f64, TableProblem> {
        let mut bytes = [0; 8];
        let element = self.element(place);
        let text = matches!(self.element, Element::Unicode | Element::Bytes);
        if text {
            return Err(TableProblem::NotNumber(short(&self.text(place)?)));
        }
        for (at, byte) in element.iter().enumerate() {
            let at = if self.big_endian {
                self.size - 1 - at
            } else {
                at
            };
            bytes[at] = *byte;
        }
        let unsigned = u64::from_le_bytes(bytes);
        let unused = 64 - 8 * self.size as u32;
        Ok(match self.element {
            Element::Float if self.size == 4 => f64::from(f32::from_bits(unsigned as u32)),
            Element::Float => f64::from_bits(unsigned),
            Element::Signed => (((unsigned << unused) as i64) >> unused) as f64,
            _ => unsigned as f64,
        })
    }

    fn text(&self, place: usize) -> Result<String, TableProblem> {
        let element = self.element(place);
        let text: Option<String> = match self.element {
            Element::Bytes => element
                .iter()
                .map(|byte| byte.is_ascii().then_some(char::from(*byte)))
                .collect(),
            _ => {
                let character = |bytes: &[u8]| {
                    let bytes = <[u8; 4]>::try_from(bytes).ok()?;
                    char::from_u32(match self.big_endian {
                        true => u32::from_be_bytes(bytes),
                        false => u32::from_le_bytes(bytes),
                    })
                };
                element.chunks(4).map(character).collect()
            }
        };
        let text = text.ok_or(TableProblem::NotText)?;
        Ok(text.trim_end_matches('\0').to_owned())
    }

    fn label(&self, row: usize) -> Result<Label, TableProblem> {
        match self.element {
            Element::Unicode | Element::Bytes => match self.text(row)? {
                text if text.is_empty() => Err(TableProblem::Missing),
                text => Ok(Label::of(&text)),
            },
            _ => Ok(self.number(row)?.into()),
        }
    }
}

/// What a description such as `<f8` says of an element, and how many bytes it has.
fn element(kind: &str) -> Result<(Element, usize), String> {
    let code = kind.trim_start_matches(['<', '>', '|', '=']);
    let split = code.char_indices().nth(1).map_or(code.len(), |(at, _)| at);
    let (letter, size) = code.split_at(split);
    let size: usize = size.parse().unwrap_or(0);
    Ok(match (letter, size) {
        ("f", 4 | 8) => (Element::Float, size),
        ("i", 1 | 2 | 4 | 8) => (Element::Signed, size),
        ("u", 1 | 2 | 4 | 8) => (Element::Unsigned, size),
        ("b", 1) => (Element::Truth, size),
        ("U", 1..=1024) => (Element::Unicode, 4 * size),
        ("S", 1..=4096) => (Element::Bytes, size),
        ("O", _) => {
            return Err(
                "it holds pickled Python objects, which are not read, as unpickling runs what is in them: save \
                 numbers, as by numpy.save(path, x.astype(float)), or labels as texts, by y.astype(str)"
                    .into(),
            );
        }
        _ => {
            return Err(format!(
                "its elements are '{}', but have to be f4, f8, i1 to i8, u1 to u8 or b1, or of labels U or S",
                short(kind)
            ));
        }
    })
}

fn exactly(content: &mut impl Read, bytes: &mut [u8]) -> Result<(), ContentError<TableRefusal>> {
    content
        .read_exact(bytes)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                form("this is no array of NumPy (.npy): it ends in its header")
            }
            _ => ContentError::Read(error),
        })
}
