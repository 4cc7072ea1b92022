use super::*;
use crate::configs::Configs;
use serde::Deserialize;
use std::collections::BTreeMap;

const PLAN: &str = "{target: t, experiment: e, title: a, source: b, seed: 1, size: 3, flow: {steps: 2, time: 1}, \
                    default_profile: long, profiles: {long: {what: w, verdicts: true}, \
                    short: {what: s, verdicts: false, size: 1}}}";

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Body {
    size: u64,
    flow: BTreeMap<String, u64>,
}

fn body(settings: &[&str], profile: Option<&str>) -> Result<Body> {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Plan::from_yaml(PLAN, &settings, profile)?.body()
}

#[test]
fn a_profiles_keys_take_the_place_of_the_plans() {
    assert_eq!(body(&[], None).unwrap().size, 3);
    assert_eq!(body(&[], Some("short")).unwrap().size, 1);
}

#[test]
fn a_setting_goes_before_plan_and_profile() {
    let size = |settings: &[&str]| body(settings, Some("short")).unwrap().size;
    assert_eq!(size(&["size=7"]), 7);
    assert_eq!(size(&["profiles.short.size=8"]), 8);
    assert_eq!(size(&["size=7", "profiles.short.size=8"]), 7);
    assert_eq!(size(&["size=7", "size=6"]), 6, "the last of several");
    assert_eq!(body(&["flow.steps=9"], None).unwrap().flow["steps"], 9);
}

#[test]
fn every_layer_goes_before_those_below_it_in_whichever_order_they_are_given() {
    let base = "{target: base, experiment: e, title: a, source: b, datasets: [a], size: 1, base: 1, \
                default_profile: p, profiles: {p: {what: w, verdicts: true, size: 0}}}";
    let file = "{like: base, target: t, <<: {size: 2, datasets: [b], merged: 2}, \
                default_profile: p, profiles: {p: {what: w, verdicts: true, SIZE}}}";
    let get = |layers: Layers, key: &str| {
        let plan = layers.plan().unwrap().body::<Mapping>().unwrap();
        serde_yaml::to_string(&plan[key])
            .unwrap()
            .replace('\n', " ")
    };
    let like = |size: &str| {
        let file = Layers::of(&file.replace("SIZE", size)).unwrap();
        file.like(Layers::of(base).unwrap()).unwrap()
    };
    assert_eq!(get(Layers::of(base).unwrap(), "size"), "0 ");
    // The profiles of the base go with it: those of the file stand in their place.
    let (none, both) = (like("x: 1"), like("size: 3, datasets: [c]"));
    assert_eq!(get(none.clone(), "base"), "1 ");
    assert_eq!(get(none.clone(), "merged"), "2 ");
    assert_eq!(get(none, "size"), "2 ");
    assert_eq!(get(both.clone(), "size"), "3 ");
    let settings = ["size=4".to_owned(), "datasets=[d]".to_owned()];
    let names = ["f".to_owned(), "e".to_owned(), "f".to_owned()];
    assert_eq!(get(both.clone().set(&settings), "size"), "4 ");
    assert_eq!(get(both.clone().set(&settings), "datasets"), "- d ");
    let (last, first) = (
        both.clone().set(&settings).profile(Some("p")).only(&names),
        both.only(&names).profile(Some("p")).set(&settings),
    );
    assert_eq!(get(last.clone(), "datasets"), "- f - e ");
    assert_eq!(last.plan().unwrap(), first.plan().unwrap());
}

#[test]
fn a_layer_that_would_be_of_no_effect_is_refused() {
    let said = |settings: &[&str], profile| format!("{:#}", body(settings, profile).unwrap_err());
    assert!(said(&["profiles.short.size=8"], None).contains("long"));
    assert!(said(&["default_profile=short"], None).contains("--profile"));
    assert!(said(&["like=other"], None).contains("file"));
    let without = Layers::of(PLAN).unwrap().only(&["a".to_owned()]);
    assert!(
        without
            .plan()
            .unwrap_err()
            .to_string()
            .contains("data sets")
    );
    let text = PLAN.replace("size: 1}", "title: other}");
    let error = Plan::from_yaml(&text, &[], Some("short")).unwrap_err();
    assert!(
        error.to_string().contains("profiles.short.title"),
        "{error}"
    );
}

