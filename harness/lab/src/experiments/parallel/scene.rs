//! Where movers run: what makes them at their start, and what a point is worth.

use super::measure::ParallelCell;
use super::plan::Mover;
use super::setting::NetworkSetting;
use crate::device::Placement;
use crate::experiments::descent::MethodSite;
use crate::experiments::descent::scene::{Scene, Setting, Worth};
use crate::experiments::training::{Feed, ResNet, Score};
use crate::experiments::windows::plan::EvaluatorKind;
use crate::seed::Seeds;
use anyhow::{Context as _, Result};
use candle_core::{DType, Device, Tensor};
use candle_nn::ModuleT;
use datasets::Images;
use optim::nn::{Replica, Windowed};
use optim::{Batched, Devices, Evaluator, Method, Oracle, WindowedDescent, WindowedRecurrence};
use rand::RngExt;
use std::sync::Arc;

/// A potential at a start, or a network.
pub(super) enum ParallelScene {
    Potential(Scene, Setting),
    Network(NetworkScene),
}

/// A network's images; the network itself is made anew for every run.
pub(super) struct NetworkScene {
    pub setting: NetworkSetting,
    pub images: Arc<Images>,
}

/// A method at its start, and what tells how it does where it is.
pub(super) struct Started<'a> {
    pub method: Box<dyn Method>,
    pub worth: Box<TellsWorth<'a>>,
}

/// What a point, at which the method is, is worth.
type TellsWorth<'a> = dyn Fn(&Tensor) -> Result<Worth> + Send + Sync + 'a;

impl ParallelScene {
    /// A mover at its start, where it computes.
    pub(super) fn started(
        &self,
        cell: &ParallelCell,
        mover: &Mover,
        placement: &Placement,
    ) -> Result<Started<'_>> {
        match self {
            Self::Potential(scene, setting) => Ok(Started {
                method: on_potential(scene, setting, (cell, mover), placement)?,
                worth: Box::new(|point| scene.worth(point)),
            }),
            Self::Network(network) => network.started(cell, mover, placement),
        }
    }

    /// Where potentials start, `[D]`; a network is made at its start.
    pub(super) fn start(&self) -> Option<&Tensor> {
        match self {
            Self::Potential(scene, _) => Some(&scene.start),
            Self::Network(_) => None,
        }
    }

    /// How fast differences grow along the steps, of a recurrence on a potential.
    pub(super) fn exponent(&self, cell: &ParallelCell) -> Result<Option<f64>> {
        let (Self::Potential(scene, setting), Some(recurrence)) =
            (self, cell.recurrence(&cell.mover.method))
        else {
            return Ok(None);
        };
        if cell.exponent_steps == 0 {
            return Ok(None);
        }
        let name = setting.stream_name("along");
        let name: Vec<&str> = name.iter().map(String::as_str).collect();
        let mut stream = Seeds::new(setting.seed).stream(&name);
        let dimension = scene.potential.dimension();
        let along: Vec<f64> = (0..dimension)
            .map(|_| stream.random_range(-1.0..1.0))
            .collect();
        let along = Tensor::new(along, scene.start.device())?.to_dtype(scene.start.dtype())?;
        let mut oracle = Oracle::from(scene.potential.clone());
        let growth = recurrence.growth(&mut oracle, &scene.start, &along, cell.exponent_steps)?;
        // Whole periods, from the middle on: before that the difference still turns.
        let period = recurrence.period().unwrap_or(1);
        let late = growth.len().div_ceil(2).div_ceil(period) * period;
        let late = growth.get(late..).filter(|late| !late.is_empty());
        let late = late.context("too few steps to tell how differences grow")?;
        let whole = &late[..late.len() / period * period];
        let mean = whole.iter().sum::<f64>() / whole.len().max(1) as f64;
        // Of a difference that has died out altogether, or of numbers that are none any more, there is no growth.
        Ok((!whole.is_empty() && mean.is_finite()).then_some(mean))
    }
}

