//! Schemas of all that one writes, and the files that the project has of them.

use crate::common::{House, copy_configs, run, stderr, succeed};
use crate::{kept, write};
use harness::cmd::plan::{files, keys, written};
use lab::configs::Configs;
use lab::experiments::schemas;

#[test]
fn the_schemas_and_the_table_of_keys_that_are_kept_are_those_of_the_types() {
    for (kind, schema) in files() {
        let there = kept(&format!("schema/{kind}.json"));
        assert!(
            there == written(&schema).unwrap(),
            "harness plan schema {kind} > configs/schema/{kind}.json"
        );
    }
    assert!(
        kept("PLANS.md") == keys(),
        "harness plan keys > configs/PLANS.md"
    );
}

#[test]
fn every_plan_of_the_project_is_as_its_kinds_schema_says() {
    let (configs, schemas) = (Configs::compiled_in(), schemas());
    let mut looked_at = 0;
    for summary in configs.summaries().unwrap() {
        for profile in &summary.profiles {
            let layers = configs
                .plan(&summary.target)
                .unwrap()
                .profile(Some(&profile.name));
            let plan = layers.plan().unwrap();
            let of = schemas
                .iter()
                .find(|of| of.kind == plan.experiment)
                .unwrap();
            assert_eq!(
                plan.faults(&of.body),
                [],
                "{} {}",
                summary.target,
                profile.name
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 40, "{looked_at}");
}

#[test]
fn the_first_line_of_what_is_begun_names_a_schema_that_is_there_wherever_the_file_is_kept() {
    let house = House::new();
    let new = |kind| run(house.command(&["plan", "new", kind]));
    let first = |output: &std::process::Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (first, _) = text.split_once('\n').unwrap();
        let (_, schema) = first
            .split_once("# yaml-language-server: $schema=")
            .unwrap();
        std::path::PathBuf::from(schema)
    };
    // Away from any folder of configurations: beside it, and how it comes there is said.
    for kind in ["claims", "descent"] {
        let begun = new(kind);
        let schema = first(&begun);
        assert!(
            stderr(&begun).contains(&format!(
                "`harness plan schema {kind} > {kind}.schema.json`"
            )),
            "{}",
            stderr(&begun)
        );
        write(
            &house,
            schema.to_str().unwrap(),
            &succeed(house.command(&["plan", "schema", kind])),
        );
        let written = std::fs::read_to_string(house.folder.path().join(&schema)).unwrap();
        assert_eq!(written, kept(&format!("schema/{kind}.json")));
    }
    // Where there is one, in it.
    copy_configs(&house.folder.path().join("configs"));
    std::fs::create_dir_all(house.folder.path().join("configs/schema")).unwrap();
    write(
        &house,
        "configs/schema/claims.json",
        &kept("schema/claims.json"),
    );
    let begun = new("claims");
    assert!(first(&begun).is_absolute() && first(&begun).is_file());
    assert!(
        !stderr(&begun).contains("plan schema"),
        "{}",
        stderr(&begun)
    );
}

#[test]
fn the_projects_own_claims_are_as_their_schema_says() {
    let house = House::new();
    write(&house, "claims.yaml", &kept("claims.yaml"));
    let output = run(house.command(&["plan", "check", "claims.yaml"]));
    assert!(output.status.success(), "{}", stderr(&output));
}
