//! The kernels' sources, compiled for the CPU and run thread by thread.

use crate::kernel::{Kernel, Number, Written, place};
use candle_core::{CpuStorage, DType, Layout, Result, Storage, bail};
use std::ffi::{CString, c_uint};

#[allow(unsafe_code)]
mod foreign {
    use std::ffi::{c_char, c_int, c_uint, c_void};

    unsafe extern "C" {
        pub(super) fn emulate(
            name: *const c_char,
            blocks: c_uint,
            block_threads: c_uint,
            shared_bytes: c_uint,
            arguments: *const c_void,
        ) -> c_int;
    }
}

/// Where a storage's elements lie.
fn address(storage: &CpuStorage, from: usize) -> Result<u64> {
    Ok(match storage {
        CpuStorage::F32(all) => all[from..].as_ptr() as u64,
        CpuStorage::F64(all) => all[from..].as_ptr() as u64,
        CpuStorage::U32(all) => all[from..].as_ptr() as u64,
        _ => bail!("kernels take f32, f64 and u32"),
    })
}

fn address_mut(storage: &mut CpuStorage, from: usize) -> Result<u64> {
    Ok(match storage {
        CpuStorage::F32(all) => all[from..].as_mut_ptr() as u64,
        CpuStorage::F64(all) => all[from..].as_mut_ptr() as u64,
        _ => bail!("kernels write f32 and f64"),
    })
}

/// Runs a kernel to its end.
pub(crate) fn start<K: Kernel>(
    kernel: &K,
    storage: &mut CpuStorage,
    layout: &Layout,
) -> Result<()> {
    let own = place(layout)?;
    let tensors = kernel.inputs();
    let guards: Vec<_> = tensors.iter().map(|t| t.storage_and_layout()).collect();
    let mut inputs = Vec::with_capacity(guards.len());
    for (input, layout) in &guards {
        let Storage::Cpu(input) = &**input else {
            bail!("{} reads from another device", K::NAME);
        };
        inputs.push(address(input, place(layout)?.start)?);
    }
    let written = Written {
        address: address_mut(storage, own.start)?,
        elements: own.len(),
    };
    match kernel.elements() {
        DType::F32 => call::<K, f32>(kernel, "f32", written, &inputs),
        DType::F64 => call::<K, f64>(kernel, "f64", written, &inputs),
        other => bail!("{} is not for {other:?}", K::NAME),
    }
}

#[allow(unsafe_code)]
fn call<K: Kernel, T: Number>(
    kernel: &K,
    suffix: &str,
    written: Written,
    inputs: &[u64],
) -> Result<()> {
    let grid = kernel.grid(written.elements);
    let arguments = kernel.arguments::<T>(written, inputs);
    let name =
        CString::new(format!("{}_{suffix}", kernel.entry())).map_err(candle_core::Error::wrap)?;
    // SAFETY: the arguments have the layout of the kernel's structure of that name, and point to tensors
    // of the sizes they state, which are kept alive and unchanged by the caller until this returns.
    let answer = unsafe {
        foreign::emulate(
            name.as_ptr(),
            grid.blocks as c_uint,
            grid.threads as c_uint,
            grid.shared_bytes as c_uint,
            (&raw const arguments).cast(),
        )
    };
    match answer {
        0 => Ok(()),
        1 => bail!("there is no kernel {name:?}"),
        2 => bail!(
            "{name:?} wants {} bytes of shared memory",
            grid.shared_bytes
        ),
        _ => bail!("threads of {name:?} parted at a barrier"),
    }
}
