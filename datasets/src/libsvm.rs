//! LIBSVM text to rows: one pass, and an answer to every input.
//!
//! A line is `label index:value index:value ...`, with 1-based ascending indices, spaces or tabs
//! between, and LF or CRLF at the end (the last line may lack it). Read as well is what editors and published
//! files have: a byte order mark before the text, a value that stands apart from its colon (`3: .50`), and
//! SVMlight's comments, from a `#` that begins a word to the line's end. Nothing here knows of files or
//! compression; [`read`](crate::read) feeds this.

use std::io::{self, BufRead, Read};

pub use crate::error::LineProblem;
use crate::{Csr, LabelMap, Labels, Split};

/// Raised when the same text would give other rows than it did before: parsed caches of older
/// versions are then left alone.
pub const PARSER_VERSION: u32 = 1;

/// What the text has to agree with.
#[derive(Debug, Clone)]
pub struct RowShape<'a> {
    /// Largest index allowed, which is the number of columns made.
    pub features: usize,
    /// Labels allowed, with their classes; `None` where labels are numbers.
    pub labels: Option<&'a LabelMap>,
    /// Number of rows, when it is known.
    pub rows: Option<usize>,
    /// Longest line allowed, in bytes.
    pub line_bytes: usize,
}

/// Why text gave no rows.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The text is refused.
    #[error("line {line}, column {column}: {problem}")]
    Line {
        /// 1-based line.
        line: u64,
        /// 1-based column, in bytes.
        column: u64,
        /// The reason.
        problem: LineProblem,
    },
    /// The text could not be read to its end.
    #[error("reading: {0}")]
    Read(#[from] io::Error),
}

/// Parses a whole text.
///
/// Explicit zeros are dropped. Values are rounded to the nearest `f32`.
///
/// # Errors
/// The first line that is malformed, with line and column, or the reader's own error.
///
/// ```
/// use datasets::{LabelMap, libsvm};
/// let labels = LabelMap::counting_from(0, 2);
/// let shape = libsvm::RowShape { features: 3, labels: Some(&labels), rows: None, line_bytes: 1000 };
/// let split = libsvm::parse(&b"1 1:0.5 3:2 \n0 2:-1 \n"[..], &shape)?;
/// assert_eq!(split.labels.classes(), Some(&[1, 0][..]));
/// assert_eq!(split.to_dense(), [0.5, 0.0, 2.0, 0.0, -1.0, 0.0]);
///
/// let error = libsvm::parse(&b"1 3:1 2:1\n"[..], &shape).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 1, column 7: index 2 comes after index 3; indices must ascend"
/// );
/// # Ok::<(), libsvm::ParseError>(())
/// ```
pub fn parse(mut reader: impl BufRead, shape: &RowShape) -> Result<Split, ParseError> {
    let mut rows = Rows {
        shape,
        indptr: vec![0],
        indices: Vec::new(),
        values: Vec::new(),
        classes: Vec::new(),
        numbers: Vec::new(),
    };
    let mut text = Vec::new();
    let mut line = 0;
    let mut blank = None;
    while read_line(&mut reader, shape.line_bytes, &mut text, line + 1)? {
        line += 1;
        if line == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        if let Some(comment) = comment(&text) {
            text.truncate(comment);
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            blank = blank.or(Some(line));
            continue;
        }
        if let Some(line) = blank {
            return Err(refuse(line, 0, LineProblem::Blank));
        }
        rows.push(&text)
            .map_err(|(at, problem)| refuse(line, at, problem))?;
    }
    rows.finish()
        .map_err(|problem| refuse(line.max(1), 0, problem))
}

/// What editors on Windows begin a text with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a comment begins, as SVMlight has them: at a `#` that begins a word.
fn comment(text: &[u8]) -> Option<usize> {
    if !text.contains(&b'#') {
        return None;
    }
    let begins = |i: usize| i == 0 || matches!(text[i - 1], b' ' | b'\t');
    (0..text.len()).find(|&i| text[i] == b'#' && begins(i))
}

fn refuse(line: u64, at: usize, problem: LineProblem) -> ParseError {
    ParseError::Line {
        line,
        column: at as u64 + 1,
        problem,
    }
}

