//! The plan's runs, by what is known of them.

use super::*;

fn summary(settings: &[&str]) -> Vec<SpringSummary> {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    let text = include_str!("../../../../../configs/spring.yaml");
    let springs = Springs::new(&Plan::from_yaml(text, &settings, None).unwrap()).unwrap();
    let of = |cell: &SpringCell| summarised(cell, &cell.run().unwrap()).unwrap();
    springs.cells.iter().map(of).collect()
}

#[test]
fn symplectic_euler_keeps_its_energy_with_coefficient_1_and_loses_it_as_printed() {
    for row in summary(&["steps=100"]) {
        match row.method.as_str() {
            "symplectic-euler" => assert!((row.energy_ratio - 1.0).abs() < 0.05, "{row:?}"),
            _ => assert!(row.energy_ratio < 0.01, "{row:?}"),
        }
    }
}

#[test]
fn gradient_descent_halves_the_position_in_every_step() {
    let springs = summary(&[]);
    let gd = springs.iter().find(|row| row.method == "gradient-descent");
    // h = ½ and k = 1, so x_40 = 2⁻⁴⁰ and P_40 = −2⁻⁴⁰.
    let least = f64::powi(2.0, -80) / 2.0 + f64::powi(2.0, -80);
    assert!((gd.unwrap().energy_min / least - 1.0).abs() < 1e-12);
}

#[test]
fn too_few_steps_for_two_oscillations_are_refused() {
    let text = include_str!("../../../../../configs/spring.yaml");
    let plan = Plan::from_yaml(text, &["steps=10".to_owned()], None).unwrap();
    let error = Springs::new(&plan).err().unwrap().to_string();
    assert!(error.contains("steps is 10"), "{error}");
}
