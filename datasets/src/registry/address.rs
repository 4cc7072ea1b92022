//! Where a file can be downloaded, which may hold what nobody else should read.

use std::fmt;

/// An http or https address. What is shown of it has no user, password or query: these may be secrets.
///
/// ```
/// use datasets::Address;
/// let address: Address = "https://me:secret@example.org/a?token=secret".parse().unwrap();
/// assert_eq!(address.to_string(), "https://…@example.org/a?…");
/// let address: Address = "https://me:se/cret@example.org/a".parse().unwrap();
/// assert_eq!(address.to_string(), "https://…@example.org/a");
/// assert!("ftp://example.org/a".parse::<Address>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// All of it, for whoever asks there.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    /// Whether what comes from there can be changed on its way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = Self(text.to_owned());
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            return Err(format!(
                "\"{address}\" is not an http:// or https:// address; use `path` for a local file"
            ));
        }
        Ok(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, query) = match self.0.split_once(['?', '#']) {
            Some((before, _)) => (before, "?…"),
            None => (self.0.as_str(), ""),
        };
        let (scheme, rest) = before.split_once("://").unwrap_or(("", before));
        // A password may hold what would end the host.
        let (user, host) = match rest.rsplit_once('@') {
            Some((_, host)) => ("…@", host),
            None => ("", rest),
        };
        let between = if scheme.is_empty() { "" } else { "://" };
        write!(f, "{scheme}{between}{user}{host}{query}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
