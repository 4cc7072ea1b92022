//! Writing files so that nobody ever sees half of one, and that what is written survives a crash.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file at `path` with `content`, or leaves it as it was.
///
/// # Errors
/// If the folder cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(content))
}

/// Replaces the file at `path` with what `write` writes, or leaves it as it was: a temporary file in the
/// same folder is written, brought to the disk and renamed. Its mode is what the umask leaves.
///
/// # Errors
/// If the folder cannot be written, or `write` fails.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
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
