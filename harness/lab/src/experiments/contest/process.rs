//! A contestant as a process that is asked one thing at a time, and is never left over.
//!
//! It runs in a process group of its own, which is killed as a whole: by this process, or, should this one be killed
//! itself, by a shell that waits for just that (`guard`). What it writes is read by threads, bounded, so that neither
//! one that says nothing nor one that never stops talking holds up the run.

use super::cell::CellProgram;
use super::fault::{ContestantFault, quoted};
use super::guard::{Guard, alone};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The word of a command that stands for the program which runs the plan.
pub const HARNESS: &str = "{harness}";

/// What the harness sets for itself before it starts (`harness::threads`): other programs, and this project's own
/// process, shall have the system's own settings.
const OF_THE_HARNESS: [&str; 3] = [
    "RAYON_NUM_THREADS",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
];

/// How long one has to end after it was told to, before it is killed.
const TO_QUIT: Duration = Duration::from_secs(5);

/// How much of what it writes to standard error is kept: its end.
const KEPT_ERRORS: usize = 2_000;

/// What a contestant said.
enum Heard {
    /// A line.
    Line(Vec<u8>),
    /// More than a line may have.
    TooLong,
}

/// What contestants are started with and what they are allowed.
#[derive(Clone, Debug)]
pub struct ProcessRules<'a> {
    /// The folder of the problem, from the root.
    pub problem: &'a Path,
    /// cpu or cuda.
    pub backend: &'a str,
    /// How long it may take to start, and for each answer.
    pub limit: Duration,
    /// The most bytes of an answer.
    pub most: usize,
    /// How it is installed, if the plan says so.
    pub install: Option<&'a str>,
    /// Whether a run is whole without it.
    pub optional: bool,
}

/// A running contestant.
pub struct ContestantProcess {
    child: Child,
    guard: Guard,
    commands: Option<ChildStdin>,
    answers: Receiver<Heard>,
    errors: Arc<Mutex<VecDeque<u8>>>,
    /// Hears of nothing but the end of standard error.
    errors_end: Receiver<()>,
    limit: Duration,
    most: usize,
}

