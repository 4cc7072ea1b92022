//! What has to be in a picture.

use super::*;

fn figure() -> Figure {
    let series = |label: &str| Series::line(label, [(0.0, 1.0), (2.0, 0.5)]);
    let x = Axis::linear("running time / s");
    let panels = [
        Panel::new("a8a", [series("sequential"), series("W=4")]),
        Panel::new("usps", [series("sequential")]),
    ];
    let mut figure = Figure::new("loss against time", x, Axis::linear("training loss"))
        .caption("Line: median. Band: quartiles.")
        .panels(panels);
    figure.note = Some("SURROGATE DATA".into());
    figure
}

fn svg(figure: &Figure) -> String {
    figure.to_svg("words for it")
}

#[test]
fn every_label_is_in_the_picture_as_text() {
    let slopes = Series::scatter("slopes", [(1.0, 2.0)]);
    let figure = figure().panels([Panel::new("mnist", [slopes])]);
    let svg = svg(&figure);
    for label in [
        "Loss against time",
        "SURROGATE DATA",
        "running time / s",
        "training loss",
        "a8a",
        "usps",
        "W=4",
        "Line: median. Band: quartiles.",
        "slopes",
        "mnist",
    ] {
        assert!(
            svg.contains(&format!(">\n{label}\n<")),
            "{label} is missing"
        );
    }
    let legends = svg.matches(">\nsequential\n<").count();
    assert_eq!(legends, 1, "one legend for all panels");
}

#[test]
fn a_panel_without_measurements_says_so() {
    let mut empty = figure();
    empty.panels[1].series.clear();
    assert!(svg(&empty).contains("nothing measured"));
    empty.panels.clear();
    assert!(svg(&empty).contains("nothing measured"));
}

#[test]
fn values_that_a_logarithmic_axis_cannot_show_are_gaps() {
    let points = [
        (0.0, 1.0),
        (1.0, 0.1),
        (2.0, 0.0),
        (3.0, f64::NAN),
        (4.0, 0.01),
        (5.0, 0.1),
    ];
    let error = Series::line("error", points);
    let svg = svg(&Figure::new("", Axis::linear("x"), Axis::log("y")).series([error]));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let blacks = svg.matches("stroke=\"#000000\"").count();
    assert_eq!(blacks, 3, "two parts and the legend's sample");
}

#[test]
fn a_band_is_an_area_of_its_lines_colour() {
    let line = Series::line("a", [(0.0, 1.0), (1.0, 2.0)]);
    let plain = Figure::new("", Axis::linear("x"), Axis::log("y"));
    let end = |x, low, high| Band { x, low, high };
    let band = [end(0.0, -1.0, 2.0), end(1.0, 1.5, 3.0)];
    let banded = line.clone().band(band);
    let areas = |series: Series| {
        let svg = svg(&plain.clone().series([series]));
        svg.matches("opacity=\"0.18\" fill=\"#000000\"").count()
    };
    assert_eq!(areas(line), 0);
    assert_eq!(areas(banded), 2, "in the panel and in the legend");
}

#[test]
fn the_picture_has_a_name_and_no_ids() {
    let svg = figure().to_svg("say \"it\" in <words>");
    assert!(svg.starts_with("<svg "));
    assert!(svg.contains("role=\"img\" aria-label=\"say &quot;it&quot; in &lt;words&gt;\""));
    assert!(svg.contains("<title>Loss against time</title>"));
    assert!(!svg.contains(" id=\""));
}

#[test]
fn the_same_figure_is_the_same_bytes() {
    assert_eq!(svg(&figure()), svg(&figure()));
}

#[test]
fn a_title_wider_than_the_figure_takes_more_lines() {
    let title = "training loss against running time ".repeat(6);
    let mut long = figure();
    long.panels[0].title = title.clone();
    long.title = title;
    let svg = svg(&long);
    let written: Vec<&str> = svg
        .split("<text ")
        .skip(1)
        .filter_map(|text| text.split('\n').nth(1))
        .filter(|line| line.to_lowercase().contains("training loss against"))
        .collect();
    assert!(written.len() >= 6, "{written:?}");
    assert!(written.iter().all(|line| line.len() < 100), "{written:?}");
    let words: usize = written.iter().map(|l| l.split(' ').count()).sum();
    assert!(words >= 2 * 6 * 5 - 6, "{written:?}");
}
