//! How many threads there are and what becomes of memory that is given back, settled once.
//!
//! candle asks for the number of physical cores at every matrix product on a CPU, and on Linux reading
//! that takes many times as long as a small product does; unless `RAYON_NUM_THREADS` says it
//! (bench/NOTES.md). A process can set its own environment only by unsafe code, so the program starts
//! itself again, in the same process, with that variable.
//!
//! The C library gives memory of a tensor's size back to the system as soon as it is free, and the next tensor's is
//! found and cleared anew, page by page: a sixth of the time of a window whose points have millions of
//! coordinates. So it is told, in the same way, to keep some.

use anyhow::{Context, Result, ensure};
use std::sync::Mutex;

/// The variable that candle and rayon read.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// The variable of the library that makes tables.
const OF_TABLES: &str = "POLARS_MAX_THREADS";

/// What the C library asks the system for on its own, and what it keeps of what is free, at most: blocks of up to
/// 32 MiB, as large as it can be told, and half a GiB.
const MEMORY: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "536870912"),
];

/// More threads than any machine has use for, and than take long to start.
const MOST: usize = 4096;

/// One thread for each physical core, but not more than this process may use.
#[must_use]
pub fn number() -> usize {
    let allowed = std::thread::available_parallelism();
    let allowed = allowed.map_or(1, std::num::NonZero::get);
    candle_core::utils::get_num_threads().clamp(1, allowed)
}

/// Starts as many threads as products and tables will be made with, and ends them: the libraries that start them
/// later give up the whole process where one is not to be had.
///
/// # Errors
/// If the system refuses one, as login nodes do whose users may have few.
pub fn check() -> Result<()> {
    let allowed = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let said = |variable| std::env::var(variable).ok()?.parse().ok();
    for variable in [VARIABLE, OF_TABLES] {
        if let Some(asked) = std::env::var(variable)
            .ok()
            .and_then(|text| text.parse::<f64>().ok())
        {
            ensure!(
                asked <= MOST as f64,
                "{variable}={asked} asks for more than {MOST} threads: unset it, or give it the number of cores"
            );
        }
    }
    let of_tables = said(OF_TABLES).unwrap_or(allowed);
    // And one that draws progress.
    let wanted = said(VARIABLE).unwrap_or_else(number) + of_tables + 1;
    let all_there = Mutex::new(());
    std::thread::scope(|threads| {
        let held = all_there.lock();
        for started in 0..wanted {
            let wait = || drop(all_there.lock());
            let thread = std::thread::Builder::new().spawn_scoped(threads, wait);
            thread.with_context(|| {
                format!(
                    "starting thread {} of {wanted}: the system lets this user have no more (`ulimit -u`)",
                    started + 1
                )
            })?;
        }
        drop(held);
        Ok(())
    })
}

/// Sees to it that the number of threads is known to all that ask for it, and that memory is kept. Returns if it is, which may be in
/// a process that began anew with the same arguments; or if that could not be done, and then all is as
/// it should be, but slower.
pub fn settle() {
    #[cfg(target_os = "linux")]
    if std::env::var_os(VARIABLE).is_none() {
        use std::os::unix::process::CommandExt;
        let mut arguments = std::env::args_os();
        let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else {
            return;
        };
        // Called as an argument of the loader, this program is not what runs.
        let file = program.file_name().unwrap_or_default().to_string_lossy();
        if file.starts_with("ld-") || file.starts_with("ld.") {
            return;
        }
        let mut again = std::process::Command::new(&program);
        again.arg0(name).args(arguments);
        again.env(VARIABLE, number().to_string());
        // Both or neither: one alone makes the library ask for every tensor.
        if MEMORY
            .iter()
            .all(|(name, _)| std::env::var_os(name).is_none())
        {
            again.envs(MEMORY);
        }
        // Comes back only if it failed.
        let error = again.exec();
        eprintln!("harness: {VARIABLE} is not set, and small matrix products are slow: {error}");
    }
}
