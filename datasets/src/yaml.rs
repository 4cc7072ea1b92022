//! How YAML is read, whatever stands in the file: merge keys `<<` are applied, no key is given
//! twice, every number is finite. Whoever reads YAML reads it by [`load`].

use schemars::JsonSchema;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml::{Error, Mapping, Number, Value};
use std::cell::Cell;
use std::fmt;
use std::path::Path;

/// The key whose mapping, or list of mappings, gives the keys that are not there.
const MERGE: &str = "<<";

/// A value, or a list of values of which each is to be run.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T: Clone> OneOrMany<T> {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value.clone()],
            Self::Many(values) => values.clone(),
        }
    }
}

/// Reads YAML as a type.
///
/// ```
/// use std::collections::BTreeMap;
/// let text = "one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}";
/// let map: BTreeMap<String, BTreeMap<String, u8>> = datasets::yaml::load(text)?;
/// assert_eq!(map["two"]["a"], 1);
/// assert_eq!(map["two"]["b"], 3);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
///
/// # Errors
/// What is no YAML, given twice, not finite, or not of this type; by its key.
pub fn load<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    bounded(text)?;
    let written: Value = serde_yaml::from_str(text)?;
    let value = merged(written.clone(), "")?;
    let of = if all_finite(&value) {
        Vec::new()
    } else {
        numbers(&value)
    };
    for located in of {
        if !located.number.as_f64().is_some_and(f64::is_finite) {
            let place = match located.place.as_str() {
                "" => "it",
                place => place,
            };
            return Err(Error::custom(format!(
                "{place} is {}, but every number has to be finite",
                located.number
            )));
        }
    }
    match value == written {
        // From the text itself, so that an error can say the line.
        true => serde_yaml::from_str(text),
        false => typed(&value),
    }
}

/// Reads the text of a YAML file, and no more of it than [`load`] takes.
///
/// # Errors
/// If it is no file of UTF-8, or cannot be read.
pub fn read(path: &Path) -> std::io::Result<String> {
    crate::files::read_text_up_to(path, MOST_BYTES as u64 + 1)
}

/// Refuses what would take the parser long: its time grows with the square of how deeply brackets are nested. CountedValue
/// are all that open, as what is a text or a comment is the parser's to tell. What aliases stand for, through other
/// aliases too, is counted before anything is made of it.
fn bounded(text: &str) -> Result<(), Error> {
    if text.len() > MOST_BYTES {
        return Err(Error::custom(format!(
            "it has more than {MOST_BYTES} bytes, the most that a text may have"
        )));
    }
    let opened = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    let opened = opened.count();
    if opened > MOST_BRACKETS {
        return Err(Error::custom(format!(
            "{opened} brackets are opened, those of comments and texts included, of which there may be {MOST_BRACKETS}"
        )));
    }
    if text.lines().any(|line| line.starts_with('%')) {
        return Err(Error::custom(
            "a line begins with %, as directives do: they are not read",
        ));
    }
    if text.contains('*') && text.contains('&') || text.len() > LONG {
        let room = AliasRoom::default();
        CountedValue(&room).deserialize(serde_yaml::Deserializer::from_str(text))?;
    }
    Ok(())
}

/// Bytes of a text, at most: a dozen times those of the largest here.
const MOST_BYTES: usize = 1 << 20;

/// Bytes of a text that is looked through before it is read.
const LONG: usize = 64 << 10;

/// Values that a text stands for, at most, if it is long or has aliases.
const MOST_VALUES: usize = 1 << 18;

/// Bytes of these, at most.
const MOST_REPEATED: usize = 32 << 20;

/// Brackets that a text opens, at most: a dozen times those of the largest here, and all of them nested take a second.
const MOST_BRACKETS: usize = 10_000;

/// What a text has come to so far.
#[derive(Default)]
struct AliasRoom {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

/// Reads a value and makes nothing of it: each is counted, wherever an alias repeats it.
struct CountedValue<'a>(&'a AliasRoom);

impl CountedValue<'_> {
    fn count<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        let AliasRoom {
            values,
            bytes: all_bytes,
        } = self.0;
        values.set(values.get() + 1);
        all_bytes.set(all_bytes.get() + bytes);
        if values.get() > MOST_VALUES || all_bytes.get() > MOST_REPEATED {
            return Err(E::custom(format!(
                "it has or its aliases make it stand for more than {MOST_VALUES} values or {MOST_REPEATED} bytes"
            )));
        }
        Ok(())
    }
}

