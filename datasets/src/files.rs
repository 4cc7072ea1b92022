//! Writing files so that nobody ever sees half of one, and that what is written survives a crash.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

/// Reads a file; what is none, as a pipe that nobody writes to, is refused instead of waited for.
///
/// # Errors
/// If it is no file, or cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    refuse_other_than_files(path)?;
    fs::read(path)
}

fn refuse_other_than_files(path: &Path) -> io::Result<()> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a file",
        ));
    }
    Ok(())
}

/// Reads a file of text, as [`read`] does.
///
/// # Errors
/// If it is no file of UTF-8, or cannot be read.
pub fn read_text(path: &Path) -> io::Result<String> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    String::from_utf8(read(path)?).map_err(invalid)
}

/// Reads the text that a file begins with, `most` bytes at most.
///
/// # Errors
/// If it is no file of UTF-8, or cannot be read.
pub(crate) fn read_text_up_to(path: &Path, most: u64) -> io::Result<String> {
    refuse_other_than_files(path)?;
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes);
    text.or_else(|error| match error.utf8_error().error_len() {
        // A character that the end cuts: whoever reads so much refuses it by its length.
        None if error.as_bytes().len() as u64 == most => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    })
}

/// Replaces the file at `path` with `content`, or leaves it as it was.
///
/// # Errors
/// If the folder cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(content))
}

/// Replaces the file at `path` with what `write` writes, or leaves it as it was: a temporary file in the
/// same folder is written, brought to the disk and renamed. Its mode is what the umask leaves. What a process that
/// was killed left of its own is removed by the next that writes there: nobody has it locked.
///
/// # Errors
/// If the folder cannot be written, or `write` fails.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    remove_abandoned(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = loop {
        let file = builder.tempfile_in(folder)?;
        // Until it is locked it looks abandoned, and may be removed by who has locked it.
        match file.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) if file.path().is_file() => break file,
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
    };
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// How names of temporary files end.
const TEMPORARY: &str = ".new";

/// Removes temporary files of a name that nobody writes any more.
fn remove_abandoned(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name
            .to_str()
            .and_then(|name| name.strip_prefix(prefix)?.strip_suffix(TEMPORARY));
        let ours =
            random.is_some_and(|r| r.len() == 6 && r.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            // While it is locked, nobody takes it for their own.
            fs::remove_file(entry.path()).ok();
        }
    }
}

/// Renames a file, or a folder of files, that is complete; what it holds is brought to the disk first.
///
/// # Errors
/// If it cannot be read, or the new name cannot be had.
pub fn settle(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            sync_file(&entry?.path())?;
        }
        sync_folder(from)?;
    } else {
        sync_file(from)?;
    }
    fs::rename(from, to)?;
    sync_folder(folder_of(to))
}

/// Appends to a file; when this returns, the bytes survive a crash.
///
/// # Errors
/// If they cannot be written.
pub fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Asks the system to write a file to the disk, for which it has to be open for writing on some systems.
fn sync_file(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.sync_all()
}

/// Asks the system to write a folder's list of names to the disk.
///
/// Systems that cannot open a folder as a file have no such request, and keep the order themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "it is not a file");
        fs::write(folder.path().join("a"), b"\xff").unwrap();
        let error = read_text(&folder.path().join("a")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        let half = |file: &mut File| {
            file.write_all(b"th")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        assert!(replace_with(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let names = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1, "no temporary file is left");
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_another_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        for left in [
            ".file.a1B2c3.new",
            ".file.D4e5F6.new",
            ".file.own.new",
            ".other.a1B2c3.new",
        ] {
            fs::write(of(left), b"half").unwrap();
        }
        let written = File::options()
            .write(true)
            .open(of(".file.D4e5F6.new"))
            .unwrap();
        written.lock().unwrap();
        replace(&of("file"), b"whole").unwrap();
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let kept = [
            ".file.D4e5F6.new",
            ".file.own.new",
            ".other.a1B2c3.new",
            "file",
        ];
        assert_eq!(names, kept);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_has_the_mode_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        replace(&ours, b"").unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_folder_takes_its_name_with_all_that_it_holds() {
        let root = tempfile::tempdir().unwrap();
        let (part, whole) = (root.path().join("part"), root.path().join("whole"));
        fs::create_dir(&part).unwrap();
        let mut file = File::create(part.join("file")).unwrap();
        append(&mut file, b"a").unwrap();
        append(&mut file, b"b").unwrap();
        settle(&part, &whole).unwrap();
        assert_eq!(fs::read(whole.join("file")).unwrap(), b"ab");
        assert!(!part.exists());
    }
}