#[test]
fn a_setting_reaches_what_came_by_a_merge_key_and_may_have_merge_keys_itself() {
    let text = PLAN.replace(
        "flow: {steps: 2, time: 1}",
        "flow: {<<: {steps: 2}, time: 1}",
    );
    let flow = |setting: &str| {
        let plan = Plan::from_yaml(&text, &[setting.to_owned()], None).unwrap();
        plan.body::<Body>().unwrap().flow
    };
    assert_eq!(flow("flow.steps=9")["steps"], 9);
    assert_eq!(flow("flow={<<: {steps: 7}, time: 3}")["steps"], 7);
    let refused = Plan::from_yaml(&text, &["<<={size: 9}".to_owned()], None);
    let said = format!("{:#}", refused.unwrap().body::<Body>().unwrap_err());
    assert!(said.contains("<<"), "{said}");
}

#[test]
fn a_profile_may_be_made_by_a_merge_key_for_the_summary_as_for_the_run() {
    let text = "{target: t, experiment: e, title: a, source: b, size: 3, flow: {}, default_profile: long, \
                profiles: {long: &long {what: w, verdicts: true, size: 5}, \
                short: {<<: *long, what: s}, both: {<<: [{what: b}, *long], size: 6}}}";
    for profile in Layers::of(text).unwrap().summary().unwrap().profiles {
        let plan = Plan::from_yaml(text, &[], Some(&profile.name)).unwrap();
        assert_eq!(plan.profile, profile);
        let size = if profile.name == "both" { 6 } else { 5 };
        assert_eq!(plan.body::<Body>().unwrap().size, size, "{}", profile.name);
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused_wherever_it_comes_from() {
    for text in [
        PLAN.replace("size: 3", "size: .inf"),
        PLAN.replace("size: 1}", "size: .nan}"),
    ] {
        let error = Plan::from_yaml(&text, &[], None).unwrap_err();
        assert!(format!("{error:#}").contains("size"), "{error:#}");
    }
    let error = format!("{:#}", body(&["flow.steps=.inf"], None).unwrap_err());
    assert!(error.contains("flow.steps"), "{error}");
}

#[test]
fn what_no_kind_of_experiment_knows_is_refused_by_its_key() {
    let error = format!("{:#}", body(&["no_such_key=1"], None).unwrap_err());
    assert!(error.contains("no_such_key"), "{error}");
    let error = format!("{:#}", body(&["flow"], None).unwrap_err());
    assert!(error.contains("key=value"), "{error}");
    let error = body(&[], Some("fast")).unwrap_err().to_string();
    assert!(error.contains("short"), "{error}");
}

#[test]
fn the_resolved_plan_is_the_plan_that_was_run() {
    let settings = ["flow.steps=9".to_owned()];
    let plan = Plan::from_yaml(PLAN, &settings, Some("short")).unwrap();
    let again = Plan::from_yaml(&plan.resolved().unwrap(), &[], Some("short")).unwrap();
    assert_eq!(again, plan);
}

#[test]
fn a_name_is_nothing_but_a_name() {
    let set = |name: &str| {
        let name = serde_json::to_string(name).unwrap();
        let setting = format!("methods=[{{name: {name}, method: nesterov, step_size: 0.1}}]");
        Configs::compiled_in()
            .plan("fig2")
            .unwrap()
            .set(&[setting])
            .plan()
    };
    assert!(set("HD-LF (θ = 0.1), S=2").is_ok());
    for name in [
        "=1+1",
        "<b>",
        "[x](y)",
        "a|b",
        "a\u{1b}[31m",
        "a\u{202e}b",
        "@a",
    ] {
        let error = set(name).unwrap_err().to_string();
        assert!(error.contains("methods[0].name is"), "{error}");
    }
}
