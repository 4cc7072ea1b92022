//! ResNet in the form for small images, in candle.

use crate::seed::Seeds;
use anyhow::{Result, ensure};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{
    BatchNorm, Conv2d, Conv2dConfig, Linear, Module, ModuleT, VarBuilder, VarMap, batch_norm,
    conv2d_no_bias, linear,
};
use layers::{convolve, normalise, rectify, rectify_sum};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the network is: residual stages, each half as large and twice as wide as the one before.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Channels of the first stage; ResNet-18 has 64.
    pub width: usize,
    /// Residual blocks of each stage; ResNet-18 has 2 in each of 4.
    pub blocks: Vec<usize>,
}

impl Architecture {
    /// Refuses what is no network, or none that is meant; `key` is where a plan says it.
    ///
    /// # Errors
    /// By the key.
    pub fn check(&self, key: &str) -> Result<()> {
        ensure!(
            (1..=4096).contains(&self.width)
                && !self.blocks.is_empty()
                && !self.blocks.contains(&0),
            "{key}: a width (at most 4096) and a block in each of its stages are wanted"
        );
        ensure!(self.blocks.len() <= 8, "{key}: has more than 8 stages");
        Ok(())
    }

    /// The numbers of its convolutions within stages, fewer than are trained; nothing is made for it.
    #[must_use]
    pub fn least_parameters(&self) -> u64 {
        let of_stage = |(stage, &blocks): (usize, &usize)| {
            let channels = (self.width as u64) << stage;
            let blocks = 2 * blocks as u64 - 1;
            blocks.saturating_mul(9 * channels * channels)
        };
        self.blocks.iter().enumerate().map(of_stage).sum()
    }
}

/// The residual network of He et al. (2016) for images of 32 x 32: a first convolution of 3 x 3 without
/// pooling behind it, stages of basic blocks, the mean over all places, one linear layer.
pub struct ResNet {
    stem: ConvolutionLayer,
    blocks: Vec<ResidualBlock>,
    head: Linear,
    varmap: VarMap,
}

/// A convolution of 3 x 3 or 1 x 1 without bias, and batch normalisation.
struct ConvolutionLayer {
    convolution: Conv2d,
    normalisation: BatchNorm,
}

impl ConvolutionLayer {
    fn new([from, to]: [usize; 2], kernel: usize, stride: usize, vb: &VarBuilder) -> Result<Self> {
        let config = Conv2dConfig {
            padding: kernel / 2,
            stride,
            ..Conv2dConfig::default()
        };
        Ok(Self {
            convolution: conv2d_no_bias(from, to, kernel, config, vb.pp("convolution"))?,
            normalisation: batch_norm(to, 1e-5, vb.pp("normalisation"))?,
        })
    }
}

impl ModuleT for ConvolutionLayer {
    fn forward_t(&self, x: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        let config = self.convolution.config();
        let kernels = self.convolution.weight();
        let y = convolve(x, kernels, config.stride, config.padding)?;
        if train {
            normalise(&self.normalisation, &y)
        } else {
            self.normalisation.forward_t(&y, false)
        }
    }
}

/// Two convolutions beside a way around them.
struct ResidualBlock {
    first: ConvolutionLayer,
    second: ConvolutionLayer,
    /// Of 1 x 1, where the shape changes.
    around: Option<ConvolutionLayer>,
}

impl ResidualBlock {
    fn new([from, to]: [usize; 2], stride: usize, vb: &VarBuilder) -> Result<Self> {
        let around = if from == to && stride == 1 {
            None
        } else {
            Some(ConvolutionLayer::new(
                [from, to],
                1,
                stride,
                &vb.pp("around"),
            )?)
        };
        Ok(Self {
            first: ConvolutionLayer::new([from, to], 3, stride, &vb.pp("first"))?,
            second: ConvolutionLayer::new([to, to], 3, 1, &vb.pp("second"))?,
            around,
        })
    }
}

impl ModuleT for ResidualBlock {
    fn forward_t(&self, x: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        let y = rectify(&self.first.forward_t(x, train)?)?;
        let y = self.second.forward_t(&y, train)?;
        let x = match &self.around {
            Some(around) => around.forward_t(x, train)?,
            None => x.clone(),
        };
        rectify_sum(&x, &y)
    }
}