impl ContestantProcess {
    /// Starts it. It has not loaded anything yet: its first line says when it has.
    ///
    /// # Errors
    /// If the system does not start it.
    pub fn start(of: &CellProgram, rules: &ProcessRules<'_>) -> Result<Self, ContestantFault> {
        let (program, arguments) = of
            .command
            .split_first()
            .map_or(("", &[][..]), |(p, a)| (p, a));
        let failed = |why: &dyn std::fmt::Display| ContestantFault::NotStarted {
            program: program.to_owned(),
            folder: of.folder.clone(),
            why: why.to_string(),
            hint: rules
                .install
                .map_or_else(String::new, |how| format!("; it is installed by `{how}`")),
        };
        let folder = std::path::absolute(&of.folder).map_err(|error| failed(&error))?;
        if !folder.is_dir() {
            return Err(failed(&"there is no such folder"));
        }
        let mut command = Command::new(found(program, &folder).map_err(|error| failed(&error))?);
        for name in OF_THE_HARNESS {
            command.env_remove(name);
        }
        if rules.backend == "cpu" {
            // Libraries shall not look for anything else.
            command.env("CUDA_VISIBLE_DEVICES", "");
        }
        command
            .args(arguments)
            .arg(rules.problem)
            .envs(&of.environment)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        alone(&mut command);
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let guard = match Guard::of(&child) {
            Ok(guard) => guard,
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                return Err(failed(&error));
            }
        };
        let (say, answers) = sync_channel(1);
        if let Some(stdout) = child.stdout.take() {
            let most = rules.most;
            thread::spawn(move || listen(BufReader::new(stdout), most, &say));
        }
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        let (end, errors_end) = sync_channel(1);
        if let Some(stderr) = child.stderr.take() {
            let kept = errors.clone();
            thread::spawn(move || {
                keep_the_end(stderr, &kept);
                drop(end);
            });
        }
        Ok(Self {
            commands: child.stdin.take(),
            child,
            guard,
            answers,
            errors,
            errors_end,
            limit: rules.limit,
            most: rules.most,
        })
    }

    /// The number by which the system knows it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for what it says when it has loaded.
    ///
    /// # Errors
    /// If it does not say it in time, or says something else.
    pub fn ready(&mut self) -> Result<serde_json::Value, ContestantFault> {
        self.answer("when it was started", Instant::now())
    }

    /// Asks it one thing, and waits for the answer; with the seconds that both took.
    ///
    /// # Errors
    /// If it does not answer, or with anything but a line of JSON. Where [`ends_it`](ContestantFault::ends_it), it has
    /// been ended.
    pub fn ask(&mut self, command: &str) -> Result<(serde_json::Value, f64), ContestantFault> {
        let doing = format!("to `{command}`");
        match self.answers.try_recv() {
            Ok(Heard::Line(said)) => {
                self.end();
                let said = quoted(&String::from_utf8_lossy(&said));
                return Err(ContestantFault::Unasked {
                    doing: format!("`{command}`"),
                    said,
                });
            }
            Ok(Heard::TooLong) => {
                self.end();
                return Err(ContestantFault::TooLong {
                    doing: "unasked".to_owned(),
                    most: self.most,
                });
            }
            Err(_) => {}
        }
        let begin = Instant::now();
        let told = self
            .commands
            .as_mut()
            .map(|commands| writeln!(commands, "{command}").and_then(|()| commands.flush()));
        if !matches!(told, Some(Ok(()))) {
            return Err(self.epitaph(&doing));
        }
        let answer = self.answer(&doing, begin)?;
        Ok((answer, begin.elapsed().as_secs_f64()))
    }

    /// Has it end by itself, and sees to it that it does.
    pub fn quit(mut self) {
        if let Some(mut commands) = self.commands.take() {
            writeln!(commands, "quit").ok();
        }
        let begin = Instant::now();
        while begin.elapsed() < TO_QUIT && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
        // The rest is done as it is dropped.
    }

    fn answer(
        &mut self,
        doing: &str,
        begin: Instant,
    ) -> Result<serde_json::Value, ContestantFault> {
        let left = self.limit.saturating_sub(begin.elapsed());
        let line = match self.answers.recv_timeout(left) {
            Ok(Heard::Line(line)) => line,
            Ok(Heard::TooLong) => {
                self.end();
                return Err(ContestantFault::TooLong {
                    doing: doing.to_owned(),
                    most: self.most,
                });
            }
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                return Err(ContestantFault::Slow {
                    doing: doing.to_owned(),
                    limit: self.limit,
                    said: self.last_words(),
                });
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.epitaph(doing)),
        };
        let of = |value: serde_json::Value, error: Option<String>| match error {
            Some(error) => Err(ContestantFault::Refused {
                doing: doing.to_owned(),
                error: quoted(&error),
            }),
            None => Ok(value),
        };
        match serde_json::from_slice::<serde_json::Value>(&line) {
            Ok(value) if value.is_object() => {
                let error = value.get("error").map(|error| match error.as_str() {
                    Some(text) => text.to_owned(),
                    None => error.to_string(),
                });
                of(value, error)
            }
            wrong => {
                self.end();
                let said = String::from_utf8_lossy(&line);
                let why = match wrong {
                    Ok(_) => "that is no object, {…}".to_owned(),
                    // Python writes these; JSON has no word for them.
                    Err(_) if ["NaN", "Infinity"].iter().any(|word| said.contains(word)) => {
                        "its numbers are not all finite".to_owned()
                    }
                    Err(error) => format!("that is no JSON ({error})"),
                };
                Err(ContestantFault::NoJson {
                    doing: doing.to_owned(),
                    said: quoted(&said),
                    why,
                })
            }
        }
    }

    /// Kills it with all that it has started, and waits until it is gone.
    fn end(&mut self) -> Option<ExitStatus> {
        self.guard.kill();
        self.child.kill().ok();
        self.child.wait().ok()
    }

    /// How it ended when it should have answered.
    fn epitaph(&mut self, doing: &str) -> ContestantFault {
        // It has closed its output: it is ending, or is not to be trusted.
        let begin = Instant::now();
        let mut status = None;
        while begin.elapsed() < TO_QUIT.min(self.limit) {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                ended => {
                    status = ended.ok().flatten();
                    break;
                }
            }
        }
        let how = status.map_or_else(
            || "it closed its output, and was killed".to_owned(),
            |status| status.to_string(),
        );
        self.end();
        ContestantFault::Ended {
            doing: doing.to_owned(),
            how,
            said: self.last_words(),
        }
    }

    /// The end of what it wrote to standard error.
    fn last_words(&self) -> String {
        // Closed at once, unless something that it has started has left the group and holds it open.
        self.errors_end
            .recv_timeout(Duration::from_millis(500))
            .ok();
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = errors.iter().copied().collect();
        let said = String::from_utf8_lossy(&bytes);
        // A reason is a line, and the last one says what was wrong: what stands above it is where.
        match said.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(last) => format!("; it said last: {}", quoted(last)),
            None => String::new(),
        }
    }
}

impl Drop for ContestantProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// The path of a program: one with a slash is looked for from `folder`, a bare name by the system.
fn found(program: &str, folder: &Path) -> std::io::Result<PathBuf> {
    if program == HARNESS {
        return std::env::current_exe();
    }
    match program.contains('/') {
        true => Ok(folder.join(program)),
        false => Ok(program.into()),
    }
}

/// Reads lines until the end, or until one is too long.
fn listen(mut from: impl BufRead, most: usize, say: &SyncSender<Heard>) {
    loop {
        let mut line = Vec::new();
        let read = (&mut from)
            .take(most as u64 + 1)
            .read_until(b'\n', &mut line);
        let whole = line.last() == Some(&b'\n');
        let heard = match read {
            Ok(count) if count > 0 && whole => Heard::Line(line),
            Ok(count) if count > most => Heard::TooLong,
            // The end; what stands before it without an end of line is half an answer.
            _ => return,
        };
        let ends = matches!(heard, Heard::TooLong);
        if say.send(heard).is_err() || ends {
            return;
        }
    }
}

fn keep_the_end(mut from: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&bytes[..count]);
        let over = kept.len().saturating_sub(KEPT_ERRORS);
        kept.drain(..over);
    }
}
