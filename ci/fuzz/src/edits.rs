//! Changes of bytes: those that a fuzzer writes down as bytes, and those that tests draw.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Splits off a first byte, which chooses what is asked of the rest.
pub(crate) fn choice(bytes: &[u8]) -> (u8, &[u8]) {
    bytes
        .split_first()
        .map_or((0, bytes), |(first, rest)| (*first, rest))
}

/// Bytes with changes that other bytes describe, four for each: what is done, where (two), and with what.
#[must_use]
pub fn edited(original: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for edit in edits.chunks_exact(4) {
        let [what, high, low, with] = *edit else {
            unreachable!("chunks of four")
        };
        if bytes.is_empty() {
            break;
        }
        let place = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        let end = bytes.len().min(place + usize::from(with));
        match what % 6 {
            0 => bytes[place] ^= 1 << (with % 8),
            1 => bytes[place] = with,
            2 => bytes.insert(place, with),
            3 => drop(bytes.drain(place..end)),
            4 => bytes.truncate(place),
            // A piece of it once more, in another place.
            _ => {
                let piece = bytes[place..end].to_vec();
                let to = (place * 31 + usize::from(with)) % bytes.len();
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

/// Bytes with up to eight changes, drawn; pieces of `other` and `words` are put in, too.
#[must_use]
pub fn mutated(original: &[u8], other: &[u8], words: &[&str], seed: u64) -> Vec<u8> {
    let mut stream = ChaCha20Rng::seed_from_u64(seed);
    let mut bytes = original.to_vec();
    for _ in 0..stream.random_range(1..=8) {
        let place = stream.random_range(0..=bytes.len());
        match stream.random_range(0..3) {
            0 => {
                let mut edit = [0; 4];
                edit.fill_with(|| stream.random());
                bytes = edited(&bytes, &edit);
            }
            1 if !words.is_empty() => {
                let word = words[stream.random_range(0..words.len())].bytes();
                let over = if stream.random() { word.len() } else { 0 };
                let end = bytes.len().min(place + over);
                bytes.splice(place..end, word);
            }
            _ if !other.is_empty() => {
                let from = stream.random_range(0..other.len());
                let end = stream.random_range(from..=other.len().min(from + 64));
                bytes.splice(place..place, other[from..end].iter().copied());
            }
            _ => {}
        }
    }
    bytes
}
