//! Where in a file each of its keys stands.

use saphyr_parser::{Event, Parser};
use std::collections::HashMap;

/// The lines of a text's keys and items, by their places: `windows[3].width`.
#[derive(Clone, Debug, Default)]
pub struct PlanLines {
    lines: HashMap<String, usize>,
    /// What stands for the keys of a place: those of another, by an alias or a merge key.
    instead: HashMap<String, Vec<String>>,
    /// The place that takes the place of the top.
    over: Option<String>,
    /// Places that were set otherwise.
    set: Vec<String>,
}

/// Where its keys stand is no part of what a plan says.
impl PartialEq for PlanLines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// How often one place may stand for another.
const MOST: usize = 8;

impl PlanLines {
    /// Reads them; what is no YAML has none.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let events = Parser::new_from_str(text).map_while(Result::ok);
        let mut reader = LineReader {
            events: events.map(|(event, span)| (event, span.start.line())),
            lines: Self::default(),
            anchors: HashMap::new(),
        };
        while let Some((event, line)) = reader.events.next() {
            reader.node(event, line, "");
        }
        reader.lines
    }

    /// The line of a place; of one that stands elsewhere in the text, of that.
    #[must_use]
    pub fn line(&self, place: &str) -> Option<usize> {
        let begins = |with: &String| {
            let rest = place.strip_prefix(with.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if self.set.iter().any(begins) {
            return None;
        }
        // A key of the profile takes the whole place of the plan's.
        let first = place.split(['.', '[']).next().unwrap_or_default();
        if let Some(over) = &self.over
            && self.found(&format!("{over}.{first}"), MOST).is_some()
        {
            return self.found(&format!("{over}.{place}"), MOST);
        }
        self.found(place, MOST)
    }

    /// The same without what was set by a key such as `windows.0.width`, which stands in no file.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        let mut place = String::new();
        for part in key.split('.') {
            match (place.is_empty(), part.parse::<usize>()) {
                (false, Ok(index)) => place += &format!("[{index}]"),
                (false, Err(_)) => place += &format!(".{part}"),
                (true, _) => place += part,
            }
        }
        self.set.push(place);
        self
    }

    /// The same, where what stands under a place takes the place of what stands at the top.
    #[must_use]
    pub fn under(mut self, place: &str) -> Self {
        self.over = Some(place.to_owned());
        self
    }

    fn found(&self, place: &str, times: usize) -> Option<usize> {
        if let Some(line) = self.lines.get(place) {
            return Some(*line);
        }
        let times = times.checked_sub(1)?;
        // The longest part of it that stands for another.
        let ends = place
            .char_indices()
            .rev()
            .filter(|(_, c)| ".[".contains(*c));
        let ends = ends.map(|(end, _)| end).chain([0]);
        for end in ends {
            let (before, behind) = place.split_at(end);
            for other in self.instead.get(before).into_iter().flatten() {
                let joint = match before.is_empty() && !behind.starts_with('[') {
                    true => ".",
                    false => "",
                };
                if let Some(line) = self.found(&format!("{other}{joint}{behind}"), times) {
                    return Some(line);
                }
            }
        }
        None
    }
}

struct LineReader<I> {
    events: I,
    lines: PlanLines,
    /// The places of anchors.
    anchors: HashMap<usize, String>,
}

