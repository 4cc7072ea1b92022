//! The download of one file from one address, over as many requests as it takes.
//!
//! The pieces are elsewhere: requests in `http`, the temporary file in `part`, hashing in `verify`.

use std::io::{self, Read};
use std::mem;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::Url;

use super::http::{Answer, Http, Trouble, read_failure};
use super::part::{PartialDownload, random};
use super::verify::{Found, Verifier};
use crate::registry::{FileSpec, RegistryLimits};
use crate::{Error, Progress, Result};

/// Requests to a host that cannot be connected to: a second one tells a hiccup from an absent
/// network, more would only make a machine without network wait.
const CONNECT_ATTEMPTS: u32 = 2;

/// How a download ended without the file.
pub(super) struct GaveUp {
    pub why: String,
    /// The host cannot be reached, so that other files need not be asked of it.
    pub unreachable: bool,
}

/// A download under way.
pub(super) struct Transfer<'a> {
    http: &'a Http,
    limits: &'a RegistryLimits,
    file: &'a FileSpec,
    url: &'a Url,
    progress: &'a dyn Progress,
    folder: &'a Path,
    name: &'a str,
    part: PartialDownload,
    verifier: Verifier,
    tag: Option<String>,
    /// Whether what is there was put together from more than one answer.
    pieced: bool,
}

impl<'a> Transfer<'a> {
    /// Opens the temporary file. What a dead process left is only built upon where a declared hash
    /// shows whether the pieces fit.
    pub(super) fn open(
        http: &'a Http,
        limits: &'a RegistryLimits,
        file: &'a FileSpec,
        url: &'a Url,
        target: (&'a Path, &'a str),
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let (folder, name) = target;
        let failed = |e| Error::io("downloading into", folder)(e);
        let declared = file.sha256.is_some() || file.md5.is_some();
        let mut part = PartialDownload::open(folder, name, declared).map_err(failed)?;
        if part.len() > limits.download_bytes {
            part.restart().map_err(failed)?;
        }
        let mut verifier = Verifier::start(limits.decompressed_bytes).map_err(failed)?;
        part.replay(|bytes| {
            verifier.feed(bytes);
        })
        .map_err(failed)?;
        if part.len() > 0 {
            tracing::info!("resuming {name} after {} bytes", part.len());
        }
        Ok(Transfer {
            http,
            limits,
            file,
            url,
            progress,
            folder,
            name,
            part,
            verifier,
            tag: None,
            pieced: false,
        })
    }

    /// Downloads, verifies and puts the file in its place.
    pub(super) fn run(mut self) -> Result<Result<PathBuf, GaveUp>> {
        let mut wait = self.limits.backoff;
        let mut attempt = 1;
        loop {
            let (why, after, last, unreachable) = match self.request()? {
                Ok(()) => break,
                Err(Trouble::Never(why)) => {
                    self.part.discard();
                    return Ok(Err(GaveUp {
                        why,
                        unreachable: false,
                    }));
                }
                Err(Trouble::Again { why, after }) => (why, after, self.limits.attempts, false),
                Err(Trouble::Unreachable { why, timed_out }) => {
                    let last = if timed_out { 1 } else { CONNECT_ATTEMPTS };
                    (why, None, last.min(self.limits.attempts), true)
                }
            };
            tracing::debug!("{}, request {attempt}: {why}", self.name);
            if attempt >= last {
                self.part.leave();
                return Ok(Err(GaveUp {
                    why: format!("{why} (after {attempt} requests)"),
                    unreachable,
                }));
            }
            std::thread::sleep(after.unwrap_or_else(|| jittered(wait)));
            wait = (wait * 2).min(self.limits.backoff_max);
            attempt += 1;
        }
        let moved = self.part.finish(self.folder, self.name);
        Ok(Ok(moved.map_err(Error::io(
            "putting in place a download in",
            self.folder,
        ))?))
    }

    /// One request, and the check of what is there after it.
    fn request(&mut self) -> Result<Result<(), Trouble>> {
        let reply = match self
            .http
            .get(self.url, self.part.len(), self.tag.as_deref())
        {
            Err(trouble) => return Ok(Err(trouble)),
            Ok(reply) => reply,
        };
        let whole = match reply {
            None => {
                self.pieced = true;
                true
            }
            Some(answer) => {
                if answer.from != self.part.len() {
                    self.restart()?;
                    if answer.from != 0 {
                        return Ok(Err(Trouble::again(
                            "the server sent another part than asked",
                        )));
                    }
                }
                self.pieced |= answer.from > 0;
                let bounded = answer.length.is_some();
                if let Err(trouble) = self.receive(answer)? {
                    return Ok(Err(trouble));
                }
                bounded
            }
        };
        self.verify(whole)
    }