/// A key that is a word or a whole number; fractions take the parser's table long.
struct PlainKey {
    bytes: usize,
}

impl<'de> Deserialize<'de> for PlainKey {
    fn deserialize<D: Deserializer<'de>>(key: D) -> Result<Self, D::Error> {
        match Value::deserialize(key)? {
            Value::String(text) => Ok(Self { bytes: text.len() }),
            Value::Bool(_) | Value::Null => Ok(Self { bytes: 0 }),
            Value::Number(number) if !number.is_f64() => Ok(Self { bytes: 0 }),
            other => Err(D::Error::custom(format!(
                "{} is a key that is neither a word nor a whole number",
                word(&other).chars().take(40).collect::<String>()
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for CountedValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CountedValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.count(0)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.count(0)
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<(), E> {
        self.count(0)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.count(0)
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<(), E> {
        self.count(0)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.count(0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.count(text.len())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.count(0)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.count(0)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.count(0)?;
        while list.next_element_seed(CountedValue(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.count(0)?;
        while let Some(PlainKey { bytes }) = map.next_key()? {
            self.count(bytes)?;
            map.next_value_seed(CountedValue(self.0))?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let ((), value) = tagged.variant_seed(CountedValue(self.0))?;
        value.newtype_variant_seed(self)
    }
}

/// A value that was loaded, or made of such, as a type.
///
/// # Errors
/// What is not of this type, by its key.
pub fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    // By way of text, as the errors of values do not say the key.
    serde_yaml::from_str(&serde_yaml::to_string(value)?).map_err(without_line)
}

/// An error without a line of a text that nobody has written.
fn without_line(error: Error) -> Error {
    let Some(at) = error.location() else {
        return error;
    };
    let (line, column) = (at.line(), at.column());
    let message = error.to_string();
    match message.strip_suffix(&format!(" at line {line} column {column}")) {
        Some(message) => Error::custom(message),
        None => error,
    }
}

/// A number of a YAML value.
#[derive(Clone, Debug)]
pub struct Located<'a> {
    /// The keys that lead to it; positions in lists are left out.
    pub keys: Vec<String>,
    /// Where it stands, in words: `windows[3].tolerance`.
    pub place: String,
    /// The number.
    pub number: &'a Number,
}

/// Whether every number is finite, without saying where one is not: a place can be long, and numbers many.
fn all_finite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(f64::is_finite),
        Value::Mapping(map) => map.values().all(all_finite),
        Value::Sequence(list) => list.iter().all(all_finite),
        Value::Tagged(tagged) => all_finite(&tagged.value),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Every number of a value, in its order.
#[must_use]
pub fn numbers(value: &Value) -> Vec<Located<'_>> {
    fn walk<'a>(value: &'a Value, keys: &[String], place: &str, all: &mut Vec<Located<'a>>) {
        match value {
            Value::Number(number) => all.push(Located {
                keys: keys.to_vec(),
                place: place.to_owned(),
                number,
            }),
            Value::Mapping(map) => {
                for (key, value) in map {
                    let key = word(key);
                    let keys = [keys, std::slice::from_ref(&key)].concat();
                    walk(value, &keys, &below(place, &key), all);
                }
            }
            Value::Sequence(list) => {
                for (index, value) in list.iter().enumerate() {
                    walk(value, keys, &format!("{place}[{index}]"), all);
                }
            }
            Value::Tagged(tagged) => walk(&tagged.value, keys, place, all),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    walk(value, &[], "", &mut all);
    all
}

/// The value with its merge keys applied. serde_yaml's own `apply_merge` leaves the merge keys of
/// what is merged as they are, and does not keep the order of keys.
fn merged(value: Value, place: &str) -> Result<Value, Error> {
    Ok(match value {
        Value::Mapping(map) => {
            let (mut own, mut sources) = (Mapping::new(), Vec::new());
            for (key, value) in map {
                let place = below(place, &word(&key));
                let value = merged(value, &place)?;
                if key == MERGE {
                    sources = mappings(value, &place)?;
                } else {
                    own.insert(key, value);
                }
            }
            // Of several, the first that has a key gives it.
            for (key, value) in sources.into_iter().flatten() {
                own.entry(key).or_insert(value);
            }
            Value::Mapping(own)
        }
        Value::Sequence(list) => {
            // A place can be long, and only what holds others has one.
            let item = |(index, value)| match value {
                Value::Mapping(_) | Value::Sequence(_) | Value::Tagged(_) => {
                    merged(value, &format!("{place}[{index}]"))
                }
                other => Ok(other),
            };
            Value::Sequence(
                list.into_iter()
                    .enumerate()
                    .map(item)
                    .collect::<Result<_, _>>()?,
            )
        }
        Value::Tagged(mut tagged) => {
            tagged.value = merged(tagged.value, place)?;
            Value::Tagged(tagged)
        }
        other => other,
    })
}

/// What a merge key may hold.
fn mappings(value: Value, place: &str) -> Result<Vec<Mapping>, Error> {
    let refuse = || {
        Error::custom(format!(
            "{place} is neither a mapping nor a list of mappings"
        ))
    };
    let mapping = |value| match value {
        Value::Mapping(map) => Ok(map),
        _ => Err(refuse()),
    };
    match value {
        Value::Mapping(map) => Ok(vec![map]),
        Value::Sequence(list) => list.into_iter().map(mapping).collect(),
        _ => Err(refuse()),
    }
}

fn below(place: &str, key: &str) -> String {
    if place.is_empty() {
        key.to_owned()
    } else {
        format!("{place}.{key}")
    }
}

/// A key as text.
fn word(key: &Value) -> String {
    match key {
        Value::String(key) => key.clone(),
        other => serde_yaml::to_string(other)
            .map_or_else(|_| "?".to_owned(), |text| text.trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        load(text).unwrap()
    }

    fn refused(text: &str) -> String {
        load::<Value>(text).unwrap_err().to_string()
    }

    #[test]
    fn brackets_count_wherever_they_open_and_whatever_closes_them() {
        let most = "[".repeat(MOST_BRACKETS);
        assert!(bounded(&most).is_ok());
        let error = bounded(&(most.clone() + "{")).unwrap_err().to_string();
        assert!(error.starts_with("10001 brackets are opened"), "{error}");
        let flat = "- []\n".repeat(MOST_BRACKETS);
        assert_eq!(load::<Vec<Vec<u8>>>(&flat).unwrap().len(), MOST_BRACKETS);
        for hidden in [
            "[] ".repeat(MOST_BRACKETS + 1),
            "[ \"]\", ".repeat(MOST_BRACKETS + 1),
            "- \" #\", [\r\n".repeat(MOST_BRACKETS + 1),
        ] {
            assert!(bounded(&hidden).is_err(), "{}", &hidden[..20]);
        }
    }

    #[test]
    fn aliases_may_stand_for_so_much_and_no_more() {
        let aliased = |letters: usize, times: usize| {
            format!(
                "a: &a {}\nb: [{}]\n",
                "x".repeat(letters),
                "*a, ".repeat(times)
            )
        };
        assert!(bounded(&aliased(1 << 10, 1000)).is_ok());
        let repeated = "its aliases make it stand for more than 262144 values or 33554432 bytes";
        let error = bounded(&aliased(1 << 19, 100)).unwrap_err().to_string();
        assert!(error.contains(repeated), "{error}");
        // Emphasis and products are none.
        assert!(bounded(&"# ** a * b\n".repeat(10_000)).is_ok());
    }

    /// Each anchor repeats the one before twice, or takes its keys, or one that is long is repeated.
    #[test]
    fn aliases_that_stand_for_aliases_are_counted_through_all_of_them() {
        use std::fmt::Write;
        let begin = std::time::Instant::now();
        let mut doubled = format!("x: &x [{}]\na0: &a0 [*x, *x]\n", "0, ".repeat(3000));
        let mut merged = "x: &x\n".to_owned();
        for key in 0..20_000 {
            let _ = writeln!(merged, "  k{key}: !kept 0");
        }
        let mut chained = merged.clone() + "a0: &a0 {<<: *x, n0: 1}\n";
        merged += "a0: &a0 {<<: [*x, *x], n0: 1}\n";
        for i in 1..40 {
            let before = i - 1;
            let _ = writeln!(doubled, "a{i}: &a{i} [*a{before}, *a{before}]");
            let _ = writeln!(
                merged,
                "a{i}: &a{i} {{<<: [*a{before}, *a{before}], n{i}: 1}}"
            );
            let _ = writeln!(chained, "a{i}: &a{i} {{<<: *a{before}, n{i}: 1}}");
        }
        for text in [doubled, merged, chained] {
            let error = load::<Value>(&text).unwrap_err().to_string();
            assert!(
                error.contains("its aliases make it stand for more"),
                "{error}"
            );
        }
        assert!(begin.elapsed().as_secs() < 10);
    }

    /// Long keys above many numbers, tags that directives make long, keys that are numbers.
    #[test]
    fn what_no_alias_makes_long_is_read_or_refused_in_seconds_too() {
        let begin = std::time::Instant::now();
        let long = format!("? {}\n: [{}0]\n", "a".repeat(400_000), "0,".repeat(200_000));
        assert!(load::<Value>(&long).is_ok());
        let tags = format!(
            "%TAG !e! tag:{}\n---\n{}",
            "x".repeat(500_000),
            "- !e!a b\n".repeat(50_000)
        );
        let error = load::<Value>(&tags).unwrap_err().to_string();
        assert!(error.contains("directives"), "{error}");
        let keys: String = (10_000..90_000).map(|i| format!(".{i}: \n")).collect();
        let error = load::<Value>(&keys).unwrap_err().to_string();
        assert!(
            error.contains("neither a word nor a whole number"),
            "{error}"
        );
        assert!(begin.elapsed().as_secs() < 10);
    }

    #[test]
    fn a_text_may_have_its_most_bytes() {
        let text = "#".repeat(MOST_BYTES);
        assert!(bounded(&text).is_ok());
        assert!(bounded(&(text + "#")).is_err());
    }

    #[test]
    fn what_would_take_the_parser_long_is_refused_at_once() {
        let begin = std::time::Instant::now();
        for text in [
            "a: ".to_owned() + &"[".repeat(100_000),
            "a: ".to_owned() + &"[".repeat(100_000) + &"]".repeat(100_000),
            "a: ".to_owned() + &"[ \"]\", ".repeat(100_000),
            "x".repeat(MOST_BYTES + 1),
        ] {
            assert!(load::<Value>(&text).is_err());
        }
        assert!(begin.elapsed().as_secs() < 5);
        let text = format!("a: {}1{}", "[".repeat(50), "]".repeat(50));
        assert!(load::<Value>(&text).is_ok());
    }

    #[test]
    fn own_keys_go_before_merged_ones_and_the_first_of_a_list_before_the_others() {
        let text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}";
        assert_eq!(value(text)["c"], value("{x: 1, y: 3, z: 2}"));
    }

    #[test]
    fn what_is_merged_may_be_made_by_a_merge_key_itself() {
        let text = "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: [{<<: *b}]";
        assert_eq!(value(text)["c"][0], value("{x: 1, y: 2}"));
        assert_eq!(value("<<: {<<: {x: 1}}"), value("x: 1"));
    }

    #[test]
    fn keys_stay_in_the_order_of_the_file() {
        let Value::Mapping(map) = value("{c: 1, <<: {z: 4}, b: 2, a: 3}") else {
            panic!("a mapping")
        };
        let keys: Vec<&str> = map.keys().filter_map(Value::as_str).collect();
        assert_eq!(keys, ["c", "b", "a", "z"]);
    }

    #[test]
    fn a_merge_key_without_keys_is_refused_by_its_place() {
        for text in ["a: {<<: 1}", "a: {<<: [1]}", "a: {<<: null}"] {
            assert!(refused(text).contains("a.<<"), "{}", refused(text));
        }
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        assert!(refused("a: {steps: 1, steps: 2}").contains("steps"));
        assert!(refused("a: {<<: {x: 1}, <<: {y: 1}}").contains("<<"));
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_by_its_place() {
        for number in [".nan", ".inf", "-.inf"] {
            let said = refused(&format!("a: [{{b: 1}}, {{b: {number}}}]"));
            assert!(said.contains("a[1].b"), "{said}");
        }
    }

    #[test]
    fn an_error_names_the_key_and_no_line_that_was_not_written() {
        use std::collections::BTreeMap;
        type Numbers = BTreeMap<String, BTreeMap<String, u8>>;
        let plain = load::<Numbers>("a: {b: -1}").unwrap_err().to_string();
        assert!(plain.contains("a.b") && plain.contains("line 1"), "{plain}");
        let merged = load::<Numbers>("a: {<<: {b: -1}}").unwrap_err().to_string();
        assert!(
            merged.contains("a.b") && !merged.contains("line"),
            "{merged}"
        );
    }
}
