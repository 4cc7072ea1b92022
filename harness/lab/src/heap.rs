//! How much memory on the host something takes.
//!
//! Every allocation of the program is counted: two additions to a shared number, for methods and
//! the baselines they are compared with alike.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What `work` answers, and how many bytes it held at most besides those that were held before.
/// Right as long as nothing else allocates meanwhile: where tests run beside each other in one
/// process, what it counts is also theirs, so that tests of it run the program.
pub fn held<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let answer = work();
    let most = HEAP.peak_usage().saturating_sub(before);
    (answer, most as u64)
}