fn on_potential(
    scene: &Scene,
    setting: &Setting,
    (cell, mover): (&ParallelCell, &Mover),
    placement: &Placement,
) -> Result<Box<dyn Method>> {
    let start = scene.start.clone();
    let Some((placed, recurrence)) = mover.placed.zip(cell.recurrence(&mover.method)) else {
        let evaluator: Arc<dyn Evaluator> = Arc::new(Batched::new(scene.potential.clone()));
        return mover.method.build(&MethodSite {
            scene,
            setting,
            evaluator,
        });
    };
    let evaluator: Arc<dyn Evaluator> = match placed.evaluator {
        EvaluatorKind::Devices => {
            let on = |device: &Device| scene.potential_on(device);
            Arc::new(Devices::new(&placement.devices, on)?)
        }
        _ => Arc::new(Batched::new(scene.potential.clone())),
    };
    let flow = WindowedRecurrence {
        recurrence,
        window: placed.window,
    };
    let method = WindowedDescent::new(Oracle::shared(evaluator), flow, start);
    Ok(Box::new(method.ending(cell.iterations())))
}

impl NetworkScene {
    fn feed(&self, device: &Device) -> Feed<Arc<Images>> {
        let NetworkSetting {
            network,
            seed,
            index,
            ..
        } = &self.setting;
        Feed {
            images: self.images.clone(),
            device: device.clone(),
            batch: network.batch,
            augment: network.augment,
            seeds: Seeds::new(*seed),
            start: *index,
        }
    }

    /// A training at its first weights, each of its replicas on a device, with the batches of a training one step after
    /// the other; what its weights are worth is asked of the first replica, which is where the training is.
    fn started(
        &self,
        cell: &ParallelCell,
        mover: &Mover,
        placement: &Placement,
    ) -> Result<Started<'_>> {
        let moved = mover.placed.zip(cell.recurrence(&mover.method));
        let (placed, recurrence) = moved.context("a network is trained by a recurrence")?;
        let devices: Vec<&Device> = match placed.evaluator {
            EvaluatorKind::Devices => placement.devices.iter().collect(),
            _ => vec![placement.first()],
        };
        let mut first = None;
        let mut replicas = Vec::with_capacity(devices.len());
        for device in devices {
            let (network, feed) = (Arc::new(self.network(device)?), self.feed(device));
            first.get_or_insert_with(|| (network.clone(), feed.clone()));
            replicas.push(replica(network, feed));
        }
        let training = Windowed::new(replicas, recurrence, placed.window)?;
        let (network, feed) = first.context("a training has a device")?;
        Ok(Started {
            method: Box::new(training),
            worth: Box::new(move |_| worth(&network, &feed)),
        })
    }

    fn network(&self, device: &Device) -> Result<ResNet> {
        let NetworkSetting {
            network,
            seed,
            index,
            ..
        } = &self.setting;
        let (channels, classes) = (self.images.train.channels, self.images.classes);
        let seeds = Seeds::new(*seed);
        ResNet::new(
            &network.architecture,
            channels,
            classes,
            device,
            seeds,
            *index,
        )
    }
}

fn replica(network: Arc<ResNet>, feed: Feed<Arc<Images>>) -> Replica {
    let varmap = network.varmap().clone();
    Replica::of(&varmap, move |step| {
        let batch = feed.of_step(step);
        let (images, labels) =
            batch.map_err(|error| candle_core::Error::Msg(format!("{error:#}")))?;
        let logits = network.forward_t(&images, true)?;
        candle_nn::loss::cross_entropy(&logits, &labels)
    })
}

/// What weights are worth: a function of them alone, so that each batch is normalised by itself, in evaluation too.
/// Running statistics would also tell by how many guesses of a window they were made.
fn worth(network: &ResNet, feed: &Feed<Arc<Images>>) -> Result<Worth> {
    let score = feed.scored(&feed.images.test, |images, labels| {
        let logits = network.forward_t(images, true)?.detach();
        let loss = candle_nn::loss::cross_entropy(&logits, labels)?;
        Score::of(&logits, labels, loss.to_dtype(DType::F64)?.to_scalar()?)
    })?;
    Ok(Worth {
        value: score.mean_loss(),
        test_accuracy: Some(score.accuracy()),
        ..Worth::default()
    })
}
