//! Operations by kernels that the tensor library can differentiate.

use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage,
    Tensor, bail,
};

/// An operation on tensors that it holds, contiguous and detached.
pub(crate) trait Operation: Send + Sync + 'static {
    /// For errors.
    const NAME: &'static str;

    /// What comes out.
    fn forward(&self) -> Result<(Storage, Shape)>;

    /// The gradients for its tensors, in their order, from that for what came out, which is contiguous.
    fn backward(&self, gradient: &Tensor) -> Result<Vec<Tensor>>;
}

/// An operation as the tensor library takes it. What the library hands over is what the operation holds.
pub(crate) struct WithBackward<O>(pub O);

impl<O: Operation> WithBackward<O> {
    fn on_cpu(&self) -> Result<(CpuStorage, Shape)> {
        match self.0.forward()? {
            (Storage::Cpu(storage), shape) => Ok((storage, shape)),
            _ => bail!("{} came to be on another device", O::NAME),
        }
    }

    fn gradients(&self, gradient: &Tensor) -> Result<impl Iterator<Item = Tensor>> {
        Ok(self.0.backward(&gradient.contiguous()?)?.into_iter())
    }

    fn on_cuda(&self) -> Result<(CudaStorage, Shape)> {
        match self.0.forward()? {
            (Storage::Cuda(storage), shape) => Ok((storage, shape)),
            _ => bail!("{} came to be on another device", O::NAME),
        }
    }
}

impl<O: Operation> CustomOp1 for WithBackward<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut gradients = self.gradients(gradient)?;
        Ok(gradients.next())
    }
}

impl<O: Operation> CustomOp2 for WithBackward<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.gradients(gradient)?;
        Ok((gradients.next(), gradients.next()))
    }
}

impl<O: Operation> CustomOp3 for WithBackward<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.gradients(gradient)?;
        Ok((gradients.next(), gradients.next(), gradients.next()))
    }
}
