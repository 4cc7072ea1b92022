//! Plans of one's own: begun with a small one, checked, refused with everything that is wrong, and run.

mod claims;
#[path = "../common/mod.rs"]
mod common;
mod data;
mod plans;
mod schemas;

use common::House;
use std::path::Path;

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../configs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn write(house: &House, name: &str, text: &str) {
    std::fs::write(house.folder.path().join(name), text).unwrap();
}

/// The worked example, in a house.
fn orchard() -> House {
    let house = House::new();
    for name in ["fruit.csv", "registry.yaml", "orchard.yaml", "claims.yaml"] {
        write(&house, name, &kept(&format!("examples/own/{name}")));
    }
    house
}
