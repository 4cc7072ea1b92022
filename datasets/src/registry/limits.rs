//! How much a download or a file may ask for, and how long it may take.

use std::time::Duration;

use super::wire::WireLimits;
use crate::{Error, Result};

/// Bounds on downloads and on what comes out of files.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryLimits {
    /// Most bytes a download may have.
    pub download_bytes: u64,
    /// Most bytes a file may decompress to.
    pub decompressed_bytes: u64,
    /// Most bytes a line may have.
    pub line_bytes: usize,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer to begin, and for each next piece of it.
    pub stall_timeout: Duration,
    /// Most requests for one address.
    pub attempts: u32,
    /// Wait before the second request, doubled before each further one.
    pub backoff: Duration,
    /// Longest such wait.
    pub backoff_max: Duration,
    /// Longest wait that a server may ask for; one that asks for longer is given up.
    pub retry_after_max: Duration,
    /// Most redirections followed.
    pub redirects: usize,
}

impl Default for RegistryLimits {
    /// The values that `configs/datasets.yaml` spells out, for registries that name none.
    fn default() -> Self {
        RegistryLimits {
            download_bytes: 256 << 20,
            decompressed_bytes: 2 << 30,
            line_bytes: 1 << 20,
            connect_timeout: Duration::from_secs(4),
            stall_timeout: Duration::from_secs(30),
            attempts: 4,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
            retry_after_max: Duration::from_secs(30),
            redirects: 5,
        }
    }
}

impl RegistryLimits {
    /// Takes over what `wire` names.
    pub(super) fn set(&mut self, wire: WireLimits) -> Result<()> {
        let seconds = |key: &str, value: Option<f64>, to: &mut Duration| -> Result<()> {
            if let Some(value) = value {
                // A day is beyond any use and well within what clocks can add.
                let known = (0.0..=86_400.0).contains(&value);
                let duration = Duration::try_from_secs_f64(value).ok().filter(|_| known);
                *to = duration.ok_or_else(|| {
                    Error::content(
                        format!("limits.{key}"),
                        format!("{value} is not a number of seconds from 0 to 86400"),
                    )
                })?;
            }
            Ok(())
        };
        seconds(
            "connect_timeout_s",
            wire.connect_timeout_s,
            &mut self.connect_timeout,
        )?;
        seconds(
            "stall_timeout_s",
            wire.stall_timeout_s,
            &mut self.stall_timeout,
        )?;
        seconds("backoff_s", wire.backoff_s, &mut self.backoff)?;
        seconds("backoff_max_s", wire.backoff_max_s, &mut self.backoff_max)?;
        seconds(
            "retry_after_max_s",
            wire.retry_after_max_s,
            &mut self.retry_after_max,
        )?;
        self.download_bytes = wire.download_bytes.unwrap_or(self.download_bytes);
        self.decompressed_bytes = wire.decompressed_bytes.unwrap_or(self.decompressed_bytes);
        self.line_bytes = wire.line_bytes.unwrap_or(self.line_bytes);
        self.attempts = wire.attempts.unwrap_or(self.attempts);
        self.redirects = wire.redirects.unwrap_or(self.redirects);
        let zero = [
            ("download_bytes", self.download_bytes == 0),
            ("decompressed_bytes", self.decompressed_bytes == 0),
            ("line_bytes", self.line_bytes == 0),
            ("connect_timeout_s", self.connect_timeout.is_zero()),
            ("stall_timeout_s", self.stall_timeout.is_zero()),
            ("attempts", self.attempts == 0),
        ];
        match zero.iter().find(|z| z.1) {
            Some((key, _)) => Err(Error::content(
                format!("limits.{key}"),
                "must be above 0, or nothing could be had",
            )),
            None => Ok(()),
        }
    }
}
