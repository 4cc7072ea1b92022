//! What a terminal shows of a document, as wide as it is.

use report::{Document, terminal};

/// Returns a document's tables, as wide as standard output.
#[must_use]
pub fn tables(document: &Document) -> String {
    terminal(document, width())
}

/// How many characters a line of standard output has: what COLUMNS says, else the terminal; any number where it is
/// a file or another program.
fn width() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok();
    let told = told.and_then(|text| text.parse().ok());
    told.filter(|columns| *columns > 0).or_else(|| {
        let (columns, _) = terminal_size::terminal_size_of(std::io::stdout())?;
        Some(columns.0.into())
    })
}
