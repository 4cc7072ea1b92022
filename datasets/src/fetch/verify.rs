//! The hashes of a download, taken while it arrives: of its decompressed content, and of it as it is.
//!
//! Decoders pull and a download pushes, so the decoder has a thread of its own and a channel between.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use md5::{Digest, Md5};

use crate::digest::{HashingReader, Sha, md5_hex};
use crate::read::Decoder;

/// Pieces that may wait to be decompressed; few, since a slow decoder should slow the download down
/// and not fill the memory.
const WAITING: usize = 16;

/// How many bytes of a file tell what it is.
const START: u64 = 256;

/// A thread that decompresses and hashes what it is fed.
pub(super) struct Verifier {
    pieces: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<(Sha, Vec<u8>)>>,
    raw: Md5,
}

/// What a download was found to be.
pub(super) struct Found {
    /// Of the decompressed content.
    pub sha256: Sha,
    /// Of the file as it is, in hex.
    pub md5: String,
    /// How its decompressed content begins.
    pub start: Vec<u8>,
}

impl Verifier {
    /// Starts a thread that lets at most `limit` decompressed bytes pass.
    pub(super) fn start(limit: u64) -> io::Result<Self> {
        let (pieces, receiver) = sync_channel(WAITING);
        let work = move || {
            let decoder = Decoder::new(Pieces::new(receiver), limit)?;
            let mut content = HashingReader::new(decoder);
            let mut start = Vec::new();
            content.by_ref().take(START).read_to_end(&mut start)?;
            io::copy(&mut content, &mut io::sink())?;
            Ok((content.so_far().0, start))
        };
        let thread = std::thread::Builder::new()
            .name("verify download".into())
            .spawn(work)?;
        Ok(Verifier {
            pieces,
            thread,
            raw: Md5::new(),
        })
    }

    /// Hands over the next bytes; false once the thread has given up on them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        self.raw.update(bytes);
        self.pieces.send(bytes.to_vec()).is_ok()
    }

    /// The hashes, now that all bytes are in.
    pub(super) fn finish(self) -> io::Result<Found> {
        drop(self.pieces);
        let died = |_| Err(io::Error::other("the decoder died"));
        let (sha256, start) = self.thread.join().unwrap_or_else(died)?;
        Ok(Found {
            sha256,
            md5: md5_hex(self.raw),
            start,
        })
    }
}

/// The channel's pieces as one stream.
struct Pieces {
    receiver: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Pieces {
    fn new(receiver: Receiver<Vec<u8>>) -> Self {
        Pieces {
            receiver,
            piece: Vec::new(),
            at: 0,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.receiver.recv() {
                Ok(piece) => (self.piece, self.at) = (piece, 0),
                Err(_) => return Ok(0),
            }
        }
        let n = buf.len().min(self.piece.len() - self.at);
        buf[..n].copy_from_slice(&self.piece[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
