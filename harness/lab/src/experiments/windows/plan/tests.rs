//! Plans of windows as they are written: what they become, and what is refused.

use super::*;

const TABLE2: &str = include_str!("../../../../../../configs/table2.yaml");

fn plan(settings: &[&str], profile: Option<&str>) -> Result<WindowsPlan> {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    WindowsPlan::new(&Plan::from_yaml(TABLE2, &settings, profile)?)
}

fn refused(settings: &[&str]) -> String {
    format!("{:#}", plan(settings, None).unwrap_err())
}

#[test]
fn the_plan_of_table_2_has_the_papers_numbers() {
    let plan = plan(&[], None).unwrap();
    assert_eq!((plan.step_size, plan.steps), (0.1, 20));
    assert_eq!(plan.kinetic, [Kinetic::HalfL2Squared]);
    assert_eq!(plan.datasets, ["a8a", "a9a", "mnist", "usps"]);
    assert!(plan.windows.iter().all(|w| w.window.tolerance == 1e-3));
    assert!(
        plan.windows
            .iter()
            .any(|w| w.evaluator == EvaluatorKind::Devices
                && w.window.width == 4
                && w.window.method == WindowMethod::default())
    );
}

#[test]
fn every_profile_of_the_plan_is_valid() {
    for profile in crate::plan::Layers::of(TABLE2)
        .unwrap()
        .summary()
        .unwrap()
        .profiles
    {
        let plan = plan(&[], Some(&profile.name)).unwrap();
        assert!(plan.datasets.iter().all(|d| plan.flows_of(d).is_some()));
    }
}

#[test]
fn lists_are_every_combination_but_one_sequential_flow() {
    let grid = "windows=[{evaluator: batched, window: [1, 2, 4], predictor: [copy, linear-force], tolerance: [0.1, 0.01]}]";
    let plan = plan(&[grid], None).unwrap();
    assert_eq!(plan.windows.len(), 1 + 2 * 2 * 2);
}

#[test]
fn a_secant_window_is_damped_where_it_says_so() {
    let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4, method: secant, memory: 10, damped: [false, true]}]";
    let plan = plan(&[grid], None).unwrap();
    let damped = plan.windows.iter().map(|w| w.window.method.damped());
    assert_eq!(damped.collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn a_secant_window_has_a_memory_and_predicts_by_its_model() {
    let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4, method: secant, memory: [10, 20], surrogate_rows: [0, 64], across_flows: [false, true]}]";
    let plan = plan(&[grid], None).unwrap();
    assert_eq!(plan.windows.len(), 1 + 8);
    let secant = &plan.windows[1..];
    assert!(secant.iter().all(|w| w.window.method.predictor().is_none()));
    assert_eq!(secant[7].window.method, WindowMethod::secant(20));
    let without = "windows=[{evaluator: batched, window: [1, 4], method: secant}]";
    assert!(refused(&[without]).contains("memory"));
    let picard = "windows=[{evaluator: batched, window: [1, 4], memory: 10}]";
    assert!(refused(&[picard]).contains("secant"));
    let both =
        "windows=[{evaluator: batched, window: [1, 4], method: [picard, secant], memory: 10}]";
    assert!(
        refused(&[both]).contains("windows[0]"),
        "{}",
        refused(&[both])
    );
    let rows = "windows=[{evaluator: batched, window: [1, 4], surrogate_rows: 10}]";
    assert!(refused(&[rows]).contains("surrogate_rows"));
}

#[test]
fn a_key_that_no_window_has_is_refused_with_those_that_it_has() {
    let misspelt = "windows=[{evaluator: batched, window: [1, 4], predicter: copy}]";
    let error = refused(&[misspelt]);
    assert!(error.contains("windows[0]"), "{error}");
    assert!(
        error.contains("`predicter`") && error.contains("predictor"),
        "{error}"
    );
}

#[test]
fn a_storage_other_than_points_is_for_picard_windows_and_says_how_many_gradients_exist() {
    let grid = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: [4, 8], storage: [velocities, bf16], at_once: [1, 2]}]";
    let plan = plan(&[grid], None).unwrap();
    assert_eq!(plan.windows.len(), 1 + 2 * 2 * 2);
    let base = "windows=[{evaluator: batched, window: 1}, {evaluator: batched, window: 4";
    let refused = |rest: &str| refused(&[&format!("{base}, {rest}}}]")]);
    assert!(refused("storage: bf16, method: secant, memory: 4").contains("picard"));
    assert!(refused("storage: bf16, across_flows: true").contains("within flows"));
    assert!(refused("at_once: 2").contains("storage"));
    assert!(refused("storage: velocities, at_once: 0").contains("at_once"));
    assert!(refused("storage: f16").contains("bf16"));
}

