//! The little Markdown that texts of a report may hold: `code`, *emphasis* and **strong**.
//!
//! An asterisk is markup only around words: in `0.4 s*` and `2 * 3` it is an asterisk.

use super::escape::escaped;

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Span<'a> {
    Plain(&'a str),
    Code(&'a str),
    Emphasis(&'a str),
    Strong(&'a str),
}

/// The text as Markdown of one line that holds no other markup: no tag, link or heading that somebody's texts bring
/// along, and nothing that a terminal obeys.
pub(super) fn markdown(text: &str) -> String {
    let line = text.replace(['\n', '\t'], " ");
    let line = line.replace(|c: char| c.is_control(), "\u{fffd}");
    let span = |span: &Span| match span {
        Span::Plain(text) => unmarked(text),
        Span::Code(text) => format!("`{text}`"),
        Span::Emphasis(text) => format!("*{}*", unmarked(text)),
        Span::Strong(text) => format!("**{}**", unmarked(text)),
    };
    spans(&line).iter().map(span).collect()
}

/// Text in which no tag, link or code begins.
fn unmarked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let tag = c == '<' && next.is_some_and(|c| c.is_alphabetic() || "/!?".contains(c));
        let link = c == ']' && matches!(next, Some('(' | '[' | ':'));
        let undone = c == '\\' && next.is_none_or(|c| c.is_ascii_punctuation());
        if tag || link || undone || c == '`' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The same where a line begins, which nothing in it makes a heading, a list, a quotation or a table.
pub(super) fn markdown_line(text: &str) -> String {
    let line = markdown(text);
    let line = line.trim_start();
    match line.starts_with(['#', '>', '-', '+', '=', '~', '|']) {
        true => format!("\\{line}"),
        false => line.to_owned(),
    }
}

/// The text as HTML.
pub(super) fn html(text: &str) -> String {
    let span = |span: &Span| match span {
        Span::Plain(text) => escaped(text),
        Span::Code(text) => format!("<code>{}</code>", escaped(text)),
        Span::Emphasis(text) => format!("<em>{}</em>", escaped(text)),
        Span::Strong(text) => format!("<strong>{}</strong>", escaped(text)),
    };
    spans(text).iter().map(span).collect()
}

/// The text without marks, for a terminal.
pub(super) fn plain(text: &str) -> String {
    let span = |span: &Span| match *span {
        Span::Plain(t) | Span::Code(t) | Span::Emphasis(t) | Span::Strong(t) => t.to_owned(),
    };
    spans(text).iter().map(span).collect()
}

/// The text, ended as a sentence is; nothing stays nothing.
pub(super) fn sentence(text: &str) -> String {
    let ended = text.is_empty() || text.ends_with(['.', '!', '?', ':']);
    format!("{text}{}", if ended { "" } else { "." })
}

fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find(['`', '*']) {
        let start = at + found;
        let Some((span, end)) = marked(text, start) else {
            let run = text[start..].len() - text[start..].trim_start_matches(['`', '*']).len();
            at = start + run;
            continue;
        };
        if from < start {
            spans.push(Span::Plain(&text[from..start]));
        }
        spans.push(span);
        (from, at) = (end, end);
    }
    if from < text.len() {
        spans.push(Span::Plain(&text[from..]));
    }
    spans
}

/// The marked part that starts here, and where it ends.
fn marked(text: &str, start: usize) -> Option<(Span<'_>, usize)> {
    type Make<'t> = fn(&'t str) -> Span<'t>;
    let marks: [(&str, Make<'_>); 3] = [
        ("`", Span::Code),
        ("**", Span::Strong),
        ("*", Span::Emphasis),
    ];
    let rest = &text[start..];
    let (mark, make) = marks.into_iter().find(|(mark, _)| rest.starts_with(mark))?;
    let inner = start + mark.len();
    let length = text[inner..].find(mark)?;
    let (content, end) = (&text[inner..inner + length], inner + length + mark.len());
    let around = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let words = mark == "`"
        || content.trim() == content
            && !content.contains('*')
            && around(text[..start].chars().next_back())
            && around(text[end..].chars().next());
    (words && !content.is_empty()).then(|| (make(content), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_around_words_are_markup() {
        assert_eq!(
            html("*Depth* is **counted**, see `a<b>`."),
            "<em>Depth</em> is <strong>counted</strong>, see <code>a&lt;b&gt;</code>."
        );
    }

    #[test]
    fn markdown_has_no_markup_but_these_marks() {
        for (text, shown) in [
            (
                "*Depth* is **counted**, see `a<b>`.",
                "*Depth* is **counted**, see `a<b>`.",
            ),
            (
                "<script>x</script> <1.2x <!--",
                "\\<script>x\\</script> <1.2x \\<!--",
            ),
            ("![a](b) [0.1, 0.2] [a][b]", "![a\\](b) [0.1, 0.2] [a\\][b]"),
            ("x\n\n## y\u{1b}[2J\r", "x  ## y\u{fffd}[2J\u{fffd}"),
            ("**<b>**", "**\\<b>**"),
            (r"\<b> [a\](b) \d", r"\\\<b> [a\\\](b) \d"),
            ("``<b>`` \\`<b>`", r"\`\`\<b>\`\` \\`<b>`"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

    #[test]
    fn a_line_of_markdown_is_a_line_of_text() {
        for (text, shown) in [
            ("# x", "\\# x"),
            ("    - x", "\\- x"),
            ("> x", "\\> x"),
            ("[x]: y", "[x\\]: y"),
            ("```", "\\`\\`\\`"),
            ("**x** is", "**x** is"),
        ] {
            assert_eq!(markdown_line(text), shown);
        }
    }

    #[test]
    fn other_asterisks_are_asterisks() {
        for text in [
            "0.433 s* and 0.5 s*",
            "2 * 3 * 4",
            "a*b*c",
            "**",
            "* *",
            "cpu:4*",
            "`",
        ] {
            assert_eq!(spans(text), [Span::Plain(text)], "{text}");
        }
    }

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(sentence("a"), "a.");
        assert_eq!(sentence("a."), "a.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_terminal_shows_no_marks() {
        assert_eq!(plain("*Depth* of `W` is 2*"), "Depth of W is 2*");
    }
}
