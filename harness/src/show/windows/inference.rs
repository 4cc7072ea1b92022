//! How many gradients the paper's own seconds may stand for. The paper does not state K, but its seconds
//! grow with the size of the data, and what they grow by is time in which data were read.

use lab::experiments::windows::plan::{Inference, Reading};
use lab::paper::Table2;
use report::{Table, TableBlock};
use rows::format::Format;
use rows::statistics::Line;
use std::collections::BTreeSet;

/// The paper's seconds on so many workers as a line over millions of numbers of training data.
#[derive(Clone, Debug, PartialEq)]
struct Fit {
    workers: u64,
    line: Line,
    /// What the line misses on each data set, in seconds.
    residuals: Vec<f64>,
}

/// Fits a line for each number of workers that the paper has seconds of.
fn fits(paper: &Table2) -> Vec<Fit> {
    let columns = paper.datasets.values();
    let workers: BTreeSet<u64> = columns.flat_map(|c| c.wall_s.keys().copied()).collect();
    let fit = |workers: u64| {
        let columns = paper.datasets.values();
        let points: Vec<(f64, f64)> = columns
            .filter_map(|c| c.million_entries().zip(c.wall_s.get(&workers).copied()))
            .collect();
        let line = Line::through(&points)?;
        Some(Fit {
            workers,
            line,
            residuals: points.iter().map(|&(x, y)| y - line.at(x)).collect(),
        })
    };
    workers.into_iter().filter_map(fit).collect()
}

/// Counts how many gradients, one after the other, take as long for each number of the data as a line's slope
/// says.
fn gradients(fit: &Fit, bytes_per_entry: f64, reading: &Reading) -> f64 {
    let entries_per_s = reading.bytes_per_s / (bytes_per_entry * reading.passes);
    fit.line.slope * entries_per_s / 1e6
}

/// Shows the fits, and what each reading makes of them; `None` if the paper's seconds or sizes are not there.
pub(super) fn table(paper: &Table2, inference: &Inference, steps: usize) -> Option<TableBlock> {
    let fits = fits(paper);
    let first = fits.first()?;
    let mut table = Table::of(&fits)
        .words("paper", |fit| match fit.workers {
            1 => "1 GPU".into(),
            several => format!("{several} GPUs"),
        })
        .number("fixed", Format::Seconds, |fit| Some(fit.line.at_zero))
        .number("per million numbers", Format::Seconds, |fit| {
            Some(fit.line.slope)
        })
        .numbers("misses by", |fit| {
            let largest = fit.residuals.iter().map(|r| r.abs()).fold(0.0, f64::max);
            format!("at most {}", Format::Seconds.show(largest))
        });
    for reading in &inference.readings {
        table = table.numbers(&reading.name, |fit| {
            let gradients = gradients(fit, inference.bytes_per_entry, reading);
            let count = Format::Rough.show(gradients);
            match fit.workers {
                1 => {
                    let flows = Format::Rough.show(gradients / steps as f64);
                    format!("{count} gradients, K = {flows}")
                }
                _ => format!("{count} rounds"),
            }
        });
    }
    let faster = |fit: &Fit| {
        let ratio = Format::Ratio.show(first.line.slope / fit.line.slope);
        format!("{ratio} on {} GPUs", fit.workers)
    };
    let faster: Vec<String> = fits[1..].iter().map(faster).collect();
    let reading = |r: &Reading| {
        let rate = Format::Whole.show(r.bytes_per_s / 1e9);
        format!("{} {rate} GB/s, read {} times a gradient", r.name, r.passes)
    };
    let readings: Vec<String> = inference.readings.iter().map(reading).collect();
    let note = format!(
        "Not measured, and not the paper's: it states no K. Table 2's seconds lie near a line over the \
         millions of numbers of training data (rows × features of Table 1), by least squares: a fixed part, \
         and one that grows with the data, as if K were the same on all data sets; that part is {} faster \
         than on one. If all of it is time in which a gradient reads the data, {} B a number, it is so many \
         gradients one after the other ({}), and K is their number over S = {steps}. A fit of two numbers to \
         {}, so an order of magnitude at best.",
        faster.join(", "),
        inference.bytes_per_entry,
        readings.join("; "),
        first.residuals.len(),
    );
    let caption = "An inference: how many flows the paper's seconds may stand for";
    Some(TableBlock::new(caption, table.build(), note).not_in_terminal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab::paper::Paper;

    fn paper() -> Table2 {
        let text = include_str!("../../../../configs/paper.yaml");
        Paper::from_yaml(text).unwrap().table2
    }

    /// By the normal equations in double precision, apart from this program: x = 2.791608, 4.005003,
    /// 39.2, 1.866496 and the paper's seconds.
    #[test]
    fn the_papers_seconds_lie_near_a_line_over_the_size_of_the_data() {
        let fits = fits(&paper());
        let found: Vec<u64> = fits.iter().map(|fit| fit.workers).collect();
        assert_eq!(found, [1, 4]);
        let close = |found: f64, wanted: f64| {
            assert!((found / wanted - 1.0).abs() < 1e-9, "{found} {wanted}");
        };
        close(fits[0].line.at_zero, 67.251_185_169_088_7);
        close(fits[0].line.slope, 8.565_997_592_334_56);
        close(fits[1].line.at_zero, 40.345_029_556_713_3);
        close(fits[1].line.slope, 2.261_029_184_192_89);
        // In the order of a8a, a9a, mnist, usps.
        close(fits[0].residuals[1], -1.958_031_224_379_8);
        close(fits[1].residuals[3], -1.865_231_484_892_6);
    }

    #[test]
    fn a_slope_is_so_many_readings_of_the_data() {
        let fit = &fits(&paper())[0];
        let reading = |bytes_per_s, passes| Reading {
            name: String::new(),
            bytes_per_s,
            passes,
        };
        // 8.565998 s a million numbers of 4 B: at 900 GB/s and two passes 0.963675 million gradients.
        let memory = gradients(fit, 4.0, &reading(9e11, 2.0));
        assert!((memory - 963_674.729).abs() < 0.01, "{memory}");
        let bus = gradients(fit, 4.0, &reading(1.2e10, 1.0));
        assert!((bus - 25_697.993).abs() < 0.001, "{bus}");
    }

    #[test]
    fn the_table_says_that_it_is_an_inference_and_shows_two_digits() {
        let inference = Inference {
            bytes_per_entry: 4.0,
            readings: vec![Reading {
                name: "memory".into(),
                bytes_per_s: 9e11,
                passes: 2.0,
            }],
        };
        let block = table(&paper(), &inference, 20).unwrap();
        assert!(block.caption.contains("inference"), "{}", block.caption);
        assert!(block.note.contains("3.79x on 4 GPUs"), "{}", block.note);
        let wanted = ["960000 gradients, K = 48000", "250000 rounds"];
        assert_eq!(block.table.texts("memory").unwrap(), wanted);
    }

    #[test]
    fn a_paper_without_sizes_gives_no_inference() {
        let mut paper = paper();
        for column in paper.datasets.values_mut() {
            column.train_rows = None;
        }
        let inference = Inference {
            bytes_per_entry: 4.0,
            readings: Vec::new(),
        };
        assert!(table(&paper, &inference, 20).is_none());
    }
}