#[test]
fn variations_are_further_settings_with_windows_of_their_own() {
    let plan = plan(
        &[
            "variations=[{step_size: 0.2}, {steps: 10, seed_plus: 7}]",
            "varied_windows=[{evaluator: batched, window: [1, 8]}]",
        ],
        None,
    )
    .unwrap();
    let settings = plan.settings();
    assert_eq!(settings.len(), 3);
    assert_eq!(settings[0].windows, plan.windows);
    assert_eq!((settings[1].step_size, settings[1].steps), (0.2, 20));
    assert_eq!((settings[2].steps, settings[2].seed_plus), (10, 7));
    assert_eq!(settings[2].windows.len(), 2);
    assert!(refused(&["variations=[{steps: 0}]"]).contains("variations[0].steps"));
}

#[test]
fn a_variation_may_have_windows_of_its_own() {
    let plan = plan(
        &["variations=[{seed_plus: 3, windows: [{evaluator: batched, window: [1, 4]}]}, {seed_plus: 4}]"],
        None,
    )
    .unwrap();
    let settings = plan.settings();
    assert_eq!(settings[1].windows.len(), 2);
    assert_eq!(settings[2].windows, plan.windows);
    let lacking = "variations=[{seed_plus: 3, windows: [{evaluator: batched, window: 4}]}]";
    assert!(refused(&[lacking]).contains("variations[0].windows"));
}

#[test]
fn only_the_papers_own_windows_have_a_longer_run() {
    let quick = plan(&[], None).unwrap();
    let long: Vec<&PlacedWindow> = quick.windows.iter().filter(|w| w.is_the_papers()).collect();
    let widths: Vec<usize> = long.iter().map(|w| w.window.width).collect();
    assert_eq!(widths, [2, 4]);
    assert_eq!(quick.long_flows_of("mnist"), 200);
    assert!(refused(&["long_flows={other: 1}"]).contains("long_flows.other"));
    let short = plan(&[], Some("short")).unwrap();
    assert_eq!(short.long_flows_of("mnist"), 0);
}

#[test]
fn the_default_profile_is_long_enough_to_decide_and_the_short_one_decides_nothing() {
    let head = |profile| Plan::from_yaml(TABLE2, &[], profile).unwrap();
    let quick = plan(&[], None).unwrap();
    let least = |name: &str| if name == "mnist" { 10 } else { 20 };
    let long_enough = |name: &String| quick.flows_of(name) >= Some(least(name));
    assert!(quick.datasets.iter().all(long_enough) && quick.repeats >= 6);
    assert!(head(None).profile.verdicts && !head(Some("short")).profile.verdicts);
}

#[test]
fn a_data_set_asked_for_twice_is_run_once() {
    let only = ["usps".into(), "a8a".into(), "usps".into()];
    let plan = crate::plan::Layers::of(TABLE2).unwrap().only(&only).plan();
    assert_eq!(
        WindowsPlan::new(&plan.unwrap()).unwrap().datasets,
        ["usps", "a8a"]
    );
}

#[test]
fn what_cannot_be_run_is_refused_with_the_key_that_says_so() {
    assert!(refused(&["flow.steps=0"]).contains("flow.steps"));
    assert!(refused(&["flow.step_size=-1"]).contains("flow.step_size"));
    assert!(refused(&["flow.kinetic_energy=l3"]).contains("half-l2-squared"));
    assert!(refused(&["tolerance=-1"]).contains("tolerance"));
    assert!(refused(&["overhead_below=25"]).contains("overhead_below"));
    assert!(refused(&["machine.least_capacity=85"]).contains("machine.least_capacity"));
    assert!(refused(&["inference.bytes_per_entry=0"]).contains("inference.bytes_per_entry"));
    assert!(refused(&["statistics.confidence=95"]).contains("confidence"));
    assert!(refused(&["flows={a8a: 0, other: 1}"]).contains("flows.a8a"));
    assert!(refused(&["windows=[{evaluator: batched, window: 4}]"]).contains("window: 1"));
    assert!(refused(&["windows=[{evaluator: batched, window: 0}]"]).contains("window"));
}
