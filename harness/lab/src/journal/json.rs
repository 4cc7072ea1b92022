//! Measurements as JSON and back. JSON has no word for a number that is not finite, and serde_json
//! writes null for one; here it is the text `inf`, `-inf` or `nan`, which reads as that number
//! wherever a number is wanted.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use serde_json::{Error, Value};
use serde_yaml::Value as Yaml;

/// What numbers that are not finite are called.
const WORDS: [(&str, f64); 3] = [
    ("inf", f64::INFINITY),
    ("-inf", f64::NEG_INFINITY),
    ("nan", f64::NAN),
];

/// As JSON, every number kept.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn write(measured: &impl Serialize) -> anyhow::Result<Value> {
    // The values of serde_yaml hold every number, those of serde_json finite ones only.
    Ok(json(serde_yaml::to_value(measured)?)?)
}

/// From JSON, every number as it was written.
///
/// # Errors
/// If it is not of this type.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(WrittenNumber(value))
}

fn json(value: Yaml) -> Result<Value, Error> {
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            (.., Some(number)) if number.is_finite() => number.into(),
            (.., number) => word(number.unwrap_or(f64::NAN)).into(),
        },
        Yaml::Sequence(list) => Value::Array(list.into_iter().map(json).collect::<Result<_, _>>()?),
        Yaml::Mapping(map) => {
            let entry = |(key, value)| Ok((key_text(key)?, json(value)?));
            Value::Object(map.into_iter().map(entry).collect::<Result<_, Error>>()?)
        }
        // A variant of an enum with what it holds.
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!').to_owned();
            Value::Object([(name, json(tagged.value)?)].into_iter().collect())
        }
    })
}

fn word(number: f64) -> &'static str {
    let same = |(_, known): &&(&str, f64)| *known == number;
    WORDS.iter().find(same).map_or("nan", |(word, _)| word)
}

fn key_text(key: Yaml) -> Result<String, Error> {
    match json(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err(Error::custom("a key of JSON is a text")),
    }
}

/// JSON that [`write`] has made.
#[derive(Clone, Copy)]
struct WrittenNumber<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, Error> for WrittenNumber<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for WrittenNumber<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => {
                let mut items = SeqDeserializer::new(list.iter().map(WrittenNumber));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(map) => {
                let entry =
                    |(key, value): (&'de String, &'de Value)| (key.as_str(), WrittenNumber(value));
                let mut entries = MapDeserializer::new(map.iter().map(entry));
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let word = self.0.as_str();
        match WORDS.iter().find(|(known, _)| word == Some(known)) {
            Some((_, number)) => visitor.visit_f64(*number),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => {
                let entry =
                    |(key, value): (&'de String, &'de Value)| (key.as_str(), WrittenNumber(value));
                let entries = MapDeserializer::new(map.iter().map(entry));
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            other => other.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
    enum Bound {
        None,
        AtMost(f64),
        Between(f64, f64),
        Named { low: f32 },
    }

    #[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
    struct Measured {
        loss: f64,
        error: Option<f64>,
        none: Option<f64>,
        walls: Vec<Vec<f64>>,
        points: Vec<(f64, f64)>,
        bounds: Vec<Bound>,
        by_name: BTreeMap<String, f64>,
        seeds: Vec<u64>,
        shift: i64,
        text: String,
    }

    fn measured(number: f64) -> Measured {
        Measured {
            loss: number,
            error: Some(number),
            none: None,
            walls: vec![vec![number, 0.1], vec![]],
            points: vec![(1.0, number)],
            bounds: vec![
                Bound::None,
                Bound::AtMost(number),
                Bound::Between(0.5, number),
                Bound::Named { low: number as f32 },
            ],
            by_name: BTreeMap::from([("a".into(), number)]),
            seeds: vec![u64::MAX, 0],
            shift: -3,
            text: "inf".into(),
        }
    }

    #[test]
    fn every_number_reads_back_as_it_was_written_through_text() {
        for number in [
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.1,
            -0.0,
            1e-300,
            f64::MAX,
        ] {
            let line = write(&measured(number)).unwrap().to_string();
            let again: Measured = read(&serde_json::from_str(&line).unwrap()).unwrap();
            assert_eq!(again, measured(number), "{line}");
        }
        let line = write(&measured(f64::NAN)).unwrap().to_string();
        let again: Measured = read(&serde_json::from_str(&line).unwrap()).unwrap();
        assert!(again.loss.is_nan() && again.error.unwrap().is_nan() && again.points[0].1.is_nan());
        assert_eq!(again.none, None);
    }

    #[test]
    fn finite_numbers_are_written_as_serde_json_writes_them() {
        let ours = write(&measured(0.1)).unwrap();
        assert_eq!(ours, serde_json::to_value(measured(0.1)).unwrap());
    }

    #[test]
    fn nothing_is_no_number_and_a_text_is_none_but_for_its_words() {
        assert!(read::<f64>(&Value::Null).is_err());
        assert!(read::<f64>(&"infinity".into()).is_err());
        assert!(read::<u64>(&"inf".into()).is_err());
        assert_eq!(read::<String>(&"inf".into()).unwrap(), "inf");
    }
}
