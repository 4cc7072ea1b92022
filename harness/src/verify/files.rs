//! Whether what is shown of a run follows from its rows.

use super::Statement;
use std::path::Path;

/// How many files are named.
const NAMED: usize = 3;

/// Compares files with what is made of the rows; one that was left out, as from a part of a report that is kept,
/// states nothing.
pub(super) fn compared(folder: &Path, made: &[(String, Vec<u8>)]) -> Statement {
    let mut same = 0;
    let mut different = Vec::new();
    for (name, content) in made {
        match lab::files::read(&folder.join(name)) {
            Ok(there) if there == *content => same += 1,
            Ok(there) => different.push(format!("{name} ({})", first_difference(&there, content))),
            Err(_) => {}
        }
    }
    let absent = match made.len() - same - different.len() {
        0 => String::new(),
        absent => format!("; {} not there", number(absent, "other")),
    };
    if different.is_empty() {
        let is = if same == 1 { "is" } else { "are" };
        let files = number(same, "file");
        let text = format!("{files} {is} byte for byte what the journal's rows make{absent}");
        return Statement::new((same > 0).then_some(true), text);
    }
    let more = match different.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = different.len();
    different.truncate(NAMED);
    let names = different.join(", ");
    Statement::new(
        false,
        format!(
            "{count} of {} files are not what this program makes of the journal's rows: {names}{more}; `harness \
             report` makes them so{absent}",
            made.len()
        ),
    )
}

/// So many of something: 1 line, 2 lines.
pub(super) fn number(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// Where two texts differ first.
fn first_difference(there: &[u8], made: &[u8]) -> String {
    let equal = there.iter().zip(made).take_while(|(a, b)| a == b).count();
    let line = there[..equal].iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("from line {line} on")
}
