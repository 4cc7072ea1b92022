//! CUDA's libraries, found when a program starts by the program itself.
//!
//! The tensor library links with them, and a program that is linked with a library does not start where that is
//! not: one built with CUDA would need a GPU's driver to say that it has none. So the functions that are called
//! stand here, each a jump to where the library's is, and the linker finds nothing left to take from a library.
//! What is not found answers as CUDA does where there is no GPU.

use std::error::Error;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A library by the names under which it may be found, the first first.
struct CudaLibrary {
    names: &'static [&'static str],
    /// What each of its functions does where there is none.
    absent: extern "C" fn() -> c_int,
}

/// Where they are looked for too, where the loader does not find them, besides the toolkit of CUDA_HOME.
const FOLDERS: [&str; 2] = ["/usr/local/cuda/lib64", "/usr/local/nvidia/lib64"];

/// Those that `forward/functions.s` counts.
const LIBRARIES: [CudaLibrary; 3] = [
    CudaLibrary {
        names: &["libcuda.so.1"],
        absent: no_device,
    },
    CudaLibrary {
        names: &["libcublas.so.13", "libcublas.so.12"],
        absent: not_initialized,
    },
    CudaLibrary {
        names: &["libcurand.so.10"],
        absent: not_initialized,
    },
];

/// CUDA_ERROR_NO_DEVICE.
extern "C" fn no_device() -> c_int {
    100
}

/// CUBLAS_STATUS_NOT_INITIALIZED, which is no success for cuRAND either.
extern "C" fn not_initialized() -> c_int {
    1
}

/// A function, as `forward/` lays it out.
#[repr(C)]
struct Forwarded {
    target: AtomicPtr<c_void>,
    name: *const c_char,
    library: u64,
}

// SAFETY: the name is a constant, and the target is an atomic.
#[allow(unsafe_code)]
unsafe impl Sync for Forwarded {}

/// The functions: jumps, each through its own place in a table, and the table.
#[allow(unsafe_code)]
mod functions {
    #[cfg(target_arch = "x86_64")]
    std::arch::global_asm!(
        include_str!("forward/x86_64.s"),
        include_str!("forward/functions.s"),
        options(att_syntax)
    );

    #[cfg(target_arch = "aarch64")]
    std::arch::global_asm!(
        include_str!("forward/aarch64.s"),
        include_str!("forward/functions.s")
    );
}

#[allow(unsafe_code)]
// SAFETY: both are labels of `forward/functions.s`, the beginning and the end of one table.
unsafe extern "C" {
    static gpu_forwarded: [Forwarded; 0];
    static gpu_forwarded_end: [Forwarded; 0];
}

/// Called by the loader, before anything of CUDA can be.
#[used]
#[allow(unsafe_code)]
// SAFETY: the loader calls what is listed here once, in the one thread that there is; what it calls uses the
// allocator and the loader, which both work by then.
#[unsafe(link_section = ".init_array")]
static FIND: extern "C" fn() = find;

/// Why libraries were not found, one by one.
static ABSENT: OnceLock<Vec<String>> = OnceLock::new();

extern "C" fn find() {
    let mut absent = Vec::new();
    for (number, library) in LIBRARIES.iter().enumerate() {
        let found = open(library.names);
        for function in functions().iter().filter(|f| f.library == number as u64) {
            let there = found.as_ref().ok().and_then(|open| symbol(open, function));
            let target = there.unwrap_or(library.absent as *mut c_void);
            function.target.store(target, Ordering::Relaxed);
        }
        match found {
            // Its functions are called until the program ends.
            Ok(library) => std::mem::forget(library),
            Err(why) => absent.push(why),
        }
    }
    ABSENT.set(absent).ok();
}

/// Says which of CUDA's libraries this program has not found, and why.
pub(crate) fn absent() -> &'static [String] {
    ABSENT.get().map(Vec::as_slice).unwrap_or_default()
}

#[allow(unsafe_code)]
fn functions() -> &'static [Forwarded] {
    // SAFETY: the table begins and ends there, and is never written but through its atomics.
    unsafe {
        let (first, end) = (
            (&raw const gpu_forwarded).cast::<Forwarded>(),
            (&raw const gpu_forwarded_end).cast::<Forwarded>(),
        );
        let count = usize::try_from(end.offset_from(first)).unwrap_or_default();
        std::slice::from_raw_parts(first, count)
    }
}

/// The first library there is.
#[allow(unsafe_code)]
pub(crate) fn open(names: &[&str]) -> Result<libloading::Library, String> {
    let mut why = String::new();
    let home = std::env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("lib64"));
    let folders = FOLDERS.iter().map(PathBuf::from).chain(home);
    let places: Vec<PathBuf> = [PathBuf::new()].into_iter().chain(folders).collect();
    for path in places
        .iter()
        .flat_map(|place| names.iter().map(|name| place.join(name)))
    {
        // SAFETY: what CUDA's libraries do when they are loaded is what they did when the loader did it.
        match unsafe { libloading::Library::new(&path) } {
            Ok(library) => return Ok(library),
            Err(error) if why.is_empty() => {
                let cause = error.source().map(ToString::to_string);
                why = cause.unwrap_or_else(|| format!("{}: {error}", path.display()));
            }
            Err(_) => {}
        }
    }
    Err(why)
}

#[allow(unsafe_code)]
fn symbol(library: &libloading::Library, function: &Forwarded) -> Option<*mut c_void> {
    // SAFETY: the name is a constant that ends with a zero; a function's address is all that is asked for.
    unsafe {
        let name = CStr::from_ptr(function.name).to_bytes_with_nul();
        let found = library.get::<*mut c_void>(name).ok()?;
        Some(*found)
    }
}
