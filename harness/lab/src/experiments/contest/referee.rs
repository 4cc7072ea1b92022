//! This project's own results in f64, by which contestants are judged before they are timed.

use super::answer::Answer;
use super::cell::ContestCell;
use super::fault::ContestantFault;
use crate::plan::{LinearFit, Loss, Model, Precision};
use crate::regression::{fits, potential};
use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use datasets::Dataset;
use optim::{
    Flow, HamiltonianDescent, Kernel, Kinetic, Method as _, Oracle, RowLoss, Sequential,
    SymplecticEuler,
};
use std::sync::Arc;

/// Judges what contestants answer on a data set.
pub struct Referee {
    potential: Arc<dyn RowLoss>,
    /// At each point.
    gradients: Vec<Vec<f64>>,
    /// Where the flow ends.
    target: f64,
    gradient_agreement: f64,
    loss_agreement: f64,
}

/// Where a contestant ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedEnd {
    /// The loss there.
    pub loss: f64,
    /// How far it is from this project's own, relative.
    pub apart: f64,
}

impl Referee {
    /// Computes gradients at the points, and the flow from the first of them, in f64 and one step at a time.
    ///
    /// # Errors
    /// If the data do not fit into memory, or the flow leaves the numbers that there are.
    pub fn new(cell: &ContestCell, dataset: &Dataset, points: &[Vec<f32>]) -> Result<Self> {
        let model = Model {
            bias: false,
            l2: 0.0,
            kernel: Kernel::default(),
        };
        let loss = Loss::Logistic;
        fits(dataset, loss)?;
        let fit = LinearFit { loss, model };
        let potential = potential(&dataset.train, dataset, fit, Precision::F64, &Device::Cpu)
            .context("loading the training rows in f64")?;
        let tensor = |point: &Vec<f32>| -> Result<Tensor> {
            Ok(Tensor::new(point.as_slice(), &Device::Cpu)?.to_dtype(DType::F64)?)
        };
        let gradient = |point| Ok(potential.gradient(&tensor(point)?)?.to_vec1()?);
        let gradients = points.iter().map(gradient).collect::<Result<_>>()?;
        let (theta, steps) = (cell.step_size, cell.steps);
        let flow = Flow::new(
            Kinetic::HalfL2Squared,
            Box::new(SymplecticEuler),
            theta,
            steps,
        )?;
        let oracle = Oracle::new(Sequential::new(potential.clone()));
        let mut method = HamiltonianDescent::new(oracle, flow, tensor(&points[0])?);
        for _ in 0..cell.flows {
            method.advance()?;
        }
        let target = potential.value(method.position())?;
        ensure!(
            target.is_finite(),
            "the flow of the plan leads to a loss of {target}: a smaller flow.step_size or fewer steps do not"
        );
        Ok(Self {
            potential,
            gradients,
            target,
            gradient_agreement: cell.gradient_agreement,
            loss_agreement: cell.loss_agreement,
        })
    }

    /// The loss at the end of this project's flow, which others are to reach.
    #[must_use]
    pub fn target(&self) -> f64 {
        self.target
    }

    /// How far the gradients at the first points are from this project's own, all of them as one vector.
    ///
    /// # Errors
    /// If they are too far, or not gradients at so many points.
    pub fn gradients(&self, answer: &Answer, points: usize) -> Result<f64, ContestantFault> {
        let own = self.gradients[..points].concat();
        let theirs = answer.numbers("gradient", own.len())?;
        let square = |sum: f64, x: f64| sum + x * x;
        let apart = own.iter().zip(&theirs).map(|(a, b)| a - b);
        let apart = apart.fold(0.0, square).sqrt();
        let size = own.iter().copied().fold(0.0, square).sqrt();
        let apart = if apart == 0.0 { 0.0 } else { apart / size };
        let what = match points {
            1 => "its gradient".to_owned(),
            points => format!("the {points} gradients that it takes at once"),
        };
        within(apart, self.gradient_agreement, what, String::new)?;
        Ok(apart)
    }

    /// Where a flow ended, whose loss has to be that of this project's own.
    ///
    /// # Errors
    /// If it is not, or there is no such point.
    pub fn flow_end(&self, answer: &Answer) -> Result<JudgedEnd, ContestantFault> {
        let loss = self.loss(answer)?;
        let apart = (loss - self.target).abs() / self.target.abs();
        let told = || format!(" ({loss:.7} against {:.7})", self.target);
        within(
            apart,
            self.loss_agreement,
            "the loss at its flow's end".to_owned(),
            told,
        )?;
        Ok(JudgedEnd { loss, apart })
    }

    /// Where a minimisation ended; one that says it has reached the loss has to be at least that low.
    ///
    /// # Errors
    /// If it is not, or there is no such point.
    pub fn reached(&self, answer: &Answer, says_so: bool) -> Result<f64, ContestantFault> {
        let loss = self.loss(answer)?;
        if says_so {
            let above = (loss - self.target) / self.target.abs();
            let told = || format!(" ({loss:.7}, and {:.7} was to be reached)", self.target);
            within(
                above,
                self.loss_agreement,
                "the loss that it says it has reached".to_owned(),
                told,
            )?;
        }
        Ok(loss)
    }

    /// The loss at the point of an answer.
    fn loss(&self, answer: &Answer) -> Result<f64, ContestantFault> {
        let point = answer.numbers("point", self.potential.dimension())?;
        let point = Tensor::new(point.as_slice(), &Device::Cpu);
        let loss = point
            .map_err(optim::Error::from)
            .and_then(|point| self.potential.value(&point));
        loss.map_err(|error| answer.wrong(format!("its loss cannot be computed: {error}")))
    }
}

/// Refuses a distance that is too large, or no number.
fn within(
    apart: f64,
    most: f64,
    what: String,
    told: impl Fn() -> String,
) -> Result<(), ContestantFault> {
    // Written so that what is not a number is too far.
    if apart <= most {
        return Ok(());
    }
    Err(ContestantFault::Disagrees {
        what,
        apart,
        most,
        told: told(),
    })
}
