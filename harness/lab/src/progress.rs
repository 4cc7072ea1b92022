//! Progress bars: which data set, which cell, time left. None when nobody is watching.

use indicatif::{ProgressBar, ProgressStyle};
use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Prints a line to standard error; a reader who has left is no error.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(line));
}

/// Writes out what a terminal would obey instead of show, or show in another place: control characters but for
/// ends of lines and tabs, and those that turn the direction of writing. Names come from files of others.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return text.into();
    }
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match obeyed(c) {
            true => all.extend(c.escape_default()),
            false => all.push(c),
        }
    }
    all.into()
}

/// Is told what is going on; a progress bar.
pub trait Watch: Sync {
    /// A cell is being run or timed.
    fn doing(&self, what: &str);
    /// A part of it is done.
    fn step(&self);
    /// Something that whoever watches should know.
    fn note(&self, line: &str) {
        say(line);
    }
}

/// A bar over the work of a whole run, in units of estimated operations.
pub struct RunBar {
    bar: ProgressBar,
    /// What one step of the present unit counts for.
    weight: AtomicU64,
}

impl RunBar {
    /// Over `work` units; hidden when standard error is not a terminal.
    #[must_use]
    pub fn new(work: u64) -> Self {
        let bar = visible(ProgressBar::new(work));
        bar.set_style(style(
            "{bar:30} {percent:>3}%  {msg}  {elapsed} gone, about {eta} left",
        ));
        // It takes a thread, which may not be to be had.
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self {
            bar,
            weight: AtomicU64::new(0),
        }
    }

    /// Says how much work each step is from now on.
    pub fn steps_count(&self, work: u64) {
        self.weight.store(work, Ordering::Relaxed);
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for RunBar {
    fn doing(&self, what: &str) {
        self.bar.set_message(printable(what).into_owned());
    }

    fn step(&self) {
        self.bar.inc(self.weight.load(Ordering::Relaxed));
    }

    fn note(&self, line: &str) {
        self.say(line);
    }
}

/// Tells another what is going on within something that has a name.
pub struct Labelled<'a> {
    label: &'a str,
    watch: &'a dyn Watch,
}

impl<'a> Labelled<'a> {
    /// Tells `watch`, with `label` before what is done.
    pub fn new(label: &'a str, watch: &'a dyn Watch) -> Self {
        Self { label, watch }
    }
}

impl Watch for Labelled<'_> {
    fn doing(&self, what: &str) {
        self.watch.doing(&format!("{}, {what}", self.label));
    }

    fn step(&self) {
        self.watch.step();
    }

    fn note(&self, line: &str) {
        self.watch.note(line);
    }
}

/// Progress of finding, fetching and parsing data.
#[derive(Default)]
pub struct DataBar {
    bar: Mutex<Option<ProgressBar>>,
}

impl DataBar {
    fn with(&self, use_it: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.bar.lock() {
            use_it(&mut bar);
        }
    }
}

impl datasets::Progress for DataBar {
    fn start(&self, what: &str, total: Option<u64>) {
        self.with(|slot| {
            let bar = visible(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
            bar.set_style(style(match total {
                Some(_) => "{bar:30} {bytes}/{total_bytes}  {msg}  {bytes_per_sec}, {eta} left",
                None => "{spinner} {bytes}  {msg}",
            }));
            bar.set_message(what.to_owned());
            *slot = Some(bar);
        });
    }

    fn advance(&self, bytes: u64) {
        self.with(|slot| {
            if let Some(bar) = slot {
                bar.inc(bytes);
            }
        });
    }

    fn finish(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn note(&self, message: &str) {
        say(message);
    }
}

fn visible(bar: ProgressBar) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_but_what_it_shows() {
        assert_eq!(printable("θ = 0.1\n\tκ"), "θ = 0.1\n\tκ");
        assert_eq!(
            printable("a\u{1b}[31mb\r\u{202e}c"),
            "a\\u{1b}[31mb\\r\\u{202e}c"
        );
    }
}