/// Reads the next line without its end into `text`; false at the end of the input.
fn read_line(
    reader: &mut impl BufRead,
    limit: usize,
    text: &mut Vec<u8>,
    line: u64,
) -> Result<bool, ParseError> {
    text.clear();
    // Room for CR and LF beyond the limit, so that a line of exactly the limit is accepted.
    let n = Read::take(&mut *reader, limit as u64 + 2).read_until(b'\n', text)?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    if text.last() == Some(&b'\r') {
        text.pop();
    }
    if text.len() > limit {
        return Err(refuse(line, limit, LineProblem::TooLong(limit)));
    }
    Ok(n > 0)
}

/// A 0-based place in the line, and what is wrong there.
type Refusal = (usize, LineProblem);

/// The rows so far.
struct Rows<'a> {
    shape: &'a RowShape<'a>,
    indptr: Vec<u64>,
    indices: Vec<u32>,
    values: Vec<f32>,
    /// Labels that are classes, or else numbers.
    classes: Vec<u32>,
    numbers: Vec<f32>,
}

impl Rows<'_> {
    fn push(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if let Some(declared) = self.shape.rows
            && self.found() == declared
        {
            return Err((0, LineProblem::TooManyRows(declared)));
        }
        let mut at = skip_space(text, 0);
        let end = token_end(text, at);
        self.label(&text[at..end], at)?;
        let mut before = 0;
        at = skip_space(text, end);
        while at < text.len() {
            let mut end = token_end(text, at);
            let mut value = None;
            if text[end - 1] == b':' {
                // A value that is padded to a width, `3: .50`, as some published files have it.
                let from = skip_space(text, end);
                let written = end - 1;
                end = token_end(text, from);
                value = Some((written, from));
            }
            before = self.entry(&text[..end], at, value, before)?;
            at = skip_space(text, end);
        }
        self.indptr.push(self.indices.len() as u64);
        Ok(())
    }

    fn label(&mut self, token: &[u8], at: usize) -> Result<(), Refusal> {
        let label: f64 =
            number(token).ok_or_else(|| named(token, at, LineProblem::LabelNotNumber))?;
        if !label.is_finite() {
            return Err(named(token, at, LineProblem::LabelNotFinite));
        }
        let Some(map) = self.shape.labels else {
            let number = label as f32;
            if !number.is_finite() {
                return Err(named(token, at, LineProblem::LabelNotFinite));
            }
            self.numbers.push(number);
            return Ok(());
        };
        let class = map.class(label).ok_or_else(|| {
            let known = map.labels().map(ToString::to_string);
            let known = known.collect::<Vec<_>>().join(", ");
            named(token, at, |label| LineProblem::LabelUnknown {
                label,
                known,
            })
        })?;
        self.classes.push(class);
        Ok(())
    }

    /// Takes one `index:value`, which is what the text has from a place on, and returns its index, given the
    /// one before it. A value that stands apart has its colon and itself elsewhere.
    fn entry(
        &mut self,
        text: &[u8],
        at: usize,
        apart: Option<(usize, usize)>,
        before: u64,
    ) -> Result<u64, Refusal> {
        let features = self.shape.features;
        let token = &text[at..];
        let colon = token.iter().position(|&b| b == b':').map(|n| at + n);
        let Some(colon) = colon else {
            return Err(named(token, at, LineProblem::NoColon));
        };
        let value_at = match apart {
            Some((last, from)) if last == colon => from,
            _ => colon + 1,
        };
        let (written, rest) = (&text[at..colon], &text[value_at..]);
        if written.is_empty() || !written.iter().all(u8::is_ascii_digit) {
            return Err(named(written, at, LineProblem::IndexNotNumber));
        }
        // Saturating: what is beyond u64 is beyond any number of features too.
        let index = written.iter().fold(0u64, |n, &b| {
            n.saturating_mul(10).saturating_add(u64::from(b - b'0'))
        });
        if index == 0 {
            return Err((at, LineProblem::IndexZero));
        }
        if index > features as u64 {
            let too_large = |index| LineProblem::IndexTooLarge { index, features };
            return Err(named(written, at, too_large));
        }
        if index == before {
            return Err((at, LineProblem::IndexRepeated(index)));
        }
        if index < before {
            return Err((at, LineProblem::IndexDescends { index, before }));
        }
        let at = value_at;
        let value = match short_decimal(rest) {
            Some(value) => value,
            None => {
                number::<f32>(rest).ok_or_else(|| named(rest, at, LineProblem::ValueNotNumber))?
            }
        };
        if !value.is_finite() {
            return Err(named(rest, at, LineProblem::ValueNotFinite));
        }
        if value != 0.0 {
            self.indices.push((index - 1) as u32);
            self.values.push(value);
        }
        Ok(index)
    }

    fn finish(self) -> Result<Split, LineProblem> {
        let found = self.found();
        if found == 0 {
            return Err(LineProblem::Empty);
        }
        if let Some(declared) = self.shape.rows
            && found < declared
        {
            return Err(LineProblem::TooFewRows { found, declared });
        }
        let rows = Csr::from_checked(self.shape.features, self.indptr, self.indices, self.values);
        let labels = match self.shape.labels {
            Some(_) => Labels::Classes(self.classes),
            None => Labels::Numbers(self.numbers),
        };
        Ok(Split { rows, labels })
    }

    /// How many there are.
    fn found(&self) -> usize {
        self.indptr.len() - 1
    }
}

