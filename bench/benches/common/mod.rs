//! What all benchmarks share.

use criterion::Criterion;
use std::time::Duration;

/// Short, so that all benchmarks together take a few minutes, and `--quick` less than three on two
/// cores; `--sample-size` and `--measurement-time` go before this.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}
