//! Downloads: a file from whichever of its addresses gives it, verified before it is in its place.
//!
//! What is downloaded is not parsed here. One address is `transfer`'s affair, one request `http`'s.

mod http;
mod part;
mod transfer;
mod verify;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use reqwest::Url;

use crate::error::Attempt;
use crate::locate::download_name;
use crate::registry::{Address, FileSpec, RegistryLimits};
use crate::{Progress, Result};
use http::Http;
use transfer::Transfer;

/// Downloads files, and remembers which hosts it could not reach.
pub(crate) struct Downloader {
    limits: RegistryLimits,
    http: Http,
    /// Hosts that could not be connected to, with the reason.
    unreachable: Mutex<HashMap<String, String>>,
}

impl Downloader {
    pub(crate) fn new(limits: RegistryLimits) -> Self {
        Downloader {
            http: Http::new(limits.clone()),
            limits,
            unreachable: Mutex::default(),
        }
    }

    /// Downloads `file` into `folder`; where it lies and which address gave it, or what became of
    /// each address.
    ///
    /// # Errors
    /// Only what this machine itself refuses, as a full disk.
    pub(crate) fn download(
        &self,
        file: &FileSpec,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Result<(PathBuf, String), Vec<Attempt>>> {
        let mut attempts = Vec::new();
        for address in &file.addresses {
            match self.from(file, address, folder, progress)? {
                Ok(path) => return Ok(Ok((path, address.to_string()))),
                Err(outcome) => attempts.push(Attempt {
                    place: address.to_string(),
                    outcome,
                }),
            }
        }
        Ok(Err(attempts))
    }

    fn from(
        &self,
        file: &FileSpec,
        address: &Address,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Result<PathBuf, String>> {
        let url = match Url::parse(address.secret()) {
            Ok(url) => url,
            Err(e) => return Ok(Err(format!("not an address: {e}"))),
        };
        let host = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        if let Some(why) = self.hosts().get(&host) {
            return Ok(Err(format!(
                "not tried, {host} could not be reached: {why}"
            )));
        }
        let name = download_name(&file.name, address.secret());
        let target = (folder, name.as_str());
        let transfer = Transfer::open(&self.http, &self.limits, file, &url, target, progress)?;
        Ok(match transfer.run()? {
            Ok(path) => Ok(path),
            Err(gave_up) => {
                if gave_up.unreachable {
                    self.hosts().insert(host, gave_up.why.clone());
                }
                Err(gave_up.why)
            }
        })
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        // The map is whole whatever became of a thread that held it.
        self.unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
