//! What has to be in a picture.

use super::*;

fn figure() -> Figure {
    let series = |label: &str| Series::line(label, [(0.0, 1.0), (2.0, 0.5)]);
    let x = Axis::linear("running time / s");
    Figure::new("loss against time", x, Axis::linear("training loss"))
        .note(Some("SURROGATE DATA".into()))
        .caption("Line: median. Band: quartiles.")
        .panel(
            Panel::new("a8a")
                .series(series("sequential"))
                .series(series("W=4")),
        )
        .panel(Panel::new("usps").series(series("sequential")))
}

fn svg(figure: &Figure) -> String {
    figure.to_svg("words for it").unwrap()
}

#[test]
fn every_label_is_in_the_picture_as_text() {
    let figure = figure().panel(
        Panel::new("mnist")
            .series(Series::scatter("slopes", [(1.0, 2.0)]))
            .at_y(1.95, "paper: 1.95x")
            .x(Axis::log("window")),
    );
    let svg = svg(&figure);
    for label in [
        "loss against time",
        "SURROGATE DATA",
        "running time / s",
        "training loss",
        "a8a",
        "usps",
        "W=4",
        "Line: median. Band: quartiles.",
        "slopes",
        "paper: 1.95x",
        "window",
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
    let panel = Panel::new("").series(Series::line("error", points));
    let svg = svg(&Figure::new("", Axis::linear("x"), Axis::log("y")).panel(panel));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let blacks = svg.matches("stroke=\"#000000\"").count();
    assert_eq!(blacks, 3, "two parts and the legend's sample");
}

#[test]
fn a_band_is_an_area_of_its_lines_colour() {
    let line = Series::line("a", [(0.0, 1.0), (1.0, 2.0)]).colour(1);
    let plain = Figure::new("", Axis::linear("x"), Axis::log("y"));
    let banded = line.clone().band([(0.0, -1.0, 2.0), (1.0, 1.5, 3.0)]);
    let areas = |series: Series| {
        let svg = svg(&plain.clone().panel(Panel::new("").series(series)));
        svg.matches("opacity=\"0.18\" fill=\"#0072B2\"").count()
    };
    assert_eq!(areas(line), 0);
    assert_eq!(areas(banded), 2, "in the panel and in the legend");
}

#[test]
fn a_line_is_cut_off_at_a_given_end() {
    let points = (0..100).map(|i| (f64::from(i), 10_f64.powi(i)));
    let panel = Panel::new("").series(Series::line("diverges", points));
    let y = Axis::log("loss").from(1.0).to(100.0);
    let svg = svg(&Figure::new("", Axis::linear("x"), y).panel(panel));
    let coordinates = svg.split("points=\"").skip(1).flat_map(|rest| {
        let points = rest.split('"').next().unwrap_or_default();
        points.split([' ', ',']).filter(|c| !c.is_empty())
    });
    for coordinate in coordinates {
        let value: i64 = coordinate.parse().unwrap();
        assert!((0..4000).contains(&value), "{value} is outside");
    }
}

#[test]
fn the_picture_has_a_name_and_no_ids() {
    let svg = figure().to_svg("say \"it\" in <words>").unwrap();
    assert!(svg.starts_with("<svg "));
    assert!(svg.contains("role=\"img\" aria-label=\"say &quot;it&quot; in &lt;words&gt;\""));
    assert!(svg.contains("<title>loss against time</title>"));
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
        .filter(|line| line.contains("training loss against"))
        .collect();
    assert!(written.len() >= 6, "{written:?}");
    assert!(written.iter().all(|line| line.len() < 100), "{written:?}");
    let words: usize = written.iter().map(|l| l.split(' ').count()).sum();
    assert!(words >= 2 * 6 * 5 - 6, "{written:?}");
}