fn skip_space(text: &[u8], from: usize) -> usize {
    let space = |b: &u8| !matches!(b, b' ' | b'\t');
    let found = text[from..].iter().position(space);
    found.map_or(text.len(), |n| from + n)
}

fn token_end(text: &[u8], from: usize) -> usize {
    let space = |b: &u8| matches!(b, b' ' | b'\t');
    let found = text[from..].iter().position(space);
    found.map_or(text.len(), |n| from + n)
}

fn number<T: std::str::FromStr>(token: &[u8]) -> Option<T> {
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// Longest piece of a file that a message repeats, in bytes.
const QUOTED: usize = 40;

/// A refusal that repeats `token`, unless the token shows that this is no text at all.
fn named(token: &[u8], at: usize, problem: impl FnOnce(String) -> LineProblem) -> Refusal {
    if let Some(i) = token.iter().position(|b| !b.is_ascii_graphic()) {
        return (at + i, LineProblem::NotText(token[i]));
    }
    let shown = String::from_utf8_lossy(&token[..token.len().min(QUOTED)]);
    let cut = if token.len() > QUOTED { "..." } else { "" };
    (at, problem(format!("{shown}{cut}")))
}

/// Powers of ten that `f32` holds exactly.
const TENS: [f32; 11] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// Decimals of a few digits, which is what the published files consist of.
///
/// A quotient of two exactly held numbers is the nearest `f32` to the decimal (Clinger 1990), so this
/// agrees with the standard library to the bit; anything longer is left to it.
fn short_decimal(token: &[u8]) -> Option<f32> {
    let (negative, digits) = match token {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut mantissa, mut seen, mut decimals) = (0u32, 0, None);
    for &b in digits {
        match b {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u32::from(b - b'0');
                // Beyond 2^24, and long before an overflow, the mantissa is not held exactly.
                if mantissa > 1 << 24 {
                    return None;
                }
                seen += 1;
                decimals = decimals.map(|d| d + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0usize),
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    let value = mantissa as f32 / TENS.get(decimals.unwrap_or(0))?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::short_decimal;

    /// What the short way leaves to the standard library has the same value, and takes longer.
    #[test]
    fn decimals_of_few_digits_take_the_short_way_and_nothing_else_does() {
        for (text, value) in [
            ("1", 1.0),
            ("-0.375", -0.375),
            (".5", 0.5),
            ("12.", 12.0),
            ("0.0625", 0.0625),
            ("16777216", 16_777_216.0),
        ] {
            assert_eq!(short_decimal(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "1e3",
            "+1",
            "16777217",
            "0.00000000001",
        ] {
            assert_eq!(short_decimal(text.as_bytes()), None, "{text}");
        }
    }
}
