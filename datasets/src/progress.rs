//! How the library tells a caller what is taking time.
//!
//! Only the trait and its silent form live here; bars and their looks are the caller's.

/// What the library reports while it downloads, unpacks, or generates.
///
/// A piece of work is one [`start`](Progress::start), any number of [`advance`](Progress::advance)s
/// and one [`finish`](Progress::finish), in that order and from one thread. A download that begins
/// again from nothing is a new piece of work.
pub trait Progress: Sync {
    /// Begins a piece of work called `what`, of `total` bytes when that is known.
    fn start(&self, what: &str, total: Option<u64>);
    /// Says that `bytes` more bytes are done.
    fn advance(&self, bytes: u64);
    /// Ends the piece of work begun last, done or failed.
    fn finish(&self);
    /// Tells the user something that is not an error but that he should know.
    fn note(&self, message: &str);
}

/// A [`Progress`] that says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
    fn note(&self, _message: &str) {}
}
