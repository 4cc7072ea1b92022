//! Every number of every published plan, replaced by what nobody can mean.

use super::*;
use crate::configs::Configs;
use crate::experiments;
use crate::plan::Plan;

/// What no key of any plan may have silently, as YAML.
const ABSURD: &[&str] = &[
    ".nan",
    ".inf",
    "-.inf",
    "-1",
    "0",
    "1e300",
    "1e18",
    "1000000000000000000",
];

/// Every profile of every published plan.
fn published() -> Vec<Plan> {
    let configs = Configs::compiled_in();
    let mut plans = Vec::new();
    for summary in configs.summaries().unwrap() {
        let layers = configs.plan(&summary.target).unwrap();
        for profile in summary.profiles {
            plans.push(layers.clone().profile(Some(&profile.name)).plan().unwrap());
        }
    }
    plans
}

/// Puts another value in the place of the number of this position, counted as `numbers` does.
fn put(value: &mut Value, position: &mut usize, other: &Value) {
    match value {
        Value::Number(_) if *position == 0 => {
            *value = other.clone();
            *position = usize::MAX;
        }
        Value::Number(_) => *position -= 1,
        Value::Mapping(map) => map.values_mut().for_each(|v| put(v, position, other)),
        Value::Sequence(list) => list.iter_mut().for_each(|v| put(v, position, other)),
        _ => {}
    }
}

#[test]
fn every_number_of_every_published_plan_says_what_it_may_be() {
    for plan in published() {
        let body = Value::Mapping(plan.body.clone());
        for located in numbers(&body) {
            assert!(
                declared(&[of_kind(&plan.experiment)], &located).is_some(),
                "{} {}: {} has no line in the table of {}",
                plan.target,
                plan.profile.name,
                located.place,
                plan.experiment
            );
        }
    }
}

#[test]
fn what_nobody_can_mean_is_refused_by_its_key_before_anything_is_made_of_it() {
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for plan in published() {
        let body = Value::Mapping(plan.body.clone());
        for (position, located) in numbers(&body).into_iter().enumerate() {
            // Of the same key of a plan, once is enough.
            let key = (plan.target.clone(), located.keys.clone());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let allowed = declared(&[of_kind(&plan.experiment)], &located).unwrap();
            for absurd in ABSURD {
                let other: Value = serde_yaml::from_str(absurd).unwrap();
                let number = other.as_f64().unwrap();
                let mut changed = body.clone();
                put(&mut changed, &mut position.clone(), &other);
                let Value::Mapping(changed) = changed else {
                    panic!("a plan is a mapping")
                };
                let made = experiments::of(&Plan {
                    body: changed,
                    ..plan.clone()
                });
                let place = &located.place;
                match made {
                    Ok(_) => assert!(
                        allowed.allows(number),
                        "{}: {place} may be {absurd}",
                        plan.target
                    ),
                    Err(error) if !allowed.allows(number) || (allowed.whole && other.is_f64()) => {
                        let said = format!("{error:#}");
                        assert!(said.contains(&format!("{place} is ")), "{place}: {said}");
                        assert!(said.contains("has to be"), "{place}: {said}");
                    }
                    // Allowed by itself, and refused beside others: by a key too.
                    Err(_) => {}
                }
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

#[test]
fn the_heads_numbers_are_checked_too() {
    let layers = Configs::compiled_in().plan("table2").unwrap();
    for (setting, key) in [
        ("seed=-1", "seed"),
        ("seed=1e18", "seed"),
        ("statistics.resamples=0", "statistics.resamples"),
        (
            "statistics.resamples=1000000000000000000",
            "statistics.resamples",
        ),
        ("statistics.confidence=1", "statistics.confidence"),
        ("statistics.confidence=.nan", "statistics.confidence"),
        ("profiles.paper.minutes=-1", "profiles.paper.minutes"),
    ] {
        let error = layers
            .clone()
            .set(&[setting.to_owned()])
            .plan()
            .unwrap_err();
        assert!(format!("{error:#}").contains(key), "{setting}: {error:#}");
    }
}

#[test]
fn a_refusal_says_key_value_and_what_is_allowed() {
    let value: Value = serde_yaml::from_str("windows: [{window: 1}, {window: [2, 0]}]").unwrap();
    let error = check(&[of_kind("windows")], &value)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "windows[1].window[1] is 0, but has to be a whole number from 1 to 1024"
    );
    assert_eq!(POSITIVE.to_string(), "a positive number, at most 1e200");
    let share = Allowed::within(0.0, 1.0).below();
    assert_eq!(share.to_string(), "a number from 0 on, below 1");
}

#[test]
fn a_leading_double_star_stands_for_any_keys_and_for_none() {
    let value: Value = serde_yaml::from_str("{gradients: 0}").unwrap();
    assert!(check(&[of_kind("descent")], &value).is_err());
    let value: Value = serde_yaml::from_str("{parts: [{gradients: 0}]}").unwrap();
    assert!(check(&[of_kind("descent")], &value).is_err());
}

#[test]
fn no_range_allows_what_is_not_finite() {
    for allowed in [REAL, POSITIVE, NON_NEGATIVE, Allowed::count(0, u64::MAX)] {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!allowed.allows(number));
        }
    }
}
