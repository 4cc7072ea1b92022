//! The registry as it is written: types that mirror the YAML and mean nothing yet.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Unexpected, Visitor};

use super::file::WireFile;
use crate::images::WireImages;
use crate::surrogate::spec::WireSurrogate;

/// Data sets, by name, and bounds on what may come of their files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireRegistry {
    /// Bounds on downloads and files; what is not said stays as it is.
    #[serde(default)]
    pub limits: WireLimits,
    /// Data sets of rows, by name: letters, digits, `.`, `_` and `-`.
    #[serde(default)]
    pub datasets: Ordered<WireDataset>,
    /// Data sets of images, in archives of the binary layout of CIFAR, by name.
    #[serde(default)]
    pub images: Ordered<WireImages>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WireLimits {
    /// Most bytes that a download may have.
    pub download_bytes: Option<u64>,
    /// Most bytes that a file may decompress to.
    pub decompressed_bytes: Option<u64>,
    /// Most bytes that a line may have.
    pub line_bytes: Option<usize>,
    /// Longest wait for a connection, in seconds.
    pub connect_timeout_s: Option<f64>,
    /// Longest wait for an answer to begin, and for each next piece of it, in seconds.
    pub stall_timeout_s: Option<f64>,
    /// Most requests for one address.
    pub attempts: Option<u32>,
    /// Wait before the second request, doubled before each further one, in seconds.
    pub backoff_s: Option<f64>,
    /// Longest such wait, in seconds.
    pub backoff_max_s: Option<f64>,
    /// Longest wait that a server may ask for, in seconds.
    pub retry_after_max_s: Option<f64>,
    /// Most redirections that are followed.
    pub redirects: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireDataset {
    /// What it is, in a few words.
    pub title: Option<String>,
    /// Whom to cite.
    pub citation: Option<String>,
    /// Under what terms it may be used.
    pub licence: Option<String>,
    /// How many columns of features there are. LIBSVM text needs it; of tables they are counted.
    pub features: Option<usize>,
    /// How many classes there are; as many as labels are found if nothing is said.
    pub classes: Option<usize>,
    /// Which class, counted from 0, each label of the files stands for, as {no: 0, yes: 1}; or `numbers`, if labels are
    /// numbers to be predicted. Without it each different label of the training file is a class.
    pub labels: Option<WireLabels>,
    /// The name of the column with the labels, of CSV and Parquet.
    pub label: Option<String>,
    /// The names of the columns with the features, of CSV and Parquet; all with numbers but the label if nothing is said.
    pub columns: Option<Vec<String>>,
    /// The files.
    pub files: WireFiles,
    /// Test rows drawn from the training file, where there is no test file.
    pub test: Option<WireDraw>,
    /// Which rows are trained on and which are tested on, by name; the first is taken if nothing is said.
    pub splits: Option<Ordered<WireSplit>>,
    /// The split that is taken where none is named.
    pub default_split: Option<String>,
    /// How rows are generated that stand in for the files.
    pub surrogate: Option<WireSurrogate>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireFiles {
    /// The file that is trained on.
    pub train: WireFile,
    /// The file that is tested on.
    pub test: Option<WireFile>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSplit {
    /// The rows that are trained on; where test rows are drawn, those that they are drawn from.
    pub train: WirePart,
    /// The rows that are tested on.
    pub test: WireTest,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePart {
    /// Of which file.
    pub file: WireRole,
    /// The first row, and one past the last, counted from 0; all if nothing is said.
    pub rows: Option<[usize; 2]>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireRole {
    Train,
    Test,
}

/// Rows of a file, or rows drawn from those that are trained on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireTest {
    /// Of which file.
    pub file: Option<WireRole>,
    /// The first row, and one past the last, counted from 0; all if nothing is said.
    pub rows: Option<[usize; 2]>,
    /// Instead of a file: the share of the rows to train on that are drawn, and tested on.
    pub share: Option<f64>,
    /// What they are drawn by; 0 if nothing is said.
    pub seed: Option<u64>,
    /// Whether each class gives its own share; it does, of labels that are classes, if nothing is said.
    pub stratified: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireDraw {
    /// The share of the rows that are tested on.
    pub share: f64,
    /// What they are drawn by.
    #[serde(default)]
    pub seed: u64,
    /// Whether each class gives its own share; it does, of labels that are classes, if nothing is said.
    pub stratified: Option<bool>,
}

/// Labels with their classes, or the word that they are numbers.
#[derive(Debug)]
pub(super) enum WireLabels {
    Numbers,
    Map(Ordered<u32>),
}

impl<'de> Deserialize<'de> for WireLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = WireLabels;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map from labels to classes, or the word numbers")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WireLabels, E> {
                match text {
                    "numbers" => Ok(WireLabels::Numbers),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WireLabels, A::Error> {
                Ok(WireLabels::Map(Ordered(entries(map)?)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for WireLabels {
    fn schema_name() -> Cow<'static, str> {
        "WireLabels".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"enum": ["numbers"]},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ]})
    }
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

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Ordered_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let of = generator.subschema_for::<T>();
        json_schema!({"type": "object", "additionalProperties": of})
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

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(Ordered(entries(map)?))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// The entries of a map, in their order.
fn entries<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    mut map: A,
) -> Result<Vec<(String, T)>, A::Error> {
    let mut entries: Vec<(String, T)> = Vec::new();
    while let Some(Key(key)) = map.next_key()? {
        if entries.iter().any(|e| e.0 == key) {
            return Err(A::Error::custom(format!("\"{key}\" is given twice")));
        }
        entries.push((key, map.next_value()?));
    }
    Ok(entries)
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

            fn visit_bool<E>(self, v: bool) -> Result<Key, E> {
                Ok(Key(v.to_string()))
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
