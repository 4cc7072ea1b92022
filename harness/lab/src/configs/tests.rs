use super::*;
use crate::plan::Plan;
use serde_yaml::Mapping;

#[test]
fn every_plan_of_the_folder_is_compiled_in_and_valid_in_every_profile() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs"));
    let folder = Configs {
        folder: Some(folder),
    };
    let compiled_in = Configs { folder: None };
    assert_eq!(compiled_in.targets().unwrap(), folder.targets().unwrap());
    for summary in compiled_in.summaries().unwrap() {
        let layers = compiled_in.plan(&summary.target).unwrap();
        for profile in summary.profiles {
            let plan = layers.clone().profile(Some(&profile.name)).plan().unwrap();
            let made = crate::experiments::of(&plan).map(|_| ());
            assert!(made.is_ok(), "{} {}: {made:?}", plan.target, profile.name);
        }
    }
}

#[test]
fn a_plan_that_is_like_another_has_its_keys_but_for_its_own() {
    let of = |target: &str| Configs::compiled_in().plan(target).unwrap().plan().unwrap();
    let (one, other) = (of("fig3"), of("fig2"));
    let key = |plan: &Plan, key: &str| plan.body::<Mapping>().unwrap()[key].clone();
    assert_eq!(key(&one, "methods"), key(&other, "methods"));
    assert_ne!(key(&one, "pictures"), key(&other, "pictures"));
    assert_eq!(one.target, "fig3");
}

/// A folder with the compiled-in files, and one more.
fn with(name: &str, text: &str) -> (tempfile::TempDir, Configs) {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, text) in COMPILED_IN {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join(name), text).unwrap();
    let configs = Configs::new(Some(folder.path().to_owned()));
    (folder, configs)
}

fn number(configs: &Configs, target: &str, profile: Option<&str>, key: &str) -> f64 {
    let plan = configs
        .plan(target)
        .unwrap()
        .profile(profile)
        .plan()
        .unwrap();
    plan.body::<Mapping>().unwrap()[key].as_f64().unwrap()
}

#[test]
fn keys_that_a_plan_like_another_has_by_a_merge_key_are_its_own() {
    let text = "like: spring\ntarget: mine\n<<: {start: 2.0, steps: 30}\n";
    let (_folder, configs) = with("mine.yaml", text);
    assert_eq!(number(&configs, "mine", None, "start"), 2.0);
    assert_eq!(number(&configs, "mine", None, "steps"), 30.0);
    assert_eq!(number(&configs, "mine", None, "stiffness"), 1.0);
    // Such a key is a layer below settings, and above what it is like.
    let set = configs.plan("mine").unwrap().set(&["start=5".to_owned()]);
    assert_eq!(set.plan().unwrap().body::<Mapping>().unwrap()["start"], 5);
    // What it is like may itself come by a merge key, and by one of a list.
    let text = "<<: [{start: 3.0}, {like: spring, start: 4.0}]\ntarget: mine\n";
    let (_folder, configs) = with("mine.yaml", text);
    assert_eq!(number(&configs, "mine", None, "start"), 3.0);
}

#[test]
fn a_profile_made_by_a_merge_key_is_one_of_a_plan_like_another() {
    let text = "like: spring\ntarget: mine\ndefault_profile: short\nprofiles:\n  \
                long: &long {what: w, verdicts: true, steps: 90, start: 2.0}\n  \
                short: {<<: *long, steps: 19}\n";
    let (_folder, configs) = with("mine.yaml", text);
    assert_eq!(number(&configs, "mine", None, "steps"), 19.0);
    assert_eq!(number(&configs, "mine", None, "start"), 2.0);
    assert_eq!(number(&configs, "mine", Some("long"), "steps"), 90.0);
}

#[test]
fn a_plan_whose_profile_is_made_by_a_merge_key_is_listed_with_it() {
    let text = compiled_in("spring.yaml").unwrap();
    let text = text.replace("  smoke:\n", "  smoke: &smoke\n");
    let text = text + "  short:\n    <<: *smoke\n    steps: 19\n";
    let (_folder, configs) = with("spring.yaml", &text);
    assert_eq!(number(&configs, "spring", Some("short"), "steps"), 19.0);
    let summaries = configs.summaries().unwrap();
    let spring = summaries.iter().find(|s| s.target == "spring").unwrap();
    assert!(
        spring
            .profiles
            .iter()
            .any(|profile| profile.name == "short")
    );
}

#[test]
fn what_list_says_of_a_plan_is_what_is_run() {
    let configs = Configs::compiled_in();
    for summary in configs.summaries().unwrap() {
        let layers = configs.plan(&summary.target).unwrap();
        let default = layers.clone().plan().unwrap();
        assert_eq!(default.profile, summary.profiles[0], "{}", summary.target);
        for profile in summary.profiles {
            let plan = layers.clone().profile(Some(&profile.name)).plan().unwrap();
            assert_eq!(plan.profile, profile);
            assert_eq!(
                (&plan.title, &plan.source),
                (&summary.title, &summary.source)
            );
        }
    }
}

#[test]
fn targets_whose_plans_are_like_one_another_are_a_family() {
    let configs = Configs::compiled_in();
    let family = |target: &str| {
        let plan = configs.plan(target).unwrap().plan().unwrap();
        plan.family().to_owned()
    };
    for (target, of) in [
        ("table2", "table2"),
        ("fig5", "table2"),
        ("fig6", "table2"),
        ("fig2", "fig2"),
        ("fig3", "fig2"),
        ("spring", "spring"),
    ] {
        assert_eq!(family(target), of);
    }
}

#[test]
fn an_error_names_the_file_and_the_key() {
    for (text, key) in [
        (
            "like: spring\ntarget: mine\nsteps: 30\nsteps: 31\n",
            "steps",
        ),
        ("like: spring\ntarget: mine\nstart: .inf\n", "start"),
        ("like: spring\ntarget: mine\n<<: 3\n", "<<"),
    ] {
        let (_folder, configs) = with("mine.yaml", text);
        let error = format!("{:#}", configs.plan("mine").unwrap_err());
        assert!(
            error.contains("mine.yaml") && error.contains(key),
            "{error}"
        );
    }
}

#[test]
fn hidden_files_are_no_plans() {
    for name in [".#table2.yaml", "._table2.yaml"] {
        let (_folder, configs) = with(name, "\u{0}");
        assert_eq!(
            configs.targets().unwrap(),
            Configs::compiled_in().targets().unwrap()
        );
        assert!(configs.summaries().is_ok());
    }
}

#[test]
fn a_folder_of_another_program_is_not_taken_for_this_ones() {
    let (folder, _) = with("mine.yaml", "");
    assert_eq!(here(folder.path()), Some(folder.path().to_owned()));
    // A mistake of one's own is told where it is read.
    std::fs::write(
        folder.path().join("datasets.yaml"),
        "datasets: {x: {a: 1, a: 2}}",
    )
    .unwrap();
    assert!(here(folder.path()).is_some());
    std::fs::write(
        folder.path().join("datasets.yaml"),
        "defaults: [_self_]\nroot: ./data\n",
    )
    .unwrap();
    assert_eq!(here(folder.path()), None);
    std::fs::write(folder.path().join("datasets.yaml"), "datasets: {}").unwrap();
    std::fs::remove_file(folder.path().join("all.yaml")).unwrap();
    assert_eq!(here(folder.path()), None);
}

#[test]
fn a_target_that_does_not_exist_is_answered_with_those_that_do() {
    let error = Configs { folder: None }
        .plan("table3")
        .unwrap_err()
        .to_string();
    assert!(error.contains("table2"), "{error}");
}
