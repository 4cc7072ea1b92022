//! The registry as it is written: types that mirror the YAML and mean nothing yet.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::file::WireFile;
use crate::images::WireImages;
use crate::surrogate::spec::WireSurrogate;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireRegistry {
    #[serde(default)]
    pub limits: WireLimits,
    #[serde(default)]
    pub datasets: Ordered<WireDataset>,
    #[serde(default)]
    pub images: Ordered<WireImages>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WireLimits {
    pub download_bytes: Option<u64>,
    pub decompressed_bytes: Option<u64>,
    pub line_bytes: Option<usize>,
    pub connect_timeout_s: Option<f64>,
    pub stall_timeout_s: Option<f64>,
    pub attempts: Option<u32>,
    pub backoff_s: Option<f64>,
    pub backoff_max_s: Option<f64>,
    pub retry_after_max_s: Option<f64>,
    pub redirects: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireDataset {
    pub title: Option<String>,
    pub citation: Option<String>,
    pub licence: Option<String>,
    pub features: usize,
    pub classes: usize,
    pub labels: Option<Ordered<u32>>,
    pub files: WireFiles,
    pub splits: Option<Ordered<WireSplit>>,
    pub default_split: Option<String>,
    pub surrogate: Option<WireSurrogate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireFiles {
    pub train: WireFile,
    pub test: Option<WireFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSplit {
    pub train: WirePart,
    pub test: WirePart,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePart {
    pub file: WireRole,
    pub rows: Option<[usize; 2]>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireRole {
    Train,
    Test,
}

/// A map that keeps the file's order, whose keys may be written as numbers, and that refuses a key
/// given twice.
#[derive(Debug)]
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    if entries.iter().any(|e| e.0 == key) {
                        return Err(A::Error::custom(format!("\"{key}\" is given twice")));
                    }
                    entries.push((key, map.next_value()?));
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A key as text, whether it was written `-1` or `"-1"`.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name or a number")
            }

            fn visit_str<E>(self, v: &str) -> Result<Key, E> {
                Ok(Key(v.into()))
            }

            fn visit_i64<E>(self, v: i64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_u64<E>(self, v: u64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }

            fn visit_f64<E>(self, v: f64) -> Result<Key, E> {
                Ok(Key(v.to_string()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}