impl ResNet {
    /// Makes a network for images of so many channels and classes. Its weights are drawn from the seeds on
    /// the host, other ones for each `start`, so that every device starts from the same network.
    ///
    /// # Errors
    /// If the device has no room.
    pub fn new(
        architecture: &Architecture,
        channels: usize,
        classes: usize,
        device: &Device,
        seeds: Seeds,
        start: u64,
    ) -> Result<Self> {
        // Layers ask their variables' device for first values, and a GPU draws others at every start.
        let drawn = Self::of(architecture, channels, classes, VarMap::new(), &Device::Cpu)?;
        drawn.draw(seeds, start)?;
        let varmap = VarMap::new();
        {
            let mut there = varmap
                .data()
                .lock()
                .unwrap_or_else(|broken| broken.into_inner());
            for (name, var) in optim::nn::named_vars(&drawn.varmap) {
                there.insert(name, Var::from_tensor(&var.to_device(device)?)?);
            }
        }
        Self::of(architecture, channels, classes, varmap, device)
    }

    /// A network of variables by their names; what is not among them yet gets a value that layers choose.
    fn of(
        architecture: &Architecture,
        channels: usize,
        classes: usize,
        varmap: VarMap,
        device: &Device,
    ) -> Result<Self> {
        let vb = VarBuilder::from_varmap(&varmap, DType::F32, device);
        let mut width = architecture.width;
        let stem = ConvolutionLayer::new([channels, width], 3, 1, &vb.pp("stem"))?;
        let mut blocks = Vec::new();
        for (stage, &count) in architecture.blocks.iter().enumerate() {
            for block in 0..count {
                let wider = architecture.width << stage;
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                let vb = vb.pp(format!("stage{stage}.block{block}"));
                blocks.push(ResidualBlock::new([width, wider], stride, &vb)?);
                width = wider;
            }
        }
        let head = linear(width, classes, vb.pp("head"))?;
        Ok(Self {
            stem,
            blocks,
            head,
            varmap,
        })
    }

    /// Weights uniform within ± 1/√(inputs), the default of PyTorch's layers; normalisation begins as the
    /// identity.
    fn draw(&self, seeds: Seeds, start: u64) -> Result<()> {
        let drawn = |name: &str| name.ends_with("convolution.weight") || name.starts_with("head.");
        let vars = optim::nn::named_vars(&self.varmap);
        let inputs_of_head = vars
            .iter()
            .find(|(name, _)| name == "head.weight")
            .map_or(1, |(_, var)| var.elem_count() / var.dims()[0]);
        for (name, var) in vars.iter().filter(|(name, _)| drawn(name)) {
            let inputs = if name.starts_with("head.") {
                inputs_of_head
            } else {
                var.elem_count() / var.dims()[0]
            };
            let bound = 1.0 / (inputs as f32).sqrt();
            let mut stream = seeds.stream(&["network", name, &start.to_string()]);
            let draw = |_| stream.random_range(-bound..bound);
            let values: Vec<f32> = (0..var.elem_count()).map(draw).collect();
            var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
        }
        Ok(())
    }

    /// All it is made of, running statistics included.
    #[must_use]
    pub fn varmap(&self) -> &VarMap {
        &self.varmap
    }

    /// Takes weights and running statistics from a file that [`VarMap::save`] wrote.
    ///
    /// # Errors
    /// If they are not of such a network.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        Ok(self.varmap.load(path)?)
    }

    /// The numbers that are trained.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        let vars = optim::nn::named_vars(&self.varmap);
        let trained = vars.iter().filter(|(name, _)| !name.contains(".running_"));
        trained.map(|(_, var)| var.elem_count() as u64).sum()
    }
}

impl ModuleT for ResNet {
    /// Logits `[n, classes]` of images `[n, channels, side, side]`.
    fn forward_t(&self, x: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        let mut x = rectify(&self.stem.forward_t(x, train)?)?;
        for block in &self.blocks {
            x = block.forward_t(&x, train)?;
        }
        self.head.forward(&x.flatten_from(2)?.mean(2)?)
    }
}