    /// Takes an answer's content in.
    fn receive(&mut self, mut answer: Answer) -> Result<Result<(), Trouble>> {
        let total = answer.length.map(|n| n.saturating_add(self.part.len()));
        let limit = self.limits.download_bytes;
        let too_large = || {
            let why = format!("more than the {limit} bytes of limits.download_bytes");
            Ok(Err(Trouble::Never(why)))
        };
        if total.is_some_and(|t| t > limit) {
            return too_large();
        }
        self.tag = answer.tag;
        let shown = Shown::start(self.progress, self.name, total);
        self.progress.advance(self.part.len());
        let mut buffer = vec![0; 1 << 16];
        let (begin, mut got) = (Instant::now(), 0.0);
        loop {
            let n = match answer.response.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    let why = format!(
                        "broke off after {} bytes: {}",
                        self.part.len(),
                        read_failure(&e)
                    );
                    return Ok(Err(Trouble::again(why)));
                }
            };
            if self.part.len() + n as u64 > limit {
                return too_large();
            }
            got += n as f64;
            let took = begin.elapsed();
            if took > self.limits.stall_timeout && got < SLOWEST * took.as_secs_f64() {
                let why = format!("sends less than {SLOWEST} bytes a second");
                return Ok(Err(Trouble::Never(why)));
            }
            let appended = self.part.append(&buffer[..n]);
            appended.map_err(Error::io("downloading into", self.folder))?;
            if !self.verifier.feed(&buffer[..n]) {
                // The decoder has given up; why, the check will say.
                break;
            }
            self.progress.advance(n as u64);
        }
        drop(shown);
        Ok(Ok(()))
    }

    /// Checks what is there. `whole` says that the server told how long it would be, so that it
    /// cannot simply have been cut short.
    fn verify(&mut self, whole: bool) -> Result<Result<(), Trouble>> {
        let pieced = mem::replace(&mut self.pieced, false);
        let fresh = self.start_verifier()?;
        let found = mem::replace(&mut self.verifier, fresh).finish();
        let (why, again) = match found {
            Ok(found) => match (another(self.file, &found), self.page(&found)) {
                (Some(hashes), _) => (
                    format!("{hashes}; it is not the published file, or the registry is wrong"),
                    pieced || !whole,
                ),
                (None, Some(page)) => (page, false),
                (None, None) => return Ok(Ok(())),
            },
            Err(e) if e.kind() == io::ErrorKind::FileTooLarge => (
                format!(
                    "decompresses to more than the {} bytes of limits.decompressed_bytes",
                    self.limits.decompressed_bytes
                ),
                false,
            ),
            Err(e) => (
                format!("does not decompress: {e}"),
                pieced || e.kind() == io::ErrorKind::UnexpectedEof,
            ),
        };
        self.restart()?;
        Ok(Err(if again {
            Trouble::again(why)
        } else {
            Trouble::Never(why)
        }))
    }

    /// What a file that nothing is declared of is instead of rows or images, if it begins so.
    fn page(&self, found: &Found) -> Option<String> {
        if self.file.sha256.is_some() || self.file.md5.is_some() {
            return None;
        }
        let start = found.start.strip_prefix(b"\xef\xbb\xbf");
        let start = start.unwrap_or(&found.start).trim_ascii_start();
        match start {
            [] => Some("it is empty".to_owned()),
            [b'<', ..] => {
                Some("it is a web page and no data: does the network want a sign-in?".to_owned())
            }
            _ => None,
        }
    }

    fn restart(&mut self) -> Result<()> {
        let emptied = self.part.restart();
        emptied.map_err(Error::io("downloading into", self.folder))?;
        self.verifier = self.start_verifier()?;
        self.tag = None;
        self.pieced = false;
        Ok(())
    }

    fn start_verifier(&self) -> Result<Verifier> {
        Verifier::start(self.limits.decompressed_bytes)
            .map_err(Error::io("downloading into", self.folder))
    }
}

/// Bytes a second; a server that sends fewer for as long as one may say nothing would never end.
const SLOWEST: f64 = 100.0;

/// What is found and what is declared, where they differ.
fn another(file: &FileSpec, found: &Found) -> Option<String> {
    let content = &found.sha256;
    if let Some(expected) = file.sha256.filter(|expected| expected != content) {
        return Some(format!(
            "its decompressed content has sha256 {content}, the registry declares {expected}"
        ));
    }
    let expected = file.md5.as_ref().filter(|md5| **md5 != found.md5)?;
    let md5 = &found.md5;
    Some(format!(
        "its md5 is {md5}, the registry declares {expected}"
    ))
}

/// A piece of work shown to the user, which ends however the function is left.
struct Shown<'a>(&'a dyn Progress);

impl<'a> Shown<'a> {
    fn start(progress: &'a dyn Progress, name: &str, total: Option<u64>) -> Self {
        progress.start(&format!("downloading {name}"), total);
        Shown(progress)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// Between half of `wait` and all of it, so that many that failed together do not return together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + 0.5 * (random() as f64 / u64::MAX as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_lie_between_half_of_what_is_asked_and_all_of_it() {
        let wait = Duration::from_millis(100);
        let waits: Vec<Duration> = (0..200).map(|_| jittered(wait)).collect();
        assert!(waits.iter().all(|w| (wait / 2..=wait).contains(w)));
        let early = waits.iter().filter(|w| **w < wait * 3 / 4).count();
        assert!(
            (40..160).contains(&early),
            "{early} of 200 in the first half"
        );
    }
}
