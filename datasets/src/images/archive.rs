//! An archive in the binary layout of CIFAR: members of records, each a label byte and the pixels.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::{Digest, Md5};

use crate::digest::{HashingReader, md5_hex};
use crate::images::{ImageSet, ImagesSpec};
use crate::read::{Compression, Decoder, explain};
use crate::{Error, FileRecord, Result};

/// Training and test images of the archive at a path, once it is the declared one.
///
/// # Errors
/// [`Error::Archive`] if it is not, lacks a member, or has one that is not whole records;
/// [`Error::Io`] if it cannot be read.
pub(crate) fn read(
    spec: &ImagesSpec,
    path: &Path,
    from: &str,
    limit: u64,
) -> Result<([ImageSet; 2], FileRecord)> {
    let wrong = |problem: String| Error::Archive {
        file: spec.archive.name.clone(),
        from: from.to_owned(),
        problem,
    };
    if let Some(declared) = &spec.archive.md5 {
        let found = md5_of(path)?;
        if found != *declared {
            return Err(wrong(format!(
                "its md5 is {found}, the registry declares {declared}, of the file as it is published: it is another file, was cut short, or was compressed otherwise"
            )));
        }
    }
    let raw = File::open(path).map_err(Error::io("opening", path))?;
    let decoder = Decoder::new(raw, limit).map_err(Error::io("reading", path))?;
    let mut content = HashingReader::new(decoder);
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    let wanted = |name: &str| spec.train.0.iter().chain(&spec.test.0).any(|m| m == name);
    let image = 1 + spec.channels * spec.side * spec.side;
    let most = (spec.train.1.max(spec.test.1) * image) as u64;
    unpack(&mut content, wanted, most, &mut members)
        // What is behind the last member belongs to the hash too.
        .and_then(|()| io::copy(&mut content, &mut io::sink()).map(drop))
        .map_err(|e| match e.kind() {
            io::ErrorKind::FileTooLarge => explain(e, path, Compression::None, limit),
            _ => wrong(format!("unpacking it: {e}")),
        })?;
    let (sha256, bytes) = content.so_far();
    if let Some(declared) = spec.archive.sha256
        && declared != sha256
    {
        return Err(wrong(format!(
            "its decompressed content has sha256 {sha256}, the registry declares {declared}"
        )));
    }
    let part = |(names, images): &(Vec<String>, usize)| -> Result<ImageSet> {
        let mut set = ImageSet::empty(spec.channels, spec.side);
        for name in names {
            let Some((_, records)) = members.iter().find(|(member, _)| member == name) else {
                return Err(wrong(format!("it has no member {name}")));
            };
            append(&mut set, records, spec.classes).map_err(|p| wrong(format!("{name}: {p}")))?;
        }
        if set.len() != *images {
            let (found, there) = (set.len(), names.join(", "));
            return Err(wrong(format!("{there} hold {found} images, not {images}")));
        }
        Ok(set)
    };
    let record = FileRecord {
        name: spec.archive.name.clone(),
        sha256: sha256.to_string(),
        bytes,
        from: from.to_owned(),
    };
    Ok(([part(&spec.train)?, part(&spec.test)?], record))
}

/// The members that are wanted, of a tar, each of at most so many bytes.
fn unpack(
    content: impl Read,
    wanted: impl Fn(&str) -> bool,
    most: u64,
    members: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    for entry in tar::Archive::new(content).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if wanted(&name) {
            // A sparse member could say that it is of any length.
            if !entry.header().entry_type().is_file() || entry.size() > most {
                let bytes = entry.size();
                let what = format!("{name} of {bytes} bytes is no file of at most {most}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            members.push((name, bytes));
        }
    }
    Ok(())
}

/// Adds records: a label byte and the pixels each.
fn append(set: &mut ImageSet, records: &[u8], classes: usize) -> Result<(), String> {
    let record = 1 + set.image_len();
    if !records.len().is_multiple_of(record) {
        let (bytes, left) = (records.len(), records.len() % record);
        return Err(format!(
            "{bytes} bytes are no whole number of records of {record}: {left} are left over"
        ));
    }
    for (index, record) in records.chunks_exact(record).enumerate() {
        let label = u32::from(record[0]);
        if label as usize >= classes {
            return Err(format!(
                "record {index} has label {label} of {classes} classes"
            ));
        }
        set.labels.push(label);
        set.pixels.extend_from_slice(&record[1..]);
    }
    Ok(())
}

/// The md5 of a file as it lies, in hex.
fn md5_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io("opening", path))?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match file.read(&mut buffer).map_err(Error::io("reading", path))? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(md5_hex(hash))
}
