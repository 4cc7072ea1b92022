//! Arrays in NumPy's format. The tensor library reads it well, but writes number by number.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Numbers that NumPy knows.
pub(super) trait NpyNumber: Copy {
    /// NumPy's name of the type, little-endian.
    const DESCRIPTION: &'static str;
    /// Little-endian.
    fn bytes(self) -> [u8; 4];
}

impl NpyNumber for f32 {
    const DESCRIPTION: &'static str = "<f4";
    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }
}

impl NpyNumber for u32 {
    const DESCRIPTION: &'static str = "<u4";
    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }
}

/// Writes `values`, row-major, as an array of this shape; version 1.0 of the format.
pub(super) fn write<T: NpyNumber>(path: &Path, shape: &[usize], values: &[T]) -> io::Result<()> {
    // A tuple of one has a comma in Python.
    let shape: String = shape.iter().map(|n| format!("{n},")).collect();
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}",
        T::DESCRIPTION
    );
    // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
    const BEFORE: usize = 10;
    while !(BEFORE + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for value in values {
        file.write_all(&value.bytes())?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Tensor;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &[2, 3], &[1f32, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap();
        let read = Tensor::read_npy(&path).unwrap();
        let rows = read.to_vec2::<f32>().unwrap();
        assert_eq!(rows, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]);
        write(&path, &[2], &[7u32, 8]).unwrap();
        let read = Tensor::read_npy(&path).unwrap();
        assert_eq!(read.to_vec1::<u32>().unwrap(), [7, 8]);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len() % 64, 8, "a header of full lines, then the data");
    }
}