impl<'a, I: Iterator<Item = (Event<'a>, usize)>> LineReader<I> {
    /// Reads a node whose first event this is.
    fn node(&mut self, event: Event<'a>, line: usize, place: &str) {
        match event {
            Event::Scalar(_, _, anchor, _) => self.at(anchor, line, place),
            Event::Alias(anchor) => {
                self.lines.lines.entry(place.to_owned()).or_insert(line);
                if let Some(other) = self.anchors.get(&anchor) {
                    let other = other.clone();
                    self.stands_for(place, other);
                }
            }
            Event::SequenceStart(anchor, _) => {
                self.at(anchor, line, place);
                let mut index = 0;
                while let Some((event, line)) = self.events.next() {
                    if event == Event::SequenceEnd {
                        break;
                    }
                    self.node(event, line, &format!("{place}[{index}]"));
                    index += 1;
                }
            }
            Event::MappingStart(anchor, _) => {
                self.at(anchor, line, place);
                while let Some((event, line)) = self.events.next() {
                    let key = match event {
                        Event::MappingEnd => break,
                        Event::Scalar(key, ..) => key.into_owned(),
                        other => {
                            self.node(other, line, place);
                            "?".to_owned()
                        }
                    };
                    let below = match place {
                        "" => key.clone(),
                        place => format!("{place}.{key}"),
                    };
                    let Some((event, value_line)) = self.events.next() else {
                        return;
                    };
                    match key == "<<" {
                        true => self.merged(event, value_line, place, &below),
                        false => {
                            self.lines.lines.entry(below.clone()).or_insert(line);
                            self.node(event, value_line, &below);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes a node.
    fn at(&mut self, anchor: usize, line: usize, place: &str) {
        self.lines.lines.entry(place.to_owned()).or_insert(line);
        if anchor > 0 {
            self.anchors.insert(anchor, place.to_owned());
        }
    }

    /// The value of a merge key: its keys stand for those of the mapping that it is in.
    fn merged(&mut self, event: Event<'a>, line: usize, place: &str, own: &str) {
        match event {
            Event::Alias(anchor) => {
                if let Some(other) = self.anchors.get(&anchor) {
                    let other = other.clone();
                    self.stands_for(place, other);
                }
            }
            Event::SequenceStart(..) => {
                let mut index = 0;
                while let Some((event, line)) = self.events.next() {
                    if event == Event::SequenceEnd {
                        break;
                    }
                    self.merged(event, line, place, &format!("{own}[{index}]"));
                    index += 1;
                }
            }
            other => {
                self.node(other, line, own);
                self.stands_for(place, own.to_owned());
            }
        }
    }

    fn stands_for(&mut self, place: &str, other: String) {
        let instead = self.lines.instead.entry(place.to_owned()).or_default();
        instead.push(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_item_has_the_line_that_it_stands_in() {
        let text = "a: 1\nb:\n  c: [x, y]\n  d:\n    - {e: 2}\n    - f: 3\n      g: 4\n";
        let lines = PlanLines::of(text);
        let at = |place: &str| lines.line(place);
        assert_eq!(
            (at("a"), at("b"), at("b.c"), at("b.c[1]")),
            (Some(1), Some(2), Some(3), Some(3))
        );
        assert_eq!(
            (at("b.d[0].e"), at("b.d[1].f"), at("b.d[1].g")),
            (Some(5), Some(6), Some(7))
        );
        assert_eq!((at("b.h"), at("h"), at("b.d[2]")), (None, None, None));
    }

    #[test]
    fn what_an_alias_or_a_merge_key_brings_stands_where_it_was_written() {
        let text = "one: &one\n  a: 1\n  b: {c: 2}\ntwo: {<<: *one, d: 3}\nthree: *one\nfour:\n  <<: [{x: 1}, *one]\n";
        let lines = PlanLines::of(text);
        let at = |place: &str| lines.line(place);
        assert_eq!(
            (at("two.a"), at("two.b.c"), at("two.d")),
            (Some(2), Some(3), Some(4))
        );
        assert_eq!((at("three"), at("three.b.c")), (Some(5), Some(3)));
        let top = PlanLines::of("<<: {a: 1,\n b: 2}\nc: 3");
        assert_eq!(
            (top.line("a"), top.line("b"), top.line("c")),
            (Some(1), Some(2), Some(3))
        );
        assert_eq!(
            (at("four.x"), at("four.b.c"), at("four.y")),
            (Some(7), Some(3), None)
        );
    }

    #[test]
    fn what_is_no_yaml_and_what_stands_for_itself_have_no_lines_and_do_no_harm() {
        assert_eq!(PlanLines::of("a: [1, 2").line("a[5]"), None);
        assert_eq!(PlanLines::of("a: &a {<<: *a, b: 1}").line("a.c"), None);
        assert_eq!(PlanLines::of("").line("a"), None);
    }
}
