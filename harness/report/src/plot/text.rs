//! How wide text will be, and where to break it. The viewer's font is not known here, so widths
//! are those of a wide one (DejaVu Sans): with any other there is room to spare.

/// Estimates the width of a line of text in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(em).sum::<f64>()
}

/// Estimates a character's width, in parts of the font's size.
fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '\'' | '|' => 0.32,
        'f' | 't' | 'r' | 'I' | '.' | ',' | ':' | ';' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' => {
            0.41
        }
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '→' | '…' | '×' | '±' | '≤' | '≥' | '=' | '+' | '<'
        | '>' | '—' => 0.98,
        'A'..='Z' => 0.75,
        'a'..='z' | '0'..='9' | '–' => 0.635,
        // Other scripts: as wide as high.
        c if !c.is_ascii() => 0.8,
        _ => 0.7,
    }
}

/// Breaks text into lines no wider than `room`, between words where that is possible.
pub(super) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let joined = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if width(&joined, size) <= room {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        // A word that is longer than a line is broken where the line ends.
        for character in word.chars() {
            line.push(character);
            if width(&line, size) > room && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_lost_and_no_line_is_wider_than_its_room() {
        let text = "training loss (mean cross-entropy) against running time, everyone together";
        let lines = wrap(text, 13.0, 150.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, 13.0) <= 150.0));
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn a_word_wider_than_a_line_is_broken() {
        let lines = wrap("pneumonoultramicroscopicsilico", 13.0, 60.0);
        assert!(lines.iter().all(|line| width(line, 13.0) <= 60.0));
        assert_eq!(lines.concat(), "pneumonoultramicroscopicsilico");
    }

    #[test]
    fn nothing_is_no_line() {
        assert!(wrap("  ", 13.0, 60.0).is_empty());
    }
}
