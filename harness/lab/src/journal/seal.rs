//! Seals of a journal's lines: checksums that each hold for a line and for all before it.
//!
//! A sealed line ends with `"after"`, the checksum of the line before it, and `"sum"`, its own: SHA-256, cut to
//! 32 digits, of all of the line that stands before. So a line that was changed is known by itself, wherever it
//! lies, and a line that was taken out or put in by the two beside it. The first stands after the name of the
//! target that the journal belongs to.

use super::Entry;
use anyhow::Result;
use sha2::{Digest, Sha256};

/// What stands before a line's own checksum, and behind it.
const SUM: (&str, &str) = (",\"sum\":\"", "\"}\n");
/// What stands before the checksum of the line before, and behind it, where that of its own begins.
const AFTER: (&str, &str) = (",\"after\":\"", "\"");
/// Hexadecimal digits of a checksum.
const DIGITS: usize = 32;

/// What a line says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// Nothing: an older program wrote it.
    Missing,
    /// Something else than it was written with.
    Broken,
    /// What it was written with.
    Whole {
        /// The checksum of the line before it, or a target's name.
        after: String,
        /// Its own.
        sum: String,
    },
}

/// An entry as a line, sealed behind a checksum or a target's name; and the line's own checksum.
pub(super) fn sealed(entry: &Entry, after: &str) -> Result<(Vec<u8>, String)> {
    let mut line = serde_json::to_string(entry)?;
    line.pop();
    line += &[AFTER.0, after, AFTER.1].concat();
    let sum = sum(line.as_bytes());
    line += &[SUM.0, &sum, SUM.1].concat();
    Ok((line.into_bytes(), sum))
}

/// The seal of a whole line.
pub(super) fn of(line: &[u8]) -> Seal {
    let Some((before, own)) = parted(line) else {
        return Seal::Missing;
    };
    let text = std::str::from_utf8(before).ok();
    let after = text.and_then(|text| text.strip_suffix(AFTER.1)?.rsplit_once(AFTER.0));
    match after {
        Some((_, after)) if sum(before) == own => Seal::Whole {
            after: after.to_owned(),
            sum: own.to_owned(),
        },
        _ => Seal::Broken,
    }
}

/// A line's own checksum as it stands there, whether it holds or not.
pub(super) fn written(line: &[u8]) -> Option<&str> {
    Some(parted(line)?.1)
}

/// Whether what a line stands behind is another line, not a target's name.
pub(super) fn is_sum(after: &str) -> bool {
    after.len() == DIGITS && after.bytes().all(|b| b.is_ascii_hexdigit())
}

fn parted(line: &[u8]) -> Option<(&[u8], &str)> {
    let end = line.strip_suffix(SUM.1.as_bytes())?;
    let (rest, own) = end.split_at_checked(end.len().checked_sub(DIGITS)?)?;
    let own = std::str::from_utf8(own).ok().filter(|own| is_sum(own))?;
    Some((rest.strip_suffix(SUM.0.as_bytes())?, own))
}

fn sum(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter()
        .take(DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Outcome;

    fn line(after: &str) -> (Vec<u8>, String) {
        let entry = Entry {
            key: "0123456789abcdef".into(),
            ended_at: 7,
            cell: serde_json::json!({"a": "},\"sum\":\"\"", "sum": "κ"}),
            outcome: Outcome::Diverged { flow: 2 },
            copied_from: None,
        };
        sealed(&entry, after).unwrap()
    }

    #[test]
    fn no_byte_of_a_sealed_line_can_be_changed_unseen() {
        let (line, sum) = line("table2");
        let whole = Seal::Whole {
            after: "table2".into(),
            sum,
        };
        assert_eq!(of(&line), whole);
        for place in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[place] ^= 1 << bit;
                assert_ne!(of(&changed), whole, "bit {bit} of byte {place}");
            }
        }
        assert!(serde_json::from_slice::<Entry>(&line).is_ok());
    }

    #[test]
    fn a_line_of_an_older_program_has_no_seal() {
        assert_eq!(of(b"{\"key\":\"a\"}\n"), Seal::Missing);
        assert_eq!(of(b"\n"), Seal::Missing);
        assert!(is_sum(&line("fig2").1) && !is_sum("fig2"));
    }
}
