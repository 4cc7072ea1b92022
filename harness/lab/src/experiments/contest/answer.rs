//! What a contestant answered: read key by key, so that whatever is missing or cannot be is told by its name.

use super::fault::ContestantFault;
use serde_json::Value;

/// By how much a contestant's clock may run ahead of the harness's: two clocks, and the last digit of a number.
const CLOCKS_DIFFER: f64 = 1.001;

/// An answer, a JSON object.
pub struct Answer {
    doing: String,
    value: Value,
}

impl Answer {
    /// Of what was asked, as messages say it.
    #[must_use]
    pub fn new(doing: impl Into<String>, value: Value) -> Self {
        Self {
            doing: doing.into(),
            value,
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn text(&self, key: &str) -> Result<String, ContestantFault> {
        let text = self.value.get(key).and_then(Value::as_str);
        let text = text.ok_or_else(|| {
            self.wrong(format!(
                "`{key}` is {}, but has to be a text",
                self.shown(key)
            ))
        })?;
        // Rows and tables have it in a line.
        Ok(text.chars().filter(|c| !c.is_control()).take(200).collect())
    }

    /// Whether it has said that it is ready.
    ///
    /// # Errors
    /// If it has said something else.
    pub fn ready(&self) -> Result<(), ContestantFault> {
        match self.value.get("ready") {
            Some(Value::Bool(true)) => Ok(()),
            _ => Err(self.wrong(format!(
                "`ready` is {}, but has to be true",
                self.shown("ready")
            ))),
        }
    }

    /// Its seconds, each of so many repeats; `None` if it says null. `passed` are those between command and answer.
    ///
    /// # Errors
    /// If they are no time, or more than have passed.
    pub fn seconds(&self, repeats: u64, passed: f64) -> Result<Option<f64>, ContestantFault> {
        let value = match self.value.get("seconds") {
            Some(Value::Null) => return Ok(None),
            value => value.and_then(Value::as_f64),
        };
        let seconds = value.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let seconds = seconds.ok_or_else(|| {
            self.wrong(format!(
                "`seconds` is {}, but has to be a number from 0 on, or null",
                self.shown("seconds")
            ))
        })?;
        let all = seconds * repeats as f64;
        if all > passed * CLOCKS_DIFFER + 1e-3 {
            return Err(self.wrong(format!(
                "it says that it took {all:.6} s, but only {passed:.6} s lie between command and answer"
            )));
        }
        Ok(Some(seconds))
    }

    /// A count, if it is there.
    ///
    /// # Errors
    /// If it is no whole number.
    pub fn count(&self, key: &str) -> Result<Option<u64>, ContestantFault> {
        match self.value.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| {
                self.wrong(format!(
                    "`{key}` is {}, but has to be a whole number",
                    self.shown(key)
                ))
            }),
        }
    }

    /// A list of so many finite numbers.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn numbers(&self, key: &str, count: usize) -> Result<Vec<f64>, ContestantFault> {
        let list = self.value.get(key).and_then(Value::as_array);
        let list = list.ok_or_else(|| {
            self.wrong(format!(
                "`{key}` is {}, but has to be a flat list of {count} numbers",
                self.shown(key)
            ))
        })?;
        if list.len() != count {
            return Err(self.wrong(format!(
                "`{key}` has {} items, but has to be a flat list of {count} numbers",
                list.len()
            )));
        }
        let number = |(place, value): (usize, &Value)| {
            value.as_f64().filter(|x| x.is_finite()).ok_or_else(|| {
                let shown = shown(value);
                self.wrong(format!(
                    "`{key}[{place}]` is {shown}, but has to be a finite number"
                ))
            })
        };
        list.iter().enumerate().map(number).collect()
    }

    fn shown(&self, key: &str) -> String {
        self.value
            .get(key)
            .map_or_else(|| "not there".to_owned(), shown)
    }

    /// Tells what is wrong with it.
    #[must_use]
    pub fn wrong(&self, why: String) -> ContestantFault {
        ContestantFault::Wrong {
            doing: self.doing.clone(),
            why,
        }
    }
}

/// A value, or what it is where it would be long.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => super::fault::quoted(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrong<T: std::fmt::Debug>(result: Result<T, ContestantFault>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_list_of_another_length_or_with_anything_but_numbers_is_told() {
        let of = |value: Value| Answer::new("to `values 1`", json!({"gradient": value}));
        assert_eq!(
            of(json!([1, 2.5])).numbers("gradient", 2).unwrap(),
            [1.0, 2.5]
        );
        let said = wrong(of(json!([1, 2])).numbers("gradient", 3));
        assert_eq!(
            said,
            "its answer to `values 1` is wrong: `gradient` has 2 items, but has to be a flat list of 3 numbers"
        );
        let said = wrong(of(json!([[1, 2], [3, 4]])).numbers("gradient", 2));
        assert!(said.contains("`gradient[0]` is a list of 2"), "{said}");
        let said = wrong(of(json!(["a", 2])).numbers("gradient", 2));
        assert!(said.contains("`gradient[0]` is \"a\""), "{said}");
        let said = wrong(of(json!([null, 2])).numbers("gradient", 2));
        assert!(said.contains("`gradient[0]` is null"), "{said}");
        assert!(wrong(of(json!({})).numbers("point", 2)).contains("`point` is not there"));
    }

    #[test]
    fn a_time_is_no_longer_than_what_has_passed() {
        let of = |value: Value| Answer::new("to `flow`", json!({"seconds": value}));
        assert_eq!(of(json!(0.5)).seconds(1, 0.51).unwrap(), Some(0.5));
        assert_eq!(of(json!(null)).seconds(1, 0.1).unwrap(), None);
        assert!(wrong(of(json!(0.5)).seconds(1, 0.4)).contains("only 0.400000 s lie between"));
        assert!(wrong(of(json!(0.5)).seconds(3, 1.0)).contains("1.500000 s"));
        for value in [json!(-1.0), json!("fast"), json!([1])] {
            assert!(wrong(of(value).seconds(1, 9.0)).contains("but has to be a number from 0 on"));
        }
        assert!(wrong(Answer::new("x", json!({})).seconds(1, 9.0)).contains("not there"));
    }

    #[test]
    fn a_count_may_be_left_out_and_is_whole() {
        let of = |value: Value| Answer::new("to `flow`", json!({"iterations": value}));
        assert_eq!(of(json!(3)).count("iterations").unwrap(), Some(3));
        assert_eq!(of(json!(3)).count("rounds").unwrap(), None);
        assert!(wrong(of(json!(2.5)).count("iterations")).contains("whole number"));
    }
}
