//! One request: what is asked, and what each kind of failure means for the next request.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE, RETRY_AFTER,
};
use reqwest::{StatusCode, Url, redirect};

use crate::registry::RegistryLimits;

/// Why a request did not give the file, and what that means.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Worth another request, after a wait if the server asks for one.
    Again {
        why: String,
        after: Option<Duration>,
    },
    /// Not worth another request to this address.
    Never(String),
    /// The host could not be connected to.
    Unreachable { why: String, timed_out: bool },
}

impl Trouble {
    pub(super) fn again(why: impl Into<String>) -> Self {
        Trouble::Again {
            why: why.into(),
            after: None,
        }
    }
}

/// An answer with content.
pub(super) struct Answer {
    pub response: Response,
    /// The position in the file at which the content starts.
    pub from: u64,
    /// Bytes to come, if the server says.
    pub length: Option<u64>,
    /// What names this version of the file in a later request.
    pub tag: Option<String>,
}

/// Makes requests. Clients are built at the first one, since most runs make none.
pub(super) struct Http {
    limits: RegistryLimits,
    outward: OnceLock<Result<Client, String>>,
    loopback: OnceLock<Result<Client, String>>,
}

impl Http {
    pub(super) fn new(limits: RegistryLimits) -> Self {
        Http {
            limits,
            outward: OnceLock::new(),
            loopback: OnceLock::new(),
        }
    }

    /// Asks for a file from position `from` on, provided it is still the version called `tag`;
    /// nothing when there is nothing beyond that position.
    pub(super) fn get(
        &self,
        url: &Url,
        from: u64,
        tag: Option<&str>,
    ) -> Result<Option<Answer>, Trouble> {
        let client = self.client(url).map_err(Trouble::Never)?;
        // A compression of the transfer's own would make positions and lengths mean something else.
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
            if let Some(tag) = tag {
                request = request.header(IF_RANGE, tag);
            }
        }
        let response = request.send().map_err(request_failed)?;
        let status = response.status();
        let headers = response.headers();
        let start = match status {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => range_start(headers).ok_or_else(|| {
                Trouble::Never("answered 206 without saying which part it sends".into())
            })?,
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => return Ok(None),
            _ => return Err(self.refused(status, headers)),
        };
        // A weak tag does not promise the same bytes and may not be used for a part.
        let tag = headers.get(ETAG).and_then(|t| t.to_str().ok());
        let tag = tag.filter(|t| t.starts_with('"')).map(String::from);
        Ok(Some(Answer {
            from: start,
            length: response.content_length(),
            tag,
            response,
        }))
    }

    /// What a status that brings no content means.
    fn refused(&self, status: StatusCode, headers: &HeaderMap) -> Trouble {
        let why = format!("the server answered {status}");
        let passing = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        if !passing {
            return Trouble::Never(why);
        }
        // The other form of the header, a date, is rare, and the usual wait serves it.
        let seconds = headers
            .get(RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let after = seconds.map(Duration::from_secs);
        match after {
            Some(after) if after > self.limits.retry_after_max => Trouble::Never(format!(
                "{why} and asks to wait {} s, above limits.retry_after_max_s",
                after.as_secs()
            )),
            _ => Trouble::Again { why, after },
        }
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        // No proxy can reach this machine's own loopback on its behalf.
        let local = url.host_str().is_some_and(is_loopback);
        let cell = if local { &self.loopback } else { &self.outward };
        cell.get_or_init(|| build(&self.limits, local))
            .as_ref()
            .map_err(Clone::clone)
    }
}

fn build(limits: &RegistryLimits, local: bool) -> Result<Client, String> {
    // Fails when the process has a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("datasets/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect_timeout)
        // In the blocking client this bounds the wait for an answer, then each read by itself.
        .timeout(limits.stall_timeout)
        // A connection kept for later could be one that the server has given up since.
        .pool_max_idle_per_host(0)
        .redirect(redirects(limits.redirects));
    let builder = if local { builder.no_proxy() } else { builder };
    builder
        .build()
        .map_err(|e| format!("setting up the HTTP client: {}", chain(&e)))
}

/// So many, of which none goes from https to http.
fn redirects(most: usize) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let before = attempt.previous().last().map(Url::scheme);
        if before == Some("https") && attempt.url().scheme() != "https" {
            return attempt
                .error("redirected from https to http, where it may be changed on its way");
        }
        if attempt.previous().len() > most {
            return attempt.error("too many redirects");
        }
        attempt.follow()
    })
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    bare == "localhost" || address.is_ok_and(|a| a.is_loopback())
}

fn request_failed(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let why = chain(&error);
    if error.is_redirect() {
        Trouble::Never(format!("{why} (limits.redirects)"))
    } else if error.is_connect() || error.is_dns() {
        Trouble::Unreachable {
            why,
            timed_out: error.is_timeout(),
        }
    } else if error.is_timeout() {
        Trouble::again("no answer within limits.stall_timeout_s")
    } else if error.is_builder() {
        Trouble::Never(why)
    } else {
        Trouble::again(why)
    }
}

/// The first position of a `Content-Range: bytes 5-9/10`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (start, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    start.trim().parse().ok()
}

/// An error with its causes: reqwest's own message seldom says what happened.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// As [`chain`], of a failure to read an answer's content.
pub(super) fn read_failure(error: &std::io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<reqwest::Error>());
    match inner {
        Some(e) if e.is_timeout() => "nothing came within limits.stall_timeout_s".into(),
        Some(e) => {
            let causes = e.source().map(chain);
            causes.unwrap_or_else(|| e.to_string())
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_name_and_by_its_addresses() {
        for own in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "example.org",
            "10.0.0.1",
            "[2001:db8::1]",
            "localhost.example.org",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    /// An error and its cause.
    #[derive(Debug)]
    struct Caused(&'static str, Option<Box<Caused>>);

    impl std::fmt::Display for Caused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Caused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            let cause: &Caused = self.1.as_deref()?;
            Some(cause)
        }
    }

    #[test]
    fn causes_are_told_once_each() {
        let last = Caused("no route", None);
        let middle = Caused("not reached: no route", Some(Box::new(last)));
        let first = Caused("sending failed", Some(Box::new(middle)));
        assert_eq!(chain(&first), "sending failed: not reached: no route");
        assert_eq!(chain(&Caused("alone", None)), "alone");
    }
}
